"""What changed → a plan of frozen steps, each with its reason. Nothing here writes.

`decide` plans what people hear; what is done about missing grants is in `fixing/policy.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from toolgrant.domain.findings import Change, Reconciled


@dataclass(frozen=True)
class Notify:
    """Tell people about these changes in one alert."""

    changes: tuple[Change, ...]
    reason: str


@dataclass(frozen=True)
class Recheck:
    """Look again at `at`, when what is only suspected must have settled."""

    at: datetime
    reason: str


@dataclass(frozen=True)
class StaySilent:
    """Tell nobody."""

    reason: str


Step = Notify | Recheck | StaySilent


def decide(reconciled: Reconciled) -> tuple[Step, ...]:
    """The plan for one evaluation."""
    steps: list[Step] = []
    if reconciled.recheck_at:
        steps.append(Recheck(reconciled.recheck_at, "new problems may settle by themselves"))
    if reconciled.changes:
        steps.append(Notify(reconciled.changes, "the state of findings changed"))
    return tuple(steps) or (StaySilent("no finding changed"),)


def describe(step: Step) -> str:
    """One line of a dry run or audit record."""
    match step:
        case Notify():
            told = ", ".join(
                f"{change.status} {change.finding.tool_name}" for change in step.changes
            )
            return f"Notify: {told} ({step.reason})"
        case Recheck():
            return f"Recheck at {step.at.isoformat()} ({step.reason})"
        case StaySilent():
            return f"StaySilent ({step.reason})"
