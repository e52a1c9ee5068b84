"""What can happen beside our own effects, and before which of our calls it makes a difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.fakes import uuid_of

from toolgrant.domain.model import Grant, GrantKind

READS_OF_A_LIST = ("writer.listed", "writer.replace")
MUTATING = (
    "writer.replace",
    "ledger.save",
    "ledger.claim",
    "ledger.open_breaker",
    "ledger.close_breaker",
    "ledger.approve",
    "store.commit",
    "store.put_alert",
    "store.claim",
    "store.drop",
    "notifier.publish",
    "fixes.send",
)
SHARED = (
    "ledger.save",
    "ledger.claim",
    "ledger.breakers",
    "ledger.open_breaker",
    "ledger.approve",
    "store.load",
    "store.commit",
    "store.put_alert",
    "writer.replace",
)
"""Calls on what two repairs of one AI agent share, and the write itself."""

Call = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Edit:
    """A person edits one list of a profile. `seen` and `told` as `Account.person` has them."""

    profile: str
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    seen: str = "at-once"
    told: bool = False

    kind = "edit"

    @property
    def list(self) -> GrantKind:
        return Grant.parse((*self.add, *self.remove)[0]).kind

    def __str__(self) -> str:
        what = " ".join([*(f"+{g}" for g in self.add), *(f"-{g}" for g in self.remove)])
        return f"{self.profile} {what} seen {self.seen}{', told at once' if self.told else ''}"

    def matters(self, call: Call, before: Call | None, stamps: str) -> bool:
        """Whether the call can see the edit, or its record. Between two such calls all moments
        are one."""
        name, arguments = call
        if not arguments or arguments[0] not in (uuid_of(self.profile), self._instance(arguments)):
            return False
        if name in READS_OF_A_LIST or name == "profiles.grants":
            shown = self.list in arguments
            return shown or (stamps == "shared" and name == "writer.listed" and before != call)
        return (name == "writer.describe" and stamps != "absent") or (
            name == "ledger.history" and self.told
        )

    def _instance(self, arguments: tuple[Any, ...]) -> Any:
        """`profiles.grants` names the instance before the profile."""
        named = len(arguments) == 3 and arguments[1] == uuid_of(self.profile)
        return arguments[0] if named else None


@dataclass(frozen=True)
class Crash:
    """The process that works on a message dies; the message comes back after `wait` seconds."""

    wait: float = 720

    kind = "crash"

    def __str__(self) -> str:
        return f"crash, back after {self.wait:g} s"

    def matters(self, call: Call, before: Call | None, stamps: str) -> bool:
        """After something took effect; between two effects all moments are one."""
        del call, stamps
        return before is not None and before[0].startswith(MUTATING)


@dataclass(frozen=True)
class Other:
    """The other message, of another profile, is delivered now."""

    kind = "other"

    def __str__(self) -> str:
        return "the other message is delivered"

    def matters(self, call: Call, before: Call | None, stamps: str) -> bool:
        """Before what both repairs use."""
        del before, stamps
        return call[0].startswith(SHARED)


@dataclass(frozen=True)
class Redeliver:
    """The message that ended last comes once more."""

    kind = "redeliver"

    def __str__(self) -> str:
        return "redelivered"

    def matters(self, call: Call, before: Call | None, stamps: str) -> bool:
        """Only once everything is worked off."""
        del call, before, stamps
        return False


Action = Edit | Crash | Other | Redeliver
Decision = tuple[int, Action]
"""Before which of our calls, counted from the beginning, something happens."""


def left(budget: Counter[str], decisions: Iterable[Decision]) -> Counter[str]:
    """What may still happen."""
    return budget - Counter(action.kind for _, action in decisions)


def in_words(decisions: Iterable[Decision]) -> str:
    return "; ".join(f"before call {at}: {action}" for at, action in decisions) or "nothing"
