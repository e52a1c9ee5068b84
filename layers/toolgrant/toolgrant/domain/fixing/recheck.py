"""The policy asked again, about a repair that was announced: never more than that, perhaps less."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from toolgrant.domain.fixing.gates import Case, Refusal, listed, refusals
from toolgrant.domain.fixing.policy import Refuse, needs_approval, union
from toolgrant.domain.fixing.profile_gates import no_room, profile_refusals
from toolgrant.domain.fixing.repair import Repair, RepairItem
from toolgrant.domain.fixing.rules import MOST_UNASKED, FixRules, Need, ProfileFacts, Situation


def still_allowed(
    repair: Repair,
    needs: Mapping[str, Need],
    profile: ProfileFacts,
    rules: FixRules,
    situation: Situation,
) -> tuple[Repair, tuple[Refuse, ...]]:
    """Of what a repair announced: what is needed and allowed now, and what is refused.

    `needs` are the open findings by id as they are now. What is simply not needed any more is in
    neither.
    """
    allowed: list[RepairItem] = []
    refused: list[Refuse] = []
    for item in repair.items:
        need = needs.get(item.finding_id)
        if need and _moved(item, need):
            refused.append(Refuse(need.finding, (Refusal("moved-on"),)))
            continue
        now = _as_announced(item, need) if need else None
        if need is None or now is None:
            refused += _void(item, need, situation)
            continue
        against = _against(item, Case(repair.agent, now, rules, situation), profile)
        full = no_room(union([*allowed, item]), profile)
        against = (*against, *([full] if full else []))
        if against:
            refused.append(Refuse(need.finding, against))
        else:
            there = tuple(name for name in item.qualifiers if name in now.lacks)
            allowed.append(replace(item, qualifiers=there, grants=now.on(profile.qualifiers)))
    if len(union(allowed)) > MOST_UNASKED and situation.approval is None:
        many = Refusal("many", {"most": MOST_UNASKED})
        refused += [Refuse(needs[item.finding_id].finding, (many,)) for item in allowed]
        allowed = []
    return repair.of(allowed), tuple(refused)


def _void(item: RepairItem, need: Need | None, situation: Situation) -> list[Refuse]:
    """What was approved and would come with another profile by now, or is disputed, is told."""
    if need is None or situation.approval is None:
        return []
    held_back = {"gap": need.supplied, "disputed": need.disputed}
    told = {gate: listed(sorted(g.intersection(item.grants))) for gate, g in held_back.items()}
    reasons = tuple(Refusal(gate, values) for gate, values in told.items() if values)
    return [Refuse(need.finding, reasons)] if reasons else []


def _moved(item: RepairItem, need: Need) -> bool:
    """Whether the finding is another one by now, whatever it lacks."""
    finding = need.finding
    return (finding.opened_at, finding.tool_id) != (item.opened_at, item.tool_id)


def _as_announced(item: RepairItem, need: Need) -> Need | None:
    """What a finding needs now, of what was announced; None if that is nothing."""
    if not item.grants:
        return need
    wanted = frozenset(item.grants)
    lacks = {name: need.lacks.get(name, frozenset()) & wanted for name in item.qualifiers}
    left = tuple(name for name, grants in lacks.items() if grants)
    finding = replace(need.finding, qualifiers=left)
    return replace(need, finding=finding, lacks=lacks) if left else None


def _against(item: RepairItem, case: Case, profile: ProfileFacts) -> tuple[Refusal, ...]:
    asks = needs_approval(case, item.grants)
    return (
        *([Refusal("approval")] if asks else []),
        *refusals(case),
        *profile_refusals(case, profile),
    )
