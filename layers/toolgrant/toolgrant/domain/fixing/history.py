"""What is on record of one security profile: our changes and the edits of others. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from toolgrant.domain.causes import Actor
from toolgrant.domain.fixing.ledger import (
    EVENT_GRAIN,
    ListState,
    ListWrite,
    ProfileChange,
    Window,
)
from toolgrant.domain.fixing.repair import Repair
from toolgrant.domain.model import Grant, GrantKind
from toolgrant.domain.records import AgentKey

INFRASTRUCTURE_AS_CODE = ("CloudFormation", "Terraform", "Cloud Control")
"""Ways to call that keep a profile as a file says; each has its line in the texts (`snippet`)."""

_CAP_WINDOW = timedelta(hours=1)
_REFUSAL_LASTS = timedelta(hours=24)


@dataclass(frozen=True)
class ForeignEdit:
    """An UpdateSecurityProfile that is not ours, as its CloudTrail record tells. `lists` are those
    that it replaced, with the grants that it left where the record shows them; None where the
    record names none."""

    event_id: str
    profile_id: str
    at: datetime
    actor: Actor
    lists: Mapping[GrantKind, frozenset[Grant] | None] | None = None

    def touches(self, kind: GrantKind, before: frozenset[Grant] | None = None) -> bool:
        """Whether it may have changed a list, other than to how that was `before`."""
        if self.lists is None:
            return True
        left = self.lists.get(kind)
        return kind in self.lists and (left is None or left != before)

    def meets(self, write: ListWrite) -> bool:
        """Whether one of the two may be lost. What left the list as it was before may have taken
        out what we had sent, if we sent it again later."""
        first = write.first_sent_at
        again = first and first != write.sent_at and self.at + EVENT_GRAIN > first
        return self.touches(write.kind, None if again else write.before)


@dataclass(frozen=True)
class TakenAway:
    """What we gave and that is gone, as breakers name it, since when it was there, and the edit
    that may have removed it."""

    what: str
    change: ProfileChange
    since: datetime
    edit: ForeignEdit | None = None

    @property
    def tool(self) -> str | None:
        """The infrastructure-as-code tool that seems to own the profile; None if nothing points to
        one. A caller's name points to none."""
        via = self.edit.actor.via if self.edit else ""
        return via if via in INFRASTRUCTURE_AS_CODE else None


