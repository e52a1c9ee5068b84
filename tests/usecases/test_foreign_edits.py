"""Edits of others: put off while they are young, told where they met a write of ours, and named
when they fight it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.fakes import GET_ORDER, RETRIEVE, Fault, FixWorld, uuid_of
from tests.fakes.fix_world import WRITER_ROLE
from tests.usecases.fix_cases import (
    ANN,
    BEFORE,
    HOUR,
    OWN,
    PROFILE,
    VIEW,
    asked,
    broken,
    dies,
    fixed,
    integrity,
    notes,
    ready,
    updated,
)

from toolgrant.adapters.aws import USER_AGENT
from toolgrant.domain.model import GrantKind, Risk
from toolgrant.errors import ServiceUnavailable

STAMPS = ("shared", "per-list", "whole-seconds", "absent")
BOUND = 60
USERS = "permission:Users.View"
LOST = {"Permissions": ["Tasks.View", "Users.View"]}
"""The permissions after somebody gave Users.View to the profile."""


def stale_by(world: FixWorld, seconds: float, lists: dict[str, Any] = LOST) -> str:
    """Somebody edits the profile, and the reads of the write that follows are old: they show it as
    it was before. Returns the record, which comes late."""
    old = world.cloud.profiles[uuid_of(PROFILE)].grants
    world.edit(PROFILE, add=[USERS])
    body = updated(world, lists=lists)
    world.clock.advance(seconds)
    world.stale[uuid_of(PROFILE), GrantKind.PERMISSION] = [old] * 20

    def fresh_again(name: str, _: tuple[Any, ...]) -> None:
        if name == "ledger.save":
            return
        if name == "writer.replace":
            world.stale.clear()

    world.calls.on_call = fresh_again
    return body


def test_an_edit_before_our_write_that_was_read_stale_is_critical_though_its_record_is_late() -> (
    None
):
    """Without stamps nothing postpones; four seconds after a person's edit it is overwritten."""
    world = asked()
    world.stamps = "absent"
    body = stale_by(world, 4)
    assert world.fix() == ["fixed"]
    assert USERS not in world.grants(PROFILE)  # lost
    world.later(600)

    world.handle(body)

    (alert,) = integrity(world)
    assert alert["changeId"] == world.change_ids[0]
    said = notes(alert)
    assert "Admin/ann" in said
    assert VIEW in said


@pytest.mark.parametrize(
    ("seconds", "met"), [(1, True), (30, True), (BOUND - 1, True), (63, False)]
)
def test_the_window_begins_a_bound_before_the_first_read(seconds: int, met: bool) -> None:
    world = asked()
    world.stamps = "absent"
    body = stale_by(world, seconds)
    world.fix()
    world.later(600)

    world.handle(body)

    assert bool(integrity(world)) is met


