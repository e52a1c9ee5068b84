"""The parts of a CloudTrail record that are looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from toolgrant.adapters.callers import actor_of
from toolgrant.adapters.names import Named, named_in
from toolgrant.adapters.record_fields import lower_keys, text_or_empty, time_or_none
from toolgrant.domain.causes import Cause
from toolgrant.domain.texts import clip

_REQUEST, _ANSWER = "requestParameters", "responseElements"


@dataclass(frozen=True)
class Record:
    """A record, read without trust. Keys are lower case, but for `event`: the whole as it came."""

    cause: Cause
    request: Mapping[str, Any]
    response: Mapping[str, Any]
    error_code: str
    error_message: str
    event: Mapping[str, Any]

    def first(self, paths: Iterable[str]) -> object:
        """The first filled value at paths such as `requestParameters.aiAgentId`, whatever the case
        of the keys; None if there is none."""
        return next(filter(None, map(self._at, paths)), None)

    def _at(self, path: str) -> object:
        value: object = {"requestparameters": self.request, "responseelements": self.response}
        for name in path.lower().split("."):
            value = lower_keys(value).get(name)
        return value

    @cached_property
    def resources(self) -> Named:
        """What CloudTrail says that the call touched."""
        return named_in(self.event["detail"].get("resources"))

    @cached_property
    def anywhere(self) -> Named:
        """What the record names at all: in the request, the answer, the resources, elsewhere."""
        detail = self.event["detail"]
        parts = (detail.get(part) for part in (_REQUEST, _ANSWER, "resources"))
        return named_in(*parts, self.event)


def read_record(detail: Mapping[str, Any], event: Mapping[str, Any], name: str) -> Record:
    """The parts of `detail`, the record inside `event`; `name` is its eventName."""
    cause = Cause(
        reason="event",
        event_id=clip(text_or_empty(detail.get("eventID")) or text_or_empty(event.get("id"))),
        event_name=clip(name),
        event_time=time_or_none(detail.get("eventTime") or event.get("time")),
        actor=actor_of(detail),
    )
    response = lower_keys(detail.get(_ANSWER))
    return Record(
        cause,
        lower_keys(detail.get(_REQUEST)),
        response,
        text_or_empty(detail.get("errorCode")),
        "\n".join(_error_texts(detail, response)),
        event,
    )


def _error_texts(detail: Mapping[str, Any], response: Mapping[str, Any]) -> list[str]:
    """Every place where the text of a failed call was seen in public records."""
    problems = response.get("problems")
    entries = problems if isinstance(problems, list) else []
    texts = [
        detail.get("errorMessage"),
        detail.get(_ANSWER),
        response.get("message"),
        *(lower_keys(entry).get("message") for entry in entries),
    ]
    return [text for text in map(text_or_empty, texts) if text]
