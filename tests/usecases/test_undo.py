"""An undo takes back exactly what we gave, where it is still as we left it, and else nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.fakes import GET_ORDER, RETRIEVE, Fault, FixWorld, uuid_of
from tests.usecases.fix_cases import (
    BEFORE,
    HOUR,
    ORDER,
    PROFILE,
    VIEW,
    audited,
    broken,
    dies,
    fixed,
    integrity,
    is_quiet,
    notes,
    ready,
    refused,
    updated,
)

from toolgrant.domain.fixing.history import Breaker
from toolgrant.domain.fixing.ledger import RemovalStep
from toolgrant.domain.fixing.repair import Repair
from toolgrant.domain.fixing.rules import Mode
from toolgrant.domain.model import DRAFT, Grant, GrantKind, Risk
from toolgrant.errors import InvalidInput, RequestRefused, ServiceUnavailable

USERS = "permission:Users.View"
BOTH = {(uuid_of("agent"), VIEW), (uuid_of(PROFILE), VIEW)}


def ordered(**rules: Any) -> FixWorld:
    """An undo waits in the queue."""
    world = fixed(**rules)
    world.operate("undo", world.change_ids[0])
    return world


def order_again(world: FixWorld) -> list[str]:
    world.clock.advance(1)
    world.operate("undo", world.change_ids[0])
    return world.fix()


def test_exactly_that_is_taken_back_and_not_given_again() -> None:
    world = fixed()
    world.edit(PROFILE, add=[USERS])
    world.later(HOUR)

    world.operate("undo", world.change_ids[0])

    assert world.fix() == ["undone"]
    assert world.grants(PROFILE) == {BEFORE, USERS}
    assert broken(world) == BOTH
    assert "ann took back what toolgrant had added" in notes(*world.notifier.alerts)
    world.later(HOUR)
    assert world.look_and_fix() == []
    assert is_quiet(world)
    assert VIEW not in world.grants(PROFILE)


def test_a_change_can_be_named_by_its_repair_and_by_a_beginning() -> None:
    world = fixed()
    (change,) = world.ledger.all_changes()
    assert world.operate("undo", change.fix_id, dry_run=True)
    assert world.operate("undo", change.id[:8], dry_run=True)
    assert world.operate("undo", change.fix_id[:8], dry_run=True)
    with pytest.raises(InvalidInput, match="at least 6 characters"):
        world.operate("undo", change.fix_id[:5])
    with pytest.raises(InvalidInput, match="no such change"):
        world.operate("undo", "fix-nothing")
    with pytest.raises(InvalidInput, match="no such change"):
        world.operate("undo", "c-nothing")


def test_one_grant_of_a_change_is_taken_back_and_the_other_stays() -> None:
    world = fixed(RETRIEVE, GET_ORDER, automatic_risk=Risk.WRITE)

    world.operate("undo", world.change_ids[0], grants=(Grant.parse(ORDER),))

    assert world.fix() == ["undone"]
    assert world.grants(PROFILE) == {BEFORE, VIEW}
    assert {what for _, what in broken(world)} == {ORDER}
    world.later(HOUR)
    world.operate("undo", world.change_ids[0])
    assert world.fix() == ["undone"]
    assert world.grants(PROFILE) == {BEFORE}


def test_a_grant_that_was_not_part_of_the_change_is_refused() -> None:
    world = fixed()
    with pytest.raises(InvalidInput, match="not part of the change"):
        world.operate("undo", world.change_ids[0], grants=(Grant.parse(BEFORE),))


def _paused(world: FixWorld) -> None:
    world.ledger.stopped = True


def _stop_unreadable(world: FixWorld) -> None:
    world.stop.answer = None


def _stop_pulled(world: FixWorld) -> None:
    world.stop.answer = True


def _tag_gone(world: FixWorld) -> None:
    world.holders[uuid_of(PROFILE)].tags.clear()


def _other_stack(world: FixWorld) -> None:
    world.holders[uuid_of(PROFILE)].tags["toolgrant:stack"] = "another"


def _managed(world: FixWorld) -> None:
    world.holders[uuid_of(PROFILE)].type = "AWS_MANAGED"


def _edited(world: FixWorld) -> None:
    world.edit(PROFILE, remove=[VIEW])


def _deleted(world: FixWorld) -> None:
    del world.cloud.profiles[uuid_of(PROFILE)]


REFUSED = [_paused, _stop_unreadable, _stop_pulled, _tag_gone, _other_stack, _managed, _edited]


@pytest.mark.parametrize("spoil", [*REFUSED, _deleted], ids=lambda spoil: spoil.__name__)
def test_a_refused_undo_leaves_no_breaker_and_writes_nothing(
    spoil: Callable[[FixWorld], None],
) -> None:
    world = ordered()
    writes = world.writes
    spoil(world)
    held = world.cloud.profiles.copy()

    assert world.fix() == ["undo-refused"]

    assert (world.writes, world.cloud.profiles) == (writes, held)
    assert not [b for b in world.ledger.breakers() if b.reason.startswith("undone")]
    said = notes(*refused(world))
    assert "refused" in said
    assert "To do it by hand" in said
    (record,) = audited(world, "undo-refused")
    assert record["reason"]


@pytest.mark.parametrize("spoil", REFUSED[:3], ids=lambda spoil: spoil.__name__)
def test_a_refused_undo_can_be_ordered_again_at_once(spoil: Callable[[FixWorld], None]) -> None:
    world = ordered()
    spoil(world)
    assert world.fix() == ["undo-refused"]
    world.ledger.stopped, world.stop.answer = False, False

    assert order_again(world) == ["undone"]
    assert world.grants(PROFILE) == {BEFORE}


def test_what_was_never_written_is_not_undone() -> None:
    world = ready()
    world.look()
    world.later(HOUR)
    world.calls.faults.append(Fault("writer.replace", 1, RequestRefused("no"), times=99))
    assert world.fix() == ["fix-refused"]
    world.calls.faults.clear()

    world.operate("undo", world.change_ids[0])

    assert world.fix() == ["undo-refused"]
    assert broken(world) == set()
    assert "never written" in notes(*refused(world))


def test_what_is_still_being_written_is_not_undone() -> None:
    world = ready()
    world.look()
    dies(world, "writer.replace")
    repair = world.fixes.waiting.pop()
    world.operate("undo", world.change_ids[0])

    assert world.fix() == ["undo-refused"]
    assert broken(world) == set()
    assert "still being written" in notes(*refused(world))
    world.fixes.waiting.append(repair)
    assert world.fix() == ["fixed"]


def test_what_cannot_be_attributed_is_not_undone() -> None:
    world = ready()
    world.look()
    dies(world, "writer.replace")
    world.edit(PROFILE, add=[VIEW])
    world.handle(updated(world))
    assert world.fix() == ["in-doubt"]

    world.operate("undo", world.change_ids[0])

    assert world.fix() == ["undo-refused"]
    assert broken(world) == set()
    assert VIEW in world.grants(PROFILE)


def test_a_refusal_of_the_service_leaves_no_breaker() -> None:
    world = ordered()
    world.calls.faults.append(Fault("writer.replace", 1, RequestRefused("no")))

    assert world.fix() == ["undo-refused"]
    assert broken(world) == set()
    assert VIEW in world.grants(PROFILE)
    assert order_again(world) == ["undone"]


# --- twice


def test_an_undo_that_comes_twice_does_nothing_more() -> None:
    world = ordered()
    (request,) = world.fixes.waiting
    assert world.fix() == ["undone"]
    writes, alerts = world.writes, {alert["alertId"] for alert in world.notifier.alerts}

    assert world.work(request) == "undone"

    assert world.writes == writes
    assert {alert["alertId"] for alert in world.notifier.alerts} == alerts


def test_a_redelivered_undo_never_removes_what_a_person_added_again() -> None:
    world = ordered()
    (request,) = world.fixes.waiting
    assert world.fix() == ["undone"]
    world.later(HOUR)
    world.edit(PROFILE, add=[VIEW])

    world.work(request)

    assert VIEW in world.grants(PROFILE)


def test_what_a_person_gave_back_after_the_breaker_opened_is_the_persons() -> None:
    world = fixed()
    (change_id,) = world.change_ids
    world.edit(PROFILE, remove=[VIEW])
    world.later(HOUR)
    world.look()  # the breaker opens
    world.edit(PROFILE, add=[VIEW])
    world.later(HOUR)
    writes = world.writes

    world.operate("undo", change_id)
    world.fix()

    assert VIEW in world.grants(PROFILE)
    assert world.writes == writes


AFTER_REMOVAL = [
    ("writer.replace", True),
    ("ledger.save", False),
    ("ledger.save", True),
    ("notifier.publish", False),
    ("store.put_alert", True),
]


@pytest.mark.parametrize(("call", "after"), AFTER_REMOVAL)
def test_an_undo_that_died_after_the_removal_never_removes_what_a_person_added_again(
    call: str, after: bool
) -> None:
    """However the process died, what a person adds afterwards stays."""
    world = ordered()
    died: list[str] = []

    def watch(name: str, _: tuple[Any, ...]) -> None:
        if name == "writer.replace" and call != "writer.replace" and not died:
            died.append(name)
            world.calls.faults.append(Fault(call, 1, KeyboardInterrupt(), after=after))

    world.calls.on_call = watch
    if call == "writer.replace":
        world.calls.faults.append(Fault(call, 1, KeyboardInterrupt(), after=after))
    with pytest.raises(KeyboardInterrupt):
        world.fix()
    assert VIEW not in world.grants(PROFILE)
    world.later(HOUR)
    world.edit(PROFILE, add=[VIEW, USERS])  # also another entry, as people do

    outcomes = world.fix()

    assert VIEW in world.grants(PROFILE)
    assert USERS in world.grants(PROFILE)
    assert outcomes in (["in-doubt"], ["undone"], ["undo-refused"], ["dead-lettered"])


@pytest.mark.parametrize("stamps", ["shared", "absent"])
def test_once_removed_nothing_is_removed_again_though_the_list_is_as_it_was_before(
    stamps: str,
) -> None:
    world = ordered()
    world.stamps = stamps

    def die_once_removed(name: str, _: tuple[Any, ...]) -> None:
        if name == "writer.replace":  # the next that is stored is the step `removed`
            world.calls.faults.append(Fault("ledger.save", 1, KeyboardInterrupt(), after=True))

    world.calls.on_call = die_once_removed
    with pytest.raises(KeyboardInterrupt):
        world.fix()
    world.calls.on_call = lambda *_: None
    assert VIEW not in world.grants(PROFILE)
    world.later(HOUR)
    world.edit(PROFILE, add=[VIEW])

    world.fix()

    assert VIEW in world.grants(PROFILE)


def test_an_undo_that_died_before_the_removal_goes_on_where_the_list_is_as_stored() -> None:
    world = ordered()
    dies(world, "writer.replace")

    assert world.fix() == ["undone"]
    assert world.grants(PROFILE) == {BEFORE}


@pytest.mark.parametrize(
    "meanwhile", ["another list", "another stamp"], ids=lambda word: word.replace(" ", "-")
)
def test_a_list_or_stamp_that_differs_at_a_redelivery_is_in_doubt_told_and_may_be_ordered_again(
    meanwhile: str,
) -> None:
    world = ordered()
    dies(world, "writer.replace")
    world.later(HOUR)
    world.edit(PROFILE, add=[USERS])
    if meanwhile == "another stamp":
        world.edit(PROFILE, remove=[USERS])  # as it was, and yet somebody was there

    assert world.fix() == ["in-doubt"]

    assert VIEW in world.grants(PROFILE)
    (change,) = world.ledger.all_changes()
    assert [w.removal.step for w in change.lists if w.removal] == [RemovalStep.IN_DOUBT]
    assert "is in doubt" in notes(*world.notifier.alerts)
    world.later(HOUR)
    assert order_again(world) == ["undone"]
    assert VIEW not in world.grants(PROFILE)


@pytest.mark.parametrize("lands", [True, False])
def test_a_removal_that_is_not_answered_ends_in_the_same_state(lands: bool) -> None:
    world = ordered()
    world.calls.faults.append(Fault("writer.replace", 1, ServiceUnavailable("time"), after=lands))

    assert world.fix() == ["undone"]
    assert world.grants(PROFILE) == {BEFORE}
    assert broken(world) == BOTH


def test_an_edit_between_the_two_reads_of_a_removal_is_kept() -> None:
    world = ordered()
    world.before("ledger.save", lambda: world.edit(PROFILE, add=[USERS]))

    assert world.fix() == ["undone"]
    assert world.grants(PROFILE) == {BEFORE, USERS}


def test_an_edit_inside_the_window_of_a_removal_is_critical() -> None:
    world = ordered()
    at = world.clock.now()
    assert world.fix() == ["undone"]
    world.later(600)

    world.handle(updated(world, at=at))

    assert len(integrity(world)) == 1


# --- at the same time as something else


def giving_twice() -> FixWorld:
    """One profile was repaired; the write of the same grant to another one has begun, and died."""
    world = FixWorld()
    world.agent(RETRIEVE)
    world.publish(1)
    world.publish(2)
    world.make_live("1", "2")
    for version, name in (("1", "one"), ("2", "two")):
        world.profile(name)
        world.attach(name, on=(version,))
    world.look()
    first = world.fixes.waiting.pop(0)
    assert world.work(first) == "fixed"
    dies(world, "writer.replace")
    return world


def test_an_undo_waits_while_another_change_claims_the_same_grant() -> None:
    world = giving_twice()
    world.fixes.waiting.clear()
    (done,) = [change.id for change in world.ledger.all_changes() if not change.open]
    world.operate("undo", done)
    waits: list[float] = []

    def watch(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "fixes.put_off":
            waits.append(arguments[1])

    world.calls.on_call = watch
    writes = world.writes

    assert world.fix() == ["gave-up"]

    assert waits == [5] * 4
    assert world.writes == writes
    assert "tried several times" in notes(*refused(world))
    assert broken(world) == set()  # a refused undo leaves none


def test_an_undo_goes_on_once_the_other_change_has_ended() -> None:
    world = giving_twice()
    (other,) = world.fixes.waiting
    world.fixes.waiting.clear()
    (done,) = [change for change in world.ledger.all_changes() if not change.open]
    world.operate("undo", done.id)

    def other_ends(name: str, _: tuple[Any, ...]) -> None:
        if name == "fixes.put_off":
            world.calls.on_call = lambda *_: None
            world.clock.advance(HOUR)
            world.work(other)

    world.calls.on_call = other_ends

    assert world.fix() == ["undone"]
    assert VIEW not in world.cloud.profiles[done.profile_id].grants
    assert not any(change.open for change in world.ledger.all_changes())


def test_another_agents_open_write_to_the_same_profile_is_waited_for() -> None:
    world = fixed(most_agents=5)
    world.agent(RETRIEVE, name="another")
    world.attach(PROFILE, agent="another")
    world.look("another")
    assert order_again(world) == ["undone"]
    assert world.grants(PROFILE) == {BEFORE}


# --- attachments


def gap_fixed() -> FixWorld:
    """We attached the profile to version 1."""
    world = FixWorld(association=Mode.FIX)
    world.agent(RETRIEVE)
    world.publish()
    world.profile(PROFILE, VIEW)
    world.attach(PROFILE)
    assert world.look_and_fix() == ["fixed"]
    world.later(HOUR)
    return world


def test_an_attachment_is_undone_from_exactly_the_qualifiers_that_we_attached() -> None:
    world = gap_fixed()
    (change,) = world.ledger.all_changes()
    assert change.attached == ("1",)
    world.attach(PROFILE, on=("$LATEST",))  # by a person, since

    world.operate("undo", change.id)

    assert world.fix() == ["undone"]
    assert world.cloud.attached[f"{world.arn()}:1"] == ()
    assert world.cloud.attached[f"{world.arn()}:$LATEST"] == (uuid_of(PROFILE),)
    assert world.cloud.attached[f"{world.arn()}:{DRAFT}"] == (uuid_of(PROFILE),)
    assert world.grants(PROFILE) == {VIEW}
    world.later(HOUR)
    assert world.look_and_fix() == []
    assert world.cloud.attached[f"{world.arn()}:1"] == ()


def test_an_attachment_that_dies_on_the_way_is_undone_once_it_is_delivered_again() -> None:
    world = gap_fixed()
    world.operate("undo", world.change_ids[0])
    dies(world, "writer.detach", after=True)

    assert world.fix() == ["undone"]
    assert world.cloud.attached[f"{world.arn()}:1"] == ()


def test_an_undo_of_two_lists_that_dies_between_them_goes_on() -> None:
    world = fixed(RETRIEVE, GET_ORDER, automatic_risk=Risk.WRITE)
    world.operate("undo", world.change_ids[0])
    dies(world, "writer.replace", nth=2)

    assert world.fix() == ["undone"]
    assert world.grants(PROFILE) == {BEFORE}
    assert world.cloud.profiles[uuid_of(PROFILE)].grants == {Grant.parse(BEFORE)}
    assert {kind for _, kind, _ in world.calls.to("writer.replace")} == {
        GrantKind.PERMISSION,
        GrantKind.MCP,
    }


def test_what_an_undo_is_taking_back_was_taken_away_by_nobody_else() -> None:
    """Somebody looks after it was removed and before that could be verified."""
    world = fixed()
    world.operate("undo", world.change_ids[0], by="ann")
    dies(world, "writer.replace", after=True)
    world.later(120)

    world.look()

    assert world.fix() == ["undone"]
    assert "took away" not in notes(*world.notifier.alerts)
    assert {json.loads(item)["reason"] for item in world.ledger.broken.values()} == {
        "undone by ann"
    }
    assert is_quiet(world)


def test_a_refused_undo_leaves_the_breaker_of_another_change() -> None:
    """The same grant was given by two profiles, and taken out of one."""
    world = ready()
    world.publish()
    world.profile("second", BEFORE)
    world.attach("second", on=("1",))
    world.look_and_fix()
    world.look_and_fix()
    kept = world.ledger.all_changes()[-1]
    loss = Breaker(uuid_of("agent"), VIEW, "c-another", "taken away by ann", world.clock.now())
    world.ledger.open_breakers([loss])
    world.later(HOUR)
    world.operate("undo", kept.id)
    world.calls.faults.append(Fault("writer.replace", 1, RequestRefused("no"), times=10_000))

    assert world.fix() == ["undo-refused"]

    assert world.ledger.breakers() == {loss}


def test_an_undo_detaches_only_where_the_profile_was_missing_at_the_write() -> None:
    """Between the announcement and the write somebody attached it to one of two versions."""
    world = FixWorld(association=Mode.FIX)
    world.agent(RETRIEVE)
    world.publish()
    world.publish(2)
    world.make_live("1", "2")
    world.profile(PROFILE, VIEW)
    world.attach(PROFILE)
    world.look()
    (repair,) = world.fixes.waiting
    assert isinstance(repair, Repair)
    assert repair.attaches == ("1", "2")
    world.attach(PROFILE, on=("1",))

    assert world.fix() == ["fixed"]

    assert world.ledger.all_changes()[0].attached == ("2",)
