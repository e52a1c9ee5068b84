"""What a fix is allowed by: the operator's rules, and what is known of profiles and of the moment.

Values only. Whatever could not be read is None, and what is None never allows a write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from toolgrant.domain.model import Confidence, Grant, GrantKind, Risk

SWEEP_IS_FRESH = timedelta(hours=24)
"""How long a finished sweep proves which AI agents share a profile."""

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
    not at all), `dedicated` whether an approved proposal may create a security profile."""

    mode: Mode = Mode.WARN
    tag_name: str = "toolgrant:auto-fix"
    tag_value: str = "true"
    least_confidence: Confidence = Confidence.OBSERVED
    automatic_risk: Risk = Risk.READ
    most_people: int = 0
    most_agents: int = 0
    changes_per_hour: int = 5
    stack: str = ""
    association: Mode = Mode.APPROVE
    dedicated: bool = False


@dataclass(frozen=True)
class ProfileFacts:
    """One security profile that is attached to an AI agent.

    `type` and `tags` are as DescribeSecurityProfile tells. `people` is how many users hold it,
    `agents` how many other AI agents. `entries` counts each list (an MCP application is one entry),
    `namespaces` the tools that each MCP namespace has in it. `qualifiers` are those of the AI agent
    that the profile is attached to. `broken` are grants whose breaker is open; `changes` counts our
    writes to it within the last hour.
    """

    id: str
    name: str
    type: str | None = None
    tags: Mapping[str, str] | None = None
    people: int | None = None
    agents: int | None = None
    entries: Mapping[GrantKind, int] | None = None
    namespaces: Mapping[str, int] = field(default_factory=dict)
    qualifiers: frozenset[str] = frozenset()
    broken: frozenset[Grant] | None = None
    changes: int | None = None
    attached_before: bool = False
    """Whether we attached it for this very finding before, and somebody detached it since."""


@dataclass(frozen=True)
class Situation:
    """What holds for all profiles at this moment.

    `paused` is the emergency stop, `muted` the ids of findings, AI agents and profiles that an
    operator muted, `swept_at` when the last full sweep finished, `approved` whether an operator
    approved this very fix.
    """

    now: datetime
    swept_at: datetime | None = None
    paused: bool | None = None
    muted: frozenset[str] | None = None
    approved: bool = False

    @property
    def swept_lately(self) -> bool:
        """Whether the count of AI agents on a profile can be trusted."""
        if self.swept_at is None:
            return False
        return timedelta() <= self.now - self.swept_at <= SWEEP_IS_FRESH
