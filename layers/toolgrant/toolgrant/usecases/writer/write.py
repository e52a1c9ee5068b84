"""The writes of one change, list by list, bracketed by the change ledger. Values in, values out.

`write` sends each list: on record as sent → read last → written → read back. How it ended goes on
record only after people were told of it, which is the caller's part. Dying at any line is safe: the
next delivery `settle`s what was sent. A list that the service refuses never stops another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from toolgrant.domain.fixing.history import Written
from toolgrant.domain.fixing.ledger import ListState, ListWrite, ProfileChange
from toolgrant.domain.fixing.rules import ProfileFacts
from toolgrant.domain.model import Grant, GrantKind
from toolgrant.domain.profile_lists import granted, with_grants
from toolgrant.errors import (
    REFUSED_FOR_GOOD,
    AccessDenied,
    NotFound,
    PutOff,
    ServiceUnavailable,
    Throttled,
)
from toolgrant.usecases.fix_facts import paused, seconds_to_wait
from toolgrant.usecases.fix_ports import EmergencyStop, Ledger, Listed, ProfileWriter
from toolgrant.usecases.ports import Clock

READ_ATTEMPTS = 5
"""How often the list is read anew because it changed between two reads."""

VERIFY_WAITS = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Seconds between looks at the result: the service may answer with old data for a moment."""

