"""From what changed to a plan, and the plan as text."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.unit.test_findings import INSUFFICIENT, UNKNOWN

from toolgrant.domain.findings import Change, Reconciled, Status
from toolgrant.domain.plan import Notify, Recheck, StaySilent, Step, decide, describe

AT = datetime(2026, 11, 23, 12, 1, tzinfo=UTC)
OPENED = Change(Status.OPENED, INSUFFICIENT)
RESOLVED = Change(Status.RESOLVED, UNKNOWN)


@pytest.mark.parametrize(
    ("reconciled", "plan"),
    [
        (Reconciled(()), ["StaySilent (no finding changed)"]),
        (
            Reconciled((INSUFFICIENT,), (OPENED,)),
            ["Notify: opened CreateCase (the state of findings changed)"],
        ),
        (
            Reconciled((), (OPENED, RESOLVED)),
            ["Notify: opened CreateCase, resolved CreateCase (the state of findings changed)"],
        ),
        (
            Reconciled((INSUFFICIENT,), (), AT),
            ["Recheck at 2026-11-23T12:01:00+00:00 (new problems may settle by themselves)"],
        ),
        (
            Reconciled((INSUFFICIENT,), (RESOLVED,), AT),
            [
                "Recheck at 2026-11-23T12:01:00+00:00 (new problems may settle by themselves)",
                "Notify: resolved CreateCase (the state of findings changed)",
            ],
        ),
    ],
)
def test_a_plan_reads_as_text(reconciled: Reconciled, plan: list[str]) -> None:
    assert [describe(step) for step in decide(reconciled)] == plan


def test_a_plan_only_tells_looks_again_or_is_silent() -> None:
    steps: list[Step] = [*decide(Reconciled((), (OPENED,), AT)), *decide(Reconciled(()))]

    assert {type(step) for step in steps} == {Notify, Recheck, StaySilent}
