"""Every condition that a write must pass, as a table: one row, one condition; the texts are in
the tables of the languages.

A gate answers None where it lets the write pass, or the values for its text. The gates here look at
one finding, those of `profile_gates` at a finding and one security profile. All gates are asked, so
that an alert names everything that stands in the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from toolgrant.domain.fixing.repair import attachment
from toolgrant.domain.fixing.rules import (
    APPROVAL_LASTS,
    FixRules,
    Mode,
    Need,
    ProfileFacts,
    Situation,
)
from toolgrant.domain.model import FindingKind, FindingState, Grant, GrantKind, Text
from toolgrant.domain.profile_lists import PROFILE_LISTS, with_grants
from toolgrant.domain.records import AgentKey
from toolgrant.domain.service_limits import misfits
from toolgrant.domain.texts import both


@dataclass(frozen=True)
class Refusal:
    """Why something is not written: the name of the gate, and the values for its text in the table
    `[refusal]` of each language. `profile` is the name of the profile it is about, if one."""

    gate: str
    values: Mapping[str, object] = field(default_factory=dict)
    profile: str | None = None

    @property
    def text(self) -> Text:
        """One line in both languages."""
        line = both("refusal", self.gate, **self.values)
        if self.profile is None:
            return line
        return Text(f"{self.profile}: {line.en}", f"{self.profile}: {line.ja}")


Values = Mapping[str, object]


@dataclass(frozen=True)
class Case:
    """What is asked about: one finding of one AI agent under the rules, at one moment."""

    agent: AgentKey
    need: Need
    rules: FixRules
    situation: Situation

    @property
    def gap(self) -> bool:
        """Whether a profile is to be attached, and nothing granted."""
        return self.need.finding.kind is FindingKind.ASSOCIATION_GAP

    def grants(self, profile: ProfileFacts) -> tuple[Grant, ...]:
        """What the profile would have to grant."""
        return self.need.on(profile.qualifiers)

    def whats(self, profile: ProfileFacts) -> frozenset[str]:
        """The same as breakers name it."""
        attached = frozenset({attachment(profile.id)})
        return attached if self.gap else frozenset(map(str, self.grants(profile)))


Gate = Callable[..., Values | None]


def refusals(case: Case) -> tuple[Refusal, ...]:
    """What stands in the way whatever the profile."""
    return asked(GAP_GATES if case.gap else GATES, None, case)


def asked(gates: Mapping[str, Gate], profile: str | None, *facts: object) -> tuple[Refusal, ...]:
    """Every gate's refusal of these facts; `profile` is the name of the profile they are about."""
    answers = ((name, gate(*facts)) for name, gate in gates.items())
    return tuple(Refusal(name, values, profile) for name, values in answers if values is not None)


def listed(things: Sequence[object]) -> Values | None:
    """The values of a refusal that names things; None where there are none."""
    return {"grants": ", ".join(map(str, things))} if things else None


def _mode(case: Case) -> Values | None:
    return {} if case.rules.mode is Mode.WARN else None


def _kind(case: Case) -> Values | None:
    finding = case.need.finding
    return None if finding.kind is FindingKind.INSUFFICIENT and finding.missing else {}


def _state(case: Case) -> Values | None:
    return None if case.need.finding.state is FindingState.OPEN else {}


def _paused(case: Case) -> Values | None:
    return {} if case.situation.paused else None


def _pause_unreadable(case: Case) -> Values | None:
    return {"stack": case.rules.stack} if case.situation.paused is None else None


def _mutes_unreadable(case: Case) -> Values | None:
    return {} if case.situation.muted is None else None


def _muted(case: Case) -> Values | None:
    muted = case.situation.muted or frozenset()
    return {} if muted & {case.need.finding.id, case.agent.ai_agent_id} else None


def _confidence(case: Case) -> Values | None:
    known, least = case.need.finding.confidence, case.rules.least_confidence
    if known is not None and known.rank <= least.rank:
        return None
    return {"known": known or "-", "least": least}


def _form(case: Case) -> Values | None:
    return listed([grant for grant in case.need.grants if not _writable(grant)])


def _writable(grant: Grant) -> bool:
    """Whether the service takes an entry for it; an AI agent by its whole ARN (domain facts)."""
    whole = grant.kind is not GrantKind.AI_AGENT or grant.value.startswith("arn:")
    entries = with_grants(grant.kind, (), [grant])
    return whole and not misfits("connect", {PROFILE_LISTS[grant.kind]: entries})


def _altered(case: Case) -> Values | None:
    return {} if case.need.altered else None


def _gap(case: Case) -> Values | None:
    return None if case.need.grants else listed(sorted(case.need.supplied))


def _disputed(case: Case) -> Values | None:
    return None if case.need.grants else listed(sorted(case.need.disputed))


def _agent_breaker(case: Case) -> Values | None:
    whats = frozenset(map(str, case.need.grants))
    if case.gap:
        whats = frozenset({attachment(case.need.finding.profile_id)})
    return listed(case.situation.broken(case.agent.ai_agent_id, whats))


def _approval_old(case: Case) -> Values | None:
    approval = case.situation.approval
    return {} if approval and case.situation.now - approval.at > APPROVAL_LASTS else None


GATES: Mapping[str, Gate] = {
    "mode": _mode,
    "kind": _kind,
    "state": _state,
    "paused": _paused,
    "pause-unreadable": _pause_unreadable,
    "mutes-unreadable": _mutes_unreadable,
    "muted": _muted,
    "confidence": _confidence,
    "form": _form,
    "altered": _altered,
    "gap": _gap,
    "disputed": _disputed,
    "breaker": _agent_breaker,
    "approval-old": _approval_old,
}

GAP_GATES: Mapping[str, Gate] = {
    name: gate
    for name, gate in GATES.items()
    if name not in ("kind", "confidence", "form", "altered", "gap", "disputed")
}
"""Of these, what attaching a profile must pass as well: those that are not about a grant."""
