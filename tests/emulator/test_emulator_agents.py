"""AI agents: draft, versions, refused saves, and what an assistant uses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.emulator.world import Client, World, mcp_tool, orchestration

from connect_emulator.tools import CONFIGURATIONS

RETRIEVE = mcp_tool("aws_service__qconnect_Retrieve", "Retrieve")
DASHBOARD = mcp_tool("aws_custom_analytics__get_dashboard_configuration")


def ids(world: World, agent: Any, qualifier: str = "") -> dict[str, str]:
    return {"assistantId": world.assistant_id, "aiAgentId": agent["aiAgentId"] + qualifier}


def tools_of(answer: Any) -> list[Any]:
    configuration = answer["aiAgent"]["configuration"]["orchestrationAIAgentConfiguration"]
    tools: list[Any] = configuration["toolConfigurations"]
    return tools


def new_agent(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "assistantId": world.assistant_id,
        "name": "new",
        "type": "ORCHESTRATION",
        "visibilityStatus": "SAVED",
        "configuration": orchestration([RETRIEVE]),
    } | changes


def test_versions_are_frozen(world: World, qconnect: Client) -> None:
    agent = world.agent(tools=[RETRIEVE])
    first = qconnect.create_ai_agent_version(**ids(world, agent))
    assert first["versionNumber"] == 1
    qconnect.update_ai_agent(
        **ids(world, agent), visibilityStatus="SAVED", configuration=orchestration([])
    )
    expected = {":$SAVED": [], ":$LATEST": [RETRIEVE], ":1": [RETRIEVE]}
    for qualifier, tools in expected.items():
        answer = qconnect.get_ai_agent(**ids(world, agent, qualifier))
        assert tools_of(answer) == tools
        assert answer.get("versionNumber") == (None if tools == [] else 1)


def test_latest_is_the_newest_version_there_is(world: World, qconnect: Client) -> None:
    agent = world.agent()
    for _ in range(2):
        qconnect.create_ai_agent_version(**ids(world, agent))
    assert qconnect.get_ai_agent(**ids(world, agent, ":$LATEST"))["versionNumber"] == 2
    qconnect.delete_ai_agent_version(**ids(world, agent), versionNumber=2)
    assert qconnect.get_ai_agent(**ids(world, agent, ":$LATEST"))["versionNumber"] == 1
    assert qconnect.create_ai_agent_version(**ids(world, agent))["versionNumber"] == 3


@pytest.mark.parametrize("qualifier", [":$LATEST", ":1", ":0", ":99", ":NONSENSE"])
def test_unknown_qualifier(world: World, qconnect: Client, qualifier: str) -> None:
    with pytest.raises(qconnect.exceptions.ResourceNotFoundException):
        qconnect.get_ai_agent(**ids(world, world.agent(), qualifier))


def test_update_keeps_what_it_omits(world: World, qconnect: Client) -> None:
    agent = world.agent(tools=[RETRIEVE])
    answer = qconnect.update_ai_agent(
        **ids(world, agent), visibilityStatus="PUBLISHED", description="new"
    )
    assert tools_of(answer) == [RETRIEVE]
    assert answer["aiAgent"]["visibilityStatus"] == "PUBLISHED"
    again = qconnect.update_ai_agent(**ids(world, agent), visibilityStatus="SAVED")
    assert again["aiAgent"]["description"] == "new"


def test_only_the_draft_can_be_updated(world: World, qconnect: Client) -> None:
    agent = world.agent()
    qconnect.create_ai_agent_version(**ids(world, agent))
    with pytest.raises(qconnect.exceptions.ValidationException):
        qconnect.update_ai_agent(**ids(world, agent, ":1"), visibilityStatus="SAVED")


def test_names_are_unique_in_an_assistant(world: World, qconnect: Client) -> None:
    world.agent("new")
    with pytest.raises(qconnect.exceptions.ConflictException):
        qconnect.create_ai_agent(**new_agent(world))


def test_system_agents_are_read_only(world: World, qconnect: Client) -> None:
    agent = {"aiAgentId": world.seed.system_agents["SalesAgent"]}
    qconnect.get_ai_agent(**ids(world, agent, ":$LATEST"))
    for operation, more in (
        ("update_ai_agent", {"visibilityStatus": "SAVED"}),
        ("delete_ai_agent", {}),
        ("create_ai_agent_version", {}),
        ("delete_ai_agent_version", {"versionNumber": 1}),
    ):
        with pytest.raises(qconnect.exceptions.AccessDeniedException):
            getattr(qconnect, operation)(**ids(world, agent), **more)


def test_lists_by_origin_carry_the_configuration(world: World, qconnect: Client) -> None:
    world.agent("mine", [RETRIEVE])

    def names(**more: str) -> set[str]:
        answer = qconnect.list_ai_agents(assistantId=world.assistant_id, **more)
        assert all("configuration" in summary for summary in answer["aiAgentSummaries"])
        return {summary["name"] for summary in answer["aiAgentSummaries"]}

    system = {"AgentAssistanceOrchestrator", "SelfServiceOrchestrator", "SalesAgent"}
    assert names(origin="CUSTOMER") == {"mine"}
    assert names(origin="SYSTEM") == system
    assert names() == system | {"mine"}


def test_versions_are_listed_in_pages(world: World, qconnect: Client) -> None:
    agent = world.agent(tools=[RETRIEVE])
    for _ in range(3):
        qconnect.create_ai_agent_version(**ids(world, agent))
    pages = qconnect.get_paginator("list_ai_agent_versions").paginate(
        **ids(world, agent), PaginationConfig={"PageSize": 2}
    )
    found = [version for page in pages for version in page["aiAgentVersionSummaries"]]
    assert [version["versionNumber"] for version in found] == [1, 2, 3]
    assert all("configuration" in version["aiAgentSummary"] for version in found)


REFUSED = [
    (DASHBOARD, f"MCP tool with ID '{DASHBOARD['toolId']}' not found in MCP tools"),
    (mcp_tool(None), "require toolId as input"),
    (mcp_tool("x", "get-menu"), "hyphens"),
    (mcp_tool("x", "1st"), "start with a letter"),
    (mcp_tool("x", "_private"), "start with a letter"),
]


@pytest.mark.parametrize(("tool", "message"), REFUSED)
def test_refused_saves(world: World, qconnect: Client, tool: Any, message: str) -> None:
    configuration = orchestration([RETRIEVE, tool])
    agent = world.agent(tools=[RETRIEVE])
    with pytest.raises(qconnect.exceptions.ValidationException, match=message):
        qconnect.create_ai_agent(**new_agent(world, configuration=configuration))
    with pytest.raises(qconnect.exceptions.ValidationException, match=message):
        qconnect.update_ai_agent(
            **ids(world, agent), visibilityStatus="SAVED", configuration=configuration
        )
    assert tools_of(qconnect.get_ai_agent(**ids(world, agent))) == [RETRIEVE]
    failed = [record for record in world.emulator.records if record.get("errorCode")]
    assert [record["errorCode"] for record in failed] == ["ValidationException"] * 2
    assert message in failed[0]["errorMessage"]


def test_refused_namespaces_are_configurable(world: World, qconnect: Client) -> None:
    world.emulator.settings.refused_tool_namespaces = ()
    qconnect.create_ai_agent(**new_agent(world, configuration=orchestration([DASHBOARD])))


def test_flow_module_tools_need_a_released_and_open_version(world: World, qconnect: Client) -> None:
    good, unreleased = world.module("good"), world.module("unreleased", released=False)
    closed = world.module("closed", ExternalInvocationConfiguration={"Enabled": False})

    def save(module_id: str, version: int) -> None:
        tool = mcp_tool(f"aws_custom_flows__{module_id}_{version}")
        name = f"{module_id}-{version}"
        qconnect.create_ai_agent(**new_agent(world, name=name, configuration=orchestration([tool])))

    save(good, 1)
    for module_id, version in ((good, 2), (unreleased, 1), (closed, 1), ("missing", 1)):
        with pytest.raises(ClientError, match=r"Flow module for MCP tool with ID '.*' not found"):
            save(module_id, version)


QUALIFIERS = [":$SAVED", ":$LATEST", ":1"]


@pytest.mark.parametrize("qualifier", QUALIFIERS)
def test_the_arn_of_an_answer_carries_the_qualifier_that_was_asked_for(
    world: World, qconnect: Client, qualifier: str
) -> None:
    agent = world.agent()
    qconnect.create_ai_agent_version(**ids(world, agent))
    answer = qconnect.get_ai_agent(**ids(world, agent, qualifier))["aiAgent"]
    assert answer["aiAgentArn"] == agent["aiAgentArn"] + qualifier
    assert answer["aiAgentId"] == agent["aiAgentId"]


def test_programs_read_the_number_from_the_end_of_the_arn(world: World, qconnect: Client) -> None:
    agent = world.agent()
    for number in (1, 2):
        made = qconnect.create_ai_agent_version(**ids(world, agent))["aiAgent"]
        assert made["aiAgentArn"].rsplit(":", 1)[-1] == str(number)
        recorded = world.emulator.records[-1]["responseElements"]["aiAgent"]
        assert recorded["aiAgentArn"] == made["aiAgentArn"]
    listed = qconnect.list_ai_agent_versions(**ids(world, agent))["aiAgentVersionSummaries"]
    arns = [version["aiAgentSummary"]["aiAgentArn"] for version in listed]
    assert arns == [f"{agent['aiAgentArn']}:{number}" for number in (1, 2)]


@pytest.mark.parametrize("kind", CONFIGURATIONS)
def test_type_and_configuration_must_match(world: World, qconnect: Client, kind: str) -> None:
    qconnect.create_ai_agent(
        **new_agent(world, type=kind, configuration={CONFIGURATIONS[kind]: {}})
    )
    wrong = "ORCHESTRATION" if kind != "ORCHESTRATION" else "MANUAL_SEARCH"
    with pytest.raises(qconnect.exceptions.ValidationException):
        qconnect.create_ai_agent(
            **new_agent(world, name="w", type=wrong, configuration={CONFIGURATIONS[kind]: {}})
        )


def test_schemas_come_back_as_they_were(world: World, qconnect: Client) -> None:
    schema = {"type": "object", "properties": {"a": {"enum": [1, None, 2.5]}}}
    tool = {"toolName": "Own", "toolType": "RETURN_TO_CONTROL", "inputSchema": schema}
    answer = qconnect.create_ai_agent(**new_agent(world, configuration=orchestration([tool])))
    assert tools_of(answer) == [tool]


def test_a_client_token_makes_a_create_once(world: World, qconnect: Client) -> None:
    params = new_agent(world, clientToken="token")
    first, second = qconnect.create_ai_agent(**params), qconnect.create_ai_agent(**params)
    assert first["aiAgent"] == second["aiAgent"]
    with pytest.raises(qconnect.exceptions.ConflictException):
        qconnect.create_ai_agent(**params | {"name": "other"})


def test_version_of_an_outdated_draft_is_refused(world: World, qconnect: Client) -> None:
    agent = world.agent()
    seen = qconnect.get_ai_agent(**ids(world, agent))["aiAgent"]["modifiedTime"]
    qconnect.create_ai_agent_version(**ids(world, agent), modifiedTime=seen)
    with pytest.raises(qconnect.exceptions.ConflictException):
        qconnect.create_ai_agent_version(
            **ids(world, agent), modifiedTime=seen - timedelta(seconds=5)
        )
