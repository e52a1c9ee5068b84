"""A request and a response, independent of the web server that carries them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"


@dataclass(frozen=True)
class Request:
    """What came over the wire; ``path`` is still encoded and header names are lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    remote: str = "127.0.0.1"


@dataclass(frozen=True)
class Response:
    """What goes back; ``reset`` drops the connection instead."""

    status: int
    headers: dict[str, str]
    body: bytes = b""
    reset: bool = False


RESET = Response(0, {}, reset=True)


def json_response(status: int, document: Any, content_type: str = JSON) -> Response:
    """A response with a JSON text; none where the status allows no body."""
    body = b"" if status == 204 else json.dumps(document, default=str).encode()
    return Response(status, {"Content-Type": content_type}, body)
