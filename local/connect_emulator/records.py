"""CloudTrail records of mutating calls, and the journal that keeps and delivers them.

The frame follows public records of both services. [inferred]: what the model marks sensitive shows
as ``HIDDEN_DUE_TO_SECURITY_REASONS`` (public records only prove ``***`` for module content; that
the content of a contact flow shows the same is by analogy), and times inside responseElements are
ISO 8601.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from botocore.model import Shape

from connect_emulator.errors import ServiceError
from connect_emulator.identity import Caller
from connect_emulator.model import Service, members, rebuild, sensitive
from connect_emulator.wire import iso8601

Record = dict[str, Any]
Listener = Callable[[Record], None]

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
# By its prefix in ARNs and IAM [inferred]; that of the others is their name in botocore.
_SOURCES = {"appintegrations": "app-integrations"}
_STARRED_SHAPES = ("ContactFlowModuleContent", "ContactFlowContent")
# CloudTrail shortens this one; and a call turned away at the door shows no parameters.
_ERROR_CODES = {"AccessDeniedException": "AccessDenied"}
_NO_PARAMETERS = {"AccessDenied", "ThrottlingException", "TooManyRequestsException"}

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Happening:
    """One answered call, as far as a record tells of it."""

    service: Service
    operation: str
    raw_uri: Mapping[str, str]
    params: Mapping[str, Any] | None
    caller: Caller
    request_id: str


def build_record(
    happening: Happening,
    frame: Mapping[str, Any],
    output: Any = None,
    error: ServiceError | None = None,
) -> Record:
    """The record of a call; ``frame`` holds time, event id, region and account."""
    name = happening.service.name
    model = happening.service.operation(happening.operation)
    failure = _failure(error) if error else {}
    blind = failure.get("errorCode") in _NO_PARAMETERS
    return {
        "eventVersion": "1.09",
        "userIdentity": happening.caller.identity,
        "eventSource": f"{_SOURCES.get(name, name)}.amazonaws.com",
        "eventName": happening.operation,
        "sourceIPAddress": happening.caller.source_ip,
        "userAgent": happening.caller.user_agent,
        **failure,
        "requestParameters": None if blind else _request_parameters(happening, model.input_shape),
        "responseElements": _response_elements(model.output_shape, output, error),
        "requestID": happening.request_id,
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "eventCategory": "Management",
        **frame,
    }


def _failure(error: ServiceError) -> Record:
    """Where the details stand in responseElements, public records have no errorMessage."""
    code = _ERROR_CODES.get(error.code, error.code)
    if {"Problems", "problems"} & error.details.keys():
        return {"errorCode": code}
    return {"errorCode": code, "errorMessage": error.message}


def _request_parameters(happening: Happening, shape: Shape | None) -> Any:
    if happening.params is None:
        return None
    return {
        name: _as_sent(happening, child)
        if child.serialization.get("location") == "uri"
        else mask(child, happening.params[name])
        for name, child in members(shape)
        if name in happening.params
    }


def _as_sent(happening: Happening, shape: Shape) -> str:
    """An id in the path: Connect records it as it stood there, so an ARN is URL-encoded."""
    raw = happening.raw_uri[shape.serialization["name"]]
    decoded = unquote(raw)
    return decoded if happening.service.name != "connect" or "%" in decoded else raw


def _response_elements(shape: Shape | None, output: Any, error: ServiceError | None) -> Any:
    if error is not None:
        return error.details or None
    return mask(shape, output) if shape is not None and output else None


def mask(shape: Shape, value: Any) -> Any:
    """A value as CloudTrail shows it: a masked structure is a mere text."""
    if shape.name in _STARRED_SHAPES:
        return "***"
    if sensitive(shape):
        return HIDDEN
    if isinstance(value, datetime):
        return iso8601(value)
    return rebuild(shape, value, mask, _member_name)


def _member_name(name: str, _shape: Shape) -> str:
    return name


class Journal:
    """All records in order, and the listeners that get each of them in that order.

    Delivery never holds a lock that a request needs: whoever finds the delivery free carries out
    everything that waits, so a listener may itself call the emulator.
    """

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._listeners: list[Listener] = []
        self._waiting: deque[Record] = deque()
        self._delivering = threading.Lock()

    def subscribe(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def append(self, record: Record) -> None:
        """Keep a record; the caller holds the emulator's lock, which makes the order."""
        self.records.append(record)
        self._waiting.append(record)

    def deliver(self) -> None:
        """Hand out what waits; errors of listeners are logged, never raised."""
        while self._waiting and self._delivering.acquire(blocking=False):
            try:
                self._deliver_waiting()
            finally:
                self._delivering.release()

    def _deliver_waiting(self) -> None:
        while self._waiting:
            record = self._waiting.popleft()
            for listener in tuple(self._listeners):
                try:
                    listener(record)
                except Exception:
                    _log.exception("a listener failed on record %s", record["eventID"])
