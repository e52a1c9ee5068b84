"""AI prompts and AI guardrails, which deployment programs make before the agent."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.emulator.world import Client, World

SECRET = "You are a made-up secret"
PROMPT = {
    "name": "orders",
    "type": "ORCHESTRATION",
    "templateType": "TEXT",
    "modelId": "a-model",
    "apiFormat": "MESSAGES",
    "visibilityStatus": "SAVED",
    "templateConfiguration": {"textFullAIPromptEditTemplateConfiguration": {"text": SECRET}},
    "inferenceConfiguration": {"temperature": 0.5, "maxTokensToSample": 4},
    "description": "d",
}
GUARDRAIL = {
    "name": "orders",
    "visibilityStatus": "SAVED",
    "blockedInputMessaging": SECRET,
    "blockedOutputsMessaging": SECRET,
    "contentPolicyConfig": {
        "filtersConfig": [{"type": "HATE", "inputStrength": "HIGH", "outputStrength": "HIGH"}]
    },
}


class Made:
    """A prompt or guardrail, and the operations of its kind."""

    def __init__(self, kind: str, world: World, qconnect: Client) -> None:
        self.kind, self.member = kind, {"prompt": "aiPrompt", "guardrail": "aiGuardrail"}[kind]
        self.sent: dict[str, Any] = PROMPT if kind == "prompt" else GUARDRAIL
        self.scope = {"assistantId": world.assistant_id}
        self.qconnect = qconnect
        self.made = self.call("create_ai_{}", **self.scope, **self.sent, tags={"a": "b"})
        self.described = self.made[self.member]
        self.id: str = self.described[f"{self.member}Id"]
        self.arn: str = self.described[f"{self.member}Arn"]

    def call(self, name: str, /, **params: Any) -> Any:
        return getattr(self.qconnect, name.format(self.kind))(**params)

    def ids(self, qualifier: str = "") -> dict[str, str]:
        return self.scope | {f"{self.member}Id": self.id + qualifier}

    def get(self, qualifier: str = "") -> Any:
        return self.call("get_ai_{}", **self.ids(qualifier))

    def update(self, **changes: Any) -> Any:
        required = ("blockedInputMessaging", "blockedOutputsMessaging")
        kept = {name: self.sent[name] for name in required if name in self.sent}
        return self.call(
            "update_ai_{}", **self.ids(), **kept, visibilityStatus="PUBLISHED", **changes
        )


@pytest.fixture(params=["prompt", "guardrail"])
def made(request: pytest.FixtureRequest, world: World, qconnect: Client) -> Made:
    return Made(request.param, world, qconnect)


def test_what_was_created_is_read_back(made: Made) -> None:
    for value in (made.id, made.arn):
        answer = made.call("get_ai_{}", **made.scope, **{f"{made.member}Id": value})
        found = answer[made.member]
        assert {name: found[name] for name in made.sent} == made.sent
        assert (found["status"], found["tags"]) == ("ACTIVE", {"a": "b"})
        assert "versionNumber" not in answer
    assert f":ai-{made.kind}/" in made.arn


def test_a_list_shows_it_without_its_text(made: Made) -> None:
    listed = made.call("list_ai_{}s", **made.scope)[f"{made.member}Summaries"]
    assert [item[f"{made.member}Id"] for item in listed] == [made.id]
    assert listed[0]["name"] == "orders"
    assert SECRET not in json.dumps(listed, default=str)


def test_a_version_is_frozen_and_its_arn_ends_in_its_number(made: Made) -> None:
    version = made.call("create_ai_{}_version", **made.ids())
    assert version["versionNumber"] == 1
    assert version[made.member][f"{made.member}Arn"] == f"{made.arn}:1"
    made.update(description="new")
    for qualifier in (":1", ":$LATEST"):
        found = made.get(qualifier)
        assert found["versionNumber"] == 1
        assert found[made.member].get("description") == made.sent.get("description")
        assert found[made.member][f"{made.member}Arn"] == made.arn + qualifier
    assert made.get()[made.member]["description"] == "new"
    assert made.get(":$SAVED")[made.member]["visibilityStatus"] == "PUBLISHED"
    made.call("create_ai_{}_version", **made.ids())
    listed = made.call("list_ai_{}_versions", **made.ids())[f"{made.member}VersionSummaries"]
    assert [item["versionNumber"] for item in listed] == [1, 2]
    made.call("delete_ai_{}_version", **made.ids(), versionNumber=1)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        made.get(":1")


def test_refusals(made: Made) -> None:
    with pytest.raises(made.qconnect.exceptions.ConflictException):
        made.call("create_ai_{}", **made.scope, **made.sent)
    with pytest.raises(made.qconnect.exceptions.ResourceNotFoundException):
        made.get(":7")
    with pytest.raises(made.qconnect.exceptions.ValidationException):
        made.call("delete_ai_{}", **made.ids(":7"))
    stale = made.described["modifiedTime"] - timedelta(seconds=5)
    with pytest.raises(made.qconnect.exceptions.ConflictException):
        made.call("create_ai_{}_version", **made.ids(), modifiedTime=stale)
    with pytest.raises(made.qconnect.exceptions.ValidationException):
        made.call("create_ai_{}", **made.scope, **made.sent | {"name": ""})


def test_a_deleted_one_is_gone_and_so_are_those_of_a_deleted_assistant(
    made: Made, world: World, qconnect: Client
) -> None:
    made.call("delete_ai_{}", **made.ids())
    with pytest.raises(qconnect.exceptions.ResourceNotFoundException):
        made.get()
    Made(made.kind, world, qconnect)
    qconnect.delete_assistant(assistantId=world.assistant_id)
    held = world.emulator.edit(lambda account: account.resources)
    assert held.prompts == held.guardrails == {}


def test_records_hide_the_text(made: Made, world: World) -> None:
    made.update(description="d")
    made.call("create_ai_{}_version", **made.ids())
    records = world.emulator.records
    kind = {"prompt": "AIPrompt", "guardrail": "AIGuardrail"}[made.kind]
    assert [record["eventName"] for record in records] == [
        f"Create{kind}",
        f"Update{kind}",
        f"Create{kind}Version",
    ]
    assert {record["eventSource"] for record in records} == {"qconnect.amazonaws.com"}
    assert SECRET not in json.dumps(records)
    assert records[0]["requestParameters"]["name"] == "orders"
    assert records[0]["responseElements"][made.member][f"{made.member}Id"] == made.id


def test_prompts_can_be_listed_by_origin(world: World, qconnect: Client) -> None:
    made = Made("prompt", world, qconnect)
    for origin, found in (("CUSTOMER", [made.id]), ("SYSTEM", [])):
        listed = qconnect.list_ai_prompts(**made.scope, origin=origin)["aiPromptSummaries"]
        assert [item["aiPromptId"] for item in listed] == found


def test_an_agent_may_name_a_prompt_that_is_there_or_not(world: World, qconnect: Client) -> None:
    made = Made("prompt", world, qconnect)
    for prompt_id in (f"{made.id}:1", "00000000-0000-4000-8000-0000000000aa"):
        qconnect.create_ai_agent(
            assistantId=world.assistant_id,
            name=f"agent {prompt_id[:8]}",
            type="ORCHESTRATION",
            visibilityStatus="SAVED",
            configuration={
                "orchestrationAIAgentConfiguration": {"orchestrationAIPromptId": prompt_id}
            },
        )
