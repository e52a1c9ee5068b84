"""What toolgrant remembers between evaluations. Values only; `adapters/dynamodb` stores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from toolgrant.domain.model import Finding

MOST_NAMES = 50
"""How many names of what failed in a sweep are kept."""


class EdgeKind(StrEnum):
    """What an AI agent depends on, as far as events name it."""

    PROFILE = "profile"
    FLOW_MODULE = "flow-module"
    APPLICATION = "application"
    ASSISTANT = "assistant"
    INSTANCE = "instance"
    NOTICE_ONLY = "notice-only"
    ON_RECORD = "on-record"


@dataclass(frozen=True, order=True)
class Edge:
    """`target` (a profile id, module id, MCP namespace, …) is used by an AI agent."""

    kind: EdgeKind
    target: str


ANY = "*"
"""As the target of an edge: whatever an event may name."""

ON_RECORD = Edge(EdgeKind.ON_RECORD, "all")
"""Every AI agent that is judged has it, so that those whose instance and assistant are gone can
still be found."""


@dataclass(frozen=True, order=True)
class AgentKey:
    """Names one AI agent, all qualifiers of it."""

    assistant_id: str
    ai_agent_id: str


@dataclass(frozen=True)
class AgentRecord:
    """The state of one AI agent. `version` counts commits; 0 is a record never written.

    `started_at` is when the evaluation that wrote it began to look: newer wins. `saved_at` is the
    newest successful save that an event told of.
    """

    key: AgentKey
    version: int = 0
    started_at: datetime | None = None
    instance_id: str = ""
    name: str = ""
    arn: str = ""
    qualifiers: tuple[str, ...] = ()
    saved_at: datetime | None = None
    findings: Mapping[str, Finding] = field(default_factory=dict)
    edges: frozenset[Edge] = frozenset()


@dataclass(frozen=True)
class Failures:
    """What failed: the names of the first of them, and how many there were."""

    names: tuple[str, ...] = ()
    count: int = 0

    def plus(self, name: str) -> Failures:
        """With one more."""
        return Failures((*self.names, name)[:MOST_NAMES], self.count + 1)


@dataclass(frozen=True)
class Unproven:
    """A finished sweep. `waiting` are those of its AI agents that nobody has seen evaluated since
    it began."""

    started_at: datetime
    waiting: frozenset[AgentKey]


@dataclass(frozen=True)
class SweepProgress:
    """How far a sweep has come. `token` continues the list of the first of `assistants`.

    `seen` are the AI agents that the lists named; `skipped` of them had been evaluated since the
    sweep began, `waiting` of them are not known to be, `failed` could not be asked for.
    `finished_at` None: it goes on with the next run. `proven_at` is when the newest sweep began all
    of whose AI agents were evaluated since; `older` the sweep before this one, while it may become
    that.
    """

    started_at: datetime
    assistants: tuple[str, ...] = ()
    token: str | None = None
    seen: frozenset[AgentKey] = frozenset()
    enqueued: int = 0
    skipped: int = 0
    waiting: frozenset[AgentKey] = frozenset()
    failed: Failures = Failures()
    assistants_failed: Failures = Failures()
    finished_at: datetime | None = None
    proven_at: datetime | None = None
    older: Unproven | None = None

    @property
    def unproven(self) -> tuple[Unproven, ...]:
        """The finished sweeps that may still be proven, the newest first. One that missed a whole
        assistant never is: nobody knows which AI agents to wait for."""
        own = Unproven(self.started_at, self.waiting)
        may_be = (
            self.finished_at is not None
            and self.proven_at != self.started_at
            and not self.assistants_failed.count
        )
        return (*((own,) if may_be else ()), *((self.older,) if self.older else ()))

    @property
    def missed_too_much(self) -> bool:
        """Whether a whole assistant, or every AI agent, could not be asked for."""
        return bool(self.assistants_failed.count) or 0 < len(self.seen) <= self.failed.count
