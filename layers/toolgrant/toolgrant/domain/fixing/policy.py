"""What to do about one missing grant: write it, ask a person, or refuse and say why.

A plan of frozen values, each with its reason. Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from toolgrant.domain.fixing.gates import (
    Case,
    Refusal,
    association_refusals,
    profile_refusals,
    refusals,
)
from toolgrant.domain.fixing.proposal import Proposal
from toolgrant.domain.fixing.rules import Mode, ProfileFacts
from toolgrant.domain.model import Finding, FindingKind, Grant, GrantKind, Risk
from toolgrant.domain.texts import clip


@dataclass(frozen=True)
class RequestFix:
    """Add exactly these grants to this security profile, nothing else; attach it where there are
    none. `approval`: only once a person has approved it."""

    finding: Finding
    profile: ProfileFacts
    grants: tuple[Grant, ...]
    reason: str
    approval: bool = False


@dataclass(frozen=True)
class Refuse:
    """Write nothing; every reason, those about a profile with its name.

    `proposable`: a dedicated profile would help, and nobody has taken the grants away before.
    `proposal` is that profile, which a person may approve instead.
    """

    finding: Finding
    refusals: tuple[Refusal, ...]
    proposable: bool = False
    proposal: Proposal | None = None


Fix = RequestFix | Refuse

NO_PROFILE = Refusal("no-profile")


def decide_fix(case: Case, profiles: Iterable[ProfileFacts]) -> Fix:
    """What to do about one finding. `profiles` are those attached to its AI agent.

    Of the profiles that pass every gate, the one with the smallest blast radius is chosen.
    """
    general = refusals(case)
    nearest = sorted(profiles, key=lambda profile: _blast_radius(case, profile))
    against = {profile.id: profile_refusals(case, profile) for profile in nearest}
    fitting = [profile for profile in nearest if not against[profile.id]]
    if general or not fitting:
        found = (*general, *(refusal for refused in against.values() for refusal in refused))
        proposable = not general and not _taken_away_before(case, nearest)
        return Refuse(case.finding, found or (NO_PROFILE,), proposable)
    chosen = fitting[0]
    reason = f"people: {chosen.people}, other AI agents: {chosen.agents}"
    return RequestFix(case.finding, chosen, case.grants, reason, needs_approval(case))


def _taken_away_before(case: Case, profiles: Iterable[ProfileFacts]) -> bool:
    """Whether a breaker is open: not to be got round by another profile."""
    return any(grant in (profile.broken or ()) for profile in profiles for grant in case.grants)


def decide_association(case: Case, profile: ProfileFacts) -> Fix:
    """What to do about a live version that lacks a profile which the draft has."""
    against = association_refusals(case, profile)
    if against:
        return Refuse(case.finding, against)
    reason = f"qualifiers: {', '.join(case.finding.qualifiers)}"
    return RequestFix(case.finding, profile, (), reason, needs_approval(case))


def needs_approval(case: Case) -> bool:
    """Whether a person has to approve what would otherwise be written."""
    if case.situation.approved:
        return False
    if case.finding.kind is FindingKind.ASSOCIATION_GAP:
        return Mode.APPROVE in (case.rules.mode, case.rules.association)
    risky = case.rules.automatic_risk is Risk.READ and any(
        grant.risk is Risk.WRITE for grant in case.grants
    )
    return risky or case.rules.mode is Mode.APPROVE


def _blast_radius(case: Case, profile: ProfileFacts) -> tuple[object, ...]:
    """Who else gains by a grant: people, then AI agents, then whether an application namespace has
    to be added; the name and id make it the same every time. Unknown counts as many."""
    namespaces = {grant.namespace for grant in case.grants if grant.kind is GrantKind.MCP}
    return (
        profile.people is None,
        profile.people or 0,
        profile.agents is None,
        profile.agents or 0,
        len(namespaces - profile.namespaces.keys()),
        profile.name,
        profile.id,
    )


def describe_fix(fix: Fix) -> str:
    """One line of a dry run or audit record."""
    tool = fix.finding.tool_name
    if isinstance(fix, Refuse):
        reasons = "; ".join(refusal.text.en for refusal in fix.refusals)
        proposed = f"; a dedicated profile is proposed: {fix.proposal.name}" if fix.proposal else ""
        return f"Refuse: {tool} ({reasons}){proposed}"
    grants = ", ".join(map(str, fix.grants))
    what = f"add {grants} to" if grants else "attach"
    profile = f"{clip(fix.profile.name)} ({fix.profile.id})"
    step = "AskApproval" if fix.approval else "RequestFix"
    return f"{step}: {what} {profile} for {tool} ({fix.reason})"
