"""Security profiles: partial update, replaced lists, limits and refusals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.emulator.conftest import Control
from tests.emulator.test_emulator_stamps import LISTINGS
from tests.emulator.world import UNCHECKED, Client, World

from connect_emulator import Emulator, Server, seed

MCP = {"Namespace": "gw", "ApplicationPermissions": ["target___Tool"], "Type": "MCP"}


@pytest.fixture
def switches() -> dict[str, Any]:
    return UNCHECKED


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def ids(world: World, profile_id: str) -> dict[str, str]:
    return {"InstanceId": world.instance_id, "SecurityProfileId": profile_id}


def test_update_keeps_what_it_omits(world: World, connect: Client) -> None:
    profile = ids(
        world, world.profile(Description="before", Permissions=["Wisdom.View"], Applications=[MCP])
    )
    connect.update_security_profile(**profile, Description="after")
    assert connect.list_security_profile_permissions(**profile)["Permissions"] == ["Wisdom.View"]
    assert connect.list_security_profile_applications(**profile)["Applications"] == [MCP]
    described = connect.describe_security_profile(**profile)["SecurityProfile"]
    assert described["Description"] == "after"


@pytest.mark.parametrize(
    ("member", "before", "after", "listing"),
    [
        ("Permissions", ["A", "B"], ["C"], "list_security_profile_permissions"),
        ("Permissions", ["A"], [], "list_security_profile_permissions"),
        ("Applications", [MCP], [MCP | {"Namespace": "x"}], "list_security_profile_applications"),
        (
            "AllowedFlowModules",
            [{"Type": "MCP", "FlowModuleId": "a"}],
            [{"Type": "MCP", "FlowModuleId": "b"}],
            "list_security_profile_flow_modules",
        ),
        (
            "AllowedAIAgents",
            [{"Type": "THIRD_PARTY", "Arn": "arn:a"}],
            [{"Type": "THIRD_PARTY", "Arn": "arn:b"}],
            "list_security_profile_ai_agents",
        ),
    ],
)
def test_update_replaces_each_list_it_sends(
    world: World, connect: Client, member: str, before: list[Any], after: list[Any], listing: str
) -> None:
    profile = ids(world, world.profile("p", **{member: before}))
    connect.update_security_profile(**profile, **{member: after})
    assert getattr(connect, listing)(**profile)[member] == after


@pytest.mark.parametrize(
    ("member", "entry", "only"),
    [
        ("AllowedFlowModules", {"FlowModuleId": "a"}, {"Type": "MCP"}),
        ("AllowedAIAgents", {"Arn": "arn:a"}, {"Type": "THIRD_PARTY"}),
        # two values are legal: nothing can be put in
        ("Applications", {"Namespace": "shop", "ApplicationPermissions": ["ACCESS"]}, {}),
    ],
)
@pytest.mark.parametrize("setting", ["as-sent", "filled"])
def test_what_is_kept_of_an_entry_without_type(
    world: World,
    connect: Client,
    control: Control,
    *,
    setting: str,
    member: str,
    entry: dict[str, Any],
    only: dict[str, str],
) -> None:
    control("POST", "settings", {"absent_types": setting})
    made = world.profile(**{member: [entry]})
    profile = ids(world, made)
    expected = [entry | (only if setting == "filled" else {})]
    assert getattr(connect, LISTINGS[member])(**profile)[member] == expected
    connect.update_security_profile(**profile, **{member: [entry]})
    assert getattr(connect, LISTINGS[member])(**profile)[member] == expected


def test_empty_update_changes_nothing_but_the_time(world: World, connect: Client) -> None:
    profile = ids(world, world.profile(Permissions=["A"]))
    before = connect.describe_security_profile(**profile)["SecurityProfile"]
    connect.update_security_profile(**profile)
    after = connect.describe_security_profile(**profile)["SecurityProfile"]
    assert before.pop("LastModifiedTime") <= after.pop("LastModifiedTime")
    assert before == after


def test_update_moves_last_modified_time(connect: Client, server: Server) -> None:
    times = iter(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=n) for n in range(100))
    server.emulator = Emulator(now=lambda: next(times))
    world = World(server.emulator, seed(server.emulator))
    profile = ids(world, world.profile(Permissions=["A"]))
    first = connect.list_security_profile_permissions(**profile)["LastModifiedTime"]
    connect.update_security_profile(**profile, Permissions=["B"])
    assert connect.list_security_profile_permissions(**profile)["LastModifiedTime"] > first


LIMITS = [
    ("Permissions", ["p"] * 500, ["p"] * 501),
    ("Permissions", ["p" * 128], ["p" * 129]),
    ("Applications", [MCP] * 10, [MCP] * 11),
    (
        "Applications",
        [MCP | {"ApplicationPermissions": ["t"] * 50}],
        [MCP | {"ApplicationPermissions": ["t"] * 51}],
    ),
    ("Applications", [MCP], [MCP | {"ApplicationPermissions": []}]),
    (
        "AllowedFlowModules",
        [{"Type": "MCP", "FlowModuleId": "m"}] * 10,
        [{"Type": "MCP", "FlowModuleId": "m"}] * 11,
    ),
    (
        "AllowedAIAgents",
        [{"Type": "THIRD_PARTY", "Arn": "arn:a"}] * 100,
        [{"Type": "THIRD_PARTY", "Arn": "arn:a"}] * 101,
    ),
    ("AllowedAccessControlTags", dict.fromkeys("abcd", "v"), dict.fromkeys("abcde", "v")),
    ("TagRestrictedResources", ["User"] * 10, ["User"] * 11),
    ("Description", "d" * 250, "d" * 251),
]


@pytest.mark.parametrize(("member", "allowed", "refused"), LIMITS)
def test_limits_of_an_update(
    world: World, connect: Client, member: str, allowed: Any, refused: Any
) -> None:
    profile = ids(world, world.profile())
    connect.update_security_profile(**profile, **{member: allowed})
    with pytest.raises(connect.exceptions.InvalidParameterException):
        connect.update_security_profile(**profile, **{member: refused})


@pytest.mark.parametrize("name", ["", "n" * 128, "slash/", "dot."])
def test_refused_names(world: World, connect: Client, name: str) -> None:
    with pytest.raises(connect.exceptions.InvalidParameterException):
        connect.create_security_profile(InstanceId=world.instance_id, SecurityProfileName=name)


def test_profiles_per_instance(world: World, connect: Client) -> None:
    for number in range(98):  # two are in the sample
        world.profile(f"p{number}")
    with pytest.raises(connect.exceptions.LimitExceededException):
        connect.create_security_profile(
            InstanceId=world.instance_id, SecurityProfileName="one too many"
        )


def test_duplicate_name(world: World, connect: Client) -> None:
    world.profile("twice")
    with pytest.raises(connect.exceptions.DuplicateResourceException):
        connect.create_security_profile(InstanceId=world.instance_id, SecurityProfileName="twice")


@pytest.mark.parametrize("operation", ["update_security_profile", "delete_security_profile"])
def test_aws_managed_profiles_are_read_only(world: World, connect: Client, operation: str) -> None:
    with pytest.raises(connect.exceptions.InvalidRequestException):
        getattr(connect, operation)(**ids(world, world.seed.profiles["Admin"]))


def test_profile_in_use_cannot_be_deleted(world: World, connect: Client) -> None:
    profile_id = world.profile()
    user_id = world.user("kim", profile_id)
    with pytest.raises(connect.exceptions.ResourceInUseException) as error:
        connect.delete_security_profile(**ids(world, profile_id))
    assert error.value.response["ResourceId"] == profile_id
    connect.delete_user(InstanceId=world.instance_id, UserId=user_id)
    connect.delete_security_profile(**ids(world, profile_id))


@pytest.mark.parametrize(
    ("application", "allowed"),
    [
        ({"Namespace": "app", "ApplicationPermissions": ["ACCESS"]}, True),
        ({"Namespace": "app", "ApplicationPermissions": ["target___Tool"]}, False),
        (MCP | {"Type": "THIRD_PARTY_APPLICATION"}, False),
        ({"Namespace": "app"}, False),
        (MCP, True),
    ],
)
def test_only_mcp_applications_have_permissions(
    world: World, connect: Client, application: dict[str, Any], allowed: bool
) -> None:
    profile = ids(world, world.profile())
    if allowed:
        connect.update_security_profile(**profile, Applications=[application])
        return
    with pytest.raises(connect.exceptions.InvalidParameterException):
        connect.update_security_profile(**profile, Applications=[application])


def test_unregistered_namespace_is_refused_when_checked(world: World, connect: Client) -> None:
    world.emulator.settings.check_applications = True
    profile = ids(world, world.profile())
    with pytest.raises(ClientError, match="Application namespace gw or Application permission"):
        connect.update_security_profile(**profile, Applications=[MCP])
    integration = connect.create_integration_association(
        InstanceId=world.instance_id, IntegrationType="APPLICATION", IntegrationArn="arn:x/gw"
    )
    connect.update_security_profile(**profile, Applications=[MCP])
    with pytest.raises(connect.exceptions.InvalidRequestException):
        connect.delete_integration_association(
            InstanceId=world.instance_id,
            IntegrationAssociationId=integration["IntegrationAssociationId"],
        )


@pytest.mark.parametrize(
    "flaw",
    [
        {"released": False},
        {"Description": ""},
        {"ExternalInvocationConfiguration": {"Enabled": False}},
    ],
)
def test_module_that_cannot_be_granted_when_checked(
    world: World, connect: Client, flaw: dict[str, Any]
) -> None:
    world.emulator.settings.check_flow_modules = True
    profile = ids(world, world.profile())

    def grant(module_id: str) -> None:
        modules = [{"Type": "MCP", "FlowModuleId": module_id}]
        connect.update_security_profile(**profile, AllowedFlowModules=modules)

    grant(world.module())
    for bad in (world.module("flawed", **flaw), "no-such-module"):
        with pytest.raises(connect.exceptions.InvalidParameterException):
            grant(bad)


def test_failed_update_leaves_all_as_it_was(world: World, connect: Client) -> None:
    profile = ids(world, world.profile(Permissions=["A"]))
    bad = {"Namespace": "app", "ApplicationPermissions": ["x"]}
    with pytest.raises(ClientError):
        connect.update_security_profile(**profile, Permissions=["B"], Applications=[bad])
    assert connect.list_security_profile_permissions(**profile)["Permissions"] == ["A"]
