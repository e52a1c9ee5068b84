"""Conditions that one security profile must meet before anything is written to it or attached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from toolgrant.domain.fixing.gates import Case, Gate, Refusal, Values, asked, listed
from toolgrant.domain.fixing.rules import STACK_TAG, TAG_NAME, FixRules, Mode, ProfileFacts
from toolgrant.domain.model import Grant
from toolgrant.domain.profile_lists import full_lists
from toolgrant.domain.texts import clip

CUSTOMER_MANAGED = "CUSTOMER_MANAGED"
"""`Type` of a security profile that belongs to the customer (connect service model)."""


def profile_refusals(case: Case, profile: ProfileFacts) -> tuple[Refusal, ...]:
    """What stands in the way of writing to this profile, or of attaching it."""
    gates = PROFILE_GAP_GATES if case.gap else PROFILE_GATES
    return asked(gates, clip(profile.name), case, profile)


def no_room(grants: frozenset[Grant], profile: ProfileFacts) -> Refusal | None:
    """Why these grants do not fit a profile together."""
    values = _room(grants, profile)
    return Refusal("room", values, clip(profile.name)) if values else None


def _facts(_: Case, profile: ProfileFacts) -> Values | None:
    return {} if None in (profile.type, profile.tags, profile.lists) else None


def _managed(_: Case, profile: ProfileFacts) -> Values | None:
    if profile.type in (None, CUSTOMER_MANAGED):
        return None
    return {"type": profile.type}


def _opted_in(case: Case, profile: ProfileFacts) -> Values | None:
    value = case.rules.tag_value
    opted = (profile.tags or {}).get(TAG_NAME) == value
    return None if opted else {"name": TAG_NAME, "value": value}


def _owned(case: Case, profile: ProfileFacts) -> Values | None:
    owner = (profile.tags or {}).get(STACK_TAG, case.rules.stack)
    return None if owner == case.rules.stack else {"tag": STACK_TAG, "owner": clip(owner)}


def _another_toolgrant(case: Case, profile: ProfileFacts) -> Values | None:
    stacks = {edit.actor.stack for edit in profile.history.edits} - {"", case.rules.stack}
    return {"stacks": clip(", ".join(sorted(stacks)))} if stacks else None


def _attached(case: Case, profile: ProfileFacts) -> Values | None:
    affected = case.need.finding.qualifiers
    if profile.qualifiers.intersection(affected):
        return None
    return {"qualifiers": ", ".join(affected)}


def _people_unknown(_: Case, profile: ProfileFacts) -> Values | None:
    return {} if profile.people is None else None


def _people(case: Case, profile: ProfileFacts) -> Values | None:
    people, most = profile.people or 0, case.rules.most_people
    return {"people": people, "most": most} if people > most else None


def _agents_unknown(case: Case, profile: ProfileFacts) -> Values | None:
    known = case.situation.swept_lately and profile.others is not None
    return None if known or not profile.id else {}  # nobody has a profile that is to be created


def _agents(case: Case, profile: ProfileFacts) -> Values | None:
    agents, most = len(profile.others or ()), case.rules.most_agents
    return {"agents": agents, "most": most} if agents > most else None


def _more_than_shown(case: Case, profile: ProfileFacts) -> Values | None:
    approval = case.situation.approval
    if approval is None or approval.repair.dedicated:
        return None
    shown = approval.repair
    others = (profile.others or frozenset()).difference(shown.others)
    more = (profile.people or 0) > shown.people or others
    return {"people": profile.people, "agents": len(profile.others or ())} if more else None


def _profile_muted(case: Case, profile: ProfileFacts) -> Values | None:
    return {} if profile.id in (case.situation.muted or ()) else None


def _profile_breaker(case: Case, profile: ProfileFacts) -> Values | None:
    return listed(case.situation.broken(profile.id, case.whats(profile)))


def _refused_before(case: Case, profile: ProfileFacts) -> Values | None:
    """Asking again is of no use until something changes, an operator orders it, or a day passes."""
    if case.situation.approval or case.situation.basis is None:
        return None
    if case.gap:
        reason = profile.history.attach_refused(case.agent, case.situation.now)
        return {"reason": reason} if reason else None
    wanted = frozenset(case.grants(profile))
    reasons = [
        write.reason
        for kind in sorted({grant.kind for grant in wanted})
        for write in profile.history.refused(kind, case.situation.now)
        if wanted & frozenset(write.grants)
        and write.basis == case.situation.basis
        and write.before == profile.held(kind)
    ]
    return {"reason": reasons[-1]} if reasons else None


def _cap(case: Case, profile: ProfileFacts) -> Values | None:
    most = case.rules.changes_per_hour
    return {"most": most} if profile.history.changes_since(case.situation.now) >= most else None


PROFILE_GATES: Mapping[str, Gate] = {
    "facts": _facts,
    "managed": _managed,
    "opted-in": _opted_in,
    "owned": _owned,
    "another-toolgrant": _another_toolgrant,
    "attached": _attached,
    "people-unknown": _people_unknown,
    "people": _people,
    "agents-unknown": _agents_unknown,
    "agents": _agents,
    "more-than-shown": _more_than_shown,
    "profile-muted": _profile_muted,
    "profile-breaker": _profile_breaker,
    "refused-before": _refused_before,
    "cap": _cap,
}


def _association_off(case: Case, _: ProfileFacts) -> Values | None:
    return {} if case.rules.association is Mode.WARN else None


_OF_GRANTS = ("attached", "people-unknown", "people", "agents-unknown", "agents")

PROFILE_GAP_GATES: Mapping[str, Gate] = {
    name: gate
    for name, gate in PROFILE_GATES.items()
    if name not in (*_OF_GRANTS, "more-than-shown")
} | {"association-off": _association_off}


def _room(grants: frozenset[Grant], profile: ProfileFacts) -> Values | None:
    full = full_lists(sorted(grants), profile.lists or {})
    return {"full": ", ".join(full)} if full else None


_UNDO_GATES = ("facts", "managed", "opted-in", "owned", "another-toolgrant")
"""What taking something back must pass too, of the gates of a profile."""


def undo_refusals(profile: ProfileFacts, rules: FixRules) -> tuple[Refusal, ...]:
    """What stands in the way of taking something out of this profile."""
    gates = {name: PROFILE_GATES[name] for name in _UNDO_GATES}
    return asked(gates, clip(profile.name), _Undo(rules), profile)


@dataclass(frozen=True)
class _Undo:
    """All that these gates look at, of a case."""

    rules: FixRules
