"""Assistants: which agents they use, quotas, tags, deletion."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from tests.emulator.test_emulator_agents import ids
from tests.emulator.world import Client, World


def test_assistant_uses_agents_by_type_and_use_case(world: World, qconnect: Client) -> None:
    assistant = {"assistantId": world.assistant_id}
    default = {"aiAgentId": world.seed.system_agents["SalesAgent"] + ":$LATEST"}
    draft = {"aiAgentId": world.agent()["aiAgentId"]}
    kind = {"aiAgentType": "ORCHESTRATION"}
    qconnect.update_assistant_ai_agent(**assistant, **kind, configuration=default)
    case = {"orchestratorUseCase": "Connect.AgentAssistance"}
    qconnect.update_assistant_ai_agent(**assistant, **kind, **case, configuration=draft)
    found = qconnect.get_assistant(**assistant)["assistant"]
    assert found["aiAgentConfiguration"] == {"ORCHESTRATION": default}
    assert found["orchestratorConfigurationList"] == [draft | case]
    qconnect.remove_assistant_ai_agent(**assistant, **kind, **case)
    qconnect.remove_assistant_ai_agent(**assistant, **kind)
    found = qconnect.get_assistant(**assistant)["assistant"]
    assert found["aiAgentConfiguration"] == {}
    assert found["orchestratorConfigurationList"] == []


def test_assistant_refuses_what_is_missing_or_of_another_type(
    world: World, qconnect: Client
) -> None:
    agent_id = world.agent()["aiAgentId"]
    cases = [
        ("ORCHESTRATION", "00000000-0000-4000-8000-000000000000", "ResourceNotFoundException"),
        ("ORCHESTRATION", f"{agent_id}:$LATEST", "ResourceNotFoundException"),
        ("SELF_SERVICE", agent_id, "ValidationException"),
    ]
    for kind, value, code in cases:
        with pytest.raises(ClientError) as error:
            qconnect.update_assistant_ai_agent(
                assistantId=world.assistant_id,
                aiAgentType=kind,
                configuration={"aiAgentId": value},
            )
        assert error.value.response["Error"]["Code"] == code


def test_version_that_the_assistant_names_cannot_be_deleted(world: World, qconnect: Client) -> None:
    agent = world.agent()
    qconnect.create_ai_agent_version(**ids(world, agent))
    qconnect.update_assistant_ai_agent(
        assistantId=world.assistant_id,
        aiAgentType="ORCHESTRATION",
        configuration={"aiAgentId": f"{agent['aiAgentId']}:1"},
    )
    with pytest.raises(qconnect.exceptions.ConflictException):
        qconnect.delete_ai_agent_version(**ids(world, agent), versionNumber=1)


@pytest.mark.usefixtures("world")
def test_five_assistants_per_account(qconnect: Client) -> None:
    for number in range(4):
        qconnect.create_assistant(name=f"a{number}", type="AGENT")
    with pytest.raises(qconnect.exceptions.ServiceQuotaExceededException):
        qconnect.create_assistant(name="one too many", type="AGENT")


def test_deleting_an_assistant_takes_its_agents_along(world: World, qconnect: Client) -> None:
    agent = world.agent()
    qconnect.delete_assistant(assistantId=world.assistant_id)
    with pytest.raises(qconnect.exceptions.ResourceNotFoundException):
        qconnect.get_ai_agent(**ids(world, agent))


def test_too_many_tags(world: World, qconnect: Client) -> None:
    arn = world.seed.assistant_arn
    many = {f"{a}{b}": "v" for a in "abcdefgh" for b in "abcdefgh"}
    with pytest.raises(qconnect.exceptions.TooManyTagsException):
        qconnect.tag_resource(resourceArn=arn, tags=many)
