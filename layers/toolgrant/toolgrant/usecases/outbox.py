"""The outbox: what a commit left to be told and to be fixed is published, then cleared."""

from __future__ import annotations

from datetime import timedelta

from toolgrant.domain.alerts.render import Rendered
from toolgrant.errors import ToolgrantError
from toolgrant.usecases.deps import Deps
from toolgrant.usecases.fix_ports import FixQueue
from toolgrant.usecases.ports import Store

CLAIM = timedelta(seconds=10)
"""How long a publisher may take before others may publish the same alert again. Shorter than the
first delay of throttled work, or the look that was put off would find its own claim and pass by."""


def publish_pending(ai_agent_id: str | None, deps: Deps) -> int:
    """Publish what waits in the outbox, of one AI agent or (None) of all, and send repairs.

    Returns how many alerts.
    """
    published, failure = 0, None
    for alert in deps.store.pending(ai_agent_id):
        try:
            published += _publish(alert, deps)
        except ToolgrantError as error:  # the alerts behind it must not wait for it
            failure = failure or error
    if failure:
        raise failure
    if deps.fixing:
        _send_fixes(ai_agent_id, deps.store, deps.fixing.queue)
    return published


def _send_fixes(ai_agent_id: str | None, store: Store, queue: FixQueue) -> None:
    """After the alerts, so that people hear of a problem before they hear that it is fixed."""
    for commit_id, repairs in store.pending_fixes(ai_agent_id).items():
        for repair in repairs:
            queue.send(repair)
        store.drop_sent(commit_id)


def _publish(alert: Rendered, deps: Deps) -> bool:
    """False if another batch is publishing it this moment."""
    now = deps.clock.now()
    if not deps.store.claim(alert, now, now + CLAIM):
        return False
    deps.notifier.publish(alert)
    deps.store.drop_published(alert)
    deps.journal.count("AlertsPublished")
    return True
