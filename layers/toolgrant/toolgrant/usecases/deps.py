"""The ports that the use cases work with, and the operator's settings that they need."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from toolgrant.domain.catalog import Catalog
from toolgrant.domain.contact_flows import NamingFlow
from toolgrant.domain.fixing.rules import FixRules
from toolgrant.errors import Misconfigured
from toolgrant.usecases.fix_ports import EmergencyStop, FixQueue, Ledger, ProfileReader
from toolgrant.usecases.ports import (
    Agents,
    ChangeQueue,
    Clock,
    Flows,
    FlowTable,
    Journal,
    Notifier,
    Profiles,
    Store,
)

COMMIT_ATTEMPTS = 5


@dataclass(frozen=True)
class FixPorts:
    """What planning a fix works with, beside `Deps`. `writer_role` is the ARN of the role of
    remediate: its own calls come back as events."""

    reader: ProfileReader
    ledger: Ledger
    queue: FixQueue
    stop: EmergencyStop
    rules: FixRules
    writer_role: str = ""


@dataclass(frozen=True)
class FlowPorts:
    """Contact flows, as Connect has them and as the table knows them."""

    source: Flows
    table: FlowTable


@dataclass(frozen=True)
class Deps:
    """What a batch works with. `fixing` is None in mode `warn`, `flows` where they are not read."""

    agents: Agents
    profiles: Profiles
    store: Store
    notifier: Notifier
    queue: ChangeQueue
    journal: Journal
    clock: Clock
    catalog: Catalog
    settle: timedelta
    language: str
    fixing: FixPorts | None = None
    flows: FlowPorts | None = None

    def naming_flows(self) -> tuple[NamingFlow, ...]:
        """The contact flows that are known to name AI agents; none where flows are not read."""
        return tuple(self.flows.table.naming()) if self.flows else ()

    @property
    def fix_ports(self) -> FixPorts:
        """`fixing`, for what happens only where something may be written. Raises Misconfigured."""
        if self.fixing is None:
            raise Misconfigured("mode warn: nothing may be written")
        return self.fixing

    def forget(self) -> None:
        """Let the next look read the services afresh."""
        self.agents.forget()
        self.profiles.forget()
