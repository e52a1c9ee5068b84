"""One review of one AI agent: the whole story on one page.

load what is on record → look at the services → reconcile → decide → commit (findings, edges and the
pending alert in one transaction) → publish. Dying at any line is safe: after the commit the alert
waits in the outbox for the next review or sweep.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from toolgrant.domain.alerts.alert import Alert, alert_id
from toolgrant.domain.alerts.render import Rendered, render
from toolgrant.domain.findings import Change, Moment, Reconciled, reconcile
from toolgrant.domain.fixing.history import TakenAway
from toolgrant.domain.fixing.ledger import EVENT_GRAIN
from toolgrant.domain.fixing.policy import describe_plan
from toolgrant.domain.json_fields import JsonObject
from toolgrant.domain.model import FindingKind
from toolgrant.domain.plan import Step, decide, describe
from toolgrant.domain.problems import JudgedQualifier, problems_of, scope_of
from toolgrant.domain.records import AgentRecord
from toolgrant.domain.requests import AgentRequest, Outcome, again
from toolgrant.errors import Conflict
from toolgrant.usecases.agent_reader import JudgedAgent, OutOfScope, agent_reader
from toolgrant.usecases.audit import decision_fields, flow_fields, outcome_record, verdict_counts
from toolgrant.usecases.deps import COMMIT_ATTEMPTS, Deps
from toolgrant.usecases.losses import take_losses
from toolgrant.usecases.outbox import publish_pending
from toolgrant.usecases.plan_fixes import (
    NOTHING,
    AttachedFacts,
    PlannedFixes,
    facts_once,
    plan_fixes,
    shown_in,
    with_fixes,
)
from toolgrant.usecases.refused_saves import close_refused_create, closes_notices, with_remedies


def review(request: AgentRequest, deps: Deps, started_at: datetime) -> str:
    """Bring the record of one AI agent up to date and tell what changed.

    `started_at` is when this batch began to read. Returns the outcome: `evaluated`,
    `agent-deleted`, `not-judged`, `stale` or `superseded`."""
    record = deps.store.load(request.key)
    if _is_stale(record, request, deps.settle):
        outcome = _done(request, record, Outcome.STALE, deps)
    else:
        outcome = _evaluate(request, record, deps, started_at)
    publish_pending(request.key.ai_agent_id, deps)
    return outcome


def _is_stale(record: AgentRecord, request: AgentRequest, settle: timedelta) -> bool:
    """Whether an evaluation that began well after this event has already finished."""
    event_time = request.observed.at if request.observed else request.cause.event_time
    if event_time is None or record.started_at is None or closes_notices(record, request):
        return False
    slack = timedelta() if request.observed else settle + EVENT_GRAIN
    return event_time + slack < record.started_at


def _evaluate(request: AgentRequest, record: AgentRecord, deps: Deps, started_at: datetime) -> str:
    if request.observed and request.observed.at > started_at:  # a clock that cannot be trusted
        request = replace(request, observed=None)
    began = request.observed.at if request.observed else started_at
    agent = agent_reader(deps).look(request)
    if isinstance(agent, OutOfScope) and not record.qualifiers and not record.findings:
        return _done(request, record, Outcome.NOT_JUDGED, deps, reason=agent.reason)
    decided: Callable[[_Against], str]
    if isinstance(agent, OutOfScope):
        decided = partial(_forget, agent)
    else:  # once: what was taken away is told by the attempt that succeeds
        taken = take_losses(agent, began, deps)
        decided = partial(_judge, agent, taken, facts_once(agent, deps))
    for _ in range(COMMIT_ATTEMPTS):
        if record.started_at and record.started_at > began:
            return _done(request, record, Outcome.SUPERSEDED, deps)
        against = _Against(request, record, began, deps.clock.now(), deps)
        try:
            return decided(against)
        except Conflict:
            record = deps.store.load(request.key)
    raise Conflict(f"AI agent {request.key.ai_agent_id}: other evaluations keep writing")


def _forget(gone: OutOfScope, against: _Against) -> str:
    """Nothing of the AI agent is judged any more: every finding is over."""
    reconciled = reconcile(against.record.findings, (), against.moment, gone.resolution)
    after = replace(against.after(reconciled), qualifiers=(), edges=frozenset())
    alert = against.alert(reconciled.changes, after) if reconciled.changes else None
    rendered = against.commit(after, alert)
    decided = outcome_record(against.request, after, gone.resolution, gone.reason)
    against.report((), decided, decide(reconciled), rendered)
    return gone.resolution


def _judge(
    agent: JudgedAgent, taken: tuple[TakenAway, ...], facts: AttachedFacts, against: _Against
) -> str:
    """Verdicts, findings, plan and alert of an AI agent that is there."""
    problems = problems_of(agent.instance_id, agent.judged)
    known, moment = against.record.findings, against.moment
    reconciled = reconcile(known, problems, moment, scope_of(agent.judged))
    event_name = against.request.cause.event_name
    fixes = plan_fixes(reconciled, agent, taken, event_name, facts, against.deps)
    told = with_fixes(reconciled, fixes, agent.key.ai_agent_id)
    after = replace(
        against.after(told),
        instance_id=agent.instance_id,
        name=agent.first.name,
        arn=agent.first.arn,
        qualifiers=tuple(judged.qualifier for judged in agent.judged),
        edges=agent.edges,
    )
    alert = _alert(agent, told.changes, after, fixes, against) if told.changes else None
    against.ask_again(told.recheck_at)
    rendered = against.commit(after, alert, fixes)
    decided = {
        **outcome_record(against.request, after, Outcome.EVALUATED, omitted=told.omitted),
        **flow_fields(agent.flows, agent.not_there),
    }
    against.report(agent.judged, decided, decide(told), rendered, describe_plan(fixes.plan))
    return Outcome.EVALUATED


def _alert(
    agent: JudgedAgent,
    changes: tuple[Change, ...],
    after: AgentRecord,
    fixes: PlannedFixes,
    against: _Against,
) -> Alert:
    return replace(
        against.alert(changes, after),
        profiles=_profile_names(agent, changes, against.deps),
        flows=agent.flows,
        change_id=fixes.change_id,
        proposal=fixes.proposal,
    )


def _profile_names(agent: JudgedAgent, changes: Sequence[Change], deps: Deps) -> Mapping[str, str]:
    """Names cost calls, so only for an alert that sends people to a profile."""
    findings = [change.finding for change in changes]
    needed = any(f.missing or f.kind is FindingKind.ASSOCIATION_GAP for f in findings)
    return agent_reader(deps).profile_names(agent) if needed else {}


@dataclass(frozen=True)
class _Against:
    """The request, and the record as it was loaded; `now` is when the evaluation decides."""

    request: AgentRequest
    record: AgentRecord
    began: datetime
    now: datetime
    deps: Deps

    @property
    def moment(self) -> Moment:
        """When the evaluation looks."""
        cause = self.request.cause
        # A second look tells what it finds: it must not be put off by itself again and again.
        event_time, due = cause.event_time, None
        if cause.reason == "recheck":
            event_time, due = None, event_time
        return Moment(self.now, event_time, self.deps.settle, self._saved_at, due)

    @property
    def _saved_at(self) -> datetime | None:
        """A save in the future would close every notice to come."""
        times = (self.record.saved_at, self.request.saved_at)
        return max((min(time, self.now) for time in times if time), default=None)

    def after(self, reconciled: Reconciled) -> AgentRecord:
        """The record with its findings as they stand now."""
        return replace(
            self.record,
            version=self.record.version + 1,
            started_at=self.began,
            saved_at=self._saved_at,
            findings={finding.id: finding for finding in reconciled.findings},
        )

    def alert(self, changes: tuple[Change, ...], after: AgentRecord) -> Alert:
        """What people are told of these changes."""
        affected = {qualifier for change in changes for qualifier in change.finding.qualifiers}
        return Alert(
            alert_id=alert_id(after.key.ai_agent_id, after.version),
            time=self.now,
            instance_id=after.instance_id,
            agent_name=after.name,
            agent_arn=after.arn,
            ai_agent_id=after.key.ai_agent_id,
            qualifiers=tuple(sorted(affected)),
            changes=with_remedies(changes, self.deps),
            actor=self.request.cause.actor,
            event_name=self.request.cause.event_name,
        )

    def ask_again(self, at: datetime | None) -> None:
        """Before the commit: a look too many is harmless, a look too few loses the finding."""
        if at is None:
            return
        request, cause = self.request, replace(self.request.cause, reason="recheck", event_time=at)
        asked = AgentRequest(request.key, cause, request.instance_id)
        if request.cause.reason == "recheck":
            asked = replace(asked, attempt=again(request, "looked too early").attempt)
        self.deps.queue.send(asked, max(at - self.now, timedelta()))

    def commit(
        self, after: AgentRecord, alert: Alert | None, fixes: PlannedFixes = NOTHING
    ) -> Rendered | None:
        """Store all of it at once; the alert as it is told. Raises Conflict: the record must then
        be read again."""
        deps, saved_at = self.deps, self.request.saved_at
        rendered = render(alert, deps.language) if alert else None
        if saved_at:
            close_refused_create(after, saved_at, self.request.cause, deps)
        shown = shown_in(alert, fixes.plan.offers)
        deps.store.commit(after, self.record, rendered, fixes.plan.repairs, shown)
        return rendered

    def report(
        self,
        judged: Sequence[JudgedQualifier],
        decided: JsonObject,
        steps: Sequence[Step],
        alert: Rendered | None,
        fixes: Sequence[str] = (),
    ) -> None:
        """The audit record and the metrics."""
        journal = self.deps.journal
        for metric, value in verdict_counts(judged).items():
            journal.count(metric, value)
        plan = [*(describe(step) for step in steps), *fixes]
        journal.decision({**decided, **decision_fields(judged, plan, alert)})


def _done(
    request: AgentRequest, record: AgentRecord, outcome: str, deps: Deps, reason: str = ""
) -> str:
    deps.journal.decision(outcome_record(request, record, outcome, reason))
    return outcome
