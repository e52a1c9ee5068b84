"""A CloudTrail record, wrapped by EventBridge → what to look at again.

The record is a hint, never the truth: only ids, time and caller are taken from it. Connect writes
its request parameters in PascalCase, Q in Connect in camelCase; ids come as UUID, ARN or URL-coded
ARN, and a masked value can stand where a map is expected: keys are read without regard to case
and every value by its type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import unquote

from toolgrant.domain.notices import refused_tool
from toolgrant.domain.records import (
    Actor,
    AgentKey,
    AgentRequest,
    Cause,
    Edge,
    EdgeKind,
    FanOut,
    RefusedSave,
    Request,
    Skip,
    created_key,
)
from toolgrant.domain.snapshot import as_map, split_qualifier
from toolgrant.errors import InvalidInput

DETAIL_TYPE = "AWS API Call via CloudTrail"
SOURCES = ("connect.amazonaws.com", "qconnect.amazonaws.com", "wisdom.amazonaws.com")
_ORCHESTRATION = "orchestrationAIAgentConfiguration"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Names(StrEnum):
    """Where a trigger's record says what it is about, and so what is looked at again."""

    AGENT = "requestParameters.aiAgentId"
    AGENT_CREATED = "responseElements.aiAgent"
    ASSISTANT = "requestParameters.assistantId"
    ASSISTANT_CREATED = "responseElements.assistant"
    PROFILE = "requestParameters.SecurityProfileId"
    PROFILE_CREATED = "responseElements.SecurityProfileId"
    ENTITY = "requestParameters.EntityArn"
    FLOW_MODULE = "requestParameters.ContactFlowModuleId"
    FLOW_MODULE_CREATED = "responseElements.Id"
    INSTANCE = "requestParameters.InstanceId"


TRIGGERS: Mapping[str, Names] = {
    "CreateAIAgent": Names.AGENT_CREATED,
    "UpdateAIAgent": Names.AGENT,
    "DeleteAIAgent": Names.AGENT,
    "CreateAIAgentVersion": Names.AGENT,
    "DeleteAIAgentVersion": Names.AGENT,
    "UpdateAssistantAIAgent": Names.ASSISTANT,
    "RemoveAssistantAIAgent": Names.ASSISTANT,
    "CreateAssistant": Names.ASSISTANT_CREATED,
    "DeleteAssistant": Names.ASSISTANT,
    "CreateAssistantAssociation": Names.ASSISTANT,
    "DeleteAssistantAssociation": Names.ASSISTANT,
    "CreateSecurityProfile": Names.PROFILE_CREATED,
    "UpdateSecurityProfile": Names.PROFILE,
    "DeleteSecurityProfile": Names.PROFILE,
    "AssociateSecurityProfiles": Names.ENTITY,
    "DisassociateSecurityProfiles": Names.ENTITY,
    "CreateContactFlowModule": Names.FLOW_MODULE_CREATED,
    "DeleteContactFlowModule": Names.FLOW_MODULE,
    "UpdateContactFlowModuleContent": Names.FLOW_MODULE,
    "UpdateContactFlowModuleMetadata": Names.FLOW_MODULE,
    "CreateContactFlowModuleVersion": Names.FLOW_MODULE,
    "DeleteContactFlowModuleVersion": Names.FLOW_MODULE,
    "CreateContactFlowModuleAlias": Names.FLOW_MODULE,
    "UpdateContactFlowModuleAlias": Names.FLOW_MODULE,
    "DeleteContactFlowModuleAlias": Names.FLOW_MODULE,
    "CreateIntegrationAssociation": Names.INSTANCE,
    "DeleteIntegrationAssociation": Names.INSTANCE,
}
"""Every eventName that can change what an AI agent may use, but for changes of people. The rule in
template.yaml lists the same names; a test compares them. Source: connect and qconnect models.
"""

SAVES = ("CreateAIAgent", "UpdateAIAgent", "CreateAIAgentVersion")


