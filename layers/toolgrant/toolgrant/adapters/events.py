"""A CloudTrail record, wrapped by EventBridge → what to look at again.

The record is a hint, never the truth: only ids, time and caller are taken from it. Connect writes
its request parameters in PascalCase, Q in Connect in camelCase, ids come as UUID, ARN or URL-encoded
ARN, and a masked value can stand where a map is expected: keys are read without regard to case
and every value by its type.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any
from urllib.parse import unquote

from toolgrant.domain.records import (
    Actor,
    AgentKey,
    AgentRequest,
    Cause,
    Edge,
    EdgeKind,
    FanOut,
    Request,
    Skip,
)
from toolgrant.domain.snapshot import as_map, split_qualifier
from toolgrant.errors import InvalidInput

DETAIL_TYPE = "AWS API Call via CloudTrail"
SOURCES = ("connect.amazonaws.com", "qconnect.amazonaws.com", "wisdom.amazonaws.com")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Names(Enum):
    """How a trigger's record says what it is about."""

    AGENT_REQUESTED = "requestParameters.aiAgentId"
    AGENT_CREATED = "responseElements.aiAgent"
    PROFILE = "requestParameters.SecurityProfileId"
    ENTITY = "requestParameters.EntityArn"


TRIGGERS: Mapping[str, Names] = {
    "CreateAIAgent": Names.AGENT_CREATED,
    "UpdateAIAgent": Names.AGENT_REQUESTED,
    "CreateAIAgentVersion": Names.AGENT_REQUESTED,
    "UpdateSecurityProfile": Names.PROFILE,
    "AssociateSecurityProfiles": Names.ENTITY,
    "DisassociateSecurityProfiles": Names.ENTITY,
}
"""eventName → how its record names what changed (docs/architecture.md, domain model of events)."""


@dataclass(frozen=True)
class _Record:
    """The parts of a CloudTrail record that are looked at. Keys are lower case."""

    cause: Cause
    request: Mapping[str, Any]
    response: Mapping[str, Any]
    error_code: str


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
        return Skip(f"the call failed ({record.error_code[:64]}) and changed nothing", record.cause)
    return _TARGETS[TRIGGERS[name]](record)


def _record(detail: Mapping[str, Any], event: Mapping[str, Any], name: str) -> _Record:
    cause = Cause(
        reason="event",
        event_id=_text(detail.get("eventID")) or _text(event.get("id")),
        event_name=name,
        event_time=_time(detail.get("eventTime") or event.get("time")),
        actor=actor_of(detail),
    )
    return _Record(
        cause,
        _lower(detail.get("requestParameters")),
        _lower(detail.get("responseElements")),
        _text(detail.get("errorCode")),
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


def _agent_requested(record: _Record) -> Request:
    return _agent(record, record.request.get("assistantid"), record.request.get("aiagentid"))


def _agent_created(record: _Record) -> Request:
    agent = _lower(record.response.get("aiagent"))
    created = agent.get("aiagentarn") or agent.get("aiagentid")
    return _agent(record, agent.get("assistantid") or record.request.get("assistantid"), created)


def _agent(record: _Record, assistant: object, agent: object) -> Request:
    """An AI agent by its ARN, or by its id and its assistant's id or ARN."""
    agent_text, assistant_text = _plain(agent), _plain(assistant)
    agent_id = _uuid(agent_text)
    from_arn = agent_text.split("/")[-2] if agent_text.count("/") >= 2 else ""
    assistant_id = _uuid(from_arn) or _uuid(assistant_text)
    if not agent_id or not assistant_id:
        return Skip("names no AI agent; the next sweep looks at all of them", record.cause)
    return AgentRequest(AgentKey(assistant_id, agent_id), record.cause)


def _profile(record: _Record) -> Request:
    profile_id = _uuid(_plain(record.request.get("securityprofileid")))
    if not profile_id:
        return Skip(
            "names no security profile; the next sweep looks at all AI agents", record.cause
        )
    return FanOut(Edge(EdgeKind.PROFILE, profile_id), record.cause)


def _entity(record: _Record) -> Request:
    if _text(record.request.get("entitytype")) == "USER":
        return Skip("concerns a user's security profiles, not an AI agent's", record.cause)
    return _agent(record, None, record.request.get("entityarn"))


_TARGETS = {
    Names.AGENT_REQUESTED: _agent_requested,
    Names.AGENT_CREATED: _agent_created,
    Names.PROFILE: _profile,
    Names.ENTITY: _entity,
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
