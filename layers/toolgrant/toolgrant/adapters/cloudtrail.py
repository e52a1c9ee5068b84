"""A CloudTrail record, read without trust: keys in any case, every value by its type.

Connect writes request parameters in PascalCase, Q in Connect in camelCase; ids come as UUID, ARN
or URL-coded ARN; a masked value can stand where a map is expected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from toolgrant.domain.causes import Actor, Cause
from toolgrant.domain.json_fields import plausible
from toolgrant.domain.qualifiers import split_qualifier
from toolgrant.domain.texts import clip

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_STACK = re.compile(r"(?:^|\s)toolgrant/([\w-]{1,128})")
_VIA = {
    "cloudformation.amazonaws.com": "CloudFormation",
    "synchronization.connect.amazonaws.com": "Global Resiliency copy",
}


@dataclass(frozen=True)
class Record:
    """The parts of a CloudTrail record that are looked at. Keys are lower case."""

    cause: Cause
    request: Mapping[str, Any]
    response: Mapping[str, Any]
    error_code: str
    error_message: str

    def first(self, paths: Iterable[str]) -> object:
        """The first filled value at paths such as `requestParameters.aiAgentId`, whatever the case
        of the keys; None if there is none."""
        return next(filter(None, map(self._at, paths)), None)

    def _at(self, path: str) -> object:
        value: object = {"requestparameters": self.request, "responseelements": self.response}
        for name in path.lower().split("."):
            value = lower_keys(value).get(name)
        return value


def read_record(detail: Mapping[str, Any], event: Mapping[str, Any], name: str) -> Record:
    """The parts of `detail`, the record inside `event`; `name` is its eventName."""
    cause = Cause(
        reason="event",
        event_id=clip(text_or_empty(detail.get("eventID")) or text_or_empty(event.get("id"))),
        event_name=clip(name),
        event_time=time_or_none(detail.get("eventTime") or event.get("time")),
        actor=actor_of(detail),
    )
    response = lower_keys(detail.get("responseElements"))
    return Record(
        cause,
        lower_keys(detail.get("requestParameters")),
        response,
        text_or_empty(detail.get("errorCode")),
        "\n".join(_error_texts(detail, response)),
    )


def _error_texts(detail: Mapping[str, Any], response: Mapping[str, Any]) -> list[str]:
    """Every place where the text of a failed call was seen in public records."""
    problems = response.get("problems")
    entries = problems if isinstance(problems, list) else []
    texts = [
        detail.get("errorMessage"),
        response.get("message"),
        *(lower_keys(entry).get("message") for entry in entries),
    ]
    return [text for text in map(text_or_empty, texts) if text]


def actor_of(detail: Mapping[str, Any]) -> Actor:
    """Who called, and by which way: admin website, CloudFormation, another AWS service or the API.

    Free text is clipped: the actor goes into every message and alert that follows.

    In the admin website the session name of the service-linked role is the Connect user's id
    (observed, not documented).
    """
    identity = map_or_empty(detail.get("userIdentity"))
    arn = text_or_empty(identity.get("arn"))
    invoked_by = text_or_empty(identity.get("invokedBy"))
    if "AWSServiceRoleForAmazonConnect" in arn:
        return Actor("connect-user", clip(arn.rsplit("/", 1)[-1]), "admin website")
    via = _VIA.get(invoked_by, invoked_by or "API")
    kind = text_or_empty(identity.get("type")) or "unknown"
    name = "/".join(arn.split("/")[1:]) or text_or_empty(identity.get("userName")) or invoked_by
    issuer = map_or_empty(map_or_empty(identity.get("sessionContext")).get("sessionIssuer"))
    found = _STACK.search(text_or_empty(detail.get("userAgent")))
    return Actor(
        clip(kind),
        clip(name or kind),
        clip(via),
        role=clip(text_or_empty(issuer.get("arn"))),
        stack=clip(found[1]) if found else "",
    )


def plain_id(value: object) -> str:
    """An id or ARN, URL-decoded, without qualifier."""
    return split_qualifier(unquote(text_or_empty(value)).strip())[0]


def uuid_of(text: str) -> str:
    """The UUID that an id is or that an ARN ends with, in lower case; empty if there is none."""
    last = text.rsplit("/", 1)[-1].lower()
    return last if _UUID.fullmatch(last) else ""


def lower_keys(value: object) -> Mapping[str, Any]:
    """A map with its keys in lower case; empty where there is none."""
    return {str(key).lower(): item for key, item in map_or_empty(value).items()}


def map_or_empty(value: object) -> Mapping[str, Any]:
    """The map, or an empty one for anything else (a masked value is text)."""
    return value if isinstance(value, Mapping) else {}


def text_or_empty(value: object) -> str:
    """The text, or an empty one for anything else."""
    return value if isinstance(value, str) else ""


def time_or_none(value: object) -> datetime | None:
    """CloudTrail's `2026-11-23T10:00:00Z`; an unreadable time is as good as none."""
    try:
        time = datetime.fromisoformat(text_or_empty(value))
    except ValueError:
        return None
    return time if time.tzinfo and plausible(time) else None
