"""Fields of a CloudTrail record, read without trust: keys in any case, every value by its type.

Connect writes request parameters in PascalCase, Q in Connect in camelCase; ids come as UUID, ARN
or URL-coded ARN; a masked value can stand where a map is expected.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from toolgrant.domain.json_fields import plausible
from toolgrant.domain.qualifiers import split_qualifier

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_UUID = re.compile(UUID)


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
