"""What must hold before a security profile is attached to a live version of an AI agent."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from toolgrant.domain.fixing.gates import GATES, PROFILE_GATES, Case, Refusal, Values
from toolgrant.domain.fixing.rules import Mode, ProfileFacts
from toolgrant.domain.model import clip


def _association_off(case: Case, _: ProfileFacts) -> Values | None:
    return {} if case.rules.association is Mode.WARN else None


def _attached_before(_: Case, profile: ProfileFacts) -> Values | None:
    return {} if profile.attached_before else None


ASSOCIATION_GATES = (
    *("mode", "state", "paused", "pause-unreadable", "mutes-unreadable", "muted"),
    *("facts", "managed", "opted-in", "owned", "profile-muted"),
)
"""Of the gates of a grant, those that attaching a profile must pass as well."""

OWN_ASSOCIATION_GATES: Mapping[str, Callable[[Case, ProfileFacts], Values | None]] = {
    "association-off": _association_off,
    "attached-before": _attached_before,
}


def association_refusals(case: Case, profile: ProfileFacts) -> tuple[Refusal, ...]:
    """What stands in the way of attaching this profile."""
    gates = {**PROFILE_GATES, **OWN_ASSOCIATION_GATES}
    wanted = (*ASSOCIATION_GATES, *OWN_ASSOCIATION_GATES)
    answers = {name: GATES[name](case) for name in wanted if name in GATES}
    about = {name: gates[name](case, profile) for name in wanted if name in gates}
    name = clip(profile.name)
    return (
        *(Refusal(gate, values) for gate, values in answers.items() if values is not None),
        *(Refusal(gate, values, name) for gate, values in about.items() if values is not None),
    )
