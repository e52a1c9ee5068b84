"""Whatever happens, in whatever order: only what is needed and allowed is added, people's edits
survive or are reported, every write is on record, and undoing all leaves what people made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from tests.fakes import INSTANCE, OPT_IN, RETRIEVE, UPDATE_CASE, Crash, Fault, FixWorld, uuid_of
from tests.strategies import SOME

from toolgrant.domain.fixing.ledger import ListState, ProfileChange
from toolgrant.domain.fixing.repair import Repair
from toolgrant.domain.profile_lists import granted
from toolgrant.domain.requests import UndoRequest
from toolgrant.errors import PutOff, ServiceUnavailable, Throttled

VIEW = "permission:Wisdom.View"
PEOPLES = ("permission:Users.View", "permission:Tasks.View", VIEW)
PROFILE = uuid_of("profile")
TOOLS = {"Retrieve": RETRIEVE, "UpdateCase": UPDATE_CASE}
DELIVERIES = ("store.", "ledger.", "writer.", "fixes.", "notifier.", "agents.", "profiles.")


class Fixing(RuleBasedStateMachine):
    """People, agents, faults and deliveries; `peoples` is what people have made of the profile.

    It begins where everything is allowed and a repair waits in the queue."""

    runs = 0
    written = 0
    """Of the runs, those in which something was written before the end made all of it quiet."""

    def __init__(self) -> None:
        super().__init__()
        self.world = FixWorld()
        self.world.profile("profile", "permission:Tasks.View")
        self.peoples = {"permission:Tasks.View"}
        self.tools: set[str] = set()
        self.old: list[Repair | UndoRequest] = []
        self.forbidden: list[str] = []
        self.inside: list[str] = []
        self.pending: list[str] = []
        self.edits = 0
        self.world.calls.on_call = self._watch
        self.tools.add("Retrieve")
        self._save()
        self.world.attach("profile")
        self.world.look()

    @initialize(
        stamps=st.sampled_from(["shared", "per-list", "whole-seconds", "absent"]),
        repaired=st.booleans(),
    )
    def base(self, stamps: str, repaired: bool) -> None:
        """What the service tells of changes; whether the repair was made before all else."""
        self.world.stamps = stamps
        if repaired:
            self.world.fix()

    # --- what happens

    @rule(tool=st.sampled_from(sorted(TOOLS)), there=st.booleans())
    def agent_edit(self, tool: str, there: bool) -> None:
        (self.tools.add if there else self.tools.discard)(tool)
        self._save()
        self.world.queue.put(self.world.event())

    @rule(grant=st.sampled_from(PEOPLES), there=st.booleans(), told=st.booleans())
    def peoples_edit(self, grant: str, there: bool, told: bool) -> None:
        self._edit(grant, there)
        if told:
            self.world.queue.put(self._event())

    @rule(people=st.sampled_from([0, 0, 1]))
    def people_join_or_leave(self, people: int) -> None:
        self.world.holders[PROFILE].people = people

    @rule(opted=st.sampled_from([True, True, False]))
    def opt_in_or_out(self, opted: bool) -> None:
        self.world.holders[PROFILE].tags = dict(OPT_IN) if opted else {}

    @rule(action=st.sampled_from(["resume", "resume", "pause"]))
    def stop_or_go(self, action: str) -> None:
        self._safely(lambda: self.world.operate(action))

    @rule(seconds=st.sampled_from([1, 61, 700, 4000]))
    def time_passes(self, seconds: int) -> None:
        self.world.clock.advance(seconds)

    @rule()
    def evaluate(self) -> None:
        self._safely(self.world.deliver)

    @rule()
    def remediate(self) -> None:
        if self.world.fixes.waiting:
            request = self.world.fixes.waiting[0]
            if self._safely(lambda: self.world.work(request)):
                self.old.append(self.world.fixes.waiting.pop(0))

    @rule(looks=st.booleans())
    def all_is_worked_off(self, looks: bool) -> None:
        if looks:
            self._safely(self.world.look)
        self._safely(self.world.fix)

    @rule(data=st.data())
    def deliver_again(self, data: st.DataObject) -> None:
        if self.old:
            request = data.draw(st.sampled_from(self.old))
            self._safely(lambda: self.world.work(request))

    @rule(
        place=st.sampled_from(DELIVERIES),
        nth=st.integers(1, 12),
        after=st.booleans(),
        error=st.sampled_from(["crash", "throttle", "5xx"]),
    )
    def fault(self, place: str, nth: int, after: bool, error: str) -> None:
        raised = {"crash": Crash(), "throttle": Throttled("x"), "5xx": ServiceUnavailable("x")}
        self.world.calls.faults = [Fault(place, nth, raised[error], after=after)]

    @rule(grant=st.sampled_from(PEOPLES[:2]), there=st.booleans())
    def edit_inside_the_next_window(self, grant: str, there: bool) -> None:
        self.pending = [f"{there} {grant}"]

    @rule()
    def undo_something(self) -> None:
        done = [c for c in self._changes() if c.standing]
        if done:
            self._safely(lambda: self.world.operate("undo", done[-1].id))

    # --- what must hold

    @invariant()
    def nothing_forbidden_was_written(self) -> None:
        assert self.forbidden == []

    def teardown(self) -> None:
        Fixing.runs += 1
        Fixing.written += bool(self.world.writes)
        self._quiet()
        self._every_write_is_on_record()
        self._what_is_needed_and_allowed_is_there()
        self._peoples_edits_are_intact_or_reported()
        self._undoing_everything_restores()

    def _every_write_is_on_record(self) -> None:
        audited = {
            one["change"]["changeId"] for one in self.world.journal.decisions if one.get("change")
        }
        ended = {one.id for one in self._changes() if one.verified_at}
        assert ended <= audited

    def _what_is_needed_and_allowed_is_there(self) -> None:
        if "Retrieve" in self.tools and not self._broken() and not self._in_doubt():
            assert VIEW in self.world.grants("profile")

    def _peoples_edits_are_intact_or_reported(self) -> None:
        ours = {str(grant) for one in self._changes() for grant in one.grants}
        held = set(self.world.grants("profile"))
        if held - ours != self.peoples - ours:
            assert self.inside
            assert any(one["status"] == "integrity" for one in self.world.notifier.alerts)

    def _undoing_everything_restores(self) -> None:
        held = set(self.world.grants("profile"))
        standing = {str(g) for one in self._changes() for g in one.standing}
        for change in self._changes():
            if change.standing and not self._in_doubt():
                self.world.operate("undo", change.id)
        self.world.fix()
        left = set(self.world.grants("profile"))
        assert left == held - (standing & held)

    # --- how

    def _save(self) -> None:
        self.world.agent(*(TOOLS[name] for name in sorted(self.tools)))

    def _changes(self) -> list[ProfileChange]:
        """Not a call: a fault must strike the code, not the test."""
        return self.world.ledger.all_changes()

    def _broken(self) -> bool:
        return bool(self.world.ledger.broken)

    def _in_doubt(self) -> bool:
        states = {write.state for one in self._changes() for write in one.lists}
        return ListState.UNATTRIBUTED in states

    def _edit(self, grant: str, there: bool) -> None:
        (self.peoples.add if there else self.peoples.discard)(grant)
        self.world.edit("profile", **{"add" if there else "remove": [grant]})

    def _event(self) -> str:
        """The record of an edit that was just made: it shows the list that it left."""
        self.edits += 1
        held = sorted(grant.value for grant in self.world.cloud.profiles[PROFILE].grants)
        requests = {"InstanceId": INSTANCE, "SecurityProfileId": PROFILE, "Permissions": held}
        return self.world.profile_event(
            "profile", requestParameters=requests, eventID=f"edit-{self.edits}"
        )

    def _watch(self, name: str, arguments: tuple[Any, ...]) -> None:
        """Right before a write: somebody may still edit; then the write is judged."""
        if name != "writer.replace":
            return
        for edit in self.pending:
            there, grant = edit.split()
            self._edit(grant, there == "True")
            self.inside.append(grant)
            self.world.queue.put(self._event())
        self.pending = []
        before = {str(g) for g in self.world.cloud.profiles[PROFILE].grants}
        after = {str(g) for g in granted(arguments[1], arguments[2])}
        self._judge_addition(after - before - self.peoples - {*self.inside})

    def _judge_addition(self, added: set[str]) -> None:
        holder, needed = self.world.holders[PROFILE], "Retrieve" in self.tools
        allowed = holder.tags == OPT_IN and not holder.people and not self.world.ledger.stopped
        if added and not (added == {VIEW} and needed and allowed):
            self.forbidden.append(f"{added}: needed {needed}, allowed {allowed}")

    def _safely(self, do: Callable[[], object]) -> bool:
        try:
            do()
        except (Crash, Throttled, ServiceUnavailable, PutOff):
            return False
        return True

    def _quiet(self) -> None:
        """Faults end, everything is allowed, everything is delivered, a sweep looks at all."""
        world = self.world
        world.calls.faults, self.pending = [], []
        world.holders[PROFILE].people, world.holders[PROFILE].tags = 0, dict(OPT_IN)
        world.operate("resume")
        for _ in range(4):
            world.clock.advance(4000)
            world.sweep()
            world.drain()
            world.later(120)
            world.fix()


def test_whatever_happens_the_invariants_hold_and_often_something_is_written() -> None:
    Fixing.runs = Fixing.written = 0

    run_state_machine_as_test(Fixing, settings=settings(SOME, stateful_step_count=40))

    assert Fixing.written >= 0.3 * Fixing.runs > 0
