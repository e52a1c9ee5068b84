"""Writes that were accepted and take effect later, by the emulator's own clock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from connect_emulator.call import Call
from connect_emulator.wire import iso8601

_Landing = tuple[datetime | None, Call]


class Landings:
    """Calls on their way, each with the time of its effect; None: only when told."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[_Landing] = []

    def add(self, due: datetime | None, call: Call) -> None:
        with self._lock:
            self._waiting.append((due, call))

    def take_due(self, now: Callable[[], datetime]) -> list[Call]:
        """Take out the calls whose time has come; the clock is read only if any wait."""
        with self._lock:
            if not self._waiting:
                return []
            time = now()
            due = [call for call in self._waiting if call[0] is not None and call[0] <= time]
            return self._take(sorted(due, key=lambda call: call[0] or time))

    def take_all(self) -> list[Call]:
        """Take out every call, in the order in which they came."""
        with self._lock:
            return self._take(self._waiting)

    def clear(self) -> None:
        """Forget the calls: they never take effect."""
        self.take_all()

    def describe(self) -> list[dict[str, Any]]:
        with self._lock:
            return [
                {"operation": call.name, "due": iso8601(due) if due else None}
                for due, call in self._waiting
            ]

    def _take(self, taken: list[_Landing]) -> list[Call]:
        self._waiting = [call for call in self._waiting if call not in taken]
        return [call for _, call in taken]
