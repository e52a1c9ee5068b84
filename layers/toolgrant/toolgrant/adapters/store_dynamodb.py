"""The table: one item per AI agent with its findings, edges, the outbox, the instance map.

| pk                              | sk                        | holds                              |
|---------------------------------|---------------------------|------------------------------------|
| AGENT#<assistant>#<agent>       | STATE                     | findings, version, started_at      |
| EDGE#<kind>#<target>            | AGENT#<assistant>#<agent> | nothing: being there is the fact   |
| OUTBOX                          | <alertId>                 | one alert not known to be published|
| INSTANCES                       | <assistant>               | the Connect instance               |
| SWEEP                           | PROGRESS                  | how far the newest sweep came      |

A commit writes record, edges and alert in one transaction, on the condition that the record still
has the version that was read. All findings of an AI agent are one item, so they change together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from toolgrant.adapters import stored
from toolgrant.adapters.aws import translated
from toolgrant.domain.messages import Rendered
from toolgrant.domain.records import AgentKey, AgentRecord, Edge, EdgeKind, SweepProgress
from toolgrant.errors import Conflict, ServiceUnavailable

Item = dict[str, Any]
OUTBOX = "OUTBOX"
INSTANCES = "INSTANCES"
FORGET_AFTER = timedelta(days=90)
MOST_EDGES = 45
"""A transaction has at most 100 items: old edges to delete, new ones to put, record and alert."""

ANY = "*"
_SWEEP = ("SWEEP", "PROGRESS")
_COLLAPSIBLE = (EdgeKind.FLOW_MODULE, EdgeKind.APPLICATION, EdgeKind.PROFILE)
_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


class DynamoDBStore:
    """`usecases.ports.Store`."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def load(self, key: AgentKey) -> AgentRecord:
        """The record, read consistently. Raises NewerSchema, Misconfigured."""
        item = self._get(_agent_pk(key), "STATE")
        return stored.record_from_item(key, item) if item else AgentRecord(key)

    def commit(self, record: AgentRecord, previous: AgentRecord, alert: Rendered | None) -> None:
        """One transaction. Raises Conflict if the record changed since `previous` was read."""
        items = transaction(self._table, record, previous, alert)
        with translated("table commit", own=True):
            try:
                self._client.transact_write_items(TransactItems=items)
            except ClientError as error:
                raise _cancelled(error) from error

    def pending(self, ai_agent_id: str | None = None) -> Iterator[Rendered]:
        """Alerts in the outbox, oldest version first for one AI agent."""
        prefix = f"{ai_agent_id}-" if ai_agent_id else None
        waiting = list(self._query(OUTBOX, prefix))
        for item in sorted(waiting, key=lambda item: (len(item["sk"]), item["sk"])):  # -9, then -10
            yield stored.alert_from_item(item)

    def claim(self, alert_id: str, now: datetime, until: datetime) -> bool:
        """One conditional update: of two publishers, one wins."""
        times = {":now": now.isoformat(), ":until": until.isoformat()}
        with translated("table claim", own=True):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=_key(OUTBOX, alert_id),
                    UpdateExpression="SET claimedUntil = :until",
                    ConditionExpression="attribute_exists(pk) AND "
                    "(attribute_not_exists(claimedUntil) OR claimedUntil < :now)",
                    ExpressionAttributeValues=_typed(times),
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def published(self, alert_id: str) -> None:
        """Take an alert out of the outbox; absent is fine."""
        self._delete(OUTBOX, alert_id)

    def agents_with(self, edge: Edge) -> tuple[AgentKey, ...]:
        """AI agents with this edge, those whose edges of the kind were too many included."""
        sort_keys = (
            item["sk"]
            for target in (edge.target, ANY)
            for item in self._query(_edge_pk(Edge(edge.kind, target)))
        )
        keys = (AgentKey(*sort_key.split("#")[1:3]) for sort_key in sort_keys)
        return tuple(dict.fromkeys(keys))

    def sweep_progress(self) -> SweepProgress | None:
        """The newest sweep."""
        item = self._get(*_SWEEP)
        return stored.sweep_from_item(item) if item else None

    def save_sweep_progress(self, progress: SweepProgress) -> None:
        """Overwrite it."""
        pk, sk = _SWEEP
        self._put_item({"pk": pk, "sk": sk, **stored.sweep_to_item(progress)})

    def instance_of(self, assistant_id: str) -> str | None:
        """The remembered instance."""
        item = self._get(INSTANCES, assistant_id)
        return str(item["instanceId"]) if item else None

    def remember_instances(self, by_assistant: Mapping[str, str]) -> None:
        """Replace the map: what it no longer lists is forgotten."""
        for item in list(self._query(INSTANCES)):
            if item["sk"] not in by_assistant:
                self._delete(INSTANCES, item["sk"])
        for assistant_id, instance_id in by_assistant.items():
            keys = {"pk": INSTANCES, "sk": assistant_id, "schema": stored.SCHEMA}
            self._put_item({**keys, "instanceId": instance_id})

    def _delete(self, pk: str, sk: str) -> None:
        with translated("table delete", own=True):
            self._client.delete_item(TableName=self._table, Key=_key(pk, sk))

    def _put_item(self, item: Item) -> None:
        with translated("table put", own=True):
            self._client.put_item(TableName=self._table, Item=_typed(item))

    def _get(self, pk: str, sk: str) -> Item | None:
        with translated("table get", own=True):
            answer = self._client.get_item(
                TableName=self._table, Key=_key(pk, sk), ConsistentRead=True
            )
        item = answer.get("Item")
        return stored.known_schema(_plain(item)) if item else None

    def _query(self, pk: str, prefix: str | None = None) -> Iterator[Item]:
        query = query_of(self._table, pk, prefix)
        while True:
            with translated("table query", own=True):
                answer = self._client.query(**query)
            for item in answer["Items"]:
                yield stored.known_schema(_plain(item))
            if "LastEvaluatedKey" not in answer:
                return
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def query_of(table: str, pk: str, prefix: str | None = None) -> dict[str, Any]:
    """A consistent query of one partition, optionally of sort keys with a prefix."""
    condition, values = "pk = :pk", {":pk": pk}
    if prefix:
        condition, values = "pk = :pk AND begins_with(sk, :sk)", {":pk": pk, ":sk": prefix}
    return {
        "TableName": table,
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": _typed(values),
        "ConsistentRead": True,
    }


