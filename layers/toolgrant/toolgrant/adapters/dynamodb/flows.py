"""What the table knows of contact flows: an item per flow that names AI agents.

| pk    | sk                | holds                                             |
|-------|-------------------|---------------------------------------------------|
| FLOWS | <instance>#<flow> | its name, the versions that it names, when read   |
| SWEEP | FLOWS             | how far the reading of all flows came             |
| SWEEP | FLOWS-ASKED       | when an event hid its flow, so that all are read  |
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from toolgrant.adapters.aws import translated
from toolgrant.adapters.dataclass_json import from_json, to_json
from toolgrant.adapters.dynamodb.table import Table, typed
from toolgrant.domain.contact_flows import FlowKey, FlowProgress, NamingFlow
from toolgrant.domain.json_fields import parse_time

FLOWS = "FLOWS"
_PROGRESS = ("SWEEP", "FLOWS")
_ASKED = ("SWEEP", "FLOWS-ASKED")


class DynamoDBFlows:
    """`usecases.ports.FlowTable`."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = Table(client, table)

    def naming(self) -> Iterator[NamingFlow]:
        """Every flow on record."""
        for item in self._table.query(FLOWS):
            yield from_json(NamingFlow, item)

    def get(self, key: FlowKey) -> NamingFlow | None:
        """One flow, read consistently."""
        item = self._table.get(FLOWS, _sort_key(key))
        return from_json(NamingFlow, item) if item else None

    def keep(self, flow: NamingFlow) -> None:
        """Put or delete the item, unless a later reading wrote it."""
        condition = {
            "ConditionExpression": "attribute_not_exists(pk) OR read_at <= :read",
            "ExpressionAttributeValues": typed({":read": flow.read_at.isoformat()}),
        }
        pk, sk = FLOWS, _sort_key(flow.key)
        with translated("table flow", own=True):
            try:
                if flow.agents:
                    put = self._table.put_of(pk, sk, to_json(flow))["Put"]
                    self._client.put_item(**put, **condition)
                else:
                    self._client.delete_item(**self._table.delete_of(pk, sk)["Delete"], **condition)
            except self._client.exceptions.ConditionalCheckFailedException:
                return

    def progress(self) -> FlowProgress | None:
        """How far the reading of all flows came."""
        item = self._table.get(*_PROGRESS)
        return from_json(FlowProgress, item) if item else None

    def save_progress(self, progress: FlowProgress) -> None:
        """Write it in place of what was known."""
        self._table.put(*_PROGRESS, to_json(progress))

    def ask_for_all(self, at: datetime) -> None:
        """An item of its own: the progress is written by whoever reads, at the same time."""
        self._table.put(*_ASKED, {"at": at.isoformat()})

    def asked_at(self) -> datetime | None:
        """The newest time that was written."""
        item = self._table.get(*_ASKED)
        return parse_time(item["at"], "$.at") if item else None


def _sort_key(key: FlowKey) -> str:
    return f"{key.instance_id}#{key.flow_id}"
