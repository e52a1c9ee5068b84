"""A delivery of the fix queue: done, or asked for again later and later, and told in the end."""

from __future__ import annotations

import pytest
from tests.fakes import RETRIEVE, Fault, FixWorld, uuid_of
from tests.usecases.fix_cases import (
    PROFILE,
    VIEW,
    asked,
    audited,
    fixed,
    integrity,
    notes,
    refused,
    updated,
)

from toolgrant.adapters.fix_queue import from_message, to_message
from toolgrant.domain.fixing.ledger import settling
from toolgrant.domain.fixing.rules import Mode
from toolgrant.errors import PutOff, ServiceUnavailable, Throttled
from toolgrant.usecases.writer.delivery import MOST_ATTEMPTS, Delivery, work_off


def deliver(world: FixWorld, attempt: int = 1, body: str = "", receipt: str = "r") -> str | None:
    """One delivery of what waits first, as the function makes it."""
    delivery = Delivery(body or to_message(world.fixes.waiting[0]), attempt, receipt)
    return work_off(delivery, from_message, world.deps(), world.grant_writer)


def delays(world: FixWorld) -> list[float]:
    return [seconds for _, seconds in world.calls.to("fixes.put_off")]


def failing(error: Exception) -> FixWorld:
    """A repair whose every attempt fails so."""
    world = asked()
    world.calls.faults.append(Fault("writer.describe", 1, error, times=10_000))
    return world


@pytest.mark.parametrize("error", [Throttled("slow"), ServiceUnavailable("503"), ValueError("bug")])
def test_seconds_grow_with_each_failure_and_after_five_it_is_told_and_dead_lettered(
    error: Exception,
) -> None:
    world = failing(error)

    assert world.fix() == ["dead-lettered"]

    first, second, third, fourth = delays(world)[:4]
    assert 0 < first < second < third < fourth
    assert world.writes == 0
    (alert,) = refused(world)
    assert "tried several times" in notes(alert)
    assert len(audited(world, "fix-refused")) == 1


def test_what_fails_four_times_is_done_at_the_fifth() -> None:
    world = asked()
    world.calls.faults.append(Fault("writer.describe", 1, ServiceUnavailable("503"), times=4))

    assert world.fix() == ["fixed"]
    assert refused(world) == []


def test_what_is_put_off_comes_at_the_time_that_it_names() -> None:
    world = failing(PutOff("others keep writing", 17))

    assert deliver(world) is None
    assert delays(world) == [17]


def test_what_is_put_off_too_often_is_told_and_ends_without_a_dead_letter() -> None:
    world = failing(PutOff("others keep writing", 17))

    assert world.fix() == ["gave-up"]

    assert delays(world) == [17] * (MOST_ATTEMPTS - 1)
    (alert,) = refused(world)
    assert "others keep writing" in notes(alert)
    assert "adds" not in notes(alert)


def test_an_unexpected_error_tells_nothing_of_what_a_record_may_hold() -> None:
    world = failing(ValueError("a secret"))

    world.fix()

    assert "a secret" not in notes(*world.notifier.alerts)
    assert "a secret" not in str(world.journal.notes + world.journal.failures)


def test_a_message_that_cannot_be_read_is_left_to_the_queue() -> None:
    world = asked()

    assert deliver(world, body="{}") is None

    assert [event for event, _ in world.journal.failures] == ["unreadable-fix-request"]
    assert world.writes == 0


def test_a_delivery_that_cannot_be_put_off_comes_when_its_time_is_over() -> None:
    world = failing(Throttled("slow"))
    world.calls.faults.append(Fault("fixes.put_off", 1, ServiceUnavailable("503")))

    assert deliver(world) is None
    assert "not-put-off" in [event for event, _ in world.journal.failures]


def test_a_delivery_without_a_receipt_is_not_put_off() -> None:
    world = failing(Throttled("slow"))

    assert deliver(world, receipt="") is None
    assert delays(world) == []


