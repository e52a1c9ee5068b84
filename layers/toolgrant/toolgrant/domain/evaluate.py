"""Tools + the grants of the attached profiles + the catalog → one verdict per tool.

SUFFICIENT means exactly: every grant that the tool's catalog row names is held by an attached
profile. What the catalog cannot say is UNKNOWN, and so is what a list might hold that could not be
read. Advisories accompany a verdict and never change it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from toolgrant.domain.catalog import Advisory, AdvisoryWhen, Catalog, Requirement
from toolgrant.domain.model import (
    Grant,
    GrantKind,
    QualifiedAgent,
    SecurityProfile,
    Text,
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
    return frozenset(grant.kind for needs in requirements for grant in needs.grants)


def judge(tool: Tool, profiles: Sequence[SecurityProfile], needs: Requirement) -> ToolResult:
    """The verdict on one tool."""
    holders = {grant: _holders(grant, profiles) for grant in needs.grants}
    doubtful = _unread(profiles, [grant for grant in needs.grants if not holders[grant]])
    missing = tuple(g for g in needs.grants if not holders[g] and g.kind not in doubtful)
    result = ToolResult(
        tool=tool,
        verdict=_verdict(needs, missing),
        required=needs.grants,
        missing=missing,
        granted_by={grant: names for grant, names in holders.items() if names},
        confidence=needs.row.confidence if needs.row else None,
        reason=needs.reason,
        advisories=tuple(
            Text(advisory.text_en, advisory.text_ja)
            for advisory in (needs.row.advisories if needs.row else ())
            if _applies(advisory, tool, profiles)
        ),
        console_path=_console_path(needs),
    )
    return result if missing or not doubtful else _cannot_say(result, doubtful)


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
        verdict=Verdict.UNKNOWN,
        reason=f"could not be read: {lists}",
        advisories=(both("note", "unread", lists=lists), *result.advisories),
        console_path=None,
    )


def _console_path(needs: Requirement) -> Text | None:
    return Text(needs.row.console_path.en, needs.row.console_path.ja) if needs.row else None


def _verdict(needs: Requirement, missing: tuple[Grant, ...]) -> Verdict:
    if needs.unknown:
        return Verdict.UNKNOWN
    return Verdict.INSUFFICIENT if missing else Verdict.SUFFICIENT


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


def _applies(advisory: Advisory, tool: Tool, profiles: Sequence[SecurityProfile]) -> bool:
    if advisory.when is AdvisoryWhen.OVERRIDE_MISSING:
        return advisory.json_path not in tool.overrides
    if advisory.when is AdvisoryWhen.PERMISSION_HELD:
        restricting = Grant(GrantKind.PERMISSION, advisory.permission or "")
        return any(restricting in profile.grants for profile in profiles)
    return True
