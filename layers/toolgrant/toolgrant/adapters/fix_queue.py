"""The queue of the only writer: SQS FIFO, one message group per security profile."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

from toolgrant.adapters.aws import checked, translated
from toolgrant.adapters.dataclass_json import from_json, to_json
from toolgrant.domain.fixing.repair import Repair
from toolgrant.domain.json_fields import as_map
from toolgrant.domain.requests import UndoRequest
from toolgrant.domain.service_limits import takes
from toolgrant.errors import InvalidInput

SCHEMA = "toolgrant/fix/2"
LONGEST_WAIT = 600
"""Seconds; shorter than the visibility timeout of the queue (template.yaml)."""


class SQSFixQueue:
    """`usecases.ports.FixQueue`."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, request: Repair | UndoRequest) -> None:
        """Ask for a write. Requests of one group are delivered in the order they are sent."""
        body = to_message(request)
        message = {
            "QueueUrl": self._url,
            "MessageBody": body,
            "MessageGroupId": _group(request.group),
            # From the whole request, whose id is another one for each decision: SQS drops
            # repetitions of it, but not the same fix asked for again.
            "MessageDeduplicationId": _digest(body),
        }
        with translated("fix queue send", own=True):
            self._client.send_message(**checked("sqs", "send_message", message))

    def put_off(self, receipt: str, seconds: float) -> None:
        """Let a message that was received come back after some seconds, at most until its time out
        of sight would be over anyway."""
        wait = min(max(1, math.ceil(seconds)), LONGEST_WAIT)
        with translated("fix queue put off", own=True):
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=wait
            )


def _group(group: str) -> str:
    """A group as SQS takes it: an id of Connect's in a form that nobody has seen is hashed."""
    return group if takes("sqs", "MessageGroupId", group) else _digest(group)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def to_message(request: Repair | UndoRequest) -> str:
    """The body of a request's message."""
    word = "undo" if isinstance(request, UndoRequest) else "fix"
    return json.dumps({"schema": SCHEMA, word: to_json(request)})


def from_message(body: str) -> Repair | UndoRequest:
    """The reverse of `to_message`. Raises InvalidInput."""
    try:
        root = as_map(json.loads(body), "$")
    except InvalidInput:
        raise
    except (ValueError, RecursionError):
        raise InvalidInput("$", "not JSON") from None
    if root.get("schema") != SCHEMA:
        raise InvalidInput("$.schema", f"expected {SCHEMA}")
    if "undo" in root:
        return from_json(UndoRequest, root["undo"], "$.undo")
    return from_json(Repair, root.get("fix"), "$.fix")