@dataclass(frozen=True)
class Breaker:
    """Something that is not given again: to no profile of an AI agent, or to a profile for no AI
    agent. `subject` is the id of either, `what` a grant or an attachment as text."""

    subject: str
    what: str
    change_id: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class ProfileHistory:
    """Everything on record of one security profile, changes in the order of their beginning."""

    profile_id: str
    changes: tuple[ProfileChange, ...] = ()
    edits: tuple[ForeignEdit, ...] = ()

    def change(self, change_id: str) -> ProfileChange | None:
        """The change of an id, if it is on record."""
        return next((change for change in self.changes if change.id == change_id), None)

    def changes_since(self, now: datetime) -> int:
        """Changes that were verified within the last hour."""
        times = [change.verified_at for change in self.changes if change.verified_at]
        return sum(now - time < _CAP_WINDOW for time in times)

    def edits_in(self, window: Window | None) -> tuple[ForeignEdit, ...]:
        """Edits of somebody else within a time, which CloudTrail tells in whole seconds."""
        if window is None:
            return ()
        first, last = window
        return tuple(edit for edit in self.edits if first - EVENT_GRAIN < edit.at < last)

    def met(self, write: ListWrite, bound: timedelta) -> tuple[ForeignEdit, ...]:
        """Edits of somebody else that may have met a write: one of the two may be lost."""
        near = self.edits_in(write.window(bound))
        return tuple(edit for edit in near if edit.meets(write))

    def met_removal(self, write: ListWrite, bound: timedelta) -> tuple[ForeignEdit, ...]:
        """Edits of somebody else that may have met the removal of what a write gave."""
        if write.removal is None:
            return ()
        near = self.edits_in(write.removal.window(bound))
        return tuple(edit for edit in near if edit.touches(write.kind, write.removal.held))

    def edits_since(self, time: datetime | None, kind: GrantKind) -> tuple[ForeignEdit, ...]:
        """Edits of one list by somebody else since then, as far as events told; none of never."""
        if time is None:
            return ()
        since = [edit for edit in self.edits if edit.at + EVENT_GRAIN > time]
        return tuple(edit for edit in since if edit.touches(kind))

    def last_edit(self, write: ListWrite) -> ForeignEdit | None:
        """The newest edit of its list since a write, as far as events told."""
        since = self.edits_since(write.read_at, write.kind)
        return max(since, key=lambda edit: edit.at, default=None)

    def wrote(self, edit: ForeignEdit, bound: timedelta) -> bool:
        """Whether a record under our own name tells of a write of ours: of that list at that time,
        with what we left in it as far as the record shows it."""
        lists = edit.lists if edit.lists is not None else dict.fromkeys(GrantKind)
        found = [
            lists[kind] in (None, left)
            for change in self.changes
            for write in change.lists
            for kind, at, left in write.sent
            if kind in lists and at - EVENT_GRAIN < edit.at < at + EVENT_GRAIN + bound
        ]
        return any(found)

    def own_write_at(self, time: datetime) -> bool:
        """Whether a write of ours can have been made at this time, as stamps tell it, perhaps in
        whole seconds."""
        return any(
            sent - EVENT_GRAIN < time < sent + 2 * EVENT_GRAIN
            for change in self.changes
            for sent in change.sent_times
        )

    def refused(self, kind: GrantKind, now: datetime) -> tuple[ListWrite, ...]:
        """Writes of one list that the service refused within 24 hours."""
        return tuple(
            write
            for change in self.changes
            for write in change.lists
            if write.kind is kind
            and write.state is ListState.REFUSED
            and write.ended_at
            and now - write.ended_at < _REFUSAL_LASTS
        )

    def refused_since(self, time: datetime) -> bool:
        """Whether the service refused a write of any list since then."""
        writes = [write for change in self.changes for write in change.lists]
        return any(
            write.state is ListState.REFUSED and write.ended_at and write.ended_at > time
            for write in writes
        )

    def attach_refused(self, agent: AgentKey, now: datetime) -> str:
        """Why the service refused within 24 hours to attach it to an AI agent; empty if not."""
        reasons = [
            change.attach_reason
            for change in self.changes
            if change.agent == agent and now - change.began_at < _REFUSAL_LASTS
        ]
        return next(filter(None, reversed(reasons)), "")

    def fix_of(self, finding_id: str, since: datetime) -> ProfileChange | None:
        """The newest change that was made for a finding and stands, verified since."""
        made = [
            change
            for change in self.changes
            if any(item.finding_id == finding_id for item in change.items)
            and (change.standing or change.standing_at)
            and change.verified_at
            and change.verified_at >= since
        ]
        return made[-1] if made else None


@dataclass(frozen=True)
class Written:
    """A change as it is now, and what of the profile is not as our writes left it.

    `edits` are foreign edits on record that may have met one of its lists, `elsewhere` those inside
    the same time that touched other lists only. `lost` are grants of the lists that we wrote and no
    longer find, `unexpected` those that we did not write; `others` are the lists that we did not
    write and that changed meanwhile.
    """

    change: ProfileChange
    edits: tuple[ForeignEdit, ...] = ()
    elsewhere: tuple[ForeignEdit, ...] = ()
    lost: frozenset[Grant] = frozenset()
    unexpected: frozenset[Grant] = frozenset()
    others: tuple[GrantKind, ...] = ()
    offer: Repair | None = None
    """What may be approved again, where the service refused some of it."""


class Attribution(StrEnum):
    """What is found in a profile under a write that was sent and not answered for."""

    ABSENT = "absent"
    OURS = "ours"
    UNATTRIBUTED = "unattributed"


def attribute(
    write: ListWrite, held: frozenset[Grant], edits: Iterable[ForeignEdit]
) -> Attribution:
    """Whether the grants of a sent write are there, and whether it was us who added them.

    `held` is the list as it is now, `edits` the foreign edits that may have met it. Grants that are
    there in part can only come from somebody else: our write adds all of them at once.
    """
    wanted = frozenset(write.grants)
    if not wanted & held:
        return Attribution.ABSENT
    alone = not tuple(edits) and wanted <= held
    return Attribution.OURS if alone else Attribution.UNATTRIBUTED
