"""Refused saves: record the notice, tell it once it has settled, close it when it is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from toolgrant.domain.alerts.alert import Alert, alert_id
from toolgrant.domain.alerts.render import render
from toolgrant.domain.causes import Cause
from toolgrant.domain.findings import NOTICE_LASTS, Change, Moment, Scope, reconcile
from toolgrant.domain.model import FindingKind, FindingState
from toolgrant.domain.records import AgentKey, AgentRecord, Edge, EdgeKind
from toolgrant.domain.refused_saves import file_notice, notice, notices_in, with_notice, with_remedy
from toolgrant.domain.requests import AgentRequest, RefusedSave, created_key
from toolgrant.domain.texts import clip
from toolgrant.errors import Conflict
from toolgrant.usecases.audit import notice_record
from toolgrant.usecases.deps import COMMIT_ATTEMPTS, Deps
from toolgrant.usecases.outbox import publish_pending

NEVER_EVALUATED = Edge(EdgeKind.NOTICE_ONLY, "all")
"""Marks records that no evaluation ever wrote, so that the sweep finds their notices."""

NOTHING_SEEN = Scope({}, frozenset())
RECHECK = "notice"
"""Why a second look is asked for at what is on record only, without any call of the services."""


@dataclass(frozen=True)
class _Amended:
    """A record with its notices as they are now, what to tell, and when to look again."""

    record: AgentRecord
    changes: tuple[Change, ...] = ()
    again_at: datetime | None = None


_Amend = Callable[[AgentRecord], _Amended | None]


def record_refusal(refused: RefusedSave, deps: Deps) -> None:
    """File the notice, which is told when it has settled; unless it was told before or a later save
    went well."""
    instance_id = deps.store.instance_of(refused.key.assistant_id) or ""
    now = deps.clock.now()
    refused_at = min(refused.cause.event_time or now, now)
    new = replace(notice(refused, deps.catalog), refused_at=refused_at)

    def amend(record: AgentRecord) -> _Amended | None:
        moment = Moment(now, now, deps.settle, record.saved_at)
        filed = file_notice(record.findings, new, moment)
        if filed is None or now - refused_at > NOTICE_LASTS:
            return None
        finding, change = filed
        after = replace(
            record,
            instance_id=record.instance_id or instance_id,
            name=record.name or clip(refused.agent_name) or refused.key.ai_agent_id,
            findings=with_notice(record.findings, finding),
        )
        known = record.findings.get(finding.id)
        waits = known is not None and known.state is FindingState.SUSPECTED
        return _Amended(
            after, (change,) if change else (), None if waits else finding.suspected_until
        )

    _amend(refused.key, amend, refused.cause, deps)


def settle_notices(
    key: AgentKey, cause: Cause, deps: Deps, saved_at: datetime | None = None
) -> None:
    """Tell the notices of an AI agent that have settled, close those that are over: it was saved,
    under that name for one that never was, or they expired. Nothing is read but the record."""

    def amend(record: AgentRecord) -> _Amended | None:
        known = notices_in(record.findings)
        now = deps.clock.now()
        times = (record.saved_at, saved_at)
        saved = max((min(time, now) for time in times if time), default=None)
        due = cause.event_time if cause.reason == RECHECK else None
        moment = Moment(now, None, deps.settle, saved, due)
        over = reconcile(known, (), moment, NOTHING_SEEN)
        left = {finding.id: finding for finding in over.findings}
        if left == known and not over.recheck_at:
            return None
        others = {id_: one for id_, one in record.findings.items() if id_ not in known}
        after = replace(record, findings={**others, **left}, saved_at=saved)
        return _Amended(after, over.changes, over.recheck_at)

    _amend(key, amend, cause, deps)


def close_refused_create(record: AgentRecord, saved_at: datetime, cause: Cause, deps: Deps) -> None:
    """An AI agent came to be: a refused creation of the same name is over."""
    settle_notices(created_key(record.key.assistant_id, record.name), cause, deps, saved_at)


def _amend(key: AgentKey, amend: _Amend, cause: Cause, deps: Deps) -> None:
    for _ in range(COMMIT_ATTEMPTS):
        record = deps.store.load(key)
        amended = amend(record)
        if amended is None:
            break  # nothing to do: a duplicate, or over already
        _ask_again(key, amended.again_at, cause, deps)
        try:
            _commit(record, amended, cause, deps)
            break
        except Conflict:
            continue
    else:
        raise Conflict(f"AI agent {key.ai_agent_id}: other evaluations keep writing")
    publish_pending(key.ai_agent_id, deps)


def _ask_again(key: AgentKey, at: datetime | None, cause: Cause, deps: Deps) -> None:
    """Before the commit: a message too many is harmless, one too few loses the notice."""
    if at:
        again = AgentRequest(key, replace(cause, reason=RECHECK, event_time=at))
        deps.queue.send(again, max(at - deps.clock.now(), timedelta()))


def _commit(record: AgentRecord, amended: _Amended, cause: Cause, deps: Deps) -> None:
    after = replace(amended.record, version=record.version + 1)
    if not record.started_at:
        waiting = any(f.state is not FindingState.RESOLVED for f in after.findings.values())
        after = replace(after, edges=frozenset({NEVER_EVALUATED} if waiting else ()))
    if not amended.changes:  # only suspected, or a newer refusal of what was told already
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
        changes=with_remedies(amended.changes, deps),
        actor=cause.actor,
        event_name=cause.event_name,
    )
    deps.store.commit(after, record, render(alert, deps.language))
    deps.journal.decision(notice_record(after.key, cause, amended.changes, alert.alert_id))


def with_remedies(changes: tuple[Change, ...], deps: Deps) -> tuple[Change, ...]:
    """Changes as they are told: a refused save that waited on record has lost its texts there."""
    return tuple(
        replace(change, finding=with_remedy(change.finding, deps.catalog)) for change in changes
    )


def closes_notices(record: AgentRecord, request: AgentRequest) -> bool:
    """A save that was told late may still end a refused one."""
    if request.saved_at is None or (record.saved_at and record.saved_at >= request.saved_at):
        return False
    return any(finding.kind is FindingKind.REFUSED_SAVE for finding in record.findings.values())
