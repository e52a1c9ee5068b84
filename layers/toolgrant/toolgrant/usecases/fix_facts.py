"""What a fix needs to know before anything is written: facts, freshly read, once per profile."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from toolgrant.domain.causes import Actor
from toolgrant.domain.fixing.repair import Approval
from toolgrant.domain.fixing.rules import ProfileFacts, Situation
from toolgrant.domain.model import GrantKind
from toolgrant.domain.records import Edge, EdgeKind
from toolgrant.errors import REFUSED_FOR_GOOD
from toolgrant.usecases.agent_reader import JudgedAgent
from toolgrant.usecases.deps import Deps
from toolgrant.usecases.fix_ports import EmergencyStop, Ledger, Listed, ProfileReader
from toolgrant.usecases.sweep_proof import proven_at

_T = TypeVar("_T")


def is_own(actor: Actor, writer_role: str) -> bool:
    """Whether remediate of this stack made a call: an assumed role, exactly ours by its ARN, which
    names the account. A user, a federated user or another account may have the same name."""
    return bool(writer_role) and (actor.type, actor.role) == ("AssumedRole", writer_role)


def situation(deps: Deps, approval: Approval | None = None, ask_again: bool = False) -> Situation:
    """What holds for all profiles at this moment. `ask_again`: whatever the service refused before
    may be asked for again."""
    fixing, now = deps.fix_ports, deps.clock.now()
    return Situation(
        now=now,
        swept_at=proven_at(deps.store),
        paused=paused(fixing.ledger, fixing.stop),
        muted=fixing.ledger.muted(now),
        breakers=fixing.ledger.breakers(),
        approval=approval,
        basis=None if ask_again else basis(deps),
    )


def basis(deps: Deps) -> str:
    """Stands for the rules and the catalog: another one where either changed."""
    text = f"{deps.fix_ports.rules} {deps.catalog.rows} {deps.fix_ports.writer_role}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def paused(ledger: Ledger, stop: EmergencyStop) -> bool | None:
    """By an operator or by the emergency stop; None if that cannot be read."""
    return ledger.paused() or stop.pulled()


def facts_of(
    profile_id: str, agent: JudgedAgent, kinds: Iterable[GrantKind], deps: Deps
) -> ProfileFacts:
    """All that is known of one profile, with these lists of it; None for what cannot be read."""
    reader, instance_id = deps.fix_ports.reader, agent.instance_id
    others = deps.store.agents_with(Edge(EdgeKind.PROFILE, profile_id))
    return replace(
        profile_itself(profile_id, instance_id, kinds, deps),
        people=_or_none(lambda: reader.people(instance_id, profile_id)),
        others=frozenset(others) - {agent.key},
        qualifiers=agent.qualifiers_with(profile_id),
    )


def profile_itself(
    profile_id: str, instance_id: str, kinds: Iterable[GrantKind], deps: Deps
) -> ProfileFacts:
    """What is known of a profile whoever holds it."""
    reader = deps.fix_ports.reader
    described = _or_none(lambda: reader.describe(instance_id, profile_id))
    listed = _or_none(lambda: _lists(reader, instance_id, profile_id, kinds))
    stamps = [part.stamp for part in (described, *(listed or {}).values()) if part and part.stamp]
    return ProfileFacts(
        id=profile_id,
        name=described.name if described else profile_id,
        type=described.type if described else None,
        tags=described.tags if described else None,
        lists={kind: part.entries for kind, part in listed.items()} if listed is not None else None,
        stamp=max(stamps, default=None),
        history=deps.fix_ports.ledger.history(profile_id),
    )


def _lists(
    reader: ProfileReader, instance_id: str, profile_id: str, kinds: Iterable[GrantKind]
) -> dict[GrantKind, Listed]:
    return {kind: reader.listed(instance_id, profile_id, kind) for kind in sorted(kinds)}


def seconds_to_wait(facts: ProfileFacts, now: datetime, bound: timedelta) -> float:
    """How long to put a write off because somebody else changed the profile a moment ago, so that
    reads may still be old; 0 for not at all. A stamp only postpones, and only while it is young: of
    the time of our own write it says nothing."""
    times = [edit.at for edit in facts.history.edits]
    if facts.stamp and not facts.history.own_write_at(facts.stamp):
        times.append(facts.stamp)
    # A time far in the future is a clock's fault, and no reason to wait for ever.
    left = [at + bound - now for at in times if -bound < now - at < bound]
    return max((wait.total_seconds() for wait in left), default=0.0)


def _or_none(read: Callable[[], _T]) -> _T | None:
    try:
        return read()
    except REFUSED_FOR_GOOD:  # throttling and faults are raised: the message comes back
        return None
