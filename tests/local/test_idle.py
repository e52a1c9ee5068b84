"""Idle means that fixes are done too, and what they lead to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from toolgrant_local.errors import LocalError
from toolgrant_local.idle import Idle

WARN = {"ChangeQueueUrl": "changes", "TableName": "table"}
FIX = {**WARN, "FixQueueUrl": "fixes"}
QUIET = {
    "ApproximateNumberOfMessages": "0",
    "ApproximateNumberOfMessagesDelayed": "0",
    "ApproximateNumberOfMessagesNotVisible": "0",
}


@dataclass
class FakeStack:
    """SQS, DynamoDB and the relay: where something is left to do."""

    queues: dict[str, dict[str, str]] = field(default_factory=dict)
    partitions: dict[str, int] = field(default_factory=dict)
    pending: int = 0

    def get_queue_attributes(self, **asked: Any) -> dict[str, Any]:
        return {"Attributes": QUIET | self.queues.get(asked["QueueUrl"], {})}

    def get_paginator(self, _operation: str) -> FakeStack:
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        yield {"Count": self.partitions.get(asked["ExpressionAttributeValues"][":pk"]["S"], 0)}


def idle(stack: FakeStack, outputs: dict[str, str]) -> Idle:
    parts = cast(Any, stack)
    return Idle(parts, parts, parts, outputs)


@pytest.mark.parametrize("outputs", [WARN, FIX])
def test_nothing_left_is_idle(outputs: dict[str, str]) -> None:
    idle(FakeStack(), outputs).wait(0.1)


@pytest.mark.parametrize(
    ("stack", "told"),
    [
        (FakeStack(pending=1), "'records': 1"),
        (FakeStack({"changes": {"ApproximateNumberOfMessagesDelayed": "1"}}), "'changes': 1"),
        (FakeStack({"fixes": {"ApproximateNumberOfMessages": "1"}}), "'fixes': 1"),
        (FakeStack({"fixes": {"ApproximateNumberOfMessagesNotVisible": "1"}}), "'fixes': 1"),
        (FakeStack(partitions={"FIXES": 2}), "'fix requests': 2"),
        (FakeStack(partitions={"OUTBOX": 3}), "'alerts': 3"),
    ],
)
def test_what_is_left_is_named(stack: FakeStack, told: str) -> None:
    with pytest.raises(LocalError) as ended:
        idle(stack, FIX).wait(0.1)
    assert told in "".join(ended.value.__notes__)
