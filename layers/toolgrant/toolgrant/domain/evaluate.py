"""Tools + the grants of the attached profiles + the catalog → one verdict per tool.

SUFFICIENT means exactly: every grant that the tool's catalog row names is held by an attached
profile. What the catalog cannot say is UNKNOWN, and so is what a list might hold that could not be
read. Where sources disagree, SUFFICIENT is what satisfies all of them, INSUFFICIENT what satisfies
none, and the rest is UNKNOWN. Advisories accompany a verdict and never change it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from toolgrant.domain.advisories import advisories_of, claim_notes
from toolgrant.domain.catalog import Catalog, Requirement
from toolgrant.domain.model import (
    Grant,
    GrantKind,
    QualifiedAgent,
    SecurityProfile,
    Tool,
    ToolResult,
    Verdict,
)
from toolgrant.domain.texts import both


@dataclass(frozen=True)
class AgentResult:
    """The verdicts on one qualified agent, in the order of its configuration."""

    agent: QualifiedAgent
    tools: tuple[ToolResult, ...]

    @property
    def status(self) -> Verdict:
        """The worst tool's verdict; SUFFICIENT for an agent without tools."""
        order = list(Verdict)
        return min((result.verdict for result in self.tools), key=order.index, default=order[-1])


def evaluate(
    agent: QualifiedAgent, profiles: Sequence[SecurityProfile], catalog: Catalog
) -> AgentResult:
    """Judge each tool of `agent` against the union of what `profiles` grant."""
    return AgentResult(
        agent, tuple(judge(tool, profiles, catalog.requirement(tool)) for tool in agent.tools)
    )


def grant_kinds(agents: Iterable[QualifiedAgent], catalog: Catalog) -> frozenset[GrantKind]:
    """Which lists of a profile must be read to judge these agents."""
    requirements = (catalog.requirement(tool) for agent in agents for tool in agent.tools)
    return frozenset(grant.kind for needs in requirements for grant in needs.every)


def judge(tool: Tool, profiles: Sequence[SecurityProfile], needs: Requirement) -> ToolResult:
    """The verdict on one tool."""
    holders = {grant: _holders(grant, profiles) for grant in needs.every}
    lacking = frozenset(grant for grant, names in holders.items() if not names)
    unread = _unread(profiles, lacking)
    missing = frozenset(grant for grant in lacking if grant.kind not in unread)
    verdict = _verdict(needs, lacking, missing)
    insufficient = verdict is Verdict.INSUFFICIENT
    told = tuple(grant for grant in needs.grants if insufficient and grant in missing)
    result = ToolResult(
        tool=tool,
        verdict=verdict,
        required=needs.grants,
        missing=told,
        disputed=frozenset(told) - needs.shared,
        granted_by={grant: names for grant, names in holders.items() if names},
        confidence=needs.row.confidence if needs.row else None,
        reason=needs.reason,
        console_path=needs.row.console_path if needs.row else None,
    )
    result = replace(result, advisories=advisories_of(result, needs, profiles))
    if verdict is Verdict.UNKNOWN and not needs.unknown:
        result = replace(result, console_path=None)
        if any(claim & lacking and not claim & missing for claim in needs.alternatives):
            return _cannot_say(result, unread)
    notes = claim_notes(needs, lacking) if verdict is not Verdict.SUFFICIENT else ()
    return replace(result, advisories=(*notes, *result.advisories)) if notes else result


def _verdict(needs: Requirement, lacking: frozenset[Grant], missing: frozenset[Grant]) -> Verdict:
    """`lacking` was not found in any profile, `missing` is in none for certain."""
    if needs.unknown:
        return Verdict.UNKNOWN
    if not lacking:
        return Verdict.SUFFICIENT
    unmet = all(claim & missing for claim in needs.alternatives)
    return Verdict.INSUFFICIENT if unmet else Verdict.UNKNOWN


def _unread(
    profiles: Sequence[SecurityProfile], wanted: Iterable[Grant]
) -> dict[GrantKind, tuple[str, ...]]:
    """The kinds of wanted grants that profiles may hold in lists that could not be read, with the
    names of these profiles."""
    kinds = {grant.kind for grant in wanted}
    names = {k: tuple(p.name for p in profiles if k in p.unread) for k in sorted(kinds)}
    return {kind: unread for kind, unread in names.items() if unread}


def _cannot_say(result: ToolResult, unread: Mapping[GrantKind, Sequence[str]]) -> ToolResult:
    """Nothing is certainly missing, but a list that could not be read may not hold what is not in
    the others."""
    lists = "; ".join(f"{', '.join(names)} ({kind})" for kind, names in unread.items())
    return replace(
        result,
        reason=f"could not be read: {lists}",
        advisories=(both("note", "unread", lists=lists), *result.advisories),
    )


def _holders(grant: Grant, profiles: Sequence[SecurityProfile]) -> tuple[str, ...]:
    names = (profile.name for profile in profiles if _holds(profile, grant))
    return tuple(dict.fromkeys(names))


def _holds(profile: SecurityProfile, grant: Grant) -> bool:
    if grant.kind is GrantKind.AI_AGENT and not grant.value.startswith("arn:"):
        return any(
            held.kind is GrantKind.AI_AGENT and held.value.rsplit("/", 1)[-1] == grant.value
            for held in profile.grants
        )
    return grant in profile.grants
