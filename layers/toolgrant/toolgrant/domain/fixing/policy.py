"""What changed → a plan of frozen steps, each with its reason. Nothing here writes.

`decide` plans what people hear. `decide_fix` plans what to do about one missing grant: write it,
ask a person, or refuse and say why for each attached profile.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from toolgrant.domain.association_gates import association_refusals
from toolgrant.domain.findings import Change, Reconciled
from toolgrant.domain.fixing.gates import Case, Refusal, needs_approval, profile_refusals, refusals
from toolgrant.domain.fixing.proposal import Proposal
from toolgrant.domain.fixing.rules import ProfileFacts
from toolgrant.domain.model import Finding, Grant, GrantKind, clip


@dataclass(frozen=True)
class Notify:
    """Tell people about these changes in one alert."""

    changes: tuple[Change, ...]
    reason: str


@dataclass(frozen=True)
class Recheck:
    """Look again at `at`, when what is only suspected must have settled."""

    at: datetime
    reason: str


@dataclass(frozen=True)
class StaySilent:
    """Tell nobody."""

    reason: str


@dataclass(frozen=True)
class RequestFix:
    """Add exactly these grants to this security profile, nothing else."""

    finding: Finding
    profile: ProfileFacts
    grants: tuple[Grant, ...]
    reason: str


@dataclass(frozen=True)
class AskApproval:
    """The same, once a person has approved it."""

    finding: Finding
    profile: ProfileFacts
    grants: tuple[Grant, ...]
    reason: str


@dataclass(frozen=True)
class Refuse:
    """Write nothing; every reason, those about a profile with its name."""

    finding: Finding
    refusals: tuple[Refusal, ...]
    proposal: Proposal | None = None
    """A dedicated profile that a person may approve instead."""


Fix = RequestFix | AskApproval | Refuse
Step = Notify | Recheck | StaySilent | Fix

NO_PROFILE = Refusal("no-profile")


def decide(reconciled: Reconciled) -> tuple[Step, ...]:
    """The plan for one evaluation."""
    steps: list[Step] = []
    if reconciled.recheck_at:
        steps.append(Recheck(reconciled.recheck_at, "new problems may settle by themselves"))
    if reconciled.changes:
        steps.append(Notify(reconciled.changes, "the state of findings changed"))
    return tuple(steps) or (StaySilent("no finding changed"),)


def decide_fix(case: Case, profiles: Iterable[ProfileFacts]) -> Fix:
    """What to do about one finding. `profiles` are those attached to its AI agent.

    Of the profiles that pass every gate, the one with the smallest blast radius is chosen.
    """
    against = refusals(case)
    fitting: list[ProfileFacts] = []
    for profile in sorted(profiles, key=lambda profile: _blast_radius(case, profile)):
        found = profile_refusals(case, profile)
        against += found
        fitting.extend([] if found else [profile])
    if refusals(case) or not fitting:
        return Refuse(case.finding, against or (NO_PROFILE,))
    chosen = fitting[0]
    reason = f"people: {chosen.people}, other AI agents: {chosen.agents}"
    step = AskApproval if needs_approval(case) else RequestFix
    return step(case.finding, chosen, case.grants, reason)


def decide_association(case: Case, profile: ProfileFacts) -> Fix:
    """What to do about a live version that lacks a profile which the draft has."""
    against = association_refusals(case, profile)
    if against:
        return Refuse(case.finding, against)
    step = AskApproval if needs_approval(case) else RequestFix
    return step(case.finding, profile, (), f"qualifiers: {', '.join(case.finding.qualifiers)}")


def _blast_radius(case: Case, profile: ProfileFacts) -> tuple[object, ...]:
    """Who else gains by a grant: people, then AI agents, then whether an application namespace has
    to be added; the name and id make it the same every time. Unknown counts as many."""
    namespaces = {g.value.partition("/")[0] for g in case.grants if g.kind is GrantKind.MCP}
    return (
        profile.people is None,
        profile.people or 0,
        profile.agents is None,
        profile.agents or 0,
        len(namespaces - profile.namespaces.keys()),
        profile.name,
        profile.id,
    )


def describe(step: Step) -> str:
    """One line of a dry run or audit record."""
    if isinstance(step, RequestFix | AskApproval):
        grants = ", ".join(map(str, step.grants))
        what = f"add {grants} to" if grants else "attach"
        profile = f"{clip(step.profile.name)} ({step.profile.id})"
        return f"{type(step).__name__}: {what} {profile} for {_tool(step)} ({step.reason})"
    if isinstance(step, Refuse):
        reasons = "; ".join(one.say("en") for one in step.refusals)
        return f"Refuse: {_tool(step)} ({reasons}){_proposed(step)}"
    if isinstance(step, Notify):
        counts = ", ".join(f"{change.status} {change.finding.tool_name}" for change in step.changes)
        return f"Notify: {counts} ({step.reason})"
    if isinstance(step, Recheck):
        return f"Recheck at {step.at.isoformat()} ({step.reason})"
    return f"StaySilent ({step.reason})"


def _tool(step: Fix) -> str:
    return step.finding.tool_name


def _proposed(step: Refuse) -> str:
    return f"; a dedicated profile is proposed: {step.proposal.name}" if step.proposal else ""
