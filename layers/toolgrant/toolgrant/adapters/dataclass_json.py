"""Frozen dataclasses of the domain ↔ JSON, by their type hints: what a field is called in the code,
it is called in the table and in messages. Grants are text as everywhere.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from toolgrant.domain.json_fields import as_list, as_map, parse_time
from toolgrant.domain.model import Grant
from toolgrant.errors import InvalidInput

_T = TypeVar("_T")


def to_json(value: Any) -> Any:
    """Plain values: objects, lists, text, numbers, booleans and null. Sets are sorted."""
    if isinstance(value, Grant):
        return str(value)
    if is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(to_json(key)): to_json(item) for key, item in value.items()}
    if isinstance(value, tuple | frozenset):
        return [to_json(item) for item in (value if isinstance(value, tuple) else sorted(value))]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Enum) else value


def from_json(kind: type[_T], data: object, path: str = "$") -> _T:
    """The reverse of `to_json`; what the object has beside the fields is ignored, and a field whose
    default is None may be missing: it was added later. Raises InvalidInput that names the path of
    what else is missing or of another type."""
    return cast("_T", _value(kind, data, path))


def _value(kind: Any, data: object, path: str) -> Any:
    origin, parameters = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return None if data is None else _value(parameters[0], data, path)
    if origin in (tuple, frozenset):
        listed = enumerate(as_list(data, path))
        return origin(_value(parameters[0], item, f"{path}[{at}]") for at, item in listed)
    if origin is not None:  # a Mapping
        return {
            _value(parameters[0], key, path): _value(parameters[1], item, f"{path}.{key}")
            for key, item in as_map(data, path).items()
        }
    if is_dataclass(kind) and kind is not Grant:
        return _object(kind, as_map(data, path), path)
    return _scalar(kind, data, path)


def _object(kind: Any, data: Mapping[str, Any], path: str) -> Any:
    hints, optional = _hints(kind)
    missing = next((name for name in hints if name not in data and name not in optional), None)
    if missing:
        raise InvalidInput(f"{path}.{missing}", "missing")
    return kind(**{n: _value(hint, data.get(n), f"{path}.{n}") for n, hint in hints.items()})


@lru_cache
def _hints(kind: Any) -> tuple[dict[str, Any], frozenset[str]]:
    """The types of the fields, and the names of those whose default is None."""
    hints, named = get_type_hints(kind), fields(kind)
    optional = frozenset(field.name for field in named if field.default is None)
    return {field.name: hints[field.name] for field in named}, optional


def _scalar(kind: Any, data: object, path: str) -> Any:
    if isinstance(data, Decimal) and data.is_finite() and data == int(data):
        data = int(data)  # how the table tells numbers
    wanted = kind if kind in (bool, int) else str
    if type(data) is not wanted:
        raise InvalidInput(path, f"expected {'text' if wanted is str else wanted.__name__}")
    if kind is datetime:
        return _time(data, path)
    try:
        return Grant.parse(str(data)) if kind is Grant else kind(data)
    except ValueError:
        raise InvalidInput(path, f"not a {kind.__name__.lower()}") from None


def _time(data: object, path: str) -> datetime:
    time = parse_time(data, path)
    if time is None:
        raise InvalidInput(path, "missing")
    return time
