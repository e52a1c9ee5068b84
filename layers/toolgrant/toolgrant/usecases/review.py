"""One review of one AI agent: the whole story on one page.

load what is on record → look at the services → reconcile → decide → commit (findings, edges and the
pending alert in one transaction) → publish. Dying at any line is safe: before the commit nothing
happened, after it the alert waits in the outbox for the next review or sweep.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from toolgrant.domain.alerts.alert import Alert, alert_id
from toolgrant.domain.alerts.render import Rendered, render
from toolgrant.domain.findings import Change, Moment, Reconciled, Resolution, reconcile
from toolgrant.domain.fixing.proposal import merged
from toolgrant.domain.model import FindingKind
from toolgrant.domain.plan import Notify, Recheck, Step, decide, describe
from toolgrant.domain.problems import problems_of, scope_of
from toolgrant.domain.records import AgentRecord
from toolgrant.domain.requests import AgentRequest
from toolgrant.errors import Conflict, NotFound
from toolgrant.usecases.agent_reader import JudgedAgent, OutOfScope, agent_reader
from toolgrant.usecases.audit import decision_fields, outcome_record, verdict_counts
from toolgrant.usecases.deps import COMMIT_ATTEMPTS, Deps
from toolgrant.usecases.outbox import publish_pending
from toolgrant.usecases.plan_fixes import PlannedFixes, plan_fixes, with_fixes
from toolgrant.usecases.refused_saves import close_refused_create

CLOCK_GRAIN = timedelta(seconds=1)
"""CloudTrail cuts eventTime to whole seconds."""


def review(request: AgentRequest, deps: Deps, started_at: datetime) -> str:
    """Bring the record of one AI agent up to date and tell what changed.

    `started_at` is when this batch began to read, the age of its oldest cached answer. Returns the
    outcome: `evaluated`, `agent-deleted`, `not-judged`, `stale` or `superseded`.
    """
    record = deps.store.load(request.key)
    if _is_stale(record, request, deps.settle):
        outcome = _done(request, record, "stale", deps)
    else:
        outcome = _evaluate(request, record, deps, started_at)
    publish_pending(request.key.ai_agent_id, deps)
    return outcome


def _is_stale(record: AgentRecord, request: AgentRequest, settle: timedelta) -> bool:
    """Whether an evaluation that began well after this event has already finished."""
    event_time = request.observed.at if request.observed else request.cause.event_time
    if event_time is None or record.started_at is None or _closes_notices(record, request):
        return False
    slack = timedelta() if request.observed else settle + CLOCK_GRAIN
    return event_time + slack < record.started_at


def _closes_notices(record: AgentRecord, request: AgentRequest) -> bool:
    """A save that was told late may still end a refused one."""
    if request.saved_at is None or (record.saved_at and record.saved_at >= request.saved_at):
        return False
    return any(finding.kind is FindingKind.REFUSED_SAVE for finding in record.findings.values())


def _evaluate(request: AgentRequest, record: AgentRecord, deps: Deps, started_at: datetime) -> str:
    if request.observed and request.observed.at > started_at:  # a clock that cannot be trusted
        request = replace(request, observed=None)
    began = request.observed.at if request.observed else started_at
    seen = _look(request, deps)
    if isinstance(seen, OutOfScope) and not record.qualifiers and not record.findings:
        return _done(request, record, "not-judged", deps, reason=seen.reason)
    for _ in range(COMMIT_ATTEMPTS):
        if record.started_at and record.started_at > began:
            return _done(request, record, "superseded", deps)
        try:
            return _Evaluation(request, record, seen, began, deps).commit()
        except Conflict:
            record = deps.store.load(request.key)
    raise Conflict(f"AI agent {request.key.ai_agent_id}: other evaluations keep writing")


def _look(request: AgentRequest, deps: Deps) -> JudgedAgent | OutOfScope:
    try:
        return agent_reader(deps).read(request)
    except NotFound:
        return OutOfScope("the AI agent is gone", Resolution.AGENT_DELETED)


@dataclass(frozen=True)
class _Evaluation:
    """What was read, against what is on record."""

    request: AgentRequest
    record: AgentRecord
    seen: JudgedAgent | OutOfScope
    began: datetime
    deps: Deps

    def commit(self) -> str:
        """Decide and commit. Raises Conflict; the record must then be read again."""
        now = self.deps.clock.now()
        reconciled = self._reconcile(now)
        fixes = plan_fixes(reconciled, self.seen, self.began, self.deps)
        steps = (*decide(with_fixes(reconciled, fixes)), *fixes.steps)
        after = self._after(reconciled, now)
        alert = self._alert(steps, after, now, fixes)
        rendered = render(alert, self.deps.language) if alert else None
        self._ask_again(steps, now)
        if self.request.saved_at:
            close_refused_create(after, self.request.saved_at, self.request.cause, self.deps)
        self.deps.store.commit(after, self.record, rendered, fixes.requests)
        return self._report(after, steps, rendered)

    def _reconcile(self, now: datetime) -> Reconciled:
        cause = self.request.cause
        # A second look tells what it finds: it must not be put off by itself again and again.
        event_time = None if cause.reason == "recheck" else cause.event_time
        moment = Moment(now, event_time, self.deps.settle, self._saved_at(now))
        known = self.record.findings
        if isinstance(self.seen, OutOfScope):
            return reconcile(known, (), moment, self.seen.resolution)
        judged = self.seen.judged
        problems = problems_of(self.seen.instance_id, judged)
        return reconcile(known, problems, moment, scope_of(judged))

    def _saved_at(self, now: datetime) -> datetime | None:
        """A save in the future would close every notice to come."""
        times = (self.record.saved_at, self.request.saved_at)
        return max((min(time, now) for time in times if time), default=None)

    def _after(self, reconciled: Reconciled, now: datetime) -> AgentRecord:
        kept = replace(
            self.record,
            version=self.record.version + 1,
            started_at=self.began,
            saved_at=self._saved_at(now),
            findings={finding.id: finding for finding in reconciled.findings},
        )
        if isinstance(self.seen, OutOfScope):
            return replace(kept, qualifiers=(), edges=frozenset())
        return replace(
            kept,
            instance_id=self.seen.instance_id,
            name=self.seen.draft.name,
            arn=self.seen.draft.arn,
            qualifiers=tuple(one.qualifier for one in self.seen.judged),
            edges=self.seen.edges,
        )

    def _alert(
        self, steps: Sequence[Step], after: AgentRecord, now: datetime, fixes: PlannedFixes
    ) -> Alert | None:
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
            change_id=fixes.change_id,
            proposal=merged(fixes.proposals.get(change.finding.id) for change in changes),
        )

    def _profile_names(self, changes: Sequence[Change]) -> Mapping[str, str]:
        """Names cost calls, so only for an alert that sends people to a profile."""
        needed = any(
            change.finding.missing or change.finding.kind is FindingKind.ASSOCIATION_GAP
            for change in changes
        )
        if isinstance(self.seen, OutOfScope) or not needed:
            return {}
        return agent_reader(self.deps).profile_names(self.seen)

    def _ask_again(self, steps: Sequence[Step], now: datetime) -> None:
        """Before the commit: a look too many is harmless, a look too few loses the finding."""
        for step in steps:
            if isinstance(step, Recheck):
                cause = replace(self.request.cause, reason="recheck", event_time=step.at)
                again = AgentRequest(self.request.key, cause, self.request.instance_id)
                self.deps.queue.send(again, max(step.at - now, timedelta()))

    def _report(self, after: AgentRecord, steps: Sequence[Step], alert: Rendered | None) -> str:
        seen, journal = self.seen, self.deps.journal
        judged = () if isinstance(seen, OutOfScope) else seen.judged
        outcome, reason = (
            (seen.resolution, seen.reason) if isinstance(seen, OutOfScope) else ("evaluated", "")
        )
        for metric, value in verdict_counts(judged).items():
            journal.count(metric, value)
        decided = outcome_record(self.request, after, outcome, reason)
        plan = [describe(step) for step in steps]
        journal.decision({**decided, **decision_fields(judged, plan, alert)})
        return outcome


def _done(
    request: AgentRequest, record: AgentRecord, outcome: str, deps: Deps, reason: str = ""
) -> str:
    deps.journal.decision(outcome_record(request, record, outcome, reason))
    return outcome
