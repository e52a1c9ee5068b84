"""In-memory fakes of every port (`toolgrant.usecases.ports`) and a small world to use them in.

The fakes keep what the real adapters keep: answers for one batch, items in their stored form,
messages as text. Every call of a port goes through one `Calls`, which counts it, can make it fail
and can let the process die in it (`Crash`), before or after it took effect.
"""

from __future__ import annotations

import json
import math
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from toolgrant.adapters.change_messages import parse_message, to_json
from toolgrant.adapters.dynamodb import store_items
from toolgrant.domain.alerts.render import Rendered
from toolgrant.domain.catalog import packaged
from toolgrant.domain.model import (
    DRAFT,
    LATEST,
    Finding,
    Grant,
    GrantKind,
    QualifiedAgent,
    SecurityProfile,
    Tool,
    ToolType,
)
from toolgrant.domain.records import AgentKey, AgentRecord, Edge, SweepProgress
from toolgrant.domain.requests import AgentRequest, FixRequest
from toolgrant.errors import Conflict, InvalidInput, NotFound
from toolgrant.usecases.batch import LONGEST_DELAY, Message, handle_batch
from toolgrant.usecases.deps import Deps
from toolgrant.usecases.sweep import sweep

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
SETTLE = timedelta(seconds=60)
VISIBILITY = timedelta(seconds=660)
"""How long a message that failed stays out of sight (template.yaml)."""


def schema(name: str) -> Draft202012Validator:
    """One of docs/schemas: the fakes hold everything that is told or recorded against them."""
    path = Path(__file__).parents[1] / "docs" / "schemas" / f"{name}.schema.json"
    return Draft202012Validator(json.loads(path.read_text(encoding="utf-8")))


ALERT_SCHEMA = schema("alert-1")
AUDIT_SCHEMA = schema("audit-1")


@lru_cache(maxsize=10_000)
def valid_alert(text: str) -> bool:
    """Raises for an alert that is not as its schema says. The same text is looked at once."""
    ALERT_SCHEMA.validate(json.loads(text))
    return True


@lru_cache(maxsize=10_000)
def valid_audit(text: str) -> bool:
    """Raises for an audit record that is not as its schema says."""
    AUDIT_SCHEMA.validate(json.loads(text))
    return True


def uuid_of(word: str) -> str:
    """The same made-up UUID for the same word."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, word))


ASSISTANT = uuid_of("assistant")
INSTANCE = uuid_of("instance")


class Crash(BaseException):
    """The process dies here; nothing may catch it."""


@dataclass
class Fault:
    """Raise `error` in the `nth` call (from 1) whose name starts with `name`."""

    name: str
    nth: int
    error: BaseException
    after: bool = False
    times: int = 1


@dataclass
class Calls:
    """What was called, in order, and what is to go wrong."""

    log: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    on_call: Callable[[str, tuple[Any, ...]], None] = lambda *_: None

    @contextmanager
    def made(self, name: str, *arguments: Any) -> Iterator[None]:
        self.log.append((name, arguments))
        self.on_call(name, arguments)
        due = [fault for fault in self.faults if name.startswith(fault.name)]
        for fault in due:
            fault.nth -= 1
        now = [fault for fault in due if fault.nth <= 0 < fault.nth + fault.times]
        self._raise(fault for fault in now if not fault.after)
        yield
        self._raise(fault for fault in now if fault.after)

    @staticmethod
    def _raise(faults: Iterator[Fault]) -> None:
        for fault in faults:
            raise fault.error

    def count(self, prefix: str = "") -> Counter[str]:
        return Counter(name for name, _ in self.log if name.startswith(prefix))

    def to(self, name: str) -> list[tuple[Any, ...]]:
        return [arguments for called, arguments in self.log if called == name]

    def forget(self) -> None:
        self.log.clear()


@dataclass
class Cloud:
    """What Connect and Q in Connect hold."""

    agents: dict[tuple[AgentKey, str], QualifiedAgent] = field(default_factory=dict)
    live: dict[str, dict[str, frozenset[str]]] = field(default_factory=dict)
    profiles: dict[str, SecurityProfile] = field(default_factory=dict)
    attached: dict[str, tuple[str, ...]] = field(default_factory=dict)
    instances: dict[str, str] = field(default_factory=dict)
    page: int = 100


class FakeClock:
    def __init__(self, now: datetime = NOON) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class _Cache:
    """Answers and refusals, kept for one batch."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._kept: dict[tuple[Any, ...], Any] = {}

    def ask(self, name: str, arguments: tuple[Any, ...], answer: Callable[[], Any]) -> Any:
        key = (name, *arguments)
        if key not in self._kept:
            with self._calls.made(name, *arguments):
                try:
                    self._kept[key] = answer()
                except NotFound as error:
                    self._kept[key] = error
        if isinstance(self._kept[key], NotFound):
            raise self._kept[key]
        return self._kept[key]


