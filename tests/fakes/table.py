"""The table in memory. Items keep their stored form."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from tests.fakes.calls import Calls

from toolgrant.adapters.dataclass_json import from_json, to_json
from toolgrant.adapters.dynamodb import store_items
from toolgrant.domain.alerts.render import Rendered
from toolgrant.domain.fixing.repair import Repair, Shown
from toolgrant.domain.record_budget import within_budget
from toolgrant.domain.records import AgentKey, AgentRecord, Edge, SweepProgress
from toolgrant.errors import Conflict


class FakeStore:
    """Keeps items as `adapters.stored` writes them; a commit has the condition of the table's."""

    def __init__(self, calls: Calls | None = None) -> None:
        self.calls = calls or Calls()
        self.records: dict[AgentKey, str] = {}
        self.outbox: dict[str, str] = {}
        self.claims: dict[str, datetime] = {}
        self.fixes: dict[str, str] = {}
        self.offered: dict[str, str] = {}
        self.instances: dict[str, str] = {}
        self.progress: SweepProgress | None = None

    def load(self, key: AgentKey) -> AgentRecord:
        with self.calls.made("store.load", key):
            return self._record(key)

    def _record(self, key: AgentKey) -> AgentRecord:
        if key not in self.records:
            return AgentRecord(key)
        item = json.loads(self.records[key])
        return from_json(AgentRecord, item)

    def commit(
        self,
        record: AgentRecord,
        previous: AgentRecord,
        alert: Rendered | None,
        repairs: Sequence[Repair] = (),
        shown: Shown | None = None,
    ) -> None:
        with self.calls.made("store.commit", record, previous, alert):
            if self._record(record.key).version != previous.version:
                raise Conflict("the record changed since it was read")
            item = store_items.record_to_item(within_budget(record))
            self.records[record.key] = json.dumps(item)
            if alert:
                self.outbox[store_items.outbox_key(alert)] = json.dumps(to_json(alert))
            if repairs:
                commit_id = f"{record.key.ai_agent_id}#{record.version}"
                self.fixes[commit_id] = json.dumps([to_json(repair) for repair in repairs])
            if shown:
                self.offered[shown.alert_id] = json.dumps(to_json(shown))

    def put_alert(self, alert: Rendered, shown: Shown | None = None) -> None:
        with self.calls.made("store.put_alert", alert.alert_id):
            if shown:
                self.offered[shown.alert_id] = json.dumps(to_json(shown))
            self.outbox[store_items.outbox_key(alert)] = json.dumps(to_json(alert))

    def pending_fixes(self, ai_agent_id: str | None = None) -> dict[str, tuple[Repair, ...]]:
        with self.calls.made("store.pending_fixes", ai_agent_id):
            prefix = f"{ai_agent_id}#" if ai_agent_id else ""
            return {
                commit_id: tuple(from_json(Repair, repair) for repair in json.loads(item))
                for commit_id, item in self.fixes.items()
                if commit_id.startswith(prefix)
            }

    def drop_sent(self, commit_id: str) -> None:
        with self.calls.made("store.drop_sent", commit_id):
            self.fixes.pop(commit_id, None)

    def assistants(self) -> tuple[str, ...]:
        with self.calls.made("store.assistants"):
            return tuple(self.instances)

    def pending(self, ai_agent_id: str | None = None) -> list[Rendered]:
        with self.calls.made("store.pending", ai_agent_id):
            prefix = f"{ai_agent_id}#" if ai_agent_id else ""
            items = [item for key, item in sorted(self.outbox.items()) if key.startswith(prefix)]
            alerts = [from_json(Rendered, json.loads(item)) for item in items]
            return sorted(alerts, key=lambda alert: (alert.time, alert.alert_id))

    def shown(self) -> list[Shown]:
        with self.calls.made("store.shown"):
            return [from_json(Shown, json.loads(item)) for item in self.offered.values()]

    def claim(self, alert: Rendered, now: datetime, until: datetime) -> bool:
        with self.calls.made("store.claim", alert.alert_id):
            key = store_items.outbox_key(alert)
            if key not in self.outbox or self.claims.get(key, now) > now:
                return False
            self.claims[key] = until
            return True

    def drop_published(self, alert: Rendered) -> None:
        with self.calls.made("store.drop_published", alert.alert_id):
            key = store_items.outbox_key(alert)
            self.outbox.pop(key, None)
            self.claims.pop(key, None)

    def agents_with(self, edge: Edge) -> tuple[AgentKey, ...]:
        with self.calls.made("store.agents_with", edge):
            return tuple(key for key in self.records if edge in self._record(key).edges)

    def sweep_progress(self) -> SweepProgress | None:
        with self.calls.made("store.sweep_progress"):
            return self.progress

    def save_sweep_progress(self, progress: SweepProgress) -> None:
        with self.calls.made("store.save_sweep_progress", progress):
            item = json.loads(json.dumps(store_items.sweep_to_item(progress)))
            self.progress = store_items.sweep_from_item(item)

    def instance_of(self, assistant_id: str) -> str | None:
        with self.calls.made("store.instance_of", assistant_id):
            return self.instances.get(assistant_id)

    def remember_instances(self, by_assistant: Mapping[str, str]) -> None:
        with self.calls.made("store.remember_instances", by_assistant):
            self.instances = dict(by_assistant)

    def record(self, key: AgentKey) -> AgentRecord:
        """What is stored, for a test to look at; not a call."""
        return self._record(key)
