"""What the resources were before each change, for reads that answer as of then."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connect_emulator.account import Output
from connect_emulator.errors import ServiceError
from connect_emulator.fault import Fault
from connect_emulator.resources import Resources

Read = Callable[[Resources], Output]

_KEPT = 50
_STAMPS = ("LastModifiedTime", "LastModifiedRegion")


@dataclass(frozen=True)
class _Answer:
    """What a read gave, or the error that it ended in."""

    output: Output
    error: ServiceError | None = None

    def content(self) -> Any:
        """What is compared with other answers: everything but when it was last changed."""
        return (self.error.code, self.error.message) if self.error else _unstamped(self.output)

    def stamped(self, stamps: Output) -> Output:
        """The output with these stamps in place of its own; raises the error where it is one."""
        if self.error:
            raise self.error
        holder = _holder(self.output)
        for name in _STAMPS:
            holder.pop(name, None)
        holder |= stamps
        return self.output


class History:
    """The states before the latest changes, each with the time at which it ended."""

    def __init__(self) -> None:
        self._past: deque[tuple[datetime, bytes]] = deque(maxlen=_KEPT)

    def push(self, ended: datetime, snapshot: bytes) -> None:
        self._past.append((ended, snapshot))

    def answer(self, fault: Fault, now: datetime, present: Resources, read: Read) -> Output:
        """What a read answers under a fault that says how old its content and its stamp are."""
        fresh = _answer(read, present)
        if fault.versions is None:
            old = self._seconds_ago(fault.seconds or 0, now, fresh, read)
        else:
            old = self._changes_ago(fault.versions, fresh, read)
        sources = {"old": old.output, "new": fresh.output, "absent": {}}
        return old.stamped(_stamps(sources[fault.stamp]))

    def _seconds_ago(self, seconds: float, now: datetime, fresh: _Answer, read: Read) -> _Answer:
        since = now - timedelta(seconds=seconds)
        past = (data for ended, data in self._past if ended > since)
        return next((_answer(read, restore(data)) for data in past), fresh)

    def _changes_ago(self, changes: int, fresh: _Answer, read: Read) -> _Answer:
        """Changes of something else do not count: an answer is old only where it differs."""
        answer, left = fresh, changes
        for _, data in reversed(self._past):
            older = _answer(read, restore(data)) if left > 0 else answer
            if older.content() != answer.content():
                answer, left = older, left - 1
        return answer


def snapshot(resources: Resources) -> bytes:
    """A copy that nothing can change any more."""
    return pickle.dumps(resources)


def restore(data: bytes) -> Resources:
    """The resources of a snapshot, made by ``snapshot`` in this very process."""
    resources: Resources = pickle.loads(data)  # noqa: S301
    return resources


def _answer(read: Read, resources: Resources) -> _Answer:
    try:
        return _Answer(read(resources))
    except ServiceError as error:
        return _Answer({}, error)


def _holder(output: Output) -> Output:
    """Where an output has its stamp: DescribeSecurityProfile has it one level down."""
    holder: Output = output.get("SecurityProfile", output)
    return holder


def _stamps(output: Output) -> Output:
    holder = _holder(output)
    return {name: holder[name] for name in _STAMPS if name in holder}


def _unstamped(value: Any) -> Any:
    if isinstance(value, list):
        return [_unstamped(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    return {name: _unstamped(part) for name, part in value.items() if name not in _STAMPS}
