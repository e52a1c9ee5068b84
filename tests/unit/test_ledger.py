"""The change ledger and what is on record of a profile: whose write it was, what may have met it,
what stands, what was refused, which change made a finding go away."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import SOME

from toolgrant.domain.causes import Actor
from toolgrant.domain.fixing.history import (
    Attribution,
    ForeignEdit,
    ProfileHistory,
    TakenAway,
    attribute,
)
from toolgrant.domain.fixing.ledger import (
    ListState,
    ListWrite,
    ProfileChange,
    Removal,
    RemovalStep,
    settling,
)
from toolgrant.domain.fixing.repair import Repair, RepairItem
from toolgrant.domain.model import Grant, GrantKind
from toolgrant.domain.records import AgentKey
from toolgrant.domain.requests import UndoRequest

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
TICK = timedelta(microseconds=1)
BOUND = timedelta(seconds=60)
VIEW, EDIT = Grant.parse("permission:Cases.View"), Grant.parse("permission:Cases.Edit")
OTHER = Grant.parse("permission:Wisdom.View")
ORDER = Grant.parse("mcp:shop/GetOrder")
AGENT = AgentKey("assistant", "agent")
PERSON = Actor("AssumedRole", "alice", "website")
LIST, APPS = GrantKind.PERMISSION, GrantKind.MCP
ITEM = RepairItem("f-1", NOW - HOUR, "Retrieve", None, ("$SAVED",), (VIEW, EDIT))
WRITE = ListWrite(LIST, (VIEW, EDIT), frozenset({OTHER}))
SENT = replace(WRITE, state=ListState.SENT, read_at=NOW, sent_at=NOW + 2 * SECOND)
DONE = replace(SENT, state=ListState.DONE, ended_at=NOW + 5 * SECOND)
Grants = tuple[Grant, ...]
Lists = dict[GrantKind, frozenset[Grant] | None] | None


def change(*lists: ListWrite, **fields: Any) -> ProfileChange:
    base = ProfileChange("c-1", "fix-1", "i", "p", AGENT, (ITEM,), NOW, lists=lists or (DONE,))
    return replace(base, **fields)


def edit(
    at: datetime = NOW, lists: Lists = None, event_id: str = "e", actor: Actor = PERSON
) -> ForeignEdit:
    return ForeignEdit(event_id, "p", at, actor, lists)


def met(write: ListWrite, at: datetime) -> bool:
    """Whether an edit that is told with this time may have met a write, or its removal."""
    history = ProfileHistory("p", (), (edit(at),))
    windows = [write.window(BOUND), write.removal.window(BOUND) if write.removal else None]
    return any(history.edits_in(window) for window in windows)


def touches(lists: Lists, write: ListWrite) -> bool:
    return edit(lists=lists).touches(write.kind, write.before)


# ----------------------------------------------------------------------------- the window


@pytest.mark.parametrize(
    ("second", "inside"),
    # A record's time is cut to seconds: what is told as -61 was over at -60, -60.999 perhaps not.
    [(-61, False), (-60.999, True), (-60, True), (0, True), (5.999, True), (6, False), (62, False)],
)
def test_the_window_of_a_verified_write(second: float, inside: bool) -> None:
    """From a bound before the first read until a second after it was verified."""
    assert met(DONE, NOW + second * SECOND) is inside
    unattributed = replace(DONE, state=ListState.UNATTRIBUTED)
    assert met(unattributed, NOW + second * SECOND) is inside


@pytest.mark.parametrize(
    ("second", "inside"), [(-61, False), (-60.999, True), (6, True), (61.999, True), (62, False)]
)
@pytest.mark.parametrize(
    "write",
    [
        SENT,
        replace(SENT, state=ListState.PLANNED),
        replace(SENT, state=ListState.ABANDONED, ended_at=NOW + 3 * SECOND),
        replace(SENT, state=ListState.REFUSED, ended_at=NOW + 3 * SECOND),
    ],
)
def test_a_write_that_was_not_seen_to_be_there_can_land_a_bound_later(
    write: ListWrite, second: float, inside: bool
) -> None:
    assert met(write, NOW + second * SECOND) is inside


@pytest.mark.parametrize("write", [WRITE, replace(WRITE, read_at=NOW)])
def test_what_was_never_sent_met_nothing(write: ListWrite) -> None:
    for second in (-60, -1, 0, 1, 60):
        assert not met(write, NOW + second * SECOND)


@SOME
@given(
    st.integers(0, 59_999_999), st.integers(0, 9_999_999), st.integers(0, 59_999_999), st.booleans()
)
def test_no_edit_between_an_old_read_and_the_verification_is_missed(
    age: int, took: int, edited: int, verified: bool
) -> None:
    """The read may show the profile as it was up to a bound before; records are cut to seconds."""
    read = NOW + timedelta(microseconds=edited)
    end = read + timedelta(microseconds=took)
    write = replace(SENT, read_at=read, sent_at=end)
    if verified:
        write = replace(write, state=ListState.DONE, ended_at=end)
    span = (end - read + timedelta(microseconds=age)) / 2
    for at in (read - timedelta(microseconds=age), end, end - span):
        assert met(write, at.replace(microsecond=0))


LATER = NOW + 9 * HOUR


def removal(step: RemovalStep) -> ListWrite:
    return replace(
        DONE,
        removal=Removal(
            *("o", frozenset({VIEW}), step, frozenset({VIEW, OTHER}), LATER),
            ended_at=LATER + SECOND if step is RemovalStep.VERIFIED else None,
        ),
    )


@pytest.mark.parametrize("step", RemovalStep)
def test_taking_grants_back_has_a_window_too(step: RemovalStep) -> None:
    write = removal(step)
    assert not met(write, LATER - BOUND - SECOND)
    assert met(write, LATER - BOUND)
    assert met(write, LATER + SECOND)
    assert not met(write, LATER + BOUND + SECOND)


def test_a_removal_that_was_not_verified_can_land_a_bound_later() -> None:
    for step in RemovalStep:
        late = met(removal(step), LATER + BOUND - SECOND)
        assert late is (step is not RemovalStep.VERIFIED)


# ---------------------------------------------------------------------- what an edit touches


@pytest.mark.parametrize(
    ("lists", "touched"),
    [
        (None, True),  # the record names no list
        ({LIST: None}, True),  # it names ours, and does not show what it left there
        ({LIST: frozenset({VIEW})}, True),
        ({LIST: frozenset()}, True),
        ({LIST: frozenset({OTHER})}, False),  # exactly as it was before our write
        ({APPS: None}, False),
        ({APPS: frozenset({ORDER})}, False),
        ({APPS: None, LIST: frozenset({VIEW, OTHER})}, True),
        ({APPS: None, LIST: frozenset({OTHER})}, False),
        ({}, False),
    ],
)
def test_an_edit_touches_our_list_unless_it_left_it_as_it_was(lists: Lists, touched: bool) -> None:
    assert touches(lists, DONE) is touched


def test_a_list_that_was_empty_before_is_one_that_the_record_shows() -> None:
    empty = replace(DONE, before=frozenset())
    assert touches({LIST: None}, empty)
    assert not touches({LIST: frozenset()}, empty)


@pytest.mark.parametrize(
    ("edits", "blamed"),
    [
        ((), None),
        ((edit(NOW + HOUR, {LIST: frozenset()}),), "e"),
        ((edit(NOW + HOUR),), "e"),
        ((edit(NOW + HOUR, {APPS: None}),), None),
        ((edit(NOW + HOUR, {APPS: None, LIST: frozenset()}),), "e"),
        ((edit(NOW - SECOND),), None),
        ((edit(NOW - SECOND + TICK),), "e"),
        ((edit(NOW + HOUR, event_id="new"), edit(NOW + MINUTE, event_id="old")), "new"),
        ((edit(NOW + MINUTE, event_id="old"), edit(NOW + HOUR, {APPS: None})), "old"),
    ],
)
def test_the_newest_edit_of_the_list_may_have_taken_it(
    edits: tuple[ForeignEdit, ...], blamed: str | None
) -> None:
    found = ProfileHistory("p", (change(),), edits).last_edit(DONE)
    assert (found.event_id if found else None) == blamed


@pytest.mark.parametrize(
    ("name", "via", "tool"),
    [
        ("alice", "website", None),
        ("deploy", "CloudFormation", "CloudFormation"),
        ("deploy", "Terraform", "Terraform"),
        ("deploy", "Cloud Control", "Cloud Control"),
        ("terraform-ci", "API", None),
        ("terraform", "AWS CLI", None),
    ],
)
def test_which_tool_seems_to_own_the_profile(name: str, via: str, tool: str | None) -> None:
    told = edit(actor=Actor("AssumedRole", name, via))
    loss = TakenAway(what=str(VIEW), change=change(), since=NOW, edit=told)
    assert (loss.tool, replace(loss, edit=None).tool) == (tool, None)


# ------------------------------------------------------------------------- whose write it was


@pytest.mark.parametrize(
    ("held", "edited", "verdict"),
    [
        ((), False, "absent"),
        ((OTHER,), False, "absent"),
        ((OTHER,), True, "absent"),
        ((VIEW, EDIT), False, "ours"),
        ((VIEW, EDIT, OTHER), False, "ours"),
        ((VIEW, EDIT, OTHER), True, "unattributed"),
        ((VIEW,), False, "unattributed"),
        ((VIEW, OTHER), True, "unattributed"),
    ],
)
def test_whose_grants_they_are_under_a_sent_write(held: Grants, edited: bool, verdict: str) -> None:
    edits = [edit()] * edited
    assert attribute(SENT, frozenset(held), iter(edits)) is Attribution(verdict)


OWN = change(replace(SENT, sent_at=NOW), attached_at=None)


@pytest.mark.parametrize(
    ("second", "own"), [(-1, False), (-0.999, True), (0, True), (1.999, True), (2, False)]
)
def test_a_stamp_is_of_our_own_write_within_a_second(second: float, own: bool) -> None:
    """A stamp may be cut to whole seconds, and a write take effect a little after it was sent."""
    history = ProfileHistory("p", (OWN,))
    assert history.own_write_at(NOW + second * SECOND) is own


@pytest.mark.parametrize(
    "made",
    [
        change(replace(WRITE, ended_at=NOW)),
        change(replace(WRITE, removal=replace(removal(RemovalStep.REMOVED).removal, at=NOW))),  # type: ignore[type-var]
        change(WRITE, attached_at=NOW),
    ],
)
def test_verifying_removing_and_attaching_are_writes_of_ours(made: ProfileChange) -> None:
    assert ProfileHistory("p", (made,)).own_write_at(NOW)
    assert not ProfileHistory("p", (change(WRITE),)).own_write_at(NOW)
    assert not ProfileHistory("p").own_write_at(NOW)


# ------------------------------------------------------------------------------ what stands


@pytest.mark.parametrize("state", ListState)
def test_what_was_seen_to_be_there_stands(state: ListState) -> None:
    """Unattributed grants too: what is found gone later was there."""
    stands = state in ("done", "unattributed")
    write = replace(DONE, state=state)
    assert write.standing == (frozenset({VIEW, EDIT}) if stands else frozenset())
    assert change(write).standing == write.standing


@pytest.mark.parametrize("state", ListState)
def test_a_delivery_goes_on_with_what_is_planned_or_sent(state: ListState) -> None:
    write = replace(DONE, state=state)
    assert write.open is change(write).open is (state in ("planned", "sent"))


def test_a_change_is_open_as_long_as_one_list_or_attachment_is() -> None:
    apps = ListWrite(APPS, (ORDER,))
    assert change(DONE, apps).open
    assert not change(DONE, replace(apps, state=ListState.REFUSED)).open
    assert change(DONE, to_attach=("3",)).open


def test_what_is_gone_stands_no_longer_and_can_be_lost_only_once() -> None:
    apps = replace(DONE, kind=APPS, grants=(ORDER,))
    made = change(DONE, apps, attached=("$SAVED", "3"))
    assert (made.standing, made.standing_at) == ({VIEW, EDIT, ORDER}, {"$SAVED", "3"})
    assert made.grants == (VIEW, EDIT, ORDER)
    left = made.without([VIEW, OTHER], ["3"])
    assert (left.standing, left.standing_at) == ({EDIT, ORDER}, {"$SAVED"})
    assert left.without([EDIT, ORDER]).standing == frozenset()
    assert [write.gone for write in left.lists] == [{VIEW}, frozenset()]


def test_each_list_has_a_state_of_its_own() -> None:
    apps = ListWrite(APPS, (ORDER,))
    made = change(WRITE, apps).with_list(DONE)
    assert made.lists == (DONE, apps)


def test_a_change_was_verified_when_the_last_of_it_was() -> None:
    apps = replace(DONE, kind=APPS, grants=(ORDER,), ended_at=NOW + MINUTE)
    assert change(DONE, apps).verified_at == NOW + MINUTE
    assert change(DONE, replace(apps, state=ListState.REFUSED)).verified_at == DONE.ended_at
    assert change(DONE, attached=("3",), attached_at=NOW + HOUR).verified_at == NOW + HOUR
    assert change(SENT).verified_at is None


@pytest.mark.parametrize(
    ("age", "counted"),
    [(timedelta(), 1), (HOUR - TICK, 1), (HOUR, 0), (HOUR + TICK, 0), (-SECOND, 1)],
)
def test_the_cap_counts_what_was_verified_within_an_hour(age: timedelta, counted: int) -> None:
    made = change(replace(DONE, ended_at=NOW - age), began_at=NOW - 9 * HOUR)
    taken_back = made.without([VIEW, EDIT])  # it was a write all the same
    refused = change(replace(DONE, state=ListState.REFUSED, ended_at=NOW - age))
    history = ProfileHistory("p", (made, change(SENT), refused, taken_back))
    assert history.changes_since(NOW) == 2 * counted


# --------------------------------------------------------------- what the service refused


@pytest.mark.parametrize(
    ("write", "found"),
    [
        ({"ended_at": NOW - 24 * HOUR + TICK}, True),
        ({"ended_at": NOW - 24 * HOUR}, False),
        ({"ended_at": None}, False),
        ({"kind": APPS}, False),
        *(({"state": one}, False) for one in ListState if one is not ListState.REFUSED),
    ],
)
def test_a_refusal_of_a_list_lasts_a_day(write: dict[str, Any], found: bool) -> None:
    refused = replace(DONE, **{"state": ListState.REFUSED, "ended_at": NOW, **write})
    history = ProfileHistory("p", (change(), change(refused, id="c-2")))
    assert history.refused(LIST, NOW) == ((refused,) if found else ())


# ------------------------------------------------------------ which change fixed a finding


@pytest.mark.parametrize(
    ("fields", "finding_id", "since", "found"),
    [
        ({}, "f-1", NOW, True),
        ({}, "f-2", NOW, False),
        ({}, "f-1", NOW + 5 * SECOND, True),
        ({}, "f-1", NOW + 5 * SECOND + TICK, False),
        ({"lists": (SENT,)}, "f-1", NOW, False),
        ({"lists": (replace(DONE, gone=frozenset({VIEW})),)}, "f-1", NOW, True),
        ({"lists": (replace(DONE, gone=frozenset({VIEW, EDIT})),)}, "f-1", NOW, False),
        ({"lists": (), "attached": ("3",), "attached_at": NOW}, "f-1", NOW, True),
        (
            {"lists": (), "attached": ("3",), "attached_at": NOW, "detached": frozenset({"3"})},
            "f-1",
            NOW,
            False,
        ),
    ],
)
def test_a_fix_is_ours_if_it_was_made_for_the_finding_stands_and_is_new_enough(
    fields: dict[str, Any], finding_id: str, since: datetime, found: bool
) -> None:
    made = change(**fields)
    assert ProfileHistory("p", (made,)).fix_of(finding_id, since) == (made if found else None)


def test_the_newest_change_made_the_fix() -> None:
    second = change(id="c-2")
    history = ProfileHistory("p", (change(), second))
    assert history.fix_of("f-1", NOW) == second
    assert (history.change("c-2"), history.change("c-1"), history.change("c")) == (
        *(second, change()),
        None,
    )


# ----------------------------------------------------------------------------------- groups


def test_writes_to_one_profile_are_one_group() -> None:
    repair = Repair("fix-1", AGENT, "p", "P", (ITEM,), NOW)
    assert UndoRequest("c-1", "p", "order").group == repair.group == "p"
    assert replace(repair, profile_id="", dedicated="P").group == "agent"
    assert settling(change(), NOW).group == "p"


def test_settling_asks_for_nothing_and_is_another_request_each_time() -> None:
    asked = settling(change(), NOW)
    assert (asked.items, asked.grants, asked.agent) == ((), (), AGENT)
    assert settling(change(), NOW).id == asked.id != settling(change(), NOW + SECOND).id
