"""Whatever comes over the wire gets an answer that a service could give."""

from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.emulator.conftest import Http

from connect_emulator import Emulator, seed
from connect_emulator.call import route
from connect_emulator.exchange import Request
from connect_emulator.model import load

UUID = "00000000-0000-4000-8000-000000000000"


# ---- whatever comes over the wire ----

_EMULATOR = Emulator(id_seed=7)
_SEED = seed(_EMULATOR)
_SERVED = sorted(name for name in _EMULATOR.served() if not name.startswith("cloudtrail"))
_IDS = [
    UUID,
    _SEED.instance_id,
    _SEED.instance_arn,
    _SEED.assistant_id,
    _SEED.system_agents["SalesAgent"],
    _SEED.system_agent_arns["SalesAgent"] + ":$LATEST",
    _SEED.profiles["Agent"],
    "",
    "%",
    "..",
    "\x00",
]
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(_IDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_quick = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def _ask(service: str, request: Request) -> int:
    """The status of an answer, which must be one of the service's and never an accident."""
    response = _EMULATOR.handle(service, request)
    assert response.status < 500 or response.status == 501, (request, response)
    if response.body:
        json.loads(response.body)
    assert b"Traceback" not in response.body
    return response.status


@_quick
@given(
    st.sampled_from(["connect", "qconnect", "cloudtrail"]),
    st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "x"]),
    st.text(max_size=40),
    st.text(max_size=20),
    st.binary(max_size=60),
)
def test_random_requests(service: str, method: str, path: str, query: str, body: bytes) -> None:
    _ask(service, Request(method, f"/{path}", query, {}, body))


def _members(service: str, operation: str) -> list[str]:
    shape = load(service).operation(operation).input_shape
    return list(getattr(shape, "members", {}))


@_quick
@given(st.data(), st.sampled_from(_SERVED))
def test_random_members_of_every_operation(data: st.DataObject, name: str) -> None:
    service, operation = name.split(":")
    http = load(service).operation(operation).http
    path = http["requestUri"]
    while "{" in path:
        start, end = path.index("{"), path.index("}")
        value = data.draw(st.sampled_from(_IDS) | st.text(max_size=10))
        path = path[:start] + (quote(value, safe="") or "x") + path[end + 1 :]
    names = _members(service, operation)
    document = data.draw(st.dictionaries(st.sampled_from(names or ["x"]), _json, max_size=4))
    query = "&".join(
        f"{key}={quote(value)}"
        for key, value in data.draw(
            st.dictionaries(
                st.sampled_from(["maxResults", "nextToken", "origin", "tagKeys"]),
                st.text(max_size=8),
                max_size=2,
            )
        ).items()
    )
    request = Request(http["method"], path, query, {}, json.dumps(document).encode())
    assert route(service, request)[1] is not None
    _ask(service, request)


@_quick
@given(_json)
def test_random_lookups(document: Any) -> None:
    body = json.dumps({"LookupAttributes": document, "NextToken": document}).encode()
    target = {"x-amz-target": "CloudTrail_20131101.LookupEvents"}
    _ask("cloudtrail", Request("POST", "/", "", target, body))


@pytest.mark.usefixtures("emulator")
@settings(parent=_quick, max_examples=25)
@given(path=st.binary(max_size=30), body=st.binary(max_size=30))
def test_random_bytes_over_the_network(
    http: Http, caplog: pytest.LogCaptureFixture, path: bytes, body: bytes
) -> None:
    """The path as raw bytes that a request line can carry, the body as anything."""
    caplog.set_level(logging.ERROR)
    raw = "/" + "".join(chr(byte) for byte in path if 0x21 <= byte <= 0x7E)
    status, _, _ = http("connect", "POST", raw, body)
    assert status < 500 or status == 501
    assert not caplog.records
