"""Since when the AI agents of the account and region are known: a sweep is proven when all that it
listed were evaluated since it began.

That a sweep has asked for everybody proves nothing: an AI agent whose evaluation fails has no edges
to the security profiles attached to it. A newer sweep in progress changes nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from toolgrant.domain.records import AgentKey, SweepProgress, Unproven
from toolgrant.errors import ServiceUnavailable, Throttled
from toolgrant.usecases.ports import Store

MOST_READ = 200
"""How many records a fix reads for a proof; with more, it waits for the sweep's next run."""


def prove(progress: SweepProgress, store: Store) -> SweepProgress:
    """Strike off what was evaluated since, so that it is not read again; with nobody left, the
    sweep is proven."""
    checked = {sweep.started_at: _checked(sweep, store) for sweep in progress.unproven}
    own = checked.get(progress.started_at)
    after = replace(
        progress,
        waiting=own.waiting if own else progress.waiting,
        older=checked[progress.older.started_at] if progress.older else None,
    )
    proven = next((sweep for sweep in checked.values() if not sweep.waiting), None)
    return replace(after, proven_at=proven.started_at, older=None) if proven else after


def proven_at(store: Store) -> datetime | None:
    """When the newest proven sweep began, by what the records say now. Writes nothing."""
    progress = store.sweep_progress()
    if progress is None:
        return None
    proven = (sweep.started_at for sweep in progress.unproven if _is_proven(sweep, store))
    return next(proven, progress.proven_at)


def _is_proven(sweep: Unproven, store: Store) -> bool:
    return len(sweep.waiting) <= MOST_READ and all(
        _evaluated(key, sweep.started_at, store) for key in sorted(sweep.waiting)
    )


def _checked(sweep: Unproven, store: Store) -> Unproven:
    done = set()
    for key in sorted(sweep.waiting):
        try:
            if _evaluated(key, sweep.started_at, store):
                done.add(key)
        except (Throttled, ServiceUnavailable):
            break  # the next run goes on
    return replace(sweep, waiting=sweep.waiting - done)


def _evaluated(key: AgentKey, since: datetime, store: Store) -> bool:
    """Whether an evaluation that began since then has finished, be it that the AI agent is gone."""
    try:
        at = store.load(key).started_at
    except (Throttled, ServiceUnavailable):
        raise
    except Exception:  # a record that cannot be read proves nothing, and must not stop the others
        return False
    return at is not None and at >= since
