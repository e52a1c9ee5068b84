"""The queue of the only writer: SQS FIFO, one message group per security profile."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from toolgrant.adapters.aws import translated
from toolgrant.adapters.dynamodb import ledger_items
from toolgrant.domain.json_fields import as_map
from toolgrant.domain.requests import FixRequest, UndoRequest
from toolgrant.errors import InvalidInput

SCHEMA = "toolgrant/fix/1"
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What items of another shape lead to."""


class SQSFixQueue:
    """`usecases.ports.FixQueue`."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, request: FixRequest | UndoRequest) -> None:
        """Ask for a write. Requests of one group are delivered in the order they are sent."""
        body = to_json(request)
        with translated("fix queue send", own=True):
            self._client.send_message(
                QueueUrl=self._url,
                MessageBody=body,
                MessageGroupId=request.group,
                # From the whole request: SQS drops repetitions of it, but not the same fix on
                # another profile or asked for again.
                MessageDeduplicationId=hashlib.sha256(body.encode()).hexdigest(),
            )


def to_json(request: FixRequest | UndoRequest) -> str:
    """The body of a request's message."""
    if isinstance(request, UndoRequest):
        return json.dumps({"schema": SCHEMA, "undo": ledger_items.undo_to_item(request)})
    return json.dumps({"schema": SCHEMA, "fix": ledger_items.fix_to_item(request)})


def from_json(body: str) -> FixRequest | UndoRequest:
    """The reverse of `to_json`. Raises InvalidInput."""
    try:
        root = as_map(json.loads(body), "$")
        if root.get("schema") != SCHEMA:
            raise InvalidInput("$.schema", f"expected {SCHEMA}")
        if "undo" in root:
            return ledger_items.undo_from_item(as_map(root["undo"], "$.undo"))
        return ledger_items.fix_from_item(as_map(root.get("fix"), "$.fix"))
    except InvalidInput:
        raise
    except _UNREADABLE as error:
        raise InvalidInput("$", f"not a fix request ({type(error).__name__})") from None
