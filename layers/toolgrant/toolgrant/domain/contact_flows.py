"""What a published contact flow names: versions of AI agents, read off its content.

Pure and tolerant: what cannot be read is a note, never an error. Where a flow names an AI agent was
observed in public projects (docs/decisions/0038); an id or ARN without qualifier means `$LATEST`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from toolgrant.domain.json_fields import Json
from toolgrant.domain.model import LATEST
from toolgrant.domain.records import AgentKey
from toolgrant.domain.texts import clip

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_NAMED = re.compile(
    rf"(?:arn:[\w-]+:wisdom:[\w-]*:\d*:ai-agent/(?P<assistant>{_UUID})/)?(?P<agent>{_UUID})"
    r"(?::(?P<qualifier>\$LATEST|\$SAVED|[1-9]\d{0,9}))?",
    re.ASCII | re.IGNORECASE,
)
_DYNAMIC = "$."
MOST_NAMED = 500
"""Versions that are kept of one flow: far more than a flow names, and they fit one item."""

MOST_VERSIONS = 20
"""Of these, versions of one AI agent: each costs its evaluation two calls, be it there or not."""
_LEX_KEYS = ("x-amz-lex:q-in-connect:ai-agent-arn", "x-amz-lex:q-in-connect:ai-agent-id")


@dataclass(frozen=True, order=True)
class FlowKey:
    """Names one contact flow. `flow_id` is empty where an event does not tell which one it was."""

    instance_id: str
    flow_id: str


@dataclass(frozen=True, order=True)
class NamedAgent:
    """A version of an AI agent. `assistant_id` is empty where a flow names the mere id."""

    assistant_id: str
    ai_agent_id: str
    qualifier: str

    def may_be(self, key: AgentKey) -> bool:
        """Whether it is a version of this AI agent, as far as the flow says."""
        return self.ai_agent_id == key.ai_agent_id and self.assistant_id in ("", key.assistant_id)


@dataclass(frozen=True)
class FlowContent:
    """A published contact flow as it was read; `content` is JSON text."""

    name: str
    content: str


@dataclass(frozen=True)
class NamingFlow:
    """What one contact flow names since it was read last; nothing of a flow that is gone."""

    key: FlowKey
    read_at: datetime
    name: str = ""
    agents: frozenset[NamedAgent] = frozenset()


@dataclass(frozen=True)
class Reading:
    """What was found in a flow's content, and notes on what could not be made out."""

    agents: frozenset[NamedAgent] = frozenset()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class FlowProgress:
    """How far the reading of all contact flows came.

    `instances` are still to be read, the first of them now; `flows` are those of it that are left,
    None before they are listed. `unseen` are flows on record that no list has named yet.
    `finished_at` None: it goes on with the next run.
    """

    started_at: datetime
    instances: tuple[str, ...] = ()
    flows: tuple[str, ...] | None = None
    unseen: frozenset[FlowKey] = field(default_factory=frozenset)
    read: int = 0
    failed: int = 0
    finished_at: datetime | None = None


def read_content(content: str) -> Reading | None:
    """The versions of AI agents that a flow names; None for content that cannot be read at all."""
    try:
        flow = json.loads(content)
    except (ValueError, RecursionError):
        return None
    agents, notes = set(), []
    for value in _values(_map(flow)):
        named = _NAMED.fullmatch(value.strip())
        if named:
            assistant, agent = (named[part] or "" for part in ("assistant", "agent"))
            qualifier = (named["qualifier"] or LATEST).upper()
            agents.add(NamedAgent(assistant.lower(), agent.lower(), qualifier))
        elif value.strip():
            notes.append(_note(value))
    kept = _kept(agents)
    if len(kept) < len(agents):
        left_out = len(agents) - len(kept)
        notes.append(f"names {left_out} more versions of AI agents than are kept")
    return Reading(kept, tuple(dict.fromkeys(notes)))


def _kept(agents: Iterable[NamedAgent]) -> frozenset[NamedAgent]:
    """Of each AI agent its named versions and the lower numbers, which more likely exist."""
    by_agent: dict[tuple[str, str], list[NamedAgent]] = {}
    for named in sorted(agents, key=_rank):
        by_agent.setdefault((named.assistant_id, named.ai_agent_id), []).append(named)
    kept = [named for versions in by_agent.values() for named in versions[:MOST_VERSIONS]]
    return frozenset(kept[:MOST_NAMED])


def _rank(named: NamedAgent) -> tuple[bool, int, NamedAgent]:
    return not named.qualifier.startswith("$"), len(named.qualifier), named


def flows_naming(key: AgentKey, flows: Iterable[NamingFlow]) -> dict[str, tuple[str, ...]]:
    """Qualifier of an AI agent → the names of the flows that name it."""
    named: dict[str, list[str]] = {}
    for flow in sorted(flows, key=lambda flow: (flow.name, flow.key)):
        for agent in sorted(flow.agents):
            if agent.may_be(key):
                named.setdefault(agent.qualifier, []).append(flow.name or flow.key.flow_id)
    return {qualifier: tuple(dict.fromkeys(names)) for qualifier, names in named.items()}


def _note(value: str) -> str:
    if _DYNAMIC in value:
        return f"names an AI agent that only a contact decides: {clip(value)}"
    return f"names what is no version of an AI agent: {clip(value)}"


def _values(flow: Json) -> Iterator[str]:
    """Every text at a place where a flow names an AI agent."""
    for value in _places(flow):
        if isinstance(value, str):
            yield value


def _places(flow: Json) -> Iterator[object]:
    actions = flow.get("Actions")
    for action in actions if isinstance(actions, list) else ():
        yield from _of_action(_map(action))
    for action in _map(_map(flow.get("Metadata")).get("ActionMetadata")).values():
        parameters = _map(_map(action).get("parameters"))
        for part in (action, parameters.get("WisdomAssistantArn")):
            yield _map(part).get("aiAgentVersionArn")


def _of_action(action: Json) -> Iterator[object]:
    parameters = _map(action.get("Parameters"))
    if action.get("Type") == "ConnectParticipantWithLexBot":
        attributes = _map(parameters.get("LexSessionAttributes"))
        yield from (attributes.get(key) for key in _LEX_KEYS)
    if action.get("Type") == "CreateWisdomSession":
        yield from _map(parameters.get("OrchestrationAIAgentConfiguration")).values()


def _map(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}
