"""What we gave and somebody took away: looked for over the whole ledger of an AI agent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from toolgrant.domain.fixing.history import Breaker, ForeignEdit, ProfileHistory, TakenAway
from toolgrant.domain.fixing.ledger import ListState, ListWrite, ProfileChange
from toolgrant.domain.fixing.repair import attachment
from toolgrant.domain.model import Grant, GrantKind
from toolgrant.domain.records import Edge, EdgeKind
from toolgrant.errors import InvalidInput, NotFound, RequestRefused
from toolgrant.usecases.agent_reader import JudgedAgent
from toolgrant.usecases.deps import Deps


def take_losses(agent: JudgedAgent, began: datetime, deps: Deps) -> tuple[TakenAway, ...]:
    """Open the breakers of what we gave to an AI agent and that is gone, and end its standing, so
    that each loss counts once.

    A profile that the AI agent has no longer, or that was deleted, counts as a loss too. `began` is
    when the evaluation began to read: only what was verified before all that it may have read can
    be missed. Empty in mode `warn`.
    """
    if deps.fixing is None:
        return ()
    ledger, before = deps.fixing.ledger, began - deps.fixing.rules.bound
    histories = [ledger.history(profile_id) for profile_id in ledger.profiles_of(agent.key)]
    return tuple(
        loss
        for history in histories
        for change in history.changes
        if change.agent == agent.key
        for loss in _losses(_landed(change, agent, deps), history, agent, before, deps)
    )


def _losses(
    change: ProfileChange,
    history: ProfileHistory,
    agent: JudgedAgent,
    before: datetime,
    deps: Deps,
) -> list[TakenAway]:
    grants = _lost_grants(change, agent, before, deps)
    detached = _lost_qualifiers(change, agent, before)
    edits = {grant: _edit(change, grant, history) for grant in grants}
    lost = [TakenAway(str(grant), change, edits[grant]) for grant in grants]
    if detached:
        lost.append(TakenAway(attachment(change.profile_id), change))
    if lost:
        open_breakers(change, [loss.what for loss in lost], f"taken away by {_who(lost)}", deps)
        deps.fix_ports.ledger.save(change.without(grants, detached))
    return lost


def _lost_grants(
    change: ProfileChange, agent: JudgedAgent, before: datetime, deps: Deps
) -> list[Grant]:
    writes = [write for write in change.lists if write.ended_at and write.ended_at < before]
    return sorted(
        grant
        for write in writes
        if write.standing
        for grant in write.standing - _held(change, write.kind, agent, deps)
    )


def _held(
    change: ProfileChange, kind: GrantKind, agent: JudgedAgent, deps: Deps
) -> frozenset[Grant]:
    """What the profile still gives to the AI agent."""
    if change.profile_id not in agent.profile_ids:
        return frozenset()
    try:
        return deps.profiles.grants(agent.instance_id, change.profile_id, kind)
    except NotFound:
        return frozenset()
    except (InvalidInput, RequestRefused):  # a list that cannot be read tells of no loss
        return frozenset(change.grants)


def _lost_qualifiers(change: ProfileChange, agent: JudgedAgent, before: datetime) -> list[str]:
    """Where we attached the profile and it is no longer, of the qualifiers that are still there."""
    if change.attached_at is None or change.attached_at >= before:
        return []
    there = {judged.qualifier for judged in agent.judged}
    return sorted(change.standing_at & there - agent.qualifiers_with(change.profile_id))


def _landed(change: ProfileChange, agent: JudgedAgent, deps: Deps) -> ProfileChange:
    """A write that was given up and is there after all: it stands, and it is not known whose."""
    given_up = [w for w in change.lists if w.state is ListState.ABANDONED and w.sent_at]
    landed = [w for w in given_up if _held(change, w.kind, agent, deps).issuperset(w.grants)]
    for write in landed:
        there = replace(write, state=ListState.UNATTRIBUTED, ended_at=deps.clock.now())
        change = change.with_list(there)
    if landed:
        deps.fix_ports.ledger.save(change)
    return change


def open_breakers(change: ProfileChange, whats: Iterable[str], reason: str, deps: Deps) -> None:
    """Nothing of this is given again: to no profile of the change's AI agent nor of any other that
    has the profile, and to the profile for no AI agent."""
    now, attached = deps.clock.now(), attachment(change.profile_id)
    agents = holders(change, deps)
    deps.fix_ports.ledger.open_breakers(
        Breaker(subject, what, change.id, reason, now)
        for what in whats
        for subject in ([change.agent.ai_agent_id] if what == attached else agents)
    )
    deps.fix_ports.ledger.open_breakers(
        Breaker(change.profile_id, what, change.id, reason, now)
        for what in whats
        if what != attached
    )


def holders(change: ProfileChange, deps: Deps) -> list[str]:
    """The ids of the change's AI agent and of all others that have the profile."""
    others = deps.store.agents_with(Edge(EdgeKind.PROFILE, change.profile_id))
    return sorted({key.ai_agent_id for key in (change.agent, *others)})


def _edit(change: ProfileChange, grant: Grant, history: ProfileHistory) -> ForeignEdit | None:
    return history.last_edit(_part(change, grant.kind))


def _part(change: ProfileChange, kind: GrantKind) -> ListWrite:
    return next(write for write in change.lists if write.kind is kind)


def _who(lost: Iterable[TakenAway]) -> str:
    edits = [loss.edit for loss in lost if loss.edit]
    return f"{edits[0].actor.name} ({edits[0].actor.via})" if edits else "unknown"
