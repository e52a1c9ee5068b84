"""Messages for the change queue, put there by hand, and what became of them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.e2e.conftest import Admin

from toolgrant_local.processes import wait_until
from toolgrant_local.relay import wrap
from toolgrant_local.stack import LocalStack

PATIENCE = 60.0
Line = Mapping[str, Any]


def new_id() -> str:
    return str(uuid.uuid4())


def event(
    name: str = "UpdateAIAgent",
    source: str = "qconnect.amazonaws.com",
    age: timedelta = timedelta(),
    **detail: Any,
) -> dict[str, Any]:
    """An EventBridge event with a CloudTrail record of its own `eventID`."""
    at = datetime.now(UTC) - age
    record = {
        "eventVersion": "1.09",
        "eventID": new_id(),
        "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": source,
        "eventName": name,
        "awsRegion": "us-east-1",
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/Tester/me"},
        "readOnly": False,
        **detail,
    }
    return wrap(record)


def about(agent: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """UpdateAIAgent of an AI agent."""
    ids = {"assistantId": agent["assistantId"], "aiAgentId": agent["aiAgentId"]}
    return event(requestParameters=ids, **more)


def event_id(message: Mapping[str, Any]) -> str:
    return str(message["detail"]["eventID"])


def silent_agent(admin: Admin, *tools: Mapping[str, Any]) -> dict[str, Any]:
    """An AI agent of which no event tells."""
    created = admin.stack.emulator.apply(
        "qconnect:CreateAIAgent",
        assistantId=admin.assistant,
        name=f"silent {new_id()}",
        type="ORCHESTRATION",
        visibilityStatus="SAVED",
        configuration=admin.configuration(*tools),
    )
    return dict(created["aiAgent"])


@dataclass
class Changes:
    """The change queue of the deployed stack, its dead letters and the function's log."""

    stack: LocalStack
    _dead: list[dict[str, Any]] = field(default_factory=list)

    def send(self, message: str | Mapping[str, Any]) -> None:
        body = message if isinstance(message, str) else json.dumps(message)
        url = self.stack.outputs["ChangeQueueUrl"]
        self.stack.client("sqs").send_message(QueueUrl=url, MessageBody=body)

    def invoke(
        self, *messages: str | Mapping[str, Any], function: str = ""
    ) -> tuple[list[str], dict[str, Any]]:
        """Hand a batch to the function itself: the message ids, and its answer."""
        ids = [new_id() for _ in messages]
        bodies = [
            message if isinstance(message, str) else json.dumps(message) for message in messages
        ]
        records = [
            {"messageId": message_id, "body": body, "eventSource": "aws:sqs"}
            for message_id, body in zip(ids, bodies, strict=True)
        ]
        answer = self.stack.client("lambda").invoke(
            FunctionName=function or self.stack.outputs["EvaluateFunctionName"],
            Payload=json.dumps({"Records": records}),
        )
        payload = json.loads(answer["Payload"].read())
        return ids, {"error": answer.get("FunctionError"), **(payload or {})}

    def lines(self) -> Iterator[Line]:
        """The JSON lines of the function's log."""
        for text in self.stack.logs("EvaluateFunction"):
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if isinstance(line, dict):
                yield line

    def wait_for_lines(self, wanted: Callable[[Line], Any], count: int = 1) -> list[Line]:
        """Log lines, waited for until there are `count` that are wanted."""
        found: list[Line] = []

        def look() -> bool:
            found[:] = [line for line in self.lines() if wanted(line)]
            return len(found) >= count

        wait_until(look, PATIENCE, f"{count} log lines")
        return found

    def outcomes(self, message: Mapping[str, Any]) -> list[Line]:
        """The audit records that an event has led to; at least one is waited for."""
        wanted = event_id(message)
        lines = self.wait_for_lines(lambda line: _cause(line).get("eventId") == wanted)
        return [line["audit"] for line in lines]

    def dead_letter(self, marker: str) -> dict[str, Any]:
        """The dead letter whose body has the marker; waited for, and taken out."""
        found: list[dict[str, Any]] = []

        def look() -> bool:
            self._dead.extend(self._take_dead())
            found[:] = [letter for letter in self._dead if marker in letter["Body"]]
            return bool(found)

        wait_until(look, PATIENCE, f"the dead letter {marker}")
        return found[0]

    def no_dead_letter(self, marker: str) -> None:
        self._dead.extend(self._take_dead())
        assert [letter for letter in self._dead if marker in letter["Body"]] == []

    def _take_dead(self) -> Iterator[dict[str, Any]]:
        sqs, url = self.stack.client("sqs"), self.stack.outputs["ChangeDeadLetterQueueUrl"]
        while messages := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                yield message

    @contextmanager
    def impatient(self, seconds: int = 1) -> Iterator[None]:
        """Failed messages come back after seconds, which on AWS takes a quarter of an hour."""
        sqs, url = self.stack.client("sqs"), self.stack.outputs["ChangeQueueUrl"]
        name = "VisibilityTimeout"
        before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={name: str(seconds)})
        try:
            yield
        finally:
            sqs.set_queue_attributes(QueueUrl=url, Attributes={name: before})

    def crashes(self) -> list[str]:
        """What the runtime writes when a function ends with an exception."""
        return [text for text in self.stack.logs("EvaluateFunction") if "Traceback" in text]


def _cause(line: Line) -> Mapping[str, Any]:
    audit = line.get("audit")
    return audit["cause"] if isinstance(audit, dict) else {}
