"""The change ledger: every write of ours. Values, pure.

A change is one repair that was begun. Each list of it has a life of its own (`ListWrite`): on
record before it is sent, `DONE` only after its grants were read back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from toolgrant.domain.fixing.repair import Repair, RepairItem
from toolgrant.domain.ids import short_id
from toolgrant.domain.model import Grant, GrantKind
from toolgrant.domain.records import AgentKey
from toolgrant.domain.texts import clip

EVENT_GRAIN = timedelta(seconds=1)
"""CloudTrail cuts eventTime to whole seconds."""


class ListState(StrEnum):
    """Where the write of one list is in its life."""

    PLANNED = "planned"
    SENT = "sent"
    DONE = "done"
    REFUSED = "refused"
    ABANDONED = "abandoned"
    UNATTRIBUTED = "unattributed"


Window = tuple[datetime, datetime]
"""From a time to a later one."""


class RemovalStep(StrEnum):
    """How far taking grants back came."""

    REMOVING = "removing"
    REMOVED = "removed"
    VERIFIED = "verified"
    IN_DOUBT = "in-doubt"


@dataclass(frozen=True)
class Removal:
    """One order to take grants of one list back. `held` is the list as it was right before, at
    `at`, `stamp` its LastModifiedTime; `ended_at` is when they were seen to be gone."""

    order: str
    grants: frozenset[Grant]
    step: RemovalStep
    held: frozenset[Grant]
    at: datetime
    stamp: datetime | None = None
    ended_at: datetime | None = None

    def window(self, bound: timedelta) -> Window:
        """When an edit of somebody else may have been overwritten by it."""
        return self.at - bound, self.ended_at + EVENT_GRAIN if self.ended_at else self.at + bound


_THERE = (ListState.DONE, ListState.UNATTRIBUTED)
_LEAVING = (RemovalStep.REMOVING, RemovalStep.REMOVED)


@dataclass(frozen=True)
class ListWrite:
    """One UpdateSecurityProfile with one list. `grants` are exactly what it adds, `before` the list
    as last read before it. `read_at` is when the first read began on which it rests,
    `first_sent_at` and `sent_at` when it was first and last sent, `ended_at` when it was verified
    or refused. `gone` are those of `grants` that no longer stand: taken back by us, or found lost
    once. `reason` is the class of a refusal, `basis` what that rests on (rules, catalog).
    `unanswered`: the service did not say whether it took what was sent last."""

    kind: GrantKind
    grants: tuple[Grant, ...]
    before: frozenset[Grant] = frozenset()
    state: ListState = ListState.PLANNED
    read_at: datetime | None = None
    first_sent_at: datetime | None = None
    sent_at: datetime | None = None
    ended_at: datetime | None = None
    gone: frozenset[Grant] = frozenset()
    removal: Removal | None = None
    reason: str = ""
    basis: str = ""
    unanswered: bool = False

    @property
    def open(self) -> bool:
        """Whether it is not known yet what becomes of it."""
        return self.state in (ListState.PLANNED, ListState.SENT)

    @property
    def standing(self) -> frozenset[Grant]:
        """The grants that must be in the profile as long as nobody takes them away. What we are
        taking back this moment need not."""
        leaving = self.removal.grants if self.removal and self.removal.step in _LEAVING else ()
        stands = frozenset(self.grants) - self.gone if self.state in _THERE else frozenset()
        return stands.difference(leaving)

    @property
    def sent(self) -> list[tuple[GrantKind, datetime, frozenset[Grant]]]:
        """What was sent to the service, when, and what it left in the list."""
        parts = []
        for at in filter(None, (self.first_sent_at, self.sent_at)):
            parts.append((self.kind, at, self.before | frozenset(self.grants)))
        if self.removal:
            left = self.removal.held - self.removal.grants
            parts.append((self.kind, self.removal.at, left))
        return parts

    def window(self, bound: timedelta) -> Window | None:
        """When an edit of somebody else may have been overwritten by this write: from its first
        read, less the time that reads may be old (`bound`), until it was verified. One that was not
        answered may land a bound later."""
        if self.read_at is None or self.sent_at is None:
            return None
        verified = self.ended_at if self.state in _THERE else None
        last = self.sent_at + bound
        if verified and not self.unanswered:
            last = verified + EVENT_GRAIN
        elif verified:
            last = max(last, verified + EVENT_GRAIN)
        return self.read_at - bound, last


@dataclass(frozen=True)
class ProfileChange:
    """One repair that was begun. `id` is `c-…`, made from the repair's. `attached` are the
    qualifiers of `agent_arn` that the profile was attached to by it, `to_attach` those that it
    still is to be, `detached` those that were taken back or found detached once; `attach_reason` is
    the class of a refusal to attach. `dedicated`: the profile was made by it, and nobody has it
    unless it is attached. `version` counts how often it was saved."""

    id: str
    fix_id: str
    instance_id: str
    profile_id: str
    agent: AgentKey
    items: tuple[RepairItem, ...]
    began_at: datetime
    lists: tuple[ListWrite, ...] = ()
    to_attach: tuple[str, ...] = ()
    attached: tuple[str, ...] = ()
    attached_at: datetime | None = None
    detached: frozenset[str] = frozenset()
    attach_reason: str = ""
    agent_arn: str = ""
    approved_by: str = ""
    dedicated: bool = False
    profile_name: str = ""
    version: int = field(default=0, compare=False)

    @property
    def profile(self) -> str:
        """The profile as people are told of it: its name, where that is known."""
        return clip(self.profile_name) or self.profile_id

    @property
    def open(self) -> bool:
        """Whether a delivery has to go on with it."""
        return bool(self.to_attach) or any(write.open for write in self.lists)

    @property
    def grants(self) -> tuple[Grant, ...]:
        """All that it was to add."""
        return tuple(grant for write in self.lists for grant in write.grants)

    @property
    def standing(self) -> frozenset[Grant]:
        """The grants of all lists that must be in the profile."""
        return frozenset().union(*(write.standing for write in self.lists))

    @property
    def standing_at(self) -> frozenset[str]:
        """The qualifiers that must have the profile."""
        return frozenset(self.attached) - self.detached

    @property
    def verified_at(self) -> datetime | None:
        """When the last of it was seen to be there; None if nothing was, or nobody has it."""
        if self.dedicated and not self.attached:
            return None
        times = [w.ended_at for w in self.lists if w.state in _THERE and w.ended_at]
        return max([*times, *([self.attached_at] if self.attached_at else [])], default=None)

    @property
    def sent_times(self) -> list[datetime]:
        """When it sent something to the service, as far as is on record."""
        times = [time for write in self.lists for time in (write.sent_at, write.ended_at)]
        taken = [write.removal.at for write in self.lists if write.removal]
        return [time for time in (*times, *taken, self.attached_at) if time]

    def part(self, kind: GrantKind) -> ListWrite:
        """Its write of one list."""
        return next(write for write in self.lists if write.kind is kind)

    def with_list(self, write: ListWrite) -> ProfileChange:
        """The change with one of its lists in a new state."""
        lists = tuple(write if old.kind is write.kind else old for old in self.lists)
        return replace(self, lists=lists)

    def without(self, grants: Iterable[Grant], qualifiers: Iterable[str] = ()) -> ProfileChange:
        """The change once these grants and attachments no longer stand."""
        lost = frozenset(grants)
        lists = (replace(w, gone=w.gone | (lost & frozenset(w.grants))) for w in self.lists)
        detached = self.detached | frozenset(qualifiers)
        return replace(self, lists=tuple(lists), detached=detached)


def settling(change: ProfileChange, now: datetime) -> Repair:
    """Asks for nothing but that open changes of the profile are settled."""
    repair_id = short_id("fix", change.id, now.isoformat())
    return Repair(repair_id, change.agent, change.profile_id, change.profile_id, (), now)
