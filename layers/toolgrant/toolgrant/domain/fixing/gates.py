"""Every condition that a write must pass, as a table: one row, one condition; the texts are in
the tables of the languages.

A gate answers None where it lets the write pass, or the values for its text. It looks at one
finding and, below `PROFILE_GATES`, at one attached security profile. All gates are asked, so that
an alert names everything that stands in the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from toolgrant.domain.fixing.rules import STACK_TAG, FixRules, Mode, ProfileFacts, Situation
from toolgrant.domain.model import Finding, FindingKind, FindingState, Grant, GrantKind, Text
from toolgrant.domain.problems import agent_of
from toolgrant.domain.profile_lists import full_lists
from toolgrant.domain.texts import both, clip

CUSTOMER_MANAGED = "CUSTOMER_MANAGED"
"""`Type` of a security profile that belongs to the customer (connect service model)."""


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
    """What is asked about: one finding under the rules, at one moment."""

    finding: Finding
    rules: FixRules
    situation: Situation

    @property
    def grants(self) -> tuple[Grant, ...]:
        """Exactly what is missing."""
        return self.finding.missing


Gate = Callable[..., Values | None]


def refusals(case: Case) -> tuple[Refusal, ...]:
    """What stands in the way whatever the profile."""
    return _asked(GATES, None, case)


def profile_refusals(case: Case, profile: ProfileFacts) -> tuple[Refusal, ...]:
    """What stands in the way of writing to this profile."""
    return _asked(PROFILE_GATES, clip(profile.name), case, profile)


def _asked(gates: Mapping[str, Gate], profile: str | None, *facts: object) -> tuple[Refusal, ...]:
    answers = ((name, gate(*facts)) for name, gate in gates.items())
    return tuple(Refusal(name, values, profile) for name, values in answers if values is not None)


def _mode(case: Case) -> Values | None:
    return {} if case.rules.mode is Mode.WARN else None


def _kind(case: Case) -> Values | None:
    fixable = case.finding.kind is FindingKind.INSUFFICIENT and case.grants
    return None if fixable else {}


def _state(case: Case) -> Values | None:
    return None if case.finding.state in (FindingState.OPEN, FindingState.FIXING) else {}


def _paused(case: Case) -> Values | None:
    return {} if case.situation.paused else None


def _pause_unreadable(case: Case) -> Values | None:
    return {} if case.situation.paused is None else None


def _mutes_unreadable(case: Case) -> Values | None:
    return {} if case.situation.muted is None else None


def _muted(case: Case) -> Values | None:
    muted = case.situation.muted or frozenset()
    return {} if muted & {case.finding.id, agent_of(case.finding.id)} else None


def _confidence(case: Case) -> Values | None:
    known, least = case.finding.confidence, case.rules.least_confidence
    if known is not None and known.rank <= least.rank:
        return None
    return {"known": known or "-", "least": least}


def _form(case: Case) -> Values | None:
    wrong = [grant for grant in case.grants if not _writable(grant)]
    return {"grants": ", ".join(map(str, wrong))} if wrong else None


def _writable(grant: Grant) -> bool:
    """Whether the grant says all that an entry of its list must say."""
    if grant.kind is GrantKind.AI_AGENT:
        return grant.value.startswith("arn:")
    if grant.kind is GrantKind.MCP:
        namespace, slash, tool = grant.value.partition("/")
        return bool(namespace and slash and tool)
    return True


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
}


def _facts(_: Case, profile: ProfileFacts) -> Values | None:
    read = (profile.type, profile.tags, profile.entries, profile.broken, profile.changes)
    return {} if any(fact is None for fact in read) else None


def _managed(_: Case, profile: ProfileFacts) -> Values | None:
    if profile.type in (None, CUSTOMER_MANAGED):
        return None
    return {"type": profile.type}


def _opted_in(case: Case, profile: ProfileFacts) -> Values | None:
    name, value = case.rules.tag_name, case.rules.tag_value
    return None if (profile.tags or {}).get(name) == value else {"name": name, "value": value}


def _owned(case: Case, profile: ProfileFacts) -> Values | None:
    owner = (profile.tags or {}).get(STACK_TAG, case.rules.stack)
    return None if owner == case.rules.stack else {"tag": STACK_TAG, "owner": clip(owner)}


def _attached(case: Case, profile: ProfileFacts) -> Values | None:
    without = [
        qualifier for qualifier in case.finding.qualifiers if qualifier not in profile.qualifiers
    ]
    return {"qualifiers": ", ".join(without)} if without else None


def _people_unknown(_: Case, profile: ProfileFacts) -> Values | None:
    return {} if profile.people is None else None


def _people(case: Case, profile: ProfileFacts) -> Values | None:
    people, most = profile.people or 0, case.rules.most_people
    return {"people": people, "most": most} if people > most else None


def _agents_unknown(case: Case, profile: ProfileFacts) -> Values | None:
    return None if case.situation.swept_lately and profile.agents is not None else {}


def _agents(case: Case, profile: ProfileFacts) -> Values | None:
    agents, most = profile.agents or 0, case.rules.most_agents
    return {"agents": agents, "most": most} if agents > most else None


def _profile_muted(case: Case, profile: ProfileFacts) -> Values | None:
    return {} if profile.id in (case.situation.muted or ()) else None


def _breaker(case: Case, profile: ProfileFacts) -> Values | None:
    broken = [grant for grant in case.grants if grant in (profile.broken or ())]
    return {"grants": ", ".join(map(str, broken))} if broken else None


def _cap(case: Case, profile: ProfileFacts) -> Values | None:
    kinds = {grant.kind for grant in case.grants}
    most = case.rules.changes_per_hour
    return {"most": most} if (profile.changes or 0) + len(kinds) > most else None


def _room(case: Case, profile: ProfileFacts) -> Values | None:
    full = full_lists(case.grants, profile.entries or {}, profile.namespaces)
    return {"full": ", ".join(full)} if full else None


PROFILE_GATES: Mapping[str, Gate] = {
    "facts": _facts,
    "managed": _managed,
    "opted-in": _opted_in,
    "owned": _owned,
    "attached": _attached,
    "people-unknown": _people_unknown,
    "people": _people,
    "agents-unknown": _agents_unknown,
    "agents": _agents,
    "profile-muted": _profile_muted,
    "breaker": _breaker,
    "cap": _cap,
    "room": _room,
}


def _association_off(case: Case, _: ProfileFacts) -> Values | None:
    return {} if case.rules.association is Mode.WARN else None


def _attached_before(_: Case, profile: ProfileFacts) -> Values | None:
    return {} if profile.attached_before else None


ASSOCIATION_GATES: Mapping[str, Gate] = {
    name: GATES[name]
    for name in ("mode", "state", "paused", "pause-unreadable", "mutes-unreadable", "muted")
}
"""Of the gates of a grant, those that attaching a profile must pass as well."""

PROFILE_ASSOCIATION_GATES: Mapping[str, Gate] = {
    name: PROFILE_GATES[name] for name in ("facts", "managed", "opted-in", "owned", "profile-muted")
} | {"association-off": _association_off, "attached-before": _attached_before}


def association_refusals(case: Case, profile: ProfileFacts) -> tuple[Refusal, ...]:
    """What stands in the way of attaching this profile."""
    about = _asked(PROFILE_ASSOCIATION_GATES, clip(profile.name), case, profile)
    return (*_asked(ASSOCIATION_GATES, None, case), *about)
