"""When the loop is done: no record or change waiting, no fix asked for, no alert unpublished."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolgrant.adapters.dynamodb.store import FIXES, OUTBOX
from toolgrant_local.errors import LocalError
from toolgrant_local.processes import StopSignal, wait_until
from toolgrant_local.relay import Relay

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

_COUNTS: tuple[QueueAttributeNameType, ...] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
)


@dataclass(frozen=True)
class Idle:
    """Counts what waits, place by place in the order in which work moves on: what moves while it
    counts is counted further on."""

    sqs: SQSClient
    dynamodb: DynamoDBClient
    relay: Relay
    outputs: Mapping[str, str]

    def wait(self, timeout: float, stop: StopSignal | None = None) -> None:
        """Wait until nothing is left to do. Raises LocalError that says what was left."""
        try:
            wait_until(lambda: not any(self.work().values()), timeout, "the work to end", stop)
        except LocalError as error:
            error.add_note(f"still to do: {self.work()}")
            raise

    def work(self) -> dict[str, int]:
        """What is left to do, by place. A fix leads to records and changes of its own."""
        return {
            "records": self.relay.pending,
            "changes": self._changes(),
            "fix requests": self._unpublished(FIXES),
            "fixes": self._fixes(),
            "records of fixes": self.relay.pending,
            "changes after fixes": self._changes(),
            "alerts": self._unpublished(OUTBOX),
        }

    def _changes(self) -> int:
        return self._waiting(self.outputs["ChangeQueueUrl"])

    def _fixes(self) -> int:
        """0 in mode `warn`, which has no fix queue."""
        return self._waiting(self.outputs["FixQueueUrl"]) if "FixQueueUrl" in self.outputs else 0

    def _waiting(self, queue_url: str) -> int:
        asked = self.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=list(_COUNTS))
        return sum(int(asked["Attributes"][name]) for name in _COUNTS)

    def _unpublished(self, partition: str) -> int:
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.outputs["TableName"],
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": partition}},
            ConsistentRead=True,
        )
        return sum(page["Count"] for page in pages)
