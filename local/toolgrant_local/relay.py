"""EventBridge's part between CloudTrail and a rule's target, which only AWS itself may play.

PutEvents refuses sources that begin with `aws.`, on AWS as on the local one. So each record is
wrapped as EventBridge wraps it, judged by EventBridge's own TestEventPattern with the pattern of
each *deployed* rule, and handed to the targets of the rules that match: in order, on one thread.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from botocore.exceptions import BotoCoreError, ClientError

from toolgrant_local.environment import ACCOUNT_ID, REGION

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import TargetOutputTypeDef
    from mypy_boto3_sqs import SQSClient

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """A deployed rule, as far as delivery needs it."""

    name: str
    arn: str
    pattern: str
    targets: tuple[TargetOutputTypeDef, ...]


class Relay:
    """Delivers while it lives. `delivered` counts messages; `dropped` and `failed`, records."""

    def __init__(
        self, events: EventBridgeClient, sqs: SQSClient, errors: TextIO | None = None
    ) -> None:
        self.delivered = 0
        self.dropped = 0
        self.failed = 0
        self._events = events
        self._sqs = sqs
        self._errors = errors or sys.stderr
        self._rules: tuple[Rule, ...] | None = None
        self._closing = False
        self._records: queue.Queue[Record | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, name="relay", daemon=True)
        self._thread.start()

    @property
    def pending(self) -> int:
        """Records accepted and not yet delivered, dropped or failed."""
        return self._records.unfinished_tasks

    def accept(self, record: Record) -> None:
        """Take a CloudTrail record; returns at once."""
        self._records.put(record)

    def refresh(self) -> None:
        """Read the rules again, after a deployment."""
        self._rules = None

    def close(self) -> None:
        """Stop after the record that is being delivered."""
        self._closing = True
        self._records.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (record := self._records.get()) is not None and not self._closing:
            try:
                self._relay(record)
            except (BotoCoreError, ClientError, LookupError, ValueError) as error:
                self.failed += 1
                print(f"relay: {record.get('eventName')}: {error!r}", file=self._errors, flush=True)
            finally:
                self._records.task_done()

    def _relay(self, record: Record) -> None:
        body = json.dumps(wrap(record))
        matching = [rule for rule in self._current_rules() if self._matches(rule, body)]
        for rule in matching:
            for target in rule.targets:
                self._deliver(rule, target, body)
        self.dropped += not matching

    def _current_rules(self) -> tuple[Rule, ...]:
        if self._rules is None:
            self._rules = tuple(self._read_rules())
        return self._rules

    def _read_rules(self) -> list[Rule]:
        pages = self._events.get_paginator("list_rules").paginate()
        names = [r["Name"] for page in pages for r in page["Rules"] if r.get("State") == "ENABLED"]
        rules = [self._events.describe_rule(Name=name) for name in names]
        return [
            Rule(r["Name"], r["Arn"], r["EventPattern"], self._targets(r["Name"]))
            for r in rules
            if r.get("EventPattern")
        ]

    def _targets(self, rule: str) -> tuple[TargetOutputTypeDef, ...]:
        pages = self._events.get_paginator("list_targets_by_rule").paginate(Rule=rule)
        return tuple(target for page in pages for target in page["Targets"])

    def _matches(self, rule: Rule, body: str) -> bool:
        return self._events.test_event_pattern(EventPattern=rule.pattern, Event=body)["Result"]

    def _deliver(self, rule: Rule, target: TargetOutputTypeDef, body: str) -> None:
        try:
            self._sqs.send_message(QueueUrl=self._queue_url(target["Arn"]), MessageBody=body)
            self.delivered += 1
        except ClientError as error:
            self._set_aside(rule, target, body, error)

    def _set_aside(
        self, rule: Rule, target: TargetOutputTypeDef, body: str, error: ClientError
    ) -> None:
        """What EventBridge does when its retries are used up; here it does not retry."""
        dead_letters = target.get("DeadLetterConfig", {}).get("Arn")
        if not dead_letters:
            raise error
        about = {
            "RULE_ARN": rule.arn,
            "TARGET_ARN": target["Arn"],
            "ERROR_CODE": error.response["Error"].get("Code", "Unknown"),
            "ERROR_MESSAGE": error.response["Error"].get("Message", "Unknown"),
        }
        self._sqs.send_message(
            QueueUrl=self._queue_url(dead_letters),
            MessageBody=body,
            MessageAttributes={
                k: {"DataType": "String", "StringValue": v} for k, v in about.items()
            },
        )
        raise error

    def _queue_url(self, arn: str) -> str:
        _, _, service, _, account, name = arn.split(":", 5)
        if service != "sqs":
            raise ValueError(f"the relay delivers to SQS only, not to {arn}")
        return self._sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]


def wrap(record: Record) -> dict[str, Any]:
    """A CloudTrail record as the event that EventBridge makes of it."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "AWS API Call via CloudTrail",
        "source": f"aws.{record['eventSource'].split('.')[0]}",
        "account": ACCOUNT_ID,
        "time": record["eventTime"],
        "region": record.get("awsRegion", REGION),
        "resources": [],
        "detail": dict(record),
    }
