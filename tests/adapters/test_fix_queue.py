"""The queue of the only writer on a local SQS: what is sent arrives, in order, and once."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.adapters.values import new_key

from toolgrant.adapters.fix_queue import SCHEMA, SQSFixQueue, from_json, to_json
from toolgrant.domain.fixing.ledger import change_id
from toolgrant.domain.model import Grant, GrantKind
from toolgrant.domain.requests import FixRequest, UndoRequest
from toolgrant.errors import InvalidInput, Misconfigured
from toolgrant_local.clients import Clients

Receive = Callable[..., dict[str, Any] | None]
PROFILE = "0f0e0d0c-0000-4000-8000-000000000001"
FIX = FixRequest(
    agent=new_key(),
    finding_id="agent-注文-insufficient",
    profile_id=PROFILE,
    fix_id="agent-x@2026-11-23T12:00:00+00:00",
    attempt=2,
    approved_by="arn:aws:sts::111122223333:assumed-role/Operator/someone",
    dedicated=True,
)
UNDO = UndoRequest(
    change_id(PROFILE, "fix", GrantKind.MCP),
    (Grant.parse("mcp:ns/a___b"), Grant.parse("permission:Wisdom.View")),
    "someone",
    "2026-11-24T12:00:00+00:00",
)


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
        FIX,
        FixRequest(new_key(), "finding", PROFILE, "fix"),
        FixRequest(new_key(), "finding", "", "fix", dedicated=True),
        UNDO,
        UndoRequest(UNDO.change_id),
    ],
    ids=["fix", "bare fix", "dedicated", "undo", "bare undo"],
)
def test_a_request_arrives_as_it_was_sent(
    queue: SQSFixQueue, fifo_url: str, receive: Receive, sent: FixRequest | UndoRequest
) -> None:
    queue.send(sent)
    received = receive(fifo_url)
    assert received is not None
    assert from_json(received["Body"]) == sent
    assert received["Attributes"]["MessageGroupId"] == sent.group


def test_the_full_requests_cover_every_field() -> None:
    assert all(vars(FIX).values())
    assert all(vars(UNDO).values())


def test_writes_to_one_profile_are_one_group_and_a_new_profile_is_its_agent_s() -> None:
    assert FIX.group == UNDO.group == PROFILE
    assert replace(FIX, profile_id="").group == FIX.agent.ai_agent_id


def test_the_same_request_twice_is_one(queue: SQSFixQueue, fifo_url: str, receive: Receive) -> None:
    for _ in range(3):
        queue.send(FIX)
    assert receive(fifo_url) is not None
    assert receive(fifo_url, 1) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"attempt": 3},
        {"fix_id": "asked anew"},
        {"profile_id": "0f0e0d0c-0000-4000-8000-000000000002"},
        {"approved_by": "someone else"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_request_that_moved_on_or_is_asked_anew_is_another_one(
    queue: SQSFixQueue, fifo_url: str, receive: Receive, changed: dict[str, Any]
) -> None:
    other = replace(FIX, **changed)
    queue.send(FIX)
    queue.send(other)
    bodies = [receive(fifo_url), receive(fifo_url)]
    assert {from_json(message["Body"]) for message in bodies if message} == {FIX, other}


def test_requests_of_one_profile_come_in_the_order_they_were_sent(
    queue: SQSFixQueue, fifo_url: str, receive: Receive
) -> None:
    sent = [replace(FIX, attempt=number) for number in range(4)]
    for request in sent:
        queue.send(request)
    received = [receive(fifo_url) for _ in sent]
    assert [from_json(message["Body"]) for message in received if message] == sent


@pytest.mark.parametrize("request_", [FIX, UNDO], ids=["fix", "undo"])
def test_what_no_message_can_carry_is_still_ascii(request_: FixRequest | UndoRequest) -> None:
    assert to_json(request_).isascii()


def test_a_missing_queue_is_a_misconfiguration(aws: Clients, fifo_url: str) -> None:
    queue = SQSFixQueue(aws.get("sqs"), fifo_url.replace("queue-", "nobody-made-"))
    with pytest.raises(Misconfigured, match=r"^fix queue send: "):
        queue.send(FIX)


# ------------------------------------------------------------------------------------- bad messages


def message(**changes: Any) -> str:
    """The message of FIX with other fields; None takes a field away."""
    inner = {**json.loads(to_json(FIX))["fix"], **changes}
    fields = {name: value for name, value in inner.items() if value is not MISSING}
    return json.dumps({"schema": SCHEMA, "fix": fields})


MISSING = object()


def undo_message(**changes: Any) -> str:
    inner = {**json.loads(to_json(UNDO))["undo"], **changes}
    fields = {name: value for name, value in inner.items() if value is not MISSING}
    return json.dumps({"schema": SCHEMA, "undo": fields})


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{not json",
        "null",
        "3",
        '"fix"',
        "[]",
        "{}",
        "[" * 100_000,
        json.dumps({"schema": SCHEMA}),
        json.dumps({"schema": SCHEMA, "fix": None}),
        json.dumps({"schema": SCHEMA, "fix": []}),
        json.dumps({"schema": SCHEMA, "undo": "all"}),
        json.dumps({"schema": "toolgrant/fix/2", "fix": {}}),
        json.dumps({"schema": "toolgrant/request/1"}),
        message(assistantId=MISSING),
        message(attempt=None),
        message(attempt="soon"),
        message(attempt=[]),
        undo_message(changeId=MISSING),
        undo_message(grants=None),
        undo_message(grants=["Wisdom.View"]),
        pytest.param(undo_message(grants=[{"permission": "Wisdom.View"}])),
        pytest.param(message(attempt=float("inf"))),
    ],
)
def test_what_is_no_request_is_refused(body: str) -> None:
    with pytest.raises(InvalidInput, match=r"^\$"):
        from_json(body)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (json.dumps({"schema": "toolgrant/fix/2", "fix": {}}), "$.schema"),
        (json.dumps({"schema": SCHEMA, "fix": []}), "$.fix"),
        (json.dumps({"schema": SCHEMA, "undo": "all"}), "$.undo"),
        ("[]", "$"),
    ],
)
def test_a_refusal_names_its_field(body: str, field: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        from_json(body)
    assert raised.value.field == field