class FakeAgents:
    def __init__(self, cloud: Cloud, calls: Calls) -> None:
        self._cloud, self._calls, self._cache = cloud, calls, _Cache(calls)

    def forget(self) -> None:
        self._cache = _Cache(self._calls)

    def get(self, key: AgentKey, qualifier: str) -> QualifiedAgent:
        answer = self._cache.ask("agents.get", (key, qualifier), lambda: self._get(key, qualifier))
        assert isinstance(answer, QualifiedAgent)
        return answer

    def _get(self, key: AgentKey, qualifier: str) -> QualifiedAgent:
        try:
            return self._cloud.agents[key, qualifier]
        except KeyError:
            raise NotFound("qconnect get_ai_agent: ResourceNotFoundException") from None

    def live(self, assistant_id: str) -> Mapping[str, frozenset[str]]:
        def answer() -> Mapping[str, frozenset[str]]:
            if assistant_id not in self._cloud.live:
                raise NotFound("qconnect get_assistant: ResourceNotFoundException")
            return dict(self._cloud.live[assistant_id])

        kept: Mapping[str, frozenset[str]] = self._cache.ask("agents.live", (assistant_id,), answer)
        return kept

    def assistants(self) -> list[str]:
        with self._calls.made("agents.assistants"):
            return list(self._cloud.live)

    def listed(
        self, assistant_id: str, token: str | None
    ) -> tuple[list[QualifiedAgent], str | None]:
        with self._calls.made("agents.listed", assistant_id, token):
            if assistant_id not in self._cloud.live:
                raise NotFound("qconnect list_ai_agents: ResourceNotFoundException")
            drafts = [
                agent
                for (key, qualifier), agent in self._cloud.agents.items()
                if key.assistant_id == assistant_id
                and qualifier == DRAFT
                and agent.type == "ORCHESTRATION"
            ]
            start, page = int(token or 0), self._cloud.page
            more = start + page < len(drafts)
            return drafts[start : start + page], str(start + page) if more else None

    def versions(self, key: AgentKey) -> list[QualifiedAgent]:
        with self._calls.made("agents.versions", key):
            numbered = [
                agent
                for (one, qualifier), agent in self._cloud.agents.items()
                if one == key and qualifier.isdecimal()
            ]
            return numbered[::-1]


class FakeProfiles:
    def __init__(self, cloud: Cloud, calls: Calls) -> None:
        self._cloud, self._calls, self._cache = cloud, calls, _Cache(calls)

    def forget(self) -> None:
        self._cache = _Cache(self._calls)

    def attached(self, instance_id: str, qualified_arn: str) -> tuple[str, ...]:
        return tuple(
            self._cache.ask(
                "profiles.attached",
                (instance_id, qualified_arn),
                lambda: self._cloud.attached.get(qualified_arn, ()),
            )
        )

    def grants(self, instance_id: str, profile_id: str, kind: GrantKind) -> frozenset[Grant]:
        return frozenset(
            self._cache.ask(
                "profiles.grants",
                (instance_id, profile_id, kind),
                lambda: [g for g in self._profile(profile_id).grants if g.kind is kind],
            )
        )

    def name(self, instance_id: str, profile_id: str) -> str:
        return str(
            self._cache.ask(
                "profiles.name", (instance_id, profile_id), lambda: self._profile(profile_id).name
            )
        )

    def _profile(self, profile_id: str) -> SecurityProfile:
        try:
            return self._cloud.profiles[profile_id]
        except KeyError:
            raise NotFound("connect: ResourceNotFoundException") from None

    def instances_by_assistant(self) -> Mapping[str, str]:
        return dict(self._cache.ask("profiles.instances", (), lambda: dict(self._cloud.instances)))


