"""From a missing grant to a verified one: the writer on its way, and everything that stops it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.fakes import CREATE_CASE, RETRIEVE, FixWorld, uuid_of

from toolgrant.domain.fixing.rules import Mode
from toolgrant.domain.requests import FixRequest
from toolgrant.errors import GaveUp, InvalidInput
from toolgrant.usecases.writer.remediate import MOST_MOVES

VIEW = "permission:Wisdom.View"


def world_with(mode: Mode = Mode.FIX, **holder: object) -> FixWorld:
    world = FixWorld(mode)
    world.agent(RETRIEVE)
    world.profile("agent-profile", "permission:Tasks.View", **holder)
    world.attach("agent-profile")
    return world


def test_exactly_the_missing_grant_is_added_and_told() -> None:
    world = world_with()

    assert world.look_and_fix() == ["fixed"]

    assert world.grants("agent-profile") == {VIEW, "permission:Tasks.View"}
    assert world.told == ["opened Retrieve", "fixed Retrieve"]
    assert world.notifier.alerts[-1]["changeId"] == world.change_ids[0]
    assert world.states() == {"insufficient Retrieve": "resolved"}
    assert world.writes == 1


def test_a_request_that_comes_twice_changes_nothing_more() -> None:
    world = world_with()
    world.look()
    (request,) = world.fixes.waiting
    assert [world.work(request), world.work(request)] == ["fixed", "fixed"]

    assert world.writes == 1
    assert world.told == ["opened Retrieve", "fixed Retrieve"]


def test_a_request_moves_on_to_the_best_profile_but_not_for_ever() -> None:
    world = world_with()
    world.look()
    (request,) = world.fixes.waiting
    assert isinstance(request, FixRequest)
    elsewhere = replace(request, profile_id=world.profile("other"))

    assert world.work(elsewhere) == "superseded"
    moved = replace(request, attempt=1)
    assert world.fixes.waiting == [request, moved]
    with pytest.raises(GaveUp, match="the best security profile changed 3 times"):
        world.work(replace(elsewhere, attempt=MOST_MOVES))
    assert world.writes == 0


@pytest.mark.parametrize(
    "holder",
    [{"people": 1}, {"type": "AWS_MANAGED"}, {"tags": {}}, {"tags": {"toolgrant:auto-fix": "no"}}],
)
def test_what_policy_forbids_is_not_asked_for(holder: dict[str, object]) -> None:
    world = world_with(**holder)

    assert world.look_and_fix() == []
    assert world.writes == 0
    assert world.told == ["opened Retrieve"]


def test_people_who_join_before_the_write_stop_it() -> None:
    world = world_with()
    world.look()
    holder = world.holders[uuid_of("agent-profile")]
    world.before("ledger.save", lambda: setattr(holder, "people", 1))

    assert world.fix() == ["fix-refused"]
    assert world.writes == 0
    assert VIEW not in world.grants("agent-profile")


def test_a_refusal_after_the_request_is_told_once() -> None:
    world = world_with()
    world.look()
    world.holders[uuid_of("agent-profile")].people = 3
    (request,) = world.fixes.waiting

    assert [world.work(request), world.work(request)] == ["fix-refused", "fix-refused"]
    assert world.told[0] == "opened Retrieve"
    assert set(world.told[1:]) == {"refused Retrieve"}
    assert len({alert["alertId"] for alert in world.notifier.alerts}) == 2


def test_what_was_granted_meanwhile_is_not_claimed() -> None:
    world = world_with()
    world.look()
    world.edit("agent-profile", add=[VIEW])

    assert world.fix() == ["not-needed"]
    assert world.writes == 0
    assert world.told == ["opened Retrieve", "resolved Retrieve"]


def test_an_edit_between_two_reads_is_kept() -> None:
    world = world_with()
    world.look()
    world.before("ledger.save", lambda: world.edit("agent-profile", add=["permission:Users.View"]))

    assert world.fix() == ["fixed"]
    assert world.grants("agent-profile") == {VIEW, "permission:Tasks.View", "permission:Users.View"}


def test_mode_approve_waits_for_an_operator() -> None:
    world = world_with(Mode.APPROVE)
    assert world.look_and_fix() == []
    (finding,) = world.findings().values()
    lines = world.operate("approve", finding.id)

    assert lines == [f"approve {finding.id}: add {VIEW} for Retrieve"]
    assert world.fix() == ["fixed"]
    assert VIEW in world.grants("agent-profile")


def test_write_risk_waits_for_an_operator() -> None:
    world = world_with()
    world.agent(CREATE_CASE)
    world.profile("agent-profile")

    assert world.look_and_fix() == []
    assert world.writes == 0


def test_a_grant_that_somebody_takes_away_opens_the_breaker() -> None:
    world = world_with()
    world.look_and_fix()
    world.clock.advance(3600)
    world.edit("agent-profile", remove=[VIEW])

    assert world.look_and_fix() == []
    assert [str(grant) for _, grant in world.ledger.broken] == [VIEW]
    assert world.told[-1] == "reopened Retrieve"
    notes = world.notifier.alerts[-1]["findings"][0]["advisories"]
    assert any("breaker" in note for note in notes)


def test_undo_takes_back_exactly_that() -> None:
    world = world_with()
    world.look_and_fix()
    world.edit("agent-profile", add=["permission:Users.View"])

    world.operate("undo", world.change_ids[0])

    assert world.fix() == ["undone"]
    assert world.grants("agent-profile") == {"permission:Tasks.View", "permission:Users.View"}
    world.clock.advance(3600)
    assert world.look_and_fix() == []
    assert VIEW not in world.grants("agent-profile")


def test_pause_stops_writes_and_resume_lets_them_go_on() -> None:
    world = world_with()
    world.look()
    world.operate("pause")
    assert world.fix() == ["fix-refused"]
    assert world.writes == 0

    world.operate("resume")
    world.clock.advance(3600)
    assert world.look_and_fix() == ["fixed"]


def test_the_emergency_stop_that_cannot_be_read_stops_writes() -> None:
    world = world_with()
    world.stop.answer = None

    assert world.look_and_fix() == []
    assert world.writes == 0


def test_an_undo_that_was_refused_can_be_asked_for_again_at_once() -> None:
    world = world_with()
    world.look_and_fix()
    world.operate("pause")
    world.operate("undo", world.change_ids[0])
    assert world.fix() == ["undo-refused"]
    world.operate("resume")
    world.clock.advance(1)

    world.operate("undo", world.change_ids[0])

    assert world.fix() == ["undone"]


def test_an_approval_of_one_finding_is_of_no_other() -> None:
    world = FixWorld(Mode.APPROVE)
    world.agent(RETRIEVE, CREATE_CASE)
    world.profile("agent-profile")
    world.attach("agent-profile")
    world.look_and_fix()
    ids = {finding.tool_name: finding.id for finding in world.findings().values()}

    assert len(world.operate("approve", ids["Retrieve"], dry_run=True)) == 1
    assert len(world.operate("approve", f"{world.key().ai_agent_id}-1", dry_run=True)) == 2
    assert world.fixes.waiting == []


@pytest.mark.parametrize("target", ["", "nobody-1", f"{uuid_of('agent')}-0123456789x"])
def test_an_approval_of_nothing_known_is_refused(target: str) -> None:
    world = world_with(Mode.APPROVE)
    world.look_and_fix()
    with pytest.raises(InvalidInput, match="names no"):
        world.operate("approve", target)


def test_an_approval_expires() -> None:
    world = world_with(Mode.APPROVE)
    world.look_and_fix()
    (finding,) = world.findings().values()
    world.clock.advance(7 * 24 * 3600 + 1)
    with pytest.raises(InvalidInput, match="more than 7 days ago"):
        world.operate("approve", finding.id)
