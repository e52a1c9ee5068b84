"""A dry run says what would happen now, by the same policy, and writes nothing anywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.fakes import GET_ORDER, RETRIEVE, FixWorld, uuid_of
from tests.usecases.fix_cases import BEFORE, ORDER, PROFILE, VIEW, asked, fixed

from toolgrant.domain.fixing.rules import Mode


def offered(**rules: Any) -> FixWorld:
    return asked(RETRIEVE, GET_ORDER, mode=Mode.APPROVE, **rules)


def preview(world: FixWorld, target: str = "", action: str = "approve") -> str:
    """What a dry run prints. Asserts that it changes nothing."""
    before = (dict(world.ledger.approvals), dict(world.ledger.kept), dict(world.ledger.broken))
    target = target or str(world.notifier.alerts[-1]["alertId"])
    text = "\n".join(world.operate(action, target, dry_run=True))
    assert (world.ledger.approvals, world.ledger.kept, world.ledger.broken) == before
    assert world.fixes.waiting == []
    assert world.journal.decisions[-1]["dryRun"]
    return text


def test_it_prints_the_profile_and_each_list_before_and_after() -> None:
    world = offered()

    text = preview(world)

    assert f"profile: {PROFILE} ({uuid_of(PROFILE)})" in text
    assert "Permissions before (1): Tasks.View" in text
    assert "Permissions after (2): Tasks.View, Wisdom.View" in text
    assert "Applications before (0): -" in text
    assert "Applications after (1): gw-1a2b: orders-api___GetOrder" in text
    assert "would add: " in text
    assert VIEW in text.rsplit("would add", 1)[-1]
    assert ORDER in text.rsplit("would add", 1)[-1]
    assert "in the way" not in text
    assert world.grants(PROFILE) == {BEFORE}


def test_it_prints_who_else_gains() -> None:
    world = offered(most_people=10, most_agents=10, holder={"people": 3})
    world.agent(name="another")
    world.attach(PROFILE, agent="another")
    world.look("another")

    text = preview(world)

    assert f"who else gains: people: 3, other AI agents: 1: {uuid_of('another')}" in text


CONDITIONS: dict[str, tuple[Callable[[FixWorld], object], str]] = {
    "paused": (lambda world: world.operate("pause"), "toolgrant is paused"),
    "no opt-in": (lambda world: world.holders[uuid_of(PROFILE)].tags.clear(), "no opt-in"),
    "people": (lambda world: setattr(world.holders[uuid_of(PROFILE)], "people", 1), "people: 1"),
    "managed": (
        lambda world: setattr(world.holders[uuid_of(PROFILE)], "type", "AWS_MANAGED"),
        "AWS_MANAGED",
    ),
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_it_prints_the_conditions_that_stand_in_the_way(name: str) -> None:
    spoil, said = CONDITIONS[name]
    world = offered()
    spoil(world)

    text = preview(world)

    assert said in text
    assert "in the way" in text
    assert "would add" not in text


def test_it_says_how_long_a_young_edit_puts_the_write_off() -> None:
    world = offered()
    world.edit(PROFILE, add=["permission:Users.View"])
    world.clock.advance(20)

    assert "waits 40 s" in preview(world)


def test_an_undo_says_who_would_lose() -> None:
    world = fixed(most_people=10, most_agents=10, holder={"people": 4})
    world.agent(name="another")
    world.attach(PROFILE, agent="another")
    world.look("another")

    text = preview(world, world.change_ids[0], "undo")

    assert f"take {VIEW} out of security profile {uuid_of(PROFILE)}" in text
    assert "who loses: people: 4" in text
    assert uuid_of("another") in text
    assert world.agent().ai_agent_id in text
    assert VIEW in world.grants(PROFILE)


@pytest.mark.parametrize("action", ["mute", "pause", "reset"])
def test_other_orders_have_a_dry_run_too(action: str) -> None:
    world = fixed()
    world.edit(PROFILE, remove=[VIEW])
    world.look()
    broken, mutes = dict(world.ledger.broken), dict(world.ledger.mutes)

    target = {"mute": world.finding_id(), "reset": VIEW, "pause": ""}[action]
    assert world.operate(action, target, dry_run=True)

    assert (world.ledger.broken, world.ledger.mutes) == (broken, mutes)
    assert not world.ledger.stopped
