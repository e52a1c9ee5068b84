"""A world of the fakes as an explorer needs it: a service that may answer with old data, a person
who edits, messages that are delivered, die and come again; and everything noted in `Facts`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from tests.explore.facts import Facts, OurWrite, PersonsEdit, Place
from tests.fakes import (
    INSTANCE,
    Crash,
    FakeJournal,
    FakeLedger,
    FakeProfiles,
    FixWorld,
    uuid_of,
)

from toolgrant.adapters.dataclass_json import from_json
from toolgrant.adapters.fix_queue import from_message, to_message
from toolgrant.domain.fixing.ledger import ProfileChange
from toolgrant.domain.fixing.repair import Repair
from toolgrant.domain.model import Grant, GrantKind, SecurityProfile
from toolgrant.domain.profile_lists import PROFILE_LISTS, Entry, granted, with_grants
from toolgrant.domain.requests import UndoRequest
from toolgrant.usecases.deps import Deps
from toolgrant.usecases.writer.delivery import MOST_ATTEMPTS, Delivery, work_off

MOST_DELIVERIES = 60


@dataclass
class Message:
    """A request in the fix queue: when it is visible, and how often it has been delivered."""

    request: Repair | UndoRequest
    due: datetime
    attempt: int = 0
    busy: bool = False


@dataclass(frozen=True)
class Lag:
    """Reads that begin before `until` may be told the profile as it was. `all`: every answer is
    old; else DescribeSecurityProfile is answered by a replica that knows."""

    until: datetime
    profile: SecurityProfile
    modified: dict[tuple[str, GrantKind | None], datetime]
    edits: dict[Place, int]
    all: bool


@cache
def _read(text: str) -> ProfileChange:
    """Values never change, and most of a run's time would go into reading them again."""
    return from_json(ProfileChange, json.loads(text))


class QuickLedger(FakeLedger):
    """Reads each stored form once."""

    def all_changes(self) -> list[ProfileChange]:
        return sorted(map(_read, self.kept.values()), key=lambda one: (one.began_at, one.id))


class SilentJournal(FakeJournal):
    """Keeps nothing: the table and what was told are judged, not the log."""

    def decision(self, record: Mapping[str, Any]) -> None:
        pass

    def note(self, event: str, **fields: object) -> None:
        pass


class LaggingProfiles(FakeProfiles):
    """The reading port of evaluations, which may be told old data too."""

    def __init__(self, account: Account) -> None:
        super().__init__(account.cloud, account.calls)
        self._account = account

    def _profile(self, profile_id: str) -> SecurityProfile:
        lag = self._account.lag_of(profile_id)
        return lag.profile if lag else super()._profile(profile_id)


