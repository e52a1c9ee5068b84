"""One write to one list of one security profile, bracketed by the change ledger.

intent on record → policy asked again → the list read last → written → read back → done. Dying at
any line is safe: the next delivery finds the open intent and `settle`s it first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from toolgrant.domain.fixing.ledger import (
    Attribution,
    ChangeState,
    ForeignEdit,
    ProfileChange,
    ProfileHistory,
    Written,
    attribute,
)
from toolgrant.domain.model import Grant, GrantKind
from toolgrant.domain.profile_lists import Entry, granted, with_grants, without_grants
from toolgrant.errors import Conflict, EditedProfile, NotFound, ServiceUnavailable
from toolgrant.usecases.ports import Clock, Ledger, ProfileWriter

READ_ATTEMPTS = 5
"""How often the list is read anew because somebody else changed it between two reads."""

VERIFY_WAITS = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Seconds between looks at the result: the service may answer with old data for a moment."""

Lists = Mapping[GrantKind, frozenset[Grant]]

FORGET_INTENT = timedelta(minutes=15)
"""When the absence of what an intent would have added proves that it was never written."""


Tell = Callable[[Written], None]


@dataclass(frozen=True)
class GrantWriter:
    """Writes to security profiles, each write bracketed by the ledger. `wait` lets seconds pass.

    `tell` is called with everything that ended, before its end is on record: dying in between tells
    twice, never not at all.
    """

    profiles: ProfileWriter
    ledger: Ledger
    clock: Clock
    wait: Callable[[float], None]

    def settle(self, change: ProfileChange, history: ProfileHistory, tell: Tell) -> ProfileChange:
        """What became of an open intent that an earlier delivery left, in its new state.

        DONE: it was our write. UNATTRIBUTED: its grants are there, and it cannot be said who added
        them. INTENT: nothing was written yet, as far as can be seen; ABANDONED: nor will it be.
        """
        now = self.clock.now()
        try:
            held = self._list(change)
        except NotFound:  # the profile was deleted, and what we added with it
            return self._save(replace(change, state=ChangeState.ABANDONED))
        edits = _about(change.kind, history.edits_within(change, now))
        match attribute(change, held, edits):
            case Attribution.OURS:
                return self._end(Written(_ended(change, ChangeState.DONE, now)), tell)
            case Attribution.UNATTRIBUTED:
                ended = _ended(change, ChangeState.UNATTRIBUTED, now)
                return self._end(Written(ended, edits), tell)
        if now - change.began_at > FORGET_INTENT:
            return self._save(replace(change, state=ChangeState.ABANDONED))
        return change

    def write(self, change: ProfileChange, allowed: Callable[[], bool], tell: Tell) -> bool:
        """Add the grants of `change` that are missing. False: nothing is missing, or `allowed`,
        asked after the intent is on record, says no more. Raises Conflict, ServiceUnavailable.

        An open intent passed as `change` keeps its `began_at`: if its write did happen and is not
        to be seen yet, all edits since then are in doubt.
        """
        others = {kind: self._list(change, kind) for kind in GrantKind if kind is not change.kind}
        intent, entries = self._intent(change)
        if intent.grants and not allowed():
            self._save(replace(intent, state=ChangeState.ABANDONED))
            return False
        for _ in range(READ_ATTEMPTS):
            if not intent.grants:
                return False
            last = self._entries(change)
            if last == entries:
                self._replace(intent, with_grants(intent.kind, last, intent.grants))
                self._verify(intent, others, tell)
                return True
            intent, entries = self._intent(change)
        raise Conflict(f"security profile {change.profile_id}: others keep writing")

    def take_back(self, change: ProfileChange, grants: frozenset[Grant]) -> ProfileChange:
        """Remove grants that `change` added, and nothing else. Raises EditedProfile (one of them is
        gone already), Conflict (others keep writing), ServiceUnavailable."""
        resumed = grants <= change.undoing
        change = self._save(replace(change, undoing=change.undoing | grants))
        for _ in range(READ_ATTEMPTS):
            entries, last = self._entries(change), self._entries(change)
            held = granted(change.kind, last) & grants
            if not held and resumed:
                break
            if held != grants and not resumed:
                self._save(replace(change, undoing=change.undoing - grants))
                raise EditedProfile(f"change {change.id}: the profile is not as toolgrant left it")
            if last == entries:
                self._replace(change, without_grants(change.kind, last, held))
                self._read_back(change, held.isdisjoint)
                break
        else:
            raise Conflict(f"security profile {change.profile_id}: others keep writing")
        return self._save(_taken_back(change, grants))

    def _intent(self, change: ProfileChange) -> tuple[ProfileChange, tuple[Entry, ...]]:
        """The intent as it is on record before the last read, and the list it is about. Without
        grants where somebody else granted everything: then there is no change of ours."""
        entries = self._entries(change)
        held = granted(change.kind, entries)
        missing = tuple(grant for grant in change.grants if grant not in held)
        state = ChangeState.INTENT if missing else ChangeState.ABANDONED
        intent = replace(change, grants=missing or change.grants, before=held, state=state)
        self._save(intent)
        return replace(intent, grants=missing), entries

    def _verify(self, change: ProfileChange, others: Lists, tell: Tell) -> None:
        held = self._read_back(change, lambda held: held.issuperset(change.grants))
        self._end(self._compared(change, held, others), tell)

    def _read_back(
        self, change: ProfileChange, settled: Callable[[frozenset[Grant]], bool]
    ) -> frozenset[Grant]:
        """The list, once it is as it was written. Raises ServiceUnavailable."""
        for seconds in (0.0, *VERIFY_WAITS):
            if seconds:
                self.wait(seconds)
            if settled(held := self._list(change)):
                return held
        raise ServiceUnavailable(f"change {change.id}: not to be seen in the profile yet")

    def _compared(self, change: ProfileChange, held: frozenset[Grant], others: Lists) -> Written:
        """The whole profile, against what our write should have left."""
        changed = [kind for kind, grants in others.items() if self._list(change, kind) != grants]
        now, expected = self.clock.now(), change.before | frozenset(change.grants)
        return Written(
            _ended(change, ChangeState.DONE, now),
            self.ledger.history(change.profile_id).edits_within(change, now),
            lost=expected - held,
            unexpected=held - expected,
            others=tuple(changed),
        )

    def _end(self, written: Written, tell: Tell) -> ProfileChange:
        tell(written)
        return self._save(written.change)

    def _list(self, change: ProfileChange, kind: GrantKind | None = None) -> frozenset[Grant]:
        return granted(kind or change.kind, self._entries(change, kind))

    def _entries(self, change: ProfileChange, kind: GrantKind | None = None) -> tuple[Entry, ...]:
        return self.profiles.entries(change.instance_id, change.profile_id, kind or change.kind)

    def _replace(self, change: ProfileChange, entries: Sequence[Entry]) -> None:
        self.profiles.replace(change.instance_id, change.profile_id, change.kind, entries)

    def _save(self, change: ProfileChange) -> ProfileChange:
        self.ledger.save(change)
        return change


def _taken_back(change: ProfileChange, grants: frozenset[Grant]) -> ProfileChange:
    undone = change.undone | grants
    whole = undone.issuperset(change.grants)
    state = ChangeState.UNDONE if whole else change.state
    return replace(change, undone=undone, undoing=change.undoing - grants, state=state)


def _ended(change: ProfileChange, state: ChangeState, now: datetime) -> ProfileChange:
    return replace(change, state=state, verified_at=now)


def _about(kind: GrantKind, edits: Sequence[ForeignEdit]) -> tuple[ForeignEdit, ...]:
    """Edits that replaced the list, or may have."""
    return tuple(edit for edit in edits if edit.kinds is None or kind in edit.kinds)
