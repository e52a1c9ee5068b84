"""What was taken back is not given again: not by another profile, not to another holder, not by a
proposal; until an operator closes the breaker, and then exactly once."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes import DESCRIBE_CONTACT, RETRIEVE, FixWorld, uuid_of
from tests.usecases.fix_cases import (
    BEFORE,
    HOUR,
    PROFILE,
    VIEW,
    broken,
    fixed,
    is_quiet,
    notes,
    ready,
    updated,
)

from toolgrant.domain.fixing.history import Breaker
from toolgrant.domain.fixing.rules import Mode
from toolgrant.domain.model import Risk
from toolgrant.errors import Conflict, InvalidInput

AGENT = uuid_of("agent")


def removed(**rules: Any) -> FixWorld:
    """What we gave was taken away by a person an hour later, and that was seen."""
    world = fixed(**rules)
    world.edit(PROFILE, remove=[VIEW])
    world.look()
    return world


def test_a_persons_removal_opens_the_breaker_of_the_agent_and_of_the_profile() -> None:
    world = removed()

    assert world.fix() == []
    assert broken(world) == {(AGENT, VIEW), (uuid_of(PROFILE), VIEW)}
    assert world.told[-1] == "reopened Retrieve"
    assert "breaker is open" in notes(world.notifier.alerts[-1])
    assert is_quiet(world)
    assert world.writes == 1


@pytest.mark.parametrize("target", ["agent", "profile", "change", "grant", "fix"])
def test_reset_lets_the_grant_be_given_once_more_and_only_once(target: str) -> None:
    world = removed()
    change = world.ledger.all_changes()[0]
    named = {
        "agent": AGENT,
        "profile": uuid_of(PROFILE),
        "change": change.id,
        "grant": VIEW,
        "fix": change.fix_id,
    }

    world.operate("reset", named[target])

    assert broken(world) == set()
    assert world.look_and_fix() == ["fixed"]
    assert VIEW in world.grants(PROFILE)
    assert is_quiet(world)
    assert broken(world) == set()

    world.edit(PROFILE, remove=[VIEW])
    world.later(120)
    assert world.look_and_fix() == []
    assert broken(world) == {(AGENT, VIEW), (uuid_of(PROFILE), VIEW)}
    assert is_quiet(world)


def test_one_loss_trips_once_however_often_it_is_seen() -> None:
    world = removed()
    world.operate("reset", VIEW)
    world.operate("pause")

    world.later(HOUR)
    world.look()
    world.sweep()
    world.drain()

    assert broken(world) == set()


def test_reset_of_nothing_open_is_refused() -> None:
    world = fixed()
    with pytest.raises(InvalidInput, match="no open breaker"):
        world.operate("reset", VIEW)


def test_a_second_profile_of_the_same_agent_does_not_get_round_a_removal() -> None:
    world = fixed()
    world.profile("second", BEFORE)
    world.attach(PROFILE, "second")
    world.edit(PROFILE, remove=[VIEW])

    assert world.look_and_fix() == []
    assert is_quiet(world)
    assert world.grants("second") == {BEFORE}


def test_a_second_profile_that_comes_later_does_not_get_round_a_removal() -> None:
    world = removed()
    world.profile("second", BEFORE)
    world.attach("second")

    assert world.look_and_fix() == []
    assert world.grants("second") == {BEFORE}


def test_a_second_profile_does_not_get_round_an_undo() -> None:
    world = fixed()
    world.profile("second", BEFORE)
    world.attach(PROFILE, "second")
    world.operate("undo", world.change_ids[0])
    assert world.fix() == ["undone"]

    world.later(HOUR)
    assert world.look_and_fix() == []
    assert world.grants("second") == {BEFORE}
    assert world.grants(PROFILE) == {BEFORE}


def test_a_repair_of_a_second_profile_that_was_on_its_way_meets_the_breaker() -> None:
    world = fixed()
    world.operate("undo", world.change_ids[0])
    world.fix()
    world.ledger.broken.clear()
    world.later(HOUR)
    world.profile("second", BEFORE)
    world.attach("second")
    world.look()
    assert len(world.fixes.waiting) == 1
    world.before("ledger.claim", lambda: _open(world, AGENT))

    assert world.fix() == ["fix-refused"]
    assert world.grants("second") == {BEFORE}


def _open(world: FixWorld, subject: str) -> None:
    """Somebody else's undo of the same grant has just opened its breakers."""
    world.ledger.open_breakers([Breaker(subject, VIEW, "c-other", "undone", world.clock.now())])


@pytest.mark.parametrize("taken_by", ["a person", "an undo"])
def test_no_dedicated_profile_is_proposed_for_what_was_taken_away(taken_by: str) -> None:
    world = fixed(dedicated=True)
    if taken_by == "an undo":
        world.operate("undo", world.change_ids[0])
        world.fix()
    else:
        world.edit(PROFILE, remove=[VIEW])
    world.later(HOUR)
    world.look()

    assert "Proposed" not in notes(world.notifier.alerts[-1])
    assert not [offer for shown in world.store.shown() for offer in shown.offers]


