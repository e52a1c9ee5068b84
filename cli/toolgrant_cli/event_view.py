"""What toolgrant makes of a CloudTrail record or an EventBridge event, offline: read by the code
that the evaluate function uses.

A file may hold an EventBridge event, a bare record, a log file of CloudTrail (`Records`), an answer
of LookupEvents (`Events`), or a list of any of these.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from toolgrant.adapters.events import DETAIL_TYPE, matches, parse_event
from toolgrant.domain.alerts.alert import actor_json
from toolgrant.domain.catalog import Catalog
from toolgrant.domain.contact_flows import FlowKey
from toolgrant.domain.json_fields import Json, JsonObject, as_list, as_map, as_text, numbered
from toolgrant.domain.records import ON_RECORD, Edge
from toolgrant.domain.refused_saves import notice
from toolgrant.domain.requests import AgentRequest, FanOut, FlowRequest, RefusedSave, Request, Skip
from toolgrant.errors import InvalidInput
from toolgrant_cli.files import UnreadableFile, read_json

_WRAPPERS = ("Records", "Events")
_ALL = "names an AI agent or a security profile, but not in full: every AI agent on record"


def event_lines(path: str, catalog: Catalog) -> list[str]:
    """One JSON object, on one line, for each record of a file. Raises UnreadableFile."""
    data = read_json(path)
    try:
        views = [_view(event, catalog) for event in _events(data, "$")]
    except InvalidInput as error:
        raise UnreadableFile(f"{path}: {error}") from None
    except RecursionError:
        raise UnreadableFile(f"{path}: $: nested too deeply") from None
    return [json.dumps({"file": path, **view}, ensure_ascii=False) for view in views]


def _events(data: object, path: str) -> Iterator[Json]:
    """Every event in a file, each as EventBridge would deliver it."""
    if isinstance(data, list):
        for place, entry in numbered(data, path):
            yield from _events(entry, place)
        return
    root = as_map(data, path)
    wrapper = next((name for name in _WRAPPERS if name in root), None)
    if wrapper:
        yield from _events(as_list(root[wrapper], f"{path}.{wrapper}"), f"{path}.{wrapper}")
        return
    yield root if "detail-type" in root else _delivered(_record(root, path), path)


def _record(root: Json, path: str) -> Json:
    """A bare record; LookupEvents gives each as text."""
    if "CloudTrailEvent" not in root:
        return root
    place = f"{path}.CloudTrailEvent"
    try:
        return as_map(json.loads(as_text(root["CloudTrailEvent"], place)), place)
    except (json.JSONDecodeError, RecursionError):
        raise InvalidInput(place, "not JSON") from None


def _delivered(record: Json, path: str) -> Json:
    """A bare record in the envelope in which EventBridge delivers it."""
    if "eventName" not in record:
        raise InvalidInput(path, "neither a CloudTrail record nor an EventBridge event")
    service = str(record.get("eventSource")).removesuffix(".amazonaws.com")
    return {"detail-type": DETAIL_TYPE, "source": f"aws.{service}", "detail": record}


def _view(event: Json, catalog: Catalog) -> JsonObject:
    request = parse_event(event)
    return {
        "matches": matches(event),
        **_asked(request),
        "actor": actor_json(request.cause.actor),
        **_why(request, catalog),
    }


def _asked(request: Request) -> JsonObject:
    match request:
        case AgentRequest(key=key):
            return _outcome("look", [key.ai_agent_id], [])
        case FanOut(edge=edge, also=also):
            return _outcome("fan-out", [key.ai_agent_id for key in also], [_target(edge)])
        case FlowRequest(key=FlowKey(flow_id=flow_id), also=also):
            flows = [{"kind": "contact-flow", "id": flow_id}] if flow_id else []
            return _outcome("fan-out", [key.ai_agent_id for key in also], flows)
        case RefusedSave(key=key, tool_id=tool_id):
            agents = [] if request.cause.event_name == "CreateAIAgent" else [key.ai_agent_id]
            tools = [{"kind": "tool", "id": tool_id}] if tool_id else []
            return _outcome("notice", agents, tools)
    return _outcome("skip", [], [])


def _outcome(outcome: str, agents: list[str], targets: list[dict[str, str]]) -> JsonObject:
    return {"outcome": outcome, "aiAgents": agents, "targets": targets}


def _target(edge: Edge) -> dict[str, str]:
    return {"kind": str(edge.kind), "id": edge.target}


def _why(request: Request, catalog: Catalog) -> dict[str, str | None]:
    """Why, and for a refused save what to do."""
    match request:
        case RefusedSave():
            told = notice(request, catalog)
            remedy = told.console_path.en if told.console_path else None
            return {"reason": told.reason, "remedy": remedy}
        case Skip(reason=reason):
            return {"reason": reason, "remedy": None}
        case FanOut(edge=edge):
            reason = f"every AI agent that has this {edge.kind}"
            return {"reason": _ALL if edge == ON_RECORD else reason, "remedy": None}
        case FlowRequest(key=FlowKey(flow_id="")):
            return {"reason": "hides which contact flow: all of them are read", "remedy": None}
        case FlowRequest():
            return {"reason": "every AI agent that this contact flow names", "remedy": None}
    return {"reason": "names this AI agent", "remedy": None}
