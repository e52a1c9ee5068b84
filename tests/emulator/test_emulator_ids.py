"""Ids arrive as UUID, ARN or URL-encoded ARN, an agent's with a qualifier: all mean the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from tests.emulator.world import USE_CASE, Client, World

from connect_emulator.instances import add_instance

Form = Callable[[str, str], str]

FORMS: dict[str, Form] = {
    "uuid": lambda uuid, _arn: uuid,
    "arn": lambda _uuid, arn: arn,
    "url-encoded arn": lambda _uuid, arn: quote(arn, safe=""),
}
CONNECT_OPERATIONS: dict[str, dict[str, str]] = {
    "describe_instance": {},
    "list_security_profiles": {},
    "list_users": {},
    "list_contact_flows": {},
    "list_contact_flow_modules": {},
    "list_integration_associations": {},
    "describe_security_profile": {"SecurityProfileId": "profile"},
    "update_security_profile": {"SecurityProfileId": "profile"},
    "list_security_profile_permissions": {"SecurityProfileId": "profile"},
    "list_security_profile_applications": {"SecurityProfileId": "profile"},
    "list_security_profile_flow_modules": {"SecurityProfileId": "profile"},
    "list_security_profile_ai_agents": {"SecurityProfileId": "profile"},
    "delete_security_profile": {"SecurityProfileId": "profile"},
    "describe_user": {"UserId": "user"},
    "delete_user": {"UserId": "user"},
    "describe_contact_flow": {"ContactFlowId": "flow"},
    "delete_contact_flow": {"ContactFlowId": "flow"},
    "describe_contact_flow_module": {"ContactFlowModuleId": "module"},
    "list_contact_flow_module_versions": {"ContactFlowModuleId": "module"},
    "create_contact_flow_module_version": {"ContactFlowModuleId": "module"},
    "delete_contact_flow_module": {"ContactFlowModuleId": "module"},
}


def connect_ids(world: World, connect: Client) -> dict[str, tuple[str, str]]:
    """Ids and ARNs of one of each."""
    instance = {"InstanceId": world.instance_id}
    profile_id, module_id = world.profile(), world.module()
    flow = world.emulator.apply(
        "connect:CreateContactFlow", **instance, Name="f", Type="CONTACT_FLOW", Content="{}"
    )
    user_id = world.user("kim", world.seed.profiles["Agent"])
    profile = connect.describe_security_profile(**instance, SecurityProfileId=profile_id)
    user = connect.describe_user(**instance, UserId=user_id)
    module = connect.describe_contact_flow_module(**instance, ContactFlowModuleId=module_id)
    return {
        "profile": (profile_id, profile["SecurityProfile"]["Arn"]),
        "user": (user_id, user["User"]["Arn"]),
        "flow": (flow["ContactFlowId"], flow["ContactFlowArn"]),
        "module": (module_id, module["ContactFlowModule"]["Arn"]),
    }


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("operation", CONNECT_OPERATIONS)
def test_connect_ids(world: World, connect: Client, operation: str, form: str) -> None:
    known = connect_ids(world, connect)
    write = FORMS[form]
    params = {member: write(*known[name]) for member, name in CONNECT_OPERATIONS[operation].items()}
    instance_id = write(world.seed.instance_id, world.seed.instance_arn)
    getattr(connect, operation)(InstanceId=instance_id, **params)


@pytest.mark.parametrize("form", ["uuid", "arn"])
def test_alias_operations_have_a_pattern_for_instances(
    world: World, connect: Client, form: str
) -> None:
    """The model's pattern there allows no URL-encoded ARN."""
    module = {"ContactFlowModuleId": world.module()}
    instance = FORMS[form](world.seed.instance_id, world.seed.instance_arn)
    connect.list_contact_flow_module_aliases(InstanceId=instance, **module)
    with pytest.raises(connect.exceptions.InvalidParameterException):
        connect.list_contact_flow_module_aliases(InstanceId=quote(instance + "/"), **module)


QCONNECT_OPERATIONS: dict[str, dict[str, Any]] = {
    "get_ai_agent": {},
    "update_ai_agent": {"visibilityStatus": "SAVED"},
    "create_ai_agent_version": {},
    "list_ai_agent_versions": {},
    "delete_ai_agent_version": {"versionNumber": 1},
    "delete_ai_agent": {},
}


@pytest.mark.parametrize("qualifier", ["", ":$SAVED"])
@pytest.mark.parametrize("form", ["uuid", "arn"])
@pytest.mark.parametrize("operation", QCONNECT_OPERATIONS)
def test_agent_ids(
    world: World, qconnect: Client, operation: str, form: str, qualifier: str
) -> None:
    agent = world.agent()
    uuid = {"assistantId": world.assistant_id, "aiAgentId": agent["aiAgentId"]}
    qconnect.create_ai_agent_version(**uuid)
    write = FORMS[form]
    getattr(qconnect, operation)(
        assistantId=write(world.assistant_id, world.seed.assistant_arn),
        aiAgentId=write(agent["aiAgentId"], agent["aiAgentArn"]) + qualifier,
        **QCONNECT_OPERATIONS[operation],
    )


ASSISTANT_OPERATIONS: dict[str, dict[str, Any]] = {
    "get_assistant": {},
    "list_ai_agents": {},
    "list_assistant_associations": {},
    "remove_assistant_ai_agent": {
        "aiAgentType": "ORCHESTRATION",
        "orchestratorUseCase": USE_CASE,
    },
    "delete_assistant": {},
}


@pytest.mark.parametrize("form", ["uuid", "arn"])
@pytest.mark.parametrize("operation", ASSISTANT_OPERATIONS)
def test_assistant_ids(world: World, qconnect: Client, operation: str, form: str) -> None:
    value = FORMS[form](world.assistant_id, world.seed.assistant_arn)
    getattr(qconnect, operation)(assistantId=value, **ASSISTANT_OPERATIONS[operation])


@pytest.mark.parametrize("qualifier", [":1", ":$LATEST", ":live"])
def test_modules_by_version_and_alias(world: World, connect: Client, qualifier: str) -> None:
    module = {"InstanceId": world.instance_id, "ContactFlowModuleId": world.module()}
    connect.create_contact_flow_module_alias(**module, AliasName="live", ContactFlowModuleVersion=1)
    connect.update_contact_flow_module_content(**module, Content="[]")
    module["ContactFlowModuleId"] += qualifier
    found = connect.describe_contact_flow_module(**module)["ContactFlowModule"]
    assert (found["Content"], found["Version"]) == ("{}", 1)


def test_an_id_of_another_instance_is_not_found(world: World, connect: Client) -> None:
    other = world.emulator.edit(lambda account: add_instance(account, "other"))
    with pytest.raises(connect.exceptions.ResourceNotFoundException):
        connect.describe_security_profile(InstanceId=other.id, SecurityProfileId=world.profile())
