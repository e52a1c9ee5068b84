"""One server for all tests, with a fresh emulator behind it for each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any

import pytest
from tests.emulator.world import ACCOUNT, REGION, Client, Clock, World, make_client

from connect_emulator import Emulator, Seed, Server, seed, serve

Http = Callable[..., tuple[int, dict[str, str], Any]]
Control = Callable[..., Any]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with serve(Emulator()) as running:
        yield running


@pytest.fixture
def switches() -> dict[str, Any]:
    """The emulator's settings; a file of tests may have its own."""
    return {}


@pytest.fixture
def emulator(server: Server, switches: dict[str, Any]) -> Iterator[Emulator]:
    server.emulator = Emulator(REGION, ACCOUNT, **switches)
    yield server.emulator
    server.emulator.closing.set()


@pytest.fixture
def sample(emulator: Emulator) -> Seed:
    return seed(emulator)


def _client(server: Server, service: str) -> Iterator[Client]:
    client = make_client(service, server.url(service))
    yield client
    client.close()


@pytest.fixture(scope="session")
def connect(server: Server) -> Iterator[Client]:
    yield from _client(server, "connect")


@pytest.fixture(scope="session")
def qconnect(server: Server) -> Iterator[Client]:
    yield from _client(server, "qconnect")


@pytest.fixture(scope="session")
def appintegrations(server: Server) -> Iterator[Client]:
    """AppIntegrations is served where Connect is."""
    client = make_client("appintegrations", server.connect_url)
    yield client
    client.close()


@pytest.fixture(scope="session")
def cloudtrail(server: Server) -> Iterator[Client]:
    yield from _client(server, "cloudtrail")


@pytest.fixture(scope="session")
def http(server: Server) -> Http:
    """Send a raw request: ``http("connect", "GET", "/instance")`` -> status, headers, JSON."""

    def send(
        service: str,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, str], Any]:
        connection = HTTPConnection(server.url(service).removeprefix("http://"), timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            text = response.read()
            found = {name.lower(): value for name, value in response.getheaders()}
            return response.status, found, json.loads(text) if text else None
        finally:
            connection.close()

    return send


@pytest.fixture
def world(emulator: Emulator, sample: Seed) -> World:
    return World(emulator, sample)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(server: Server, clock: Clock, switches: dict[str, Any]) -> Iterator[World]:
    """The sample account under a clock that the test moves."""
    server.emulator = Emulator(REGION, ACCOUNT, now=clock, **switches)
    yield World(server.emulator, seed(server.emulator))
    server.emulator.closing.set()


@pytest.fixture(scope="session")
def control(http: Http) -> Control:
    """Use the control surface: ``control("POST", "faults", {...})`` -> JSON of a good answer."""

    def ask(method: str, name: str, document: Any = None, status: int = 200) -> Any:
        body = None if document is None else json.dumps(document).encode()
        found, _, answer = http("connect", method, f"/_emulator/{name}", body)
        assert found == status, answer
        return answer

    return ask
