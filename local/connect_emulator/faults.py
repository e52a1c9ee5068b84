"""What can be made to go wrong, per operation, and the hooks for a concurrent editor.

An operation is written ``connect:ListSecurityProfilePermissions``; ``connect:*`` and ``*`` match
more. ``times`` is how often a fault happens (None: until cleared), ``skip`` how many calls pass
before it starts; ``match`` and ``armed_by`` narrow it down further (see ``Fault``). Everything is
off until switched on.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, Unpack

from connect_emulator.fault import Callback, Called, Fault
from connect_emulator.late import Landings

# Requests per second and burst. Quotas page of the administrator guide; that a burst of Q in
# Connect is one second's worth is [inferred].
RATES: dict[str, tuple[float, int]] = {"connect": (2, 5), "qconnect": (10, 10)}
REFUSED = "Refused by the emulator"


class Only(TypedDict, total=False):
    """What narrows a fault down to some calls."""

    match: dict[str, str]
    armed_by: str


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
        self.landings = Landings()
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._buckets: dict[str, _Bucket] = {}
        self._rates: dict[str, tuple[float, int]] = {}

    def throttle(
        self, operation: str, times: int | None = 1, skip: int = 0, **only: Unpack[Only]
    ) -> None:
        """Answer the next calls with the operation's throttling error."""
        self.add(Fault("throttle", operation, times, skip, **only))

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
        **only: Unpack[Only],
    ) -> None:
        """Answer the next calls with an error; ``after``: only once the call has taken effect."""
        self.add(Fault("error", operation, times, skip, after, status, code, message, **only))

    def refuse(self, operation: str, code: str, **only: Unpack[Only]) -> None:
        """Answer every call with this error, in the status that the service has for it."""
        self.add(Fault("refuse", operation, None, code=code, message=REFUSED, **only))

    def reset(
        self,
        operation: str,
        times: int | None = 1,
        *,
        skip: int = 0,
        after: bool = False,
        **only: Unpack[Only],
    ) -> None:
        """Drop the connection, before or ``after`` the call has taken effect."""
        self.add(Fault("reset", operation, times, skip, after, **only))

    def latency(
        self,
        operation: str,
        seconds: float | None,
        times: int | None = None,
        *,
        after: bool = False,
        **only: Unpack[Only],
    ) -> None:
        """Answer later (None: never); ``after``: the call takes effect at once."""
        self.add(Fault("latency", operation, times, after=after, seconds=seconds, **only))

    def late(
        self, operation: str, seconds: float | None, times: int | None = 1, **only: Unpack[Only]
    ) -> None:
        """Let a write take effect later (None: when told to land), and drop its connection now."""
        self.add(Fault("late", operation, times, seconds=seconds, **only))

    def stale(
        self,
        operation: str,
        *,
        versions: int | None = None,
        seconds: float | None = None,
        times: int | None = None,
        skip: int = 0,
        stamp: str = "old",
        **only: Unpack[Only],
    ) -> None:
        """Answer a read as of some seconds or of its own changes ago (one if neither is said)."""
        back = 1 if versions is None and seconds is None else versions
        fault = Fault("stale", operation, times, skip, seconds=seconds, versions=back, **only)
        fault.stamp = stamp
        self.add(fault)

    def index_lag(self, seconds: float) -> None:
        """Let both searches see the resources as they were some seconds ago."""
        for operation in ("connect:SearchUsers", "connect:SearchSecurityProfiles"):
            self.stale(operation, seconds=seconds)

    def before(
        self, operation: str, callback: Callback, skip: int = 0, **only: Unpack[Only]
    ) -> None:
        """Run ``callback`` once, before a call is validated; it may itself call the emulator."""
        self.add(Fault("before", operation, 1, skip, callback=callback, **only))

    def after(
        self, operation: str, callback: Callback, skip: int = 0, **only: Unpack[Only]
    ) -> None:
        """Run ``callback`` once, after a call took effect and before it is answered."""
        self.add(Fault("after", operation, 1, skip, callback=callback, **only))

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
        """Switch everything off; writes that are still on their way are lost."""
        with self._lock:
            self._faults.clear()
            self._rates = {}
        self.landings.clear()

    def take(self, kinds: Iterable[str], call: Called, after: bool = False) -> Fault | None:
        """The first fault of these kinds that happens on this call; takes one off its `times`."""
        return next(iter(self._take(kinds, call, after, 1)), None)

    def take_all(self, kinds: Iterable[str], call: Called) -> list[Fault]:
        """Every fault of these kinds that happens on this call; takes one off their `times`."""
        return self._take(kinds, call, False, None)

    def arm(self, call: Called) -> None:
        """Begin the faults that waited for this call, which has taken effect."""
        with self._lock:
            for fault in self._faults:
                fault.arm(call)

    def _take(
        self, kinds: Iterable[str], call: Called, after: bool, most: int | None
    ) -> list[Fault]:
        wanted = tuple(kinds)
        with self._lock:
            matching = [
                fault
                for fault in self._faults
                if fault.kind in wanted and fault.after == after and fault.meets(call)
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
