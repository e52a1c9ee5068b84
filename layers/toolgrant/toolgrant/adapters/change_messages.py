"""Messages of the change queue: an EventBridge event or a request of our own.

`parse_message` reads both; `to_json` writes ours (schema `toolgrant/request/1`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from toolgrant.adapters.events import parse_event
from toolgrant.domain.causes import Actor, Cause
from toolgrant.domain.json_fields import as_list, as_map, as_text, numbered, parse_time
from toolgrant.domain.model import QualifiedAgent, Tool
from toolgrant.domain.records import AgentKey
from toolgrant.domain.requests import AgentRequest, Observed, Request
from toolgrant.errors import InvalidInput

SCHEMA = "toolgrant/request/1"
MOST_BYTES = 240_000
"""The size of a message that leaves room for attributes in what SQS takes."""


def parse_message(body: str) -> Request:
    """What a queue message asks for. Raises InvalidInput."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidInput("$", "not JSON") from None
    root = as_map(data, "$")
    if "schema" in root:
        return from_json(root)
    if "detail-type" in root:
        return parse_event(root)
    raise InvalidInput("$", "neither an EventBridge event nor a request of toolgrant")


def to_json(request: AgentRequest) -> str:
    """The stored form. What the sweep observed is left out when it would not fit a message."""
    data = {
        "schema": SCHEMA,
        "assistantId": request.key.assistant_id,
        "aiAgentId": request.key.ai_agent_id,
        "instanceId": request.instance_id,
        "attempt": request.attempt,
        "savedAt": request.saved_at.isoformat() if request.saved_at else None,
        "cause": _cause_to_json(request.cause),
    }
    body = json.dumps({**data, "observed": _observed_to_json(request.observed)})
    return body if len(body) <= MOST_BYTES else json.dumps(data)


def from_json(root: Mapping[str, Any]) -> AgentRequest:
    """The reverse of `to_json`. Raises InvalidInput."""
    if root.get("schema") != SCHEMA:
        raise InvalidInput("$.schema", f"expected {SCHEMA}")
    key = AgentKey(_required(root, "assistantId"), _required(root, "aiAgentId"))
    attempt = root.get("attempt", 0)
    if type(attempt) is not int or attempt < 0:
        raise InvalidInput("$.attempt", "expected a number, 0 or more")
    return AgentRequest(
        key=key,
        cause=_cause_from_json(as_map(root.get("cause"), "$.cause")),
        instance_id=as_text(root.get("instanceId"), "$.instanceId"),
        observed=_observed_from_json(root.get("observed"), key),
        attempt=attempt,
        saved_at=parse_time(root.get("savedAt"), "$.savedAt"),
    )


def _required(root: Mapping[str, Any], name: str) -> str:
    value = as_text(root.get(name), f"$.{name}")
    if not value:
        raise InvalidInput(f"$.{name}", "missing")
    return value


def _cause_to_json(cause: Cause) -> dict[str, Any]:
    actor = cause.actor
    return {
        "reason": cause.reason,
        "eventId": cause.event_id,
        "eventName": cause.event_name,
        "eventTime": cause.event_time.isoformat() if cause.event_time else None,
        "actor": {"type": actor.type, "name": actor.name, "via": actor.via} if actor else None,
    }


def _cause_from_json(data: Mapping[str, Any]) -> Cause:
    path = "$.cause"
    actor = as_map(data["actor"], f"{path}.actor") if data.get("actor") else None
    return Cause(
        reason=as_text(data.get("reason"), f"{path}.reason"),
        event_id=as_text(data.get("eventId"), f"{path}.eventId"),
        event_name=as_text(data.get("eventName"), f"{path}.eventName"),
        event_time=parse_time(data.get("eventTime"), f"{path}.eventTime"),
        actor=Actor(
            *(as_text(actor.get(name), f"{path}.actor.{name}") for name in ("type", "name", "via"))
        )
        if actor
        else None,
    )


def _observed_to_json(observed: Observed | None) -> dict[str, Any] | None:
    if observed is None:
        return None
    return {
        "at": observed.at.isoformat(),
        "live": sorted(observed.live),
        "agents": [_agent_to_json(agent) for agent in observed.agents],
    }


def _agent_to_json(agent: QualifiedAgent) -> dict[str, Any]:
    return {
        "qualifier": agent.qualifier,
        "arn": agent.arn,
        "name": agent.name,
        "type": agent.type,
        "origin": agent.origin,
        "instanceArn": agent.instance_arn,
        "tools": [[tool.name, tool.type, tool.id, sorted(tool.overrides)] for tool in agent.tools],
    }


def _observed_from_json(value: object, key: AgentKey) -> Observed | None:
    if value is None:
        return None
    data = as_map(value, "$.observed")
    at = parse_time(data.get("at"), "$.observed.at")
    entries = numbered(as_list(data.get("agents"), "$.observed.agents"), "$.observed.agents")
    agents = tuple(_agent_from_json(as_map(entry, path), path, key) for path, entry in entries)
    if at is None or not agents:
        raise InvalidInput("$.observed", "expected a time and at least the draft")
    live = as_list(data.get("live"), "$.observed.live")
    return Observed(
        at, agents, frozenset(as_text(qualifier, "$.observed.live") for qualifier in live)
    )


def _agent_from_json(data: Mapping[str, Any], path: str, key: AgentKey) -> QualifiedAgent:
    qualifier, arn, name, kind, origin, instance_arn = (
        as_text(data.get(field), f"{path}.{field}")
        for field in ("qualifier", "arn", "name", "type", "origin", "instanceArn")
    )
    tools = numbered(as_list(data.get("tools"), f"{path}.tools"), f"{path}.tools")
    return QualifiedAgent(
        assistant_id=key.assistant_id,
        ai_agent_id=key.ai_agent_id,
        qualifier=qualifier,
        arn=arn,
        name=name,
        type=kind,
        tools=tuple(_tool_from_json(entry, at) for at, entry in tools),
        instance_arn=instance_arn or None,
        origin=origin,
    )


def _tool_from_json(value: object, path: str) -> Tool:
    parts = as_list(value, path)
    if len(parts) != 4:
        raise InvalidInput(path, "expected name, type, id and overrides")
    name, kind, tool_id, overrides = parts
    return Tool(
        as_text(name, path),
        as_text(kind, path),
        as_text(tool_id, path) or None,
        frozenset(as_text(override, path) for override in as_list(overrides, path)),
    )
