"""The change ledger: every write of ours, what others did to the same profile, and what follows.

Values and rules, pure. A change is bracketed: its intent is on record before the write, `DONE` only
after the grants were read back. What is found between the two is judged by `attribute`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from toolgrant.domain.causes import Actor
from toolgrant.domain.model import Grant, GrantKind
from toolgrant.domain.records import AgentKey

EVENT_GRAIN = timedelta(seconds=1)
"""CloudTrail cuts eventTime to whole seconds."""

CAP_WINDOW = timedelta(hours=1)


class ChangeState(StrEnum):
    """Where a change is in its life."""

    INTENT = "intent"
    DONE = "done"
    ABANDONED = "abandoned"
    UNATTRIBUTED = "unattributed"
    UNDONE = "undone"


@dataclass(frozen=True)
class ProfileChange:
    """One write of ours to one list of one security profile.

    `grants` are exactly what it adds, `before` the grants of the list as last read before it (all
    of `grants` absent). `began_at` is when that read started, `verified_at` when the grants were
    seen in the profile. `undone` are those of `grants` that an operator took back, `undoing` those
    whose removal has begun.
    """

    id: str
    instance_id: str
    profile_id: str
    agent: AgentKey
    finding_id: str
    kind: GrantKind
    grants: tuple[Grant, ...]
    began_at: datetime
    before: frozenset[Grant] = frozenset()
    state: ChangeState = ChangeState.INTENT
    verified_at: datetime | None = None
    undone: frozenset[Grant] = frozenset()
    undoing: frozenset[Grant] = frozenset()
    approved_by: str = ""

    @property
    def standing(self) -> frozenset[Grant]:
        """The grants that must be in the profile as long as nobody takes them away."""
        if self.state is not ChangeState.DONE:
            return frozenset()
        return frozenset(self.grants) - self.undone - self.undoing


@dataclass(frozen=True)
class ForeignEdit:
    """An UpdateSecurityProfile of somebody else, as its CloudTrail record tells. `kinds` are the
    lists that it replaced; None where the record does not say."""

    event_id: str
    profile_id: str
    at: datetime
    actor: Actor
    kinds: frozenset[GrantKind] | None = None


@dataclass(frozen=True)
class TakenAway:
    """A grant that we added and that is gone, and the edit that may have removed it."""

    grant: Grant
    change: ProfileChange
    edit: ForeignEdit | None = None

    @property
    def tool(self) -> str | None:
        """The infrastructure-as-code tool that seems to own the profile: `CloudFormation` or
        `Terraform`; None if nothing points to one."""
        if self.edit is None:
            return None
        if self.edit.actor.via == "CloudFormation":
            return "CloudFormation"
        return "Terraform" if "terraform" in self.edit.actor.name.lower() else None


@dataclass(frozen=True)
class ProfileHistory:
    """Everything on record of one security profile."""

    profile_id: str
    changes: tuple[ProfileChange, ...] = ()
    edits: tuple[ForeignEdit, ...] = ()
    broken: frozenset[Grant] = frozenset()
    attached: Mapping[str, datetime] = field(default_factory=dict)
    """Finding id → when we attached the profile because of it."""

    def change(self, change_id: str) -> ProfileChange | None:
        """The change of an id, if it is on record."""
        return next((change for change in self.changes if change.id == change_id), None)

    def changes_since(self, now: datetime) -> int:
        """Writes that were verified within the last hour."""
        times = [change.verified_at for change in self.changes if change.verified_at]
        return sum(now - time < CAP_WINDOW for time in times)

    def edits_within(self, change: ProfileChange, until: datetime) -> tuple[ForeignEdit, ...]:
        """Foreign edits that may have happened between the read before a change and `until`, the
        last read after it."""
        first, last = change.began_at - EVENT_GRAIN, until + EVENT_GRAIN
        return tuple(edit for edit in self.edits if first < edit.at < last)

    def taken_away(self, missing: Iterable[Grant], before: datetime) -> tuple[TakenAway, ...]:
        """Of grants that the profile lacks: those that we added and did not take back, verified
        before that time, whose breaker is not open yet."""
        ours = {
            grant: change
            for change in self.changes
            if change.verified_at and change.verified_at < before
            for grant in change.standing
        }
        gone = sorted(ours.keys() & set(missing) - self.broken)
        return tuple(TakenAway(grant, ours[grant], self._last_edit(ours[grant])) for grant in gone)

    def _last_edit(self, change: ProfileChange) -> ForeignEdit | None:
        """The newest foreign edit of its list since a change, as far as events told."""
        since = [
            edit
            for edit in self.edits
            if edit.at + EVENT_GRAIN > change.began_at
            and (edit.kinds is None or change.kind in edit.kinds)
        ]
        return max(since, key=lambda edit: edit.at, default=None)

    def fix_of(self, grants: Iterable[Grant], since: datetime) -> ProfileChange | None:
        """The newest change that still stands, added one of these grants and was verified since."""
        wanted = frozenset(grants)
        made = [
            change
            for change in self.changes
            if change.standing & wanted and change.verified_at and change.verified_at >= since
        ]
        return made[-1] if made else None


@dataclass(frozen=True)
class Written:
    """An ended change, and what of the profile is not as our write left it.

    `edits` are foreign edits on record inside the window. `lost` are grants of the list that we
    wrote and no longer find, `unexpected` those that we did not write; `others` are the lists that
    we did not write and that changed meanwhile.
    """

    change: ProfileChange
    edits: tuple[ForeignEdit, ...] = ()
    lost: frozenset[Grant] = frozenset()
    unexpected: frozenset[Grant] = frozenset()
    others: tuple[GrantKind, ...] = ()


class Attribution(StrEnum):
    """What is found in a profile under an open intent."""

    ABSENT = "absent"
    OURS = "ours"
    UNATTRIBUTED = "unattributed"


def attribute(
    change: ProfileChange, held: frozenset[Grant], edits: Iterable[ForeignEdit]
) -> Attribution:
    """Whether the grants of an open intent are there, and whether it was us who added them.

    `held` is the list as it is now, `edits` are the foreign edits since the intent. Grants that are
    there in part can only come from somebody else: our write adds all of them at once.
    """
    present = frozenset(change.grants) & held
    if not present:
        return Attribution.ABSENT
    alone = not tuple(edits) and not present & change.before
    return (
        Attribution.OURS
        if alone and len(present) == len(change.grants)
        else Attribution.UNATTRIBUTED
    )


def change_id(profile_id: str, fix_id: str, kind: GrantKind) -> str:
    """`<profile id>-<12 hex digits>`: the id names its profile, and is the same for every delivery
    of one fix."""
    digest = hashlib.sha256(f"{profile_id}\x1f{fix_id}\x1f{kind}".encode()).hexdigest()
    return f"{profile_id}-{digest[:12]}"


def profile_of(change_id: str) -> str:
    """The profile that a change id names."""
    return change_id.rpartition("-")[0]