class FakeStore:
    """Keeps items as `adapters.stored` writes them; a commit has the condition of the table's."""

    def __init__(self, calls: Calls | None = None) -> None:
        self.calls = calls or Calls()
        self.records: dict[AgentKey, str] = {}
        self.outbox: dict[str, str] = {}
        self.claims: dict[str, datetime] = {}
        self.fixes: dict[str, str] = {}
        self.instances: dict[str, str] = {}
        self.progress: SweepProgress | None = None

    def load(self, key: AgentKey) -> AgentRecord:
        with self.calls.made("store.load", key):
            return self._record(key)

    def _record(self, key: AgentKey) -> AgentRecord:
        if key not in self.records:
            return AgentRecord(key)
        item = json.loads(self.records[key])
        return store_items.record_from_item(key, item)

    def commit(
        self,
        record: AgentRecord,
        previous: AgentRecord,
        alert: Rendered | None,
        fixes: Sequence[FixRequest] = (),
    ) -> None:
        with self.calls.made("store.commit", record, previous, alert):
            if self._record(record.key).version != previous.version:
                raise Conflict("the record changed since it was read")
            self.records[record.key] = json.dumps(store_items.record_to_item(record))
            if alert:
                item = store_items.alert_to_item("OUTBOX", alert)
                self.outbox[alert.alert_id] = json.dumps(item)
            if fixes:
                commit_id = f"{record.key.ai_agent_id}-{record.version}"
                self.fixes[commit_id] = json.dumps(store_items.fixes_to_item(fixes))

    def put_alert(self, alert: Rendered) -> None:
        with self.calls.made("store.put_alert", alert.alert_id):
            self.outbox[alert.alert_id] = json.dumps(store_items.alert_to_item("OUTBOX", alert))

    def pending_fixes(self, ai_agent_id: str | None = None) -> dict[str, tuple[FixRequest, ...]]:
        with self.calls.made("store.pending_fixes", ai_agent_id):
            prefix = f"{ai_agent_id}-" if ai_agent_id else ""
            return {
                commit_id: store_items.fixes_from_item(json.loads(item))
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
            prefix = f"{ai_agent_id}-" if ai_agent_id else ""
            items = [item for key, item in sorted(self.outbox.items()) if key.startswith(prefix)]
            return [store_items.alert_from_item(json.loads(item)) for item in items]

    def claim(self, alert_id: str, now: datetime, until: datetime) -> bool:
        with self.calls.made("store.claim", alert_id):
            if alert_id not in self.outbox or self.claims.get(alert_id, now) > now:
                return False
            self.claims[alert_id] = until
            return True

    def drop_published(self, alert_id: str) -> None:
        with self.calls.made("store.drop_published", alert_id):
            self.outbox.pop(alert_id, None)
            self.claims.pop(alert_id, None)

    def agents_with(self, edge: Edge) -> tuple[AgentKey, ...]:
        with self.calls.made("store.agents_with", edge):
            return tuple(key for key in self.records if edge in self._record(key).edges)

    def sweep_progress(self) -> SweepProgress | None:
        with self.calls.made("store.sweep_progress"):
            return self.progress

    def save_sweep_progress(self, progress: SweepProgress) -> None:
        with self.calls.made("store.save_sweep_progress", progress):
            self.progress = progress

    def instance_of(self, assistant_id: str) -> str | None:
        with self.calls.made("store.instance_of", assistant_id):
            return self.instances.get(assistant_id)

    def remember_instances(self, by_assistant: Mapping[str, str]) -> None:
        with self.calls.made("store.remember_instances", by_assistant):
            self.instances = dict(by_assistant)

    def record(self, key: AgentKey) -> AgentRecord:
        """What is stored, for a test to look at; not a call."""
        return self._record(key)


class FakeNotifier:
    def __init__(self, calls: Calls | None = None) -> None:
        self.calls = calls or Calls()
        self.sent: list[Rendered] = []

    def publish(self, alert: Rendered) -> None:
        with self.calls.made("notifier.publish", alert.alert_id):
            assert valid_alert(alert.bodies["default"])
            self.sent.append(alert)

    @property
    def alerts(self) -> list[dict[str, Any]]:
        """The machine form of everything sent, in order."""
        return [json.loads(alert.bodies["default"]) for alert in self.sent]


@dataclass
class Waiting:
    """A message in the queue."""

    body: str
    visible_at: datetime
    delay: timedelta = timedelta()


class FakeQueue:
    """Messages as text, each visible after its delay, as SQS counts it: in whole seconds."""

    def __init__(self, clock: FakeClock, calls: Calls | None = None) -> None:
        self.calls = calls or Calls()
        self.clock = clock
        self.waiting: list[Waiting] = []
        self.dead: list[tuple[str, str]] = []

    def send(self, request: AgentRequest, delay: timedelta) -> None:
        with self.calls.made("queue.send", request, delay):
            assert timedelta() <= delay <= LONGEST_DELAY
            seconds = timedelta(seconds=math.ceil(delay.total_seconds()))
            self.waiting.append(Waiting(to_json(request), self.clock.now() + seconds, delay))

    def dead_letter(self, body: str, reason: str) -> None:
        with self.calls.made("queue.dead_letter", reason):
            self.dead.append((body, reason))

    def put(self, *bodies: str) -> None:
        """Messages from outside; not a call."""
        self.waiting += [Waiting(body, self.clock.now()) for body in bodies]

    def take(self) -> list[Waiting]:
        """Everything that is visible now."""
        due = [message for message in self.waiting if message.visible_at <= self.clock.now()]
        self.waiting = [message for message in self.waiting if message not in due]
        return due


class FakeJournal:
    def __init__(self) -> None:
        self.decisions: list[dict[str, Any]] = []
        self.notes: list[tuple[str, dict[str, object]]] = []
        self.failures: list[tuple[str, dict[str, object]]] = []
        self.metrics: Counter[str] = Counter()

    def decision(self, record: Mapping[str, Any]) -> None:
        text = json.dumps(record)
        assert valid_audit(text)
        self.decisions.append(json.loads(text))

    def note(self, event: str, **fields: object) -> None:
        self.notes.append((event, fields))

    def failure(self, event: str, **fields: object) -> None:
        self.failures.append((event, fields))

    def count(self, metric: str, value: float = 1) -> None:
        self.metrics[metric] += int(value)


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
    }
    return Deps(**{**parts, **overrides})


