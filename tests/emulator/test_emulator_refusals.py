"""Refusals for good, until cleared: of an operation, a profile, a namespace, a value."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.emulator.conftest import Control
from tests.emulator.world import UNCHECKED, Client, World

UPDATE = "connect:UpdateSecurityProfile"
GATEWAY = {"Namespace": "gw", "ApplicationPermissions": ["target___Tool"], "Type": "MCP"}
MODELLED = {
    "InvalidParameterException": 400,
    "InvalidRequestException": 400,
    "ResourceNotFoundException": 404,
}
# UpdateSecurityProfile models neither of these; the first one comes from IAM, before the service.
FOREIGN = {"AccessDeniedException": 403, "LimitExceededException": 429}


@pytest.fixture
def switches() -> dict[str, Any]:
    return UNCHECKED


def refused(connect: Client, **params: Any) -> str:
    """The error code of an update, or nothing."""
    try:
        connect.update_security_profile(**params)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def test_the_table_agrees_with_the_service_model(connect: Client) -> None:
    model = connect.meta.service_model
    modelled = {shape.name for shape in model.operation_model("UpdateSecurityProfile").error_shapes}
    assert set(MODELLED) <= modelled
    assert not set(FOREIGN) & modelled
    for code, status in {**MODELLED, **FOREIGN}.items():
        assert model.shape_for(code).metadata["error"]["httpStatusCode"] == status


@pytest.mark.parametrize(("code", "status"), [*MODELLED.items(), *FOREIGN.items()])
def test_an_operation_is_refused_until_cleared(
    world: World, connect: Client, control: Control, code: str, status: int
) -> None:
    control("POST", "faults", {"kind": "refuse", "operation": UPDATE, "code": code})
    profile = world.named(world.profile(Permissions=["A"]))
    for _ in range(5):
        with pytest.raises(ClientError) as error:
            connect.update_security_profile(**profile, Permissions=["B"])
        assert error.value.response["Error"]["Code"] == code
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert connect.list_security_profile_permissions(**profile)["Permissions"] == ["A"]
    assert len(world.emulator.records) == 5
    control("DELETE", "faults")
    connect.update_security_profile(**profile, Permissions=["B"])
    assert connect.list_security_profile_permissions(**profile)["Permissions"] == ["B"]


@pytest.mark.parametrize(
    "match",
    [
        {"Namespace": "gw"},
        {"ApplicationPermissions": "target___Tool"},
        {"Permissions": "Cases.View"},
        {"FlowModuleId": "module"},
        {"Arn": "arn:target"},
        {"Namespace": "gw", "Permissions": "Cases.View"},
    ],
    ids=str,
)
def test_a_value_is_refused_wherever_it_stands(
    world: World, connect: Client, control: Control, match: dict[str, str]
) -> None:
    code = "InvalidParameterException"
    fault = {"kind": "refuse", "operation": UPDATE, "code": code, "match": match}
    control("POST", "faults", fault)
    profile = world.named(world.profile())
    lists: dict[str, Any] = {
        "Applications": [GATEWAY | {"Namespace": "other"}, GATEWAY],
        "Permissions": ["Wisdom.View", "Cases.View"],
        "AllowedFlowModules": [{"Type": "MCP", "FlowModuleId": "module"}],
        "AllowedAIAgents": [{"Type": "THIRD_PARTY", "Arn": "arn:target"}],
    }
    assert refused(connect, **profile, **lists) == code
    assert refused(connect, **profile, Permissions=["Wisdom.View"]) == ""
    other = [GATEWAY | {"Namespace": "other", "ApplicationPermissions": ["x___y"]}]
    assert refused(connect, **profile, Applications=other) == ""


def test_a_profile_is_refused_and_others_are_not(world: World, connect: Client) -> None:
    bad, good = (world.named(world.profile(name)) for name in ("bad", "good"))
    match = {"SecurityProfileId": bad["SecurityProfileId"]}
    world.emulator.faults.refuse(UPDATE, "AccessDeniedException", match=match)
    for _ in range(2):
        assert refused(connect, **bad, Permissions=["A"]) == "AccessDeniedException"
        assert refused(connect, **good, Permissions=["A"]) == ""
    denied, done = world.emulator.records[-2:]
    assert (denied["errorCode"], denied["requestParameters"]) == ("AccessDenied", None)
    assert done["requestParameters"]["SecurityProfileId"] == good["SecurityProfileId"]


def test_one_list_is_refused_and_another_is_not(world: World, connect: Client) -> None:
    world.emulator.faults.refuse(UPDATE, "LimitExceededException", match={"Namespace": "gw"})
    profile = world.named(world.profile())
    assert refused(connect, **profile, Applications=[GATEWAY]) == "LimitExceededException"
    assert refused(connect, **profile, Permissions=["A"]) == ""


def test_reads_and_attachments_can_be_refused_too(world: World, connect: Client) -> None:
    for operation in ("ListSecurityProfilePermissions", "AssociateSecurityProfiles"):
        world.emulator.faults.refuse(f"connect:{operation}", "AccessDeniedException")
    profile_id = world.profile()
    with pytest.raises(ClientError, match="AccessDeniedException"):
        connect.list_security_profile_permissions(**world.named(profile_id))
    with pytest.raises(connect.exceptions.AccessDeniedException):
        connect.associate_security_profiles(
            InstanceId=world.instance_id,
            EntityType="AI_AGENT",
            EntityArn=world.seed.system_agent_arns["SalesAgent"],
            SecurityProfiles=[{"Id": profile_id}],
        )


def test_a_setting_refuses_a_namespace_that_no_application_registered(
    world: World, connect: Client, control: Control
) -> None:
    profile = world.named(world.profile())
    control("POST", "settings", {"check_applications": True, "check_flow_modules": True})
    for _ in range(2):
        assert refused(connect, **profile, Applications=[GATEWAY]) == "InvalidParameterException"
    connect.create_integration_association(
        InstanceId=world.instance_id, IntegrationType="APPLICATION", IntegrationArn="arn:x/gw"
    )
    assert refused(connect, **profile, Applications=[GATEWAY]) == ""
    unknown = [GATEWAY | {"Namespace": "unknown"}]
    assert refused(connect, **profile, Applications=unknown) == "InvalidParameterException"
    assert control("DELETE", "settings")["check_applications"] is False
    assert refused(connect, **profile, Applications=unknown) == ""


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({}, "code"),
        ({"code": None}, "code"),
        ({"code": 1}, "code"),
        ({"code": "X", "match": ["gw"]}, "match"),
        ({"code": "X", "match": {"Namespace": None}}, "match.Namespace"),
        ({"code": "X", "matching": {}}, "matching"),
    ],
)
def test_bad_refusals_are_named(
    world: World, control: Control, more: dict[str, Any], named: str
) -> None:
    fault = {"kind": "refuse", "operation": UPDATE, **more}
    assert named in control("POST", "faults", fault, status=400)["message"]
    assert world.emulator.faults.describe() == []
