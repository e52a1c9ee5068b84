"""Which events the deployed rule lets in, and what becomes of messages that are not fine."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.e2e.conftest import ALERT_WITHIN, RETRIEVE, Admin, tool

from toolgrant_local.processes import wait_until

pytestmark = pytest.mark.stack
ROOT = Path(__file__).parents[2]
MATCHES = json.loads((ROOT / "tests/golden/event_matches.json").read_text(encoding="utf-8"))
AUDIT = json.loads((ROOT / "docs/schemas/audit-1.schema.json").read_text(encoding="utf-8"))


def sample(name: str) -> dict[str, Any]:
    """A file of events/ under new event ids."""
    event: dict[str, Any] = json.loads((ROOT / "events" / name).read_text(encoding="utf-8"))
    event["detail"]["eventID"] = str(uuid.uuid4())
    return event


def send(admin: Admin, body: str) -> None:
    """Straight to the change queue, past the rule."""
    admin.stack.client("sqs").send_message(
        QueueUrl=admin.stack.outputs["ChangeQueueUrl"], MessageBody=body
    )


def dead_letter(admin: Admin, marker: str) -> tuple[str, str]:
    """Body and reason of the dead-lettered message that contains `marker`."""
    found: list[tuple[str, str]] = []

    def look() -> bool:
        sqs, url = admin.stack.client("sqs"), admin.stack.outputs["ChangeDeadLetterQueueUrl"]
        answer = sqs.receive_message(
            QueueUrl=url,
            MessageAttributeNames=["All"],
            MaxNumberOfMessages=10,
            VisibilityTimeout=0,
        )
        for message in answer.get("Messages", []):
            if marker in message["Body"]:
                reason = message["MessageAttributes"]["reason"]["StringValue"]
                found.append((message["Body"], reason))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bool(found)

    wait_until(look, ALERT_WITHIN, "the dead letter")
    return found[0]


def skipped(admin: Admin, event_id: str) -> str:
    """The reason for which an event was skipped."""
    records = admin.audits(lambda record: record["cause"]["eventId"] == event_id)
    jsonschema.validate(records[0], AUDIT)
    assert records[0]["outcome"] in ("skipped", "not-judged", "stale")
    return str(records[0]["reason"])


def test_the_deployed_rule_matches_what_it_should(admin: Admin) -> None:
    events = admin.stack.client("events")
    rule = events.describe_rule(Name=admin.stack.outputs["ChangeRuleName"])
    wrong = {
        name: expected
        for name, expected in MATCHES.items()
        if events.test_event_pattern(
            EventPattern=rule["EventPattern"], Event=json.dumps(sample(name))
        )["Result"]
        is not expected
    }
    assert wrong == {}
    assert set(MATCHES) == {path.name for path in (ROOT / "events").glob("*.json")}


def _without(*path: str) -> dict[str, Any]:
    event = sample("update-ai-agent--role.json")
    inner = event
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return event


MALFORMED = {
    "not JSON": ("{nonsense", "$: not JSON"),
    "a list": ("[1, 2]", "$: expected an object"),
    "neither event nor request": ('{"hello": 1}', "$: neither"),
    "detail is text": (json.dumps({**_without("detail"), "detail": "x"}), "$.detail: expected"),
    "no eventName": (json.dumps(_without("detail", "eventName")), "$.detail.eventName: missing"),
    "an unknown schema": ('{"schema": "toolgrant/request/9"}', "$.schema: expected"),
    "a request without an agent": (
        '{"schema": "toolgrant/request/1", "assistantId": "a"}',
        "$.aiAgentId: missing",
    ),
    "a request with a wrong type": (
        '{"schema": "toolgrant/request/1", "assistantId": "a", "aiAgentId": "b", "cause": 7}',
        "$.cause: expected an object",
    ),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_what_cannot_be_read_is_dead_lettered_with_its_reason(admin: Admin, case: str) -> None:
    body, reason = MALFORMED[case]
    marked = f"{body} {uuid.uuid4()}" if case == "not JSON" else body + " " * 3
    send(admin, marked)
    assert dead_letter(admin, marked)[1].startswith(reason)


def test_a_large_event_is_processed(admin: Admin) -> None:
    agent = admin.agent(RETRIEVE)
    admin.alert(agent)
    event = sample("update-ai-agent--role.json")
    ids = {"assistantId": admin.assistant, "aiAgentId": agent["aiAgentId"]}
    event["detail"]["requestParameters"] = {**ids, "description": "x" * 240_000}
    send(admin, json.dumps(event))
    event_id = event["detail"]["eventID"]
    records = admin.audits(lambda record: record["cause"]["eventId"] == event_id)
    assert records[0]["aiAgentId"] == agent["aiAgentId"]


SKIPPED = {
    "an unknown eventName": ("create-ai-prompt--not-a-trigger.json", "not a trigger"),
    "another service": ("update-security-profile--iot.json", "another service's event"),
    "a denied call": ("update-ai-agent--denied.json", "the call failed (AccessDenied)"),
    "a user's profiles": ("associate-security-profiles--user.json", "concerns a user's"),
    "an agent that does not exist": ("update-ai-agent--role.json", "the AI agent is gone"),
    "a profile nobody uses": ("update-security-profile--role.json", "no AI agent on record"),
    "a masked request": ("update-ai-agent--masked-request.json", "names no AI agent"),
}


@pytest.mark.parametrize("case", SKIPPED)
def test_what_concerns_nobody_is_skipped_with_its_reason(admin: Admin, case: str) -> None:
    name, reason = SKIPPED[case]
    event = sample(name)
    send(admin, json.dumps(event))
    assert skipped(admin, event["detail"]["eventID"]).startswith(reason)


def test_an_agent_of_another_type_is_skipped(admin: Admin) -> None:
    created = admin.qconnect.create_ai_agent(
        assistantId=admin.assistant,
        name=f"manual {uuid.uuid4().hex[:8]}",
        type="MANUAL_SEARCH",
        visibilityStatus="SAVED",
        configuration={"manualSearchAIAgentConfiguration": {}},
    )["aiAgent"]
    records = admin.audits(lambda record: record.get("aiAgentId") == created["aiAgentId"])
    assert records[0]["reason"] == "AI agents of type MANUAL_SEARCH have no tools"


def test_an_agent_without_tools_is_evaluated_in_silence(admin: Admin) -> None:
    agent = admin.agent()
    records = admin.audits(lambda record: record.get("aiAgentId") == agent["aiAgentId"])
    assert records[0]["outcome"] == "evaluated"
    admin.silence(agent)


def test_a_tool_without_an_id_is_unknown(admin: Admin) -> None:
    agent = admin.agent()

    def drop_ids(account: Any) -> None:
        stored = account.resources.agents[agent["aiAgentId"]]
        inner = stored.draft["configuration"]["orchestrationAIAgentConfiguration"]
        inner["toolConfigurations"] = [tool("Nameless", None)]

    admin.stack.emulator.edit(drop_ids)
    admin.save_event(agent)
    alert = admin.alert(agent)
    assert [f["verdict"] for f in alert["findings"]] == ["UNKNOWN"]
    assert alert["findings"][0]["toolId"] is None


FAULTS: Mapping[str, Any] = {
    "throttled for a while": lambda faults: faults.throttle("qconnect:GetAIAgent", times=4),
    "throttled without a model": lambda faults: faults.error(
        "connect:ListEntitySecurityProfiles", status=429, code="TooManyRequestsException", times=2
    ),
    "5xx, then well": lambda faults: faults.error("qconnect:GetAIAgent", status=500, times=2),
    "a dropped connection": lambda faults: faults.reset("qconnect:GetAssistant", times=1),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_passing_fault_delays_and_loses_nothing(admin: Admin, fault: str) -> None:
    admin.stack.wait_idle()
    try:
        FAULTS[fault](admin.stack.emulator.faults)
        agent = admin.agent(RETRIEVE)
        wait_until(lambda: bool(admin._new(agent)), 60, "the alert after the fault")
    finally:
        admin.stack.emulator.faults.clear()
    assert admin.alert(agent)["status"] == "opened"
