"""The audit record of one decision (schema `toolgrant/audit/1`, docs/schemas/)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from toolgrant.domain.alerts.alert import MOST_FLOWS, actor_json, grant_texts, utc_text
from toolgrant.domain.alerts.render import Rendered
from toolgrant.domain.causes import Cause
from toolgrant.domain.findings import Change
from toolgrant.domain.fixing.history import ForeignEdit, Written
from toolgrant.domain.fixing.ledger import ListWrite, ProfileChange
from toolgrant.domain.fixing.repair import Repair
from toolgrant.domain.json_fields import JsonObject
from toolgrant.domain.model import ToolResult, Verdict
from toolgrant.domain.problems import JudgedQualifier
from toolgrant.domain.records import AgentKey, AgentRecord
from toolgrant.domain.requests import AgentRequest, Order, Outcome, UndoRequest
from toolgrant.domain.texts import clip

SCHEMA = "toolgrant/audit/1"


def outcome_record(
    request: AgentRequest, record: AgentRecord, outcome: str, reason: str = "", omitted: int = 0
) -> JsonObject:
    """What became of a request for one AI agent. Carries no field that the service masks.

    `omitted` counts the problems that the record has no room for."""
    return _record(
        outcome,
        reason,
        request.cause,
        **_agent(request.key),
        instanceId=record.instance_id or None,
        version=record.version,
        startedAt=utc_text(record.started_at) if record.started_at else None,
        **({"problemsOmitted": omitted} if omitted else {}),
    )


def decision_fields(
    judged: Sequence[JudgedQualifier], plan: Sequence[str], alert: Rendered | None
) -> JsonObject:
    """What an evaluation adds: verdicts, plan, alert."""
    return {
        "verdicts": _verdicts(judged),
        "plan": list(plan),
        "alertId": alert.alert_id if alert else None,
    }


def flow_fields(
    flows: Mapping[str, Sequence[str]], not_there: Mapping[str, Sequence[str]]
) -> JsonObject:
    """Qualifier → contact flows that name it; `namedNotThere` are qualifiers that do not exist."""
    named = {"flows": flows, "namedNotThere": not_there}
    return {
        key: {qualifier: list(names[:MOST_FLOWS]) for qualifier, names in told.items()}
        for key, told in named.items()
        if told
    }


def skip_record(reason: str, cause: Cause) -> JsonObject:
    """A message that asked for nothing."""
    return _record(Outcome.SKIPPED, reason, cause)


def notice_record(
    key: AgentKey, cause: Cause, changes: Sequence[Change], alert_id: str
) -> JsonObject:
    """A refused save of which people were told, or which is over."""
    reason = ", ".join(f"{change.status} {change.finding.tool_name}" for change in changes)
    return {**_record(Outcome.NOTICE, reason, cause, **_agent(key)), "alertId": alert_id}


def fix_record(repair: Repair, outcome: str, reason: str) -> JsonObject:
    """What became of a repair."""
    return _record(
        outcome,
        reason,
        Cause("fix", event_id=repair.id),
        **_agent(repair.agent),
        findingIds=[item.finding_id for item in repair.items],
        securityProfileId=repair.profile_id,
    )


def change_record(change: ProfileChange, outcome: str, written: Written) -> JsonObject:
    """How a change ended. `otherEdits` are edits of others at that time that did not meet it."""
    return {
        **_record(
            outcome,
            "",
            Cause("fix", event_id=change.fix_id),
            **_agent(change.agent),
            findingIds=[item.finding_id for item in change.items],
            securityProfileId=change.profile_id,
            approvedBy=change.approved_by or None,
            change=_change(change),
        ),
        "otherEdits": [edit.event_id for edit in written.elsewhere],
    }


def edit_record(change: ProfileChange, edit: ForeignEdit) -> JsonObject:
    """An edit of somebody else whose record came late: at the time of a change of ours, and of
    other lists, or back to what was there before."""
    cause = Cause("event", edit.event_id, "", edit.at, edit.actor)
    return {
        **_record(Outcome.NOTICE, "an edit that met no write", cause, **_agent(change.agent)),
        "securityProfileId": change.profile_id,
        "change": _change(change),
        "otherEdits": [edit.event_id],
    }


def undo_record(
    request: UndoRequest, outcome: str, reason: str, change: ProfileChange | None
) -> JsonObject:
    """What became of an undo."""
    return _record(
        outcome,
        reason,
        Cause("undo", event_id=request.change_id),
        securityProfileId=request.profile_id,
        by=request.by or None,
        change=_change(change) if change else None,
    )


def order_record(order: Order, plan: list[str]) -> JsonObject:
    """An operator's order, and one line for each step of it."""
    return _record(
        Outcome.ORDER,
        "",
        Cause("order"),
        action=order.action,
        target=order.target or None,
        by=order.by or None,
        dryRun=order.dry_run,
        plan=plan,
    )


def _record(outcome: str, reason: str, cause: Cause, **fields: object) -> JsonObject:
    return {
        "schema": SCHEMA,
        "outcome": outcome,
        "reason": reason or None,
        **fields,
        "cause": _cause(cause),
    }


def _agent(key: AgentKey) -> JsonObject:
    return {"assistantId": key.assistant_id, "aiAgentId": key.ai_agent_id}


def _change(change: ProfileChange) -> JsonObject:
    """A change of the ledger. `before` are the grants of the list as last read before the write."""
    return {
        "changeId": change.id,
        "fixId": change.fix_id,
        "beganAt": utc_text(change.began_at),
        "verifiedAt": _time(change.verified_at),
        "lists": [_list(write) for write in change.lists],
        "attached": sorted(change.attached),
        "detached": sorted(change.detached),
    }


def _list(write: ListWrite) -> JsonObject:
    return {
        "kind": write.kind,
        "state": write.state,
        "grants": grant_texts(write.grants),
        "gone": grant_texts(sorted(write.gone)),
        "before": grant_texts(sorted(write.before)),
        "reason": write.reason or None,
        "endedAt": _time(write.ended_at),
    }


def _time(time: datetime | None) -> str | None:
    return utc_text(time) if time else None


def _cause(cause: Cause) -> JsonObject:
    return {
        "reason": cause.reason,
        "eventId": cause.event_id or None,
        "eventName": cause.event_name or None,
        "eventTime": utc_text(cause.event_time) if cause.event_time else None,
        "actor": actor_json(cause.actor),
    }


def verdict_counts(judged: Sequence[JudgedQualifier]) -> dict[str, int]:
    """Metric name → count over all qualifiers."""
    results = [result for qualifier in judged for result in qualifier.result.tools]
    return {
        "ToolsEvaluated": len(results),
        "InsufficientTools": sum(r.verdict is Verdict.INSUFFICIENT for r in results),
        "UnknownTools": sum(r.verdict is Verdict.UNKNOWN for r in results),
    }


def _verdicts(judged: Sequence[JudgedQualifier]) -> list[JsonObject]:
    return [
        {
            "qualifier": qualifier.qualifier,
            "live": qualifier.live,
            "securityProfiles": list(qualifier.profile_ids),
            "tools": [_tool(result) for result in qualifier.result.tools],
        }
        for qualifier in judged
    ]


def _tool(result: ToolResult) -> JsonObject:
    return {
        "toolName": clip(result.tool.name),
        "toolId": clip(result.tool.id) if result.tool.id else None,
        "verdict": result.verdict,
        "missing": grant_texts(result.missing),
    }
