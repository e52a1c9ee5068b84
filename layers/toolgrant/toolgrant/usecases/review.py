"""One review of one AI agent: the whole story on one page.

load what is on record → look at the services → reconcile → decide → commit (findings, edges and the
pending alert in one transaction) → publish. Dying at any line is safe: before the commit nothing
happened, after it the alert waits in the outbox for the next review or sweep.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from toolgrant.domain.alerts import Alert, alert_id
from toolgrant.domain.catalog import Catalog
from toolgrant.domain.findings import Change, Moment, Reconciled, Resolution, reconcile
from toolgrant.domain.messages import Rendered, render
from toolgrant.domain.model import clip
from toolgrant.domain.policy import Notify, Recheck, Step, decide, describe
from toolgrant.domain.problems import observe
from toolgrant.domain.records import AgentRecord, AgentRequest
from toolgrant.errors import Conflict, NotFound
from toolgrant.usecases.audit import decision_fields, outcome_record, verdict_counts
from toolgrant.usecases.look import Look, NotJudged, Seen
from toolgrant.usecases.ports import (
    Agents,
    Clock,
    Journal,
    Notifier,
    Profiles,
    Queue,
    Store,
)

COMMIT_ATTEMPTS = 5
CLOCK_GRAIN = timedelta(seconds=1)
"""CloudTrail cuts eventTime to whole seconds."""


@dataclass(frozen=True)
class Deps:
    """Everything that a batch works with."""

    agents: Agents
    profiles: Profiles
    store: Store
    notifier: Notifier
    queue: Queue
    journal: Journal
    clock: Clock
    catalog: Catalog
    settle: timedelta
    language: str

    @property
    def look(self) -> Look:
        """The reading half."""
        return Look(self.agents, self.profiles, self.store, self.catalog)


def review(request: AgentRequest, deps: Deps, started_at: datetime) -> str:
    """Bring the record of one AI agent up to date and tell what changed.

    `started_at` is when this batch began to read, the age of its oldest cached answer. Returns the
    outcome: `evaluated`, `deleted`, `stale`, `superseded` or `not-judged`.
    """
    record = deps.store.load(request.key)
    if _is_stale(record, request, deps.settle):
        outcome = _done(request, record, "stale", deps)
    else:
        outcome = _evaluate(request, record, deps, started_at)
    publish_pending(request.key.ai_agent_id, deps)
    return outcome


def publish_pending(ai_agent_id: str | None, deps: Deps) -> int:
    """Publish what waits in the outbox, of one AI agent or (None) of all. Returns how many."""
    count = 0
    for alert in deps.store.pending(ai_agent_id):
        deps.notifier.publish(alert)
        deps.store.published(alert.alert_id)
        deps.journal.count("AlertsPublished")
        count += 1
    return count


def _is_stale(record: AgentRecord, request: AgentRequest, settle: timedelta) -> bool:
    """Whether an evaluation that began well after this event has already finished."""
    event_time = request.observed.at if request.observed else request.cause.event_time
    if event_time is None or record.started_at is None:
        return False
    slack = timedelta() if request.observed else settle + CLOCK_GRAIN
    return event_time + slack < record.started_at


def _evaluate(request: AgentRequest, record: AgentRecord, deps: Deps, started_at: datetime) -> str:
    began = request.observed.at if request.observed else started_at
    try:
        seen: Seen | NotJudged | None = deps.look.at(request)
    except NotFound:
        seen = None if record.version else NotJudged("the AI agent is gone")
    if isinstance(seen, NotJudged):
        return _done(request, record, "not-judged", deps, reason=seen.reason)
    for _ in range(COMMIT_ATTEMPTS):
        if record.started_at and record.started_at > began:
            return _done(request, record, "superseded", deps)
        try:
            return _Evaluation(request, record, seen, began, deps).commit()
        except Conflict:
            record = deps.store.load(request.key)
    raise Conflict(f"AI agent {request.key.ai_agent_id}: other evaluations keep writing")


@dataclass(frozen=True)
class _Evaluation:
    """What was read, against what is on record. `seen` None: the AI agent is gone."""

    request: AgentRequest
    record: AgentRecord
    seen: Seen | None
    began: datetime
    deps: Deps

    def commit(self) -> str:
        """Decide and commit. Raises Conflict; the record must then be read again."""
        now = self.deps.clock.now()
        reconciled = self._reconcile(now)
        steps = decide(reconciled)
        after = self._after(reconciled)
        alert = self._alert(steps, after, now)
        rendered = render(alert, self.deps.language) if alert else None
        self._ask_again(steps, now)
        self.deps.store.commit(after, self.record, rendered)
        return self._report(after, steps, rendered)

    def _reconcile(self, now: datetime) -> Reconciled:
        moment = Moment(now, self.request.cause.event_time, self.deps.settle)
        known = self.record.findings
        if self.seen is None:
            return reconcile(known, (), moment, Resolution.AGENT_DELETED)
        names = frozenset(
            clip(result.tool.name) for one in self.seen.judged for result in one.result.tools
        )
        problems = observe(self.seen.instance_id, self.seen.judged)
        return reconcile(known, problems, moment, tool_names=names)

    def _after(self, reconciled: Reconciled) -> AgentRecord:
        kept = replace(
            self.record,
            version=self.record.version + 1,
            started_at=self.began,
            findings={finding.id: finding for finding in reconciled.findings},
        )
        if self.seen is None:
            return replace(kept, qualifiers=(), edges=frozenset())
        return replace(
            kept,
            instance_id=self.seen.instance_id,
            name=self.seen.draft.name,
            arn=self.seen.draft.arn,
            qualifiers=tuple(one.qualifier for one in self.seen.judged),
            edges=self.seen.edges,
        )

    def _alert(self, steps: Sequence[Step], after: AgentRecord, now: datetime) -> Alert | None:
        changes = next((step.changes for step in steps if isinstance(step, Notify)), None)
        if changes is None:
            return None
        affected = {qualifier for change in changes for qualifier in change.finding.qualifiers}
        return Alert(
            alert_id=alert_id(after.key.ai_agent_id, after.version),
            time=now,
            instance_id=after.instance_id,
            agent_name=after.name,
            agent_arn=after.arn,
            ai_agent_id=after.key.ai_agent_id,
            qualifiers=tuple(sorted(affected)),
            changes=changes,
            actor=self.request.cause.actor,
            event_name=self.request.cause.event_name,
            profiles=self._profile_names(changes),
        )

    def _profile_names(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """Names cost calls, so only for an alert that tells people to open a profile."""
        lacking = any(change.finding.missing for change in changes)
        return self.deps.look.profile_names(self.seen) if self.seen and lacking else ()

    def _ask_again(self, steps: Sequence[Step], now: datetime) -> None:
        """Before the commit: a look too many is harmless, a look too few loses the finding."""
        for step in steps:
            if isinstance(step, Recheck):
                cause = replace(self.request.cause, reason="recheck", event_time=step.at)
                again = AgentRequest(self.request.key, cause, self.request.instance_id)
                self.deps.queue.send(again, max(step.at - now, timedelta()))

    def _report(self, after: AgentRecord, steps: Sequence[Step], alert: Rendered | None) -> str:
        outcome = "evaluated" if self.seen else "deleted"
        journal = self.deps.journal
        for metric, value in verdict_counts(self.seen).items():
            journal.count(metric, value)
        plan = [describe(step) for step in steps]
        journal.decision(
            {
                **outcome_record(self.request, after, outcome),
                **decision_fields(self.seen, plan, alert),
            }
        )
        return outcome


def _done(
    request: AgentRequest, record: AgentRecord, outcome: str, deps: Deps, reason: str = ""
) -> str:
    deps.journal.decision(outcome_record(request, record, outcome, reason))
    return outcome
