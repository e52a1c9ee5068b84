"""What opens while it is muted is told once the mute is over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.fakes import RETRIEVE, FixWorld

VIEW = "permission:Wisdom.View"


def muted(until_hours: int | None = None) -> FixWorld:
    """An AI agent that nobody wants to hear of, and that lacks a permission."""
    world = FixWorld()
    world.agent(RETRIEVE)
    world.profile("agent-profile")
    world.attach("agent-profile")
    until = world.clock.now() + timedelta(hours=until_hours) if until_hours else None
    world.operate("mute", world.key().ai_agent_id, until=until)
    return world


def test_nothing_is_told_or_written_while_it_is_muted() -> None:
    world = muted()

    assert world.look_and_fix() == []
    assert world.look_and_fix() == []

    assert world.told == []
    assert world.grants("agent-profile") == frozenset()


@pytest.mark.parametrize("how", ["unmuted", "expired"])
def test_what_opened_meanwhile_is_told_and_fixed_after_the_mute(how: str) -> None:
    world = muted(until_hours=1 if how == "expired" else None)
    world.look_and_fix()
    if how == "unmuted":
        world.operate("unmute", world.key().ai_agent_id)
    world.clock.advance(3700)

    world.sweep()
    world.drain()
    world.fix()

    assert world.told == ["opened Retrieve", "fixed Retrieve"]
    assert world.grants("agent-profile") == {VIEW}


def test_what_opened_and_ended_while_it_was_muted_is_never_told() -> None:
    world = muted()
    world.look_and_fix()
    world.edit("agent-profile", add=[VIEW])
    world.look_and_fix()
    world.operate("unmute", world.key().ai_agent_id)

    world.clock.advance(3700)
    world.look_and_fix()

    assert world.told == []


def test_what_reopened_while_it_was_muted_is_told_as_reopened() -> None:
    world = muted()
    world.operate("unmute", world.key().ai_agent_id)
    world.holders[next(iter(world.holders))].people = 9
    world.look_and_fix()
    world.edit("agent-profile", add=[VIEW])
    world.look_and_fix()
    world.operate("mute", world.key().ai_agent_id)
    world.edit("agent-profile", remove=[VIEW])
    world.look_and_fix()
    assert world.told == ["opened Retrieve", "resolved Retrieve"]

    world.operate("unmute", world.key().ai_agent_id)
    world.look_and_fix()

    assert world.told[-1] == "reopened Retrieve"
