"""Contact flows as Connect has them, and as the table knows them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime

from tests.fakes.calls import Calls

from toolgrant.adapters.dataclass_json import from_json, to_json
from toolgrant.domain.contact_flows import FlowContent, FlowKey, FlowProgress, NamingFlow
from toolgrant.errors import NotFound

AI_AGENT_ARN = "x-amz-lex:q-in-connect:ai-agent-arn"
AI_AGENT_ID = "x-amz-lex:q-in-connect:ai-agent-id"


def content_naming(*values: str, key: str = AI_AGENT_ARN) -> str:
    """The content of a contact flow with a Lex block for each value."""
    actions = [
        {
            "Identifier": f"block-{number}",
            "Type": "ConnectParticipantWithLexBot",
            "Parameters": {"LexSessionAttributes": {key: value}},
        }
        for number, value in enumerate(values)
    ]
    return json.dumps({"Version": "2019-10-30", "Actions": actions})


@dataclass
class FakeFlows:
    """`published` are the flows that run; None is a flow of which nothing runs."""

    published_flows: dict[FlowKey, FlowContent | None] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    calls: Calls = field(default_factory=Calls)

    def listed(self, instance_id: str) -> tuple[str, ...]:
        with self.calls.made("flows.listed", instance_id):
            if instance_id in self.gone:
                raise NotFound("connect list_contact_flows: ResourceNotFoundException")
            keys = self.published_flows
            return tuple(key.flow_id for key in keys if key.instance_id == instance_id)

    def published(self, key: FlowKey) -> FlowContent | None:
        with self.calls.made("flows.published", key):
            return self.published_flows.get(key)


class FakeFlowTable:
    """Keeps items in their stored form."""

    def __init__(self, calls: Calls | None = None) -> None:
        self.calls = calls or Calls()
        self.items: dict[FlowKey, str] = {}
        self.kept_progress: str = ""
        self.asked: datetime | None = None

    def naming(self) -> list[NamingFlow]:
        with self.calls.made("flow_table.naming"):
            return [self._read(item) for item in self.items.values()]

    def get(self, key: FlowKey) -> NamingFlow | None:
        with self.calls.made("flow_table.get", key):
            return self._read(self.items[key]) if key in self.items else None

    def keep(self, flow: NamingFlow) -> None:
        with self.calls.made("flow_table.keep", flow):
            if flow.key in self.items and self._read(self.items[flow.key]).read_at > flow.read_at:
                return
            if flow.agents:
                self.items[flow.key] = json.dumps(to_json(flow))
            else:
                self.items.pop(flow.key, None)

    def progress(self) -> FlowProgress | None:
        with self.calls.made("flow_table.progress"):
            return self._progress()

    def _progress(self) -> FlowProgress | None:
        kept = self.kept_progress
        return from_json(FlowProgress, json.loads(kept)) if kept else None

    def save_progress(self, progress: FlowProgress) -> None:
        with self.calls.made("flow_table.save_progress", progress):
            self.kept_progress = json.dumps(to_json(progress))

    def ask_for_all(self, at: datetime) -> None:
        with self.calls.made("flow_table.ask_for_all", at):
            self.asked = at

    def asked_at(self) -> datetime | None:
        with self.calls.made("flow_table.asked_at"):
            return self.asked

    @staticmethod
    def _read(item: str) -> NamingFlow:
        return from_json(NamingFlow, json.loads(item))
