"""What a person should click now, in order: the last part of every alert."""

from __future__ import annotations

from toolgrant.domain.alerts.alert import Alert, grant_texts
from toolgrant.domain.model import DRAFT, Finding, FindingKind, GrantKind
from toolgrant.domain.texts import Words, clip


def next_steps(alert: Alert, words: Words) -> list[str]:
    """What to click, in order, each step once."""
    current = [change.finding for change in alert.changes if not change.status.over]
    if not current:
        return [words("step", "nothing")]
    gaps = [finding for finding in current if finding.kind is FindingKind.ASSOCIATION_GAP]
    attach = [finding for finding in current if finding in gaps or _only_published(finding)]
    others = [finding for finding in current if finding not in attach]
    steps = [
        *(words("step", "gap", qualifiers=", ".join(finding.qualifiers)) for finding in attach),
        *([_opening(alert, words)] if any(finding.missing for finding in others) else []),
        *(_step(finding, words) for finding in others[: alert.shown] if _has_step(finding)),
        *([words("step", "assist")] if any(finding.missing for finding in current) else []),
        words("step", "then"),
    ]
    return list(dict.fromkeys(steps))


def _only_published(finding: Finding) -> bool:
    """The draft has what it needs: attaching its profiles to the published version is enough."""
    return bool(finding.missing) and DRAFT not in finding.qualifiers


def _has_step(finding: Finding) -> bool:
    """An alert about a write may tell of a finding that lacks nothing."""
    return bool(finding.missing) or finding.kind is not FindingKind.INSUFFICIENT


def _opening(alert: Alert, words: Words) -> str:
    profiles = ", ".join(clip(name) for name in alert.profiles.values())
    return (
        words("step", "open_profile", profiles=profiles)
        if profiles
        else words("step", "no_profile")
    )


def _step(finding: Finding, words: Words) -> str:
    where = words.say(finding.console_path) if finding.console_path else ""
    grants = ", ".join(grant_texts(finding.missing))
    if finding.kind is FindingKind.REFUSED_SAVE:
        return words("step", "refused", where=where)
    if finding.kind is FindingKind.UNKNOWN:  # a row may know the remedy where no grant helps
        return f"{where}." if where and finding.advisories else words("step", "unknown")
    by_api = any(grant.kind is GrantKind.AI_AGENT for grant in finding.missing)
    key = "ai_agent_api" if by_api else "grant_box"
    return words("step", key, where=where, grants=grants)
