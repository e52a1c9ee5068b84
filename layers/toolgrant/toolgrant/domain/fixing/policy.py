"""What to do about missing grants: repair a profile, offer to, or refuse and say why.

A plan of frozen values, each with its reason. Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from toolgrant.domain.fixing.gates import Case, Refusal, refusals
from toolgrant.domain.fixing.profile_gates import no_room, profile_refusals
from toolgrant.domain.fixing.repair import Repair, RepairItem
from toolgrant.domain.fixing.rules import (
    MOST_UNASKED,
    FixRules,
    Mode,
    Need,
    ProfileFacts,
    Situation,
)
from toolgrant.domain.ids import short_id
from toolgrant.domain.model import Finding, Grant, GrantKind, Risk
from toolgrant.domain.records import AgentKey


@dataclass(frozen=True)
class Refuse:
    """Write nothing for a finding; every reason, those about a profile with its name.

    `proposable`: a dedicated profile would help, and nobody has taken the grants away before.
    """

    finding: Finding
    refusals: tuple[Refusal, ...]
    proposable: bool = False


@dataclass(frozen=True)
class Plan:
    """What is done at once, what is offered to an operator, and what is not done and why."""

    repairs: tuple[Repair, ...] = ()
    offers: tuple[Repair, ...] = ()
    refused: tuple[Refuse, ...] = ()


@dataclass(frozen=True)
class _Placed:
    """One item, and the profile that it goes to. `asks`: only once an operator approves."""

    profile: ProfileFacts
    item: RepairItem
    case: Case
    asks: bool


def plan(
    agent: AgentKey,
    needs: Iterable[Need],
    profiles: Sequence[ProfileFacts],
    rules: FixRules,
    situation: Situation,
) -> Plan:
    """What to do about the findings of one AI agent: at most one repair and one offer per profile.

    `profiles` are those attached to it. What is live comes first where room is short.
    """
    cases = [Case(agent, need, rules, situation) for need in sorted(needs, key=_live_first)]
    placed: list[_Placed] = []
    refused: list[Refuse] = []
    for case in cases:
        items, refusal = _place(case, profiles, placed)
        placed += items
        refused += [refusal] if refusal else []
    return _plan(agent, _asking(placed), situation, refused)


def _live_first(need: Need) -> tuple[int, str]:
    return -need.finding.severity.rank, need.finding.id


def _asking(placed: Sequence[_Placed]) -> list[_Placed]:
    """Many grants at once need approval, whatever they are."""
    many = {
        profile_id
        for profile_id in {part.profile.id for part in placed}
        if len(union(p.item for p in placed if p.profile.id == profile_id and not p.asks))
        > MOST_UNASKED
    }
    return [replace(part, asks=part.asks or part.profile.id in many) for part in placed]


def _plan(
    agent: AgentKey, placed: Sequence[_Placed], situation: Situation, refused: list[Refuse]
) -> Plan:
    groups: dict[tuple[bool, str], list[_Placed]] = {}
    for part in placed:
        groups.setdefault((part.asks, part.profile.id), []).append(part)
    repairs = {key: _repair(agent, parts, situation) for key, parts in groups.items()}
    return Plan(
        tuple(repair for (asks, _), repair in repairs.items() if not asks),
        tuple(repair for (asks, _), repair in repairs.items() if asks),
        tuple(refused),
    )


def _repair(agent: AgentKey, parts: Sequence[_Placed], situation: Situation) -> Repair:
    profile, items = parts[0].profile, tuple(part.item for part in parts)
    return Repair(
        id=short_id("fix", agent.ai_agent_id, profile.id, situation.now.isoformat(), items),
        agent=agent,
        profile_id=profile.id,
        profile_name=profile.name,
        items=items,
        planned_at=situation.now,
        people=profile.people or 0,
        others=tuple(sorted(profile.others or ())),
    )


def _place(
    case: Case, profiles: Sequence[ProfileFacts], before: Sequence[_Placed]
) -> tuple[list[_Placed], Refuse | None]:
    """Where one finding is repaired, and why it is not where it is not. `before` has its place
    already, and takes room."""
    general = refusals(case)
    near = sorted(_concerned(case, profiles), key=lambda profile: _blast_radius(case, profile))
    against = {profile.id: _against(case, profile, before) for profile in near}
    fitting = [profile for profile in near if not general and not against[profile.id]]
    placed = [_gap(case, fitting[0])] if case.gap and fitting else _cover(case, fitting)
    covered = frozenset(qualifier for part in placed for qualifier in part.item.qualifiers)
    if covered >= _lacking(case):
        return placed, None
    reasons = (*general, *(refusal for refused in against.values() for refusal in refused))
    proposable = not case.gap and not placed and not general and not _taken_before(case, near)
    return placed, Refuse(case.need.finding, reasons or (Refusal("no-profile"),), proposable)


def _against(case: Case, profile: ProfileFacts, before: Sequence[_Placed]) -> tuple[Refusal, ...]:
    """What stands in the way of this profile."""
    others = union(part.item for part in before if part.profile.id == profile.id)
    full = no_room(others.union(case.grants(profile)), profile)
    return (*profile_refusals(case, profile), *([full] if full else []))


def _concerned(case: Case, profiles: Sequence[ProfileFacts]) -> list[ProfileFacts]:
    wanted = case.need.finding.profile_id
    return [profile for profile in profiles if not case.gap or profile.id == wanted]


def _lacking(case: Case) -> frozenset[str]:
    if case.gap:
        return frozenset(case.need.finding.qualifiers)
    lacking = frozenset(name for name, grants in case.need.lacks.items() if grants)
    return lacking or frozenset(case.need.finding.qualifiers)


def _taken_before(case: Case, profiles: Iterable[ProfileFacts]) -> bool:
    """Whether a breaker is open: not to be got round by another profile."""
    return any(case.situation.broken(profile.id, case.whats(profile)) for profile in profiles)


def _gap(case: Case, profile: ProfileFacts) -> _Placed:
    return _Placed(
        profile, _item(case, case.need.finding.qualifiers, ()), case, needs_approval(case)
    )


def _cover(case: Case, fitting: Sequence[ProfileFacts]) -> list[_Placed]:
    """The profile that the most of the lacking qualifiers have, then another one for the rest; of
    equals the one with the smallest blast radius, which come first."""
    left, placed = _lacking(case) if fitting else frozenset(), []
    while left:
        profile = max(fitting, key=lambda profile: len(left & profile.qualifiers))
        here = left & profile.qualifiers
        if not here:
            break
        item = _item(case, sorted(here), case.need.on(here))
        placed.append(_Placed(profile, item, case, needs_approval(case, item.grants)))
        left -= here
    return placed


def _item(case: Case, qualifiers: Iterable[str], grants: tuple[Grant, ...]) -> RepairItem:
    finding = case.need.finding
    opened = finding.opened_at or case.situation.now
    return RepairItem(
        finding.id, opened, finding.tool_name, finding.tool_id, tuple(qualifiers), grants
    )


def union(items: Iterable[RepairItem]) -> frozenset[Grant]:
    """All grants of some items."""
    return frozenset(grant for item in items for grant in item.grants)


def needs_approval(case: Case, grants: Iterable[Grant] = ()) -> bool:
    """Whether a person has to approve what would otherwise be written."""
    if case.situation.approval:
        return False
    if case.gap:
        return Mode.APPROVE in (case.rules.mode, case.rules.association)
    risky = any(grant.risk is Risk.WRITE for grant in grants)
    return case.rules.mode is Mode.APPROVE or (risky and case.rules.automatic_risk is Risk.READ)


def _blast_radius(case: Case, profile: ProfileFacts) -> tuple[object, ...]:
    """Who else gains by a grant: people, then AI agents, then whether an application namespace has
    to be added; the name and id make it the same every time. Unknown counts as many."""
    wanted = {grant.namespace for grant in case.grants(profile) if grant.kind is GrantKind.MCP}
    held = {grant.namespace for grant in profile.held(GrantKind.MCP)}
    return (
        profile.people is None,
        profile.people or 0,
        profile.others is None,
        len(profile.others or ()),
        len(wanted - held),
        profile.name,
        profile.id,
    )


def describe_plan(planned: Plan) -> list[str]:
    """One line per step, for a dry run or an audit record."""
    return [
        *(_line("Repair", repair) for repair in planned.repairs),
        *(_line("Offer", repair) for repair in planned.offers),
        *(describe_refusal(refuse) for refuse in planned.refused),
    ]


def _line(word: str, repair: Repair) -> str:
    tools = ", ".join(item.tool_name for item in repair.items)
    what = f"add {', '.join(map(str, repair.grants))} to" if repair.grants else "attach"
    if repair.dedicated:
        return f"{word}: {what} a profile of its own, {repair.dedicated}, for {tools}"
    who = f"people: {repair.people}, other AI agents: {len(repair.others)}"
    return f"{word}: {what} {repair.profile_name} ({repair.profile_id}) for {tools} ({who})"


def describe_refusal(refuse: Refuse) -> str:
    """One line that says why a finding is not repaired."""
    reasons = "; ".join(refusal.text.en for refusal in refuse.refusals)
    return f"Refuse: {refuse.finding.tool_name} ({reasons})"
