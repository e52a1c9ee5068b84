"""One thing that goes wrong, and on which calls it happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Protocol

Callback = Callable[[], None]

# What becomes of LastModifiedTime in a stale answer: as old as the content, as of now, or left out.
STAMPS = ("old", "new", "absent")


class Called(Protocol):
    """What a fault needs to know of a call."""

    @property
    def name(self) -> str: ...

    @property
    def params(self) -> Mapping[str, Any] | None: ...


@dataclass
class Fault:
    """One thing that goes wrong; which of the members count depends on ``kind``.

    ``match``: only calls whose input has these members, at any depth, with this value or with a
    list that holds it. ``armed_by``: not before a call of that operation (and ``match``) has taken
    effect.
    """

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
    stamp: str = "old"
    match: dict[str, str] | None = None
    armed_by: str | None = None
    callback: Callback | None = field(default=None, repr=False)

    def meets(self, call: Called) -> bool:
        """Whether the fault is about this call at all."""
        return self.armed_by is None and self._matches(self.operation, call)

    def arm(self, call: Called) -> None:
        """End the wait for another call, if this is that call."""
        if self.armed_by is not None and self._matches(self.armed_by, call):
            self.armed_by = None

    def due(self) -> bool:
        """Count one matching call; whether the fault is ready to happen on it."""
        self.skip -= 1
        return self.skip < 0

    def happen(self) -> None:
        """Take one off `times`, where the fault happens a number of times."""
        if self.times is not None:
            self.times -= 1

    def _matches(self, operation: str, call: Called) -> bool:
        return fnmatchcase(call.name, operation) and all(
            _holds(call.params, name, value) for name, value in (self.match or {}).items()
        )


def _holds(part: Any, name: str, wanted: str) -> bool:
    if isinstance(part, list):
        return any(_holds(member, name, wanted) for member in part)
    if not isinstance(part, dict):
        return False
    found = part.get(name)
    here = found == wanted or (isinstance(found, list) and wanted in found)
    return here or any(_holds(member, name, wanted) for member in part.values())