def mcp(tool_id: str | None, name: str = "") -> Tool:
    """An MCP tool, named after the last part of its id."""
    return Tool(
        name or (tool_id or "nameless").split("_")[-1], ToolType.MODEL_CONTEXT_PROTOCOL, tool_id
    )


RETRIEVE = mcp("aws_service__qconnect_Retrieve")
CREATE_CASE = mcp("aws_service__connectcases_CreateCase")
DESCRIBE_CONTACT = mcp("aws_service__connect_DescribeContact")
GET_ORDER = mcp("gateway_gw-1a2b__orders-api___GetOrder")
MODULE = mcp(f"aws_custom_flows__{uuid_of('module')}_3", "RefundModule")
DASHBOARD = "aws_custom_analytics__get_dashboard_configuration"
MYSTERY = mcp("aws_service__tasks_Mystery")
ESCALATE = Tool("Escalate", ToolType.RETURN_TO_CONTROL, None)


class World:
    """An account with toolgrant in it. Agents and profiles are meant by their names."""

    def __init__(self, settle: timedelta = SETTLE) -> None:
        self.calls = Calls()
        self.cloud = Cloud(live={ASSISTANT: {}}, instances={ASSISTANT: INSTANCE})
        self.clock = FakeClock()
        self.store = FakeStore(self.calls)
        self.notifier = FakeNotifier(self.calls)
        self.queue = FakeQueue(self.clock, self.calls)
        self.journal = FakeJournal()
        self.settle = settle
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

    # --- what came of it

    def findings(self, agent: str = "agent") -> dict[str, Finding]:
        """`<kind> <toolName>` → the finding on record."""
        found = self.store.record(self.key(agent)).findings.values()
        return {f"{finding.kind} {finding.tool_name}": finding for finding in found}

    def states(self, agent: str = "agent") -> dict[str, str]:
        return {name: str(finding.state) for name, finding in self.findings(agent).items()}

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
