"""Every call of a port goes through one `Calls`: it counts it, can make it fail and can let the
process die in it (`Crash`), before or after it took effect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


class Crash(BaseException):
    """The process dies here; nothing may catch it."""


@dataclass
class Fault:
    """Raise `error` in the `nth` call (from 1) whose name starts with `name`."""

    name: str
    nth: int
    error: BaseException
    after: bool = False
    times: int = 1


@dataclass
class Calls:
    """What was called, in order, and what is to go wrong."""

    log: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    on_call: Callable[[str, tuple[Any, ...]], None] = lambda *_: None

    @contextmanager
    def made(self, name: str, *arguments: Any) -> Iterator[None]:
        self.log.append((name, arguments))
        self.on_call(name, arguments)
        due = [fault for fault in self.faults if name.startswith(fault.name)]
        for fault in due:
            fault.nth -= 1
        now = [fault for fault in due if fault.nth <= 0 < fault.nth + fault.times]
        self._raise(fault for fault in now if not fault.after)
        yield
        self._raise(fault for fault in now if fault.after)

    @staticmethod
    def _raise(faults: Iterator[Fault]) -> None:
        for fault in faults:
            raise fault.error

    def count(self, prefix: str = "") -> Counter[str]:
        return Counter(name for name, _ in self.log if name.startswith(prefix))

    def to(self, name: str) -> list[tuple[Any, ...]]:
        return [arguments for called, arguments in self.log if called == name]

    def forget(self) -> None:
        self.log.clear()
