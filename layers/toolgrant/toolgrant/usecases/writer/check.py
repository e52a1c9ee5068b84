"""The policy asked about one repair, with everything read afresh; and the intent that follows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from toolgrant.domain.fixing.gates import Refusal
from toolgrant.domain.fixing.ledger import ListState, ListWrite, ProfileChange
from toolgrant.domain.fixing.needs import needs_of
from toolgrant.domain.fixing.policy import Refuse
from toolgrant.domain.fixing.profile_gates import CUSTOMER_MANAGED
from toolgrant.domain.fixing.proposal import Proposal
from toolgrant.domain.fixing.recheck import still_allowed
from toolgrant.domain.fixing.repair import Approval, Repair, RepairItem
from toolgrant.domain.fixing.rules import Need, ProfileFacts
from toolgrant.domain.ids import short_id
from toolgrant.domain.model import GrantKind
from toolgrant.domain.problems import problems_of
from toolgrant.usecases.agent_reader import JudgedAgent
from toolgrant.usecases.deps import Deps
from toolgrant.usecases.fix_facts import facts_of, situation
from toolgrant.usecases.plan_fixes import proposal_for


@dataclass(frozen=True)
class Checked:
    """What of a repair is needed and allowed now, what is refused, the profile as it is, and the
    qualifiers that it is to be attached to."""

    repair: Repair
    refused: tuple[Refuse, ...]
    profile: ProfileFacts
    attaches: tuple[str, ...]


def check(repair: Repair, agent: JudgedAgent, approval: Approval | None, deps: Deps) -> Checked:
    """Ask the policy. Reads the profile, and what holds at this moment."""
    needs, rules = _needs(agent, deps), deps.fix_ports.rules
    proposal = proposal_for(repair.items, agent, rules)
    profile = _facts(repair, proposal, agent, deps)
    # Planned in spite of a refusal: it is asked again. Planned before it: that is known by now.
    since = profile.history.refused_since(repair.planned_at)
    moment = situation(deps, approval, ask_again=not since)
    allowed, refused = still_allowed(repair, needs, profile, rules, moment)
    if repair.dedicated and not (rules.dedicated and approval):
        why = Refusal("dedicated-off" if approval else "approval")
        found = [needs[item.finding_id].finding for item in allowed.items]
        refused = (*refused, *(Refuse(finding, (why,)) for finding in found))
        allowed = repair.of(())
    attaches = proposal.qualifiers if repair.dedicated else allowed.attaches
    return Checked(allowed, refused, profile, attaches)


def _facts(repair: Repair, proposal: Proposal, agent: JudgedAgent, deps: Deps) -> ProfileFacts:
    """The profile as it is; a dedicated one as if it were attached where it is going to be."""
    if not repair.profile_id:
        return _proposed(repair, proposal)
    profile = facts_of(repair.profile_id, agent, tuple(GrantKind), deps)
    going_to = frozenset(proposal.qualifiers if repair.dedicated else ())
    return replace(profile, qualifiers=profile.qualifiers | going_to)


def _needs(agent: JudgedAgent, deps: Deps) -> dict[str, Need]:
    """The findings on record that are still problems, as they are seen now."""
    known = deps.store.load(agent.key).findings
    seen = [
        replace(problem, state=old.state, opened_at=old.opened_at)
        for problem in problems_of(agent.instance_id, agent.judged)
        if (old := known.get(problem.id))
    ]
    return {need.finding.id: need for need in needs_of(seen, agent.judged)}


def _proposed(repair: Repair, proposal: Proposal) -> ProfileFacts:
    """The profile that a repair would create: nobody else has it, and it is empty."""
    return ProfileFacts(
        id="",
        name=repair.dedicated,
        type=CUSTOMER_MANAGED,
        tags=proposal.tags,
        people=0,
        others=frozenset(),
        lists={},
        qualifiers=frozenset(proposal.qualifiers),
    )


def intent_of(
    checked: Checked,
    agent: JudgedAgent,
    approval: Approval | None,
    known: ProfileChange | None,
    now: datetime,
) -> ProfileChange:
    """The change that a repair leads to: what an earlier delivery has ended stays as it is."""
    repair = checked.repair
    ended = {write.kind: write for write in known.lists if not write.open} if known else {}
    sent = {write.kind: write for write in known.lists} if known else {}
    wanted = {grant.kind for grant in repair.grants} | ended.keys()
    kinds = [kind for kind in GrantKind if kind in wanted]  # what only reads comes first
    begun = known or _begun(checked, agent, approval, now)
    return replace(
        begun,
        items=(*_kept(begun, repair, ended.values()), *repair.items),
        lists=tuple(ended.get(kind) or _list(kind, repair, sent.get(kind), now) for kind in kinds),
        to_attach=tuple(name for name in checked.attaches if name not in begun.attached),
    )


def _begun(
    checked: Checked, agent: JudgedAgent, approval: Approval | None, now: datetime
) -> ProfileChange:
    repair = checked.repair
    return ProfileChange(
        id=short_id("c", repair.id),
        fix_id=repair.id,
        instance_id=agent.instance_id,
        profile_id=repair.profile_id,
        agent=repair.agent,
        items=repair.items,
        began_at=now,
        agent_arn=agent.first.arn,
        approved_by=approval.by if approval else "",
        dedicated=bool(repair.dedicated),
        profile_name=checked.profile.name,
    )


def _kept(begun: ProfileChange, repair: Repair, ended: Iterable[ListWrite]) -> Iterator[RepairItem]:
    """What an earlier delivery has given and is not asked for any more."""
    now_asked = {item.finding_id for item in repair.items}
    given = {grant for write in ended for grant in write.grants}
    for item in begun.items:
        if item.finding_id not in now_asked and given & set(item.grants):
            yield item


def _list(kind: GrantKind, repair: Repair, sent: ListWrite | None, now: datetime) -> ListWrite:
    """A list that is still to be written; a dedicated profile was created with it."""
    grants = tuple(grant for grant in repair.grants if grant.kind is kind)
    if repair.dedicated:
        done = ListState.DONE
        return ListWrite(kind, grants, state=done, read_at=now, sent_at=now, ended_at=now)
    return replace(sent or ListWrite(kind, grants), grants=grants, state=ListState.PLANNED)
