"""The AI agents are known from the newest sweep whose agents were all evaluated since it began."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.fakes import (
    EVERY_READING,
    INSTANCE,
    NOON,
    RETRIEVE,
    UPDATE_CASE,
    VISIBILITY,
    Fault,
    FixWorld,
    World,
    uuid_of,
)

from toolgrant.domain.records import AgentKey, SweepProgress, Unproven
from toolgrant.errors import AccessDenied, OtherSchema, ServiceUnavailable, Throttled
from toolgrant.usecases.sweep_proof import MOST_READ, prove, proven_at

HOUR = timedelta(hours=1)
SIX_HOURS = timedelta(hours=6)


@pytest.fixture(params=EVERY_READING, ids=str)
def world(request: pytest.FixtureRequest) -> World:
    """Three agents that lack Wisdom.View, one to a page."""
    world = World(readings=request.param)
    world.cloud.page = 1
    for number in range(3):
        world.agent(RETRIEVE, name=f"agent {number}")
    return world


def recorded(world: World) -> datetime | None:
    """What the progress on record says, with nothing read beside it."""
    assert world.store.progress is not None
    return world.store.progress.proven_at


def broken(agent: str = "agent 1") -> Callable[[str, tuple[Any, ...]], None]:
    """The evaluation of one agent always fails."""

    def on_call(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "profiles.attached" and uuid_of(agent) in arguments[1]:
            raise AccessDenied("connect list_entity_security_profiles: AccessDenied")

    return on_call


def test_before_the_first_sweep_nothing_is_known(world: World) -> None:
    assert proven_at(world.store) is None


def test_having_asked_for_everybody_proves_nothing(world: World) -> None:
    world.sweep()

    assert proven_at(world.store) is None


def test_once_all_are_evaluated_it_is_proven_as_of_its_beginning(world: World) -> None:
    began = world.clock.now()
    world.sweep(SIX_HOURS)
    world.clock.advance(60)
    world.drain()

    assert proven_at(world.store) == began
    assert recorded(world) is None  # reading writes nothing

    world.clock.advance(840)
    world.sweep(SIX_HOURS)
    assert recorded(world) == began


def test_one_agent_not_yet_evaluated_is_enough(world: World) -> None:
    world.sweep()
    first = world.queue.waiting.pop(0)
    world.drain()
    assert proven_at(world.store) is None

    world.queue.waiting.append(first)
    world.drain()
    assert proven_at(world.store) == NOON


def test_an_evaluation_of_before_the_sweep_does_not_count(world: World) -> None:
    for number in range(3):
        world.handle(world.event(agent=f"agent {number}"))
    world.clock.advance(1)
    world.sweep()

    assert proven_at(world.store) is None


def test_those_evaluated_while_it_was_listing_are_not_waited_for(world: World) -> None:
    world.clock.advance(1)
    answers = iter([True])
    began = world.clock.now()
    world.sweep(HOUR, lambda: next(answers, False))
    world.clock.advance(1)
    for number in range(3):
        world.handle(world.event(agent=f"agent {number}"))
    world.sweep(HOUR)

    assert proven_at(world.store) == began


def test_an_agent_whose_evaluation_always_fails_keeps_every_sweep_unproven(world: World) -> None:
    world.sweep(SIX_HOURS)
    world.drain()
    world.calls.on_call = broken()
    for _ in range(4):
        world.clock.advance(SIX_HOURS.total_seconds())
        world.sweep(SIX_HOURS)
        world.deliver()

    assert proven_at(world.store) == recorded(world) == NOON


def test_a_newer_sweep_in_progress_changes_nothing(world: World) -> None:
    world.sweep(SIX_HOURS)
    world.drain()
    world.clock.advance(SIX_HOURS.total_seconds())
    world.sweep(SIX_HOURS, lambda: False)

    assert proven_at(world.store) == NOON


def test_an_older_sweep_is_proven_while_a_newer_one_is_in_progress(world: World) -> None:
    world.sweep(SIX_HOURS)
    world.clock.advance(SIX_HOURS.total_seconds())
    world.sweep(SIX_HOURS, lambda: False)
    assert proven_at(world.store) is None

    world.drain()
    assert proven_at(world.store) == NOON

    world.sweep(SIX_HOURS, lambda: False)
    assert recorded(world) == NOON


def test_the_newer_of_two_finished_sweeps_wins(world: World) -> None:
    world.sweep(SIX_HOURS)
    world.clock.advance(SIX_HOURS.total_seconds())
    newer = world.clock.now()
    world.sweep(SIX_HOURS)
    world.drain()

    assert proven_at(world.store) == newer
    world.sweep(SIX_HOURS)
    assert world.store.progress is not None
    assert (recorded(world), world.store.progress.older) == (newer, None)


def test_only_one_older_sweep_is_kept_the_newest(world: World) -> None:
    for _ in range(3):
        world.sweep()
        world.clock.advance(1)

    assert world.store.progress is not None
    assert world.store.progress.older is not None
    assert world.store.progress.older.started_at == NOON + timedelta(seconds=1)


def test_a_check_strikes_off_what_was_evaluated_so_that_it_is_not_read_again(world: World) -> None:
    world.calls.on_call = broken()
    world.sweep(SIX_HOURS)
    world.deliver()
    world.sweep(SIX_HOURS)
    world.calls.forget()

    world.sweep(SIX_HOURS)

    assert world.calls.to("store.load") == [(world.key("agent 1"),)]
    assert world.calls.to("store.save_sweep_progress") == []


def test_an_agent_that_is_gone_is_not_waited_for(world: World) -> None:
    world.sweep(SIX_HOURS)
    world.drain()
    world.clock.advance(SIX_HOURS.total_seconds())
    began = world.clock.now()
    world.sweep(SIX_HOURS)
    world.delete_agent("agent 1")
    world.queue.waiting = [one for one in world.queue.waiting if uuid_of("agent 1") not in one.body]
    world.queue.put(world.event("DeleteAIAgent", agent="agent 1"))
    world.drain()

    assert proven_at(world.store) == began


def test_an_agent_without_an_instance_is_not_waited_for(world: World) -> None:
    """No security profile can be attached to it, and its evaluation leaves no record."""
    world.cloud.instances.clear()
    world.sweep()
    world.drain()

    assert world.outcomes == ["not-judged"] * 3
    assert proven_at(world.store) == NOON


def test_an_agent_that_names_its_instance_itself_is_waited_for(world: World) -> None:
    world.cloud.instances.clear()
    arn = f"arn:aws:connect:us-east-1:111122223333:instance/{INSTANCE}"
    world.agent(RETRIEVE, name="agent 1", instance_arn=arn)
    world.sweep()
    assert proven_at(world.store) is None

    world.drain()
    assert proven_at(world.store) == NOON


def test_a_proven_sweep_is_not_kept_as_an_older_one(world: World) -> None:
    world.sweep(SIX_HOURS)
    world.drain()
    world.clock.advance(SIX_HOURS.total_seconds())
    world.sweep(SIX_HOURS, lambda: False)

    assert recorded(world) == NOON
    assert world.store.progress is not None
    assert world.store.progress.older is None


# --- what failed in the sweep


def test_an_agent_that_failed_in_the_sweep_counts_as_not_evaluated(world: World) -> None:
    world.calls.faults.append(Fault("store.load", 2, AccessDenied("denied")))
    world.sweep()
    world.drain()
    assert proven_at(world.store) is None

    world.handle(world.event(agent="agent 1"))
    world.handle(world.event(agent="agent 0"))
    world.handle(world.event(agent="agent 2"))
    assert proven_at(world.store) == NOON


def test_a_sweep_that_missed_an_assistant_is_never_proven(world: World) -> None:
    world.sweep(SIX_HOURS)
    world.drain()
    world.clock.advance(SIX_HOURS.total_seconds())
    world.calls.faults.append(Fault("agents.listed", 2, AccessDenied("list")))
    world.sweep(SIX_HOURS)
    world.drain()
    world.sweep(SIX_HOURS)

    assert proven_at(world.store) == recorded(world) == NOON


def test_a_sweep_that_missed_an_assistant_leaves_the_older_one_its_chance(world: World) -> None:
    world.sweep()
    waiting, world.queue.waiting = world.queue.waiting, []
    for _ in range(2):
        world.clock.advance(1)
        world.calls.faults.append(Fault("agents.listed", 1, AccessDenied("list")))
        world.sweep()
    world.queue.waiting = waiting
    world.drain()

    assert proven_at(world.store) == NOON


@pytest.mark.parametrize("error", [OtherSchema("item"), KeyError("version")])
def test_a_record_that_cannot_be_read_proves_nothing_and_stops_nobody(
    world: World, error: Exception
) -> None:
    world.sweep(SIX_HOURS)
    world.drain()

    def on_call(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "store.load" and arguments[0] == world.key("agent 1"):
            raise error

    world.calls.on_call = on_call

    assert proven_at(world.store) is None
    world.sweep(SIX_HOURS)
    assert world.store.progress is not None
    assert world.store.progress.waiting == {world.key("agent 1")}


@pytest.mark.parametrize("error", [Throttled("slow down"), ServiceUnavailable("table get")])
def test_a_table_that_does_not_answer_only_postpones_the_proof(
    world: World, error: Exception
) -> None:
    world.sweep(SIX_HOURS)
    world.drain()
    world.calls.faults.append(Fault("store.load", 1, error))
    world.sweep(SIX_HOURS)
    assert recorded(world) is None

    world.sweep(SIX_HOURS)
    assert recorded(world) == NOON


@pytest.mark.parametrize("error", [Throttled("slow down"), ServiceUnavailable("table get")])
def test_who_reads_the_proof_is_told_that_the_table_does_not_answer(
    world: World, error: Exception
) -> None:
    world.sweep(SIX_HOURS)
    world.drain()
    world.calls.faults.append(Fault("store.load", 1, error))

    with pytest.raises(type(error)):
        proven_at(world.store)


# --- what reading costs


def test_reading_stops_at_the_first_agent_not_evaluated(world: World) -> None:
    world.sweep()
    world.calls.forget()

    assert proven_at(world.store) is None
    assert len(world.calls.to("store.load")) == 1


def test_so_many_that_reading_them_takes_long_are_left_to_the_sweep(world: World) -> None:
    waiting = frozenset(AgentKey("assistant", str(number)) for number in range(MOST_READ + 1))
    world.store.progress = SweepProgress(NOON, waiting=waiting, finished_at=NOON)

    assert proven_at(world.store) is None
    assert world.calls.to("store.load") == []


def test_a_proven_sweep_is_read_without_its_records(world: World) -> None:
    world.sweep(SIX_HOURS)
    world.drain()
    world.sweep(SIX_HOURS)
    world.calls.forget()

    assert proven_at(world.store) == NOON
    assert world.calls.to("store.load") == []


def test_what_nobody_waits_for_is_proven_at_once(world: World) -> None:
    progress = SweepProgress(NOON + HOUR, older=Unproven(NOON, frozenset()))

    assert prove(progress, world.store) == replace(progress, proven_at=NOON, older=None)


# --- what rests on it


@pytest.fixture
def fix_world() -> FixWorld:
    """Nobody has swept yet. Two agents share a profile, and the evaluation of one always fails."""
    world = FixWorld()
    world.store.progress = None
    world.agent(RETRIEVE)
    world.agent(UPDATE_CASE, name="agent 1")
    world.profile("shared")
    world.attach("shared")
    world.attach("shared", agent="agent 1")
    world.calls.on_call = broken()
    return world


def test_a_shared_profile_is_not_written_while_the_other_agent_cannot_be_evaluated(
    fix_world: FixWorld,
) -> None:
    fix_world.sweep()

    assert fix_world.look_and_fix() == []
    assert fix_world.writes == 0
    assert proven_at(fix_world.store) is None


def test_once_the_other_agent_was_evaluated_and_is_not_on_it_the_profile_is_written(
    fix_world: FixWorld,
) -> None:
    fix_world.sweep()
    fix_world.look()
    fix_world.calls.on_call = lambda *_: None
    fix_world.attach(agent="agent 1")
    fix_world.later(VISIBILITY.total_seconds())

    assert fix_world.look_and_fix() == ["fixed"]
