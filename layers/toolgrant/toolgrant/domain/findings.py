"""Verdicts against the findings on record → what opened, changed, resolved, reopened.

Pure: `now` and the settle time come in. A *new* problem whose event is younger than the settle time
is only suspected, and nobody is told before it is still there afterwards: services answer with old
data for a moment, and people grant a tool right after they added it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from toolgrant.domain.model import Finding, FindingKind, FindingState, Verdict
from toolgrant.domain.record_budget import missing_digest, recorded

KEEP_RESOLVED = timedelta(days=90)
"""How long a resolved finding is remembered, so that its return is told as `reopened`."""

NOTICE_LASTS = timedelta(days=7)
"""How long a refused save is shown if the AI agent is not saved again."""

CLOCKS_DIFFER = timedelta(seconds=1)
"""By how much a second look may come too early and still count: queues count whole seconds."""


class Status(StrEnum):
    """What happened to a finding, most serious first (the status of alerts)."""

    INTEGRITY = "integrity"
    OPENED = "opened"
    REOPENED = "reopened"
    CHANGED = "changed"
    REFUSED = "refused"
    FIXED = "fixed"
    RESOLVED = "resolved"
    DIGEST = "digest"

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self in (Status.RESOLVED, Status.FIXED)


class Resolution(StrEnum):
    """Why a finding is resolved."""

    GRANTED = "granted"
    TOOL_REMOVED = "tool-removed"
    AGENT_DELETED = "agent-deleted"
    VERSION_DELETED = "version-deleted"
    NOT_JUDGED = "not-judged"
    ASSOCIATED = "associated"
    DETACHED = "detached"
    NOW_KNOWN = "now-known"
    NO_LONGER_KNOWN = "no-longer-known"
    SAVED = "saved"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Change:
    """One finding that people hear about."""

    status: Status
    finding: Finding


@dataclass(frozen=True)
class Reconciled:
    """All findings as they stand now, what changed, and when to look again at suspected ones.

    `omitted` counts the problems that found no room in the record.
    """

    findings: tuple[Finding, ...]
    changes: tuple[Change, ...] = ()
    recheck_at: datetime | None = None
    omitted: int = 0


@dataclass(frozen=True)
class Moment:
    """When an evaluation looks: `now`, the event that caused it (None: a sweep), the settle time,
    when the AI agent was last saved, and for a second look, when that was due."""

    now: datetime
    event_time: datetime | None = None
    settle: timedelta = timedelta()
    saved_at: datetime | None = None
    recheck_of: datetime | None = None

    @property
    def suspect_until(self) -> datetime | None:
        """Until when a new problem is only suspected; None for: tell at once."""
        if self.event_time is None or self.now >= self.event_time + self.settle:
            return None
        return min(self.event_time, self.now) + self.settle

    def settled(self, finding: Finding) -> bool:
        """Whether a suspected finding that is still there must be told."""
        early = CLOCKS_DIFFER if self.recheck_of else timedelta()
        return finding.suspected_until is None or self.now + early >= finding.suspected_until


@dataclass(frozen=True)
class Scope:
    """What an evaluation could see: findings outside of it are over.

    `tools` are the tools by name and id, written as findings have them, with the worst verdict,
    `draft_profiles` the profiles of the draft as association gaps name them.
    """

    tools: Mapping[tuple[str, str | None], Verdict]
    qualifiers: frozenset[str]
    draft_profiles: frozenset[str] = frozenset()


def reconcile(
    known: Mapping[str, Finding], seen: Iterable[Finding], moment: Moment, scope: Scope | Resolution
) -> Reconciled:
    """Compare what was seen with what is on record. Returns every finding to store.

    `seen` are all problems, also those for which there is no room. A Resolution as `scope` ends
    every finding for that reason: nothing could be seen.
    """
    everything = {finding.id: finding for finding in seen}
    problems = {finding.id: finding for finding in recorded(everything.values(), known)}
    gone = [old for old in known.values() if old.id not in problems]
    met = (
        *(appear(known.get(problem.id), problem, moment) for problem in problems.values()),
        *(_disappear(old, moment, _resolution(old, moment, scope)) for old in gone),
    )
    kept = tuple(finding for finding, _ in met if finding)
    changes = tuple(Change(status, finding) for finding, status in met if finding and status)
    omitted = len(everything) - len(problems)
    return Reconciled(kept, changes, _recheck_at(known, kept, moment), omitted)


Met = tuple[Finding | None, Status | None]
"""A finding to store (None: forget it), and what people hear of it."""


def appear(old: Finding | None, problem: Finding, moment: Moment) -> Met:
    """A problem that is there: suspected, told, or as it was."""
    if old is None or old.state is FindingState.RESOLVED:
        opened_at = old.opened_at if old else None
        problem = replace(problem, opened_at=opened_at)
        if moment.suspect_until is None:
            return _open(problem, moment)
        suspected = replace(
            problem, state=FindingState.SUSPECTED, suspected_until=moment.suspect_until
        )
        return suspected, None
    carried = replace(
        problem, state=old.state, opened_at=old.opened_at, suspected_until=old.suspected_until
    )
    if old.state is not FindingState.SUSPECTED:
        return carried, Status.CHANGED if _differs(old, problem) else None
    if moment.settled(old):
        return _open(carried, moment)
    return carried, None


def _open(problem: Finding, moment: Moment) -> tuple[Finding, Status]:
    status = Status.REOPENED if problem.told else Status.OPENED
    opened = replace(problem, state=FindingState.OPEN, suspected_until=None, opened_at=moment.now)
    return opened, status


def _differs(old: Finding, new: Finding) -> bool:
    """Verdict, missing set, severity, or one more qualifier; attachments alone are no news. A tool
    without a row in the catalog breaks nothing that is known: it spreads in silence, or each
    release would tell of it."""
    no_row = new.kind is FindingKind.UNKNOWN and new.confidence is None
    spreads = not no_row and not {*new.qualifiers} <= {*old.qualifiers}
    digest = old.missing_digest or missing_digest(old.missing)
    was = (old.verdict, digest, old.severity)
    return spreads or was != (new.verdict, missing_digest(new.missing), new.severity)


def _disappear(old: Finding, moment: Moment, resolution: Resolution | None) -> Met:
    if old.state is FindingState.RESOLVED:
        remembered = old.resolved_at and moment.now - old.resolved_at < KEEP_RESOLVED
        return (old if remembered else None), None
    if resolution is None:
        return appear(old, old, moment)
    if not old.told:
        return None, None  # suspected and never told: it settled by itself
    granted = replace(old, verdict=Verdict.SUFFICIENT, missing=())
    resolved = replace(
        granted if resolution is Resolution.GRANTED else old,
        state=FindingState.RESOLVED,
        resolved_at=moment.now,
        resolution=resolution,
        suspected_until=None,
    )
    return resolved, None if old.state is FindingState.SUSPECTED else Status.RESOLVED


def _resolution(old: Finding, moment: Moment, scope: Scope | Resolution) -> Resolution | None:
    """Why a finding that was not seen is over; None if it is not."""
    if isinstance(scope, Resolution):
        return scope
    if old.kind is FindingKind.REFUSED_SAVE:
        return _notice_resolution(old.refused_at or old.opened_at, moment)
    if scope.qualifiers.isdisjoint(old.qualifiers):
        return Resolution.VERSION_DELETED
    if old.kind is FindingKind.ASSOCIATION_GAP:
        named = old.tool_name in scope.draft_profiles
        return Resolution.ASSOCIATED if named else Resolution.DETACHED
    return _tool_resolution(old, scope.tools.get((old.tool_name, old.tool_id)))


def _tool_resolution(old: Finding, verdict: Verdict | None) -> Resolution:
    """`verdict` is that of the same tool now: GRANTED is only said of what is SUFFICIENT."""
    if verdict is None:
        return Resolution.TOOL_REMOVED
    if old.kind is FindingKind.UNKNOWN:
        return Resolution.NOW_KNOWN
    return Resolution.GRANTED if verdict is Verdict.SUFFICIENT else Resolution.NO_LONGER_KNOWN


def _notice_resolution(refused_at: datetime | None, moment: Moment) -> Resolution | None:
    """A refused save is over with the next successful one, or after a week."""
    if refused_at and moment.saved_at and moment.saved_at >= refused_at:
        return Resolution.SAVED
    return Resolution.EXPIRED if refused_at and moment.now - refused_at > NOTICE_LASTS else None


def _recheck_at(
    known: Mapping[str, Finding], kept: Iterable[Finding], moment: Moment
) -> datetime | None:
    """When to look again: a look is asked for once, and once more where it came too early."""
    suspected = [finding for finding in kept if finding.state is FindingState.SUSPECTED]
    times = [
        finding.suspected_until
        for finding in suspected
        if finding.suspected_until and not _asked_for(known.get(finding.id), moment)
    ]
    return max(times, default=None)


def _asked_for(old: Finding | None, moment: Moment) -> bool:
    """Whether a second look at a suspected finding is still to come."""
    if old is None or old.state is not FindingState.SUSPECTED:
        return False
    due = old.suspected_until
    return moment.recheck_of is None or due is None or due > moment.recheck_of
