"""The table: one item per AI agent with its findings, edges, the outbox, the instance map.

| pk                              | sk                        | holds                              |
|---------------------------------|---------------------------|------------------------------------|
| AGENT#<assistant>#<agent>       | STATE                     | findings, version, started_at      |
| EDGE#<kind>#<target>            | AGENT#<assistant>#<agent> | nothing: being there is the fact   |
| OUTBOX                          | <aiAgentId>#<alertId>     | one alert not known to be published|
| SHOWN                           | <alertId>                 | what an alert offered, for 8 days  |
| FIXES                           | <aiAgentId>#<version>     | repairs not known to be sent       |
| INSTANCES                       | <assistant>               | the Connect instance               |
| SWEEP                           | PROGRESS                  | how far the newest sweep came      |

A commit writes record, edges and alert in one transaction, if the record still has the version that
was read. All findings of an AI agent are one item, so they change together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from toolgrant.adapters.aws import translated
from toolgrant.adapters.dataclass_json import from_json, to_json
from toolgrant.adapters.dynamodb import store_items
from toolgrant.adapters.dynamodb.table import Item, Table, condition_of, key_of, typed
from toolgrant.domain.alerts.render import Rendered
from toolgrant.domain.fixing.repair import Repair, Shown
from toolgrant.domain.record_budget import within_budget
from toolgrant.domain.records import ANY, AgentKey, AgentRecord, Edge, EdgeKind, SweepProgress

OUTBOX = "OUTBOX"
FIXES = "FIXES"
SHOWN = "SHOWN"
INSTANCES = "INSTANCES"
FORGET_AFTER = timedelta(days=90)
KEEP_SHOWN = timedelta(days=8)  # longer than it may be approved: a late order is told why
MOST_EDGES = 45
"""A transaction has at most 100 items: old edges to delete, new ones to put, record and alert."""

_REPAIRS = tuple[Repair, ...]
_SWEEP = ("SWEEP", "PROGRESS")
_COLLAPSIBLE = (EdgeKind.FLOW_MODULE, EdgeKind.APPLICATION, EdgeKind.PROFILE)


class DynamoDBStore:
    """`usecases.ports.Store`."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = Table(client, table)

    def load(self, key: AgentKey) -> AgentRecord:
        """The record, read consistently; version 0 if there is none. Raises OtherSchema."""
        item = self._table.get(_agent_pk(key), "STATE")
        return from_json(AgentRecord, item) if item else AgentRecord(key)

    def commit(
        self,
        record: AgentRecord,
        previous: AgentRecord,
        alert: Rendered | None,
        repairs: Sequence[Repair] = (),
        shown: Shown | None = None,
    ) -> None:
        """All of it in one transaction. Raises Conflict if the record changed since `previous`."""
        items = transaction(self._table, record, previous, alert, repairs, shown)
        self._table.transact(items)

    def pending(self, ai_agent_id: str | None = None) -> Iterator[Rendered]:
        """Alerts in the outbox, oldest first."""
        prefix = f"{ai_agent_id}#" if ai_agent_id else None
        alerts = [from_json(Rendered, item) for item in self._table.query(OUTBOX, prefix)]
        yield from sorted(alerts, key=lambda alert: (alert.time, alert.alert_id))

    def put_alert(self, alert: Rendered, shown: Shown | None = None) -> None:
        """Put an alert into the outbox without a record, in place of one with the same id."""
        if shown:
            self._table.put(SHOWN, shown.alert_id, _shown_item(shown))
        self._table.put(OUTBOX, store_items.outbox_key(alert), to_json(alert))

    def pending_fixes(self, ai_agent_id: str | None = None) -> dict[str, tuple[Repair, ...]]:
        """Repairs that wait to be sent, by the id of their commit."""
        waiting = self._table.query(FIXES, f"{ai_agent_id}#" if ai_agent_id else None)
        return {
            item["sk"]: tuple(from_json(Repair, r) for r in item["repairs"]) for item in waiting
        }

    def drop_sent(self, commit_id: str) -> None:
        """Delete the repairs of a commit, if they are still there."""
        self._table.delete(FIXES, commit_id)

    def shown(self) -> Iterator[Shown]:
        """What alerts of the last days offered."""
        for item in self._table.query(SHOWN):
            yield from_json(Shown, item)

    def claim(self, alert: Rendered, now: datetime, until: datetime) -> bool:
        """Reserve an alert for one publisher until a time. False if another one has it, or if it
        is no longer in the outbox."""
        times = {":now": now.isoformat(), ":until": until.isoformat()}
        with translated("table claim", own=True):
            try:
                self._client.update_item(
                    TableName=self._table.name,
                    Key=key_of(OUTBOX, store_items.outbox_key(alert)),
                    UpdateExpression="SET claimedUntil = :until",
                    ConditionExpression="attribute_exists(pk) AND "
                    "(attribute_not_exists(claimedUntil) OR claimedUntil < :now)",
                    ExpressionAttributeValues=typed(times),
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def drop_published(self, alert: Rendered) -> None:
        """Delete an alert from the outbox, if it is still there."""
        self._table.delete(OUTBOX, store_items.outbox_key(alert))

    def agents_with(self, edge: Edge) -> tuple[AgentKey, ...]:
        """AI agents with this edge, and those with too many edges of its kind to be listed."""
        sort_keys = (
            item["sk"]
            for target in (edge.target, ANY)
            for item in self._table.query(_edge_pk(Edge(edge.kind, target)))
        )
        keys = (AgentKey(*sort_key.split("#")[1:3]) for sort_key in sort_keys)
        return tuple(dict.fromkeys(keys))

    def sweep_progress(self) -> SweepProgress | None:
        """How far the newest sweep came; None before the first."""
        item = self._table.get(*_SWEEP)
        return store_items.sweep_from_item(item) if item else None

    def save_sweep_progress(self, progress: SweepProgress) -> None:
        """Write how far a sweep came, in place of what was known."""
        self._table.put(*_SWEEP, store_items.sweep_to_item(progress))

    def assistants(self) -> tuple[str, ...]:
        """Ids of the assistants that an instance is known to integrate."""
        return tuple(item["sk"] for item in self._table.query(INSTANCES))

    def instance_of(self, assistant_id: str) -> str | None:
        """The id of the instance that integrates an assistant; None if it is not known."""
        item = self._table.get(INSTANCES, assistant_id)
        return str(item["instanceId"]) if item else None

    def remember_instances(self, by_assistant: Mapping[str, str]) -> None:
        """Replace the map: what it no longer lists is forgotten."""
        for item in list(self._table.query(INSTANCES)):
            if item["sk"] not in by_assistant:
                self._table.delete(INSTANCES, item["sk"])
        for assistant_id, instance_id in by_assistant.items():
            self._table.put(INSTANCES, assistant_id, {"instanceId": instance_id})


def transaction(
    table: Table,
    record: AgentRecord,
    previous: AgentRecord,
    alert: Rendered | None,
    repairs: Sequence[Repair] = (),
    shown: Shown | None = None,
) -> list[dict[str, Any]]:
    """The TransactItems of a commit, on the condition that `previous` is what the table has.

    The record is written as it fits its budget."""
    record, pk = within_budget(record), _agent_pk(record.key)
    put = table.put_of(pk, "STATE", _record_item(record))
    put["Put"] |= condition_of("version", previous.version or None)
    after, before = collapsed(record.edges), collapsed(previous.edges)
    commit_id, waiting = f"{record.key.ai_agent_id}#{record.version}", to_json(tuple(repairs))
    return [
        put,
        *(table.put_of(_edge_pk(edge), pk, {}) for edge in sorted(after - before)),
        *(table.delete_of(_edge_pk(edge), pk) for edge in sorted(before - after)),
        *([table.put_of(OUTBOX, store_items.outbox_key(alert), to_json(alert))] if alert else []),
        *([table.put_of(FIXES, commit_id, {"repairs": waiting})] if repairs else []),
        *([table.put_of(SHOWN, shown.alert_id, _shown_item(shown))] if shown else []),
    ]


def collapsed(edges: Iterable[Edge]) -> frozenset[Edge]:
    """At most MOST_EDGES edges: kinds with too many become one that matches every target."""
    kept = frozenset(edges)
    for kind in _COLLAPSIBLE:
        if len(kept) > MOST_EDGES:
            kept = frozenset(e for e in kept if e.kind is not kind) | {Edge(kind, ANY)}
    return kept


def _record_item(record: AgentRecord) -> Item:
    item = store_items.record_to_item(record)
    if not record.qualifiers and record.started_at:  # deleted: remembered for a while
        item["expiresAt"] = int((record.started_at + FORGET_AFTER).timestamp())
    return item


def _shown_item(shown: Shown) -> Item:
    keys = {"pk": SHOWN, "sk": shown.alert_id, "schema": store_items.SCHEMA}
    return {**keys, **to_json(shown), "expiresAt": int((shown.at + KEEP_SHOWN).timestamp())}


def _agent_pk(key: AgentKey) -> str:
    return f"AGENT#{key.assistant_id}#{key.ai_agent_id}"


def _edge_pk(edge: Edge) -> str:
    return f"EDGE#{edge.kind}#{edge.target}"
