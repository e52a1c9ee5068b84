"""What every use case works with, and the one thing they all end with: publish what is pending."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from toolgrant.domain.alerts.render import Rendered
from toolgrant.domain.catalog import Catalog
from toolgrant.errors import ToolgrantError
from toolgrant.usecases.agent_reader import AgentReader
from toolgrant.usecases.fix_facts import Fixing
from toolgrant.usecases.ports import Agents, ChangeQueue, Clock, Journal, Notifier, Profiles, Store

COMMIT_ATTEMPTS = 5
CLAIM = timedelta(seconds=10)
"""How long a publisher may take before others may publish the same alert again. Shorter than the
first delay of throttled work, or the look that was put off would find its own claim and pass by."""


@dataclass(frozen=True)
class Deps:
    """Everything that a batch works with."""

    agents: Agents
    profiles: Profiles
    store: Store
    notifier: Notifier
    queue: ChangeQueue
    journal: Journal
    clock: Clock
    catalog: Catalog
    settle: timedelta
    language: str
    fixing: Fixing | None = None
    """None in mode `warn`."""

    @property
    def reader(self) -> AgentReader:
        """The reading half."""
        return AgentReader(self.agents, self.profiles, self.store, self.catalog)


def publish_pending(ai_agent_id: str | None, deps: Deps) -> int:
    """Publish what waits in the outbox, of one AI agent or (None) of all, and send fix requests.

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
        _send_fixes(ai_agent_id, deps, deps.fixing)
    return published


def _send_fixes(ai_agent_id: str | None, deps: Deps, fixing: Fixing) -> None:
    """After the alerts, so that people hear of a problem before they hear that it is fixed."""
    for commit_id, requests in deps.store.pending_fixes(ai_agent_id).items():
        for request in requests:
            fixing.queue.send(request)
        deps.store.drop_sent(commit_id)


def _publish(alert: Rendered, deps: Deps) -> bool:
    """False if another batch is publishing it this moment."""
    now = deps.clock.now()
    if not deps.store.claim(alert.alert_id, now, now + CLAIM):
        return False
    deps.notifier.publish(alert)
    deps.store.drop_published(alert.alert_id)
    deps.journal.count("AlertsPublished")
    return True
