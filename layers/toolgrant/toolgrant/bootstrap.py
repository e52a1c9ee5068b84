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
from botocore.config import Config

from toolgrant.adapters.aws import CLIENT_CONFIG, USER_AGENT, WRITER_CONFIG, Api, Pacer
from toolgrant.adapters.change_queue import SQSChangeQueue
from toolgrant.adapters.connect_cached import Connect
from toolgrant.adapters.connect_fresh import ConnectProfiles
from toolgrant.adapters.contact_flows import ConnectFlows
from toolgrant.adapters.dynamodb.flows import DynamoDBFlows
from toolgrant.adapters.dynamodb.ledger import DynamoDBLedger
from toolgrant.adapters.dynamodb.store import DynamoDBStore
from toolgrant.adapters.emergency_stop import SSMEmergencyStop
from toolgrant.adapters.fix_queue import SQSFixQueue
from toolgrant.adapters.notifier_sns import SNSNotifier
from toolgrant.adapters.observability import PowertoolsJournal, log_line
from toolgrant.adapters.overrides import CatalogSource
from toolgrant.adapters.qconnect import QConnect
from toolgrant.domain.catalog import Catalog
from toolgrant.errors import Misconfigured
from toolgrant.settings import FixSettings, Settings, from_environment
from toolgrant.usecases.deps import Deps, FixPorts, FlowPorts
from toolgrant.usecases.writer.write import GrantWriter


class UtcClock:
    """`usecases.ports.Clock`."""

    def now(self) -> datetime:
        """The time of this machine, in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True)
class Runtime:
    """What lives as long as the execution environment, and makes what lives for one batch."""

    settings: Settings
    pacer: Pacer
    journal: PowertoolsJournal
    catalog_source: CatalogSource

    def deps(self, catalog: Catalog) -> Deps:
        """Adapters for one batch, which have kept nothing yet."""
        settings = self.settings
        return Deps(
            agents=QConnect(Api(client("qconnect"), "qconnect", self.pacer)),
            profiles=Connect(Api(client("connect"), "connect", self.pacer)),
            store=DynamoDBStore(client("dynamodb"), settings.table),
            notifier=SNSNotifier(client("sns"), settings.topic_arn),
            queue=SQSChangeQueue(
                client("sqs"), settings.change_queue_url, settings.dead_letter_queue_url
            ),
            journal=self.journal,
            clock=UtcClock(),
            catalog=catalog,
            settle=settings.settle,
            language=settings.language,
            fixing=self.fix_ports() if settings.fix else None,
            flows=self.flow_ports() if settings.read_flows else None,
        )

    def flow_ports(self) -> FlowPorts:
        """Contact flows, as Connect has them and as the table knows them."""
        source = ConnectFlows(Api(client("connect"), "connect", self.pacer))
        return FlowPorts(source, DynamoDBFlows(client("dynamodb"), self.settings.table))

    def fix_ports(self) -> FixPorts:
        """What planning a fix works with. Raises Misconfigured in mode `warn`."""
        fix = self._fix_settings()
        return FixPorts(
            reader=self.profiles(),
            ledger=DynamoDBLedger(client("dynamodb"), self.settings.table),
            queue=self.fix_queue(),
            stop=SSMEmergencyStop(client("ssm"), fix.emergency_stop, self.journal),
            rules=fix.rules,
            writer_role=fix.writer_role,
        )

    def profiles(self) -> ConnectProfiles:
        """Security profiles as a write must see them, with the client that writes."""
        return ConnectProfiles(
            Api(client("connect"), "connect", self.pacer),
            Api(writer_client(self._fix_settings().rules.stack), "connect", self.pacer),
        )

    def writer(self) -> GrantWriter:
        """The writer of grants to security profiles."""
        ports, bound = self.fix_ports(), self._fix_settings().rules.bound
        return GrantWriter(self.profiles(), ports.ledger, ports.stop, UtcClock(), time.sleep, bound)

    def fix_queue(self) -> SQSFixQueue:
        """The queue of the writer. Raises Misconfigured in mode `warn`."""
        return SQSFixQueue(client("sqs"), self._fix_settings().queue_url)

    def _fix_settings(self) -> FixSettings:
        if self.settings.fix is None:
            raise Misconfigured("TOOLGRANT_MODE='warn': nothing may be written")
        return self.settings.fix


def has_time(context: Any, reserve_milliseconds: int) -> Callable[[], bool]:
    """A function that tells whether the invocation has more time left than the reserve.
    `context` is the Lambda context."""
    return lambda: bool(context.get_remaining_time_in_millis() > reserve_milliseconds)


@lru_cache
def client(service: str) -> Any:
    """The boto3 client of a service, one per execution environment."""
    return boto3.client(service, config=CLIENT_CONFIG)  # type: ignore[call-overload]


@lru_cache
def writer_client(stack: str) -> Any:
    """The client that writes to Connect, which does not try again by itself and says which stack
    it is of."""
    config = WRITER_CONFIG.merge(Config(user_agent_extra=f"{USER_AGENT}{stack}"))
    return boto3.client("connect", config=config)


@lru_cache
def runtime(environments: int = 1) -> Runtime:
    """The runtime of this execution environment, made on the first call. Raises Misconfigured.

    `environments` is how many execution environments of the function run at once: together they
    keep the ceiling of requests per second.
    """
    settings = from_environment()
    pacer = Pacer(settings.requests_per_second / environments, time.monotonic, time.sleep)
    journal = PowertoolsJournal(Logger(json_serializer=log_line), Metrics())
    overrides = CatalogSource.over(client("ssm"), settings.catalog_overrides, journal)
    return Runtime(settings, pacer, journal, overrides)
