"""Values ↔ items of the table. Every item carries `schema`; any other number is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from toolgrant.adapters.dataclass_json import to_json
from toolgrant.domain.alerts.render import Rendered
from toolgrant.domain.records import AgentKey, AgentRecord, Failures, SweepProgress, Unproven
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
    """The item of a record, without its keys, and without the texts that the catalog has: an alert
    takes them from the verdict it tells."""
    kept = {
        finding_id: replace(finding, advisories=(), console_path=None)
        for finding_id, finding in record.findings.items()
    }
    return {"schema": SCHEMA, **to_json(replace(record, findings=kept))}


def outbox_key(alert: Rendered) -> str:
    """The sort key of an alert in the outbox: the AI agent comes first, so that what waits for one
    can be found."""
    return f"{alert.thread_id}#{alert.alert_id}"


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


def _time_text(time: datetime | None) -> str | None:
    return time.isoformat() if time else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
