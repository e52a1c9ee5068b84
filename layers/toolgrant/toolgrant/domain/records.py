"""What toolgrant remembers between evaluations. Values only; `adapters/dynamodb` stores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from toolgrant.domain.model import Finding


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
class SweepProgress:
    """How far a sweep has come. `token` continues the list of the first of `assistants`.

    `seen` are the AI agents that the lists named; `skipped` of them had been evaluated since the
    sweep began. `finished_at` None: it goes on with the next run; `last_finished_at` is then when
    the sweep before it finished.
    """

    started_at: datetime
    assistants: tuple[str, ...] = ()
    token: str | None = None
    seen: frozenset[AgentKey] = frozenset()
    enqueued: int = 0
    skipped: int = 0
    finished_at: datetime | None = None
    last_finished_at: datetime | None = None

    @property
    def proven_at(self) -> datetime | None:
        """When a full sweep last finished."""
        return self.finished_at or self.last_finished_at
