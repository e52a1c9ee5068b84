"""Values ↔ items of the table. Every item carries `schema`; any other number is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from toolgrant.adapters.dataclass_json import from_json, to_json
from toolgrant.domain.alerts.render import Rendered
from toolgrant.domain.model import Finding
from toolgrant.domain.records import (
    AgentKey,
    AgentRecord,
    Edge,
    EdgeKind,
    Failures,
    SweepProgress,
    Unproven,
)
from toolgrant.errors import OtherSchema

SCHEMA = 2
"""1 was that of versions before the first release; nothing reads it any more."""

MOST_SWEPT = 10_000
"""How many ids of AI agents, 37 bytes each, surely fit into one item of 400 KB."""
Item = dict[str, Any]


def known_schema(item: Item) -> Item:
    """The item, if this code may touch it. Raises OtherSchema."""
    schema = item.get("schema")
    if schema != SCHEMA:
        found = f"item {item['pk']} {item['sk']} has schema {schema}, this version knows {SCHEMA}"
        raise OtherSchema(f"{found}: docs/runbook.md says what to do")
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
        findings={name: from_json(Finding, kept) for name, kept in item["findings"].items()},
        edges=frozenset(_edge(text) for text in item["edges"]),
    )


def finding_to_item(finding: Finding) -> Item:
    """A finding inside a record. Without the texts that the catalog has: an alert takes them from
    the verdict it tells."""
    item: Item = to_json(replace(finding, advisories=(), console_path=None))
    return item


def alert_to_item(outbox: str, alert: Rendered) -> Item:
    """The item of an alert that waits to be published, with its keys: the AI agent comes first, so
    that what waits for one can be found."""
    return {
        "pk": outbox,
        "sk": outbox_key(alert),
        "schema": SCHEMA,
        "time": alert.time.isoformat(),
        "subject": alert.subject,
        "bodies": dict(alert.bodies),
        "attributes": {name: str(value) for name, value in alert.attributes.items()},
    }


def outbox_key(alert: Rendered) -> str:
    """The sort key of an alert in the outbox."""
    return f"{alert.thread_id}#{alert.alert_id}"


def alert_from_item(item: Mapping[str, Any]) -> Rendered:
    """The reverse of `alert_to_item`."""
    thread_id, _, alert_id = item["sk"].rpartition("#")
    time = datetime.fromisoformat(item["time"])
    return Rendered(alert_id, thread_id, time, item["subject"], item["bodies"], item["attributes"])


def sweep_to_item(progress: SweepProgress) -> Item:
    """The item of a sweep's progress, without its keys. Each AI agent is in it once, or twice if an
    older sweep waits for it, too; where that could be too much for one item, no older one is."""
    older = progress.older
    if older and len(progress.seen) + len(older.waiting) > MOST_SWEPT:
        older = None
    return {
        "schema": SCHEMA,
        "startedAt": _time_text(progress.started_at),
        "assistants": list(progress.assistants),
        "token": progress.token,
        "notWaiting": _by_assistant(progress.seen - progress.waiting),
        "waiting": _by_assistant(progress.waiting),
        "enqueued": progress.enqueued,
        "skipped": progress.skipped,
        "failed": _failures_to_item(progress.failed),
        "assistantsFailed": _failures_to_item(progress.assistants_failed),
        "finishedAt": _time_text(progress.finished_at),
        "provenAt": _time_text(progress.proven_at),
        "olderStartedAt": _time_text(older.started_at) if older else None,
        "olderWaiting": _by_assistant(older.waiting) if older else {},
    }


def sweep_from_item(item: Mapping[str, Any]) -> SweepProgress:
    """The reverse of `sweep_to_item`."""
    waiting, older = _agent_keys(item["waiting"]), _time(item["olderStartedAt"])
    return SweepProgress(
        started_at=datetime.fromisoformat(item["startedAt"]),
        assistants=tuple(item["assistants"]),
        token=item["token"],
        seen=_agent_keys(item["notWaiting"]) | waiting,
        enqueued=int(item["enqueued"]),
        skipped=int(item["skipped"]),
        waiting=waiting,
        failed=_failures(item["failed"]),
        assistants_failed=_failures(item["assistantsFailed"]),
        finished_at=_time(item["finishedAt"]),
        proven_at=_time(item["provenAt"]),
        older=Unproven(older, _agent_keys(item["olderWaiting"])) if older else None,
    )


def _by_assistant(keys: Iterable[AgentKey]) -> dict[str, str]:
    """Assistant id → the ids of its AI agents in one text: half the size of a list of pairs."""
    grouped: dict[str, list[str]] = {}
    for key in sorted(keys):
        grouped.setdefault(key.assistant_id, []).append(key.ai_agent_id)
    return {assistant_id: " ".join(ids) for assistant_id, ids in grouped.items()}


def _agent_keys(grouped: Mapping[str, str]) -> frozenset[AgentKey]:
    return frozenset(
        AgentKey(assistant_id, ai_agent_id)
        for assistant_id, ids in grouped.items()
        for ai_agent_id in ids.split(" ")
    )


def _failures_to_item(failures: Failures) -> Item:
    return {"names": list(failures.names), "count": failures.count}


def _failures(item: Mapping[str, Any]) -> Failures:
    return Failures(tuple(item["names"]), int(item["count"]))


def _edge(text: str) -> Edge:
    kind, _, target = text.partition(" ")
    return Edge(EdgeKind(kind), target)


def _time_text(time: datetime | None) -> str | None:
    return time.isoformat() if time else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
