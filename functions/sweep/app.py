"""sweep: the schedule's call → every AI agent is enqueued for evaluation."""

from __future__ import annotations

from typing import Any

from toolgrant.bootstrap import runtime
from toolgrant.usecases.sweep import sweep


def handler(_event: dict[str, Any], _context: Any) -> dict[str, int]:
    """Returns the counts of the sweep."""
    run = runtime()
    try:
        return dict(vars(sweep(run.deps())))
    finally:
        run.journal.flush()
