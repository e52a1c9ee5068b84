"""A record stays one item that DynamoDB takes, and nothing that is open goes for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import SOME

from toolgrant.adapters.dynamodb.store import transaction
from toolgrant.adapters.dynamodb.store_items import record_to_item
from toolgrant.adapters.dynamodb.table import Table, typed
from toolgrant.domain.model import (
    Confidence,
    Finding,
    FindingKind,
    FindingState,
    Grant,
    GrantKind,
    Severity,
    Verdict,
)
from toolgrant.domain.record_budget import BUDGET, missing_digest, size_of, within_budget
from toolgrant.domain.records import ANY, AgentKey, AgentRecord, Edge, EdgeKind
from toolgrant.domain.texts import on_record

NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
TAKEN = 400 * 1024
"""Longest item (DynamoDB quotas)."""

KEY = AgentKey("a" * 36, "b" * 36)
LONGEST = on_record("名" * 4096)
GRANT = Grant(GrantKind.MCP, LONGEST)


def bytes_of(value: Mapping[str, Any]) -> int:
    """The size of one typed value, by DynamoDB's rules."""
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return 21
    if kind == "L":
        return 3 + sum(1 + bytes_of(entry) for entry in content)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + bytes_of(one) for name, one in content.items())
    assert kind in ("NULL", "BOOL"), kind
    return 1


def item_size(record: AgentRecord) -> int:
    """The size of the item that a commit puts."""
    (put, *_) = transaction(Table(None, "table"), record, AgentRecord(KEY), None)
    item = put["Put"]["Item"]
    return sum(len(name.encode()) + bytes_of(value) for name, value in item.items())


def finding(number: int, state: FindingState = FindingState.OPEN, **changes: Any) -> Finding:
    """A finding with every text as long as it gets."""
    name = on_record(f"{number}" + "名" * 4096)
    full = Finding(
        id=f"{KEY.ai_agent_id}-{number:010}",
        kind=FindingKind.ASSOCIATION_GAP,
        state=state,
        severity=Severity.CRITICAL,
        tool_name=name,
        tool_id=name,
        tool_type="MODEL_CONTEXT_PROTOCOL",
        verdict=Verdict.INSUFFICIENT,
        qualifiers=("$SAVED", "$LATEST", "12"),
        required=(GRANT,),
        missing=(GRANT,),
        confidence=Confidence.DOCUMENTED,
        reason=LONGEST,
        suspected_until=NOON,
        opened_at=NOON,
        refused_at=NOON,
        resolved_at=NOON + timedelta(minutes=number) if state is FindingState.RESOLVED else None,
        resolution="no-longer-known" if state is FindingState.RESOLVED else "",
    )
    return replace(full, **changes)


def record(*findings: Finding, **changes: Any) -> AgentRecord:
    full = AgentRecord(
        key=KEY,
        version=12,
        started_at=NOON,
        instance_id="i" * 36,
        name="名" * 255,
        arn="arn:aws:wisdom:us-east-1:111122223333:ai-agent/" + "a" * 73,
        qualifiers=("$SAVED", "$LATEST", "12"),
        saved_at=NOON,
        findings={one.id: one for one in findings},
        edges=frozenset({Edge(EdgeKind.INSTANCE, "i" * 36)}),
    )
    return replace(full, **changes)


def resolved(number: int, **changes: Any) -> Finding:
    return finding(number, FindingState.RESOLVED, **changes)


def kept(small: AgentRecord, state: FindingState) -> set[str]:
    return {one.id for one in small.findings.values() if one.state is state}


def test_a_record_within_its_budget_stays_as_it_is() -> None:
    written = record(*(finding(n) for n in range(50)), *(resolved(n) for n in range(50, 85)))

    assert size_of(written) <= BUDGET
    assert within_budget(written) == written


def test_the_oldest_resolved_findings_go_first_and_no_more_than_needed() -> None:
    written = record(*(finding(n) for n in range(60)), *(resolved(n) for n in range(60, 900)))

    small = within_budget(written)

    remembered = kept(small, FindingState.RESOLVED)
    newest = {resolved(n).id for n in range(900 - len(remembered), 900)}
    assert remembered == newest
    assert kept(small, FindingState.OPEN) == kept(written, FindingState.OPEN)
    assert all(one.reason for one in small.findings.values())
    assert BUDGET - 2_500 < size_of(small) <= BUDGET


def test_then_details_go_that_each_evaluation_makes_anew() -> None:
    written = record(*(finding(n) for n in range(150)), resolved(150))

    small = within_budget(written)

    bare = {key: replace(one, reason="", required=()) for key, one in written.findings.items()}
    del bare[resolved(150).id]
    assert dict(small.findings) == bare


def test_what_is_missing_becomes_a_digest_only_where_the_item_would_not_be_taken() -> None:
    many = tuple(Grant(GrantKind.MCP, on_record(f"{n}" + "名" * 4096)) for n in range(300))
    written = record(*(finding(n) for n in range(200)), finding(200, missing=many))

    small = within_budget(written)

    shortened = small.findings[finding(200).id]
    assert (shortened.missing, shortened.missing_digest) == ((), missing_digest(many))
    assert all(small.findings[finding(n).id].missing for n in range(200))


