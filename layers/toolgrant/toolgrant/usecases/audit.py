"""The audit record of one decision (schema `toolgrant/audit/1`, docs/schemas/)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toolgrant.domain.alerts import grant_texts, utc_text
from toolgrant.domain.findings import Change
from toolgrant.domain.messages import Rendered
from toolgrant.domain.model import ToolResult, Verdict, clip
from toolgrant.domain.problems import Judged
from toolgrant.domain.records import AgentKey, AgentRecord, AgentRequest, Cause

SCHEMA = "toolgrant/audit/1"


def outcome_record(
    request: AgentRequest, record: AgentRecord, outcome: str, reason: str = ""
) -> dict[str, Any]:
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
    judged: Sequence[Judged], plan: Sequence[str], alert: Rendered | None
) -> dict[str, Any]:
    """What an evaluation adds: verdicts, plan, alert."""
    return {
        "verdicts": _verdicts(judged),
        "plan": list(plan),
        "alertId": alert.alert_id if alert else None,
    }


def skip_record(reason: str, cause: Cause) -> dict[str, Any]:
    """A message that asked for nothing."""
    return {
        "schema": SCHEMA,
        "outcome": "skipped",
        "reason": reason,
        "cause": cause_json(cause),
    }


def notice_record(
    key: AgentKey, cause: Cause, changes: Sequence[Change], alert_id: str
) -> dict[str, Any]:
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


def cause_json(cause: Cause) -> dict[str, Any]:
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


def verdict_counts(judged: Sequence[Judged]) -> dict[str, int]:
    """Metric name → count over all qualifiers."""
    results = [result for one in judged for result in one.result.tools]
    return {
        "ToolsEvaluated": len(results),
        "InsufficientTools": sum(r.verdict is Verdict.INSUFFICIENT for r in results),
        "UnknownTools": sum(r.verdict is Verdict.UNKNOWN for r in results),
    }


def _verdicts(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    return [
        {
            "qualifier": one.qualifier,
            "live": one.live,
            "securityProfiles": list(one.profile_ids),
            "tools": [_tool(result) for result in one.result.tools],
        }
        for one in judged
    ]


def _tool(result: ToolResult) -> dict[str, Any]:
    return {
        "toolName": clip(result.tool.name),
        "toolId": clip(result.tool.id) if result.tool.id else None,
        "verdict": result.verdict,
        "missing": grant_texts(result.missing),
    }
