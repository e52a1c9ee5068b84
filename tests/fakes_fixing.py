"""Fakes of the ports that fixing needs, and a world in which toolgrant may write.

The ledger keeps its stored form; the fix queue hands out one message per security profile at a
time, in order, as a FIFO queue does, and takes one request for one for five minutes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tests.fakes import INSTANCE, Calls, Cloud, FakeClock, World, uuid_of

from toolgrant.adapters.dynamodb import ledger_items
from toolgrant.domain.fixing.ledger import ForeignEdit, ProfileChange, ProfileHistory
from toolgrant.domain.fixing.proposal import Proposal
from toolgrant.domain.fixing.rules import FixRules, Mode
from toolgrant.domain.model import Grant, GrantKind
from toolgrant.domain.profile_lists import Entry, granted, with_grants
from toolgrant.domain.records import SweepProgress
from toolgrant.domain.requests import FixRequest, Order, UndoRequest
from toolgrant.errors import Conflict, NotFound
from toolgrant.usecases.deps import Deps, FixPorts
from toolgrant.usecases.orders import OrderPorts, operate
from toolgrant.usecases.ports import DescribedProfile
from toolgrant.usecases.writer.remediate import remediate
from toolgrant.usecases.writer.undo import undo
from toolgrant.usecases.writer.write import GrantWriter

OPT_IN = {"toolgrant:auto-fix": "true"}
DEDUPLICATION = timedelta(minutes=5)


@dataclass
class Holder:
    """What a profile has beside its grants."""

    type: str = "CUSTOMER_MANAGED"
    tags: dict[str, str] = field(default_factory=lambda: dict(OPT_IN))
    people: int = 0


class FakeWriter:
    """`ProfileWriter` over the cloud of the fakes. `stale` answers from before the last writes."""

    def __init__(self, cloud: Cloud, calls: Calls, world: FixWorld) -> None:
        self._cloud, self._calls, self._world = cloud, calls, world

    def describe(self, instance_id: str, profile_id: str) -> DescribedProfile:
        assert instance_id == INSTANCE
        with self._calls.made("writer.describe", profile_id):
            holder = self._world.holders[profile_id]
            name = self._cloud.profiles[profile_id].name
            return DescribedProfile(name, holder.type, dict(holder.tags))

    def people(self, instance_id: str, profile_id: str) -> int:
        assert instance_id == INSTANCE
        with self._calls.made("writer.people", profile_id):
            return self._world.holders[profile_id].people

    def entries(self, instance_id: str, profile_id: str, kind: GrantKind) -> tuple[Entry, ...]:
        assert instance_id == INSTANCE
        with self._calls.made("writer.entries", profile_id, kind):
            if profile_id not in self._cloud.profiles:
                raise NotFound("connect: ResourceNotFoundException")
            return self._world.listed(profile_id, kind)

    def replace(
        self, instance_id: str, profile_id: str, kind: GrantKind, entries: Sequence[Entry]
    ) -> None:
        assert instance_id == INSTANCE
        with self._calls.made("writer.replace", profile_id, kind, tuple(entries)):
            self._world.set_list(profile_id, kind, granted(kind, entries))
            self._world.writes += 1

    def attach(self, instance_id: str, profile_id: str, qualified_arn: str) -> None:
        assert instance_id == INSTANCE
        with self._calls.made("writer.attach", profile_id, qualified_arn):
            held = self._cloud.attached.get(qualified_arn, ())
            self._cloud.attached[qualified_arn] = tuple(dict.fromkeys((*held, profile_id)))

    def create(self, proposal: Proposal) -> str:
        with self._calls.made("writer.create", proposal.name):
            if any(one.name == proposal.name for one in self._cloud.profiles.values()):
                raise Conflict("connect create_security_profile: DuplicateResourceException")
            return self._world.profile(
                proposal.name, *map(str, proposal.grants), tags=dict(proposal.tags)
            )

    def named(self, instance_id: str, name: str) -> str | None:
        assert instance_id == INSTANCE
        with self._calls.made("writer.named", name):
            return next((k for k, one in self._cloud.profiles.items() if one.name == name), None)


class FakeLedger:
    """Keeps changes and edits as the table does."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.changes: dict[str, str] = {}
        self.edits: dict[tuple[str, str], str] = {}
        self.broken: dict[tuple[str, Grant], str] = {}
        self.mutes: dict[str, datetime | None] = {}
        self.stopped = False
        self.attachments: dict[tuple[str, str], datetime] = {}

    def history(self, profile_id: str) -> ProfileHistory:
        with self.calls.made("ledger.history", profile_id):
            changes = [
                ledger_items.change_from_item(key, json.loads(item))
                for key, item in self.changes.items()
            ]
            mine = [change for change in changes if change.profile_id == profile_id]
            return ProfileHistory(
                profile_id,
                tuple(sorted(mine, key=lambda change: (change.began_at, change.id))),
                tuple(
                    ledger_items.edit_from_item(profile_id, event_id, json.loads(item))
                    for (one, event_id), item in self.edits.items()
                    if one == profile_id
                ),
                frozenset(grant for one, grant in self.broken if one == profile_id),
                {
                    finding: at
                    for (one, finding), at in self.attachments.items()
                    if one == profile_id
                },
            )

    def save(self, change: ProfileChange) -> None:
        with self.calls.made("ledger.save", change):
            self.changes[change.id] = json.dumps(ledger_items.change_to_item(change))

    def remember(self, edit: ForeignEdit) -> None:
        with self.calls.made("ledger.remember", edit):
            item = json.dumps(ledger_items.edit_to_item(edit))
            self.edits[edit.profile_id, edit.event_id] = item

    def open_breaker(self, profile_id: str, grant: Grant, reason: str, at: datetime) -> None:
        with self.calls.made("ledger.open_breaker", profile_id, grant, at):
            self.broken[profile_id, grant] = reason

    def close_breaker(self, profile_id: str, grant: Grant) -> None:
        with self.calls.made("ledger.close_breaker", profile_id, grant):
            self.broken.pop((profile_id, grant), None)

    def record_attachment(self, profile_id: str, finding_id: str, at: datetime) -> None:
        with self.calls.made("ledger.record_attachment", profile_id, finding_id):
            self.attachments[profile_id, finding_id] = at

    def muted(self, now: datetime) -> frozenset[str]:
        with self.calls.made("ledger.muted"):
            return frozenset(k for k, until in self.mutes.items() if not until or until > now)

    def mute(self, target: str, until: datetime | None) -> None:
        with self.calls.made("ledger.mute", target):
            self.mutes[target] = until

    def unmute(self, target: str) -> None:
        with self.calls.made("ledger.unmute", target):
            self.mutes.pop(target, None)

    def paused(self) -> bool:
        with self.calls.made("ledger.paused"):
            return self.stopped

    def pause(self, paused: bool, by: str, at: datetime) -> None:
        with self.calls.made("ledger.pause", paused, by, at):
            self.stopped = paused


