"""sweep: every AI agent is enqueued for evaluation, page by page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from toolgrant.bootstrap import has_time, runtime
from toolgrant.domain.catalog import packaged
from toolgrant.usecases.sweep import counts, sweep

RESERVE_MILLISECONDS = 60_000
"""Time kept back for one page of AI agents; the next run goes on where this one stopped."""


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """The schedule's call sweeps when it is due; a call by hand sweeps now. Returns the counts."""
    run = runtime()
    scheduled = isinstance(event, dict) and event.get("trigger") == "schedule"
    interval = run.settings.sweep_interval if scheduled else timedelta()
    try:
        time_left = has_time(context, RESERVE_MILLISECONDS)
        return counts(sweep(run.deps(packaged()), interval, time_left))
    finally:
        run.journal.flush()
