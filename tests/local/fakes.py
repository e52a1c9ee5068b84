"""The two AWS clients that the relay uses, in memory, with botocore's own errors."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError


def queue_arn(name: str) -> str:
    """The ARN of a queue in the local account."""
    return f"arn:aws:sqs:us-east-1:111122223333:{name}"


@dataclass
class FakeEvents:
    """EventBridge whose patterns are lists of sources and eventNames."""

    rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    reads: int = 0

    def add(
        self, name: str, names: list[str], target: dict[str, Any], state: str = "ENABLED"
    ) -> None:
        """A rule with one target."""
        pattern = json.dumps({"source": ["aws.connect"], "detail": {"eventName": names}})
        self.rules[name] = {
            "Name": name,
            "Arn": f"arn:aws:events:us-east-1:111122223333:rule/{name}",
            "State": state,
            "EventPattern": pattern,
            "targets": [{"Id": "t", **target}],
        }

    def get_paginator(self, operation: str) -> _Pages:
        return _Pages(self, operation)

    def describe_rule(self, **asked: str) -> dict[str, Any]:
        return self.rules[asked["Name"]]

    def test_event_pattern(self, **asked: str) -> dict[str, bool]:
        pattern, event = json.loads(asked["EventPattern"]), json.loads(asked["Event"])
        named = event["detail"]["eventName"] in pattern["detail"]["eventName"]
        return {"Result": named and event["source"] in pattern["source"]}


@dataclass
class _Pages:
    events: FakeEvents
    operation: str

    def paginate(self, **asked: str) -> Iterator[dict[str, Any]]:
        if self.operation == "list_targets_by_rule":
            yield {"Targets": self.events.rules[asked["Rule"]]["targets"]}
            return
        self.events.reads += 1
        for rule in self.events.rules.values():  # one a page
            yield {"Rules": [rule]}


@dataclass
class FakeQueues:
    """SQS. `refusing` names queues that answer with AccessDenied."""

    messages: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    refusing: set[str] = field(default_factory=set)
    gate: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def get_queue_url(self, **asked: str) -> dict[str, str]:
        return {"QueueUrl": f"http://sqs/{asked['QueueOwnerAWSAccountId']}/{asked['QueueName']}"}

    def send_message(self, **message: Any) -> None:
        self.gate.wait(5)
        name = message["QueueUrl"].rsplit("/", 1)[-1]
        if name in self.refusing:
            error = {"Error": {"Code": "AccessDenied", "Message": "no"}}
            raise ClientError(error, "SendMessage")
        self.messages.setdefault(name, []).append(message)

    def events(self, name: str) -> list[dict[str, Any]]:
        """The events in a queue."""
        return [json.loads(message["MessageBody"]) for message in self.messages.get(name, [])]