class FakeFixQueue:
    def __init__(self, clock: FakeClock, calls: Calls) -> None:
        self.clock, self.calls = clock, calls
        self.waiting: list[FixRequest | UndoRequest] = []
        self.taken: dict[FixRequest | UndoRequest, datetime] = {}

    def send(self, request: FixRequest | UndoRequest) -> None:
        with self.calls.made("fixes.send", request):
            sent = self.taken.get(request)
            if sent is None or self.clock.now() - sent > DEDUPLICATION:
                self.taken[request] = self.clock.now()
                self.waiting.append(request)


@dataclass
class FakeStop:
    answer: bool | None = False

    def pulled(self) -> bool | None:
        return self.answer


class FixWorld(World):
    """A world in mode `fix` (or `approve`), in which a full sweep has just finished."""

    def __init__(self, mode: Mode = Mode.FIX, **rules: Any) -> None:
        super().__init__()
        self.rules = FixRules(mode=mode, stack="this-stack", **rules)
        self.holders: dict[str, Holder] = {}
        self.writes = 0
        self.stale: dict[tuple[str, GrantKind], list[frozenset[Grant]]] = {}
        self.ledger = FakeLedger(self.calls)
        self.fixes = FakeFixQueue(self.clock, self.calls)
        self.stop = FakeStop()
        self.writer = FakeWriter(self.cloud, self.calls, self)
        self.store.progress = SweepProgress(self.clock.now(), finished_at=self.clock.now())

    # --- the account

    def profile(self, name: str, *grants: str, **holder: Any) -> str:
        profile_id = super().profile(name, *grants)
        self.holders[profile_id] = Holder(**holder)
        return profile_id

    def grants(self, name: str) -> frozenset[str]:
        """What a profile grants now, as text."""
        return frozenset(map(str, self.cloud.profiles[uuid_of(name)].grants))

    def listed(self, profile_id: str, kind: GrantKind) -> tuple[Entry, ...]:
        """One list as the service answers it this time."""
        old = self.stale.get((profile_id, kind))
        grants = old.pop(0) if old else self.cloud.profiles[profile_id].grants
        return with_grants(kind, (), [grant for grant in grants if grant.kind is kind])

    def set_list(self, profile_id: str, kind: GrantKind, grants: frozenset[Grant]) -> None:
        """Replace one list, as UpdateSecurityProfile does."""
        profile = self.cloud.profiles[profile_id]
        others = frozenset(grant for grant in profile.grants if grant.kind is not kind)
        self.cloud.profiles[profile_id] = replace(profile, grants=others | grants)

    def edit(self, name: str, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """Somebody changes a profile, grant by grant."""
        profile = self.cloud.profiles[uuid_of(name)]
        grants = profile.grants | {Grant.parse(one) for one in add}
        grants -= {Grant.parse(one) for one in remove}
        self.cloud.profiles[uuid_of(name)] = replace(profile, grants=grants)

    # --- what happens

    @property
    def fixing(self) -> FixPorts:
        return FixPorts(self.writer, self.ledger, self.fixes, self.stop, self.rules, "writer")

    def deps(self) -> Deps:
        return replace(super().deps(), fixing=self.fixing)

    @property
    def grant_writer(self) -> GrantWriter:
        return GrantWriter(self.writer, self.ledger, self.clock, self.clock.advance)

    def work(self, request: FixRequest | UndoRequest) -> str:
        """One delivery to the writer."""
        if isinstance(request, UndoRequest):
            return undo(request, self.deps(), self.grant_writer)
        return remediate(request, self.deps(), self.grant_writer)

    def fix(self, rounds: int = 20) -> list[str]:
        """Work off the fix queue; the outcomes."""
        outcomes = []
        for _ in range(rounds):
            if not self.fixes.waiting:
                return outcomes
            outcomes.append(self.work(self.fixes.waiting[0]))
            self.fixes.waiting.pop(0)
        raise AssertionError("the fix queue does not get empty")

    def look_and_fix(self, agent: str = "agent") -> list[str]:
        """An event comes in, and all that follows from it happens."""
        self.look(agent)
        return self.fix()

    def operate(self, action: str, target: str = "", **fields: Any) -> list[str]:
        """An operator's order."""
        ports = OrderPorts(self.store, self.ledger, self.fixes, self.journal, self.clock)
        return operate(Order(action, target, fields.pop("by", "ann"), **fields), ports)

    def before(self, name: str, do: Callable[[], None], nth: int = 1) -> None:
        """Do something right before the nth call of a name, once."""
        left = [nth]

        def hook(called: str, _: tuple[Any, ...]) -> None:
            if called == name:
                left[0] -= 1
                if left[0] == 0:
                    do()

        self.calls.on_call = hook

    @property
    def change_ids(self) -> list[str]:
        return list(self.ledger.changes)


__all__ = ["INSTANCE", "FakeLedger", "FakeWriter", "FixWorld", "Holder"]
