"""Any handler may die at any line, or any call may fail, and nothing is lost or told differently.

Each story is lived through once undisturbed, then again for every call of a port, with a crash or
an error before that call or after it took effect. Messages that were not finished come again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.fakes import (
    MYSTERY,
    NOON,
    RETRIEVE,
    UPDATE_CASE,
    Crash,
    Fault,
    World,
)

from toolgrant.domain.model import DRAFT, LATEST
from toolgrant.errors import Conflict, ServiceUnavailable, Throttled
from toolgrant.usecases.outbox import publish_pending

Story = Callable[[World], None]
ALL = (DRAFT, LATEST, "1")


def work_off(world: World) -> None:
    """Until nothing is left to do now or later, starting again after every crash."""
    for _ in range(50):
        try:
            world.drain()
        except Crash:
            continue
        if not world.queue.waiting:
            return
        world.clock.time = max(
            world.clock.time, min(waiting.visible_at for waiting in world.queue.waiting)
        )
    raise AssertionError("never done")


def sweep(world: World) -> None:
    """Until a sweep has come to its end."""
    while True:
        try:
            world.sweep()
        except (Crash, ServiceUnavailable, Throttled, Conflict):
            continue  # the schedule calls again
        return


def settled_problem(world: World) -> None:
    world.queue.put(world.event(at=NOON - timedelta(hours=1)))
    work_off(world)


def fresh_problem(world: World) -> None:
    world.queue.put(world.event())
    work_off(world)


def problem_then_grant(world: World) -> None:
    settled_problem(world)
    world.profile("Agents", "permission:Wisdom.View")
    world.queue.put(world.profile_event("Agents"))
    work_off(world)


def problem_then_deletion(world: World) -> None:
    settled_problem(world)
    world.delete_agent()
    world.queue.put(world.event("DeleteAIAgent"))
    work_off(world)


def refused_then_made(world: World) -> None:
    refused = world.refused_save("CreateAIAgent", name="agent", at=NOON - timedelta(minutes=5))
    world.queue.put(refused)
    work_off(world)
    world.queue.put(world.created(at=NOON - timedelta(minutes=2)))
    work_off(world)


def found_by_the_sweep(world: World) -> None:
    sweep(world)
    work_off(world)
    sweep(world)
    work_off(world)


STORIES = [
    settled_problem,
    fresh_problem,
    problem_then_grant,
    problem_then_deletion,
    refused_then_made,
    found_by_the_sweep,
]


def lived_through(story: Story, *faults: Fault) -> World:
    world = World()
    world.agent(RETRIEVE, UPDATE_CASE, MYSTERY)
    world.publish(1)
    world.profile("Agents", "permission:Cases.View")
    world.attach("Agents", on=ALL)
    world.calls.faults += faults
    story(world)
    return world


def outcome(world: World) -> dict[str, Any]:
    """What must be the same whatever went wrong. Times and versions are not in it."""
    told: dict[str, list[tuple[str, str, tuple[str, ...], tuple[str, ...]]]] = {}
    for alert in world.notifier.alerts:
        findings = [
            (f["status"], f["toolName"], tuple(f["missing"]), tuple(f["qualifiers"]))
            for f in alert["findings"]
        ]
        assert told.setdefault(alert["alertId"], findings) == findings, "one id, two contents"
    return {
        "told": sorted(one for findings in told.values() for one in findings),
        "findings": {
            (key, finding.id): (finding.state, finding.missing, finding.severity)
            for key in world.store.records
            for finding in world.store.record(key).findings.values()
        },
        "edges": {key: world.store.record(key).edges for key in world.store.records},
        "outbox": list(world.store.outbox),
    }


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("error", [Crash(), ServiceUnavailable("5xx"), Throttled("slow down")])
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_wherever_it_goes_wrong_the_outcome_is_the_same(
    story: Story, error: BaseException, after: bool
) -> None:
    undisturbed = lived_through(story)
    expected = outcome(undisturbed)
    assert expected["told"]

    for nth, (name, _) in enumerate(undisturbed.calls.log, start=1):
        world = lived_through(story, Fault("", nth, error, after))

        assert outcome(world) == expected, f"call {nth}, {name}"


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_two_troubles_in_a_row_change_nothing_either(story: Story) -> None:
    undisturbed = lived_through(story)
    expected = outcome(undisturbed)

    for nth in range(1, len(undisturbed.calls.log)):
        faults = (Fault("", nth, Crash(), after=True), Fault("", nth + 3, ServiceUnavailable("x")))

        assert outcome(lived_through(story, *faults)) == expected, f"call {nth}"


def test_an_alert_that_was_published_but_not_ticked_off_comes_again_with_its_id() -> None:
    world = lived_through(settled_problem, Fault("notifier.publish", 1, Crash(), after=True))

    first, second = world.notifier.alerts
    assert first == second


def test_two_batches_that_see_the_same_alert_publish_it_once() -> None:
    world = World()
    world.agent(RETRIEVE)
    nested = []

    def on_call(name: str, _: tuple[Any, ...]) -> None:
        if name == "notifier.publish" and not nested:
            nested.append(publish_pending(None, world.deps()))

    world.calls.on_call = on_call
    world.handle(world.event(at=NOON - timedelta(hours=1)))

    assert nested == [0]
    assert world.told == ["opened Retrieve"]


def test_the_next_look_publishes_what_got_stuck_even_if_its_event_is_stale() -> None:
    world = World()
    world.agent(RETRIEVE)
    late = world.event(at=NOON - timedelta(hours=2))
    world.calls.faults.append(Fault("notifier.publish", 1, ServiceUnavailable("topic")))
    assert world.handle(world.event(at=NOON - timedelta(hours=1))) == {"m0"}
    assert (world.told, len(world.store.outbox)) == ([], 1)
    world.clock.advance(61)

    assert world.handle(late) == set()

    assert world.outcomes[-1] == "stale"
    assert (world.told, world.store.outbox) == (["opened Retrieve"], {})


def test_the_sweep_publishes_what_got_stuck() -> None:
    world = World()
    world.agent(RETRIEVE)
    world.calls.faults.append(Fault("notifier.publish", 1, ServiceUnavailable("topic")))
    world.handle(world.event(at=NOON - timedelta(hours=1)))
    world.clock.advance(61)

    world.sweep(interval=timedelta(hours=1))

    assert (world.told, world.store.outbox) == (["opened Retrieve"], {})


def test_an_alert_that_cannot_be_published_is_kept_until_it_can() -> None:
    world = World()
    world.agent(RETRIEVE)
    error = ServiceUnavailable("topic")
    world.calls.faults.append(Fault("notifier.publish", 1, error, times=3))
    world.queue.put(world.event(at=NOON - timedelta(hours=1)))

    for _ in range(3):
        world.drain()
        assert (world.told, len(world.queue.waiting)) == ([], 1)
        world.clock.advance(660)
    world.drain()

    assert (world.told, world.queue.waiting) == (["opened Retrieve"], [])
