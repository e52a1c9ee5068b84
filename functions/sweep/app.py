"""sweep: every AI agent is enqueued for evaluation, page by page; contact flows are read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from toolgrant.bootstrap import has_time, runtime
from toolgrant.domain.catalog import packaged
from toolgrant.usecases.contact_flows import A_DAY, read_flows
from toolgrant.usecases.sweep import counts, sweep

RESERVE_MILLISECONDS = 60_000
"""Time kept back for one page of AI agents, or one contact flow; the next run goes on where this
one stopped."""


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """The schedule's call sweeps when it is due; a call by hand sweeps now. Returns the counts."""
    run = runtime()
    scheduled = isinstance(event, dict) and event.get("trigger") == "schedule"
    interval = run.settings.sweep_interval if scheduled else timedelta()
    try:
        time_left, deps = has_time(context, RESERVE_MILLISECONDS), run.deps(packaged())
        swept = counts(sweep(deps, interval, time_left))
        read_flows(deps, A_DAY if scheduled else timedelta(), time_left)
        return swept
    finally:
        run.journal.flush()