@pytest.mark.parametrize("stamps", ["shared", "per-list", "whole-seconds"])
def test_a_young_stamp_of_somebody_elses_puts_the_repair_off_until_it_is_old(stamps: str) -> None:
    world = asked()
    world.stamps = stamps
    edited_at = world.clock.now()
    stale_by(world, 4)
    reads = world.stale[uuid_of(PROFILE), GrantKind.PERMISSION]
    put_off: list[float] = []

    def watch(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "fixes.put_off":
            put_off.append(arguments[1])
            reads.clear()  # by then reads are fresh

    world.calls.on_call = watch

    assert world.fix() == ["fixed"]

    assert sum(put_off) >= BOUND - 5
    (write,) = world.ledger.all_changes()[0].lists
    assert write.sent_at
    assert write.sent_at - edited_at >= timedelta(seconds=BOUND - 1)
    assert world.grants(PROFILE) == {VIEW, BEFORE, USERS}
    assert integrity(world) == []


@pytest.mark.parametrize("stamps", STAMPS)
def test_a_young_edit_on_record_puts_the_repair_off_until_it_is_old(stamps: str) -> None:
    world = asked()
    world.stamps = stamps
    edited_at = world.clock.now()
    world.handle(stale_by(world, 4))

    def watch(name: str, _: tuple[Any, ...]) -> None:
        if name == "fixes.put_off":
            world.stale.clear()

    world.calls.on_call = watch

    assert world.fix() == ["fixed"]

    (write,) = world.ledger.all_changes()[0].lists
    assert write.sent_at
    assert write.sent_at - edited_at >= timedelta(seconds=BOUND - 1)
    assert world.grants(PROFILE) == {VIEW, BEFORE, USERS}
    assert integrity(world) == []


@pytest.mark.parametrize("stamps", STAMPS)
def test_our_own_writes_stamp_puts_nothing_off(stamps: str) -> None:
    """The next repair of the same profile, seconds after ours."""
    world = asked()
    world.stamps = stamps
    assert world.fix() == ["fixed"]
    world.calls.forget()
    world.agent(RETRIEVE, GET_ORDER)
    world.rules = type(world.rules)(**{**vars(world.rules), "automatic_risk": Risk.WRITE})
    began = world.clock.now()
    world.look()

    assert world.fix() == ["fixed"]
    assert world.calls.to("fixes.put_off") == []
    assert world.clock.now() - began < timedelta(seconds=BOUND + 10)


@pytest.mark.parametrize("stamps", ["shared", "per-list", "whole-seconds"])
def test_a_stamp_far_in_the_future_never_blocks(stamps: str) -> None:
    world = asked()
    world.stamps = stamps
    later = world.clock.now() + timedelta(days=3)
    world.modified[uuid_of(PROFILE), None] = later
    world.modified[uuid_of(PROFILE), GrantKind.PERMISSION] = later

    assert world.fix() == ["fixed"]


def test_a_record_from_the_far_future_never_blocks() -> None:
    world = asked()
    world.handle(updated(world, at=world.clock.now() + timedelta(days=3)))

    assert world.fix() == ["fixed"]


@pytest.mark.parametrize("stamps", STAMPS)
def test_reads_that_disagree_are_read_again_later_while_the_newest_is_young(stamps: str) -> None:
    world = asked()
    world.stamps = stamps
    world.before("ledger.save", lambda: world.edit(PROFILE, add=[USERS]), nth=2)

    assert world.fix() == ["fixed"]

    assert world.grants(PROFILE) == {VIEW, BEFORE, USERS}


def test_an_edit_on_record_before_the_end_of_the_write_is_critical() -> None:
    world = asked()
    world.before("writer.replace", lambda: world.handle(updated(world)) and None)

    assert world.fix() == ["fixed"]

    (alert,) = integrity(world)
    assert alert["changeId"] == world.change_ids[0]
    assert "Admin/ann" in notes(alert)
    assert VIEW in notes(alert)


def test_an_edit_in_the_window_whose_event_comes_late_and_twice_is_told_once() -> None:
    world = asked()
    at = world.clock.now()
    world.fix()
    world.clock.advance(600)

    world.handle(updated(world, at=at, eventID="e"), updated(world, at=at, eventID="e"))

    assert len(integrity(world)) == 1


def test_an_edit_that_names_no_list_is_critical() -> None:
    world = asked()
    at = world.clock.now()
    world.fix()
    world.clock.advance(600)

    world.handle(updated(world, at=at, lists={}))

    assert len(integrity(world)) == 1


def test_edits_outside_of_the_window_are_nobodys_business() -> None:
    world = asked()
    began = world.clock.now()
    world.fix()
    world.clock.advance(600)

    world.handle(
        updated(world, at=began - timedelta(seconds=BOUND + 2)),
        updated(world, at=world.clock.now()),
    )

    assert integrity(world) == []
    assert not [record for record in world.journal.decisions if record.get("otherEdits")]


NO_LOSS: dict[str, dict[str, Any]] = {
    "other lists": {"Applications": []},
    "back to how it was": {"Permissions": ["Tasks.View"]},
}


@pytest.mark.parametrize("late", [False, True], ids=["in time", "late"])
@pytest.mark.parametrize("lists", NO_LOSS.values(), ids=NO_LOSS.keys())
def test_an_edit_that_met_no_list_of_ours_is_on_the_audit_record_only(
    lists: dict[str, Any], late: bool
) -> None:
    world = asked()
    body = updated(world, lists=lists, eventID="the-edit")
    if late:
        world.fix()
        world.handle(body)
    else:
        world.before("writer.replace", lambda: world.handle(body) and None)
        world.fix()

    assert integrity(world) == []
    assert ["the-edit"] in [record.get("otherEdits") for record in world.journal.decisions]


# --- whose write it is


OTHERS: dict[str, dict[str, Any]] = {
    "a user": {
        "type": "IAMUser",
        "arn": "arn:aws:iam::111122223333:user/toolgrant-RemediateRole",
        "userName": "toolgrant-RemediateRole",
    },
    "a federated user": {
        "type": "FederatedUser",
        "arn": "arn:aws:sts::111122223333:federated-user/toolgrant-RemediateRole",
        "sessionContext": {"sessionIssuer": {"arn": WRITER_ROLE}},
    },
    "another account": {
        "type": "AssumedRole",
        "arn": "arn:aws:sts::999999999999:assumed-role/toolgrant-RemediateRole/session",
        "sessionContext": {"sessionIssuer": {"arn": WRITER_ROLE.replace("1111", "9999")}},
    },
    "another path": {
        **OWN,
        "sessionContext": {
            "sessionIssuer": {"arn": WRITER_ROLE.replace("role/", "role/some/path/")}
        },
    },
    "a longer name": {
        **OWN,
        "sessionContext": {"sessionIssuer": {"arn": f"{WRITER_ROLE}-2"}},
    },
    "no issuer": {"type": "AssumedRole", "arn": OWN["arn"]},
}


@pytest.mark.parametrize("by", OTHERS.values(), ids=OTHERS.keys())
def test_only_exactly_our_role_is_our_own(by: dict[str, Any]) -> None:
    world = asked()
    at = world.clock.now()
    world.fix()
    world.clock.advance(600)

    world.handle(updated(world, by=by, at=at, lists=LOST))

    (alert,) = integrity(world)
    assert f"changed security profile {PROFILE} while toolgrant wrote to it" in notes(alert)
    assert len(world.ledger.edits) == 1


def test_the_record_of_our_own_write_only_confirms() -> None:
    world = asked()
    at = world.clock.now()
    world.fix()

    sent = {"Permissions": ["Tasks.View", "Wisdom.View"]}
    world.handle(updated(world, by=OWN, at=at.replace(microsecond=0), lists=sent))

    assert integrity(world) == []
    assert world.ledger.edits == {}
    assert world.told == ["opened Retrieve", "fixed Retrieve"]


def test_the_record_of_our_own_removal_only_confirms() -> None:
    world = fixed()
    at = world.clock.now()
    world.operate("undo", world.change_ids[0])
    world.fix()

    world.handle(updated(world, by=OWN, at=at, lists={"Permissions": ["Tasks.View"]}))

    assert integrity(world) == []


def test_a_record_under_our_role_that_left_another_list_than_we_did_is_critical() -> None:
    world = asked()
    at = world.clock.now()
    world.fix()
    sent = {"Permissions": ["Tasks.View", "Wisdom.View", "Users.Edit"]}

    world.handle(updated(world, by=OWN, at=at.replace(microsecond=0), lists=sent))

    assert len(integrity(world)) == 1


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_record_under_our_role_that_matches_no_write_of_ours_is_critical(minutes: int) -> None:
    world = fixed()
    written_at = world.ledger.all_changes()[0].verified_at
    assert written_at

    world.handle(updated(world, by=OWN, at=written_at + timedelta(minutes=minutes)))
    world.drain()

    (alert,) = integrity(world)
    assert "knows of no such write" in notes(alert)


def another_toolgrants(world: FixWorld) -> str:
    """The record of an edit by the writer of another stack."""
    agent = f"Boto3/1.40 {USER_AGENT}another-stack"
    return updated(world, userAgent=agent, at=world.clock.now())


def test_a_record_of_another_toolgrant_stops_writes_until_reset() -> None:
    world = ready()
    world.handle(another_toolgrants(world))
    world.later(HOUR)

    assert world.look_and_fix() == []
    assert "another toolgrant wrote to it: another-stack" in notes(*world.notifier.alerts)
    assert world.writes == 0

    world.later(24 * HOUR)  # it does not pass by itself
    assert world.look_and_fix() == []
    world.sweep()
    world.drain()
    assert world.fix() == []

    (line,) = world.operate("reset", uuid_of(PROFILE))
    assert "another-stack" in line
    world.sweep()
    world.drain()
    world.look()
    assert world.fix() == ["fixed"]


def test_another_toolgrant_stops_undo_too() -> None:
    world = fixed()
    world.handle(another_toolgrants(world))
    world.later(HOUR)
    world.operate("undo", world.change_ids[0])

    assert world.fix() == ["undo-refused"]
    assert VIEW in world.grants(PROFILE)


# --- who fights us


def test_a_grant_taken_away_by_cloudformation_is_named_with_the_remedy() -> None:
    world = fixed()
    world.edit(PROFILE, remove=[VIEW])
    world.queue.put(updated(world, by={**ANN, "invokedBy": "cloudformation.amazonaws.com"}))
    world.drain()
    world.later(120)

    assert world.fix() == []
    said = notes(world.notifier.alerts[-1])
    assert said.startswith("CloudFormation (")
    assert 'AWS::Connect::SecurityProfile, Permissions: add - "Wisdom.View"' in said


# --- what was sent and not answered


def test_what_somebody_added_under_an_open_write_is_unattributed() -> None:
    world = asked()
    dies(world, "writer.replace")
    world.edit(PROFILE, add=[VIEW])
    world.handle(updated(world, lists={"Permissions": ["Tasks.View", "Wisdom.View"]}))

    assert world.fix() == ["in-doubt"]

    assert world.writes == 0
    assert any("cannot tell" in notes(alert) for alert in integrity(world))
    world.operate("undo", world.change_ids[0])
    assert world.fix() == ["undo-refused"]
    assert VIEW in world.grants(PROFILE)


def test_an_unattributed_grant_that_is_removed_by_hand_is_not_added_again() -> None:
    """As the runbook says: take it out by hand."""
    world = asked()
    dies(world, "writer.replace")
    world.edit(PROFILE, add=[VIEW])
    world.handle(updated(world, lists={"Permissions": ["Tasks.View", "Wisdom.View"]}))
    assert world.fix() == ["in-doubt"]
    world.later(HOUR)

    world.edit(PROFILE, remove=[VIEW])

    assert world.look_and_fix() == []
    assert (uuid_of("agent"), VIEW) in broken(world)
    assert VIEW not in world.grants(PROFILE)


def test_the_record_of_a_write_that_had_to_be_sent_again_is_our_own() -> None:
    """The first landed unanswered and was taken out before we looked; its record comes late."""
    world = asked()
    at = world.clock.now()
    world.calls.faults.append(Fault("writer.replace", 1, ServiceUnavailable("timeout"), after=True))
    world.before("fixes.put_off", lambda: world.edit(PROFILE, remove=[VIEW]))
    assert world.fix() == ["fixed"]

    sent = {"Permissions": ["Tasks.View", "Wisdom.View"]}
    world.handle(updated(world, by=OWN, lists=sent, eventTime=at.isoformat()))

    assert integrity(world) == []


def test_a_write_that_was_not_answered_may_still_land_after_its_grants_were_seen() -> None:
    """Somebody else added the same meanwhile: seeing it does not prove that ours has landed."""
    world = asked()
    world.calls.faults.append(Fault("writer.replace", 1, ServiceUnavailable("timeout")))
    world.before("fixes.put_off", lambda: world.edit(PROFILE, add=[VIEW]))
    assert world.fix() == ["fixed"]
    (write,) = world.ledger.all_changes()[0].lists
    assert write.sent_at is not None
    assert write.ended_at is not None
    at = write.sent_at + timedelta(seconds=50)
    assert at > write.ended_at + timedelta(seconds=1)

    world.handle(updated(world, at=at))

    assert len(integrity(world)) == 1
