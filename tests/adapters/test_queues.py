"""The change queue and its dead-letter queue."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.adapters.values import new_key

from toolgrant.adapters.change_messages import MOST_BYTES, parse_message, to_message
from toolgrant.adapters.change_queue import SQSChangeQueue
from toolgrant.domain.causes import Actor, Cause
from toolgrant.domain.model import QualifiedAgent, Tool
from toolgrant.domain.records import AgentKey
from toolgrant.domain.requests import AgentRequest, Observed
from toolgrant.errors import Misconfigured
from toolgrant_local.clients import Clients

Receive = Callable[..., dict[str, Any] | None]
AT = datetime(2026, 11, 23, 12, 0, 0, 5, tzinfo=UTC)


@pytest.fixture
def queue(aws: Clients, queue_url: str, other_queue_url: str) -> SQSChangeQueue:
    return SQSChangeQueue(aws.get("sqs"), queue_url, other_queue_url)


def observed(key: AgentKey, *tools: Tool) -> Observed:
    agent = QualifiedAgent(
        assistant_id=key.assistant_id,
        ai_agent_id=key.ai_agent_id,
        qualifier="$SAVED",
        arn="arn:aws:wisdom:us-east-1:111122223333:ai-agent/x/y",
        name="注文",
        type="ORCHESTRATION",
        tools=tools,
        instance_arn="arn:aws:connect:us-east-1:111122223333:instance/i",
    )
    return Observed(AT, (agent,), frozenset({"3", "$LATEST"}))


def request(**changes: Any) -> AgentRequest:
    key = new_key()
    cause = Cause(
        "event", "e-1", "UpdateAIAgent", AT, Actor("AssumedRole", "Operator/someone", "API")
    )
    tool = Tool("Look up", "MODEL_CONTEXT_PROTOCOL", "gateway_a__b", frozenset({"$.x"}))
    full = {
        "key": key,
        "cause": cause,
        "instance_id": "instance",
        "observed": observed(key, tool, Tool("End", "RETURN_TO_CONTROL", None)),
        "attempt": 3,
        "saved_at": AT,
    }
    return AgentRequest(**{**full, **changes})


def test_a_request_arrives_as_it_was_sent(
    queue: SQSChangeQueue, queue_url: str, receive: Receive
) -> None:
    sent = request()
    queue.send(sent, timedelta())
    received = receive(queue_url)
    assert received is not None
    assert parse_message(received["Body"]) == sent
    assert all(vars(sent).values()), "so that the round trip covers every field"


def test_a_bare_request_arrives_too(
    queue: SQSChangeQueue, queue_url: str, receive: Receive
) -> None:
    sent = AgentRequest(new_key(), Cause("sweep"))
    queue.send(sent, timedelta())
    received = receive(queue_url)
    assert received is not None
    assert parse_message(received["Body"]) == sent


def test_an_observation_too_large_for_a_message_is_left_out(
    queue: SQSChangeQueue, queue_url: str, receive: Receive
) -> None:
    key = new_key()
    tools = [Tool(f"{n}" + "道" * 4000, "MODEL_CONTEXT_PROTOCOL", "x" * 4096) for n in range(50)]
    sent = request(key=key, observed=observed(key, *tools))
    assert len(to_message(sent).encode()) <= MOST_BYTES
    queue.send(sent, timedelta())
    received = receive(queue_url)
    assert received is not None
    arrived = parse_message(received["Body"])
    assert isinstance(arrived, AgentRequest)
    assert (arrived.key, arrived.observed, arrived.attempt) == (key, None, 3)


def test_a_delay_is_kept_and_rounded_up_to_a_second(
    queue: SQSChangeQueue, queue_url: str, receive: Receive
) -> None:
    began = time.monotonic()
    queue.send(request(), timedelta(milliseconds=1200))
    assert receive(queue_url, 5) is not None
    assert time.monotonic() - began > 1.5


class Recording:
    """The same client, which notes what it was asked to send: the local SQS takes any delay."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.sent: list[dict[str, Any]] = []

    def send_message(self, **message: Any) -> Any:
        self.sent.append(message)
        return self._client.send_message(**message)


@pytest.mark.parametrize("delay", [timedelta(minutes=15), timedelta(minutes=16), timedelta(days=3)])
def test_a_delay_beyond_the_longest_is_the_longest(
    aws: Clients, queue_url: str, delay: timedelta
) -> None:
    client = Recording(aws.get("sqs"))
    SQSChangeQueue(client, queue_url, queue_url).send(request(), delay)
    assert [message["DelaySeconds"] for message in client.sent] == [900]
    asked = aws.get("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])
    assert asked["Attributes"]["ApproximateNumberOfMessagesDelayed"] == "1"


@pytest.mark.parametrize("body", ["{not json", '{"a": 1}', "日本語", "x" * 200_000])
def test_a_dead_letter_is_the_message_as_it_came_with_its_reason(
    queue: SQSChangeQueue, other_queue_url: str, receive: Receive, body: str
) -> None:
    queue.dead_letter(body, "$.detail.eventName: missing or not text")
    received = receive(other_queue_url)
    assert received is not None
    assert received["Body"] == body
    reason = received["MessageAttributes"]["reason"]["StringValue"]
    assert reason == "$.detail.eventName: missing or not text"


def test_an_empty_message_and_an_endless_reason_can_be_put_aside(
    queue: SQSChangeQueue, other_queue_url: str, receive: Receive
) -> None:
    queue.dead_letter("", "r" * 100_000)
    received = receive(other_queue_url)
    assert received is not None
    assert received["Body"]
    assert received["MessageAttributes"]["reason"]["StringValue"] == "r" * 299 + "…"


def test_a_missing_queue_is_a_misconfiguration(aws: Clients, queue_url: str) -> None:
    missing = f"{queue_url}-which-nobody-made"
    queue = SQSChangeQueue(aws.get("sqs"), missing, missing)
    with pytest.raises(Misconfigured, match=r"^change queue send: "):
        queue.send(request(), timedelta())
    with pytest.raises(Misconfigured, match=r"^dead-letter queue send: "):
        queue.dead_letter("body", "reason")
