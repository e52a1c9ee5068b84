"""What a fix needs to know before anything is written: facts, freshly read, and the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from toolgrant.domain.causes import Actor
from toolgrant.domain.fixing.gates import Case
from toolgrant.domain.fixing.ledger import ProfileChange, ProfileHistory, TakenAway
from toolgrant.domain.fixing.policy import Fix, Refuse, decide_association, decide_fix
from toolgrant.domain.fixing.proposal import Proposal, propose
from toolgrant.domain.fixing.rules import FixRules, ProfileFacts, Situation
from toolgrant.domain.model import DRAFT, Finding, FindingKind, Grant, GrantKind
from toolgrant.domain.profile_lists import Entry, namespaces
from toolgrant.domain.records import AgentKey, Edge, EdgeKind
from toolgrant.errors import AccessDenied, InvalidInput, NotFound, RequestRefused
from toolgrant.usecases.agent_reader import JudgedAgent
from toolgrant.usecases.deps import Deps, FixPorts
from toolgrant.usecases.ports import Ledger, ProfileReader, Profiles, Store
from toolgrant.usecases.sweep_proof import proven_at

_T = TypeVar("_T")
_UNREADABLE = (AccessDenied, InvalidInput, NotFound, RequestRefused)
"""Answers that asking again does not better. Throttling and faults are raised: the message comes
back."""


def is_own(actor: Actor, writer_role: str) -> bool:
    """Whether remediate of this stack made a call."""
    return bool(writer_role) and actor.name.split("/")[0] == writer_role


def situation(deps: Deps, now: datetime, approved: bool = False) -> Situation:
    """What holds for all profiles at this moment."""
    fixing = deps.fix_ports
    return Situation(
        now=now,
        swept_at=proven_at(deps.store),
        paused=paused(fixing),
        muted=fixing.ledger.muted(now),
        approved=approved,
    )


def paused(fixing: FixPorts) -> bool | None:
    """By an operator or by the emergency stop; None if that cannot be read."""
    return fixing.ledger.paused() or fixing.stop.pulled()


def plan_fix(finding: Finding, agent: JudgedAgent, now: Situation, deps: Deps) -> Fix:
    """What to do about one finding. Reads what it needs of each attached profile."""
    case = Case(finding, deps.fix_ports.rules, now)
    if finding.kind is FindingKind.ASSOCIATION_GAP:
        return decide_association(case, profile_facts(case, agent, finding.profile_id, deps))
    facts = [profile_facts(case, agent, profile_id, deps) for profile_id in agent.profile_ids]
    fix = decide_fix(case, facts)
    if isinstance(fix, Refuse) and fix.proposable:
        return replace(fix, proposal=_proposal(finding, agent, case.rules))
    return fix


def _proposal(finding: Finding, agent: JudgedAgent, rules: FixRules) -> Proposal:
    """For the draft and what is live: a published version that nobody uses needs nothing."""
    used = tuple(
        judged.qualifier for judged in agent.judged if judged.qualifier == DRAFT or judged.live
    )
    draft = agent.draft
    return propose(finding, agent.instance_id, draft.name, draft.arn, used, rules)


def profile_facts(case: Case, agent: JudgedAgent, profile_id: str, deps: Deps) -> ProfileFacts:
    """All that is known of one attached profile; None for what cannot be read."""
    fixing, instance_id = deps.fix_ports, agent.instance_id
    reader, history = fixing.reader, fixing.ledger.history(profile_id)
    kinds = {grant.kind for grant in case.grants}
    described = _or_none(lambda: reader.describe(instance_id, profile_id))
    lists = _or_none(lambda: _lists(reader, instance_id, profile_id, kinds))
    return ProfileFacts(
        id=profile_id,
        name=described.name if described else profile_id,
        type=described.type if described else None,
        tags=described.tags if described else None,
        people=_or_none(lambda: reader.people(instance_id, profile_id)),
        agents=_other_agents(profile_id, agent.key, deps.store),
        entries=None if lists is None else {kind: len(found) for kind, found in lists.items()},
        namespaces=namespaces(lists.get(GrantKind.MCP, ())) if lists else {},
        qualifiers=agent.qualifiers_with(profile_id),
        broken=history.broken,
        changes=history.changes_since(case.situation.now),
        attached_before=_reopened(case.finding, history),
    )


def _lists(
    reader: ProfileReader, instance_id: str, profile_id: str, kinds: Iterable[GrantKind]
) -> dict[GrantKind, tuple[Entry, ...]]:
    return {kind: reader.entries(instance_id, profile_id, kind) for kind in sorted(kinds)}


def _other_agents(profile_id: str, key: AgentKey, store: Store) -> int:
    return len(set(store.agents_with(Edge(EdgeKind.PROFILE, profile_id))) - {key})


def open_breakers(
    finding: Finding, agent: JudgedAgent, before: datetime, deps: Deps
) -> tuple[TakenAway, ...]:
    """Open the breaker of each missing grant that we added and somebody took away.

    `before` is when the evaluation began, less the time that reads may be old.
    """
    ledger, now = deps.fix_ports.ledger, deps.clock.now()
    taken = [
        loss
        for profile_id in agent.profile_ids
        for loss in ledger.history(profile_id).taken_away(
            _lacking(finding, agent, profile_id, deps.profiles), before
        )
    ]
    for loss in taken:
        who = f"{loss.edit.actor.name} ({loss.edit.actor.via})" if loss.edit else "unknown"
        ledger.open_breaker(loss.change.profile_id, loss.grant, f"taken away by {who}", now)
    return tuple(taken)


def _lacking(
    finding: Finding, agent: JudgedAgent, profile_id: str, profiles: Profiles
) -> list[Grant]:
    """The missing grants that this profile does not hold."""
    return [
        grant
        for grant in finding.missing
        if grant not in profiles.grants(agent.instance_id, profile_id, grant.kind)
    ]


def attached_by_us(finding: Finding, agent: JudgedAgent, ledger: Ledger) -> bool:
    """Whether we closed an association gap."""
    profile_id = finding.profile_id
    if profile_id not in agent.profile_ids:
        return False
    history = ledger.history(profile_id)
    return not _reopened(finding, history) and finding.id in history.attached


def change_that_fixed(finding: Finding, agent: JudgedAgent, ledger: Ledger) -> ProfileChange | None:
    """The change of ours that has made a finding go away, if one has."""
    since = finding.opened_at
    if since is None:
        return None
    made = (
        ledger.history(profile_id).fix_of(finding.required, since)
        for profile_id in agent.profile_ids
    )
    return next((change for change in made if change), None)


def _reopened(finding: Finding, history: ProfileHistory) -> bool:
    """Whether we attached the profile for an earlier opening of this finding."""
    at = history.attached.get(finding.id)
    return at is not None and (finding.opened_at is None or finding.opened_at > at)


def _or_none(read: Callable[[], _T]) -> _T | None:
    try:
        return read()
    except _UNREADABLE:
        return None
