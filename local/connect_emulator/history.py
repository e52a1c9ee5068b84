"""What the resources were before each change, for reads that answer as of then."""

from __future__ import annotations

import pickle
from collections import deque
from datetime import datetime, timedelta

from connect_emulator.faults import Fault
from connect_emulator.resources import Resources

_KEPT = 50


class History:
    """The states before the latest changes, each with the time at which it ended."""

    def __init__(self) -> None:
        self._past: deque[tuple[datetime, bytes]] = deque(maxlen=_KEPT)

    def push(self, ended: datetime, snapshot: bytes) -> None:
        self._past.append((ended, snapshot))

    def as_of(self, fault: Fault, now: datetime) -> Resources | None:
        """The resources as the fault wants them seen; None where the present is meant."""
        if not self._past:
            return None
        if fault.versions is not None:
            back = min(fault.versions, len(self._past))
            return restore(self._past[-back][1]) if back else None
        since = now - timedelta(seconds=fault.seconds or 0)
        return next((restore(data) for ended, data in self._past if ended > since), None)


def snapshot(resources: Resources) -> bytes:
    """A copy that nothing can change any more."""
    return pickle.dumps(resources)


def restore(data: bytes) -> Resources:
    """The resources of a snapshot, made by ``snapshot`` in this very process."""
    resources: Resources = pickle.loads(data)  # noqa: S301
    return resources
