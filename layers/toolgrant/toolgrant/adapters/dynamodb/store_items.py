"""Values ↔ items of the table. Every item carries `schema`; a newer one is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from toolgrant.adapters.dynamodb.ledger_items import fix_from_item, fix_to_item
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
from toolgrant.domain.records import AgentKey, AgentRecord, Edge, EdgeKind, SweepProgress
from toolgrant.domain.requests import FixRequest
from toolgrant.errors import NewerSchema

SCHEMA = 1
Item = dict[str, Any]


def known_schema(item: Item) -> Item:
    """The item, if this code may touch it. Raises NewerSchema."""
    if int(item.get("schema", SCHEMA)) > SCHEMA:
        raise NewerSchema(f"item {item['pk']} has schema {item['schema']}, known is {SCHEMA}")
    return item


def record_to_item(record: AgentRecord) -> Item:
    """The item of a record, without its keys."""
    return {
        "schema": SCHEMA,
        "version": record.version,
        "startedAt": _time_text(record.started_at),
        "savedAt": _time_text(record.saved_at),
        "instanceId": record.instance_id,
        "name": record.name,
        "arn": record.arn,
        "qualifiers": list(record.qualifiers),
        "findings": {key: finding_to_item(finding) for key, finding in record.findings.items()},
        "edges": [f"{edge.kind} {edge.target}" for edge in sorted(record.edges)],
    }


def record_from_item(key: AgentKey, item: Mapping[str, Any]) -> AgentRecord:
    """The reverse of `record_to_item`."""
    return AgentRecord(
        key=key,
        version=int(item["version"]),
        started_at=_time(item["startedAt"]),
        saved_at=_time(item.get("savedAt")),
        instance_id=item["instanceId"],
        name=item["name"],
        arn=item["arn"],
        qualifiers=tuple(item["qualifiers"]),
        findings={name: finding_from_item(name, kept) for name, kept in item["findings"].items()},
        edges=frozenset(_edge(text) for text in item["edges"]),
    )


def finding_to_item(finding: Finding) -> Item:
    """A finding inside a record, whose key holds the id. Without the texts that the catalog has: an
    alert takes them from the verdict it tells."""
    return {
        "kind": str(finding.kind),
        "state": str(finding.state),
        "severity": str(finding.severity),
        "toolName": finding.tool_name,
        "toolId": finding.tool_id,
        "toolType": finding.tool_type,
        "verdict": str(finding.verdict),
        "qualifiers": list(finding.qualifiers),
        "required": [str(grant) for grant in finding.required],
        "missing": [str(grant) for grant in finding.missing],
        "confidence": str(finding.confidence) if finding.confidence else None,
        "reason": finding.reason,
        "suspectedUntil": _time_text(finding.suspected_until),
        "openedAt": _time_text(finding.opened_at),
        "resolvedAt": _time_text(finding.resolved_at),
        "resolution": str(finding.resolution),
        "missingDigest": finding.missing_digest,
    }


def finding_from_item(finding_id: str, item: Mapping[str, Any]) -> Finding:
    """The reverse of `finding_to_item`; no advisories and no console path."""
    return Finding(
        id=finding_id,
        kind=FindingKind(item["kind"]),
        state=FindingState(item["state"]),
        severity=Severity(item["severity"]),
        tool_name=item["toolName"],
        tool_id=item["toolId"],
        tool_type=item["toolType"],
        verdict=Verdict(item["verdict"]),
        qualifiers=tuple(item["qualifiers"]),
        required=tuple(Grant.parse(text) for text in item["required"]),
        missing=tuple(Grant.parse(text) for text in item["missing"]),
        confidence=Confidence(item["confidence"]) if item["confidence"] else None,
        reason=item["reason"],
        suspected_until=_time(item["suspectedUntil"]),
        opened_at=_time(item["openedAt"]),
        resolved_at=_time(item["resolvedAt"]),
        resolution=item["resolution"],
        missing_digest=item.get("missingDigest", ""),
    )


def fixes_to_item(fixes: Iterable[FixRequest]) -> Item:
    """Fix requests of one commit, waiting to be sent. Without its keys."""
    return {"schema": SCHEMA, "fixes": [fix_to_item(request) for request in fixes]}


def fixes_from_item(item: Mapping[str, Any]) -> tuple[FixRequest, ...]:
    """The reverse of `fixes_to_item`."""
    return tuple(fix_from_item(fix) for fix in item["fixes"])


def alert_to_item(outbox: str, alert: Rendered) -> Item:
    """The item of an alert that waits to be published, with its keys."""
    return {
        "pk": outbox,
        "sk": alert.alert_id,
        "schema": SCHEMA,
        "subject": alert.subject,
        "bodies": dict(alert.bodies),
        "attributes": {name: str(value) for name, value in alert.attributes.items()},
    }


def alert_from_item(item: Mapping[str, Any]) -> Rendered:
    """The reverse of `alert_to_item`."""
    return Rendered(item["sk"], item["subject"], item["bodies"], item["attributes"])


def sweep_to_item(progress: SweepProgress) -> Item:
    """The item of a sweep's progress, without its keys."""
    return {
        "schema": SCHEMA,
        "startedAt": _time_text(progress.started_at),
        "assistants": list(progress.assistants),
        "token": progress.token,
        "seen": [f"{key.assistant_id} {key.ai_agent_id}" for key in sorted(progress.seen)],
        "enqueued": progress.enqueued,
        "skipped": progress.skipped,
        "finishedAt": _time_text(progress.finished_at),
        "lastFinishedAt": _time_text(progress.last_finished_at),
    }


def sweep_from_item(item: Mapping[str, Any]) -> SweepProgress:
    """The reverse of `sweep_to_item`."""
    return SweepProgress(
        started_at=datetime.fromisoformat(item["startedAt"]),
        assistants=tuple(item["assistants"]),
        token=item["token"],
        seen=frozenset(AgentKey(*text.split(" ")) for text in item["seen"]),
        enqueued=int(item["enqueued"]),
        skipped=int(item["skipped"]),
        finished_at=_time(item["finishedAt"]),
        last_finished_at=_time(item.get("lastFinishedAt")),
    )


def _edge(text: str) -> Edge:
    kind, _, target = text.partition(" ")
    return Edge(EdgeKind(kind), target)


def _time_text(time: datetime | None) -> str | None:
    return time.isoformat() if time else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
