"""From the bytes of a request to the members of an input shape, and from an output to JSON.

Works for both protocols in use: rest-json (members in path, query and body) and json 1.1.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn
from urllib.parse import parse_qs, unquote

from botocore.model import ListShape, OperationModel, Shape, StructureShape
from botocore.utils import parse_timestamp

from connect_emulator.errors import invalid
from connect_emulator.model import is_document, members, rebuild, wire_name

Params = dict[str, Any]


def decode_request(
    operation: OperationModel, uri: Mapping[str, str], query: str, body: bytes
) -> Params:
    """Assemble the input from the three places; raises ``ServiceError`` where it cannot be read.

    Unknown members and members set to null are left out, as the services ignore both [inferred].
    """
    document = _decode_body(body)
    arguments = parse_qs(query, keep_blank_values=True)
    params: Params = {}
    for name, shape in members(operation.input_shape):
        value = _raw_member(name, shape, uri, arguments, document)
        if value is not None:
            params[name] = value
    return params


def encode(shape: Shape | None, value: Any) -> Any:
    """An output (or any value of a shape) as JSON data; unknown members are a bug and raise."""
    if shape is None:
        return {}
    if isinstance(value, datetime):
        return epoch_seconds(value, shape)
    return rebuild(shape, value, encode)


def epoch_seconds(value: datetime, shape: Shape) -> Any:
    """Both protocols default to epoch seconds; a shape may ask for ISO 8601 instead."""
    if shape.serialization.get("timestampFormat") == "iso8601":
        return iso8601(value)
    return round(value.timestamp(), 3)


def iso8601(value: datetime) -> str:
    """The form that CloudTrail uses for its own times."""
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")


def _decode_body(body: bytes) -> Params:
    if not body.strip():
        return {}
    try:
        document = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise invalid("Could not parse the request body into JSON") from error
    if not isinstance(document, dict):
        raise invalid("The request body must be a JSON object")
    return document


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _raw_member(
    name: str,
    shape: Shape,
    uri: Mapping[str, str],
    arguments: Mapping[str, list[str]],
    document: Params,
) -> Any:
    location, key = shape.serialization.get("location"), wire_name(name, shape)
    if location == "uri":
        return _from_text(shape, unquote(uri[key]), name)
    if location == "querystring":
        return _from_query(shape, arguments.get(key), name)
    return _from_json(shape, document.get(key), name)


def _from_query(shape: Shape, values: list[str] | None, name: str) -> Any:
    if values is None:
        return None
    if isinstance(shape, ListShape):
        return [_from_text(shape.member, value, name) for value in values]
    return _from_text(shape, values[-1], name)


def _from_text(shape: Shape, text: str, name: str) -> Any:
    if shape.type_name == "boolean":
        return text == "true"
    if shape.type_name not in ("integer", "long"):
        return text
    try:
        return int(text)
    except ValueError as error:
        raise invalid(f"Value at '{name}' must be a number") from error


def _from_json(shape: Shape, value: Any, name: str) -> Any:
    """Keep what the shape knows; values of the wrong type pass through, for validation to name."""
    if value is None or is_document(shape):
        return value
    if shape.type_name == "timestamp":
        return _timestamp(value, name)
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return _structure(shape, value, name)
    return rebuild(shape, value, lambda child, part: _from_json(child, part, name))


def _structure(shape: StructureShape, value: Params, name: str) -> Params:
    decoded = {
        member: _from_json(child, value.get(wire_name(member, child)), f"{name}.{member}")
        for member, child in shape.members.items()
    }
    return {member: child for member, child in decoded.items() if child is not None}


def _timestamp(value: Any, name: str) -> datetime:
    try:
        parsed: datetime = parse_timestamp(value)
        parsed.timestamp()
    except (ValueError, TypeError, OverflowError, OSError, AttributeError) as error:
        raise invalid(f"Value at '{name}' is not a timestamp") from error
    return parsed
