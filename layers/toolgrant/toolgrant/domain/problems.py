"""Verdicts on each qualifier → the problems of one AI agent, one per tool name and kind.

Pure. A problem is a `Finding` as seen now; `findings.reconcile` compares it with what is on record.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from toolgrant.domain.evaluate import AgentResult
from toolgrant.domain.findings import Scope
from toolgrant.domain.ids import short_id
from toolgrant.domain.model import (
    DRAFT,
    GAP_PREFIX,
    Confidence,
    Finding,
    FindingKind,
    FindingState,
    Grant,
    Severity,
    ToolResult,
    Verdict,
)
from toolgrant.domain.texts import both, on_record

_T = TypeVar("_T")


@dataclass(frozen=True)
class JudgedQualifier:
    """One qualifier of an AI agent with its verdicts and the ids of the attached profiles."""

    result: AgentResult
    live: bool
    profile_ids: tuple[str, ...] = ()

    @property
    def qualifier(self) -> str:
        """`$SAVED`, `$LATEST` or a version number."""
        return self.result.agent.qualifier


def problems_of(instance_id: str, judged: Iterable[JudgedQualifier]) -> tuple[Finding, ...]:
    """The problems seen in this evaluation, one per (tool name, kind), worst qualifier counting.

    All of them: `findings.reconcile` chooses those that are recorded."""
    seen: dict[str, Finding] = {}
    draft_profiles = _draft_profiles(judged := tuple(judged))
    for judgement in judged:
        problems = [
            *_tool_problems(instance_id, judgement),
            *_gaps(instance_id, judgement, draft_profiles),
        ]
        for finding in problems:
            known = seen.get(finding.id)
            seen[finding.id] = _merge(known, finding) if known else finding
    return tuple(sorted(seen.values(), key=lambda finding: -finding.severity.rank))


def scope_of(judged: Iterable[JudgedQualifier]) -> Scope:
    """What `problems_of` could see."""
    tools: dict[tuple[str, str | None], Verdict] = {}
    for judgement in (judged := tuple(judged)):
        for result in judgement.result.tools:
            key = (on_record(result.tool.name), _tool_id(result))
            tools[key] = _worst(result.verdict, tools.get(key, result.verdict))
    named = frozenset(f"{GAP_PREFIX}{profile}" for profile in _draft_profiles(judged))
    return Scope(tools, frozenset(judgement.qualifier for judgement in judged), named)


def finding_id(instance_id: str, ai_agent_id: str, tool_name: str, kind: FindingKind) -> str:
    """`f-…`, the same for the finding's whole life."""
    return short_id("f", instance_id, ai_agent_id, tool_name, kind)


def _tool_problems(instance_id: str, judgement: JudgedQualifier) -> list[Finding]:
    return [
        _problem(instance_id, judgement, result)
        for result in judgement.result.tools
        if result.verdict is not Verdict.SUFFICIENT
    ]


def _problem(instance_id: str, judgement: JudgedQualifier, result: ToolResult) -> Finding:
    insufficient = result.verdict is Verdict.INSUFFICIENT
    kind = FindingKind.INSUFFICIENT if insufficient else FindingKind.UNKNOWN
    return Finding(
        id=finding_id(instance_id, judgement.result.agent.ai_agent_id, result.tool.name, kind),
        kind=kind,
        state=FindingState.OPEN,
        severity=_severity(judgement.live) if insufficient else Severity.LOW,
        tool_name=on_record(result.tool.name),
        tool_id=_tool_id(result),
        tool_type=result.tool.type,
        verdict=result.verdict,
        qualifiers=(judgement.qualifier,),
        required=_grants_on_record(result.required),
        missing=_grants_on_record(result.missing),
        confidence=result.confidence,
        reason=on_record(result.reason),
        advisories=result.advisories,
        console_path=result.console_path,
    )


def _tool_id(result: ToolResult) -> str | None:
    return on_record(result.tool.id) if result.tool.id else None


def _grants_on_record(grants: tuple[Grant, ...]) -> tuple[Grant, ...]:
    return tuple(Grant(grant.kind, on_record(grant.value)) for grant in grants)


def _severity(live: bool) -> Severity:
    return Severity.HIGH if live else Severity.MEDIUM


def _draft_profiles(judged: tuple[JudgedQualifier, ...]) -> frozenset[str]:
    return frozenset(
        profile
        for judgement in judged
        if judgement.qualifier == DRAFT
        for profile in judgement.profile_ids
    )


def _gaps(
    instance_id: str, judgement: JudgedQualifier, draft_profiles: frozenset[str]
) -> list[Finding]:
    """A live qualifier that lacks a profile the draft has: publishing does not carry it over."""
    if not judgement.live or judgement.qualifier == DRAFT:
        return []
    lacking = sorted(draft_profiles.difference(judgement.profile_ids))
    return [_gap(instance_id, judgement, f"{GAP_PREFIX}{profile}") for profile in lacking]


def _gap(instance_id: str, judgement: JudgedQualifier, name: str) -> Finding:
    status, kind = judgement.result.status, FindingKind.ASSOCIATION_GAP
    return Finding(
        id=finding_id(instance_id, judgement.result.agent.ai_agent_id, name, kind),
        kind=kind,
        state=FindingState.OPEN,
        severity=_severity(live=status is Verdict.INSUFFICIENT),
        tool_name=name,
        tool_id=None,
        tool_type="",
        verdict=status,
        qualifiers=(judgement.qualifier,),
        confidence=Confidence.OBSERVED,
        reason="the draft has this security profile, the live version has not",
        advisories=(both("gap", "why"),),
        console_path=both("remedy", "attach-profile"),
    )


def _merge(first: Finding, second: Finding) -> Finding:
    """The same problem on two qualifiers, or two tools of one name: nothing missing is dropped."""
    return replace(
        first,
        severity=max(first.severity, second.severity, key=lambda severity: severity.rank),
        verdict=_worst(first.verdict, second.verdict),
        qualifiers=_union(first.qualifiers, second.qualifiers),
        required=_union(first.required, second.required),
        missing=_union(first.missing, second.missing),
        advisories=_union(first.advisories, second.advisories),
        confidence=_weakest(first.confidence, second.confidence),
    )


def _worst(first: Verdict, second: Verdict) -> Verdict:
    return min(first, second, key=list(Verdict).index)


def _union(first: tuple[_T, ...], second: tuple[_T, ...]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def _weakest(first: Confidence | None, second: Confidence | None) -> Confidence | None:
    if first is None or second is None:
        return None
    return max(first, second, key=lambda confidence: confidence.rank)
