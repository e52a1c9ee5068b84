"""2,000 messages, some fine, some not: each ends in one of the outcomes there are, and nothing that
the service marks sensitive is repeated anywhere.

The evaluate function runs in a process of its own against an emulator and a local AWS.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.e2e.function_runner import ANSWER
from tests.e2e.hostile import SECRET, bodies
from tests.emulator.world import ACCOUNT, REGION, World, mcp_tool

from connect_emulator import Emulator, Server, seed, serve
from toolgrant.adapters.change_messages import parse_message
from toolgrant.domain.requests import RefusedSave
from toolgrant.errors import InvalidInput
from toolgrant_local.clients import Clients
from toolgrant_local.environment import aws_environment
from toolgrant_local.ministack import Ministack
from toolgrant_local.stack import PROJECT

MINISTACK = PROJECT / ".venv-ministack" / "bin" / "ministack"
PATIENCE = 60.0
OUTCOMES = {
    "evaluated",
    "agent-deleted",
    "not-judged",
    "stale",
    "superseded",
    "skipped",
    "notice",
}


@dataclass
class Resources:
    """A table, a topic with a subscriber, and the two queues."""

    clients: Clients
    table: str
    topic: str
    change_queue: str
    dead_letters: str
    alerts: str

    @classmethod
    def make(cls, clients: Clients) -> Resources:
        table, sqs = f"table-{uuid.uuid4()}", clients.get("sqs")
        clients.get("dynamodb").create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": k, "AttributeType": "S"} for k in ("pk", "sk")],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        )
        queues = [
            str(sqs.create_queue(QueueName=f"queue-{uuid.uuid4()}")["QueueUrl"]) for _ in range(3)
        ]
        topic = str(clients.get("sns").create_topic(Name=f"topic-{uuid.uuid4()}")["TopicArn"])
        name = "QueueArn"
        asked = sqs.get_queue_attributes(QueueUrl=queues[2], AttributeNames=[name])
        clients.get("sns").subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=asked["Attributes"][name]
        )
        return cls(clients, table, topic, *queues)

    def take(self, url: str) -> Iterator[dict[str, Any]]:
        """All messages that a queue shows now, and no more of them after."""
        sqs = self.clients.get("sqs")
        while messages := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            entries = [
                {"Id": str(at), "ReceiptHandle": message["ReceiptHandle"]}
                for at, message in enumerate(messages)
            ]
            sqs.delete_message_batch(QueueUrl=url, Entries=entries)
            yield from messages

    def items(self) -> list[dict[str, Any]]:
        pages = self.clients.get("dynamodb").get_paginator("scan").paginate(TableName=self.table)
        return [item for page in pages for item in page["Items"]]


@dataclass
class Function:
    """The evaluate function in its process, and all that it has printed."""

    process: subprocess.Popen[str]
    log: list[str] = field(default_factory=list)

    def invoke(self, *messages: str) -> tuple[dict[str, Any], list[str]]:
        """Its answer to a batch with ids `m0`, `m1`, …, and what it printed meanwhile."""
        records = [{"messageId": f"m{at}", "body": body} for at, body in enumerate(messages)]
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"Records": records}) + "\n")
        self.process.stdin.flush()
        watchdog = threading.Timer(PATIENCE, self.process.kill)
        watchdog.start()
        try:
            lines = list(iter(self._line, None))
        finally:
            watchdog.cancel()
        self.log += lines[:-1]
        assert lines[-1].startswith(ANSWER), f"it died or hung: {lines[-5:]}"
        answer: dict[str, Any] = json.loads(lines[-1].removeprefix(ANSWER))
        return answer, lines[:-1]

    def _line(self) -> str | None:
        """The next line; None after an answer or at the end."""
        if getattr(self, "_answered", False):
            self._answered = False
            return None
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self._answered = line.startswith(ANSWER) or not line
        return line


@pytest.fixture(scope="module")
def resources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resources]:
    work: Path = tmp_path_factory.mktemp("ministack")
    with ExitStack() as cleanup:
        ministack = Ministack(MINISTACK, work, {})
        cleanup.callback(ministack.stop)
        ministack.wait_healthy(None)
        clients = Clients(ministack.endpoint, {})
        cleanup.callback(clients.close)
        yield Resources.make(clients)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve(Emulator(REGION, ACCOUNT)) as running:
        yield running
        running.emulator.closing.set()


@pytest.fixture(scope="module")
def account(server: Server) -> World:
    """Agents, modules and profiles, with secrets wherever the service allows free text."""
    world = World(server.emulator, seed(server.emulator))
    modules = [world.module(f"module {at}", Content="{}") for at in range(2)]
    profiles = [world.profile(f"p{at}", Permissions=["Wisdom.View"][:at]) for at in range(2)]
    world.gateway("gw-1")
    ids = ["aws_service__qconnect_Retrieve", f"aws_custom_flows__{modules[0]}_1"]
    ids += ["gateway_gw-1__orders-api___Get", "aws_custom_websearch__search"]
    text = {"instruction": {"instruction": SECRET, "examples": [SECRET]}}
    for at in range(4):
        tools = [mcp_tool(tool_id, f"tool{n}", **text) for n, tool_id in enumerate(ids)]
        agent = world.agent(f"agent {at}", tools[at:])
        world.emulator.apply(
            "connect:AssociateSecurityProfiles",
            InstanceId=world.instance_id,
            SecurityProfiles=[{"Id": profiles[at % 2]}],
            EntityType="AI_AGENT",
            EntityArn=f"{agent['aiAgentArn']}:$SAVED",
        )
    return world


@pytest.fixture
def function(resources: Resources, server: Server, tmp_path: Path) -> Iterator[Function]:
    aws = resources.clients
    settings = {
        "TABLE": resources.table,
        "TOPIC_ARN": resources.topic,
        "CHANGE_QUEUE_URL": resources.change_queue,
        "DEAD_LETTER_QUEUE_URL": resources.dead_letters,
        "MODE": "warn",
        "SETTLE_SECONDS": "0",
        "REQUESTS_PER_SECOND": "1000",
        "LANGUAGE": "ja",
        "SWEEP_INTERVAL_HOURS": "6",
        "READ_FLOWS": "on",
        "CATALOG_OVERRIDES": f"overrides-{uuid.uuid4()}",
    }
    aws.get("ssm").put_parameter(
        Name=settings["CATALOG_OVERRIDES"],
        Value='{"schema": 1, "version": "2026-11-23", "tool": []}',
        Type="String",
    )
    environment = {
        **aws_environment(tmp_path),
        "AWS_ENDPOINT_URL": aws.get("sqs").meta.endpoint_url,
        "AWS_ENDPOINT_URL_CONNECT": server.connect_url,
        "AWS_ENDPOINT_URL_QCONNECT": server.qconnect_url,
        "POWERTOOLS_SERVICE_NAME": "toolgrant",
        "POWERTOOLS_METRICS_NAMESPACE": "toolgrant",
        "PYTHONPATH": str(PROJECT / "layers" / "toolgrant"),
        **{f"TOOLGRANT_{name}": value for name, value in settings.items()},
    }
    with subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.function_runner"],
        env=environment,
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        yield Function(process)
        process.kill()


@pytest.mark.long
@pytest.mark.parametrize(
    ("count", "seed"), [(2_000, 1), pytest.param(10_000, 2, marks=pytest.mark.stress)]
)
def test_each_message_ends_in_an_outcome_and_nothing_sensitive_is_repeated(
    resources: Resources, account: World, function: Function, count: int, seed: int
) -> None:
    random = Random(seed)
    fresh = bodies(random, ids_of(account), count)
    asked: list[str] = []
    kinds: Counter[str] = Counter()
    invocations = 0
    while batch := [*itertools.islice(fresh, random.choice([1, 2, 5, 10, 10])), *asked]:
        trouble(account, invocations)
        invocations += 1
        answer, lines = function.invoke(*batch)
        sent = [message["Body"] for message in resources.take(resources.change_queue)]
        kinds.update(judge(batch, answer, lines, sent))
        asked = sent[: random.randint(0, 2)]  # some of what it asks for goes the same way

    dead = list(resources.take(resources.dead_letters))
    alerts = list(resources.take(resources.alerts))
    assert set(kinds) <= OUTCOMES | OTHER
    # Rare by chance alone: two looks at once, an old event, a batch of nothing but told notices.
    assert (OUTCOMES | OTHER) - set(kinds) <= {"superseded", "stale", "repeated-notice"}
    assert kinds["dead-lettered"] == len(dead)
    reasons = [letter["MessageAttributes"]["reason"]["StringValue"] for letter in dead]
    assert all(reason.startswith("$") for reason in reasons)
    assert alerts
    for place in (function.log, reasons, alerts, sent, resources.items()):
        assert SECRET not in json.dumps(place, default=str)


OTHER = {"failed", "dead-lettered", "throttled", "fan-out", "repeated-notice"}


def judge(
    batch: list[str], answer: dict[str, Any], lines: list[str], sent: list[str]
) -> Iterator[str]:
    """The outcomes of a batch; fails on one that there is not, or on a message without any."""
    assert "crashed" not in answer, answer
    failed = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
    assert set(failed) <= {f"m{at}" for at in range(len(batch))}
    records = [json.loads(line) for line in lines]
    audits = [record["audit"] for record in records if "audit" in record]
    for audit in audits:
        assert audit["outcome"] in OUTCOMES
        assert audit["reason"] or audit["outcome"] not in ("skipped", "not-judged", "notice")
    events = Counter(record.get("message") for record in records)
    for record in records:
        if record.get("message") in ("failed", "dead-lettered"):
            assert record["reason"]
            assert "unexpected" not in record["reason"]
    found = [audit["outcome"] for audit in audits]
    found += ["failed"] * len(failed)
    found += ["dead-lettered"] * events["dead-lettered"]
    found += ["throttled"] * events["throttled"]
    found += ["fan-out"] * (len(sent) - events["throttled"] if sent else 0)
    if not found:
        assert all(repeatable(body) for body in batch), (batch, lines)
        found = ["repeated-notice"] * len(batch)
    return iter(found)


def repeatable(body: str) -> bool:
    """Whether a message may have no outcome: a refused save that was told already has none."""
    try:
        return isinstance(parse_message(body), RefusedSave)
    except InvalidInput:
        return False


def trouble(account: World, invocation: int) -> None:
    """Now and then the service fails, or throttles, until the client gives up: three times."""
    faults, operation = account.emulator.faults, "qconnect:GetAIAgent"
    if invocation % 100 == 10:
        faults.error(operation, status=500, times=3)
    elif invocation % 100 == 60:
        faults.throttle(operation, times=3)


def ids_of(account: World) -> dict[str, list[str]]:
    """What exists, by the lower-case names that records use."""
    resources = account.emulator.edit(lambda account: account.resources)
    agents = [agent for agent in resources.agents.values() if agent.name.startswith("agent ")]
    return {
        "assistantid": [account.assistant_id],
        "aiagentid": [agent.id for agent in agents],
        "aiagentarn": [agent.arn for agent in agents],
        "entityarn": [f"{agent.arn}:$SAVED" for agent in agents],
        "instanceid": [account.instance_id],
        "securityprofileid": list(resources.profiles),
        "contactflowmoduleid": list(resources.modules),
    }
