"""What we gave and somebody took away: looked for over the whole ledger of an AI agent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from toolgrant.domain.fixing.history import Breaker, ProfileHistory, TakenAway
from toolgrant.domain.fixing.ledger import ListState, ProfileChange
from toolgrant.domain.fixing.repair import attachment
from toolgrant.domain.model import Grant, GrantKind
from toolgrant.domain.records import Edge, EdgeKind
from toolgrant.errors import InvalidInput, NotFound, RequestRefused
from toolgrant.usecases.agent_reader import JudgedAgent
from toolgrant.usecases.deps import Deps


def take_losses(agent: JudgedAgent, began: datetime, deps: Deps) -> tuple[TakenAway, ...]:
    """Open the breakers of what we gave to an AI agent and that is gone, and end its standing, so
    that each loss counts once.

    Looked for in all changes of the AI agent, also on profiles that it has no longer or that were
    deleted, and in those of others on its profiles. `began` is when the evaluation began to read:
    only what was verified before all that it may have read can be missed. Empty in mode `warn`.
    """
    if deps.fixing is None:
        return ()
    before = began - deps.fixing.rules.bound
    lost: list[TakenAway] = []
    for change, history in _changes(agent, deps):
        gone = _gone(_landed(change, agent, deps), history, agent, deps)
        sure = [loss for loss in gone if loss.since <= before]
        if sure:
            _take(sure, deps)
            lost += sure
    return tuple(lost)


def seconds_of_doubt(
    agent: JudgedAgent, whats: frozenset[str], began: datetime, deps: Deps
) -> float:
    """How long to wait until it is sure whether something of `whats` that we gave is gone, or only
    not to be seen yet; 0 where nothing is in doubt."""
    bound = deps.fix_ports.rules.bound
    left = [
        loss.since + bound - began
        for change, history in _changes(agent, deps)
        for loss in _gone(change, history, agent, deps)
        if loss.what in whats
    ]
    return max((wait.total_seconds() for wait in left), default=0.0)


def _changes(agent: JudgedAgent, deps: Deps) -> Iterator[tuple[ProfileChange, ProfileHistory]]:
    ledger = deps.fix_ports.ledger
    for profile_id in dict.fromkeys((*ledger.profiles_of(agent.key), *agent.profile_ids)):
        history = ledger.history(profile_id)
        for change in history.changes:
            if change.agent == agent.key or profile_id in agent.profile_ids:
                yield change, history


def _gone(
    change: ProfileChange, history: ProfileHistory, agent: JudgedAgent, deps: Deps
) -> list[TakenAway]:
    """What of a change should be there and is not to be seen."""
    grants = [
        TakenAway(str(grant), change, write.ended_at, history.last_edit(write))
        for write in change.lists
        if write.ended_at and write.standing
        for grant in sorted(write.standing - _held(change, write.kind, agent, deps))
    ]
    if not change.attached_at or not _detached(change, agent):
        return grants
    return [*grants, TakenAway(attachment(change.profile_id), change, change.attached_at)]


def _detached(change: ProfileChange, agent: JudgedAgent) -> frozenset[str]:
    """Where we attached the profile and it is no longer, of the qualifiers that are still there."""
    if change.agent != agent.key:
        return frozenset()
    there = frozenset(judged.qualifier for judged in agent.judged)
    return change.standing_at & there - agent.qualifiers_with(change.profile_id)


def _take(lost: Sequence[TakenAway], deps: Deps) -> None:
    change, whats = lost[0].change, [loss.what for loss in lost]
    edits = [loss.edit for loss in lost if loss.edit]
    who = f"{edits[0].actor.name} ({edits[0].actor.via})" if edits else "unknown"
    open_breakers(change, whats, f"taken away by {who}", deps)
    attached = attachment(change.profile_id)
    grants = [Grant.parse(what) for what in whats if what != attached]
    detached = change.attached if attached in whats else ()
    deps.fix_ports.ledger.save(change.without(grants, detached))


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
