"""Every served operation once, over HTTP with boto3, its answer held against botocore's model."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore import xform_name
from botocore.validate import ParamValidator
from tests.emulator.story import STORY, Known
from tests.emulator.world import Client, World

from connect_emulator.constraints import violations
from connect_emulator.errors import ServiceError
from connect_emulator.model import load

QUALIFIED = re.compile(r"(arn:aws:wisdom:.*:ai-(?:agent|prompt|guardrail)/[^:]+):[0-9$A-Z]+")


def snake(operation: str) -> str:
    return str(xform_name(operation))


def call(client: Client, operation: str, params: Known) -> Known:
    answer: Known = getattr(client, snake(operation.split(":")[1]))(**params)
    return answer


def check_shape(operation: str, answer: Known) -> None:
    """An answer must have the output's shape, required members and constraints included."""
    service, name = operation.split(":")
    shape = load(service).operation(name).output_shape
    kept = {key: value for key, value in answer.items() if key != "ResponseMetadata"}
    body = unqualified(kept)
    if shape is None:
        assert body == {}
        return
    assert not ParamValidator().validate(body, shape).generate_report()
    # The model's pattern of an ARN has no qualifier; answers of the service were seen with one.
    problems = [text for text in violations(shape, body) if "aiAgentArn' failed" not in text]
    assert problems == []


def unqualified(value: Any) -> Any:
    """Without the qualifiers of ARNs: real answers have them, against the model's own pattern."""
    if isinstance(value, dict):
        return {key: unqualified(part) for key, part in value.items()}
    if isinstance(value, list):
        return [unqualified(part) for part in value]
    return QUALIFIED.sub(r"\1", value) if isinstance(value, str) else value


def dig(answer: Known, path: str) -> Any:
    value: Any = answer
    for part in path.split("."):
        value = value[part]
    return value


def test_every_operation_answers_in_its_shape(
    world: World, connect: Client, qconnect: Client, cloudtrail: Client, appintegrations: Client
) -> None:
    clients = {
        "connect": connect,
        "qconnect": qconnect,
        "cloudtrail": cloudtrail,
        "appintegrations": appintegrations,
    }
    known: Known = {
        "instance": world.instance_id,
        "assistant": world.assistant_id,
        "other_profile": world.seed.profiles["Agent"],
    }
    for operation, build, keep in STORY:
        answer = call(clients[operation.split(":")[0]], operation, build(known))
        check_shape(operation, answer)
        known |= {name: dig(answer, path) for name, path in (each.split("=") for each in keep)}
    assert set(world.emulator.calls) == world.emulator.served()
    records = [record["eventName"] for record in world.emulator.records]
    writes = [operation.split(":")[1] for operation, _, _ in STORY]
    reads = ("List", "Get", "Describe", "Search", "Lookup")
    assert records == [name for name in writes if not name.startswith(reads)]


def test_statuses_are_the_models(world: World, qconnect: Client, connect: Client) -> None:
    agent = world.agent()
    answer = qconnect.delete_ai_agent(assistantId=world.assistant_id, aiAgentId=agent["aiAgentId"])
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    answer = connect.list_instances()
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert answer["ResponseMetadata"]["RequestId"]


def test_apply_works_in_process_without_record_or_count(world: World) -> None:
    world.profile("quiet")
    with pytest.raises(ServiceError, match="already in use"):
        world.profile("quiet")
    assert world.emulator.records == []
    assert not world.emulator.calls
