"""The queue of the only writer on a local SQS: what is sent arrives, in order, and once."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.values import APPROVAL, NOON, PROFILE, REPAIR, UNDO
from tests.strategies import SOME, repairs, undo_requests

from toolgrant.adapters.fix_queue import (
    LONGEST_WAIT,
    SCHEMA,
    SQSFixQueue,
    from_message,
    to_message,
)
from toolgrant.domain.fixing.repair import Repair
from toolgrant.domain.requests import UndoRequest
from toolgrant.errors import InvalidInput, Misconfigured
from toolgrant_local.clients import Clients

Receive = Callable[..., dict[str, Any] | None]


@pytest.fixture
def fifo_url(aws: Clients) -> str:
    attributes = {"FifoQueue": "true"}
    name = f"queue-{uuid.uuid4()}.fifo"
    return str(aws.get("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])


@pytest.fixture
def queue(aws: Clients, fifo_url: str) -> SQSFixQueue:
    return SQSFixQueue(aws.get("sqs"), fifo_url)


@pytest.mark.parametrize(
    "sent",
    [
        REPAIR,
        replace(REPAIR, items=(), others=(), profile_name="", dedicated=""),
        replace(REPAIR, profile_id=""),
        UNDO,
        UndoRequest("c-1", PROFILE, "o-1"),
    ],
    ids=["repair", "settling", "dedicated", "undo", "undo of all"],
)
def test_a_request_arrives_as_it_was_sent(
    queue: SQSFixQueue, fifo_url: str, receive: Receive, sent: Repair | UndoRequest
) -> None:
    queue.send(sent)
    received = receive(fifo_url)
    assert received is not None
    assert from_message(received["Body"]) == sent
    assert received["Attributes"]["MessageGroupId"] == sent.group


@pytest.mark.parametrize("profile_id", ["注文", "a b", "p" * 129, "\ud800"])
def test_a_profile_whose_id_is_no_group_has_one_all_the_same(
    queue: SQSFixQueue, fifo_url: str, receive: Receive, profile_id: str
) -> None:
    queue.send(replace(REPAIR, profile_id=profile_id))
    received = receive(fifo_url)
    assert received is not None
    assert re.fullmatch("[0-9a-f]{64}", received["Attributes"]["MessageGroupId"])


@SOME
@given(st.one_of(repairs(), undo_requests()))
def test_every_request_comes_back_from_its_message_which_is_ascii(
    request_: Repair | UndoRequest,
) -> None:
    body = to_message(request_)
    assert from_message(body) == request_
    assert body.isascii()


def test_writes_to_one_profile_are_one_group_and_a_new_profile_is_its_agent_s() -> None:
    assert REPAIR.group == UNDO.group == PROFILE
    assert replace(REPAIR, profile_id="").group == REPAIR.agent.ai_agent_id


def test_the_same_request_twice_is_one(queue: SQSFixQueue, fifo_url: str, receive: Receive) -> None:
    for _ in range(3):
        queue.send(REPAIR)
    assert receive(fifo_url) is not None
    assert receive(fifo_url, 1) is None


@pytest.mark.parametrize(
    ("sent", "other"),
    [
        (REPAIR, replace(REPAIR, id="fix-9876543210")),
        (REPAIR, APPROVAL.repair.asked(NOON)),
        (REPAIR.asked(NOON), REPAIR.asked(NOON + timedelta(seconds=1))),
        (REPAIR, REPAIR.of(REPAIR.items[:1])),
        (REPAIR, replace(REPAIR, profile_id="0f0e0d0c-0000-4000-8000-000000000002")),
        (UNDO, replace(UNDO, order="o-9876543210")),
    ],
    ids=["id", "approved", "approved again", "items", "profile", "order"],
)
def test_what_was_decided_or_ordered_anew_is_another_request(
    queue: SQSFixQueue, fifo_url: str, receive: Receive, sent: Any, other: Any
) -> None:
    queue.send(sent)
    queue.send(other)
    bodies = [receive(fifo_url), receive(fifo_url)]
    assert {from_message(message["Body"]) for message in bodies if message} == {sent, other}


def test_requests_of_one_profile_come_in_the_order_they_were_sent(
    queue: SQSFixQueue, fifo_url: str, receive: Receive
) -> None:
    sent = [replace(REPAIR, id=f"fix-{number}") for number in range(4)]
    for request in sent:
        queue.send(request)
    received = [receive(fifo_url) for _ in sent]
    assert [from_message(message["Body"]) for message in received if message] == sent


def test_a_missing_queue_is_a_misconfiguration(aws: Clients, fifo_url: str) -> None:
    queue = SQSFixQueue(aws.get("sqs"), fifo_url.replace("queue-", "nobody-made-"))
    with pytest.raises(Misconfigured, match=r"^fix queue send: "):
        queue.send(REPAIR)
    with pytest.raises(Misconfigured, match=r"^fix queue put off: "):
        queue.put_off("receipt", 5)


# ----------------------------------------------------------------------------------------- put off


class Visibility:
    """A client that notes for how long messages are put out of sight."""

    def __init__(self) -> None:
        self.seconds: list[int] = []

    def change_message_visibility(self, **asked: Any) -> None:
        assert (asked["QueueUrl"], asked["ReceiptHandle"]) == ("url", "receipt")
        self.seconds.append(asked["VisibilityTimeout"])


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [(-5, 1), (0, 1), (0.2, 1), (1, 1), (4.01, 5), (60, 60), (599.5, 600), (600, 600), (1e9, 600)],
)
def test_a_message_comes_back_after_whole_seconds_within_bounds(asked: float, seconds: int) -> None:
    client = Visibility()
    SQSFixQueue(client, "url").put_off("receipt", asked)
    assert client.seconds == [seconds]
    assert LONGEST_WAIT == 600


def test_a_message_that_was_put_off_is_out_of_sight_and_so_is_its_group(
    aws: Clients, queue: SQSFixQueue, fifo_url: str, receive: Receive
) -> None:
    queue.send(REPAIR)
    queue.send(UNDO)
    answer = aws.get("sqs").receive_message(QueueUrl=fifo_url, WaitTimeSeconds=2)
    (message,) = answer["Messages"]
    queue.put_off(message["ReceiptHandle"], 600)
    assert receive(fifo_url, 0) is None


# ------------------------------------------------------------------------------------- bad messages

MISSING = object()


def message(word: str, request: Repair | UndoRequest, **changes: Any) -> str:
    """A request's message with other fields; MISSING takes one away."""
    inner = {**json.loads(to_message(request))[word], **changes}
    fields = {name: value for name, value in inner.items() if value is not MISSING}
    return json.dumps({"schema": SCHEMA, word: fields})


