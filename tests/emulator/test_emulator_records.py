"""CloudTrail records: who, what, masked how; delivery in order; LookupEvents."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from tests.emulator.conftest import Http
from tests.emulator.world import ACCOUNT, Client, World, mcp_tool, orchestration

from connect_emulator import (
    role_identity,
    service_identity,
    website_identity,
)

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
FRAME = {
    "eventVersion": "1.09",
    "awsRegion": "us-east-1",
    "readOnly": False,
    "eventType": "AwsApiCall",
    "managementEvent": True,
    "eventCategory": "Management",
    "recipientAccountId": ACCOUNT,
}


def last(world: World) -> dict[str, Any]:
    return world.emulator.records[-1]


def test_record_of_an_update(world: World, connect: Client) -> None:
    profile = {"InstanceId": world.instance_id, "SecurityProfileId": world.profile()}
    answer = connect.update_security_profile(**profile, Permissions=["Wisdom.View"])
    record = last(world)
    assert record.items() >= FRAME.items()
    assert record["eventSource"] == "connect.amazonaws.com"
    assert record["eventName"] == "UpdateSecurityProfile"
    assert record["requestParameters"] == profile | {"Permissions": ["Wisdom.View"]}
    assert record["responseElements"] is None
    assert record["requestID"] == answer["ResponseMetadata"]["RequestId"]
    assert record["userIdentity"]["type"] == "AssumedRole"
    assert record["userIdentity"]["accessKeyId"] == "AKIAEXAMPLE"
    assert "Boto3" in record["userAgent"]
    assert "errorCode" not in record
    datetime.strptime(record["eventTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def test_reads_leave_no_record_but_count(world: World, connect: Client) -> None:
    connect.list_security_profiles(InstanceId=world.instance_id)
    assert world.emulator.records == []
    assert world.emulator.calls == {"connect:ListSecurityProfiles": 1}
    world.emulator.reset_calls()
    assert not world.emulator.calls


def test_arn_in_a_connect_path_is_recorded_url_encoded(world: World, connect: Client) -> None:
    arn = world.seed.instance_arn
    connect.create_security_profile(InstanceId=arn, SecurityProfileName="p")
    assert last(world)["requestParameters"]["InstanceId"] == quote(arn, safe="")


def test_agent_records_mask_what_is_sensitive(world: World, qconnect: Client) -> None:
    world.emulator.settings.lock_mcp_descriptions = False
    secret = "the secret"
    tool = mcp_tool(
        "aws_service__qconnect_Retrieve",
        "Retrieve",
        title=secret,
        description=secret,
        instruction={"instruction": secret, "examples": [secret]},
        overrideInputValues=[
            {"jsonPath": "$.a", "value": {"constant": {"type": "STRING", "value": secret}}}
        ],
        outputFilters=[{"jsonPath": f"$.{secret.split()[1]}"}],
        inputSchema={"description": secret},
        outputSchema={"description": secret},
        annotations={"title": secret},
    )
    qconnect.create_ai_agent(
        assistantId=world.assistant_id,
        name="n",
        type="ORCHESTRATION",
        visibilityStatus="SAVED",
        configuration=orchestration([tool]),
    )
    record = last(world)
    assert "secret" not in json.dumps(record)
    for part in (record["requestParameters"], record["responseElements"]["aiAgent"]):
        configuration = part["configuration"]["orchestrationAIAgentConfiguration"]
        masked = dict.fromkeys(tool, HIDDEN)
        shown = {name: tool[name] for name in ("toolName", "toolType", "toolId")}
        assert configuration["toolConfigurations"] == [masked | shown]
    assert record["requestParameters"]["assistantId"] == world.assistant_id
    assert isinstance(record["responseElements"]["aiAgent"]["modifiedTime"], str)


def test_connect_records_mask_passwords_and_content(world: World, connect: Client) -> None:
    connect.create_user(
        InstanceId=world.instance_id,
        Username="kim",
        Password="Secret123",
        IdentityInfo={"FirstName": "Kim"},
        RoutingProfileId="r",
        SecurityProfileIds=[world.seed.profiles["Agent"]],
    )
    parameters = last(world)["requestParameters"]
    assert parameters["Password"] == HIDDEN
    assert parameters["IdentityInfo"] == {"FirstName": HIDDEN}
    connect.create_contact_flow_module(InstanceId=world.instance_id, Name="m", Content="{}")
    assert last(world)["requestParameters"]["Content"] == "***"
    connect.create_contact_flow(
        InstanceId=world.instance_id, Name="f", Type="CONTACT_FLOW", Content="{}"
    )
    assert last(world)["requestParameters"]["Content"] == "***"


def test_failures_are_recorded(world: World, connect: Client, qconnect: Client) -> None:
    with pytest.raises(connect.exceptions.ResourceNotFoundException):
        connect.update_security_profile(InstanceId=world.instance_id, SecurityProfileId="x")
    record = last(world)
    assert record["errorCode"] == "ResourceNotFoundException"
    assert record["errorMessage"]
    assert record["requestParameters"]["SecurityProfileId"] == "x"
    agent = {"assistantId": world.assistant_id, "aiAgentId": world.seed.system_agents["SalesAgent"]}
    with pytest.raises(qconnect.exceptions.AccessDeniedException):
        qconnect.delete_ai_agent(**agent)
    assert last(world)["errorCode"] == "AccessDenied"
    assert last(world)["requestParameters"] is None


def test_problems_stand_in_the_response_elements(world: World, connect: Client) -> None:
    with pytest.raises(connect.exceptions.InvalidContactFlowModuleException) as error:
        connect.create_contact_flow_module(
            InstanceId=world.instance_id, Name="m", Content="not json"
        )
    assert error.value.response["Problems"][0]["message"]
    record = last(world)
    assert record["errorCode"] == "InvalidContactFlowModuleException"
    assert "errorMessage" not in record
    assert record["responseElements"]["Problems"][0]["message"]


def test_unreadable_body_is_recorded_without_parameters(world: World, http: Http) -> None:
    http("connect", "PUT", f"/security-profiles/{world.instance_id}", b"{")
    assert last(world)["requestParameters"] is None
    assert last(world)["errorCode"] == "InvalidParameterException"


IDENTITIES = [
    (website_identity(ACCOUNT, "user-id"), "connect.amazonaws.com"),
    (service_identity(ACCOUNT), "cloudformation.amazonaws.com"),
    (role_identity(ACCOUNT, "Admin", "kim"), "127.0.0.1"),
]


@pytest.mark.parametrize(("identity", "source"), IDENTITIES)
def test_a_client_may_say_who_it_is(
    world: World, http: Http, identity: dict[str, Any], source: str
) -> None:
    path = f"/security-profiles/{world.instance_id}"
    headers = {"x-emulator-identity": json.dumps(identity)}
    http("connect", "PUT", path, b'{"SecurityProfileName": "p"}', headers)
    assert last(world)["userIdentity"] == identity
    assert last(world)["sourceIPAddress"] == source
    http("connect", "PUT", path, b"{}", headers | {"x-emulator-source-ip": "192.0.2.1"})
    assert last(world)["sourceIPAddress"] == "192.0.2.1"


def test_a_client_library_can_send_the_header(world: World, connect: Client) -> None:
    identity = website_identity(ACCOUNT, "user-id")

    def as_website(request: Any, **_: Any) -> None:
        request.headers["x-emulator-identity"] = json.dumps(identity)

    connect.meta.events.register("before-send.connect", as_website)
    try:
        connect.create_security_profile(InstanceId=world.instance_id, SecurityProfileName="p")
    finally:
        connect.meta.events.unregister("before-send.connect", as_website)
    assert last(world)["userIdentity"] == identity


@pytest.mark.parametrize("text", ["{", "[]", "1", "null"])
def test_unreadable_identity_counts_as_none(world: World, http: Http, text: str) -> None:
    path = f"/security-profiles/{world.instance_id}"
    http("connect", "PUT", path, b"{}", {"x-emulator-identity": text})
    assert last(world)["userIdentity"]["arn"].endswith("/unsigned")


def test_listeners_get_all_in_order_and_may_fail_or_call_back(
    world: World, connect: Client, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []

    def failing(_record: dict[str, Any]) -> None:
        raise RuntimeError("a listener's own fault")

    def calling(record: dict[str, Any]) -> None:
        seen.append(record["requestParameters"]["SecurityProfileName"])
        if len(seen) < 3:
            name = f"p{len(seen)}"
            connect.create_security_profile(InstanceId=world.instance_id, SecurityProfileName=name)

    world.emulator.on_record(failing)
    world.emulator.on_record(calling)
    connect.create_security_profile(InstanceId=world.instance_id, SecurityProfileName="p0")
    assert seen == ["p0", "p1", "p2"]
    assert "a listener failed" in caplog.text


def test_records_are_copies(world: World, connect: Client) -> None:
    connect.create_security_profile(InstanceId=world.instance_id, SecurityProfileName="p")
    last(world)["eventName"] = "Tampered"
    assert last(world)["eventName"] == "CreateSecurityProfile"
