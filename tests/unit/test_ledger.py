"""The change ledger: ids, whose write it was, what falls into its window, what was taken away."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import SOME

from toolgrant.domain.causes import Actor
from toolgrant.domain.fixing.ledger import (
    Attribution,
    ChangeState,
    ForeignEdit,
    ProfileChange,
    ProfileHistory,
    TakenAway,
    attribute,
    change_id,
    profile_of,
)
from toolgrant.domain.model import Grant, GrantKind
from toolgrant.domain.records import AgentKey
from toolgrant.domain.requests import FixRequest, UndoRequest

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
TICK = timedelta(microseconds=1)
VIEW, EDIT = Grant.parse("permission:Cases.View"), Grant.parse("permission:Cases.Edit")
OTHER = Grant.parse("permission:Wisdom.View")
ORDER = Grant.parse("mcp:shop/GetOrder")
AGENT = AgentKey("assistant", "agent")
PERSON = Actor("AssumedRole", "alice", "website")
LIST = GrantKind.PERMISSION
CHANGE = ProfileChange(
    "p-1", "instance", "p", AGENT, "finding", LIST, (VIEW, EDIT), began_at=NOW - MINUTE
)
DONE = replace(CHANGE, state=ChangeState.DONE, verified_at=NOW - MINUTE + SECOND)
Grants = tuple[Grant, ...]


def edit(
    at: datetime, *kinds: GrantKind, event_id: str = "e", actor: Actor = PERSON
) -> ForeignEdit:
    return ForeignEdit(event_id, "p", at, actor, frozenset(kinds) or None)


def gone(*changes: ProfileChange, missing: Grants = (VIEW, EDIT), **facts: Any) -> list[str]:
    """The grants that are found taken away."""
    found = ProfileHistory("p", changes, **facts).taken_away(missing, NOW)
    return [str(one.grant) for one in found]


PROFILE = "8d8bcf08-0b5c-4a53-a9a5-3e0f2a1f0b11"
IDS = st.text(st.characters(exclude_categories=["Cs"]))


@SOME
@given(IDS, IDS, st.sampled_from(GrantKind))
def test_a_change_id_names_its_profile(profile_id: str, fix_id: str, kind: GrantKind) -> None:
    made = change_id(profile_id, fix_id, kind)
    assert profile_of(made) == UndoRequest(made).profile_id == profile_id
    assert re.fullmatch(r"-[0-9a-f]{12}", made.removeprefix(profile_id))


def test_every_delivery_of_one_fix_has_the_same_change_id_and_no_other_fix_has_it() -> None:
    asked = [(one, fix, kind) for one in (PROFILE, "p") for fix in "ab" for kind in GrantKind]
    assert len({change_id(*one) for one in asked}) == len(asked)
    assert [change_id(*one) for one in asked] == [change_id(*one) for one in asked]


def test_writes_to_one_profile_are_one_group() -> None:
    assert UndoRequest(change_id(PROFILE, "fix", GrantKind.MCP)).group == PROFILE
    assert FixRequest(AGENT, "finding", PROFILE, "fix").group == PROFILE
    assert FixRequest(AGENT, "finding", "", "fix", dedicated=True).group == "agent"


@pytest.mark.parametrize(
    ("held", "before", "edited", "verdict"),
    [
        ((), (), False, "absent"),
        ((OTHER,), (OTHER,), False, "absent"),
        ((), (), True, "absent"),
        ((VIEW, EDIT), (), False, "ours"),
        ((VIEW, EDIT, OTHER), (OTHER,), False, "ours"),
        ((VIEW, EDIT), (), True, "unattributed"),
        ((VIEW,), (), False, "unattributed"),
        ((VIEW, OTHER), (OTHER,), True, "unattributed"),
        ((VIEW, EDIT), (VIEW,), False, "unattributed"),
        ((VIEW, EDIT), (VIEW, EDIT), False, "unattributed"),
    ],
)
def test_whose_grants_they_are_under_an_open_intent(
    held: Grants, before: Grants, edited: bool, verdict: str
) -> None:
    change = replace(CHANGE, before=frozenset(before))
    edits = [edit(NOW)] * edited
    assert attribute(change, frozenset(held), iter(edits)) is Attribution(verdict)


@pytest.mark.parametrize(
    ("second", "inside"),
    # A record's time is cut to seconds: what is told as -1 was over at 0, -0.999 perhaps not.
    [(-1.001, False), (-1, False), (-0.999, True), (0, True), (5, True), (6, False), (6.5, False)],
)
def test_the_edges_of_the_window_of_a_write(second: float, inside: bool) -> None:
    history = ProfileHistory("p", (), (edit(NOW + second * SECOND),))
    within = history.edits_within(replace(CHANGE, began_at=NOW), NOW + 5 * SECOND)
    assert within == history.edits * inside


@SOME
@given(*[st.integers(0, 5_000_000)] * 2, st.integers(0, 999_999))
def test_no_edit_inside_the_window_is_missed_for_its_time_in_whole_seconds(
    start: int, later: int, share: int
) -> None:
    began = NOW + timedelta(microseconds=start)
    until = began + timedelta(microseconds=later)
    told = edit((began + timedelta(microseconds=later * share // 999_999)).replace(microsecond=0))
    assert ProfileHistory("p", (), (told,)).edits_within(
        replace(CHANGE, began_at=began), until
    ) == (told,)


@pytest.mark.parametrize(
    ("age", "counted"),
    [(timedelta(), 1), (HOUR - TICK, 1), (HOUR, 0), (HOUR + TICK, 0), (-SECOND, 1)],
)
def test_the_cap_counts_what_was_verified_within_an_hour(age: timedelta, counted: int) -> None:
    change = replace(DONE, began_at=NOW - 9 * HOUR, verified_at=NOW - age)
    undone = replace(change, id="p-2", state=ChangeState.UNDONE)  # it was a write all the same
    assert ProfileHistory("p", (change, CHANGE, undone)).changes_since(NOW) == 2 * counted


def test_a_change_is_found_by_its_id() -> None:
    second = replace(DONE, id="p-2")
    history = ProfileHistory("p", (CHANGE, second))
    assert (history.change("p-2"), history.change("p-1"), history.change("p")) == (
        second,
        CHANGE,
        None,
    )


def test_a_grant_of_ours_that_is_missing_was_taken_away() -> None:
    assert gone(DONE) == ["permission:Cases.Edit", "permission:Cases.View"]
    assert gone(DONE, missing=(VIEW, OTHER, ORDER)) == ["permission:Cases.View"]
    assert gone(DONE, missing=()) == []
    assert gone(missing=(VIEW,)) == []


@pytest.mark.parametrize(
    ("change", "facts"),
    [
        *((replace(DONE, state=state), {}) for state in ChangeState if state != "done"),
        (replace(DONE, undone=frozenset({VIEW, EDIT})), {}),
        (replace(DONE, undoing=frozenset({VIEW, EDIT})), {}),
        (replace(DONE, undone=frozenset({VIEW}), undoing=frozenset({EDIT})), {}),
        (DONE, {"broken": frozenset({VIEW, EDIT})}),
        (replace(DONE, undone=frozenset({VIEW})), {"broken": frozenset({EDIT})}),
        (replace(DONE, verified_at=None), {}),
        (replace(DONE, verified_at=NOW), {}),  # not before the look
        (replace(DONE, verified_at=NOW + SECOND), {}),
    ],
)
def test_a_grant_that_we_cannot_vouch_for_was_not_taken(
    change: ProfileChange, facts: dict[str, Any]
) -> None:
    assert gone(change, **facts) == []


def test_each_grant_is_judged_by_itself() -> None:
    view = ["permission:Cases.View"]
    assert gone(replace(DONE, undone=frozenset({EDIT}))) == view
    assert gone(replace(DONE, undoing=frozenset({EDIT}))) == view
    assert gone(DONE, broken=frozenset({EDIT})) == view
    assert gone(replace(DONE, verified_at=NOW - TICK), missing=(VIEW,)) == view


def test_a_grant_that_was_added_again_belongs_to_the_newer_change() -> None:
    second = replace(DONE, id="p-2", grants=(VIEW,), began_at=NOW - 30 * SECOND)
    found = ProfileHistory("p", (DONE, second)).taken_away((VIEW, EDIT), NOW)
    assert [(one.grant, one.change.id) for one in found] == [(EDIT, "p-1"), (VIEW, "p-2")]


@pytest.mark.parametrize(
    ("edits", "blamed"),
    [
        ((), None),
        ((edit(NOW, GrantKind.PERMISSION),), "e"),
        ((edit(NOW),), "e"),  # the record does not say which lists
        ((edit(NOW, GrantKind.MCP),), None),
        ((edit(NOW, GrantKind.MCP, GrantKind.PERMISSION),), "e"),
        ((edit(DONE.began_at - SECOND),), None),
        ((edit(DONE.began_at - SECOND + TICK),), "e"),
        ((edit(NOW, event_id="new"), edit(NOW - SECOND, event_id="old")), "new"),
        ((edit(NOW - SECOND, event_id="old"), edit(NOW, GrantKind.MCP)), "old"),
    ],
)
def test_the_newest_edit_of_the_list_may_have_taken_it(
    edits: tuple[ForeignEdit, ...], blamed: str | None
) -> None:
    (found,) = ProfileHistory("p", (DONE,), edits).taken_away((VIEW,), NOW)
    assert (found.edit.event_id if found.edit else None) == blamed


@pytest.mark.parametrize(
    ("name", "via", "tool"),
    [
        ("alice", "website", None),
        ("deploy", "CloudFormation", "CloudFormation"),
        ("terraform-ci", "API", "Terraform"),
        ("ci-Terraform", "API", "Terraform"),
    ],
)
def test_which_tool_seems_to_own_the_profile(name: str, via: str, tool: str | None) -> None:
    told = edit(NOW, actor=Actor("AssumedRole", name, via))
    assert TakenAway(VIEW, DONE, told).tool == tool
    assert TakenAway(VIEW, DONE).tool is None


@pytest.mark.parametrize(
    ("changed", "grants", "found"),
    [
        ({}, (VIEW,), True),
        ({}, (EDIT, OTHER), True),
        ({}, (OTHER,), False),
        ({}, (), False),
        ({"verified_at": NOW}, (VIEW,), True),
        ({"verified_at": NOW - TICK}, (VIEW,), False),
        ({"verified_at": None}, (VIEW,), False),
        ({"undone": frozenset({VIEW})}, (VIEW,), False),
        ({"undone": frozenset({VIEW})}, (VIEW, EDIT), True),
        ({"undoing": frozenset({VIEW})}, (VIEW,), False),
        *(({"state": state}, (VIEW,), False) for state in ChangeState if state != "done"),
    ],
)
def test_a_fix_is_ours_if_its_change_stands_and_is_new_enough(
    changed: dict[str, Any], grants: Grants, found: bool
) -> None:
    change = replace(DONE, **{"verified_at": NOW + SECOND, **changed})
    assert ProfileHistory("p", (change,)).fix_of(iter(grants), NOW) == (change if found else None)


@pytest.mark.parametrize(
    ("wanted", "found"), [((VIEW,), "p-2"), ((EDIT,), "p-1"), ((VIEW, EDIT), "p-2")]
)
def test_the_newest_change_made_the_fix(wanted: Grants, found: str) -> None:
    second = replace(DONE, id="p-2", grants=(VIEW,), began_at=NOW, verified_at=NOW)
    fix = ProfileHistory("p", (DONE, second)).fix_of(wanted, NOW - HOUR)
    assert (fix and fix.id) == found
