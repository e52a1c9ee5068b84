"""What toolgrant remembers of one AI agent between evaluations, and what it was asked to look at.

Values only; `adapters/dynamodb` and `adapters/change_messages.py` give them their stored form.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from toolgrant.domain.model import Finding, GrantKind, QualifiedAgent, clip


class EdgeKind(StrEnum):
    """What an AI agent depends on, as far as events name it."""

    PROFILE = "profile"
    FLOW_MODULE = "flow-module"
    APPLICATION = "application"
    ASSISTANT = "assistant"
    INSTANCE = "instance"
    NOTICE_ONLY = "notice-only"


@dataclass(frozen=True, order=True)
class Edge:
    """`target` (a profile id, module id, MCP namespace, …) is used by an AI agent."""

    kind: EdgeKind
    target: str


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
class Actor:
    """Who caused an event, as CloudTrail tells. `via` says by which way (website, API, …)."""

    type: str
    name: str
    via: str


@dataclass(frozen=True)
class Cause:
    """Why to look: the event's id, name, time and actor, or only a word for our own reasons."""

    reason: str
    event_id: str = ""
    event_name: str = ""
    event_time: datetime | None = None
    actor: Actor | None = None


@dataclass(frozen=True)
class Observed:
    """What the sweep read while listing, so that evaluating needs no GetAIAgent.

    `live` are the qualifiers that the assistant's configuration names; `at` is when it was read.
    """

    at: datetime
    agents: tuple[QualifiedAgent, ...]
    live: frozenset[str] = frozenset()


@dataclass(frozen=True)
class AgentRequest:
    """Look at this AI agent again. `attempt` counts re-sends after throttling.

    `saved_at` is set where an event says that the AI agent was saved.
    """

    key: AgentKey
    cause: Cause
    instance_id: str = ""
    observed: Observed | None = None
    attempt: int = 0
    saved_at: datetime | None = None


@dataclass(frozen=True)
class FanOut:
    """Look again at every AI agent that has this edge, and at `also`.

    `instances_changed`: the map from assistants to instances must be read again first. `replaced`:
    the lists that an UpdateSecurityProfile sent; None where the record does not say.
    """

    edge: Edge
    cause: Cause
    also: tuple[AgentKey, ...] = ()
    instances_changed: bool = False
    replaced: tuple[GrantKind, ...] | None = None


@dataclass(frozen=True)
class RefusedSave:
    """A save of an AI agent that the service refused because of one tool.

    A refused CreateAIAgent made no AI agent: its `key` is made from the name (`created_key`).
    """

    key: AgentKey
    agent_name: str
    tool_id: str
    tool_name: str
    cause: Cause


@dataclass(frozen=True)
class Skip:
    """Nothing to do, and why."""

    reason: str
    cause: Cause


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


Request = AgentRequest | FanOut | RefusedSave | Skip


def plausible(time: datetime) -> bool:
    """Whether a time from outside can be reckoned with: the ends of the calendar overflow."""
    return 2000 <= time.year < 3000


def created_key(assistant_id: str, agent_name: str) -> AgentKey:
    """Stands for an AI agent whose creation was refused; never the key of a real one."""
    digest = hashlib.sha256(clip(agent_name).encode()).hexdigest()[:12]
    return AgentKey(assistant_id, f"create-{digest}")