@dataclass(frozen=True)
class _Record:
    """The parts of a CloudTrail record that are looked at. Keys are lower case."""

    cause: Cause
    request: Mapping[str, Any]
    response: Mapping[str, Any]
    error_code: str
    error_message: str


def parse_event(event: Mapping[str, Any]) -> Request:
    """What an EventBridge event asks for. Raises InvalidInput naming the field."""
    if event.get("detail-type") != DETAIL_TYPE:
        return Skip("not a CloudTrail event", Cause("event", event_id=_text(event.get("id"))))
    detail = as_map(event.get("detail"), "$.detail")
    name = _required(detail, "eventName")
    record = _record(detail, event, name)
    if detail.get("eventSource") not in SOURCES:
        return Skip("another service's event", record.cause)
    if name not in TRIGGERS:
        return Skip("not a trigger", record.cause)
    if record.error_code:
        return _failed(record)
    return _target(TRIGGERS[name], record)


def _record(detail: Mapping[str, Any], event: Mapping[str, Any], name: str) -> _Record:
    cause = Cause(
        reason="event",
        event_id=_text(detail.get("eventID")) or _text(event.get("id")),
        event_name=name,
        event_time=_time(detail.get("eventTime") or event.get("time")),
        actor=actor_of(detail),
    )
    response = _lower(detail.get("responseElements"))
    return _Record(
        cause,
        _lower(detail.get("requestParameters")),
        response,
        _text(detail.get("errorCode")),
        _text(detail.get("errorMessage")) or _text(response.get("message")),
    )


def actor_of(detail: Mapping[str, Any]) -> Actor:
    """Who called, and by which way: admin website, CloudFormation, another AWS service or the API.

    In the admin website the session name of the service-linked role is the Connect user's id
    (observed, not documented).
    """
    identity = _map(detail.get("userIdentity"))
    arn = _text(identity.get("arn"))
    invoked_by = _text(identity.get("invokedBy"))
    if "AWSServiceRoleForAmazonConnect" in arn:
        return Actor("connect-user", arn.rsplit("/", 1)[-1], "admin website")
    via = _VIA.get(invoked_by, invoked_by or "API")
    kind = _text(identity.get("type")) or "unknown"
    name = "/".join(arn.split("/")[1:]) or _text(identity.get("userName")) or invoked_by
    return Actor(kind, name or kind, via)


_VIA = {
    "cloudformation.amazonaws.com": "CloudFormation",
    "synchronization.connect.amazonaws.com": "Global Resiliency copy",
}


def _failed(record: _Record) -> Request:
    """A failed call changed nothing; a refused save is worth a notice."""
    tool_id = refused_tool(record.error_message) if record.cause.event_name in SAVES else None
    assistant_id = _uuid(_plain(record.request.get("assistantid")))
    if not tool_id or not assistant_id:
        code = record.error_code[:64]
        return Skip(f"the call failed ({code}) and changed nothing", record.cause)
    name = _text(record.request.get("name"))
    agent_id = _uuid(_plain(record.request.get("aiagentid")))
    key = AgentKey(assistant_id, agent_id) if agent_id else created_key(assistant_id, name)
    return RefusedSave(key, name, tool_id, _tool_name(record, tool_id), record.cause)


def _tool_name(record: _Record, tool_id: str) -> str:
    """The name that the refused configuration gives the tool; empty where it is masked."""
    configuration = _map(_map(record.request.get("configuration")).get(_ORCHESTRATION))
    tools = configuration.get("toolConfigurations")
    entries = [_map(tool) for tool in tools] if isinstance(tools, list) else []
    names = (_text(tool.get("toolName")) for tool in entries if tool.get("toolId") == tool_id)
    return next(names, "")


def _target(names: Names, record: _Record) -> Request:
    if names in (Names.AGENT, Names.AGENT_CREATED, Names.ENTITY):
        return _agent_target(names, record)
    edge_kind, target = _EDGES[names](record)
    if not target:
        return Skip("names nothing to look at; the next sweep looks at everything", record.cause)
    named = _key(record.request.get("assistantid"), _configured_agent(record))
    return FanOut(
        Edge(edge_kind, target),
        record.cause,
        also=(named,) if named else (),
        instances_changed=names is Names.INSTANCE,
    )


