"""A world in which toolgrant may write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from tests.fakes.cloud import uuid_of
from tests.fakes.world import World
from tests.fakes.writer import FakeFixQueue, FakeLedger, FakeStop, FakeWriter, Holder

from toolgrant.domain.fixing.rules import FixRules, Mode
from toolgrant.domain.model import (
    Grant,
    GrantKind,
)
from toolgrant.domain.profile_lists import Entry, with_grants
from toolgrant.domain.records import SweepProgress
from toolgrant.domain.requests import FixRequest, Order, UndoRequest
from toolgrant.usecases.deps import Deps, FixPorts
from toolgrant.usecases.orders import OrderPorts, operate
from toolgrant.usecases.writer.remediate import remediate
from toolgrant.usecases.writer.undo import undo
from toolgrant.usecases.writer.write import GrantWriter


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
