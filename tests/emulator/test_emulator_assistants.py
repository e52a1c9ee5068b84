"""Assistants: which agents they use, quotas, tags, deletion."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from tests.emulator.test_emulator_agents import ids
from tests.emulator.world import USE_CASE, Client, World

REQUIRED = "Orchestrator use case is required for orchestration AIAgentType"
ORCHESTRATION = {"aiAgentType": "ORCHESTRATION"}


def test_assistant_uses_orchestrators_by_use_case(world: World, qconnect: Client) -> None:
    assistant = {"assistantId": world.assistant_id} | ORCHESTRATION
    named = {
        "Connect.SelfService": world.seed.system_agents["SalesAgent"] + ":$LATEST",
        "Connect.AgentAssistance": world.agent()["aiAgentId"],
    }
    entries = [
        {"aiAgentId": agent_id, "orchestratorUseCase": case} for case, agent_id in named.items()
    ]
    for case, agent_id in named.items():
        qconnect.update_assistant_ai_agent(
            **assistant, orchestratorUseCase=case, configuration={"aiAgentId": agent_id}
        )
    found = qconnect.get_assistant(assistantId=world.assistant_id)["assistant"]
    assert found["aiAgentConfiguration"] == {}
    assert found["orchestratorConfigurationList"] == entries
    qconnect.remove_assistant_ai_agent(**assistant, orchestratorUseCase="Connect.SelfService")
    found = qconnect.get_assistant(assistantId=world.assistant_id)["assistant"]
    assert found["orchestratorConfigurationList"] == entries[1:]


def test_assistant_uses_other_agents_by_type(world: World, qconnect: Client) -> None:
    manual = {"assistantId": world.assistant_id, "aiAgentType": "MANUAL_SEARCH"}
    agent = qconnect.create_ai_agent(
        assistantId=world.assistant_id,
        name="search",
        type="MANUAL_SEARCH",
        visibilityStatus="SAVED",
        configuration={"manualSearchAIAgentConfiguration": {}},
    )["aiAgent"]["aiAgentId"]
    for default in ({"aiAgentId": agent}, {}):
        if default:
            qconnect.update_assistant_ai_agent(**manual, configuration=default)
        else:
            qconnect.remove_assistant_ai_agent(**manual)
        found = qconnect.get_assistant(assistantId=world.assistant_id)["assistant"]
        assert found["aiAgentConfiguration"] == ({"MANUAL_SEARCH": default} if default else {})
        assert found["orchestratorConfigurationList"] == []


def test_an_orchestrator_needs_its_use_case(world: World, qconnect: Client) -> None:
    assistant = {"assistantId": world.assistant_id} | ORCHESTRATION
    draft = {"aiAgentId": world.agent()["aiAgentId"] + ":$SAVED"}
    calls = [
        lambda: qconnect.update_assistant_ai_agent(**assistant, configuration=draft),
        lambda: qconnect.remove_assistant_ai_agent(**assistant),
    ]
    for call in calls:
        with pytest.raises(qconnect.exceptions.ValidationException) as error:
            call()
        assert error.value.response["Error"]["Message"] == REQUIRED
        assert world.emulator.records[-1]["errorMessage"] == REQUIRED
    found = qconnect.get_assistant(assistantId=world.assistant_id)["assistant"]
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
                **({"orchestratorUseCase": USE_CASE} if kind == "ORCHESTRATION" else {}),
            )
        assert error.value.response["Error"]["Code"] == code


def test_version_that_the_assistant_names_cannot_be_deleted(world: World, qconnect: Client) -> None:
    agent = world.agent()
    qconnect.create_ai_agent_version(**ids(world, agent))
    qconnect.update_assistant_ai_agent(
        assistantId=world.assistant_id,
        **ORCHESTRATION,
        orchestratorUseCase=USE_CASE,
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
