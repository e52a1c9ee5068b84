"""What can be made to go wrong, per operation, and the hooks for a concurrent editor.

An operation is written ``connect:ListSecurityProfilePermissions``; ``connect:*`` and ``*`` match
more. ``times`` is how often a fault happens (None: until cleared), ``skip`` how many calls pass
before it starts. Everything is off until switched on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

Callback = Callable[[], None]

# Requests per second and burst. Quotas page of the administrator guide; that a burst of Q in
# Connect is one second's worth is [inferred].
RATES: dict[str, tuple[float, int]] = {"connect": (2, 5), "qconnect": (10, 10)}


@dataclass
class Fault:
    """One thing that goes wrong; which of the members count depends on ``kind``."""

    kind: str
    operation: str
    times: int | None = 1
    skip: int = 0
    after: bool = False
    status: int | None = None
    code: str | None = None
    message: str = "Injected by the emulator"
    seconds: float | None = None
    versions: int | None = None
    callback: Callback | None = field(default=None, repr=False)

    def due(self) -> bool:
        """Count one matching call; whether the fault is ready to happen on it."""
        self.skip -= 1
        return self.skip < 0

    def happen(self) -> None:
        """Count the fault off."""
        if self.times is not None:
            self.times -= 1


@dataclass
class _Bucket:
    """A token bucket, filled by the emulator's own clock."""

    rate: float
    burst: int
    tokens: float
    filled: datetime

    def take(self, now: datetime) -> bool:
        elapsed = max(0.0, (now - self.filled).total_seconds())
        self.tokens = min(self.burst, self.tokens + elapsed * self.rate)
        self.filled = now
        allowed = self.tokens >= 1
        self.tokens -= 1 if allowed else 0
        return allowed


class Faults:
    """The switches; safe to use from any thread, also while requests run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._buckets: dict[str, _Bucket] = {}
        self._rates: dict[str, tuple[float, int]] = {}

    def throttle(self, operation: str, times: int | None = 1, skip: int = 0) -> None:
        """Answer the next calls with the operation's throttling error."""
        self.add(Fault("throttle", operation, times, skip))

    def error(  # noqa: PLR0913 - each is one member of the answer
        self,
        operation: str,
        status: int = 500,
        times: int | None = 1,
        *,
        code: str | None = None,
        message: str = "Injected by the emulator",
        skip: int = 0,
        after: bool = False,
    ) -> None:
        """Answer the next calls with an error; ``after``: only once the call has taken effect."""
        self.add(Fault("error", operation, times, skip, after, status, code, message))

    def reset(
        self, operation: str, times: int | None = 1, *, skip: int = 0, after: bool = False
    ) -> None:
        """Drop the connection, before or ``after`` the call has taken effect."""
        self.add(Fault("reset", operation, times, skip, after))

    def latency(self, operation: str, seconds: float, times: int | None = None) -> None:
        """Answer later."""
        self.add(Fault("latency", operation, times, seconds=seconds))

    def stale(
        self,
        operation: str,
        *,
        versions: int | None = None,
        seconds: float | None = None,
        times: int | None = None,
    ) -> None:
        """Answer a read as of some changes or seconds ago (one change if neither is said)."""
        back = 1 if versions is None and seconds is None else versions
        self.add(Fault("stale", operation, times, versions=back, seconds=seconds))

    def index_lag(self, seconds: float) -> None:
        """Let both searches see the resources as they were some seconds ago."""
        for operation in ("connect:SearchUsers", "connect:SearchSecurityProfiles"):
            self.stale(operation, seconds=seconds)

    def before(self, operation: str, callback: Callback, skip: int = 0) -> None:
        """Run ``callback`` once, before a call is looked at; it may itself call the emulator."""
        self.add(Fault("before", operation, 1, skip, callback=callback))

    def after(self, operation: str, callback: Callback, skip: int = 0) -> None:
        """Run ``callback`` once, after a call took effect and before it is answered."""
        self.add(Fault("after", operation, 1, skip, callback=callback))

    def rate_limit(
        self, enabled: bool = True, rates: dict[str, tuple[float, int]] | None = None
    ) -> None:
        """Limit each operation by a token bucket of (requests per second, burst)."""
        with self._lock:
            self._buckets.clear()
            self._rates = dict(rates or RATES) if enabled else {}

    def add(self, fault: Fault) -> None:
        """Switch on a fault."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Switch everything off."""
        with self._lock:
            self._faults.clear()
            self._rates = {}

    def take(self, kinds: Iterable[str], operation: str, after: bool = False) -> Fault | None:
        """The first fault of these kinds that happens on this call, counted off."""
        return next(iter(self._take(kinds, operation, after, 1)), None)

    def take_all(self, kinds: Iterable[str], operation: str) -> list[Fault]:
        """Every fault of these kinds that happens on this call, counted off."""
        return self._take(kinds, operation, False, None)

    def _take(
        self, kinds: Iterable[str], operation: str, after: bool, most: int | None
    ) -> list[Fault]:
        wanted = tuple(kinds)
        with self._lock:
            matching = [
                fault
                for fault in self._faults
                if fault.kind in wanted
                and fault.after == after
                and fnmatchcase(operation, fault.operation)
            ]
            due = [fault for fault in matching if fault.due()][:most]
            for fault in due:
                fault.happen()
            self._faults = [fault for fault in self._faults if fault.times != 0]
            return due

    def over_limit(self, operation: str, now: datetime) -> bool:
        """Count a call against its bucket; whether it is one too many."""
        with self._lock:
            limit = self._rates.get(operation.partition(":")[0])
            if limit is None:
                return False
            bucket = self._buckets.setdefault(operation, _Bucket(*limit, limit[1], now))
            return not bucket.take(now)

    def describe(self) -> list[dict[str, Any]]:
        """The faults that are still to happen, without their callbacks."""
        with self._lock:
            return [
                {name: value for name, value in vars(fault).items() if name != "callback"}
                for fault in self._faults
            ]
