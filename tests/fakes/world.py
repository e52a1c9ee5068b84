"""A small account with toolgrant in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.fakes.calls import Calls
from tests.fakes.channels import FakeJournal, FakeNotifier, FakeQueue
from tests.fakes.cloud import (
    ASSISTANT,
    INSTANCE,
    Cloud,
    FakeAgents,
    FakeClock,
    FakeProfiles,
    uuid_of,
)
from tests.fakes.flows import AI_AGENT_ARN, FakeFlows, FakeFlowTable, content_naming
from tests.fakes.readings import USUAL, Readings
from tests.fakes.table import FakeStore
from tests.fakes.tools import DASHBOARD

from toolgrant.adapters.change_messages import parse_message
from toolgrant.domain.catalog import packaged
from toolgrant.domain.contact_flows import FlowContent, FlowKey
from toolgrant.domain.model import (
    DRAFT,
    LATEST,
    Finding,
    Grant,
    QualifiedAgent,
    SecurityProfile,
    Tool,
)
from toolgrant.domain.records import AgentKey, SweepProgress
from toolgrant.errors import InvalidInput
from toolgrant.usecases.batch import Message, handle_batch
from toolgrant.usecases.contact_flows import read_flows
from toolgrant.usecases.deps import Deps, FlowPorts
from toolgrant.usecases.sweep import sweep

SETTLE = timedelta(seconds=60)
VISIBILITY = timedelta(seconds=660)
"""How long a message that failed stays out of sight (template.yaml)."""


def make_deps(**overrides: Any) -> Deps:
    """Everything that a batch works with, empty, unless given."""
    calls, cloud, clock = Calls(), Cloud(), FakeClock()
    parts: dict[str, Any] = {
        "agents": FakeAgents(cloud, calls),
        "profiles": FakeProfiles(cloud, calls),
        "store": FakeStore(calls),
        "notifier": FakeNotifier(calls),
        "queue": FakeQueue(clock, calls),
        "journal": FakeJournal(),
        "clock": clock,
        "catalog": packaged(),
        "settle": SETTLE,
        "language": "en",
        "flows": FlowPorts(FakeFlows(calls=calls), FakeFlowTable(calls)),
    }
    return Deps(**{**parts, **overrides})


class World:
    """An account with toolgrant in it. Agents and profiles are meant by their names."""

    def __init__(self, settle: timedelta = SETTLE, readings: Readings = USUAL) -> None:
        self.calls = Calls()
        self.cloud = Cloud(live={ASSISTANT: {}}, instances={ASSISTANT: INSTANCE}, readings=readings)
        self.clock = FakeClock()
        self.store = FakeStore(self.calls)
        self.flows = FakeFlows(calls=self.calls)
        self.flow_table = FakeFlowTable(self.calls)
        self.reads_flows = True
        self.notifier = FakeNotifier(self.calls)
        self.queue = FakeQueue(self.clock, self.calls)
        self.journal = FakeJournal()
        self.settle = settle
        self.catalog = packaged()
        self.has_time: Callable[[], bool] = lambda: True

    # --- the account

    def key(self, agent: str = "agent") -> AgentKey:
        return AgentKey(ASSISTANT, uuid_of(agent))

    def arn(self, agent: str = "agent") -> str:
        return f"arn:aws:wisdom:us-east-1:111122223333:ai-agent/{ASSISTANT}/{uuid_of(agent)}"

    def agent(self, *tools: Tool, name: str = "agent", on: str = DRAFT, **fields: Any) -> AgentKey:
        """An AI agent (one version of it) with these tools."""
        key = self.key(name)
        base = QualifiedAgent(
            *(key.assistant_id, key.ai_agent_id, on, self.arn(name), name, "ORCHESTRATION"),
            tools=tools,
        )
        self.cloud.agents[key, on] = replace(base, **fields)
        if on == DRAFT and self.cloud.readings.latest == "published":
            self.cloud.agents[key, LATEST] = replace(base, **fields, qualifier=LATEST)
        return key

    def publish(self, version: int = 1, name: str = "agent", live: bool = True) -> None:
        """The draft becomes a version, `$LATEST` and (by number) what the assistant uses."""
        key = self.key(name)
        draft = self.cloud.agents[key, DRAFT]
        for qualifier in (str(version), LATEST):
            self.cloud.agents[key, qualifier] = replace(draft, qualifier=qualifier)
        if live:
            self.make_live(str(version), name=name)

    def make_live(self, *qualifiers: str, name: str = "agent") -> None:
        self.cloud.live[ASSISTANT][uuid_of(name)] = frozenset(qualifiers)

    def profile(self, name: str, *grants: str) -> str:
        """A security profile with exactly these grants, each written `permission:Wisdom.View`."""
        held = frozenset(Grant.parse(text) for text in grants)
        self.cloud.profiles[uuid_of(name)] = SecurityProfile(uuid_of(name), name, held)
        return uuid_of(name)

    def attach(self, *profiles: str, agent: str = "agent", on: tuple[str, ...] = (DRAFT,)) -> None:
        """Exactly these profiles are associated with these qualifiers."""
        for qualifier in on:
            attached = tuple(uuid_of(name) for name in profiles)
            self.cloud.attached[f"{self.arn(agent)}:{qualifier}"] = attached

    def delete_agent(self, name: str = "agent") -> None:
        for key, qualifier in [entry for entry in self.cloud.agents if entry[0] == self.key(name)]:
            del self.cloud.agents[key, qualifier]

    def flow(
        self, name: str, *named: str, key: str = AI_AGENT_ARN, instance: str = INSTANCE
    ) -> FlowKey:
        """A published contact flow that names exactly these versions, such as `agent:3`. What is
        dynamic, or under another key, stands there as it is."""
        flow_key = FlowKey(instance, uuid_of(name))
        values = [one if one[0] == "$" or key != AI_AGENT_ARN else self.named(one) for one in named]
        content = FlowContent(name, content_naming(*values, key=key))
        self.flows.published_flows[flow_key] = content
        return flow_key

    def named(self, text: str) -> str:
        """`agent:3` → the ARN of this version."""
        agent, colon, qualifier = text.partition(":")
        return f"{self.arn(agent)}{colon}{qualifier}"

    def delete_flow(self, name: str) -> None:
        del self.flows.published_flows[FlowKey(INSTANCE, uuid_of(name))]

    # --- what happens

    def event(self, name: str = "UpdateAIAgent", agent: str = "agent", **fields: Any) -> str:
        """The body of an event on an AI agent, as EventBridge delivers it."""
        requests = {"assistantId": ASSISTANT, "aiAgentId": uuid_of(agent)}
        return self._event(name, "qconnect", fields, requests)

    def created(self, agent: str = "agent", **fields: Any) -> str:
        """The body of a successful CreateAIAgent."""
        answer = {"aiAgent": {"assistantId": ASSISTANT, "aiAgentArn": self.arn(agent)}}
        requests = {"assistantId": ASSISTANT, "name": agent}
        fields = {"responseElements": answer, **fields}
        return self._event("CreateAIAgent", "qconnect", fields, requests)

    def refused_save(
        self,
        event: str = "UpdateAIAgent",
        tool: str = DASHBOARD,
        name: str = "agent",
        **fields: Any,
    ) -> str:
        """The body of a save that the service refused because of `tool`."""
        message = f"MCP tool with ID '{tool}' not found in MCP tools"
        fields = {"errorCode": "ValidationException", "errorMessage": message, **fields}
        requests = {"assistantId": ASSISTANT, "name": name}
        if event != "CreateAIAgent":
            requests["aiAgentId"] = uuid_of(name)
        return self._event(event, "qconnect", fields, requests)

    def flow_event(self, flow: str, name: str = "UpdateContactFlowContent", **fields: Any) -> str:
        requests = {"InstanceId": INSTANCE, "ContactFlowId": uuid_of(flow)}
        return self._event(name, "connect", fields, requests)

    def profile_event(self, profile: str, **fields: Any) -> str:
        requests = {"InstanceId": INSTANCE, "SecurityProfileId": uuid_of(profile)}
        return self._event("UpdateSecurityProfile", "connect", fields, requests)

    def _event(self, name: str, service: str, fields: dict[str, Any], requests: Any) -> str:
        at = fields.pop("at", self.clock.now())
        detail = {
            "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:x/Admin/ann"},
            "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventSource": f"{service}.amazonaws.com",
            "eventName": name,
            "requestParameters": requests,
            "eventID": uuid_of(f"{name} {at}"),
            **fields,
        }
        return json.dumps(
            {
                "id": detail["eventID"],
                "detail-type": "AWS API Call via CloudTrail",
                "source": f"aws.{service}",
                "detail": detail,
            }
        )

    def deps(self) -> Deps:
        """Fresh adapters, as each batch has them."""
        return make_deps(
            agents=FakeAgents(self.cloud, self.calls),
            profiles=FakeProfiles(self.cloud, self.calls),
            store=self.store,
            notifier=self.notifier,
            queue=self.queue,
            journal=self.journal,
            clock=self.clock,
            settle=self.settle,
            catalog=self.catalog,
            flows=FlowPorts(self.flows, self.flow_table) if self.reads_flows else None,
        )

    def handle(self, *bodies: str) -> set[str]:
        """One batch of exactly these messages; ids are `m0`, `m1`, …"""
        messages = [Message(f"m{number}", body) for number, body in enumerate(bodies)]
        return handle_batch(messages, parse_message, self.deps(), self.has_time)

    def deliver(self) -> None:
        """One batch of all that is visible in the queue. What fails comes back when its time out
        of sight is over; when the process dies, all of it does."""
        batch = [
            replace(message, visible_at=self.clock.now() + VISIBILITY)
            for message in self.queue.take()
        ]
        try:
            failed = self.handle(*(message.body for message in batch))
        except BaseException:
            self.queue.waiting += batch
            raise
        self.queue.waiting += [
            message for number, message in enumerate(batch) if f"m{number}" in failed
        ]

    def drain(self, batches: int = 20) -> None:
        """Batches until nothing is visible any more."""
        for _ in range(batches):
            if not any(one.visible_at <= self.clock.now() for one in self.queue.waiting):
                return
            self.deliver()
        raise AssertionError(f"the queue does not get empty: {self.journal.failures[-1:]}")

    def later(self, seconds: float) -> None:
        """Time passes, then all that has become visible is worked off."""
        self.clock.advance(seconds)
        self.drain()

    def look(self, agent: str = "agent") -> None:
        """An event on `agent` comes in, and everything that follows from it happens."""
        self.queue.put(self.event(agent=agent))
        self.drain()
        self.later(self.settle.total_seconds() + 2)

    def sweep(
        self, interval: timedelta = timedelta(), has_time: Callable[[], bool] = lambda: True
    ) -> SweepProgress:
        """Enqueue all AI agents; `drain` then works them off."""
        return sweep(self.deps(), interval, has_time)

    def read_flows(
        self, interval: timedelta = timedelta(), has_time: Callable[[], bool] = lambda: True
    ) -> None:
        """Read all contact flows, as the sweep function does after the sweep."""
        read_flows(self.deps(), interval, has_time)

    # --- what came of it

    def findings(self, agent: str = "agent") -> dict[str, Finding]:
        """`<kind> <toolName>` → the finding on record."""
        found = self.store.record(self.key(agent)).findings.values()
        return {f"{finding.kind} {finding.tool_name}": finding for finding in found}

    def states(self, agent: str = "agent") -> dict[str, str]:
        return {name: str(finding.state) for name, finding in self.findings(agent).items()}

    def on_record(self) -> dict[str, list[str]]:
        """Name of a contact flow → what the table says that it names."""
        return {
            flow.name: sorted(f"{one.ai_agent_id}:{one.qualifier}" for one in flow.agents)
            for flow in self.flow_table.naming()
        }

    @property
    def told(self) -> list[str]:
        """`<status> <toolName>` of everything published, in order."""
        return [
            f"{finding['status']} {finding['toolName']}"
            for alert in self.notifier.alerts
            for finding in alert["findings"]
        ]

    @property
    def outcomes(self) -> list[str]:
        return [record["outcome"] for record in self.journal.decisions]

    @property
    def reasons(self) -> list[str | None]:
        return [record["reason"] for record in self.journal.decisions if "reason" in record]


def refused(body: str) -> str:
    """The InvalidInput that a message leads to, as text."""
    try:
        parsed = parse_message(body)
    except InvalidInput as error:
        return str(error)
    raise AssertionError(f"not refused: {parsed}")
