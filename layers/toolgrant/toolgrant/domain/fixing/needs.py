"""Open findings and the verdicts of now → what each qualifier lacks. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from toolgrant.domain.fixing.rules import Need
from toolgrant.domain.model import Finding, FindingKind, FindingState, Grant, ToolResult, Verdict
from toolgrant.domain.problems import JudgedQualifier
from toolgrant.domain.texts import on_record

_FIXABLE = (FindingKind.INSUFFICIENT, FindingKind.ASSOCIATION_GAP)


def needs_of(findings: Iterable[Finding], judged: Iterable[JudgedQualifier]) -> tuple[Need, ...]:
    """What the open findings that a write could end lack now."""
    judged = tuple(judged)
    wanted = [f for f in findings if f.kind in _FIXABLE and f.state is FindingState.OPEN]
    gaps = [finding for finding in wanted if finding.kind is FindingKind.ASSOCIATION_GAP]
    supply = _supply(gaps, _holders(judged))
    return tuple(_need(finding, judged, supply) for finding in wanted)


def _need(
    finding: Finding, judged: tuple[JudgedQualifier, ...], supply: Mapping[str, frozenset[Grant]]
) -> Need:
    if finding.kind is FindingKind.ASSOCIATION_GAP:
        return Need(finding, dict.fromkeys(finding.qualifiers, frozenset()))
    results = [
        (qualifier.qualifier, result)
        for qualifier in judged
        for result in qualifier.result.tools
        if result.verdict is Verdict.INSUFFICIENT
        and on_record(result.tool.name) == finding.tool_name
    ]
    missing: dict[str, frozenset[Grant]] = {}
    for name, result in results:
        agreed = frozenset(result.missing) - result.disputed
        missing[name] = missing.get(name, frozenset()) | agreed
    supplied = {name: grants & supply.get(name, frozenset()) for name, grants in missing.items()}
    return Need(
        finding,
        {name: grants - supplied[name] for name, grants in missing.items()},
        frozenset().union(*supplied.values()),
        any(_altered(result) for _, result in results),
        frozenset().union(*(result.disputed for _, result in results)),
    )


def _altered(result: ToolResult) -> bool:
    """Whether the record says something else than the service: such a text is never written."""
    texts = [result.tool.name, result.tool.id or "", *(grant.value for grant in result.missing)]
    return any(on_record(text) != text for text in texts)


def _holders(judged: Iterable[JudgedQualifier]) -> dict[Grant, set[str]]:
    holders: dict[Grant, set[str]] = {}
    for qualifier in judged:
        for result in qualifier.result.tools:
            for grant, profiles in result.granted_by.items():
                holders.setdefault(grant, set()).update(profiles)
    return holders


def _supply(
    gaps: Iterable[Finding], holders: Mapping[Grant, set[str]]
) -> dict[str, frozenset[Grant]]:
    """What each qualifier would have if the profiles that it lacks were attached to it."""
    supply: dict[str, frozenset[Grant]] = {}
    for gap in gaps:
        brought = frozenset(g for g, profiles in holders.items() if gap.profile_id in profiles)
        for qualifier in gap.qualifiers:
            supply[qualifier] = supply.get(qualifier, frozenset()) | brought
    return supply
