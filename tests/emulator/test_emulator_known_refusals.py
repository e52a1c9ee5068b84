"""What AWS is known to refuse is refused without any setting, and a setting lets it pass."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.emulator.conftest import Control
from tests.emulator.world import Client, World, mcp_tool, orchestration

from connect_emulator.instances import add_instance

RETRIEVE = mcp_tool("aws_service__qconnect_Retrieve", "Retrieve")
MODULE = "173961ce-6a13-43ad-b869-dd82b2437a23"
GATEWAY_ID = "gateway_gw-orders__orders-api___Get"
NOT_FOUND = "MCP tool with ID '{}' not found in MCP tools"
NO_MODULE = "Flow module for MCP tool with ID '{}' not found"
LOCKED = "Tool 'Retrieve' does not allow overriding "

# What is wrong, the tool, the message, and the settings that let it pass.
REFUSED: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    (
        "no application registered the gateway",
        mcp_tool(GATEWAY_ID),
        NOT_FOUND.format(GATEWAY_ID),
        {"check_applications": False},
    ),
    (
        "a tool of a gateway without its prefix",
        mcp_tool("orders___get"),
        NOT_FOUND.format("orders___get"),
        {"check_tool_ids": False},
    ),
    (
        "a flow module without its prefix",
        mcp_tool(MODULE),
        NOT_FOUND.format(MODULE),
        {"check_tool_ids": False},
    ),
    (
        "a version of a flow module without its prefix",
        mcp_tool(f"{MODULE}_1"),
        NOT_FOUND.format(f"{MODULE}_1"),
        {"check_tool_ids": False},
    ),
    (
        "no such flow module",
        mcp_tool(f"aws_custom_flows__{MODULE}_1"),
        NO_MODULE.format(f"aws_custom_flows__{MODULE}_1"),
        {"check_flow_modules": False},
    ),
    *(
        (member, RETRIEVE | {member: value}, LOCKED + member, {"lock_mcp_descriptions": False})
        for member, value in {
            "title": "Mine",
            "description": "Mine",
            "inputSchema": {"type": "object"},
            "outputSchema": {"type": "object"},
        }.items()
    ),
]


def save(world: World, qconnect: Client, tool: dict[str, Any]) -> str:
    """The message of a refusal, or nothing."""
    try:
        qconnect.create_ai_agent(
            assistantId=world.assistant_id,
            name=f"agent {len(world.emulator.records)}",
            type="ORCHESTRATION",
            visibilityStatus="SAVED",
            configuration=orchestration([tool]),
        )
    except qconnect.exceptions.ValidationException as error:
        return str(error.response["Error"]["Message"])
    return ""


@pytest.mark.parametrize(
    ("tool", "message", "off"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_a_tool_that_aws_refuses_is_refused_unless_switched_off(
    world: World,
    qconnect: Client,
    control: Control,
    tool: dict[str, Any],
    message: str,
    off: dict[str, Any],
) -> None:
    assert save(world, qconnect, tool) == message
    control("POST", "settings", off)
    assert save(world, qconnect, tool) == ""
    control("DELETE", "settings")
    assert save(world, qconnect, tool) == message


def test_a_version_of_a_module_that_does_not_exist(world: World, qconnect: Client) -> None:
    module = world.module()
    tools = [mcp_tool(f"aws_custom_flows__{module}_{number}") for number in (1, 2)]
    message = NO_MODULE.format(tools[1]["toolId"])
    assert [save(world, qconnect, tool) for tool in tools] == ["", message]


@pytest.mark.parametrize("tool_type", ["RETURN_TO_CONTROL", "CONSTANT"])
@pytest.mark.parametrize("tool_id", [GATEWAY_ID, "orders___get", MODULE, "Retrieve"])
def test_only_mcp_tools_are_looked_up_by_their_id(
    world: World, qconnect: Client, tool_type: str, tool_id: str
) -> None:
    """Public agents give their own tools an id, a title and a schema."""
    tool = mcp_tool(tool_id, title="t", description="d", inputSchema={"type": "object"})
    assert save(world, qconnect, tool | {"toolType": tool_type}) == ""


@pytest.mark.parametrize(
    "tool_id", ["aws_service__connect_New", "aws_custom_websearch__search", "gateway_", "Own"]
)
def test_what_is_not_known_to_be_refused_is_saved(
    world: World, qconnect: Client, tool_id: str
) -> None:
    assert save(world, qconnect, mcp_tool(tool_id)) == ""


ARN = "arn:aws:app-integrations:us-east-1:111122223333:application/"


@pytest.mark.parametrize(
    "named",
    [
        {"IntegrationArn": ARN + "gw-orders"},
        {"IntegrationArn": "arn:aws:bedrock-agentcore:us-east-1:111122223333:gateway/gw-orders"},
        {"IntegrationArn": ARN + MODULE, "SourceApplicationName": "gw-orders"},
        {
            "IntegrationArn": ARN + MODULE,
            "SourceApplicationUrl": "https://gw-orders.gateway.example.com/mcp",
        },
    ],
    ids=["ARN", "gateway's ARN", "name", "URL"],
)
def test_an_application_integration_registers_the_gateway_that_it_names(
    world: World, connect: Client, qconnect: Client, named: dict[str, str]
) -> None:
    profile = world.named(world.profile())
    granted = [
        {"Namespace": "gw-orders", "ApplicationPermissions": ["orders-api___Get"], "Type": "MCP"}
    ]
    with pytest.raises(ClientError, match="Application namespace gw-orders or Application perm"):
        connect.update_security_profile(**profile, Applications=granted)
    connect.create_integration_association(
        InstanceId=world.instance_id, IntegrationType="APPLICATION", **named
    )
    assert save(world, qconnect, mcp_tool(GATEWAY_ID)) == ""
    connect.update_security_profile(**profile, Applications=granted)
    assert save(world, qconnect, mcp_tool("gateway_gw-other__x___y"))


def test_an_application_of_appintegrations_registers_its_namespace(
    world: World, connect: Client, qconnect: Client, appintegrations: Client
) -> None:
    made = appintegrations.create_application(
        Name="Orders",
        Namespace="gw-orders",
        ApplicationType="MCP_SERVER",
        ApplicationSourceConfig={"ExternalUrlConfig": {"AccessUrl": "https://example.com"}},
    )
    assert save(world, qconnect, mcp_tool(GATEWAY_ID)) == ""
    granted = [{"Namespace": "gw-orders", "ApplicationPermissions": ["x"], "Type": "MCP"}]
    profile = world.named(world.profile(Applications=granted))
    integration = connect.create_integration_association(
        InstanceId=world.instance_id, IntegrationType="APPLICATION", IntegrationArn=made["Arn"]
    )
    with pytest.raises(connect.exceptions.InvalidRequestException):
        connect.delete_integration_association(
            InstanceId=world.instance_id,
            IntegrationAssociationId=integration["IntegrationAssociationId"],
        )
    connect.update_security_profile(**profile, Applications=[])
    connect.delete_integration_association(
        InstanceId=world.instance_id,
        IntegrationAssociationId=integration["IntegrationAssociationId"],
    )


def test_a_grant_of_any_profile_shows_that_the_gateway_is_known(
    world: World, qconnect: Client
) -> None:
    world.emulator.settings.check_applications = False
    world.profile(
        Applications=[{"Namespace": "gw-orders", "ApplicationPermissions": ["x"], "Type": "MCP"}]
    )
    world.emulator.settings.check_applications = True
    assert save(world, qconnect, mcp_tool(GATEWAY_ID)) == ""


def test_a_gateway_of_another_instance_can_not_be_granted(world: World, connect: Client) -> None:
    other = world.emulator.edit(lambda account: add_instance(account, "other"))
    connect.create_integration_association(
        InstanceId=other.id, IntegrationType="APPLICATION", IntegrationArn=ARN + "gw"
    )
    granted = [{"Namespace": "gw", "ApplicationPermissions": ["x"], "Type": "MCP"}]
    with pytest.raises(connect.exceptions.InvalidParameterException):
        connect.update_security_profile(**world.named(world.profile()), Applications=granted)
