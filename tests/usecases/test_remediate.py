"""From a missing grant to a verified one: the writer on its way, and everything that stops it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.fakes import DESCRIBE_CONTACT, GET_ORDER, MODULE, RETRIEVE, FixWorld, mcp, uuid_of
from tests.usecases.fix_cases import (
    BASIC,
    BEFORE,
    HOUR,
    ORDER,
    PROFILE,
    VIEW,
    asked,
    fixed,
    is_quiet,
    notes,
    ready,
    refused,
)

from toolgrant.domain.fixing.repair import Repair
from toolgrant.domain.model import DRAFT, LATEST, GrantKind, Risk

MANY = tuple(mcp(f"gateway_gw-1a2b__orders-api___Tool{number}") for number in range(20))


def test_exactly_the_missing_grant_is_added_and_told() -> None:
    world = ready()

    assert world.look_and_fix() == ["fixed"]

    assert world.grants(PROFILE) == {VIEW, BEFORE}
    assert world.told == ["opened Retrieve", "fixed Retrieve"]
    assert world.notifier.alerts[-1]["changeId"] == world.change_ids[0]
    assert world.states() == {"insufficient Retrieve": "resolved"}
    assert world.writes == 1


def test_all_that_one_profile_lacks_is_one_change_and_one_mail() -> None:
    world = ready(*MANY[:18], RETRIEVE, MODULE, automatic_risk=Risk.WRITE, changes_per_hour=1)

    assert world.look_and_fix() == ["fixed"]

    assert len(world.change_ids) == 1
    assert world.writes == 3  # one for each list
    assert len(world.notifier.sent) == 2
    assert len(world.told) == 40


def test_each_profile_gets_what_the_qualifiers_on_it_lack() -> None:
    world = FixWorld()
    world.agent(RETRIEVE)
    world.publish(1)
    world.publish(2)
    world.make_live("1", "2")
    world.profile("of version 1")
    world.profile("of version 2")
    world.attach("of version 1", on=("1",))
    world.attach("of version 2", on=("2",))

    world.look()

    repairs = [one for one in world.fixes.waiting if isinstance(one, Repair)]
    assert {(r.profile_name, q) for r in repairs for i in r.items for q in i.qualifiers} == {
        ("of version 1", "1"),
        ("of version 2", "2"),
    }
    assert world.fix() == ["fixed", "fixed"]
    assert world.grants("of version 1") == world.grants("of version 2") == {VIEW}


def test_a_request_that_comes_twice_changes_nothing_more() -> None:
    world = asked()
    (request,) = world.fixes.waiting
    assert [world.work(request), world.work(request)] == ["fixed", "fixed"]

    assert world.writes == 1
    assert world.told == ["opened Retrieve", "fixed Retrieve"]


def test_a_request_replayed_after_a_persons_removal_writes_nothing() -> None:
    world = asked()
    (request,) = world.fixes.waiting
    world.fix()
    world.clock.advance(HOUR)
    world.edit(PROFILE, remove=[VIEW])

    world.work(request)

    assert world.writes == 1
    assert VIEW not in world.grants(PROFILE)


def test_more_than_was_announced_is_never_written() -> None:
    """Between the announcement and the write the tool comes to need something else too."""
    world = asked()
    world.agent(RETRIEVE, DESCRIBE_CONTACT, GET_ORDER)

    assert world.fix() == ["fixed"]

    assert world.grants(PROFILE) == {VIEW, BEFORE}


def test_a_request_for_another_profile_than_is_attached_is_refused() -> None:
    world = asked()
    (request,) = world.fixes.waiting
    assert isinstance(request, Repair)
    elsewhere = replace(request, id="fix-elsewhere", profile_id=world.profile("other"))

    assert world.work(elsewhere) != "fixed"
    assert world.writes == 0


@pytest.mark.parametrize(
    "holder",
    [{"people": 1}, {"type": "AWS_MANAGED"}, {"tags": {}}, {"tags": {"toolgrant:auto-fix": "no"}}],
)
def test_what_policy_forbids_is_not_asked_for(holder: dict[str, object]) -> None:
    world = ready(holder=holder)

    assert world.look_and_fix() == []
    assert world.writes == 0
    assert world.told == ["opened Retrieve"]


def test_people_who_join_before_the_write_stop_it() -> None:
    world = asked()
    holder = world.holders[uuid_of(PROFILE)]
    world.before("ledger.save", lambda: setattr(holder, "people", 1))

    assert world.fix() == ["fix-refused"]
    assert world.writes == 0
    assert not any(change.open for change in world.ledger.all_changes())


def test_a_refusal_after_the_request_is_told_once_and_never_says_that_it_adds() -> None:
    world = asked()
    world.holders[uuid_of(PROFILE)].people = 3
    (request,) = world.fixes.waiting

    assert [world.work(request), world.work(request)] == ["fix-refused", "fix-refused"]
    assert world.told[0] == "opened Retrieve"
    (alert,) = refused(world)
    assert "people: 3" in notes(alert)
    assert "adds" not in notes(alert)


def test_two_different_refusals_of_one_repair_are_two_alerts() -> None:
    world = asked()
    (request,) = world.fixes.waiting
    world.holders[uuid_of(PROFILE)].people = 3
    world.work(request)
    world.holders[uuid_of(PROFILE)].people = 0
    world.operate("pause")
    world.work(request)

    first, second = refused(world)
    assert first["alertId"] != second["alertId"]
    assert "held by people" in notes(first)
    assert "paused" in notes(second)


def test_what_was_granted_meanwhile_is_not_claimed() -> None:
    world = asked()
    world.edit(PROFILE, add=[VIEW])

    assert world.fix() == ["not-needed"]
    assert world.writes == 0
    assert world.told == ["opened Retrieve", "resolved Retrieve"]


@pytest.mark.parametrize("stamps", ["shared", "per-list", "whole-seconds", "absent"])
def test_an_edit_between_two_reads_is_kept(stamps: str) -> None:
    world = asked()
    world.stamps = stamps
    world.before("ledger.save", lambda: world.edit(PROFILE, add=["permission:Users.View"]))

    assert world.fix() == ["fixed"]
    assert world.grants(PROFILE) == {VIEW, BEFORE, "permission:Users.View"}


def test_only_the_lists_that_need_it_are_sent() -> None:
    world = asked(RETRIEVE, GET_ORDER, automatic_risk=Risk.WRITE)

    world.fix()

    sent = [kind for _, kind, _ in world.calls.to("writer.replace")]
    assert sent == [GrantKind.PERMISSION, GrantKind.MCP]  # what only reads first
    assert world.grants(PROFILE) == {VIEW, ORDER, BEFORE}


def test_write_risk_waits_for_an_operator_and_read_risk_beside_it_does_not() -> None:
    world = ready(RETRIEVE, DESCRIBE_CONTACT)

    assert world.look_and_fix() == ["fixed"]
    assert world.grants(PROFILE) == {VIEW, BEFORE}
    assert BASIC not in world.grants(PROFILE)


def test_a_value_that_had_to_be_cleaned_for_the_record_is_never_granted() -> None:
    world = ready(mcp("gateway_gw-1a2b__orders-api___Get\u00a0Order"), automatic_risk=Risk.WRITE)

    assert world.look_and_fix() == []
    assert world.writes == 0
    assert "had to be cleaned" in notes(*world.notifier.alerts)


def test_a_tool_that_needs_a_grant_that_an_open_gap_would_bring_gets_it_nowhere_else() -> None:
    world = FixWorld()
    world.agent(RETRIEVE)
    world.publish()
    world.profile("has it", VIEW)
    world.profile("other")
    world.attach("has it", "other", on=(DRAFT, LATEST))
    world.attach("other", on=("1",))

    world.look_and_fix()

    assert VIEW not in world.grants("other")
    assert "attach that one" in notes(*world.notifier.alerts)


def test_pause_stops_writes_and_resume_lets_them_go_on() -> None:
    world = asked()
    world.operate("pause")
    assert world.fix() == ["fix-refused"]
    assert world.writes == 0

    world.operate("resume")
    world.clock.advance(HOUR)
    assert world.look_and_fix() == ["fixed"]


def test_the_emergency_stop_that_cannot_be_read_stops_writes() -> None:
    world = ready()
    world.stop.answer = None

    assert world.look_and_fix() == []
    assert world.writes == 0


def test_a_repaired_profile_leaves_nothing_to_do_or_tell() -> None:
    assert is_quiet(fixed())


def test_one_evaluation_reads_each_profile_once_however_many_tools_lack_something() -> None:
    world = ready(*MANY, automatic_risk=Risk.WRITE)
    world.look()

    reads = world.calls.count("writer.")
    assert set(reads) == {"writer.describe", "writer.people", "writer.listed"}
    assert set(reads.values()) == {1}


def test_profiles_that_just_came_or_went_are_a_normal_outcome_of_an_evaluation() -> None:
    world = ready()
    world.attach(PROFILE, "not there")

    assert world.look_and_fix() == ["fixed"]
    assert world.journal.failures == []


@pytest.mark.parametrize("call", ["ledger.save", "writer.listed", "writer.replace"])
def test_a_profile_that_is_deleted_on_the_way_is_a_normal_outcome(call: str) -> None:
    world = asked()
    world.before(call, lambda: world.cloud.profiles.pop(uuid_of(PROFILE), None) and None)

    assert world.fix() in (["fix-refused"], ["not-needed"])

    assert not any(change.open for change in world.ledger.all_changes())
    assert all(event != "failed" for event, _ in world.journal.failures)


def test_an_agent_that_is_gone_ends_the_repair() -> None:
    world = asked()
    world.delete_agent()

    assert world.fix() == ["not-needed"]
    assert world.writes == 0
