"""Dying before or after every call of a fix and of an undo, then the same message again: the same
state, the same audit, nothing told twice under two ids."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.fakes import GET_ORDER, RETRIEVE, Crash, FixWorld
from tests.usecases.fix_cases import BEFORE, ORDER, VIEW

from toolgrant.domain.fixing.ledger import RemovalStep
from toolgrant.domain.model import Risk
from toolgrant.errors import ServiceUnavailable, Throttled

AFTER = {BEFORE, VIEW, ORDER}
MOST_CALLS = 120


def told_world() -> FixWorld:
    """A world in which a fix has been asked for and not been delivered yet."""
    world = FixWorld(automatic_risk=Risk.WRITE)
    world.agent(RETRIEVE, GET_ORDER)
    world.profile("agent-profile", BEFORE)
    world.attach("agent-profile")
    world.look()
    world.calls.forget()
    return world


def fixed_world() -> FixWorld:
    """A world in which an undo has been asked for and not been delivered yet."""
    world = told_world()
    world.fix()
    world.clock.advance(600)
    world.operate("undo", world.change_ids[0])
    world.calls.forget()
    return world


def strike(world: FixWorld, nth: int, error: BaseException, after: bool) -> None:
    """Raise in the nth call from now on, before or after it took effect."""
    left = [nth]

    def hook(name: str, arguments: tuple[Any, ...]) -> None:
        del name, arguments
        left[0] -= 1
        if left[0] == (-1 if after else 0):  # after a call is before the one that follows
            raise error

    world.calls.on_call = hook


def deliver_until_done(world: FixWorld, most: int = 5) -> None:
    for _ in range(most):
        try:
            world.fix()
        except (Crash, Throttled, ServiceUnavailable):
            world.calls.on_call = lambda *_: None
            world.clock.advance(720)
            continue
        break
    world.calls.on_call = lambda *_: None
    world.drain()
    world.later(3600)
    world.fix()


def calls_of(make: Callable[[], FixWorld]) -> int:
    world = make()
    world.fix()
    return len(world.calls.log)


def test_the_runs_are_short_enough_to_be_tried_call_by_call() -> None:
    assert 10 < calls_of(told_world) < MOST_CALLS
    assert 10 < calls_of(fixed_world) < MOST_CALLS


def said(word: str) -> set[str]:
    return {f"{word} Retrieve", f"{word} GetOrder"}


ERRORS = [Crash(), Throttled("slow down"), ServiceUnavailable("503")]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_fix_that_dies_anywhere_converges(error: BaseException, after: bool) -> None:
    for nth in range(1, calls_of(told_world) + 1):
        world = told_world()
        strike(world, nth, error, after)

        deliver_until_done(world)

        assert world.grants("agent-profile") == AFTER, nth
        assert world.states() == {
            "insufficient Retrieve": "resolved",
            "insufficient GetOrder": "resolved",
        }, nth
        assert set(world.told[:2]) == {"opened Retrieve", "opened GetOrder"}, nth
        assert set(world.told[2:]) in (said("fixed"), said("resolved")), (nth, world.told)
        assert len({alert["alertId"] for alert in world.notifier.alerts}) == 2, nth
        changes = {
            one["change"]["changeId"]
            for one in world.journal.decisions
            if one["outcome"] == "granted"
        }
        assert len(changes) == 1, nth
        assert not any(alert["status"] == "integrity" for alert in world.notifier.alerts), nth


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_an_undo_that_dies_anywhere_converges(error: BaseException, after: bool) -> None:
    for nth in range(1, calls_of(fixed_world) + 1):
        world = fixed_world()
        strike(world, nth, error, after)

        deliver_until_done(world)

        assert world.grants("agent-profile") == {BEFORE}, nth
        (change,) = world.ledger.all_changes()
        assert change.standing == frozenset(), nth
        assert {w.removal.step for w in change.lists if w.removal} == {RemovalStep.VERIFIED}, nth
        assert len({r["alertId"] for r in world.journal.decisions if r["outcome"] == "undone"}) == 1


@pytest.mark.parametrize("looks", range(6))
def test_old_answers_after_the_write_are_waited_for(looks: int) -> None:
    world = told_world()
    (request,) = world.fixes.waiting
    profile_id, kind = request.profile_id, next(iter(world.cloud.profiles.values())).grants
    old = frozenset(kind)

    def go_stale(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "writer.replace":
            world.stale[profile_id, arguments[1]] = [old] * looks

    world.calls.on_call = go_stale

    deliver_until_done(world)

    assert world.grants("agent-profile") == AFTER
    assert world.states() == {
        "insufficient Retrieve": "resolved",
        "insufficient GetOrder": "resolved",
    }
    assert world.ledger.broken == {}
