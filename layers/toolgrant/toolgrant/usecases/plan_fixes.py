"""What a review adds where fixing is on: what was taken away, and the plan for what is missing.

Reads only; what was taken away is noted before (`losses`), what is planned is committed after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from toolgrant.domain.alerts.alert import Alert
from toolgrant.domain.alerts.fix_notes import notes_of_made, notes_of_plan, notes_of_taken
from toolgrant.domain.findings import Change, Reconciled, Resolution, Status
from toolgrant.domain.fixing.history import TakenAway
from toolgrant.domain.fixing.ledger import ProfileChange
from toolgrant.domain.fixing.needs import needs_of
from toolgrant.domain.fixing.policy import Plan, plan
from toolgrant.domain.fixing.profile_gates import no_room
from toolgrant.domain.fixing.proposal import Proposal, propose
from toolgrant.domain.fixing.repair import Repair, RepairItem, Shown
from toolgrant.domain.fixing.rules import FixRules, Need, ProfileFacts
from toolgrant.domain.ids import short_id
from toolgrant.domain.model import DRAFT, Finding, FindingState, Grant, GrantKind
from toolgrant.usecases.agent_reader import JudgedAgent
from toolgrant.usecases.deps import Deps
from toolgrant.usecases.fix_facts import facts_of, situation

_MODULE_OR_INTEGRATION = ("FlowModule", "IntegrationAssociation")
"""Events after which the service may take what it refused before."""


@dataclass(frozen=True)
class PlannedFixes:
    """The plan for the open findings, and the changes of ours that made findings go away."""

    plan: Plan = field(default_factory=Plan)
    proposal: Proposal | None = None
    made: Mapping[str, ProfileChange] = field(default_factory=dict)
    """Finding id → our change that made it go away, or did on some of its qualifiers."""

    muted: frozenset[str] = frozenset()
    taken: tuple[TakenAway, ...] = ()

    @property
    def change_id(self) -> str | None:
        """The newest of the changes."""
        newest = max(self.made.values(), key=lambda change: change.began_at, default=None)
        return newest.id if newest else None


NOTHING = PlannedFixes()

AttachedFacts = Callable[[frozenset[GrantKind]], list[ProfileFacts]]
"""The facts of every attached profile, with the lists of these kinds."""


def facts_once(agent: JudgedAgent, deps: Deps) -> AttachedFacts:
    """Each profile is read once, however often one look is decided: another look that wrote first
    is no reason to read everything again."""
    return cache(
        lambda kinds: [facts_of(profile_id, agent, kinds, deps) for profile_id in agent.profile_ids]
    )


def plan_fixes(
    reconciled: Reconciled,
    agent: JudgedAgent,
    taken: tuple[TakenAway, ...],
    event_name: str,
    facts: AttachedFacts,
    deps: Deps,
) -> PlannedFixes:
    """Empty in mode `warn`. `event_name` is that of the event which led here."""
    if deps.fixing is None:
        return NOTHING
    needs = needs_of(reconciled.findings, agent.judged)
    muted = deps.fixing.ledger.muted(deps.clock.now()) if reconciled.changes else frozenset()
    made = _made(reconciled, agent, deps)
    if not needs:
        return PlannedFixes(made=made, muted=muted, taken=taken)
    profiles = facts(frozenset(grant.kind for need in needs for grant in need.grants))
    again = any(word in event_name for word in _MODULE_OR_INTEGRATION)
    moment = situation(deps, ask_again=again)
    planned = plan(agent.key, needs, profiles, deps.fixing.rules, moment)
    refused = {refuse.finding.id for refuse in planned.refused if refuse.proposable}
    items = _fitting(need for need in needs if need.finding.id in refused)
    proposal = proposal_for(items, agent, deps.fixing.rules) if items else None
    if proposal:
        offer = _offer(proposal, items, agent, deps)
        planned = replace(planned, offers=(*planned.offers, offer))
    return PlannedFixes(planned, proposal, made, muted, taken)


def _fitting(needs: Iterable[Need]) -> tuple[RepairItem, ...]:
    """What one new profile has room for."""
    items: list[RepairItem] = []
    grants: frozenset[Grant] = frozenset()
    for need in needs:
        finding, opened = need.finding, need.finding.opened_at
        more = grants | frozenset(need.grants)
        if opened is None or no_room(more, ProfileFacts("", "")):
            continue
        grants = more
        lacking = tuple(name for name, lacks in need.lacks.items() if lacks)
        items.append(
            RepairItem(finding.id, opened, finding.tool_name, finding.tool_id, lacking, need.grants)
        )
    return tuple(items)


def proposal_for(items: Iterable[RepairItem], agent: JudgedAgent, rules: FixRules) -> Proposal:
    """A profile of the AI agent's own, for the draft and what is live: a published version that
    nobody uses needs nothing."""
    used = tuple(
        judged.qualifier for judged in agent.judged if judged.qualifier == DRAFT or judged.live
    )
    grants = tuple(sorted({grant for item in items for grant in item.grants}))
    first = agent.first
    return propose(grants, agent.instance_id, first.name, first.arn, used, rules)


def _offer(
    proposal: Proposal, items: tuple[RepairItem, ...], agent: JudgedAgent, deps: Deps
) -> Repair:
    now = deps.clock.now()
    repair_id = short_id("fix", agent.key.ai_agent_id, proposal.name, now.isoformat(), items)
    return Repair(repair_id, agent.key, "", proposal.name, items, now, dedicated=proposal.name)


def with_fixes(reconciled: Reconciled, fixes: PlannedFixes, ai_agent_id: str) -> Reconciled:
    """The changes as people hear them: what we fixed is `fixed`, and the plan is in the notes. What
    opens while it is muted stays suspected, so that it is told by the first look after that."""
    ids = {change.finding.id for change in reconciled.changes}
    silent = ids if ai_agent_id in fixes.muted else ids & fixes.muted
    loud = [change for change in reconciled.changes if change.finding.id not in silent]
    untold = {c.finding.id: c.status for c in reconciled.changes if c.finding.id in silent}
    return replace(
        reconciled,
        findings=tuple(_untold(f, untold.get(f.id)) for f in reconciled.findings),
        changes=tuple(_told(change, fixes) for change in loud),
    )


def _untold(finding: Finding, status: Status | None) -> Finding:
    if status not in (Status.OPENED, Status.REOPENED):
        return finding
    known_since = None if status is Status.OPENED else finding.opened_at
    return replace(
        finding,
        state=FindingState.SUSPECTED,
        suspected_until=finding.opened_at,
        opened_at=known_since,
    )


def _told(change: Change, fixes: PlannedFixes) -> Change:
    finding = change.finding
    if finding.id in fixes.made:
        notes = notes_of_made(fixes.made[finding.id])
        return Change(Status.FIXED, replace(finding, advisories=notes))
    notes = (*notes_of_taken(fixes.taken, finding), *notes_of_plan(fixes.plan, finding.id))
    return Change(change.status, replace(finding, advisories=(*notes, *finding.advisories)))


def _made(reconciled: Reconciled, agent: JudgedAgent, deps: Deps) -> dict[str, ProfileChange]:
    """Finding id → the change of ours that made it go away."""
    ended = (Resolution.GRANTED, Resolution.ASSOCIATED)
    over = [
        change.finding
        for change in reconciled.changes
        if change.status is Status.RESOLVED and change.finding.resolution in ended
    ]
    if not over:
        return {}
    ledger = deps.fix_ports.ledger
    histories = [ledger.history(profile_id) for profile_id in ledger.profiles_of(agent.key)]
    return {
        finding.id: change
        for finding in over
        for history in histories
        if finding.opened_at and (change := history.fix_of(finding.id, finding.opened_at))
    }


def shown_in(alert: Alert | None, offers: Sequence[Repair]) -> Shown | None:
    """What an alert offers: of the plan, what is about the findings that it tells."""
    if alert is None:
        return None
    told = {change.finding.id for change in alert.changes}
    parts = [offer.of(item for item in offer.items if item.finding_id in told) for offer in offers]
    offered = tuple(part for part in parts if part.items)
    return Shown(alert.alert_id, alert.time, offered) if offered else None
