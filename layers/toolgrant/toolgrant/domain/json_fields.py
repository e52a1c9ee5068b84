"""Fields of JSON that came from outside, each read by its type.

A missing field is empty; a wrong type is one `InvalidInput` that names its JSON path.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from toolgrant.errors import InvalidInput

Json = Mapping[str, Any]
"""An object as it came, or as it is kept."""

JsonObject = dict[str, Any]
"""An object that we make."""

JsonValue = Any
"""Anything that JSON can say."""


def numbered(entries: list[object], path: str) -> list[tuple[str, object]]:
    """Each entry beside its JSON path."""
    return [(f"{path}[{number}]", entry) for number, entry in enumerate(entries)]


def as_map(value: object, path: str) -> Json:
    """The mapping at `path`, empty for a missing one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidInput(path, f"expected an object, found {_kind(value)}")
    return value


def as_list(value: object, path: str) -> list[object]:
    """The list at `path`, empty for a missing one."""
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise InvalidInput(path, f"expected a list, found {_kind(value)}")
    return list(value)


def masked_list(value: object, path: str) -> list[object]:
    """As `as_list`, but a masked value (text where a list is expected) counts as missing."""
    return [] if isinstance(value, str) else as_list(value, path)


def as_text(value: object, path: str) -> str:
    """The text at `path`, empty for a missing one."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidInput(path, f"expected text, found {_kind(value)}")
    return value


def _kind(value: object) -> str:
    return {bool: "a boolean", int: "a number", float: "a number", str: "text"}.get(
        type(value), "a list" if isinstance(value, list | tuple) else "an object"
    )


def parse_time(value: object, path: str) -> datetime | None:
    """An ISO 8601 time with its zone; None for a missing one."""
    text = as_text(value, path)
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(path, "expected an ISO 8601 time") from None
    if time.tzinfo is None:
        raise InvalidInput(path, "expected a time zone")
    if not plausible(time):
        raise InvalidInput(path, "expected a time of this age")
    return time


def plausible(time: datetime) -> bool:
    """Whether a time from outside is far enough from both ends of the calendar to add to it."""
    return 2000 <= time.year < 3000
