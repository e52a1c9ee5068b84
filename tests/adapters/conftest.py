"""A served emulator with a fresh account for each test; a local AWS for table, topic, queues."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.adapters.gateways import Gateways
from tests.emulator.world import ACCOUNT, REGION, UNCHECKED, World

from connect_emulator import Emulator, Server, seed, serve
from toolgrant_local import stack
from toolgrant_local.clients import Clients
from toolgrant_local.ministack import Ministack

MINISTACK = stack.PROJECT / ".venv-ministack" / "bin" / "ministack"


@pytest.fixture(scope="session")
def emulator_server() -> Iterator[Server]:
    with serve(Emulator(REGION, ACCOUNT)) as running:
        yield running


@pytest.fixture
def world(emulator_server: Server) -> Iterator[World]:
    """The sample account, never used before; any gateway and flow module can be granted."""
    emulator = Emulator(REGION, ACCOUNT, **UNCHECKED)
    emulator_server.emulator = emulator
    yield World(emulator, seed(emulator))
    emulator.closing.set()


@pytest.fixture
def gateways(world: World, emulator_server: Server) -> Iterator[Gateways]:
    """Adapters for Connect and Q in Connect that talk to `world`."""
    with ExitStack() as cleanup:
        yield Gateways(emulator_server, world.emulator, cleanup)


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """Clients of an AWS without Connect, for the tables, topics and queues of these tests."""
    work: Path = tmp_path_factory.mktemp("ministack")
    ministack = Ministack(MINISTACK, work, {})
    try:
        ministack.wait_healthy(None)
        clients = Clients(ministack.endpoint, {})
        yield clients
        clients.close()
    finally:
        ministack.stop()


@pytest.fixture
def table(aws: Clients) -> str:
    """An empty table with the keys that template.yaml gives it."""
    name = f"table-{uuid.uuid4()}"
    aws.get("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
    )
    return name


@pytest.fixture
def queue_url(aws: Clients) -> str:
    return make_queue(aws)


@pytest.fixture
def other_queue_url(aws: Clients) -> str:
    return make_queue(aws)


@pytest.fixture
def topic_arn(aws: Clients) -> str:
    return str(aws.get("sns").create_topic(Name=f"topic-{uuid.uuid4()}")["TopicArn"])


def make_queue(aws: Clients) -> str:
    return str(aws.get("sqs").create_queue(QueueName=f"queue-{uuid.uuid4()}")["QueueUrl"])


@pytest.fixture
def receive(aws: Clients) -> Any:
    """`receive(queue_url)`: take one message, waiting a little for it; None if there is none."""

    def take(url: str, wait: int = 2) -> dict[str, Any] | None:
        sqs = aws.get("sqs")
        answer = sqs.receive_message(
            QueueUrl=url,
            WaitTimeSeconds=wait,
            MessageAttributeNames=["All"],
            AttributeNames=["All"],
        )
        for message in answer.get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return dict(message)
        return None

    return take
