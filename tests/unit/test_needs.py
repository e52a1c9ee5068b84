"""What the open findings lack now, by qualifier; what a gap would bring, and what was altered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.conditions import CASES_VIEW as CASES
from tests.unit.conditions import EDIT, FINDING, GAP, VIEW

from toolgrant.domain.evaluate import AgentResult
from toolgrant.domain.fixing.needs import needs_of
from toolgrant.domain.fixing.rules import Need
from toolgrant.domain.model import (
    Finding,
    FindingKind,
    FindingState,
    Grant,
    QualifiedAgent,
    Tool,
    ToolResult,
    Verdict,
)
from toolgrant.domain.problems import JudgedQualifier

RETRIEVE = Tool("Retrieve", "MODEL_CONTEXT_PROTOCOL", "aws_service__qconnect_Retrieve")
LIVE_GAP = replace(GAP, tool_name="profile:p2", qualifiers=("3",))


def result(
    *missing: Grant,
    tool: Tool = RETRIEVE,
    verdict: Verdict = Verdict.INSUFFICIENT,
    held: dict[Grant, tuple[str, ...]] | None = None,
) -> ToolResult:
    return ToolResult(tool, verdict, missing=missing, granted_by=held or {})


def judged(**results: ToolResult | tuple[ToolResult, ...]) -> list[JudgedQualifier]:
    """Qualifiers (`draft` is `$SAVED`, `v3` is 3) with the results of their tools."""
    made = []
    for name, found in results.items():
        tools = found if isinstance(found, tuple) else (found,)
        qualifier = "$SAVED" if name == "draft" else name.removeprefix("v")
        agent = QualifiedAgent("a", "agent", qualifier, "arn", "Helper", "ORCHESTRATION")
        made.append(JudgedQualifier(AgentResult(agent, tools), qualifier != "$SAVED"))
    return made


def only(findings: list[Finding], seen: list[JudgedQualifier]) -> Need:
    """The need of the first finding."""
    return needs_of(findings, seen)[0]


def test_each_qualifier_lacks_what_it_lacks_itself() -> None:
    seen = judged(draft=result(VIEW, CASES), v3=result(VIEW))
    need = only([FINDING], seen)
    assert need.lacks == {"$SAVED": {VIEW, CASES}, "3": {VIEW}}
    assert need.on(frozenset({"3"})) == (VIEW,)
    assert need.grants == (CASES, VIEW)
    assert (need.finding, need.altered, need.supplied) == (FINDING, False, frozenset())


def test_only_the_tool_of_the_finding_counts_and_only_where_it_is_insufficient() -> None:
    other = replace(RETRIEVE, name="Other")
    unknown = result(EDIT, verdict=Verdict.UNKNOWN)
    seen = judged(draft=(result(EDIT, tool=other), result(VIEW)), v3=unknown)
    assert only([FINDING], seen).lacks == {"$SAVED": {VIEW}}


def test_two_tools_of_one_name_lack_what_both_lack() -> None:
    seen = judged(draft=(result(VIEW), result(EDIT)))
    assert only([FINDING], seen).lacks == {"$SAVED": {VIEW, EDIT}}


def test_what_sources_disagree_about_is_not_among_what_is_lacking() -> None:
    torn = replace(result(CASES, EDIT), disputed=frozenset({EDIT}))
    need = only([FINDING], judged(draft=torn, v3=replace(torn, missing=(EDIT,))))
    assert need.lacks == {"$SAVED": {CASES}, "3": frozenset()}
    assert need.disputed == {EDIT}


def test_what_another_tool_of_the_same_name_surely_lacks_is_lacking() -> None:
    torn = replace(result(EDIT), disputed=frozenset({EDIT}))
    need = only([FINDING], judged(draft=(torn, result(EDIT))))
    assert need.lacks == {"$SAVED": {EDIT}}


@pytest.mark.parametrize("state", [one for one in FindingState if one is not FindingState.OPEN])
def test_what_is_not_open_needs_nothing(state: FindingState) -> None:
    assert needs_of([replace(FINDING, state=state)], judged(draft=result(VIEW))) == ()


@pytest.mark.parametrize("kind", [FindingKind.UNKNOWN, FindingKind.REFUSED_SAVE])
def test_what_no_write_could_end_needs_nothing(kind: FindingKind) -> None:
    assert needs_of([replace(FINDING, kind=kind)], judged(draft=result(VIEW))) == ()


def test_a_gap_lacks_no_grant_but_its_profile_on_its_qualifiers() -> None:
    (need,) = needs_of([LIVE_GAP], judged(draft=result(VIEW)))
    assert (need.finding, need.lacks, need.grants) == (LIVE_GAP, {"3": frozenset()}, ())


# --------------------------------------------------------------- what an open gap would bring

HELD = {VIEW: ("p2",), CASES: ("p9",)}
SEEN = judged(
    draft=result(verdict=Verdict.SUFFICIENT, held=HELD),
    v3=result(VIEW, CASES, EDIT),
)


def test_what_an_open_gap_brings_is_supplied_and_not_lacking() -> None:
    need = only([FINDING, LIVE_GAP], SEEN)
    assert need.lacks == {"3": {CASES, EDIT}}
    assert need.supplied == {VIEW}


def test_a_gap_supplies_only_the_qualifiers_that_it_is_open_on() -> None:
    need = only([FINDING, replace(LIVE_GAP, qualifiers=("5",))], SEEN)
    assert need.lacks == {"3": {VIEW, CASES, EDIT}}
    assert need.supplied == frozenset()


def test_a_gap_that_is_not_open_supplies_nothing() -> None:
    for state in FindingState:
        if state is not FindingState.OPEN:
            need = only([FINDING, replace(LIVE_GAP, state=state)], SEEN)
            assert need.lacks == {"3": {VIEW, CASES, EDIT}}


def test_the_profiles_of_two_gaps_supply_together() -> None:
    second = replace(LIVE_GAP, id="f-2", tool_name="profile:p9")
    need = only([FINDING, LIVE_GAP, second], SEEN)
    assert (need.lacks, need.supplied) == ({"3": {EDIT}}, {VIEW, CASES})


# ------------------------------------------------------------------------- cleaned or clipped


@pytest.mark.parametrize(
    ("tool_id", "grant"),
    [
        ("aws\u00a0service", "permission:Wisdom.View"),
        ("x" * 301, "permission:Wisdom.View"),
        ("名" * 101, "permission:Wisdom.View"),
        ("aws_service__x", "mcp:shop/Get\u00a0Order"),
        ("aws_service__x", "mcp:shop/Get\nOrder"),
        ("aws_service__x", "mcp:shop/" + "x" * 300),
    ],
)
def test_a_tool_id_or_value_that_the_record_alters_is_said(tool_id: str, grant: str) -> None:
    tool = replace(RETRIEVE, id=tool_id)
    seen = judged(draft=result(VIEW), v3=result(Grant.parse(grant), tool=tool))
    assert only([FINDING], seen).altered


def test_a_tool_whose_name_was_altered_is_found_by_the_name_on_record_and_said() -> None:
    """Two names may be the same once they are cleaned."""
    tool = replace(RETRIEVE, name="Re\u00a0trieve")
    finding = replace(FINDING, tool_name="Re trieve")
    need = only([finding], judged(draft=result(VIEW, tool=tool)))
    assert need.lacks == {"$SAVED": {VIEW}}
    assert need.altered


@pytest.mark.parametrize("tool_id", [None, "aws_service__x", "x" * 300, "名" * 100, "a b"])
def test_what_the_record_keeps_as_it_is_is_not_altered(tool_id: str | None) -> None:
    tool = replace(RETRIEVE, id=tool_id)
    assert not only([FINDING], judged(draft=result(VIEW, tool=tool))).altered
