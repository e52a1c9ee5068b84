"""Nobody has made the emergency stop yet: nothing is written, and people are told what to do."""

from __future__ import annotations

import pytest
from tests.fakes import FixWorld
from tests.usecases.fix_cases import HOUR, asked, fixed, notes, ready

from toolgrant.domain.fixing.rules import Mode

COMMAND = (
    "aws ssm put-parameter --name /toolgrant/this-stack/emergency-stop --type String --value false"
)


def without_stop(mode: Mode) -> FixWorld:
    world = ready(mode=mode)
    world.stop.answer = None
    world.look()
    return world


def told(world: FixWorld) -> str:
    return notes(world.notifier.alerts[-1])


@pytest.mark.parametrize("mode", [Mode.APPROVE, Mode.FIX])
def test_the_alert_says_why_nothing_is_written_and_the_command_that_changes_it(mode: Mode) -> None:
    world = without_stop(mode)

    assert world.fix() == []
    assert "the emergency stop is missing" in told(world)
    assert COMMAND in told(world)


def test_once_it_is_made_the_next_look_writes() -> None:
    world = without_stop(Mode.FIX)
    world.stop.answer = False
    world.later(HOUR)

    assert world.look_and_fix() == ["fixed"]


def test_resume_says_that_the_emergency_stop_still_holds_writes_back() -> None:
    world = without_stop(Mode.FIX)

    assert COMMAND in "\n".join(world.operate("resume"))
    world.stop.answer = True
    assert "emergency stop is pulled" in "\n".join(world.operate("resume"))
    world.stop.answer = False
    assert "emergency stop" not in "\n".join(world.operate("resume"))


def test_a_refused_undo_says_the_command_too() -> None:
    world = fixed()
    world.operate("undo", world.change_ids[0])
    world.stop.answer = None

    assert world.fix() == ["undo-refused"]
    assert COMMAND in told(world)


def test_a_dry_run_says_the_command_too() -> None:
    world = asked(mode=Mode.APPROVE)
    world.stop.answer = None

    lines = world.operate("approve", world.finding_id(), dry_run=True)

    assert [line for line in lines if "in the way" in line and COMMAND in line]
