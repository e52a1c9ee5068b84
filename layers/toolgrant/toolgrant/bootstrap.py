"""The composition root: settings → clients → adapters → what a use case works with.

Clients live as long as the execution environment; everything that keeps answers lives for one
batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics

from toolgrant.adapters.aws import CLIENT_CONFIG, Api, Pacer
from toolgrant.adapters.connect import Connect
from toolgrant.adapters.notifier_sns import SNSNotifier
from toolgrant.adapters.observability import PowertoolsJournal, log_line
from toolgrant.adapters.overrides import CatalogSource
from toolgrant.adapters.qconnect import QConnect
from toolgrant.adapters.queues import SQSQueue
from toolgrant.adapters.store_dynamodb import DynamoDBStore
from toolgrant.domain.catalog import Catalog
from toolgrant.settings import Settings, from_environment
from toolgrant.usecases.deps import Deps


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
    catalog_source: CatalogSource

    def deps(self, catalog: Catalog) -> Deps:
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
            catalog=catalog,
            settle=settings.settle,
            language=settings.language,
        )


def has_time(context: Any, reserve_milliseconds: int) -> Callable[[], bool]:
    """Whether a function may begin one more piece of work. `context` is the Lambda context."""
    return lambda: bool(context.get_remaining_time_in_millis() > reserve_milliseconds)


@lru_cache
def client(service: str) -> Any:
    """One client per service and execution environment."""
    return boto3.client(service, config=CLIENT_CONFIG)  # type: ignore[call-overload]


@lru_cache
def runtime(environments: int = 1) -> Runtime:
    """Built on the first invocation. Raises Misconfigured.

    `environments` is how many execution environments of the function run at once: together they
    keep the ceiling of requests per second.
    """
    settings = from_environment()
    pacer = Pacer(settings.requests_per_second / environments, time.monotonic, time.sleep)
    journal = PowertoolsJournal(Logger(json_serializer=log_line), Metrics())
    overrides = CatalogSource.over(client("ssm"), settings.catalog_overrides, journal)
    return Runtime(settings, pacer, journal, overrides)
