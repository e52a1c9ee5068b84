"""What the use cases need from the outside, in their own words. `adapters` and tests/fakes
provide it. Every method may raise from the tree in `toolgrant.errors`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from toolgrant.domain.alerts.render import Rendered
from toolgrant.domain.fixing.ledger import ForeignEdit, ProfileChange, ProfileHistory
from toolgrant.domain.fixing.proposal import Proposal
from toolgrant.domain.json_fields import Json
from toolgrant.domain.model import Grant, GrantKind, QualifiedAgent
from toolgrant.domain.profile_lists import Entry
from toolgrant.domain.records import AgentKey, AgentRecord, Edge, SweepProgress
from toolgrant.domain.requests import AgentRequest, FixRequest, UndoRequest


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
        """One page of the drafts of an assistant's ORCHESTRATION agents, configuration included,
        and the token of the next page (None: that was the last)."""

    def versions(self, key: AgentKey) -> Iterable[QualifiedAgent]:
        """The numbered versions of an AI agent, configuration included, in any order."""

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
        fixes: Sequence[FixRequest] = (),
    ) -> None:
        """Record (within its budget), edges, pending alert and fix requests in one transaction.
        Raises Conflict if the stored version is no longer `previous.version`."""

    def put_alert(self, alert: Rendered) -> None:
        """A pending alert of its own, beside any record."""

    def pending_fixes(self, ai_agent_id: str | None = None) -> Mapping[str, tuple[FixRequest, ...]]:
        """Fix requests not known to be sent, by the id of their commit: of one AI agent, or all."""

    def drop_sent(self, commit_id: str) -> None:
        """Take the fix requests of a commit out."""

    def pending(self, ai_agent_id: str | None = None) -> Iterable[Rendered]:
        """Alerts stored but not known to be published: of one AI agent, or all."""

    def claim(self, alert_id: str, now: datetime, until: datetime) -> bool:
        """Take a pending alert to publish it; False if it is gone or another claim still holds."""

    def drop_published(self, alert_id: str) -> None:
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


@dataclass(frozen=True)
class DescribedProfile:
    """What DescribeSecurityProfile tells of a profile."""

    name: str
    type: str
    tags: Mapping[str, str]


class ProfileReader(Protocol):
    """Security profiles as a write must see them: every answer is fresh."""

    def describe(self, instance_id: str, profile_id: str) -> DescribedProfile:
        """Name, type and tags. Raises NotFound."""

    def people(self, instance_id: str, profile_id: str) -> int:
        """How many users hold a profile, as far as the search index knows."""

    def entries(self, instance_id: str, profile_id: str, kind: GrantKind) -> tuple[Entry, ...]:
        """One of the four lists as the service has it, all pages. Raises NotFound."""


class ProfileWriter(ProfileReader, Protocol):
    """The only way to change a security profile."""

    def replace(
        self, instance_id: str, profile_id: str, kind: GrantKind, entries: Sequence[Entry]
    ) -> None:
        """Replace one of the four lists, and nothing else."""

    def attach(self, instance_id: str, profile_id: str, qualified_arn: str) -> None:
        """Associate a profile with one qualifier of an AI agent; twice is once."""

    def create(self, proposal: Proposal) -> str:
        """Create the profile of a proposal; its id. Raises Conflict if the name is taken."""

    def named(self, instance_id: str, name: str) -> str | None:
        """The id of the profile of exactly this name."""


class Ledger(Protocol):
    """Our writes, foreign edits, breakers and mutes in the table. All reads are consistent."""

    def history(self, profile_id: str) -> ProfileHistory:
        """Everything on record of one profile."""

    def save(self, change: ProfileChange) -> None:
        """Write a change, new or in its new state."""

    def remember(self, edit: ForeignEdit) -> None:
        """Record a foreign edit; twice is once."""

    def open_breaker(self, profile_id: str, grant: Grant, reason: str, at: datetime) -> None:
        """Open the breaker of a grant on a profile."""

    def record_attachment(self, profile_id: str, finding_id: str, at: datetime) -> None:
        """Remember that we attached a profile because of a finding."""

    def muted(self, now: datetime) -> frozenset[str]:
        """Ids of findings, AI agents and profiles that are muted now."""

    def close_breaker(self, profile_id: str, grant: Grant) -> None:
        """Close a breaker."""

    def mute(self, target: str, until: datetime | None) -> None:
        """Mute a finding, AI agent or profile by its id, until a time or for good."""

    def unmute(self, target: str) -> None:
        """Take a mute back."""

    def paused(self) -> bool:
        """Whether an operator has paused all writes."""

    def pause(self, paused: bool, by: str, at: datetime) -> None:
        """Pause all writes, or let them go on."""


class FixQueue(Protocol):
    """The queue of the only writer, first in, first out per security profile."""

    def send(self, request: FixRequest | UndoRequest) -> None:
        """Ask for a write; the same request twice within five minutes is one."""


class EmergencyStop(Protocol):
    """The switch outside of our table that stops every write."""

    def pulled(self) -> bool | None:
        """Whether it is pulled; None if it cannot be read."""


class Notifier(Protocol):
    """The alerts topic."""

    def publish(self, alert: Rendered) -> None:
        """Send one alert."""


class ChangeQueue(Protocol):
    """The change queue and its dead-letter queue."""

    def send(self, request: AgentRequest, delay: timedelta) -> None:
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
