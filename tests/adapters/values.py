"""Records and alerts for the tests of table, topic and queues."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from toolgrant.domain.alerts.render import Rendered
from toolgrant.domain.causes import Actor
from toolgrant.domain.fixing.history import Breaker, ForeignEdit
from toolgrant.domain.fixing.ledger import (
    ListState,
    ListWrite,
    ProfileChange,
    Removal,
    RemovalStep,
)
from toolgrant.domain.fixing.repair import Approval, Repair, RepairItem, Shown
from toolgrant.domain.model import (
    Confidence,
    Finding,
    FindingKind,
    FindingState,
    Grant,
    GrantKind,
    Severity,
    Verdict,
)
from toolgrant.domain.records import AgentKey, AgentRecord, Edge, EdgeKind
from toolgrant.domain.requests import UndoRequest

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
        refused_at=NOON,
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


def alert(
    alert_id: str, body: str = "{}", thread_id: str = "thread", time: datetime = NOON
) -> Rendered:
    return Rendered(
        alert_id=alert_id,
        thread_id=thread_id,
        time=time,
        subject="[toolgrant] HIGH: something",
        bodies={"default": body, "email": "plain text – 日本語", "https": '{"version": "1.0"}'},
        attributes={"severity": "HIGH", "status": "opened", "instanceId": "instance"},
    )


# --------------------------------------------------- what fix mode keeps, each with every field set

VIEW, EDIT = Grant.parse("permission:Wisdom.View"), Grant.parse("permission:Cases.Edit")
TOOL = Grant.parse("mcp:ns/a___b")
AGENT = AgentKey("assistant", "agent")
PROFILE = "0f0e0d0c-0000-4000-8000-000000000001"
ITEM = RepairItem(
    finding_id="f-0123456789",
    opened_at=NOON,
    tool_name="注文",
    tool_id="aws_service__qconnect_Retrieve",
    qualifiers=("$SAVED", "3"),
    grants=(EDIT, VIEW),
)
REPAIR = Repair(
    id="fix-0123456789",
    agent=AGENT,
    profile_id=PROFILE,
    profile_name="AI agents – 注文",
    items=(ITEM, replace(ITEM, finding_id="f-9876543210", grants=(TOOL,))),
    planned_at=NOON,
    people=3,
    others=(AgentKey("assistant", "another agent"),),
    dedicated="a profile of its own",
)
SHOWN = Shown("al-0123456789", NOON, (REPAIR,))
APPROVAL = Approval(REPAIR, "arn:aws:sts::111122223333:assumed-role/Operator/someone", NOON, True)
UNDO = UndoRequest("c-0123456789", PROFILE, "o-0123456789", (TOOL, VIEW), "someone")
BREAKER = Breaker("agent", str(VIEW), "c-0123456789", "taken away", NOON)
FOREIGN_EDIT = ForeignEdit(
    event_id="event",
    profile_id=PROFILE,
    at=NOON,
    actor=Actor("AssumedRole", "Operator/someone", "CloudFormation", "arn:role", "other-stack"),
    lists={GrantKind.PERMISSION: frozenset({VIEW, EDIT}), GrantKind.MCP: frozenset({TOOL})},
)
REMOVAL = Removal(
    *("o-0123456789", frozenset({VIEW}), RemovalStep.VERIFIED, frozenset({VIEW, EDIT})),
    *(NOON, NOON, NOON),
)
LIST_WRITE = ListWrite(
    kind=GrantKind.PERMISSION,
    grants=(EDIT, VIEW),
    before=frozenset({Grant.parse("permission:Users.View")}),
    state=ListState.DONE,
    read_at=NOON,
    first_sent_at=NOON + timedelta(seconds=1),
    sent_at=NOON + timedelta(seconds=1),
    ended_at=NOON + timedelta(seconds=2),
    gone=frozenset({VIEW}),
    removal=REMOVAL,
    reason="AccessDenied",
    basis="0123456789abcdef",
    unanswered=True,
)
CHANGE = ProfileChange(
    id="c-0123456789",
    fix_id=REPAIR.id,
    instance_id="instance",
    profile_id=PROFILE,
    agent=AGENT,
    items=(ITEM,),
    began_at=NOON,
    lists=(LIST_WRITE, replace(LIST_WRITE, kind=GrantKind.MCP, grants=(TOOL,))),
    to_attach=("$LATEST",),
    attached=("$SAVED", "3"),
    attached_at=NOON + timedelta(seconds=3),
    detached=frozenset({"3"}),
    attach_reason="NotFound",
    agent_arn="arn:aws:wisdom:us-east-1:111122223333:ai-agent/x/agent",
    approved_by="someone",
    dedicated=True,
    profile_name="agents",
)