def test_an_undo_that_fails_too_often_is_told_with_the_steps_by_hand() -> None:
    world = fixed()
    world.operate("undo", world.change_ids[0])
    world.calls.faults.append(Fault("writer.describe", 1, ServiceUnavailable("503"), times=10_000))

    assert world.fix() == ["dead-lettered"]

    said = notes(*refused(world))
    assert "tried several times" in said
    assert "To do it by hand" in said
    assert VIEW in world.grants(PROFILE)
    assert world.ledger.broken == {}


# --- changes that nobody goes on with


def abandoned(after: bool = False) -> FixWorld:
    """The process died in the write, and the message is gone."""
    world = asked()
    world.calls.faults.append(Fault("writer.replace", 1, ServiceUnavailable("time"), after=after))
    assert deliver(world) is None
    world.fixes.waiting.clear()
    world.fixes.taken.clear()
    return world


def swept(world: FixWorld) -> None:
    world.sweep()
    world.drain()


def test_a_sweep_asks_for_changes_older_than_fifteen_minutes_to_be_settled() -> None:
    world = abandoned()
    (change,) = world.ledger.all_changes()
    world.clock.advance(14 * 60)
    world.sweep()
    assert not [one for one in world.fixes.waiting if not getattr(one, "items", True)]

    world.clock.advance(2 * 60)
    world.sweep()

    (request,) = [one for one in world.fixes.waiting if not getattr(one, "items", True)]
    assert request == settling(change, world.clock.now())
    assert request.profile_id == uuid_of(PROFILE)


@pytest.mark.parametrize("landed", [False, True])
def test_a_settled_change_has_ended_and_what_is_missing_is_repaired_anew(landed: bool) -> None:
    world = abandoned(after=landed)
    world.later(16 * 60)
    swept(world)
    world.fix()
    world.look_and_fix()

    assert not any(change.open for change in world.ledger.all_changes())
    assert VIEW in world.grants(PROFILE)
    assert world.states() == {"insufficient Retrieve": "resolved"}
    assert integrity(world) == []


def test_a_settled_change_audits_its_own_findings_and_approver() -> None:
    world = asked(mode=Mode.APPROVE)
    finding = world.finding_id()
    world.operate("approve", finding, by="bob")
    world.calls.faults.append(Fault("writer.replace", 1, ServiceUnavailable("time"), after=True))
    assert deliver(world) is None
    world.fixes.waiting.clear()
    world.later(16 * 60)
    swept(world)
    world.fix()

    (record,) = audited(world, "granted")
    assert record["findingIds"] == [finding]
    assert record["approvedBy"] == "bob"


def test_edits_days_after_an_abandoned_change_are_ordinary() -> None:
    world = abandoned()
    world.later(16 * 60)
    swept(world)
    world.operate("pause")
    world.fix()
    world.later(4 * 24 * 3600)
    for grant in ("permission:Users.View", "permission:Queues.View"):
        world.edit(PROFILE, add=[grant])
        world.handle(updated(world))
        world.later(600)
    world.operate("resume")
    swept(world)
    world.fix()

    assert integrity(world) == []


def test_an_abandoned_write_that_landed_late_stands_so_that_removing_it_opens_the_breaker() -> None:
    world = abandoned()
    world.later(16 * 60)
    world.operate("pause")
    swept(world)
    world.fix()
    world.edit(PROFILE, add=[VIEW])  # as it lands after all
    world.later(600)
    world.look()
    assert world.states() == {"insufficient Retrieve": "resolved"}
    world.operate("resume")
    world.later(600)

    world.edit(PROFILE, remove=[VIEW])

    assert world.look_and_fix() == []
    assert (uuid_of("agent"), VIEW) in world.ledger.broken
    assert VIEW not in world.grants(PROFILE)


def test_an_open_change_does_not_hold_up_another_agents_repair_of_the_profile() -> None:
    world = abandoned()
    world.later(16 * 60)
    world.rules = type(world.rules)(**{**vars(world.rules), "most_agents": 5})
    world.agent(RETRIEVE, name="another")
    world.attach(PROFILE, agent="another")

    world.look("another")
    world.fix()

    assert VIEW in world.grants(PROFILE)
    assert not any(change.open for change in world.ledger.all_changes())
