"""Refused saves: record the notice, tell it once, close it when it is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from toolgrant.domain.alerts.alert import Alert, alert_id
from toolgrant.domain.alerts.render import render
from toolgrant.domain.causes import Cause
from toolgrant.domain.findings import NOTICE_LASTS, Change, Moment, Scope, reconcile
from toolgrant.domain.model import FindingKind
from toolgrant.domain.records import AgentKey, AgentRecord, Edge, EdgeKind
from toolgrant.domain.refused_saves import file_notice, notice, with_notice
from toolgrant.domain.requests import AgentRequest, RefusedSave, created_key
from toolgrant.domain.texts import clip
from toolgrant.errors import Conflict
from toolgrant.usecases.audit import notice_record
from toolgrant.usecases.deps import COMMIT_ATTEMPTS, Deps
from toolgrant.usecases.outbox import publish_pending

NEVER_EVALUATED = Edge(EdgeKind.NOTICE_ONLY, "all")
"""Marks records that no evaluation ever wrote, so that the sweep finds their notices."""

NOTHING_SEEN = Scope({}, frozenset())
Amended = tuple[AgentRecord, tuple[Change, ...]] | None


def record_refusal(refused: RefusedSave, deps: Deps) -> None:
    """File the notice and tell it, unless it was told before or a later save went well."""
    instance_id = deps.store.instance_of(refused.key.assistant_id) or ""
    now = deps.clock.now()
    event_time = min(refused.cause.event_time or now, now)

    def amend(record: AgentRecord) -> Amended:
        new = notice(refused, deps.catalog)
        filed = file_notice(record.findings, new, event_time, record.saved_at)
        if filed is None or now - event_time > NOTICE_LASTS:
            return None
        finding, change = filed
        after = replace(
            record,
            instance_id=record.instance_id or instance_id,
            name=record.name or clip(refused.agent_name) or refused.key.ai_agent_id,
            findings=with_notice(record.findings, finding),
            edges=record.edges if record.started_at else frozenset({NEVER_EVALUATED}),
        )
        return after, (change,) if change else ()

    _amend(refused.key, amend, refused.cause, deps)


def close_notices(key: AgentKey, saved_at: datetime | None, cause: Cause, deps: Deps) -> None:
    """Close the notices of an AI agent never evaluated: saved under that name, or expired."""

    def amend(record: AgentRecord) -> Amended:
        moment = Moment(deps.clock.now(), saved_at=saved_at)
        over = reconcile(record.findings, (), moment, NOTHING_SEEN)
        if not over.changes:
            return None
        findings = {finding.id: finding for finding in over.findings}
        return replace(record, findings=findings, edges=frozenset()), over.changes

    _amend(key, amend, cause, deps)


def close_refused_create(record: AgentRecord, saved_at: datetime, cause: Cause, deps: Deps) -> None:
    """An AI agent came to be: a refused creation of the same name is over."""
    close_notices(created_key(record.key.assistant_id, record.name), saved_at, cause, deps)


def _amend(
    key: AgentKey, amend: Callable[[AgentRecord], Amended], cause: Cause, deps: Deps
) -> None:
    for _ in range(COMMIT_ATTEMPTS):
        record = deps.store.load(key)
        amended = amend(record)
        if amended is None:
            break  # nothing to tell: a duplicate, or over already
        try:
            _commit(record, *amended, cause, deps)
            break
        except Conflict:
            continue
    else:
        raise Conflict(f"AI agent {key.ai_agent_id}: other evaluations keep writing")
    publish_pending(key.ai_agent_id, deps)


def _commit(
    record: AgentRecord, after: AgentRecord, changes: tuple[Change, ...], cause: Cause, deps: Deps
) -> None:
    after = replace(after, version=record.version + 1)
    if not changes:  # a newer refusal of what was told already
        deps.store.commit(after, record, None)
        return
    alert = Alert(
        alert_id=alert_id(after.key.ai_agent_id, after.version),
        time=deps.clock.now(),
        instance_id=after.instance_id,
        agent_name=after.name,
        agent_arn=after.arn,
        ai_agent_id=after.key.ai_agent_id,
        qualifiers=(),
        changes=changes,
        actor=cause.actor,
        event_name=cause.event_name,
    )
    deps.store.commit(after, record, render(alert, deps.language))
    deps.journal.decision(notice_record(after.key, cause, changes, alert.alert_id))


def closes_notices(record: AgentRecord, request: AgentRequest) -> bool:
    """A save that was told late may still end a refused one."""
    if request.saved_at is None or (record.saved_at and record.saved_at >= request.saved_at):
        return False
    return any(finding.kind is FindingKind.REFUSED_SAVE for finding in record.findings.values())