def test_thousands_of_targets_become_one_that_matches_all_and_profiles_stay() -> None:
    kinds = (EdgeKind.APPLICATION, EdgeKind.FLOW_MODULE)
    edges = {Edge(kind, f"{n:0128}") for kind in kinds for n in range(1_000)}
    edges |= {Edge(EdgeKind.PROFILE, f"{n:036}") for n in range(100)}
    written = record(finding(1), edges=frozenset(edges))

    small = within_budget(written)

    assert {edge for edge in edges if edge.kind is EdgeKind.PROFILE} < small.edges
    assert {edge for edge in small.edges if edge.kind is not EdgeKind.PROFILE} == {
        Edge(EdgeKind.APPLICATION, ANY),
        Edge(EdgeKind.FLOW_MODULE, ANY),
    }


def test_sixty_tools_renamed_at_each_of_fourteen_saves_fit() -> None:
    written = record(*(finding(n) for n in range(60)), *(resolved(n) for n in range(60, 900)))

    assert item_size(written) <= BUDGET


@pytest.mark.parametrize("state", [FindingState.OPEN, FindingState.RESOLVED])
def test_447_refused_saves_fit(state: FindingState) -> None:
    saves = [finding(n, state, kind=FindingKind.REFUSED_SAVE, missing=()) for n in range(447)]
    few = saves if state is FindingState.RESOLVED else saves[-20:]

    assert item_size(record(*few)) <= BUDGET


@pytest.mark.parametrize("number", [1, 10, 100])
@pytest.mark.parametrize("state", list(FindingState))
def test_the_estimate_is_an_upper_bound_that_is_not_far_off(
    number: int, state: FindingState
) -> None:
    written = record(*(finding(n, state) for n in range(number)))
    item = {"pk": f"AGENT#{KEY.assistant_id}#{KEY.ai_agent_id}", "sk": "STATE", "expiresAt": 1}
    values = typed({**item, **record_to_item(written)})

    exact = sum(len(name.encode()) + bytes_of(value) for name, value in values.items())

    assert exact <= size_of(written) <= exact * 1.2 + 500


texts = st.text(max_size=400).map(on_record) | st.just(LONGEST)
grants = st.builds(Grant, st.sampled_from(GrantKind), texts)
times = st.none() | st.just(NOON)
qualifiers = st.lists(st.sampled_from(["$SAVED", "$LATEST", "1", "12345"]), max_size=8)
findings = st.builds(
    Finding,
    id=st.just(""),
    kind=st.sampled_from(FindingKind),
    state=st.sampled_from(FindingState),
    severity=st.sampled_from(Severity),
    tool_name=texts,
    tool_id=st.none() | texts,
    tool_type=st.sampled_from(["", "MODEL_CONTEXT_PROTOCOL", "RETURN_TO_CONTROL"]),
    verdict=st.sampled_from(Verdict),
    qualifiers=qualifiers.map(tuple),
    required=st.lists(grants, max_size=6).map(tuple),
    missing=st.lists(grants, max_size=6).map(tuple),
    confidence=st.none() | st.sampled_from(Confidence),
    reason=texts,
    suspected_until=times,
    opened_at=times,
    resolved_at=times,
    resolution=st.sampled_from(["", "no-longer-known"]),
    missing_digest=st.sampled_from(["", "f" * 16]),
    refused_at=times,
)
edges = st.builds(Edge, st.sampled_from(EdgeKind), texts)


@st.composite
def records(draw: st.DrawFn) -> AgentRecord:
    """Up to 300 problems that are not resolved, and any number that are."""
    patterns = draw(st.lists(findings, min_size=1, max_size=8))
    copies = draw(st.integers(1, 300 // len(patterns)))
    old = draw(st.integers(0, 300))
    numbered = [one for one in patterns for _ in range(copies)]
    numbered += [replace(patterns[0], state=FindingState.RESOLVED)] * old
    named = (replace(one, id=f"{KEY.ai_agent_id}-{n:010}") for n, one in enumerate(numbered))
    targets = draw(st.frozensets(edges, max_size=10))
    return record(*named, edges=targets)


@settings(SOME, max_examples=SOME.max_examples // 4)
@given(records())
def test_any_record_of_at_most_300_open_problems_fits(written: AgentRecord) -> None:
    small = within_budget(written)

    assert item_size(written) <= min(TAKEN, size_of(small))
    standing = {k for k, one in written.findings.items() if one.state is not FindingState.RESOLVED}
    assert standing <= set(small.findings)
    assert within_budget(small) == small


@SOME
@given(findings, st.lists(grants, max_size=4))
def test_a_digest_tells_sets_apart_and_nothing_else(one: Finding, others: list[Grant]) -> None:
    same = missing_digest(one.missing) == missing_digest(others)

    assert same == (set(one.missing) == set(others))
    assert missing_digest(one.missing) == missing_digest(one.missing[::-1])


def test_the_longest_finding_leaves_room_for_all_that_may_be_open() -> None:
    """330 problems and 20 refused saves, each as long as it gets."""
    problems = [finding(n) for n in range(330)]
    saves = [finding(n, kind=FindingKind.REFUSED_SAVE) for n in range(330, 350)]

    assert item_size(record(*problems, *saves)) <= TAKEN
