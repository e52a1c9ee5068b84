"""The policy of fix mode: each condition by itself, the choice of profile, the dry run as text."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import MANY
from tests.template.reading import PROJECT

from toolgrant.domain.fixing.gates import GATES, PROFILE_GATES, Case
from toolgrant.domain.fixing.policy import Refuse, RequestFix, decide_fix
from toolgrant.domain.fixing.rules import FixRules, Mode, ProfileFacts, Situation
from toolgrant.domain.model import (
    Confidence,
    Finding,
    FindingKind,
    FindingState,
    Grant,
    GrantKind,
    Risk,
    Severity,
    Verdict,
)
from toolgrant.domain.plan import describe

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
VIEW = Grant(GrantKind.PERMISSION, "Wisdom.View")
EDIT = Grant(GrantKind.PERMISSION, "Cases.Edit")
ORDER = Grant(GrantKind.MCP, "shop/GetOrder")
FINDING = Finding(
    id="agent-0123456789",
    kind=FindingKind.INSUFFICIENT,
    state=FindingState.OPEN,
    severity=Severity.HIGH,
    tool_name="Retrieve",
    tool_id="aws_service__qconnect_Retrieve",
    tool_type="MODEL_CONTEXT_PROTOCOL",
    verdict=Verdict.INSUFFICIENT,
    qualifiers=("$SAVED", "3"),
    required=(VIEW,),
    missing=(VIEW,),
    confidence=Confidence.OBSERVED,
)
RULES = FixRules(mode=Mode.FIX, stack="this")
SITUATION = Situation(NOW, swept_at=NOW - timedelta(hours=1), paused=False, muted=frozenset())
PROFILE = ProfileFacts(
    id="p1",
    name="agents",
    type="CUSTOMER_MANAGED",
    tags={"toolgrant:auto-fix": "true"},
    people=0,
    agents=0,
    entries=dict.fromkeys(GrantKind, 0),
    qualifiers=frozenset({"$SAVED", "3"}),
    broken=frozenset(),
    changes=0,
)
CASE = Case(FINDING, RULES, SITUATION)


def plan(case: Case = CASE, *profiles: ProfileFacts) -> str:
    return describe(decide_fix(case, profiles or (PROFILE,)))


def case(**changes: Any) -> Case:
    """CASE with other fields of its finding, rules or situation."""
    parts = {}
    for part in ("finding", "rules", "situation"):
        known = getattr(CASE, part)
        mine = {name: value for name, value in changes.items() if hasattr(known, name)}
        parts[part] = replace(known, **mine)
    return Case(**parts)


ADD = "add permission:Wisdom.View to agents (p1) for Retrieve (people: 0, other AI agents: 0)"


def test_what_passes_everything_is_written() -> None:
    assert plan() == f"RequestFix: {ADD}"


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"mode": Mode.APPROVE}, f"AskApproval: {ADD}"),
        ({"mode": Mode.APPROVE, "approved": True}, f"RequestFix: {ADD}"),
        (
            {"missing": (EDIT,)},
            "AskApproval: add permission:Cases.Edit to agents (p1) for Retrieve "
            "(people: 0, other AI agents: 0)",
        ),
        (
            {"missing": (EDIT,), "automatic_risk": Risk.WRITE},
            "RequestFix: add permission:Cases.Edit to agents (p1) for Retrieve "
            "(people: 0, other AI agents: 0)",
        ),
        (
            {"missing": (VIEW, ORDER), "approved": True},
            "RequestFix: add permission:Wisdom.View, mcp:shop/GetOrder to agents (p1) for Retrieve "
            "(people: 0, other AI agents: 0)",
        ),
    ],
)
def test_approval(changed: dict[str, Any], text: str) -> None:
    assert plan(case(**changed)) == text


REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "mode": ({"mode": Mode.WARN}, "the stack only warns (Mode)"),
    "kind": ({"kind": FindingKind.UNKNOWN}, "not a missing grant"),
    "state": ({"state": FindingState.SUSPECTED}, "not settled yet"),
    "paused": ({"paused": True}, "toolgrant is paused"),
    "pause-unreadable": ({"paused": None}, "the emergency stop cannot be read"),
    "mutes-unreadable": ({"muted": None}, "mutes cannot be read"),
    "muted": ({"muted": frozenset({"agent"})}, "the finding or the AI agent is muted"),
    "confidence": (
        {"confidence": Confidence.INFERRED},
        "what the tool needs is inferred, at least observed is asked for",
    ),
    "form": (
        {"missing": (Grant(GrantKind.AI_AGENT, "bare-id"),)},
        "cannot be written as it is known: ai-agent:bare-id",
    ),
}
OLD = "the AI agents on it are not known: no full sweep within 24 hours"
PROFILE_REFUSALS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "facts": ({"changes": None}, {}, "not everything about it could be read"),
    "managed": ({"type": "AWS_MANAGED"}, {}, "not yours to edit (Type AWS_MANAGED)"),
    "opted-in": (
        {"tags": {"toolgrant:auto-fix": "True"}},
        {},
        "no opt-in: tag toolgrant:auto-fix is not true",
    ),
    "owned": (
        {"tags": {"toolgrant:auto-fix": "true", "toolgrant:stack": "that"}},
        {},
        "another stack writes to it (toolgrant:stack = that)",
    ),
    "attached": ({"qualifiers": frozenset({"$SAVED"})}, {}, "not attached to 3"),
    "people-unknown": ({"people": None}, {}, "its holders could not be counted"),
    "people": ({"people": 3}, {}, "held by people: 3, allowed: 0"),
    "agents-unknown": ({}, {"swept_at": NOW - timedelta(hours=24, seconds=1)}, OLD),
    "agents": ({"agents": 1}, {}, "attached to other AI agents: 1, allowed: 0"),
    "profile-muted": ({}, {"muted": frozenset({"p1"})}, "muted"),
    "breaker": (
        {"broken": frozenset({VIEW})},
        {},
        "the breaker is open: permission:Wisdom.View was added before and then taken away "
        "or undone",
    ),
    "cap": ({"changes": 5}, {}, "changed too often within an hour (at most 5)"),
    "room": ({"entries": {GrantKind.PERMISSION: 500}}, {}, "no room left: permission"),
}


@pytest.mark.parametrize("gate", GATES)
def test_each_condition_by_itself(gate: str) -> None:
    changed, text = REFUSALS[gate]
    assert plan(case(**changed)) == f"Refuse: Retrieve ({text})"


@pytest.mark.parametrize("gate", PROFILE_GATES)
def test_each_condition_of_a_profile_by_itself(gate: str) -> None:
    facts, changed, text = PROFILE_REFUSALS[gate]
    told = plan(case(**changed), replace(PROFILE, **facts))
    assert told == f"Refuse: Retrieve (agents: {text})"


def test_no_profile_is_a_reason_too() -> None:
    assert describe(decide_fix(CASE, ())) == "Refuse: Retrieve (no security profile is attached)"


def test_every_reason_about_every_profile_is_told() -> None:
    crowded = replace(PROFILE, id="p2", name="crowd", people=2, tags={})
    foreign = replace(PROFILE, id="p3", name="theirs", type="AWS_MANAGED")
    assert plan(CASE, crowded, foreign) == (
        "Refuse: Retrieve (theirs: not yours to edit (Type AWS_MANAGED); "
        "crowd: no opt-in: tag toolgrant:auto-fix is not true; "
        "crowd: held by people: 2, allowed: 0)"
    )


@pytest.mark.parametrize(
    ("facts", "changed"),
    [
        ({"entries": {GrantKind.PERMISSION: 499}}, {}),
        ({"people": 2}, {"most_people": 2}),
        ({"agents": 2}, {"most_agents": 2}),
        ({"changes": 4}, {}),
        ({}, {"swept_at": NOW - timedelta(hours=24)}),
        ({"tags": {"toolgrant:auto-fix": "true", "toolgrant:stack": "this"}}, {}),
    ],
)
def test_the_limits_themselves_are_fine(facts: dict[str, Any], changed: dict[str, Any]) -> None:
    assert plan(case(**changed), replace(PROFILE, **facts)).startswith("RequestFix: ")


@pytest.mark.parametrize(
    ("entries", "namespaces", "full"),
    [(10, {}, "mcp"), (10, {"shop": 3}, ""), (1, {"shop": 50}, "shop"), (9, {}, "")],
)
def test_room_for_tools_of_an_mcp_server(
    entries: int, namespaces: dict[str, int], full: str
) -> None:
    profile = replace(PROFILE, entries={GrantKind.MCP: entries}, namespaces=namespaces)
    told = plan(case(missing=(ORDER,), approved=True), profile)
    assert told.endswith(f"(agents: no room left: {full})") if full else told.startswith("Request")


def test_the_smallest_blast_radius_is_chosen_in_any_order() -> None:
    rules = {"most_people": 9, "most_agents": 9, "missing": (ORDER,), "approved": True}
    best_first = [
        replace(PROFILE, id="a", name="z", namespaces={"shop": 1}),
        replace(PROFILE, id="b", name="a"),
        replace(PROFILE, id="c", name="a"),
        replace(PROFILE, id="d", name="a", agents=1),
        replace(PROFILE, id="e", name="a", people=1),
    ]
    for left in range(len(best_first)):
        for order in permutations(best_first[left:]):
            fix = decide_fix(case(**rules), order)
            assert isinstance(fix, RequestFix)
            assert not fix.approval
            assert fix.profile == best_first[left]


def test_every_gate_has_its_text_in_both_languages() -> None:
    tables = []
    for language in ("en", "ja"):
        path = PROJECT / f"layers/toolgrant/toolgrant/domain/messages_text/{language}.toml"
        table = tomllib.loads(path.read_text(encoding="utf-8"))["refusal"]
        tables.append({key: sorted(re.findall(r"{(\w+)}", text)) for key, text in table.items()})
    english, japanese = tables
    assert english == japanese
    assert english.keys() >= {*GATES, *PROFILE_GATES, "no-profile"}


# ----------------------------------------------------------------------------- whatever the facts


def some(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


GRANTS = some(VIEW, EDIT, ORDER, Grant(GrantKind.AI_AGENT, "bare"))
TAGS = some(
    None,
    {},
    {"toolgrant:auto-fix": "true"},
    {"toolgrant:auto-fix": "true", "toolgrant:stack": "that"},
)
FINDINGS = st.builds(
    lambda **changes: replace(FINDING, **changes),
    kind=some(*FindingKind),
    state=some(*FindingState),
    missing=st.lists(GRANTS, unique=True, max_size=3).map(tuple),
    confidence=some(None, *Confidence),
)
SITUATIONS = st.builds(
    Situation,
    now=st.just(NOW),
    swept_at=some(None, NOW, NOW - timedelta(hours=25), NOW + timedelta(hours=1)),
    paused=some(None, True, False),
    muted=some(None, frozenset(), frozenset({"agent"}), frozenset({"p1"})),
    approved=st.booleans(),
)
ALL_RULES = st.builds(
    FixRules,
    mode=some(*Mode),
    least_confidence=some(*Confidence),
    automatic_risk=some(*Risk),
    most_people=st.integers(0, 2),
    most_agents=st.integers(0, 2),
    changes_per_hour=st.integers(1, 3),
    stack=st.just("this"),
)
COUNTS = st.none() | st.integers(0, 3)
PROFILES = st.builds(
    lambda **changes: replace(PROFILE, **changes),
    type=some(None, "CUSTOMER_MANAGED", "AWS_MANAGED"),
    tags=TAGS,
    people=COUNTS,
    agents=COUNTS,
    entries=some(None, {}, dict.fromkeys(GrantKind, 10)),
    qualifiers=some(frozenset(), frozenset({"$SAVED", "3"})),
    broken=some(None, frozenset(), frozenset({VIEW})),
    changes=COUNTS,
)


@MANY
@given(FINDINGS, SITUATIONS, ALL_RULES, PROFILES)
def test_nothing_is_written_unless_everything_holds(
    finding: Finding, situation: Situation, rules: FixRules, profile: ProfileFacts
) -> None:
    fix = decide_fix(Case(finding, rules, situation), [profile])
    if isinstance(fix, Refuse):
        assert fix.refusals
        return
    assert fix.grants == finding.missing
    assert fix.grants
    assert rules.mode is not Mode.WARN
    assert (finding.kind, profile.type) == (FindingKind.INSUFFICIENT, "CUSTOMER_MANAGED")
    assert finding.state in (FindingState.OPEN, FindingState.FIXING)
    assert profile.tags == {"toolgrant:auto-fix": "true"}
    assert situation.paused is False
    assert situation.muted == frozenset()
    assert situation.swept_at == NOW
    assert finding.confidence is not None
    assert finding.confidence.rank <= rules.least_confidence.rank
    assert profile.people is not None
    assert profile.people <= rules.most_people
    assert profile.agents is not None
    assert profile.agents <= rules.most_agents
    assert profile.changes is not None
    assert profile.changes < rules.changes_per_hour
    assert profile.broken is not None
    assert not profile.broken.intersection(fix.grants)
    assert profile.entries is not None
    assert profile.qualifiers.issuperset(finding.qualifiers)
    risky = rules.automatic_risk is Risk.READ and any(g.risk is Risk.WRITE for g in fix.grants)
    asked = (risky or rules.mode is Mode.APPROVE) and not situation.approved
    assert isinstance(fix, RequestFix)
    assert fix.approval is asked
