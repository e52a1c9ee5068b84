"""Goes through all orders: each run is repeated from the beginning, with one more thing happening.

A run is given by its decisions alone. What a run leads to depends, after a crash and at its end,
on nothing but what outlives the process: a state that was seen there before is not gone on with.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.explore.account import Account
from tests.explore.actions import Action, Call, Crash, Decision, Edit, Other, Redeliver, left
from tests.explore.invariants import Excused, violations
from tests.fakes import Crash as Died

SWEEPS_AFTER = (1200, 3600)
"""Seconds until the sweeps that settle what is left."""


class Idle(BaseException):
    """The action would change nothing here, or its outcome is known."""


@dataclass(frozen=True)
class Start:
    """A beginning: what is there, and what may happen how often."""

    account: Account
    actions: tuple[Action, ...]
    budget: Counter[str]


@dataclass
class Found:
    """What an exploration saw."""

    runs: int = 0
    ends: int = 0
    states: set[str] = field(default_factory=set)
    known: int = 0
    excused: Counter[str] = field(default_factory=Counter)
    broken: list[tuple[tuple[Decision, ...], str]] = field(default_factory=list)

    def __str__(self) -> str:
        excused = "; ".join(f"{n} × {why}" for why, n in self.excused.items()) or "none"
        return (
            f"{self.runs} runs, {len(self.states)} states ({self.known} times met again), "
            f"{self.ends} ends judged, {len(self.broken)} broken; nobody could know: {excused}"
        )

    def new(self, state: str) -> bool:
        """Whether a state is seen for the first time."""
        size = len(self.states)
        self.states.add(state)
        self.known += len(self.states) == size
        return len(self.states) > size


@dataclass
class Run:
    """One run: the calls that were made, and where it goes on."""

    start: Start
    decisions: tuple[Decision, ...]
    found: Found
    account: Account = field(init=False)
    calls: list[Call] = field(default_factory=list)
    done: int = 0
    nested: bool = False

    def __post_init__(self) -> None:
        self.account = copy.deepcopy(self.start.account)

    def go(self) -> bool:
        """Everything but what settles at the end. False if nothing new can come of it."""
        try:
            self.account.meanwhile = self._before
            self.account.work_all()
            while self.done < len(self.decisions):
                self._due()
                self.account.work_all()
        except Idle:
            return False
        finally:
            self.account.meanwhile = None
        self.account.calls.forget()
        return True

    def _before(self, name: str, arguments: tuple[Any, ...]) -> None:
        self._due()
        self.calls.append((name, arguments))

    def _due(self) -> None:
        while self.done < len(self.decisions) and self.decisions[self.done][0] == len(self.calls):
            self.done += 1
            self._act(self.decisions[self.done - 1][1])

    def _act(self, action: Action) -> None:
        account = self.account
        if isinstance(action, Edit):
            if not account.person(
                action.profile, action.add, action.remove, action.seen, action.told
            ):
                raise Idle
        elif isinstance(action, Crash):
            self._die(action)
        elif isinstance(action, Redeliver):
            account.last.due = account.clock.now()
            account.messages.append(account.last)
        else:
            self._other()

    def _die(self, crash: Crash) -> None:
        self.account.wait_after_crash = crash.wait
        last = self.done == len(self.decisions)
        if last and not self.nested and not self.found.new(self._state(f"dies {crash.wait}")):
            raise Idle
        raise Died

    def _other(self) -> None:
        others = self.account.heads()
        if not others or self.nested:
            raise Idle
        self.nested = True
        self.account.deliver_fix(others[0])
        self.nested = False

    def _state(self, where: str) -> str:
        remaining = sorted(left(self.start.budget, self.decisions).items())
        return f"{where} {remaining} {self.account.fingerprint()}"

    def new_end(self) -> bool:
        """Whether it ended in a state that was not seen before."""
        return self.found.new(self._state("ends"))

    def next(self, ended_new: bool) -> Iterator[tuple[Decision, ...]]:
        """The same with one more thing that happens later."""
        remaining = left(self.start.budget, self.decisions)
        actions = [action for action in self.start.actions if remaining[action.kind]]
        first = self.decisions[-1][0] if self.decisions else 0
        for at in range(first, len(self.calls)):
            before = self.calls[at - 1] if at else None
            for action in actions:
                if self._may(at, action) and action.matters(
                    self.calls[at], before, self.start.account.stamps
                ):
                    yield (*self.decisions, (at, action))
        for action in actions if ended_new else ():
            if isinstance(action, Edit | Redeliver):
                yield (*self.decisions, (len(self.calls), action))

    def _may(self, at: int, action: Action) -> bool:
        """Two things at one moment: only what an edit is followed by, so that no order is tried
        twice."""
        if not self.decisions or self.decisions[-1][0] < at:
            return True
        return isinstance(self.decisions[-1][1], Edit) and not isinstance(action, Edit)


def explore(start: Start, found: Found, begin: tuple[Decision, ...] = ()) -> None:
    """Every run from these decisions on."""
    todo = [begin]
    while todo:
        todo += try_one(start, todo.pop(), found)[::-1]


def try_one(
    start: Start, decisions: tuple[Decision, ...], found: Found
) -> list[tuple[Decision, ...]]:
    """One run, judged where its end is new; what comes next."""
    run = Run(start, decisions, found)
    if not run.go():
        return []
    found.runs += 1
    ended_new = run.new_end()
    if ended_new:
        _judge(run, found)
    return list(run.next(ended_new))


def _judge(run: Run, found: Found) -> None:
    """Let everything settle: with the records of edits that are late, and without."""
    unpublished = run.account.unpublished
    for late in (True, False) if unpublished else (True,):
        account = copy.deepcopy(run.account)
        settle(account, unpublished if late else [])
        excused = Excused()
        broken = violations(account, excused)
        found.ends += 1
        found.excused += excused.counted
        suffix = "" if not unpublished else "; records late" if late else "; records lost"
        found.broken += [(run.decisions, f"{text}{suffix}") for text in broken]


def settle(account: Account, records: Sequence[str]) -> None:
    """Late records arrive, messages are worked off, and sweeps look at everything."""
    account.happens(*records)
    account.later(62)
    account.work_all()
    for seconds in SWEEPS_AFTER:
        account.clock.advance(seconds)
        account.sweep()
        account.drain()
        account.later(62)
        account.work_all()


__all__ = ["Action", "Crash", "Edit", "Found", "Other", "Redeliver", "Start", "explore", "settle"]
