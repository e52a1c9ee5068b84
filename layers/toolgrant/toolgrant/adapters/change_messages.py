"""Messages of the change queue: an EventBridge event or a request of our own.

`parse_message` reads both; `to_message` writes ours (schema `toolgrant/request/2` for an AI agent,
`toolgrant/flow/1` for a contact flow).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from toolgrant.adapters.dataclass_json import from_json, to_json
from toolgrant.adapters.events import parse_event
from toolgrant.domain.json_fields import as_map
from toolgrant.domain.requests import AgentRequest, FlowRequest, Request
from toolgrant.errors import InvalidInput

SCHEMA = "toolgrant/request/2"
FLOW_SCHEMA = "toolgrant/flow/1"
_Own = TypeVar("_Own", AgentRequest, FlowRequest)
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
        return from_message(root)
    if "detail-type" in root:
        return parse_event(root)
    raise InvalidInput("$", "neither an EventBridge event nor a request of toolgrant")


def to_message(request: AgentRequest | FlowRequest) -> str:
    """The stored form. What the sweep observed is left out when it would not fit a message."""
    if isinstance(request, FlowRequest):
        return json.dumps({"schema": FLOW_SCHEMA, **to_json(request)})
    body = json.dumps({"schema": SCHEMA, **to_json(request)})
    if len(body) <= MOST_BYTES:
        return body
    return json.dumps({"schema": SCHEMA, **to_json(replace(request, observed=None))})


def from_message(root: Mapping[str, Any]) -> AgentRequest | FlowRequest:
    """The reverse of `to_message`. Raises InvalidInput."""
    if root.get("schema") not in (SCHEMA, FLOW_SCHEMA):
        raise InvalidInput("$.schema", f"expected {SCHEMA} or {FLOW_SCHEMA}")
    if root["schema"] == FLOW_SCHEMA:
        return _counted(from_json(FlowRequest, root))
    return _counted(_checked(from_json(AgentRequest, root)))


def _counted(request: _Own) -> _Own:
    if request.attempt < 0:
        raise InvalidInput("$.attempt", "expected 0 or more")
    return request


def _checked(request: AgentRequest) -> AgentRequest:
    if not request.key.assistant_id or not request.key.ai_agent_id:
        raise InvalidInput("$.key", "expected the ids of an assistant and an AI agent")
    return request
