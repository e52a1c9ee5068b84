"""What a review adds where fixing is on: breakers, the plan for each missing grant, fix requests.

Reads only, but for the ledger: a breaker is opened as soon as it is seen that somebody took away
what we had added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from toolgrant.domain.findings import Change, Reconciled, Resolution, Status
from toolgrant.domain.ledger import FixRequest, ProfileChange
from toolgrant.domain.model import Finding, FindingKind, FindingState
from toolgrant.domain.policy import Fix, RequestFix
from toolgrant.usecases.deps import Deps
from toolgrant.usecases.fixing import Fixing
from toolgrant.usecases.integrity import notes_of
from toolgrant.usecases.look import NotJudged, Seen


@dataclass(frozen=True)
class PlannedFixes:
    """The plan for each open finding, and the changes of ours that made findings go away."""

    steps: tuple[Fix, ...] = ()
    made: Mapping[str, ProfileChange] = field(default_factory=dict)
    requests: tuple[FixRequest, ...] = ()

    muted: frozenset[str] = frozenset()

    def silenced(self, finding: Finding) -> bool:
        """Whether an operator does not want to hear of a finding."""
        return bool(self.muted & {finding.id, finding.id.rpartition("-")[0]})

    @property
    def change_id(self) -> str | None:
        """The newest of the changes."""
        newest = max(self.made.values(), key=lambda change: change.began_at, default=None)
        return newest.id if newest else None


def plan_fixes(
    reconciled: Reconciled, seen: Seen | NotJudged, began: datetime, deps: Deps
) -> PlannedFixes:
    """Empty in mode `warn`. `began` is when the evaluation began to read."""
    if deps.fixing is None or isinstance(seen, NotJudged):
        return PlannedFixes()
    fixing, now = deps.fixing, deps.clock.now()
    wanted = [finding for finding in reconciled.findings if _fixable(finding)]
    for finding in wanted:
        fixing.trip_breakers(finding, seen, began - deps.settle, deps.profiles, now)
    situation = fixing.situation(now) if wanted else None
    steps = tuple(fixing.plan(finding, seen, situation) for finding in wanted if situation)
    requests = tuple(_request(step, seen) for step in steps if isinstance(step, RequestFix))
    muted = fixing.ledger.muted(now) if reconciled.changes else frozenset()
    return PlannedFixes(steps, _made(reconciled, seen, fixing), requests, muted)


def with_fixes(reconciled: Reconciled, fixes: PlannedFixes) -> Reconciled:
    """The changes as people hear them: what we fixed is `fixed`, and the plan is in the notes."""
    plans = {step.finding.id: step for step in fixes.steps}
    loud = [change for change in reconciled.changes if not fixes.silenced(change.finding)]
    return replace(reconciled, changes=tuple(_told(change, fixes.made, plans) for change in loud))


def _told(change: Change, made: Mapping[str, ProfileChange], plans: Mapping[str, Fix]) -> Change:
    finding = change.finding
    if finding.id in made:
        return Change(Status.FIXED, finding)
    if finding.id in plans:
        notes = notes_of(plans[finding.id])
        noted = replace(finding, advisories=(*notes, *finding.advisories))
        return Change(change.status, noted)
    return change


def _fixable(finding: Finding) -> bool:
    return finding.kind is FindingKind.INSUFFICIENT and finding.state is FindingState.OPEN


def _made(reconciled: Reconciled, seen: Seen, fixing: Fixing) -> dict[str, ProfileChange]:
    granted = [
        change.finding
        for change in reconciled.changes
        if change.status is Status.RESOLVED and change.finding.resolution == Resolution.GRANTED
    ]
    made = {finding.id: fixing.made(finding, seen) for finding in granted}
    return {finding_id: change for finding_id, change in made.items() if change}


def _request(step: RequestFix, seen: Seen) -> FixRequest:
    """The same id for every evaluation of one opening of a finding."""
    finding = step.finding
    opened = finding.opened_at.isoformat() if finding.opened_at else ""
    return FixRequest(seen.key, finding.id, step.profile.id, f"{finding.id}@{opened}")