_FRESH_WAITS = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between attempts on something that was made a moment ago: the service may not know it yet
(domain facts, observed)."""


@dataclass(frozen=True)
class GrantWriter:
    """Writes to security profiles. `wait` lets seconds pass; `bound` is how old a read may be."""

    profiles: ProfileWriter
    ledger: Ledger
    stop: EmergencyStop
    clock: Clock
    wait: Callable[[float], None]
    bound: timedelta = field(default=timedelta(seconds=60))

    def write(self, change: ProfileChange, fresh: bool, basis: str) -> Written:
        """Send every list of a change that is planned, then attach the profile where it is to be.
        `fresh`: something it names is so new that a refusal may pass. Raises PutOff, Throttled,
        ServiceUnavailable; what was sent is then on record."""
        planned = [write.kind for write in change.lists if write.state is ListState.PLANNED]
        kept = set(GrantKind) - {write.kind for write in change.lists} if planned else ()
        others = {kind: self.held(change, kind) for kind in sorted(kept)}
        lost: frozenset[Grant] = frozenset()
        unexpected: frozenset[Grant] = frozenset()
        for kind in planned:
            change, held = self._list(change, kind, fresh, basis)
            write = change.part(kind)
            fresh = fresh and write.state is not ListState.REFUSED  # waited for once
            if write.state is ListState.DONE:
                expected = write.before | frozenset(write.grants)
                lost, unexpected = lost | (expected - held), unexpected | (held - expected)
        change = self._attached(change, fresh)
        # What else came is nobody's loss; what went may be ours to answer for.
        changed = [kind for kind, grants in others.items() if grants - self.held(change, kind)]
        return replace(
            self.compared(change), lost=lost, unexpected=unexpected, others=tuple(changed)
        )

    def compared(self, change: ProfileChange) -> Written:
        """A change with the foreign edits on record that may have met it."""
        history = self.ledger.history(change.profile_id)
        met = [edit for write in change.lists for edit in history.met(write, self.bound)]
        near = [e for w in change.lists for e in history.edits_in(w.window(self.bound))]
        elsewhere = tuple(edit for edit in history.edits if edit in near and edit not in met)
        return Written(change, tuple(edit for edit in history.edits if edit in met), elsewhere)

    def wait_for_others(self, profile: ProfileFacts) -> None:
        """Raises PutOff while somebody has just changed the profile: what was read may be older."""
        seconds = seconds_to_wait(profile, self.clock.now(), self.bound)
        if seconds:
            raise PutOff("somebody else has just changed the security profile", seconds)

    def _list(
        self, change: ProfileChange, kind: GrantKind, fresh: bool, basis: str
    ) -> tuple[ProfileChange, frozenset[Grant]]:
        """One list, sent and read back. A refusal is tried again for a while where it may pass."""
        for seconds in (*(_FRESH_WAITS if fresh else ()), None):
            change, refusal = self._sent(change, kind)
            if refusal is None:
                break
            if seconds is None:
                return self._refused(change, kind, refusal, basis), frozenset()
            self.wait(seconds)
        write = change.part(kind)
        if write.state is not ListState.SENT:
            return change, write.before
        held = self._read_back(change, write)
        ended = replace(write, state=ListState.DONE, ended_at=self.clock.now())
        return change.with_list(ended), held

    def _sent(self, change: ProfileChange, kind: GrantKind) -> tuple[ProfileChange, str | None]:
        """Read the list, put it on record, read it last, and send it. Returns the refusal of the
        service, if it gave one."""
        for _ in range(READ_ATTEMPTS):
            self._go_on()
            began, first = self.clock.now(), self._listed(change, kind)
            intent = self._intent(change.part(kind), granted(kind, first.entries), began)
            if intent.state is ListState.ABANDONED:
                return change.with_list(intent), None
            sent = self._save(change.with_list(intent))
            last = self._listed(change, kind)
            if last.entries == first.entries:
                return self._replace(sent, change, kind, last)
            change = self._save(sent.with_list(change.part(kind)))
            self._disagree(last)
        raise PutOff(f"security profile {change.profile_id}: others keep writing", 5)

    def _go_on(self) -> None:
        """Raises PutOff where writing was stopped meanwhile, or that cannot be read."""
        if paused(self.ledger, self.stop) is not False:
            raise PutOff("writing was paused", 5)

    def _intent(self, write: ListWrite, held: frozenset[Grant], began: datetime) -> ListWrite:
        """What is about to be sent. Grants that somebody else added meanwhile are not claimed."""
        now = self.clock.now()
        missing = tuple(grant for grant in write.grants if grant not in held)
        if not missing:
            return replace(write, state=ListState.ABANDONED, before=held, ended_at=now)
        return replace(
            write,
            grants=missing,
            before=held,
            read_at=write.read_at or began,
            first_sent_at=write.first_sent_at or now,
            sent_at=now,
            state=ListState.SENT,
        )

    def _replace(
        self, sent: ProfileChange, before: ProfileChange, kind: GrantKind, last: Listed
    ) -> tuple[ProfileChange, str | None]:
        entries = with_grants(kind, last.entries, sent.part(kind).grants)
        try:
            self.profiles.replace(sent.instance_id, sent.profile_id, kind, entries)
        except Throttled:  # refused before it did anything
            self._save(sent.with_list(before.part(kind)))
            raise
        except REFUSED_FOR_GOOD as error:
            return sent, type(error).__name__
        return sent, None

    def _disagree(self, last: Listed) -> None:
        """Two reads differ: while the newest is young, one of them may still be old."""
        if last.stamp:
            left = last.stamp + self.bound - self.clock.now()
            if timedelta() < left <= self.bound:
                raise PutOff("the service gives different answers", left.total_seconds())

    def _refused(
        self, change: ProfileChange, kind: GrantKind, reason: str, basis: str
    ) -> ProfileChange:
        """The service said no for good: what that write left behind, which should be nothing."""
        write, now = change.part(kind), self.clock.now()
        try:
            held = self.held(change, kind)
        except NotFound:
            held = frozenset()
        state = ListState.REFUSED
        if held & frozenset(write.grants):
            state = ListState.UNATTRIBUTED
        ended = replace(write, state=state, ended_at=now, reason=reason, basis=basis)
        return change.with_list(ended)

    def _attached(self, change: ProfileChange, fresh: bool) -> ProfileChange:
        """The profile attached to every qualifier that it still is to be attached to."""
        for qualifier in change.to_attach:
            try:
                self._attach(change, qualifier, fresh)
            except REFUSED_FOR_GOOD as error:
                return replace(change, to_attach=(), attach_reason=type(error).__name__)
            left = tuple(name for name in change.to_attach if name != qualifier)
            now, attached = self.clock.now(), (*change.attached, qualifier)
            change = replace(change, to_attach=left, attached=attached, attached_at=now)
        return change

    def _attach(self, change: ProfileChange, qualifier: str, fresh: bool) -> None:
        """Just after its creation a profile may not be found yet (domain facts, observed), and IAM
        may not know its tags yet [inferred]."""
        passing = (NotFound, AccessDenied) if fresh else NotFound
        arn = f"{change.agent_arn}:{qualifier}"
        for seconds in _FRESH_WAITS if fresh else VERIFY_WAITS:
            try:
                self.profiles.attach(change.instance_id, change.profile_id, arn)
                return
            except passing:
                self.wait(seconds)
        self.profiles.attach(change.instance_id, change.profile_id, arn)

    def _read_back(self, change: ProfileChange, write: ListWrite) -> frozenset[Grant]:
        """The list, once it is as it was written. Raises ServiceUnavailable."""
        for seconds in (0.0, *VERIFY_WAITS):
            if seconds:
                self.wait(seconds)
            if (held := self.held(change, write.kind)).issuperset(write.grants):
                return held
        raise ServiceUnavailable(f"change {change.id}: not to be seen in the profile yet")

    def held(self, change: ProfileChange, kind: GrantKind) -> frozenset[Grant]:
        """The grants of one list of the profile, as the service tells now. Raises NotFound."""
        return granted(kind, self._listed(change, kind).entries)

    def _listed(self, change: ProfileChange, kind: GrantKind) -> Listed:
        return self.profiles.listed(change.instance_id, change.profile_id, kind)

    def _save(self, change: ProfileChange) -> ProfileChange:
        return self.ledger.save(change)