def item(**changes: Any) -> str:
    """The message of REPAIR with another first item."""
    inner = json.loads(to_message(REPAIR))["fix"]["items"]
    fields = {name: v for name, v in {**inner[0], **changes}.items() if v is not MISSING}
    return message("fix", REPAIR, items=[fields, *inner[1:]])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("", "$"),
        ("{not json", "$"),
        ("3", "$"),
        ('"fix"', "$"),
        ("[]", "$"),
        ("[" * 100_000, "$"),
        ("null", "$.schema"),
        ("{}", "$.schema"),
        (json.dumps({"schema": "toolgrant/fix/1", "fix": {}}), "$.schema"),
        (json.dumps({"schema": "toolgrant/request/1"}), "$.schema"),
        (json.dumps({"schema": ["toolgrant/fix/2"]}), "$.schema"),
        (json.dumps({"schema": SCHEMA, "fix": []}), "$.fix"),
        (json.dumps({"schema": SCHEMA, "undo": "all"}), "$.undo"),
        (json.dumps({"schema": SCHEMA}), "$.fix.id"),
        (json.dumps({"schema": SCHEMA, "fix": None}), "$.fix.id"),
        (json.dumps({"schema": SCHEMA, "undo": None}), "$.undo.change_id"),
        (message("fix", REPAIR, planned_at=MISSING), "$.fix.planned_at"),
        (message("fix", REPAIR, planned_at="2026-11-23T12:00:00"), "$.fix.planned_at"),
        (message("fix", REPAIR, agent={"assistant_id": "x"}), "$.fix.agent.ai_agent_id"),
        (message("fix", REPAIR, people="many"), "$.fix.people"),
        (message("fix", REPAIR, people=float("inf")), "$.fix.people"),
        (message("fix", REPAIR, people=True), "$.fix.people"),
        (message("fix", REPAIR, items="all"), "$.fix.items"),
        (message("fix", REPAIR, items=[None]), "$.fix.items[0].finding_id"),
        (message("fix", REPAIR, others=[{}]), "$.fix.others[0].assistant_id"),
        (item(opened_at=MISSING), "$.fix.items[0].opened_at"),
        (item(opened_at="soon"), "$.fix.items[0].opened_at"),
        (item(tool_id=3), "$.fix.items[0].tool_id"),
        (item(grants=["permission:A.View", "Wisdom.View"]), "$.fix.items[0].grants[1]"),
        (item(qualifiers=[["$SAVED"]]), "$.fix.items[0].qualifiers[0]"),
        (message("undo", UNDO, change_id=MISSING), "$.undo.change_id"),
        (message("undo", UNDO, order=None), "$.undo.order"),
        (message("undo", UNDO, grants=["Wisdom.View"]), "$.undo.grants[0]"),
        (message("undo", UNDO, grants=[{"permission": "Wisdom.View"}]), "$.undo.grants[0]"),
    ],
)
def test_what_is_no_request_is_refused_by_its_path(body: str, field: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        from_message(body)
    assert raised.value.field == field


def test_the_schema_is_that_of_the_second_design() -> None:
    assert json.loads(to_message(REPAIR))["schema"] == SCHEMA == "toolgrant/fix/2"
