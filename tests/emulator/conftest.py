"""One server for all tests, with a fresh emulator behind it for each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any

import pytest
from tests.emulator.world import ACCOUNT, REGION, Client, World, make_client

from connect_emulator import Emulator, Seed, Server, seed, serve

Http = Callable[..., tuple[int, dict[str, str], Any]]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with serve(Emulator()) as running:
        yield running


@pytest.fixture
def emulator(server: Server) -> Iterator[Emulator]:
    server.emulator = Emulator(REGION, ACCOUNT)
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
        connection = HTTPConnection(server.url(service).removeprefix("http://"), timeout=10)
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
