"""What a fix is allowed by: the operator's rules, and what is known of profiles and of the moment.

Values only. Whatever could not be read is None, and what is None never allows a write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from toolgrant.domain.fixing.history import Breaker, ProfileHistory
from toolgrant.domain.fixing.repair import Approval
from toolgrant.domain.model import Confidence, Finding, Grant, GrantKind, Risk
from toolgrant.domain.profile_lists import Entry, granted
from toolgrant.domain.records import AgentKey

_SWEEP_IS_FRESH = timedelta(hours=24)
"""How long a sweep proves, from its beginning, which AI agents share a profile."""

APPROVAL_LASTS = timedelta(days=7)
"""How long what was told may be approved, and an approval be carried out."""

MOST_UNASKED = 20
"""Most grants of one repair that need no approval."""

TAG_NAME = "toolgrant:auto-fix"
"""The opt-in tag. Its name is fixed because an IAM condition key cannot be a parameter."""

STACK_TAG = "toolgrant:stack"
"""Tag on a security profile that names the one stack that may write to it."""


class Mode(StrEnum):
    """What toolgrant may do about a missing grant, least first."""

    WARN = "warn"
    APPROVE = "approve"
    FIX = "fix"


@dataclass(frozen=True)
class FixRules:
    """The operator's settings. `automatic_risk` is the worst risk that needs no approval;
    `most_people` and `most_agents` are how many holders beside the AI agent a profile may have;
    `stack` is the id of this stack. `association` says how association gaps are dealt with (WARN:
    not at all), `dedicated` whether an approved proposal may create a security profile. `bound` is
    how old an answer of the service may be."""

    mode: Mode = Mode.WARN
    tag_value: str = "true"
    least_confidence: Confidence = Confidence.OBSERVED
    automatic_risk: Risk = Risk.READ
    most_people: int = 0
    most_agents: int = 0
    changes_per_hour: int = 5
    stack: str = ""
    association: Mode = Mode.APPROVE
    dedicated: bool = False
    bound: timedelta = timedelta(seconds=60)


@dataclass(frozen=True)
class ProfileFacts:
    """One security profile as it is now.

    `type` and `tags` are as DescribeSecurityProfile tells. `people` is how many users hold it,
    `others` which other AI agents. `lists` are the four lists; `stamp` is the newest
    LastModifiedTime that any of the answers had. `qualifiers` are those of the AI agent that the
    profile is attached to.
    """

    id: str
    name: str
    type: str | None = None
    tags: Mapping[str, str] | None = None
    people: int | None = None
    others: frozenset[AgentKey] | None = None
    lists: Mapping[GrantKind, tuple[Entry, ...]] | None = None
    stamp: datetime | None = None
    qualifiers: frozenset[str] = frozenset()
    history: ProfileHistory = field(default_factory=lambda: ProfileHistory(""))

    def held(self, kind: GrantKind) -> frozenset[Grant]:
        """The grants of one list."""
        return granted(kind, (self.lists or {}).get(kind, ()))


@dataclass(frozen=True)
class Need:
    """One open finding, and what each of its qualifiers lacks now; nothing for an association gap.

    `supplied` are grants that an open association gap would bring, `altered` whether a name or
    value had to be cleaned or clipped to be kept on record, `disputed` are grants that not every
    source asks for: not among what is lacking, because they are never written.
    """

    finding: Finding
    lacks: Mapping[str, frozenset[Grant]]
    supplied: frozenset[Grant] = frozenset()
    altered: bool = False
    disputed: frozenset[Grant] = frozenset()

    def on(self, qualifiers: frozenset[str]) -> tuple[Grant, ...]:
        """What is lacking on any of some qualifiers."""
        lacking = (grants for name, grants in self.lacks.items() if name in qualifiers)
        return tuple(sorted(frozenset().union(*lacking)))

    @property
    def grants(self) -> tuple[Grant, ...]:
        """What is lacking anywhere."""
        return self.on(frozenset(self.lacks))


@dataclass(frozen=True)
class Situation:
    """What holds for all profiles at this moment.

    `paused` is the emergency stop, `muted` the ids of findings, AI agents and profiles that an
    operator muted, `swept_at` when the newest sweep began of which every AI agent was evaluated,
    `approval` the operator's approval of the very repair that is asked about. `basis` stands for
    everything that a refusal of the service may have rested on beside the profile; None asks the
    service again whatever it said before.
    """

    now: datetime
    swept_at: datetime | None = None
    paused: bool | None = None
    muted: frozenset[str] | None = None
    breakers: frozenset[Breaker] = frozenset()
    approval: Approval | None = None
    basis: str | None = None

    @property
    def swept_lately(self) -> bool:
        """Whether the count of AI agents on a profile can be trusted."""
        if self.swept_at is None:
            return False
        return timedelta() <= self.now - self.swept_at <= _SWEEP_IS_FRESH

    def broken(self, subject: str, whats: frozenset[str]) -> list[str]:
        """What of `whats` is not to be given to an AI agent or profile."""
        return sorted(b.what for b in self.breakers if b.subject == subject and b.what in whats)
