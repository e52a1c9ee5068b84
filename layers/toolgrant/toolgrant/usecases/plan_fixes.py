"""What a review adds where fixing is on: breakers, the plan for each missing grant, fix requests.

Reads only, but for the ledger: a breaker is opened as soon as it is agent that somebody took away
what we had added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeGuard

from toolgrant.domain.alerts.fix_notes import notes_of, notes_of_made, notes_of_taken
from toolgrant.domain.findings import Change, Reconciled, Resolution, Status
from toolgrant.domain.fixing.ledger import ProfileChange, TakenAway
from toolgrant.domain.fixing.policy import Fix, Refuse, RequestFix
from toolgrant.domain.fixing.proposal import Proposal
from toolgrant.domain.model import Finding, FindingKind, FindingState
from toolgrant.domain.problems import agent_of
from toolgrant.domain.requests import FixRequest
from toolgrant.usecases.agent_reader import JudgedAgent
from toolgrant.usecases.deps import Deps
from toolgrant.usecases.fix_facts import (
    attached_by_us,
    change_that_fixed,
    open_breakers,
    plan_fix,
    situation,
)
from toolgrant.usecases.ports import Ledger


@dataclass(frozen=True)
class PlannedFixes:
    """The plan for each open finding, and the changes of ours that made findings go away."""

    steps: tuple[Fix, ...] = ()
    made: Mapping[str, ProfileChange | None] = field(default_factory=dict)
    """Finding id → our change that made it go away; None for an attached profile."""
    requests: tuple[FixRequest, ...] = ()

    muted: frozenset[str] = frozenset()
    taken: Mapping[str, tuple[TakenAway, ...]] = field(default_factory=dict)

    @property
    def proposals(self) -> Mapping[str, Proposal]:
        """Finding id → the dedicated profile that is proposed."""
        refused = [step for step in self.steps if isinstance(step, Refuse)]
        return {step.finding.id: step.proposal for step in refused if step.proposal}

    def silenced(self, finding: Finding) -> bool:
        """Whether an operator does not want to hear of a finding."""
        return bool(self.muted & {finding.id, agent_of(finding.id)})

    @property
    def change_id(self) -> str | None:
        """The newest of the changes."""
        changes = [change for change in self.made.values() if change]
        newest = max(changes, key=lambda change: change.began_at, default=None)
        return newest.id if newest else None


def plan_fixes(
    reconciled: Reconciled, agent: JudgedAgent, began: datetime, deps: Deps
) -> PlannedFixes:
    """Empty in mode `warn`. `began` is when the evaluation began to read."""
    if deps.fixing is None:
        return PlannedFixes()
    ledger, now = deps.fixing.ledger, deps.clock.now()
    wanted = [finding for finding in reconciled.findings if _fixable(finding)]
    taken = {
        finding.id: open_breakers(finding, agent, began - deps.settle, deps) for finding in wanted
    }
    moment = situation(deps, now) if wanted else None
    steps = tuple(plan_fix(finding, agent, moment, deps) for finding in wanted if moment)
    return PlannedFixes(
        steps,
        _made(reconciled, agent, ledger),
        tuple(_request(step, agent) for step in steps if _at_once(step)),
        ledger.muted(now) if reconciled.changes else frozenset(),
        taken,
    )


def with_fixes(reconciled: Reconciled, fixes: PlannedFixes) -> Reconciled:
    """The changes as people hear them: what we fixed is `fixed`, and the plan is in the notes."""
    plans = {step.finding.id: step for step in fixes.steps}
    loud = [change for change in reconciled.changes if not fixes.silenced(change.finding)]
    told = tuple(_told(change, fixes, plans) for change in loud)
    return replace(reconciled, changes=told)


def _told(change: Change, fixes: PlannedFixes, plans: Mapping[str, Fix]) -> Change:
    finding = change.finding
    if finding.id in fixes.made:
        notes = notes_of_made(fixes.made[finding.id])
        return Change(Status.FIXED, replace(finding, advisories=notes))
    if finding.id in plans:
        taken = notes_of_taken(fixes.taken.get(finding.id, ()))
        notes = (*taken, *notes_of(plans[finding.id]))
        return Change(change.status, replace(finding, advisories=(*notes, *finding.advisories)))
    return change


_FIXABLE = (FindingKind.INSUFFICIENT, FindingKind.ASSOCIATION_GAP)


def _fixable(finding: Finding) -> bool:
    return finding.kind in _FIXABLE and finding.state is FindingState.OPEN


def _made(
    reconciled: Reconciled, agent: JudgedAgent, ledger: Ledger
) -> dict[str, ProfileChange | None]:
    over = [change.finding for change in reconciled.changes if change.status is Status.RESOLVED]
    granted = [finding for finding in over if finding.resolution == Resolution.GRANTED]
    made = {finding.id: change_that_fixed(finding, agent, ledger) for finding in granted}
    attached = [
        finding.id
        for finding in over
        if finding.resolution == Resolution.ASSOCIATED and attached_by_us(finding, agent, ledger)
    ]
    return {**{key: change for key, change in made.items() if change}, **dict.fromkeys(attached)}


def _at_once(step: Fix) -> TypeGuard[RequestFix]:
    """Whether nobody has to be asked."""
    return isinstance(step, RequestFix) and not step.approval


def _request(step: RequestFix, agent: JudgedAgent) -> FixRequest:
    """The same id for every evaluation of one opening of a finding."""
    finding = step.finding
    opened = finding.opened_at.isoformat() if finding.opened_at else ""
    return FixRequest(agent.key, finding.id, step.profile.id, f"{finding.id}@{opened}")
