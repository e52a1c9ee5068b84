"""Bad input gets the error that the service models, never a stack trace."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.emulator.conftest import Http
from tests.emulator.world import Client, World, orchestration

UUID = "00000000-0000-4000-8000-000000000000"
DEEP = b"[" * 100_000

# (service, method, path, body) -> (status, error); {i} and {a} are instance and assistant.
BAD: list[tuple[str, str, str, Any, int, str]] = [
    ("qconnect", "GET", "/assistants/not-a-uuid", None, 400, "ValidationException"),
    ("qconnect", "GET", "/assistants/{a}/aiagents/xyz", None, 400, "ValidationException"),
    ("qconnect", "GET", "/assistants/{a}/aiagents?origin=X", None, 400, "ValidationException"),
    ("qconnect", "GET", "/assistants?maxResults=0", None, 400, "ValidationException"),
    ("qconnect", "GET", "/assistants?maxResults=101", None, 400, "ValidationException"),
    ("qconnect", "GET", "/assistants?maxResults=many", None, 400, "ValidationException"),
    ("qconnect", "GET", "/assistants?nextToken=made-up", None, 400, "ValidationException"),
    ("qconnect", "POST", "/assistants", {}, 400, "ValidationException"),
    ("qconnect", "POST", "/assistants", {"name": 1, "type": "AGENT"}, 400, "ValidationException"),
    ("qconnect", "POST", "/assistants", {"name": "n", "type": "X"}, 400, "ValidationException"),
    ("qconnect", "POST", "/assistants", b"{", 400, "ValidationException"),
    ("qconnect", "POST", "/assistants", b"[]", 400, "ValidationException"),
    ("qconnect", "POST", "/assistants", b'"text"', 400, "ValidationException"),
    ("qconnect", "POST", "/assistants", b'{"name": NaN}', 400, "ValidationException"),
    ("qconnect", "POST", "/assistants", b"\xff\xfe", 400, "ValidationException"),
    ("qconnect", "POST", "/assistants", DEEP, 400, "ValidationException"),
    (
        "qconnect",
        "POST",
        "/assistants/{a}/associations",
        {"associationType": "KNOWLEDGE_BASE", "association": {}},
        400,
        "ValidationException",
    ),
    (
        "qconnect",
        "POST",
        "/assistants/{a}/aiagents/" + UUID + "/versions",
        {"modifiedTime": "not a time"},
        400,
        "ValidationException",
    ),
    ("connect", "GET", "/instance?maxResults=11", None, 400, "InvalidRequestException"),
    ("connect", "GET", "/instance/" + "i" * 101, None, 400, "InvalidRequestException"),
    ("connect", "GET", "/instance/" + UUID, None, 404, "ResourceNotFoundException"),
    ("connect", "PUT", "/security-profiles/{i}", {}, 400, "InvalidParameterException"),
    (
        "connect",
        "PUT",
        "/security-profiles/{i}",
        {"SecurityProfileName": "n", "Permissions": "not a list"},
        400,
        "InvalidParameterException",
    ),
    (
        "connect",
        "PUT",
        "/security-profiles/{i}",
        {"SecurityProfileName": "n", "Permissions": [None]},
        400,
        "InvalidParameterException",
    ),
    (
        "connect",
        "POST",
        "/associate-security-profiles/{i}",
        {"EntityType": "ROBOT", "EntityArn": "a", "SecurityProfiles": [{"Id": "x"}]},
        400,
        "InvalidParameterException",
    ),
    ("connect", "PUT", "/security-profiles/{i}", DEEP, 400, "InvalidParameterException"),
    ("connect", "GET", "/no/such/path", None, 404, "UnknownOperationException"),
    ("connect", "PUT", "/queues/{i}", {}, 501, "UnknownOperationException"),
    ("connect", "PATCH", "/instance", None, 404, "UnknownOperationException"),
    ("qconnect", "GET", "/assistants/", None, 404, "UnknownOperationException"),
    ("cloudtrail", "POST", "/", {}, 404, "UnknownOperationException"),
]


@pytest.mark.parametrize(("service", "method", "path", "body", "status", "error"), BAD)
def test_bad_requests(  # noqa: PLR0917 - the columns of the table
    world: World,
    http: Http,
    service: str,
    method: str,
    path: str,
    body: Any,
    status: int,
    error: str,
) -> None:
    path = path.replace("{i}", world.instance_id).replace("{a}", world.assistant_id)
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    found_status, headers, document = http(service, method, path, data)
    assert (found_status, headers["x-amzn-errortype"]) == (status, error)
    assert document["Message" if service == "connect" else "message"]


def test_unknown_operations_are_named(world: World, http: Http) -> None:
    _, _, document = http("connect", "PUT", f"/queues/{world.instance_id}", b"{}")
    assert "CreateQueue" in document["Message"]
    _, _, document = http("connect", "GET", "/no/such/path")
    assert "GET /no/such/path" in document["Message"]


def test_oversized_body(world: World, http: Http) -> None:
    world.emulator.settings.max_body_bytes = 1000
    body = json.dumps({"SecurityProfileName": "n", "Description": "x" * 500_000}).encode()
    status, headers, _ = http("connect", "PUT", f"/security-profiles/{world.instance_id}", body)
    assert (status, headers["x-amzn-errortype"]) == (400, "InvalidParameterException")


def test_deeply_nested_criteria(world: World, http: Http) -> None:
    criteria: dict[str, Any] = {}
    for _ in range(400):
        criteria = {"AndConditions": [criteria]}
    body = json.dumps({"InstanceId": world.instance_id, "SearchCriteria": criteria}).encode()
    status, _, document = http("connect", "POST", "/search-users", body)
    assert status in (200, 400), document


def test_unknown_and_null_members_are_ignored(world: World, http: Http) -> None:
    body = json.dumps(
        {"SecurityProfileName": "n", "Description": None, "Unheard": {"of": 1}}
    ).encode()
    status, _, document = http("connect", "PUT", f"/security-profiles/{world.instance_id}", body)
    assert status == 200, document


def test_unions_take_exactly_one_member(world: World, qconnect: Client) -> None:
    two = orchestration([]) | {"manualSearchAIAgentConfiguration": {}}
    for configuration in (two, {}):
        with pytest.raises(qconnect.exceptions.ValidationException):
            qconnect.create_ai_agent(
                assistantId=world.assistant_id,
                name="n",
                type="ORCHESTRATION",
                visibilityStatus="SAVED",
                configuration=configuration,
            )


def test_any_credentials_and_none_will_do(world: World, http: Http) -> None:
    status, _, document = http("connect", "GET", "/instance")
    assert status == 200
    assert document["InstanceSummaryList"][0]["Id"] == world.instance_id
