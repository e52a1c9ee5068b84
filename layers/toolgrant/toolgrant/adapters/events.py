"""An EventBridge event with a CloudTrail record → what to look at again.

The record is a hint, never the truth: only ids, time and caller are taken from it. The one
exception is a refused save, which becomes a notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolgrant.adapters.cloudtrail import Record, read_record
from toolgrant.adapters.record_fields import map_or_empty, plain_id, text_or_empty, uuid_of
from toolgrant.adapters.triggers import (
    AGENT,
    AGENT_CONFIGURED,
    AGENT_CREATED,
    ASSISTANT,
    ENTITY,
    INSTANCE,
    PROFILE,
    SAVES,
    TRIGGERS,
    Subject,
)
from toolgrant.domain.causes import Cause
from toolgrant.domain.contact_flows import FlowKey
from toolgrant.domain.json_fields import as_list, as_map
from toolgrant.domain.model import Grant, GrantKind
from toolgrant.domain.profile_lists import PROFILE_LISTS, parse_grants
from toolgrant.domain.records import ON_RECORD, AgentKey, Edge, EdgeKind
from toolgrant.domain.refused_saves import refused_tool
from toolgrant.domain.requests import (
    AgentRequest,
    FanOut,
    FlowRequest,
    RefusedSave,
    Request,
    Skip,
    created_key,
)
from toolgrant.domain.texts import clip
from toolgrant.errors import InvalidInput

DETAIL_TYPE = "AWS API Call via CloudTrail"
SOURCES = ("connect.amazonaws.com", "qconnect.amazonaws.com", "wisdom.amazonaws.com")
EVENT_SOURCES = ("aws.connect", "aws.qconnect", "aws.wisdom")
_ORCHESTRATION = "orchestrationAIAgentConfiguration"
_WIDE = (EdgeKind.ASSISTANT, EdgeKind.INSTANCE, EdgeKind.PROFILE)
"""Whose AI agents are looked at where a record hides which one it is about; of these the first that
it names."""


def matches(event: Mapping[str, Any]) -> bool:
    """Whether the rule lets an event in. A test compares this with the pattern in template.yaml."""
    detail = map_or_empty(event.get("detail"))
    return (
        event.get("detail-type") == DETAIL_TYPE
        and event.get("source") in EVENT_SOURCES
        and detail.get("eventSource") in SOURCES
        and detail.get("eventName") in tuple(TRIGGERS)
    )


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
    agent = _agent_key(AGENT, record)
    assistant_id = agent.assistant_id if agent else _uuid(ASSISTANT, record)
    if tool_id is None or not assistant_id:
        code = clip(record.error_code)[:64]
        return Skip(f"the call failed ({code}) and changed nothing", record.cause)
    name = clip(text_or_empty(record.request.get("name")))
    key = agent or created_key(assistant_id, name)
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
    if subject.flow:
        return FlowRequest(_flow_key(subject, record), record.cause, record.anywhere.agents)
    if subject.edge is None:
        return _agent_target(subject, record)
    target = _uuid(subject, record)
    if not target:
        return _somewhere(record)
    named = _agent_at(AGENT_CONFIGURED, record)
    return FanOut(
        Edge(subject.edge, target),
        record.cause,
        also=(named,) if named else (),
        instances_changed=subject is INSTANCE,
        replaced=_replaced(record) if subject is PROFILE else None,
    )


def _replaced(record: Record) -> dict[GrantKind, frozenset[Grant] | None] | None:
    """The lists of a security profile that the request sent, with their grants; None where none is
    visible, as in a masked request."""
    sent = {
        kind: _grants(kind, record.request[name.lower()])
        for kind, name in PROFILE_LISTS.items()
        if name.lower() in record.request
    }
    return sent or None


def _grants(kind: GrantKind, entries: object) -> frozenset[Grant] | None:
    """The grants of a list; None where they cannot be read, as of a masked one, or where an entry
    is of another kind: such a list may be another one than its grants say."""
    try:
        grants = [parse_grants(kind, [entry], "$") for entry in as_list(entries, "$")]
    except InvalidInput:
        return None
    return frozenset().union(*grants) if all(grants) else None


def _agent_target(subject: Subject, record: Record) -> Request:
    if subject is ENTITY and record.request.get("entitytype") == "USER":
        return _somewhere(record, (EdgeKind.PROFILE,))
    key = _agent_key(subject, record)
    if key is None:
        return _somewhere(record)
    saved_at = record.cause.event_time if record.cause.event_name in SAVES else None
    return AgentRequest(key, record.cause, saved_at=saved_at)


def _somewhere(record: Record, wide: tuple[EdgeKind, ...] = _WIDE) -> Request:
    """Where the id itself is missing or masked: the AI agents that the record names in any place,
    and all of the assistant or instance; at last all that are on record."""
    named = record.anywhere
    edge = next((Edge(kind, named.edges[kind]) for kind in wide if named.edges[kind]), None)
    if edge or named.agents or named.stray:
        return FanOut(edge or ON_RECORD, record.cause, also=named.agents)
    return Skip("names nothing to look at; the next sweep looks at everything", record.cause)


def _uuid(subject: Subject, record: Record) -> str:
    """The id of what an event is about: where its record says so, else among the resources, else
    wherever one of that kind is named."""
    own = uuid_of(plain_id(record.first(subject.paths)))
    kind = subject.edge or EdgeKind.ON_RECORD
    return own or record.resources.edges.get(kind, "") or record.anywhere.edges.get(kind, "")


def _flow_key(subject: Subject, record: Record) -> FlowKey:
    """The contact flow; without its id where that, or the instance, is missing or masked."""
    instance_id = _uuid(INSTANCE, record)
    return FlowKey(instance_id, _uuid(subject, record) if instance_id else "")


def _agent_key(subject: Subject, record: Record) -> AgentKey | None:
    """The AI agent that an event is about: in the request, the answer, or among the resources."""
    own = _agent_at(subject, record) or _agent_at(AGENT_CREATED, record)
    return own or next(iter(record.resources.agents), None)


def _agent_at(subject: Subject, record: Record) -> AgentKey | None:
    """An AI agent by its ARN, or by its id and its assistant's id or ARN."""
    agent_text = plain_id(record.first(subject.paths))
    agent_id = uuid_of(agent_text)
    from_arn = agent_text.split("/")[-2] if agent_text.count("/") >= 2 else ""
    assistant_id = uuid_of(from_arn) or uuid_of(plain_id(record.first(subject.assistant)))
    return AgentKey(assistant_id, agent_id) if agent_id and assistant_id else None


def _required(detail: Mapping[str, Any], name: str) -> str:
    value = detail.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidInput(f"$.detail.{name}", "missing or not text")
    return value
