"""What the use cases need from the outside, in their own words. `adapters` and tests/fakes
provide it. Every method may raise from the tree in `toolgrant.errors`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from toolgrant.domain.alerts.render import Rendered
from toolgrant.domain.contact_flows import FlowContent, FlowKey, FlowProgress, NamingFlow
from toolgrant.domain.fixing.repair import Repair, Shown
from toolgrant.domain.json_fields import Json
from toolgrant.domain.model import Grant, GrantKind, QualifiedAgent
from toolgrant.domain.records import AgentKey, AgentRecord, Edge, SweepProgress
from toolgrant.domain.requests import AgentRequest, FlowRequest


class Clock(Protocol):
    """Time comes from outside, so that tests own it."""

    def now(self) -> datetime:
        """The current time in UTC."""


class Agents(Protocol):
    """Q in Connect. Answers are kept for the length of one batch."""

    def get(self, key: AgentKey, qualifier: str) -> QualifiedAgent:
        """One version of an AI agent. Raises NotFound."""

    def live(self, assistant_id: str) -> Mapping[str, frozenset[str]]:
        """AI agent id → qualifiers that the assistant's configuration names. Raises NotFound."""

    def assistants(self) -> Iterable[str]:
        """Every assistant id of the account and region."""

    def listed(
        self, assistant_id: str, token: str | None
    ) -> tuple[Sequence[QualifiedAgent], str | None]:
        """One page of an assistant's ORCHESTRATION agents, each under the qualifier that the list
        proves (`qualifiers.UNPROVEN`: none), and the token of the next page (None: the last)."""

    def forget(self) -> None:
        """Drop the answers kept so far."""


class Profiles(Protocol):
    """Security profiles of Connect. Answers are kept for the length of one batch."""

    def attached(self, instance_id: str, qualified_arn: str) -> tuple[str, ...]:
        """Ids of the profiles associated with exactly this qualified AI agent ARN."""

    def grants(self, instance_id: str, profile_id: str, kind: GrantKind) -> frozenset[Grant]:
        """One of a profile's four lists, all pages. Raises NotFound."""

    def name(self, instance_id: str, profile_id: str) -> str:
        """A profile's name, for people. Raises NotFound."""

    def instances_by_assistant(self) -> Mapping[str, str]:
        """Assistant id → id of the instance that integrates it (WISDOM_ASSISTANT)."""

    def instances(self) -> frozenset[str]:
        """Ids of the instances that exist in this account and Region."""

    def forget(self) -> None:
        """Drop the answers kept so far."""


class Store(Protocol):
    """The table."""

    def load(self, key: AgentKey) -> AgentRecord:
        """The record of an AI agent, read consistently; version 0 if there is none."""

    def commit(
        self,
        record: AgentRecord,
        previous: AgentRecord,
        alert: Rendered | None,
        repairs: Sequence[Repair] = (),
        shown: Shown | None = None,
    ) -> None:
        """Record (within its budget), edges, pending alert with what it offers, and repairs in one
        transaction. Raises Conflict if the stored version is no longer `previous.version`."""

    def put_alert(self, alert: Rendered, shown: Shown | None = None) -> None:
        """A pending alert of its own, beside any record, with what it offers."""

    def pending_fixes(self, ai_agent_id: str | None = None) -> Mapping[str, tuple[Repair, ...]]:
        """Repairs stored but not known to be sent, by the id of their commit: of one AI agent, or
        all."""

    def drop_sent(self, commit_id: str) -> None:
        """Take the repairs of a commit out."""

    def shown(self) -> Iterable[Shown]:
        """What alerts of the last 7 days offered."""

    def pending(self, ai_agent_id: str | None = None) -> Iterable[Rendered]:
        """Alerts stored but not known to be published: of one AI agent, or all."""

    def claim(self, alert: Rendered, now: datetime, until: datetime) -> bool:
        """Take a pending alert to publish it; False if it is gone or another claim still holds."""

    def drop_published(self, alert: Rendered) -> None:
        """Take an alert out of the outbox."""

    def agents_with(self, edge: Edge) -> tuple[AgentKey, ...]:
        """The AI agents that an edge belongs to, read consistently."""

    def sweep_progress(self) -> SweepProgress | None:
        """How far the newest sweep came; None before the first."""

    def save_sweep_progress(self, progress: SweepProgress) -> None:
        """Remember how far the sweep came."""

    def assistants(self) -> Iterable[str]:
        """The assistants in the map to instances."""

    def instance_of(self, assistant_id: str) -> str | None:
        """The remembered instance of an assistant."""

    def remember_instances(self, by_assistant: Mapping[str, str]) -> None:
        """Replace the map from assistants to instances."""


class Flows(Protocol):
    """Contact flows of Connect."""

    def listed(self, instance_id: str) -> tuple[str, ...]:
        """Ids of all contact flows of an instance that are not archived. Raises NotFound."""

    def published(self, key: FlowKey) -> FlowContent | None:
        """What runs of a contact flow; None if nothing does: deleted, archived, never published."""


class FlowTable(Protocol):
    """What the table knows of contact flows."""

    def naming(self) -> Iterable[NamingFlow]:
        """The flows that name AI agents."""

    def get(self, key: FlowKey) -> NamingFlow | None:
        """What is known of a flow; None if it is not known to name anything."""

    def keep(self, flow: NamingFlow) -> None:
        """Remember what a flow names, in place of what was known; one that names nothing is
        forgotten. Does nothing where a later reading is on record."""

    def progress(self) -> FlowProgress | None:
        """How far the reading of all flows came; None before the first."""

    def save_progress(self, progress: FlowProgress) -> None:
        """Remember how far it came."""

    def ask_for_all(self, at: datetime) -> None:
        """Remember that an event told of a flow without saying which one."""

    def asked_at(self) -> datetime | None:
        """When that happened last; None for never."""


class Notifier(Protocol):
    """The alerts topic."""

    def publish(self, alert: Rendered) -> None:
        """Send one alert."""


class ChangeQueue(Protocol):
    """The change queue and its dead-letter queue."""

    def send(self, request: AgentRequest | FlowRequest, delay: timedelta) -> None:
        """Ask for an evaluation, at the earliest after `delay` (at most 15 minutes)."""

    def dead_letter(self, body: str, reason: str) -> None:
        """Put aside what can never be processed, with its reason."""


class Journal(Protocol):
    """Audit records, the operational log and metrics."""

    def decision(self, record: Json) -> None:
        """One audit record (docs/schemas/audit-1.schema.json)."""

    def note(self, event: str, **fields: object) -> None:
        """A line of the operational log."""

    def failure(self, event: str, **fields: object) -> None:
        """An error line of the operational log."""

    def count(self, metric: str, value: float = 1) -> None:
        """A metric without further dimensions."""
