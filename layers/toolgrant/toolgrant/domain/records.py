"""What toolgrant remembers of one AI agent between evaluations, and what it was asked to look at.

Values only; `adapters/store_dynamodb.py` and `adapters/requests.py` give them their stored form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from toolgrant.domain.model import Finding, QualifiedAgent


class EdgeKind(StrEnum):
    """What an AI agent depends on, as far as events name it."""

    PROFILE = "profile"
    FLOW_MODULE = "flow-module"
    APPLICATION = "application"
    ASSISTANT = "assistant"
    INSTANCE = "instance"


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

    `started_at` is when the evaluation that wrote it began to look: newer wins.
    """

    key: AgentKey
    version: int = 0
    started_at: datetime | None = None
    instance_id: str = ""
    name: str = ""
    arn: str = ""
    qualifiers: tuple[str, ...] = ()
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
    """Look at this AI agent again. `attempt` counts re-sends after throttling."""

    key: AgentKey
    cause: Cause
    instance_id: str = ""
    observed: Observed | None = None
    attempt: int = 0


@dataclass(frozen=True)
class FanOut:
    """Look again at every AI agent that has this edge."""

    edge: Edge
    cause: Cause


@dataclass(frozen=True)
class Skip:
    """Nothing to do, and why."""

    reason: str
    cause: Cause


Request = AgentRequest | FanOut | Skip
