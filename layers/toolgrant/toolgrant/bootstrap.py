"""The composition root: settings → clients → adapters → what a use case works with.

Clients live as long as the execution environment; everything that keeps answers lives for one
batch.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics

from toolgrant.adapters.aws import CLIENT_CONFIG, Api, Pacer
from toolgrant.adapters.connect import Connect
from toolgrant.adapters.notifier_sns import SNSNotifier
from toolgrant.adapters.observability import PowertoolsJournal
from toolgrant.adapters.qconnect import QConnect
from toolgrant.adapters.queues import SQSQueue
from toolgrant.adapters.store_dynamodb import DynamoDBStore
from toolgrant.domain.catalog import packaged
from toolgrant.settings import Settings, from_environment
from toolgrant.usecases.review import Deps


class UtcClock:
    """`usecases.ports.Clock`."""

    def now(self) -> datetime:
        """The time of this machine, in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True)
class Runtime:
    """What outlives a batch."""

    settings: Settings
    pacer: Pacer
    journal: PowertoolsJournal

    def deps(self) -> Deps:
        """Fresh adapters for one batch."""
        settings = self.settings
        return Deps(
            agents=QConnect(Api(client("qconnect"), "qconnect", self.pacer)),
            profiles=Connect(Api(client("connect"), "connect", self.pacer)),
            store=DynamoDBStore(client("dynamodb"), settings.table),
            notifier=SNSNotifier(client("sns"), settings.topic_arn),
            queue=SQSQueue(
                client("sqs"), settings.change_queue_url, settings.dead_letter_queue_url
            ),
            journal=self.journal,
            clock=UtcClock(),
            catalog=packaged(),
            settle=settings.settle,
            language=settings.language,
        )


@lru_cache
def client(service: str) -> Any:
    """One client per service and execution environment."""
    return boto3.client(service, config=CLIENT_CONFIG)  # type: ignore[call-overload]


@lru_cache
def runtime() -> Runtime:
    """Built on the first invocation. Raises Misconfigured."""
    settings = from_environment()
    pacer = Pacer(settings.requests_per_second, time.monotonic, time.sleep)
    return Runtime(settings, pacer, PowertoolsJournal(Logger(), Metrics()))
