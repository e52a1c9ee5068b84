"""What we gave and somebody took away: looked for over the whole ledger of an AI agent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from toolgrant.domain.fixing.history import Breaker, ForeignEdit, ProfileHistory, TakenAway, Written
from toolgrant.domain.fixing.ledger import ListState, ProfileChange
from toolgrant.domain.fixing.repair import attachment
from toolgrant.domain.model import Grant, GrantKind
from toolgrant.domain.records import Edge, EdgeKind
from toolgrant.errors import InvalidInput, NotFound, RequestRefused
from toolgrant.usecases.agent_reader import JudgedAgent
from toolgrant.usecases.deps import Deps
from toolgrant.usecases.write_alerts import tell_written

_TAKEN = "taken away by "
_Recorded = tuple[ProfileChange, ProfileHistory]


def take_losses(agent: JudgedAgent, began: datetime, deps: Deps) -> tuple[TakenAway, ...]:
    """Open the breakers of what we gave to an AI agent and that is gone, and end its standing, so
    that each loss counts once. Returns all whose breakers are open.

    Looked for in all changes of the AI agent, also on profiles that it has no longer or that were
    deleted, and in those of others on its profiles. `began` is when the evaluation began to read:
    only what was verified before all that it may have read can be missed. Empty in mode `warn`.
    """
    if deps.fixing is None:
        return ()
    before, changes = began - deps.fixing.rules.bound, tuple(_changes(agent, deps))
    for change, history in changes:
        gone = _gone(_landed(change, history, agent, deps), history, agent, deps)
        sure = [loss for loss in gone if loss.since <= before]
        if sure:
            _take(sure, deps)
    return _known(agent, changes, deps) if changes else ()


def _known(agent: JudgedAgent, changes: Iterable[_Recorded], deps: Deps) -> tuple[TakenAway, ...]:
    """Every loss whose breaker is open, those of earlier evaluations too: the one that saw it first
    need not be the one that tells."""
    by_id = {change.id: (change, history) for change, history in changes}
    taken = [b for b in deps.fix_ports.ledger.breakers() if b.reason.startswith(_TAKEN)]
    mine = [b for b in taken if b.subject == agent.key.ai_agent_id and b.change_id in by_id]
    return tuple(
        TakenAway(b.what, by_id[b.change_id][0], b.at, _edit(b.what, *by_id[b.change_id]))
        for b in sorted(mine, key=lambda breaker: breaker.what)
    )


def _edit(what: str, change: ProfileChange, history: ProfileHistory) -> ForeignEdit | None:
    if what == attachment(change.profile_id):
        return None
    return history.last_edit(change.part(Grant.parse(what).kind))


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


def _changes(agent: JudgedAgent, deps: Deps) -> Iterator[_Recorded]:
    """Those that ended: of one on its way, what is not there yet is not lost."""
    ledger = deps.fix_ports.ledger
    for profile_id in dict.fromkeys((*ledger.profiles_of(agent.key), *agent.profile_ids)):
        history = ledger.history(profile_id)
        for change in history.changes:
            ours = change.agent == agent.key or profile_id in agent.profile_ids
            if ours and not change.open:
                yield change, history


def _gone(
    change: ProfileChange, history: ProfileHistory, agent: JudgedAgent, deps: Deps
) -> list[TakenAway]:
    """What of a change should be there and is not to be seen."""
    if change.verified_at is None:
        return []
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


def taken_by(edit: ForeignEdit | None) -> str:
    """Why a breaker opens."""
    who = f"{edit.actor.name} ({edit.actor.via})" if edit else "unknown"
    return f"{_TAKEN}{who}"


def _take(lost: Sequence[TakenAway], deps: Deps) -> None:
    change, whats = lost[0].change, [loss.what for loss in lost]
    edit = next((loss.edit for loss in lost if loss.edit), None)
    open_breakers(change, whats, taken_by(edit), deps)
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


def _landed(
    change: ProfileChange, history: ProfileHistory, agent: JudgedAgent, deps: Deps
) -> ProfileChange:
    """A write that was given up and is there after all: it stands, and it is not known whose;
    unless another change of ours gives the same."""
    others = [write for other in history.changes if other.id != change.id for write in other.lists]
    given = {g for write in others for g in (write.grants if write.open else write.standing)}
    given_up = [w for w in change.lists if w.state is ListState.ABANDONED and w.sent_at]
    unknown = [write for write in given_up if not given.issuperset(write.grants)]
    landed = [w for w in unknown if _held(change, w.kind, agent, deps).issuperset(w.grants)]
    for write in landed:
        there = replace(write, state=ListState.UNATTRIBUTED, ended_at=deps.clock.now())
        change = change.with_list(there)
    if landed:
        tell_written(Written(change), deps)
        change = deps.fix_ports.ledger.save(change)
    return change


def open_breakers(
    change: ProfileChange, whats: Iterable[str], reason: str, deps: Deps, keep: bool = False
) -> None:
    """Nothing of this is given again: to no profile of the change's AI agent nor of any other that
    has the profile, and to the profile for no AI agent. `keep`: what is open because of another
    change stays so."""
    ledger, now, attached = deps.fix_ports.ledger, deps.clock.now(), attachment(change.profile_id)
    others = {(b.subject, b.what) for b in ledger.breakers() if keep and b.change_id != change.id}
    agents = holders(change, deps)
    ledger.open_breakers(
        Breaker(subject, what, change.id, reason, now)
        for what in whats
        for subject in (
            [change.agent.ai_agent_id] if what == attached else [*agents, change.profile_id]
        )
        if (subject, what) not in others
    )


def holders(change: ProfileChange, deps: Deps) -> list[str]:
    """The ids of the change's AI agent and of all others that have the profile."""
    others = deps.store.agents_with(Edge(EdgeKind.PROFILE, change.profile_id))
    return sorted({key.ai_agent_id for key in (change.agent, *others)})
