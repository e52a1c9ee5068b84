"""The relay: what it makes of a record, where it takes it, and what it does when it cannot."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from tests.local.fakes import FakeEvents, FakeQueues, queue_arn

from toolgrant_local.processes import wait_until
from toolgrant_local.relay import Relay, wrap

TARGET = {"Arn": queue_arn("changes"), "DeadLetterConfig": {"Arn": queue_arn("dead")}}


def record(name: str = "UpdateSecurityProfile", service: str = "connect") -> dict[str, Any]:
    return {
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "eventTime": "2026-01-02T03:04:05Z",
        "awsRegion": "us-east-1",
        "requestParameters": {"InstanceId": "i"},
    }


@pytest.fixture
def events() -> FakeEvents:
    fake = FakeEvents()
    fake.add("changes", ["UpdateSecurityProfile", "UpdateAIAgent"], TARGET)
    return fake


@pytest.fixture
def queues() -> FakeQueues:
    return FakeQueues()


@pytest.fixture
def errors() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def relay(events: FakeEvents, queues: FakeQueues, errors: io.StringIO) -> Iterator[Relay]:
    relay = Relay(events, queues, errors)  # type: ignore[arg-type]
    yield relay
    relay.close()


def settled(relay: Relay) -> Relay:
    wait_until(lambda: relay.pending == 0, 60, "the relay")
    return relay


def test_a_record_is_wrapped_as_eventbridge_wraps_it() -> None:
    event = wrap(record())
    assert {**event, "id": ""} == {
        "version": "0",
        "id": "",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.connect",
        "account": "111122223333",
        "time": "2026-01-02T03:04:05Z",
        "region": "us-east-1",
        "resources": [],
        "detail": record(),
    }
    assert event["id"] != wrap(record())["id"]


def test_a_matching_record_reaches_the_target(relay: Relay, queues: FakeQueues) -> None:
    relay.accept(record())
    assert settled(relay).delivered == 1
    assert [event["detail"] for event in queues.events("changes")] == [record()]


def test_a_record_of_another_service_is_dropped(relay: Relay, queues: FakeQueues) -> None:
    relay.accept(record(service="iot"))
    assert settled(relay).dropped == 1
    assert queues.messages == {}


def test_order_is_kept(relay: Relay, queues: FakeQueues) -> None:
    names = ["UpdateSecurityProfile", "UpdateAIAgent"] * 20
    for name in names:
        relay.accept(record(name))
    settled(relay)
    assert [event["detail"]["eventName"] for event in queues.events("changes")] == names


def test_accepting_does_not_wait_for_delivery(relay: Relay, queues: FakeQueues) -> None:
    queues.gate.clear()
    relay.accept(record())
    assert relay.pending == 1
    queues.gate.set()
    assert settled(relay).delivered == 1


def test_every_matching_rule_gets_it(relay: Relay, events: FakeEvents, queues: FakeQueues) -> None:
    events.add("second", ["UpdateAIAgent"], {"Arn": queue_arn("second")})
    relay.accept(record("UpdateAIAgent"))
    assert settled(relay).delivered == 2
    assert set(queues.messages) == {"changes", "second"}


def test_a_disabled_rule_gets_nothing(relay: Relay, events: FakeEvents) -> None:
    events.rules["changes"]["State"] = "DISABLED"
    relay.accept(record())
    assert settled(relay).dropped == 1


def test_rules_are_read_once_until_a_deployment(relay: Relay, events: FakeEvents) -> None:
    for _ in range(3):
        relay.accept(record())
    settled(relay)
    assert events.reads == 1
    events.add("new", ["CreateAIAgent"], {"Arn": queue_arn("new")})
    relay.refresh()
    relay.accept(record("CreateAIAgent"))
    assert settled(relay).delivered == 4


def test_what_the_target_refuses_goes_to_the_rules_dead_letters(
    relay: Relay, queues: FakeQueues, errors: io.StringIO
) -> None:
    queues.refusing.add("changes")
    relay.accept(record())
    assert settled(relay).failed == 1
    (message,) = queues.messages["dead"]
    told = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert told == {
        "RULE_ARN": "arn:aws:events:us-east-1:111122223333:rule/changes",
        "TARGET_ARN": queue_arn("changes"),
        "ERROR_CODE": "AccessDenied",
        "ERROR_MESSAGE": "no",
    }
    assert "AccessDenied" in errors.getvalue()


def test_an_error_is_reported_and_the_next_record_is_delivered(
    relay: Relay, errors: io.StringIO
) -> None:
    relay.accept({"eventName": "Broken"})
    relay.accept(record())
    assert settled(relay).delivered == 1
    assert relay.failed == 1
    assert "Broken" in errors.getvalue()


def test_a_target_that_is_no_queue_is_an_error(
    relay: Relay, events: FakeEvents, errors: io.StringIO
) -> None:
    events.add("odd", ["Odd"], {"Arn": "arn:aws:lambda:us-east-1:111122223333:function:odd"})
    relay.accept(record("Odd"))
    assert settled(relay).failed == 1
    assert "SQS only" in errors.getvalue()


def test_closing_does_not_wait_for_a_backlog(events: FakeEvents, queues: FakeQueues) -> None:
    relay = Relay(events, queues, io.StringIO())  # type: ignore[arg-type]
    queues.gate.clear()
    for _ in range(50):
        relay.accept(record())
    queues.gate.set()
    relay.close()
    assert relay.delivered <= 50
