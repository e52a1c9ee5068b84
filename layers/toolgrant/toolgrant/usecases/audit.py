"""The audit record of one decision (schema `toolgrant/audit/1`, docs/schemas/)."""

from __future__ import annotations

from collections.abc import Sequence

from toolgrant.domain.alerts.alert import grant_texts, utc_text
from toolgrant.domain.alerts.render import Rendered
from toolgrant.domain.causes import Cause
from toolgrant.domain.findings import Change
from toolgrant.domain.fixing.ledger import ProfileChange
from toolgrant.domain.json_fields import JsonObject
from toolgrant.domain.model import ToolResult, Verdict
from toolgrant.domain.problems import JudgedQualifier
from toolgrant.domain.records import AgentKey, AgentRecord
from toolgrant.domain.requests import AgentRequest, FixRequest, UndoRequest
from toolgrant.domain.texts import clip

SCHEMA = "toolgrant/audit/1"


def outcome_record(
    request: AgentRequest, record: AgentRecord, outcome: str, reason: str = ""
) -> JsonObject:
    """What became of a request for one AI agent. Carries no field that the service masks."""
    return {
        "schema": SCHEMA,
        "outcome": outcome,
        "reason": reason or None,
        "assistantId": request.key.assistant_id,
        "aiAgentId": request.key.ai_agent_id,
        "instanceId": record.instance_id or None,
        "version": record.version,
        "startedAt": utc_text(record.started_at) if record.started_at else None,
        "cause": cause_json(request.cause),
    }


def decision_fields(
    judged: Sequence[JudgedQualifier], plan: Sequence[str], alert: Rendered | None
) -> JsonObject:
    """What an evaluation adds: verdicts, plan, alert."""
    return {
        "verdicts": _verdicts(judged),
        "plan": list(plan),
        "alertId": alert.alert_id if alert else None,
    }


def skip_record(reason: str, cause: Cause) -> JsonObject:
    """A message that asked for nothing."""
    return {
        "schema": SCHEMA,
        "outcome": "skipped",
        "reason": reason,
        "cause": cause_json(cause),
    }


def notice_record(
    key: AgentKey, cause: Cause, changes: Sequence[Change], alert_id: str
) -> JsonObject:
    """A refused save that was told, or is over."""
    return {
        "schema": SCHEMA,
        "outcome": "notice",
        "reason": ", ".join(f"{one.status} {one.finding.tool_name}" for one in changes),
        "assistantId": key.assistant_id,
        "aiAgentId": key.ai_agent_id,
        "cause": cause_json(cause),
        "alertId": alert_id,
    }


def fix_record(
    request: FixRequest, outcome: str, reason: str, change: ProfileChange | None = None
) -> JsonObject:
    """What became of a fix request, and of the change that it made."""
    return {
        "schema": SCHEMA,
        "outcome": outcome,
        "reason": reason or None,
        "assistantId": request.agent.assistant_id,
        "aiAgentId": request.agent.ai_agent_id,
        "findingId": request.finding_id,
        "securityProfileId": request.profile_id,
        "approvedBy": request.approved_by or None,
        "change": change_json(change) if change else None,
        "cause": cause_json(Cause("fix", event_id=request.fix_id)),
    }


def undo_record(
    request: UndoRequest, outcome: str, reason: str, change: ProfileChange | None
) -> JsonObject:
    """What became of an undo."""
    return {
        "schema": SCHEMA,
        "outcome": outcome,
        "reason": reason or None,
        "securityProfileId": request.profile_id,
        "by": request.asked_by or None,
        "change": change_json(change) if change else None,
        "cause": cause_json(Cause("undo", event_id=request.change_id)),
    }


def change_json(change: ProfileChange) -> JsonObject:
    """A change of the ledger. `before` are the grants of the list as last read before the write."""
    return {
        "changeId": change.id,
        "state": change.state,
        "grants": grant_texts(change.grants),
        "undone": grant_texts(sorted(change.undone)),
        "before": grant_texts(sorted(change.before)),
        "beganAt": utc_text(change.began_at),
        "verifiedAt": utc_text(change.verified_at) if change.verified_at else None,
    }


def cause_json(cause: Cause) -> JsonObject:
    """Where a request came from."""
    actor = cause.actor
    return {
        "reason": cause.reason,
        "eventId": cause.event_id or None,
        "eventName": cause.event_name or None,
        "eventTime": utc_text(cause.event_time) if cause.event_time else None,
        "actor": {"type": clip(actor.type), "name": clip(actor.name), "via": clip(actor.via)}
        if actor
        else None,
    }


def verdict_counts(judged: Sequence[JudgedQualifier]) -> dict[str, int]:
    """Metric name → count over all qualifiers."""
    results = [result for one in judged for result in one.result.tools]
    return {
        "ToolsEvaluated": len(results),
        "InsufficientTools": sum(r.verdict is Verdict.INSUFFICIENT for r in results),
        "UnknownTools": sum(r.verdict is Verdict.UNKNOWN for r in results),
    }


def _verdicts(judged: Sequence[JudgedQualifier]) -> list[JsonObject]:
    return [
        {
            "qualifier": one.qualifier,
            "live": one.live,
            "securityProfiles": list(one.profile_ids),
            "tools": [_tool(result) for result in one.result.tools],
        }
        for one in judged
    ]


def _tool(result: ToolResult) -> JsonObject:
    return {
        "toolName": clip(result.tool.name),
        "toolId": clip(result.tool.id) if result.tool.id else None,
        "verdict": result.verdict,
        "missing": grant_texts(result.missing),
    }
