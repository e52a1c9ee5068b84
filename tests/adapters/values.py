"""Records and alerts for the tests of table, topic and queues."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from toolgrant.domain.alerts.render import Rendered
from toolgrant.domain.model import (
    Confidence,
    Finding,
    FindingKind,
    FindingState,
    Grant,
    Severity,
    Verdict,
)
from toolgrant.domain.records import AgentKey, AgentRecord, Edge, EdgeKind

NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)


def new_key() -> AgentKey:
    return AgentKey(str(uuid.uuid4()), str(uuid.uuid4()))


def profile_edges(count: int, prefix: str = "profile") -> frozenset[Edge]:
    return frozenset(Edge(EdgeKind.PROFILE, f"{prefix}-{number}") for number in range(count))


def finding(name: str = "Retrieve", kind: FindingKind = FindingKind.INSUFFICIENT) -> Finding:
    """A finding with every field set."""
    return Finding(
        id=f"agent-{name}-{kind}",
        kind=kind,
        state=FindingState.OPEN,
        severity=Severity.HIGH,
        tool_name=name,
        tool_id="aws_service__qconnect_Retrieve",
        tool_type="MODEL_CONTEXT_PROTOCOL",
        verdict=Verdict.INSUFFICIENT,
        qualifiers=("$SAVED", "3"),
        required=(Grant.parse("permission:Wisdom.View"), Grant.parse("mcp:ns/a___b")),
        missing=(Grant.parse("mcp:ns/a___b"),),
        confidence=Confidence.OBSERVED,
        reason="a reason",
        suspected_until=NOON + timedelta(seconds=60),
        opened_at=NOON,
        resolved_at=NOON + timedelta(hours=1),
        resolution="granted",
        missing_digest="0123456789abcdef",
    )


def record(key: AgentKey, version: int = 1, **changes: object) -> AgentRecord:
    """A record with every field set."""
    findings = [finding(), finding("Odd", FindingKind.UNKNOWN)]
    bare = replace(findings[0], id="bare", tool_id=None, confidence=None)
    full = AgentRecord(
        key=key,
        version=version,
        started_at=NOON,
        instance_id="instance",
        name="注文アシスタント",
        arn="arn:aws:wisdom:us-east-1:111122223333:ai-agent/x/y",
        qualifiers=("$SAVED", "3"),
        findings={finding.id: finding for finding in [*findings, bare]},
        edges=profile_edges(2) | {Edge(EdgeKind.INSTANCE, "instance")},
    )
    return replace(full, **changes)  # type: ignore[arg-type]


def alert(alert_id: str, body: str = "{}") -> Rendered:
    return Rendered(
        alert_id=alert_id,
        subject="[toolgrant] HIGH: something",
        bodies={"default": body, "email": "plain text – 日本語", "https": '{"version": "1.0"}'},
        attributes={"severity": "HIGH", "status": "opened", "instanceId": "instance"},
    )
