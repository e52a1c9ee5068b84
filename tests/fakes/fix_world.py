"""A world in which toolgrant may write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.fakes.cloud import uuid_of
from tests.fakes.world import World
from tests.fakes.writer import FakeFixQueue, FakeLedger, FakeStop, FakeWriter, Holder

from toolgrant.adapters.fix_queue import from_message, to_message
from toolgrant.domain.fixing.repair import Repair
from toolgrant.domain.fixing.rules import FixRules, Mode
from toolgrant.domain.model import (
    Grant,
    GrantKind,
)
from toolgrant.domain.profile_lists import Entry, with_grants
from toolgrant.domain.records import SweepProgress
from toolgrant.domain.requests import Order, UndoRequest
from toolgrant.usecases.deps import Deps, FixPorts
from toolgrant.usecases.orders import operate
from toolgrant.usecases.writer.delivery import MOST_ATTEMPTS, Delivery, work_off
from toolgrant.usecases.writer.remediate import remediate
from toolgrant.usecases.writer.undo import undo
from toolgrant.usecases.writer.write import GrantWriter

WRITER_ROLE = "arn:aws:iam::111122223333:role/toolgrant-RemediateRole"


class FixWorld(World):
    """A world in mode `fix` (or `approve`), whose AI agents are all known.

    `stamps` says what LastModifiedTime the service tells: `shared` by profile and lists,
    `per-list`, `whole-seconds` or `absent`. Profiles are a day old unless edited.
    """

    def __init__(self, mode: Mode = Mode.FIX, **rules: Any) -> None:
        super().__init__()
        self.rules = FixRules(mode=mode, stack="this-stack", **rules)
        self.holders: dict[str, Holder] = {}
        self.writes = 0
        self.stale: dict[tuple[str, GrantKind], list[frozenset[Grant]]] = {}
        self.stamps = "shared"
        self.modified: dict[tuple[str, GrantKind | None], datetime] = {}
        self.ledger = FakeLedger(self.calls)
        self.fixes = FakeFixQueue(self.clock, self.calls)
        self.stop = FakeStop()
        self.writer = FakeWriter(self.cloud, self.calls, self)
        now = self.clock.now()
        self.store.progress = SweepProgress(now, finished_at=now, proven_at=now)

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
        self._touched(profile_id, kind)

    def edit(self, name: str, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """Somebody changes a profile, grant by grant."""
        profile = self.cloud.profiles[uuid_of(name)]
        added, removed = map(frozenset, ([*map(Grant.parse, add)], [*map(Grant.parse, remove)]))
        grants = (profile.grants | added) - removed
        self.cloud.profiles[uuid_of(name)] = replace(profile, grants=grants)
        for grant in added | removed:
            self._touched(uuid_of(name), grant.kind)

    def _touched(self, profile_id: str, kind: GrantKind) -> None:
        self.modified[profile_id, None] = self.modified[profile_id, kind] = self.clock.now()

    def stamp_of(self, profile_id: str, kind: GrantKind | None = None) -> datetime | None:
        """The LastModifiedTime of a profile, or of one of its lists."""
        if self.stamps == "absent":
            return None
        key = kind if self.stamps == "per-list" else None
        stamp = self.modified.get((profile_id, key), self.clock.now() - timedelta(days=1))
        return stamp.replace(microsecond=0) if self.stamps == "whole-seconds" else stamp

    # --- what happens

    @property
    def fixing(self) -> FixPorts:
        return FixPorts(self.writer, self.ledger, self.fixes, self.stop, self.rules, WRITER_ROLE)

    def deps(self) -> Deps:
        return replace(super().deps(), fixing=self.fixing)

    @property
    def grant_writer(self) -> GrantWriter:
        bound = self.rules.bound
        stop, clock = self.stop, self.clock
        return GrantWriter(self.writer, self.ledger, stop, clock, clock.advance, bound)

    def work(self, request: Repair | UndoRequest) -> str:
        """One delivery to the writer."""
        if isinstance(request, UndoRequest):
            return undo(request, self.deps(), self.grant_writer)
        return remediate(request, self.deps(), self.grant_writer)

    def fix(self, rounds: int = 40) -> list[str]:
        """Work off the fix queue; the outcomes. What is put off comes back at its time."""
        outcomes: list[str] = []
        attempt = 0
        for _ in range(rounds):
            if not self.fixes.waiting:
                return outcomes
            request, attempt = self.fixes.waiting[0], attempt + 1
            delivery = Delivery(to_message(request), attempt, "receipt")
            outcome = work_off(delivery, from_message, self.deps(), self.grant_writer)
            if outcome is None and attempt < MOST_ATTEMPTS:
                self.clock.advance(self.fixes.seconds)
                continue
            outcomes.append(outcome or "dead-lettered")
            attempt = 0
            self.fixes.waiting.pop(0)
        raise AssertionError("the fix queue does not get empty")

    def look_and_fix(self, agent: str = "agent") -> list[str]:
        """An event comes in, and all that follows from it happens."""
        self.look(agent)
        return self.fix()

    def operate(self, action: str, target: str = "", **fields: Any) -> list[str]:
        """An operator's order."""
        return operate(Order(action, target, fields.pop("by", "ann"), **fields), self.deps())

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
        """Ids of all changes, in the order of their beginning."""
        return [change.id for change in self.ledger.all_changes()]

    def finding_id(self, tool: str = "Retrieve", agent: str = "agent") -> str:
        """The id of the finding on a tool."""
        found = self.store.record(self.key(agent)).findings.values()
        return next(finding.id for finding in found if finding.tool_name == tool)
