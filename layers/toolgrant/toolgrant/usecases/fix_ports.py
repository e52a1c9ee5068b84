"""What fixing needs from the outside, beside `ports`. Every method may raise from the tree in
`toolgrant.errors`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from toolgrant.domain.fixing.history import Breaker, ForeignEdit, ProfileHistory
from toolgrant.domain.fixing.ledger import ProfileChange
from toolgrant.domain.fixing.proposal import Proposal
from toolgrant.domain.fixing.repair import Approval, Repair
from toolgrant.domain.model import GrantKind
from toolgrant.domain.profile_lists import Entry
from toolgrant.domain.records import AgentKey
from toolgrant.domain.requests import UndoRequest


@dataclass(frozen=True)
class DescribedProfile:
    """What DescribeSecurityProfile tells of a profile; `stamp` is its LastModifiedTime, if any."""

    name: str
    type: str
    tags: Mapping[str, str]
    stamp: datetime | None = None


@dataclass(frozen=True)
class Listed:
    """One of the four lists as the service has it, all pages, and its LastModifiedTime, if any."""

    entries: tuple[Entry, ...]
    stamp: datetime | None = None


class ProfileReader(Protocol):
    """Security profiles as a write must see them: every answer is fresh."""

    def describe(self, instance_id: str, profile_id: str) -> DescribedProfile:
        """Name, type and tags. Raises NotFound."""

    def people(self, instance_id: str, profile_id: str) -> int:
        """How many users hold a profile, as far as the search index knows."""

    def listed(self, instance_id: str, profile_id: str, kind: GrantKind) -> Listed:
        """One of the four lists. Raises NotFound."""


class ProfileWriter(ProfileReader, Protocol):
    """The only way to change a security profile."""

    def replace(
        self, instance_id: str, profile_id: str, kind: GrantKind, entries: Sequence[Entry]
    ) -> None:
        """Replace one of the four lists, and nothing else."""

    def attach(self, instance_id: str, profile_id: str, qualified_arn: str) -> None:
        """Associate a profile with one qualifier of an AI agent; twice is once."""

    def detach(self, instance_id: str, profile_id: str, qualified_arn: str) -> None:
        """End the association of a profile with one qualifier; twice is once."""

    def create(self, proposal: Proposal) -> str:
        """Create the profile of a proposal; its id. Raises Conflict if the name is taken."""

    def named(self, instance_id: str, name: str) -> str | None:
        """The id of the profile of exactly this name."""


class Ledger(Protocol):
    """Our writes, foreign edits, breakers, approvals and mutes in the table. All reads are
    consistent."""

    def history(self, profile_id: str) -> ProfileHistory:
        """Everything on record of one profile."""

    def profiles_of(self, agent: AgentKey) -> tuple[str, ...]:
        """The profiles that we ever wrote to, or attached, because of an AI agent."""

    def changes(self) -> Mapping[str, str]:
        """Change id → profile id, of every change on record."""

    def open_changes(self) -> Mapping[str, str]:
        """Change id → profile id, of every change that is not ended."""

    def save(self, change: ProfileChange) -> ProfileChange:
        """Write a change, new or in its new state, as it is saved then; one that ends uses its
        approval up. Raises Conflict if somebody else saved it meanwhile."""

    def claim(self, change: ProfileChange, whats: Iterable[str]) -> bool:
        """Take the right to give these things to the change's AI agent; False if another open
        change has one of them. Repeating it is harmless."""

    def claimed(self, agent_ids: Iterable[str], whats: Iterable[str], but: str) -> bool:
        """Whether an open change, other than `but`, has taken one of these things."""

    def remember(self, edit: ForeignEdit) -> None:
        """Record a foreign edit; twice is once."""

    def forget_others(self, profile_id: str) -> None:
        """Drop the edits of another toolgrant."""

    def breakers(self) -> frozenset[Breaker]:
        """Every open breaker."""

    def open_breakers(self, breakers: Iterable[Breaker]) -> None:
        """Open breakers; opening one again renews its reason."""

    def close_breakers(self, breakers: Iterable[Breaker]) -> None:
        """Close breakers."""

    def approve(self, approval: Approval) -> None:
        """Store an approval, by the id of its repair."""

    def approval(self, repair_id: str) -> Approval | None:
        """The approval of a repair, if an operator gave one."""

    def muted(self, now: datetime) -> frozenset[str]:
        """Ids of findings, AI agents and profiles that are muted now."""

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

    def send(self, request: Repair | UndoRequest) -> None:
        """Ask for a write; the same request twice within five minutes is one."""

    def put_off(self, receipt: str, seconds: float) -> None:
        """Let a message that was received come back after some seconds."""


class EmergencyStop(Protocol):
    """The switch outside of our table that stops every write."""

    def pulled(self) -> bool | None:
        """Whether it is pulled; None if it is missing or cannot be read."""
