"""The change queue and its dead-letter queue."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from toolgrant.adapters.aws import checked, translated
from toolgrant.adapters.change_messages import to_message
from toolgrant.domain.requests import AgentRequest, FlowRequest
from toolgrant.domain.texts import clip
from toolgrant.usecases.batch import LONGEST_DELAY


class SQSChangeQueue:
    """`usecases.ports.ChangeQueue`."""

    def __init__(self, client: Any, change_url: str, dead_letter_url: str) -> None:
        self._client = client
        self._change_url = change_url
        self._dead_letter_url = dead_letter_url

    def send(self, request: AgentRequest | FlowRequest, delay: timedelta) -> None:
        """Ask for an evaluation after `delay`: whole seconds, rounded up, LONGEST_DELAY at most."""
        seconds = math.ceil(min(delay, LONGEST_DELAY).total_seconds())
        self._send(
            "change queue send",
            {
                "QueueUrl": self._change_url,
                "MessageBody": to_message(request),
                "DelaySeconds": seconds,
            },
        )

    def dead_letter(self, body: str, reason: str) -> None:
        """Put a message aside as it came, with the reason (one line of it) beside it."""
        attribute = {"DataType": "String", "StringValue": clip(reason)}
        self._send(
            "dead-letter queue send",
            {
                "QueueUrl": self._dead_letter_url,
                "MessageBody": body or "(empty)",
                "MessageAttributes": {"reason": attribute},
            },
        )

    def _send(self, what: str, request: Mapping[str, Any]) -> None:
        with translated(what, own=True):
            self._client.send_message(**checked("sqs", "send_message", request))