def transaction(
    table: str, record: AgentRecord, previous: AgentRecord, alert: Rendered | None
) -> list[dict[str, Any]]:
    """The items of one commit."""
    item = _record_item(record)
    condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
    if previous.version:
        condition = {
            "ConditionExpression": "#version = :version",
            "ExpressionAttributeNames": {"#version": "version"},
            "ExpressionAttributeValues": _typed({":version": previous.version}),
        }
    after, before = collapsed(record.edges), collapsed(previous.edges)
    return [
        {"Put": {"TableName": table, "Item": _typed(item), **condition}},
        *(_put(table, _edge_item(edge, record.key)) for edge in sorted(after - before)),
        *(
            {"Delete": {"TableName": table, "Key": _key(_edge_pk(edge), _agent_pk(record.key))}}
            for edge in sorted(before - after)
        ),
        *([_put(table, stored.alert_to_item(OUTBOX, alert))] if alert else []),
    ]


def collapsed(edges: Iterable[Edge]) -> frozenset[Edge]:
    """At most MOST_EDGES edges: kinds with too many become one that matches every target."""
    kept = frozenset(edges)
    for kind in _COLLAPSIBLE:
        if len(kept) > MOST_EDGES:
            kept = frozenset(e for e in kept if e.kind is not kind) | {Edge(kind, ANY)}
    return kept


def _record_item(record: AgentRecord) -> Item:
    item = {"pk": _agent_pk(record.key), "sk": "STATE", **stored.record_to_item(record)}
    if not record.qualifiers and record.started_at:  # deleted: remembered for a while
        item["expiresAt"] = int((record.started_at + FORGET_AFTER).timestamp())
    return item


def _edge_item(edge: Edge, key: AgentKey) -> Item:
    return {"pk": _edge_pk(edge), "sk": _agent_pk(key), "schema": stored.SCHEMA}


def _put(table: str, item: Item) -> dict[str, Any]:
    return {"Put": {"TableName": table, "Item": _typed(item)}}


def _cancelled(error: ClientError) -> Exception:
    """Lost against another writer (Conflict), or anything else as it is."""
    reasons = error.response.get("CancellationReasons") or []
    codes = {reason.get("Code") for reason in reasons if isinstance(reason, Mapping)} - {"None"}
    if codes and codes <= {"ConditionalCheckFailed", "TransactionConflict"}:
        return Conflict("the record changed since it was read")
    if error.response["Error"]["Code"] == "TransactionCanceledException" and codes:
        return ServiceUnavailable(f"table commit: {', '.join(sorted(map(str, codes)))}")
    return error


def _agent_pk(key: AgentKey) -> str:
    return f"AGENT#{key.assistant_id}#{key.ai_agent_id}"


def _edge_pk(edge: Edge) -> str:
    return f"EDGE#{edge.kind}#{edge.target}"


def _key(pk: str, sk: str) -> dict[str, Any]:
    return _typed({"pk": pk, "sk": sk})


def _typed(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _serialize(value) for name, value in item.items()}


def _plain(item: Mapping[str, Any]) -> Item:
    return {name: _deserialize(value) for name, value in item.items()}
