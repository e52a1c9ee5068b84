"""An EventBridge event with a CloudTrail record → what to look at again.

The record is a hint, never the truth: only ids, time and caller are taken from it. The one
exception is a refused save, which becomes a notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from toolgrant.adapters.cloudtrail import (
    Record,
    lower_keys,
    map_or_empty,
    plain_id,
    read_record,
    text_or_empty,
    uuid_of,
)
from toolgrant.adapters.triggers import SAVES, TRIGGERS, Subject
from toolgrant.domain.causes import Cause
from toolgrant.domain.json_fields import as_map
from toolgrant.domain.model import GrantKind
from toolgrant.domain.profile_lists import PROFILE_LISTS
from toolgrant.domain.records import AgentKey, Edge, EdgeKind
from toolgrant.domain.refused_saves import refused_tool
from toolgrant.domain.requests import AgentRequest, FanOut, RefusedSave, Request, Skip, created_key
from toolgrant.domain.texts import clip
from toolgrant.errors import InvalidInput

DETAIL_TYPE = "AWS API Call via CloudTrail"
SOURCES = ("connect.amazonaws.com", "qconnect.amazonaws.com", "wisdom.amazonaws.com")
_ORCHESTRATION = "orchestrationAIAgentConfiguration"


def parse_event(event: Mapping[str, Any]) -> Request:
    """What an EventBridge event asks for. Raises InvalidInput naming the field."""
    if event.get("detail-type") != DETAIL_TYPE:
        return Skip(
            "not a CloudTrail event", Cause("event", event_id=clip(text_or_empty(event.get("id"))))
        )
    detail = as_map(event.get("detail"), "$.detail")
    name = _required(detail, "eventName")
    record = read_record(detail, event, name)
    if detail.get("eventSource") not in SOURCES:
        return Skip("another service's event", record.cause)
    if name not in TRIGGERS:
        return Skip("not a trigger", record.cause)
    if record.error_code:
        return _failed(record)
    return _target(TRIGGERS[name], record)


def _failed(record: Record) -> Request:
    """A failed call changed nothing; a refused save is worth a notice."""
    tool_id = refused_tool(record.error_message) if record.cause.event_name in SAVES else None
    assistant_id = uuid_of(plain_id(record.request.get("assistantid")))
    if not tool_id or not assistant_id:
        code = clip(record.error_code)[:64]
        return Skip(f"the call failed ({code}) and changed nothing", record.cause)
    name = clip(text_or_empty(record.request.get("name")))
    agent_id = uuid_of(plain_id(record.request.get("aiagentid")))
    key = AgentKey(assistant_id, agent_id) if agent_id else created_key(assistant_id, name)
    return RefusedSave(key, name, tool_id, _tool_name(record, tool_id), record.cause)


def _tool_name(record: Record, tool_id: str) -> str:
    """The name that the refused configuration gives the tool; empty where it is masked."""
    configuration = map_or_empty(
        map_or_empty(record.request.get("configuration")).get(_ORCHESTRATION)
    )
    tools = configuration.get("toolConfigurations")
    entries = [map_or_empty(tool) for tool in tools] if isinstance(tools, list) else []
    names = (
        text_or_empty(tool.get("toolName")) for tool in entries if tool.get("toolId") == tool_id
    )
    return next(names, "")


def _target(subject: Subject, record: Record) -> Request:
    if subject in (Subject.AGENT, Subject.AGENT_CREATED, Subject.ENTITY):
        return _agent_target(subject, record)
    edge_kind, target = _EDGES[subject](record)
    if not target:
        return _somewhere(record)
    named = _key(record.request.get("assistantid"), _configured_agent(record))
    return FanOut(
        Edge(edge_kind, target),
        record.cause,
        also=(named,) if named else (),
        instances_changed=subject is Subject.INSTANCE,
        replaced=_replaced(record) if subject is Subject.PROFILE else None,
    )


def _replaced(record: Record) -> tuple[GrantKind, ...] | None:
    """The lists of a security profile that the request sent; None where it sent none that shows:
    it may be masked."""
    sent = tuple(kind for kind, name in PROFILE_LISTS.items() if name.lower() in record.request)
    return sent or None


def _agent_target(subject: Subject, record: Record) -> Request:
    if subject is Subject.ENTITY:
        if text_or_empty(record.request.get("entitytype")) == "USER":
            return Skip("concerns a user's security profiles, not an AI agent's", record.cause)
        key = _key(None, record.request.get("entityarn"))
    elif subject is Subject.AGENT_CREATED:
        agent = lower_keys(record.response.get("aiagent"))
        assistant = agent.get("assistantid") or record.request.get("assistantid")
        key = _key(assistant, agent.get("aiagentarn") or agent.get("aiagentid"))
    else:
        key = _key(record.request.get("assistantid"), record.request.get("aiagentid"))
    if key is None:
        return _somewhere(record)
    saved_at = record.cause.event_time if record.cause.event_name in SAVES else None
    return AgentRequest(key, record.cause, saved_at=saved_at)


def _somewhere(record: Record) -> Request:
    """The record hides what it means: all AI agents of the assistant or instance are looked at."""
    for name, kind in (("assistantid", EdgeKind.ASSISTANT), ("instanceid", EdgeKind.INSTANCE)):
        target = uuid_of(plain_id(record.request.get(name)))
        if target:
            return FanOut(Edge(kind, target), record.cause)
    return Skip("names nothing to look at; the next sweep looks at everything", record.cause)


def _key(assistant: object, agent: object) -> AgentKey | None:
    """An AI agent by its ARN, or by its id and its assistant's id or ARN."""
    agent_text, assistant_text = plain_id(agent), plain_id(assistant)
    agent_id = uuid_of(agent_text)
    from_arn = agent_text.split("/")[-2] if agent_text.count("/") >= 2 else ""
    assistant_id = uuid_of(from_arn) or uuid_of(assistant_text)
    return AgentKey(assistant_id, agent_id) if agent_id and assistant_id else None


def _configured_agent(record: Record) -> object:
    """The AI agent that an assistant's configuration names from now on (UpdateAssistantAIAgent)."""
    return lower_keys(record.request.get("configuration")).get("aiagentid")


def _from(place: str, key: str, kind: EdgeKind) -> Callable[[Record], tuple[EdgeKind, str]]:
    def read(record: Record) -> tuple[EdgeKind, str]:
        return kind, uuid_of(plain_id(getattr(record, place).get(key)))

    return read


def _assistant_created(record: Record) -> tuple[EdgeKind, str]:
    created = lower_keys(record.response.get("assistant"))
    return EdgeKind.ASSISTANT, uuid_of(plain_id(created.get("assistantid")))


_EDGES: Mapping[Subject, Callable[[Record], tuple[EdgeKind, str]]] = {
    Subject.ASSISTANT: _from("request", "assistantid", EdgeKind.ASSISTANT),
    Subject.ASSISTANT_CREATED: _assistant_created,
    Subject.PROFILE: _from("request", "securityprofileid", EdgeKind.PROFILE),
    Subject.PROFILE_CREATED: _from("response", "securityprofileid", EdgeKind.PROFILE),
    Subject.FLOW_MODULE: _from("request", "contactflowmoduleid", EdgeKind.FLOW_MODULE),
    Subject.FLOW_MODULE_CREATED: _from("response", "id", EdgeKind.FLOW_MODULE),
    Subject.INSTANCE: _from("request", "instanceid", EdgeKind.INSTANCE),
}


def _required(detail: Mapping[str, Any], name: str) -> str:
    value = detail.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidInput(f"$.detail.{name}", "missing or not text")
    return value