def test_a_proposal_from_before_the_removal_is_not_carried_out() -> None:
    world = ready(dedicated=True, holder={"people": 1})
    world.look_and_fix()
    finding = world.finding_id()
    world.operate("approve", finding, dedicated=True)
    _open(world, AGENT)

    assert world.fix() == ["fix-refused"]
    assert len(world.cloud.profiles) == 1


def shared() -> FixWorld:
    """Two AI agents on one profile, both with the tool; one grant serves both."""
    world = ready(most_agents=5)
    world.agent(RETRIEVE, name="another")
    world.attach(PROFILE, agent="another")
    world.look("another")
    world.look()
    assert "fixed" in world.fix()
    world.later(HOUR)
    world.sweep()
    world.drain()
    return world


@pytest.mark.parametrize("taken_by", ["a person", "an undo"])
def test_each_holder_of_a_shared_profile_has_the_breaker(taken_by: str) -> None:
    world = shared()
    for name in ("agent", "another"):
        world.profile(f"second of {name}", BEFORE)
        world.attach(PROFILE, f"second of {name}", agent=name)
    if taken_by == "an undo":
        for change in world.change_ids:
            world.operate("undo", change)
        world.fix()
    else:
        world.edit(PROFILE, remove=[VIEW])
    world.look()
    world.look("another")
    world.fix()

    assert {(AGENT, VIEW), (uuid_of("another"), VIEW), (uuid_of(PROFILE), VIEW)} <= broken(world)
    for name in (PROFILE, "second of agent", "second of another"):
        assert VIEW not in world.grants(name)


def test_the_profile_itself_is_closed_to_agents_that_come_later() -> None:
    world = removed(most_agents=5)
    world.agent(RETRIEVE, name="newcomer")
    world.attach(PROFILE, agent="newcomer")

    assert world.look_and_fix("newcomer") == []
    assert VIEW not in world.grants(PROFILE)


@pytest.mark.parametrize("how", ["detached", "deleted"])
def test_detaching_or_deleting_the_profile_is_a_loss(how: str) -> None:
    world = fixed()
    world.profile("second", BEFORE)
    if how == "deleted":
        del world.cloud.profiles[uuid_of(PROFILE)]
        world.attach(PROFILE, "second")
    else:
        world.attach("second")

    assert world.look_and_fix() == []
    assert (AGENT, VIEW) in broken(world)
    assert world.grants("second") == {BEFORE}
    assert is_quiet(world)


def test_a_loss_counts_only_by_a_read_that_began_a_bound_after_the_verification() -> None:
    world = ready()
    world.look()
    world.fix()
    world.clock.advance(20)
    world.edit(PROFILE, remove=[VIEW])  # as an old answer would show it

    world.queue.put(world.event())
    world.drain()
    assert broken(world) == set()

    world.later(120)
    assert broken(world)


def test_who_took_it_away_is_told_where_it_is_on_record() -> None:
    world = fixed()
    world.edit(PROFILE, remove=[VIEW])
    world.queue.put(updated(world))
    world.drain()
    world.later(120)

    assert f"Admin/ann took away {VIEW}" in notes(world.notifier.alerts[-1])


def test_who_took_it_away_is_told_though_the_record_was_written_by_another_first() -> None:
    world = fixed()
    world.edit(PROFILE, remove=[VIEW])
    world.queue.put(updated(world))
    lost = [2]

    def conflict(name: str, _: tuple[object, ...]) -> None:
        if name == "store.commit" and lost[0]:
            lost[0] -= 1
            raise Conflict("somebody else wrote first")

    world.calls.on_call = conflict
    world.drain()
    world.later(120)

    assert lost == [0]
    assert f"took away {VIEW}" in notes(world.notifier.alerts[-1])


def test_reset_of_a_grant_of_one_agent_leaves_other_grants_broken() -> None:
    world = fixed(RETRIEVE, DESCRIBE_CONTACT, automatic_risk=Risk.WRITE)
    world.edit(PROFILE, remove=[VIEW, "permission:BasicAgentAccess"])
    world.look()
    assert len(broken(world)) == 4

    world.operate("reset", VIEW)

    assert {what for _, what in broken(world)} == {"permission:BasicAgentAccess"}


def test_an_approval_does_not_get_round_a_breaker() -> None:
    world = ready(mode=Mode.APPROVE)
    world.look()
    finding = world.finding_id()
    world.operate("approve", finding)
    _open(world, AGENT)

    assert world.fix() == ["fix-refused"]
    assert world.grants(PROFILE) == {BEFORE}
