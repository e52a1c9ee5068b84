"""Pages of a list, behind tokens that only fit the request they were given for."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from typing import Any, TypeVar

from connect_emulator.account import Output, Params, Settings
from connect_emulator.errors import ServiceError, invalid

T = TypeVar("T")

# Connect's own default where the caller asks for no size [inferred for Q in Connect].
DEFAULT_SIZE = 100
_PAGING_MEMBERS = {"nexttoken", "maxresults"}


def page(
    settings: Settings, params: Params, items: Sequence[T], default: int = DEFAULT_SIZE
) -> tuple[list[T], str | None]:
    """The page that the input asks for and the token of the next one, None on the last page."""
    given = {name.lower(): value for name, value in params.items()}
    size = min(given.get("maxresults", default), settings.page_size or DEFAULT_SIZE * 10)
    fingerprint = _fingerprint(given)
    start = _offset(given["nexttoken"], fingerprint) if given.get("nexttoken") else 0
    end = start + size
    token = _token(end, fingerprint) if end < len(items) else None
    return list(items[start:end]), token


def with_token(output: Output, name: str, token: str | None) -> Output:
    """The output with its next token, or without the member on the last page."""
    return {**output, name: token} if token else output


def bad_token() -> ServiceError:
    """What a token gets that was made up, or made for another request."""
    return invalid("The NextToken is not valid for this request")


def _fingerprint(given: dict[str, Any]) -> str:
    rest = {name: value for name, value in given.items() if name not in _PAGING_MEMBERS}
    text = json.dumps(rest, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _token(offset: int, fingerprint: str) -> str:
    return base64.urlsafe_b64encode(f"{offset}:{fingerprint}".encode()).decode()


def _offset(token: str, fingerprint: str) -> int:
    try:
        offset, made_for = base64.urlsafe_b64decode(token.encode()).decode().split(":")
        number = int(offset)
    except (ValueError, binascii.Error) as error:
        raise bad_token() from error
    if made_for != fingerprint or number < 0:
        raise bad_token()
    return number
