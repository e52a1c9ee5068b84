"""What goes out: alerts, messages as text, audit records."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.fakes.calls import Calls
from tests.fakes.cloud import FakeClock
from tests.fakes.schemas import valid_alert, valid_audit

from toolgrant.adapters.change_messages import to_message
from toolgrant.domain.alerts.render import Rendered
from toolgrant.domain.requests import AgentRequest
from toolgrant.usecases.batch import LONGEST_DELAY


class FakeNotifier:
    def __init__(self, calls: Calls | None = None) -> None:
        self.calls = calls or Calls()
        self.sent: list[Rendered] = []

    def publish(self, alert: Rendered) -> None:
        with self.calls.made("notifier.publish", alert.alert_id):
            assert valid_alert(alert.bodies["default"])
            self.sent.append(alert)

    @property
    def alerts(self) -> list[dict[str, Any]]:
        """The machine form of everything sent, in order."""
        return [json.loads(alert.bodies["default"]) for alert in self.sent]


@dataclass
class Waiting:
    """A message in the queue."""

    body: str
    visible_at: datetime
    delay: timedelta = timedelta()


class FakeQueue:
    """Messages as text, each visible after its delay, as SQS counts it: in whole seconds."""

    def __init__(self, clock: FakeClock, calls: Calls | None = None) -> None:
        self.calls = calls or Calls()
        self.clock = clock
        self.waiting: list[Waiting] = []
        self.dead: list[tuple[str, str]] = []

    def send(self, request: AgentRequest, delay: timedelta) -> None:
        with self.calls.made("queue.send", request, delay):
            assert timedelta() <= delay <= LONGEST_DELAY
            seconds = timedelta(seconds=math.ceil(delay.total_seconds()))
            self.waiting.append(Waiting(to_message(request), self.clock.now() + seconds, delay))

    def dead_letter(self, body: str, reason: str) -> None:
        with self.calls.made("queue.dead_letter", reason):
            self.dead.append((body, reason))

    def put(self, *bodies: str) -> None:
        """Messages from outside; not a call."""
        self.waiting += [Waiting(body, self.clock.now()) for body in bodies]

    def take(self) -> list[Waiting]:
        """Everything that is visible now."""
        due = [message for message in self.waiting if message.visible_at <= self.clock.now()]
        self.waiting = [message for message in self.waiting if message not in due]
        return due


class FakeJournal:
    def __init__(self) -> None:
        self.decisions: list[dict[str, Any]] = []
        self.notes: list[tuple[str, dict[str, object]]] = []
        self.failures: list[tuple[str, dict[str, object]]] = []
        self.metrics: Counter[str] = Counter()

    def decision(self, record: Mapping[str, Any]) -> None:
        text = json.dumps(record)
        assert valid_audit(text)
        self.decisions.append(json.loads(text))

    def note(self, event: str, **fields: object) -> None:
        self.notes.append((event, fields))

    def failure(self, event: str, **fields: object) -> None:
        self.failures.append((event, fields))

    def count(self, metric: str, value: float = 1) -> None:
        self.metrics[metric] += int(value)