class Account(FixWorld):
    """Calls of ours pass through `meanwhile` while something is delivered, so that others can act
    before each. `pace`: seconds that one call of Connect or Q in Connect takes. `slow`: our own
    writes are seen late."""

    def __init__(self, pace: float = 0, slow: bool = False, **rules: Any) -> None:
        super().__init__(**rules)
        self.ledger, self.journal = QuickLedger(self.calls), SilentJournal()
        self.pace, self.slow = pace, slow
        self.facts = Facts()
        self.lags: dict[str, Lag] = {}
        self.messages: list[Message] = []
        self.last: Message | None = None
        self.unpublished: list[str] = []
        self.meanwhile: Callable[[str, tuple[Any, ...]], None] | None = None
        self.wait_after_crash = 720.0
        self.quiet = False
        self.calls.on_call = self._on_call

    def deps(self) -> Deps:
        return replace(super().deps(), profiles=LaggingProfiles(self))

    # --- the service

    def lag_of(self, profile_id: str) -> Lag | None:
        lag = self.lags.get(profile_id)
        return lag if lag and self.clock.now() < lag.until else None

    def lagging(self, profile_id: str, every: bool) -> None:
        """From now on answers may show the profile as it is this moment, until a bound is over."""
        if self.lag_of(profile_id):
            return  # they go on showing what is older still
        shown = {p: len(self.facts.edits_of(p)) for p in self._places(profile_id)}
        until = self.clock.now() + self.rules.bound
        profile = self.cloud.profiles[profile_id]
        self.lags[profile_id] = Lag(until, profile, dict(self.modified), shown, every)

    def _places(self, profile_id: str) -> list[Place]:
        return [(profile_id, kind) for kind in GrantKind]

    def listed(self, profile_id: str, kind: GrantKind) -> tuple[Entry, ...]:
        lag, place = self.lag_of(profile_id), (profile_id, kind)
        profile = lag.profile if lag else self.cloud.profiles[profile_id]
        grants = [grant for grant in profile.grants if grant.kind is kind]
        if not self.quiet:
            self.facts.answers[place] = frozenset(grants)
            shown = lag.edits[place] if lag else len(self.facts.edits_of(place))
            self.facts.seen[place] = shown
        return with_grants(kind, (), sorted(grants))

    def stamp_of(self, profile_id: str, kind: GrantKind | None = None) -> datetime | None:
        lag = self.lag_of(profile_id)
        if lag and (kind or lag.all):
            now, self.modified = self.modified, lag.modified
            stamp = super().stamp_of(profile_id, kind)
            self.modified = now
            return stamp
        stamp = super().stamp_of(profile_id, kind)
        if stamp and not self.quiet:
            self._stamped(profile_id, kind)
        return stamp

    def _stamped(self, profile_id: str, kind: GrantKind | None) -> None:
        for edit in self.facts.edits:
            own_list = self.stamps != "per-list" or kind in (None, edit.place[1])
            if edit.place[0] == profile_id and own_list:
                edit.stamped = True

    def set_list(self, profile_id: str, kind: GrantKind, grants: frozenset[Grant]) -> None:
        if self.slow:
            self.lagging(profile_id, every=True)
        super().set_list(profile_id, kind, grants)

    # --- people

    def person(
        self, name: str, add: Sequence[str], remove: Sequence[str], seen: str, told: bool
    ) -> bool:
        """A person edits one list. `seen`: `at-once`, `late`, or `late-lists` where only
        DescribeSecurityProfile knows at once. `told`: the record arrives at once, and what follows
        from it happens; else it waits in `unpublished`. False if it would change nothing."""
        profile_id, held = uuid_of(name), self.cloud.profiles[uuid_of(name)].grants
        added = frozenset(map(Grant.parse, add)) - held
        removed = frozenset(map(Grant.parse, remove)) & held
        if not added | removed:
            return False
        if seen != "at-once":
            self.lagging(profile_id, every=seen == "late")
        kind = next(iter(added | removed)).kind
        self._note_edit(profile_id, kind, added, removed)
        self.edit(name, [*map(str, added)], [*map(str, removed)])
        edit, after = self.facts.edits[-1], self.cloud.profiles[profile_id].grants
        edit.left, edit.late = frozenset(g for g in after if g.kind is kind), not told
        body = self._record(name, kind)
        if told:
            self._in_quiet(lambda: self.happens(body))
        else:
            self.unpublished.append(body)
        return True

    def _note_edit(
        self, profile_id: str, kind: GrantKind, added: frozenset[Grant], removed: frozenset[Grant]
    ) -> None:
        facts, place = self.facts, (profile_id, kind)
        ours = {g for write in facts.writes if write.place[0] == profile_id for g in write.added}
        facts.say(profile_id, added, True)
        for grant in removed:
            facts.wanted.pop((profile_id, grant), None)
            if grant in ours or grant not in self._announced(profile_id):
                facts.say(profile_id, frozenset({grant}), False)
        event = uuid_of(f"edit {len(facts.edits)}")
        edit = PersonsEdit(place, self.clock.now(), added, removed, event)
        edit.unverified = bool(removed & self._unverified(profile_id))
        facts.edits.append(edit)

    def _unverified(self, profile_id: str) -> set[Grant]:
        changes = [c for c in self.ledger.all_changes() if c.profile_id == profile_id]
        return {g for c in changes for w in c.lists if w.state == "sent" for g in w.grants}

    def _record(self, name: str, kind: GrantKind) -> str:
        place = (uuid_of(name), kind)
        grants = [g for g in self.cloud.profiles[uuid_of(name)].grants if g.kind is kind]
        entries = with_grants(kind, (), sorted(grants))
        requests = {
            "InstanceId": INSTANCE,
            "SecurityProfileId": uuid_of(name),
            PROFILE_LISTS[kind]: list(entries),
        }
        event = self.facts.edits_of(place)[-1].event
        return self.profile_event(name, requestParameters=requests, eventID=event)

    def happens(self, *bodies: str) -> None:
        """Records arrive, and the evaluations that follow from them are made."""
        for edit in self.facts.edits:
            edit.recorded = edit.recorded or any(edit.event in body for body in bodies)
        self.queue.put(*bodies)
        self.drain()

    def _in_quiet(self, do: Callable[[], None]) -> None:
        """An evaluation works beside the delivery; it does not go on with what that has read."""
        meanwhile, self.meanwhile, self.quiet = self.meanwhile, None, True
        try:
            do()
        finally:
            self.meanwhile, self.quiet = meanwhile, False

    # --- the fix queue

    def collect(self) -> None:
        """What was sent becomes messages."""
        now = self.clock.now()
        self.messages += [Message(request, now) for request in self.fixes.waiting]
        self.fixes.waiting.clear()

    def heads(self) -> list[Message]:
        """The first message of each group that nobody works on."""
        self.collect()
        first: dict[str, Message] = {}
        for message in self.messages:
            first.setdefault(message.request.group, message)
        return sorted((m for m in first.values() if not m.busy), key=lambda m: m.due)

    def work_all(self) -> None:
        """Deliver until the queue is empty; time passes where nothing is visible."""
        for _ in range(MOST_DELIVERIES):
            heads = self.heads()
            if not heads:
                return
            self.clock.time = max(self.clock.time, heads[0].due)
            self.deliver_fix(heads[0])
        raise AssertionError("the fix queue does not get empty")

    def deliver_fix(self, message: Message) -> None:
        """One delivery; it may die, and then comes back when its time out of sight is over."""
        message.attempt, message.busy = message.attempt + 1, True
        delivery = Delivery(to_message(message.request), message.attempt, "receipt")
        try:
            outcome = work_off(delivery, from_message, self.deps(), self.grant_writer)
            seconds = self.fixes.seconds
        except Crash:
            outcome, seconds = None, self.wait_after_crash
        message.busy, self.last = False, message
        message.due = self.clock.now() + timedelta(seconds=seconds)
        if outcome is not None or message.attempt >= MOST_ATTEMPTS:
            self.messages.remove(message)
        if outcome == "undone":
            self._note_undone(message.request)

    def _note_undone(self, request: Repair | UndoRequest) -> None:
        assert isinstance(request, UndoRequest)
        change = self._change(request.change_id)
        agent = change.agent.ai_agent_id
        self.facts.undone |= {(agent, str(g)) for g in request.grants or change.grants}

    def _change(self, change_id: str) -> ProfileChange:
        return next(c for c in self.ledger.all_changes() if c.id == change_id)

    # --- what is noted of our calls

    def _on_call(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name.startswith(("writer.", "profiles.", "agents.")):
            self.clock.advance(self.pace)
        if self.meanwhile:
            self.meanwhile(name, arguments)
        if name == "ledger.claim":
            self.facts.claimed[arguments[0]] = frozenset(self.ledger.broken)
        if name == "writer.replace":
            self._note_write(*arguments)

    def _announced(self, profile_id: str) -> frozenset[Grant]:
        sent = [r for r in self.fixes.taken if isinstance(r, Repair)]
        return frozenset(g for r in sent if r.profile_id == profile_id for g in r.grants)

    def _note_write(self, profile_id: str, kind: GrantKind, entries: tuple[Entry, ...]) -> None:
        facts, place = self.facts, (profile_id, kind)
        sent, before = granted(kind, entries), facts.answers[place]
        change, undoing = self._on_record(place, before, sent)
        subjects = {profile_id, *([change.agent.ai_agent_id] if change else [])}
        at_claim = facts.claimed.get(change.id, frozenset()) if change else frozenset()
        broken = {what for subject, what in at_claim if subject in subjects}
        added = frozenset(map(str, sent - before))
        facts.writes.append(
            OurWrite(
                place=place,
                at=self.clock.now(),
                rested_on=before,
                sent=sent,
                announced=self._announced(profile_id),
                on_record=change is not None,
                broken=frozenset(broken & added),
                undoing=undoing,
            )
        )
        again = {(a, w) for a, w in facts.undone if change and a == change.agent.ai_agent_id}
        facts.given_after_undo += sorted(what for _, what in again if what in added)
        for edit in facts.edits_of(place)[facts.seen[place] :]:
            edit.blind = edit.blind or not edit.stamped

    def _on_record(
        self, place: Place, before: frozenset[Grant], sent: frozenset[Grant]
    ) -> tuple[ProfileChange | None, bool]:
        """The change that says exactly this write of one list, and whether it takes back."""
        profile_id, kind = place
        for change in self.ledger.all_changes():
            for write in change.lists if change.profile_id == profile_id else ():
                taken = write.removal
                adds = (write.state, write.before) == ("sent", before)
                if write.kind is kind and adds and sent - before == frozenset(write.grants):
                    return change, False
                takes = taken and (taken.step, taken.held) == ("removing", before)
                if write.kind is kind and takes and before - sent == taken.grants:
                    return change, True
        return None, False

    # --- for the explorer

    def fingerprint(self) -> str:
        """Stands for all that outlives a process."""
        ledger, store, facts = self.ledger, self.store, self.facts
        state = (
            self.clock.time,
            sorted((p.id, sorted(map(str, p.grants))) for p in self.cloud.profiles.values()),
            sorted(map(repr, self.modified.items())),
            [ledger.kept, ledger.edits, ledger.broken, ledger.approvals],
            sorted(map(repr, ledger.claims.items())),
            [sorted(map(repr, store.records.items())), store.outbox, store.claims, store.fixes],
            [alert.alert_id for alert in self.notifier.sent],
            [(to_message(m.request), m.due, m.attempt) for m in self.messages],
            [(one.body, one.visible_at) for one in self.queue.waiting],
            [
                (k, lag.until, lag.all, sorted(map(str, lag.profile.grants)))
                for k, lag in sorted(self.lags.items())
            ],
            sorted(map(repr, facts.wanted.items())),
            facts.edits,
            [(w.place, w.added, w.broken) for w in facts.writes],
            self.unpublished,
        )
        return hashlib.sha256(repr(state).encode()).hexdigest()
