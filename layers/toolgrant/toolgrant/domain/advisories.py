"""What is said beside a verdict and never changes it: the catalog's remarks, and what the tool and
the attached profiles themselves show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from toolgrant.domain.catalog import Advisory, AdvisoryWhen, Claim, Requirement
from toolgrant.domain.model import (
    Grant,
    GrantKind,
    SecurityProfile,
    Text,
    ToolResult,
    ToolType,
    Verdict,
)
from toolgrant.domain.texts import both, clip


def advisories_of(
    result: ToolResult, needs: Requirement, profiles: Sequence[SecurityProfile]
) -> tuple[Text, ...]:
    """The remarks that apply to one judged tool, those of the catalog first."""
    of_row = needs.row.advisories if needs.row else ()
    said = (Text(a.text_en, a.text_ja) for a in of_row if _applies(a, result, profiles))
    return (*said, *_seen(result, profiles))


def _applies(advisory: Advisory, result: ToolResult, profiles: Sequence[SecurityProfile]) -> bool:
    if advisory.when is AdvisoryWhen.OVERRIDE_MISSING:
        return _bare(advisory.json_path or "") not in map(_bare, result.tool.overrides)
    if advisory.when is AdvisoryWhen.PERMISSION_HELD:
        restricting = Grant(GrantKind.PERMISSION, advisory.permission or "")
        return any(restricting in profile.grants for profile in profiles)
    return advisory.when is AdvisoryWhen.ALWAYS or result.verdict is Verdict.SUFFICIENT


def _bare(json_path: str) -> str:
    """Override values name their path with or without `$.`."""
    return json_path.removeprefix("$.")


def _seen(result: ToolResult, profiles: Sequence[SecurityProfile]) -> Iterator[Text]:
    """What no catalog row can know."""
    if result.tool.type == ToolType.AI_AGENT and not result.tool.id:
        yield both("note", "ai-agent-target")
    if result.verdict is not Verdict.SUFFICIENT:
        return
    holders = {name for names in result.granted_by.values() for name in names}
    tagged = [p.name for p in profiles if p.access_tags and p.name in holders]
    if tagged:
        yield both("note", "access-tags", profiles=", ".join(map(clip, dict.fromkeys(tagged))))
    if result.tool.empty_lists:
        yield both("note", "empty-lists", lists=", ".join(result.tool.empty_lists))


def claim_notes(needs: Requirement, lacking: frozenset[Grant]) -> tuple[Text, ...]:
    """Where sources disagree: what satisfies all of them, then what each says and lacks."""
    if not needs.claims or needs.row is None:
        return ()
    where = needs.row.console_path
    every = both("note", "disagree", grants=_named(needs.every), where=where)
    return (every, *(_claim_note(claim, lacking) for claim in needs.claims))


def _claim_note(claim: Claim, lacking: frozenset[Grant]) -> Text:
    left = [grant for grant in claim.requires if grant in lacking]
    return both(
        "note",
        "claim-lacks" if left else "claim-met",
        source=claim.source,
        url=claim.evidence[0],
        grants=_named(claim.requires),
        missing=_named(left),
    )


def _named(grants: Sequence[Grant]) -> str:
    return ", ".join(map(str, grants))
