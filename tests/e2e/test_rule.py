"""The deployed rule, judged by EventBridge's own matcher: which events are let in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.queue_messages import event

from toolgrant.adapters.events import TRIGGERS
from toolgrant_local.stack import PROJECT, LocalStack

pytestmark = pytest.mark.stack
EVENTS = sorted((PROJECT / "events").glob("*.json"))
MATCHES = json.loads((PROJECT / "tests" / "golden" / "event_matches.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def pattern(stack: LocalStack) -> str:
    rule = stack.client("events").describe_rule(Name=stack.outputs["ChangeRuleName"])
    assert rule["State"] == "ENABLED"
    return str(rule["EventPattern"])


def let_in(stack: LocalStack, pattern: str, candidate: dict[str, Any]) -> bool:
    answer = stack.client("events").test_event_pattern(
        EventPattern=pattern, Event=json.dumps(candidate)
    )
    return bool(answer["Result"])


def test_every_sample_has_an_expectation() -> None:
    assert {path.name for path in EVENTS} == set(MATCHES)
    assert set(MATCHES.values()) == {True, False}


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_samples(stack: LocalStack, pattern: str, path: Path) -> None:
    sample = json.loads(path.read_text(encoding="utf-8"))
    assert let_in(stack, pattern, sample) is MATCHES[path.name]


def test_every_trigger_of_the_code_is_let_in_and_the_rule_names_no_other(
    stack: LocalStack, pattern: str
) -> None:
    for source in ("connect.amazonaws.com", "qconnect.amazonaws.com", "wisdom.amazonaws.com"):
        for name in TRIGGERS:
            assert let_in(stack, pattern, event(name, source)), f"{source} {name}"
    assert set(json.loads(pattern)["detail"]["eventName"]) == set(TRIGGERS)


OTHERS = {
    "a read of an agent": event("GetAIAgent"),
    "a list of agents": event("ListAIAgents"),
    "a read of a profile": event("DescribeSecurityProfile", "connect.amazonaws.com"),
    "a search": event("SearchSecurityProfiles", "connect.amazonaws.com"),
    "a contact": event("StartChatContact", "connect.amazonaws.com"),
    "a person's profiles": event("UpdateUserSecurityProfiles", "connect.amazonaws.com"),
    "a prompt": event("UpdateAIPrompt"),
    "IoT Device Defender": event("UpdateSecurityProfile", "iot.amazonaws.com"),
    "IoT under Connect's source": {
        **event("UpdateSecurityProfile", "iot.amazonaws.com"),
        "source": "aws.connect",
    },
    "Connect under IoT's source": {
        **event("UpdateSecurityProfile", "connect.amazonaws.com"),
        "source": "aws.iot",
    },
    "Bedrock agents": event("UpdateAgent", "bedrock.amazonaws.com"),
    "an application's own event": {
        **event("UpdateAIAgent"),
        "source": "com.example",
    },
    "no API call": {**event("UpdateAIAgent"), "detail-type": "Amazon Connect Contact Event"},
    "a name in other letters": event("updateaiagent"),
}


@pytest.mark.parametrize("case", OTHERS)
def test_what_is_none_of_our_business_stays_outside(
    stack: LocalStack, pattern: str, case: str
) -> None:
    assert not let_in(stack, pattern, OTHERS[case])
    assert let_in(stack, pattern, event("UpdateAIAgent")), "the same shape is let in otherwise"