def _agent_target(names: Names, record: _Record) -> Request:
    if names is Names.ENTITY:
        if _text(record.request.get("entitytype")) == "USER":
            return Skip("concerns a user's security profiles, not an AI agent's", record.cause)
        key = _key(None, record.request.get("entityarn"))
    elif names is Names.AGENT_CREATED:
        agent = _lower(record.response.get("aiagent"))
        assistant = agent.get("assistantid") or record.request.get("assistantid")
        key = _key(assistant, agent.get("aiagentarn") or agent.get("aiagentid"))
    else:
        key = _key(record.request.get("assistantid"), record.request.get("aiagentid"))
    if key is None:
        return Skip("names no AI agent; the next sweep looks at all of them", record.cause)
    saved_at = record.cause.event_time if record.cause.event_name in SAVES else None
    return AgentRequest(key, record.cause, saved_at=saved_at)


def _key(assistant: object, agent: object) -> AgentKey | None:
    """An AI agent by its ARN, or by its id and its assistant's id or ARN."""
    agent_text, assistant_text = _plain(agent), _plain(assistant)
    agent_id = _uuid(agent_text)
    from_arn = agent_text.split("/")[-2] if agent_text.count("/") >= 2 else ""
    assistant_id = _uuid(from_arn) or _uuid(assistant_text)
    return AgentKey(assistant_id, agent_id) if agent_id and assistant_id else None


def _configured_agent(record: _Record) -> object:
    """The AI agent that an assistant's configuration names from now on (UpdateAssistantAIAgent)."""
    return _lower(record.request.get("configuration")).get("aiagentid")


def _from(place: str, key: str, kind: EdgeKind) -> Callable[[_Record], tuple[EdgeKind, str]]:
    def read(record: _Record) -> tuple[EdgeKind, str]:
        return kind, _uuid(_plain(getattr(record, place).get(key)))

    return read


def _assistant_created(record: _Record) -> tuple[EdgeKind, str]:
    created = _lower(record.response.get("assistant"))
    return EdgeKind.ASSISTANT, _uuid(_plain(created.get("assistantid")))


_EDGES: Mapping[Names, Callable[[_Record], tuple[EdgeKind, str]]] = {
    Names.ASSISTANT: _from("request", "assistantid", EdgeKind.ASSISTANT),
    Names.ASSISTANT_CREATED: _assistant_created,
    Names.PROFILE: _from("request", "securityprofileid", EdgeKind.PROFILE),
    Names.PROFILE_CREATED: _from("response", "securityprofileid", EdgeKind.PROFILE),
    Names.FLOW_MODULE: _from("request", "contactflowmoduleid", EdgeKind.FLOW_MODULE),
    Names.FLOW_MODULE_CREATED: _from("response", "id", EdgeKind.FLOW_MODULE),
    Names.INSTANCE: _from("request", "instanceid", EdgeKind.INSTANCE),
}


def _plain(value: object) -> str:
    """An id or ARN, URL-decoded, without qualifier."""
    return split_qualifier(unquote(_text(value)).strip())[0]


def _uuid(text: str) -> str:
    """The UUID that an id is or that an ARN ends with, in lower case; empty if there is none."""
    last = text.rsplit("/", 1)[-1].lower()
    return last if _UUID.fullmatch(last) else ""


def _lower(value: object) -> Mapping[str, Any]:
    return {str(key).lower(): item for key, item in _map(value).items()}


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _required(detail: Mapping[str, Any], name: str) -> str:
    value = detail.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidInput(f"$.detail.{name}", "missing or not text")
    return value


def _time(value: object) -> datetime | None:
    """CloudTrail's `2026-11-23T10:00:00Z`; an unreadable time is as good as none."""
    try:
        time = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return time if time.tzinfo else None
