"""Who calls is told by the credentials: the setting ``identities``, and the caller's user agent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from tests.emulator.conftest import Control, Http
from tests.emulator.world import ACCOUNT, REGION, Client, World, make_client

from connect_emulator import Emulator, Server, role_identity, seed, website_identity

OTHER = "444455556666"
ROLE = "toolgrant-remediate"
TABLE = {
    "ASIAOURS": {"type": "AssumedRole", "name": ROLE, "session": "remediate"},
    "ASIATHEIRS": {"type": "AssumedRole", "name": ROLE, "session": "x", "account": OTHER},
    "AKIAUSER": {"type": "IAMUser", "name": ROLE},
    "ASIAFEDERATED": {"type": "FederatedUser", "name": ROLE},
    "ASIAWEBSITE": {"type": "Website", "name": "66666666-7777-4888-9999-aaaaaaaaaaaa"},
    "ASIASERVICE": {"type": "Service", "name": "cloudformation.amazonaws.com"},
}
ARNS = {
    "ASIAOURS": f"arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE}/remediate",
    "ASIATHEIRS": f"arn:aws:sts::{OTHER}:assumed-role/{ROLE}/x",
    "AKIAUSER": f"arn:aws:iam::{ACCOUNT}:user/{ROLE}",
    "ASIAFEDERATED": f"arn:aws:sts::{ACCOUNT}:federated-user/{ROLE}",
    "ASIAWEBSITE": f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForAmazonConnect_"
    "EXAMPLESUFFIX/66666666-7777-4888-9999-aaaaaaaaaaaa",
    "ASIASERVICE": None,
    "ASIAUNKNOWN": f"arn:aws:sts::{ACCOUNT}:assumed-role/Operator/ASIAUNKNOWN",
}
# Members of userIdentity in public records and in the CloudTrail documentation, by type.
SHAPES = {
    "AssumedRole": {"type", "principalId", "arn", "accountId", "accessKeyId", "sessionContext"},
    "IAMUser": {"type", "principalId", "arn", "accountId", "accessKeyId", "userName"},
    "FederatedUser": {"type", "principalId", "arn", "accountId", "accessKeyId", "sessionContext"},
}
ClientOf = Callable[..., Client]


@pytest.fixture
def client_of(server: Server) -> Iterator[ClientOf]:
    """A client with the credentials of that key: ``client_of(key, user_agent_extra=…)``."""
    with ExitStack() as cleanup:

        def make(key: str, **options: Any) -> Client:
            client = make_client("connect", server.connect_url, key, **options)
            cleanup.callback(client.close)
            return client

        yield make


def record_of(world: World, client: Client) -> dict[str, Any]:
    """The record of an update by that client."""
    profile_id = next(iter(world.seed.profiles.values()))
    with pytest.raises(client.exceptions.InvalidRequestException):
        client.update_security_profile(**world.named(profile_id))  # AWS manages it
    record: dict[str, Any] = world.emulator.records[-1]
    return record


@pytest.mark.parametrize("key", ARNS)
def test_the_key_tells_who_calls(
    world: World, control: Control, client_of: ClientOf, key: str
) -> None:
    control("POST", "settings", {"identities": TABLE})
    record = record_of(world, client_of(key))
    identity = record["userIdentity"]
    assert identity.get("arn") == ARNS[key]
    if key != "ASIASERVICE":
        assert set(identity) == SHAPES[identity["type"]]
        assert identity["accessKeyId"] == key
    assert identity["accountId"] == (OTHER if key == "ASIATHEIRS" else ACCOUNT)
    assert record["recipientAccountId"] == ACCOUNT


def test_types_are_cloudtrails_own(world: World, control: Control, client_of: ClientOf) -> None:
    control("POST", "settings", {"identities": TABLE})
    found = {key: record_of(world, client_of(key))["userIdentity"]["type"] for key in TABLE}
    assert found == {
        "ASIAOURS": "AssumedRole",
        "ASIATHEIRS": "AssumedRole",
        "AKIAUSER": "IAMUser",
        "ASIAFEDERATED": "FederatedUser",
        "ASIAWEBSITE": "AssumedRole",
        "ASIASERVICE": "IAMUser",
    }


def test_sessions_name_who_issued_them(world: World, control: Control, client_of: ClientOf) -> None:
    control("POST", "settings", {"identities": TABLE})
    issuers = {
        key: record_of(world, client_of(key))["userIdentity"]["sessionContext"]["sessionIssuer"]
        for key in ("ASIATHEIRS", "ASIAFEDERATED")
    }
    assert issuers["ASIATHEIRS"]["arn"] == f"arn:aws:iam::{OTHER}:role/{ROLE}"
    assert issuers["ASIAFEDERATED"]["type"] == "IAMUser"
    assert issuers["ASIAFEDERATED"]["arn"] == f"arn:aws:iam::{ACCOUNT}:user/Broker"


def test_what_aws_calls_itself_has_its_principal_for_an_address(
    world: World, control: Control, client_of: ClientOf
) -> None:
    control("POST", "settings", {"identities": TABLE})
    website = record_of(world, client_of("ASIAWEBSITE"))
    service = record_of(world, client_of("ASIASERVICE"))
    assert website["sourceIPAddress"] == website["userAgent"] == "connect.amazonaws.com"
    assert service["sourceIPAddress"] == service["userAgent"] == "cloudformation.amazonaws.com"
    assert service["userIdentity"]["invokedBy"] == "cloudformation.amazonaws.com"
    assert "accessKeyId" not in service["userIdentity"]


def test_each_caller_has_its_own_user_agent(
    world: World, control: Control, client_of: ClientOf
) -> None:
    control("POST", "settings", {"identities": TABLE})
    agents = {
        "ASIAOURS": {"user_agent_appid": "toolgrant-one"},
        "ASIATHEIRS": {"user_agent_appid": "toolgrant-two"},
        "AKIAUSER": {"user_agent": "Terraform/1.9"},
        "ASIAFEDERATED": {"user_agent_extra": "my-script/3"},
    }
    seen = {key: record_of(world, client_of(key, **agents[key])) for key in agents}
    assert "app/toolgrant-one" in seen["ASIAOURS"]["userAgent"]
    assert "app/toolgrant-two" in seen["ASIATHEIRS"]["userAgent"]
    assert seen["AKIAUSER"]["userAgent"].startswith("Terraform/1.9")
    assert "my-script/3" in seen["ASIAFEDERATED"]["userAgent"].split()
    for key, record in seen.items():
        assert record["userIdentity"]["arn"] == ARNS[key]  # the table wins over app/…


def test_a_late_write_is_recorded_for_its_caller(
    world: World, control: Control, client_of: ClientOf
) -> None:
    """Also where the table has changed since."""
    control("POST", "settings", {"identities": TABLE})
    control("POST", "faults", {"kind": "late", "operation": "connect:CreateSecurityProfile"})
    client = client_of("AKIAUSER", user_agent="console")
    with pytest.raises(Exception, match="Connection was closed"):
        client.create_security_profile(InstanceId=world.instance_id, SecurityProfileName="p")
    control("DELETE", "settings")
    control("POST", "landings")
    (record,) = world.emulator.records
    assert record["userIdentity"]["type"] == "IAMUser"
    assert record["userAgent"].startswith("console")


def test_the_header_says_more_than_the_key(world: World, control: Control, http: Http) -> None:
    control("POST", "settings", {"identities": TABLE})
    identity = website_identity(ACCOUNT, "user-id")
    headers = {
        "authorization": "AWS4-HMAC-SHA256 Credential=AKIAUSER/20260101/us-east-1/connect/x",
        "x-emulator-identity": json.dumps(identity),
    }
    http("connect", "PUT", f"/security-profiles/{world.instance_id}", b"{}", headers)
    assert world.emulator.records[-1]["userIdentity"] == identity


def test_records_are_found_by_key_and_name(
    world: World, control: Control, client_of: ClientOf, cloudtrail: Client
) -> None:
    control("POST", "settings", {"identities": TABLE})
    for key in ("ASIAOURS", "AKIAUSER", "ASIAFEDERATED"):
        record_of(world, client_of(key))

    def found(attribute: str, value: str) -> list[str]:
        wanted = [{"AttributeKey": attribute, "AttributeValue": value}]
        events = cloudtrail.lookup_events(LookupAttributes=wanted)["Events"]
        return [event["AccessKeyId"] for event in events]

    assert found("AccessKeyId", "ASIAOURS") == ["ASIAOURS"]
    assert found("Username", "remediate") == ["ASIAOURS"]
    assert found("Username", ROLE) == ["ASIAFEDERATED", "AKIAUSER"]


def test_the_table_can_be_reset_and_begun_with(
    server: Server, control: Control, client_of: ClientOf
) -> None:
    server.emulator = Emulator(REGION, ACCOUNT, identities={"AKIAUSER": TABLE["AKIAUSER"]})
    world = World(server.emulator, seed(server.emulator))
    user = client_of("AKIAUSER")
    assert record_of(world, user)["userIdentity"]["type"] == "IAMUser"
    assert control("POST", "settings", {"identities": {}})["identities"] == {}
    operator = role_identity(ACCOUNT, "Operator", "AKIAUSER")
    assert record_of(world, user)["userIdentity"] == operator | {"accessKeyId": "AKIAUSER"}
    control("DELETE", "settings")
    assert record_of(world, user)["userIdentity"]["type"] == "IAMUser"


@pytest.mark.parametrize(
    ("identities", "named"),
    [
        ([], "identities"),
        ({"K": "role"}, "identities.K"),
        ({"K": {"name": "n"}}, "identities.K.type"),
        ({"K": {"type": "Root", "name": "n"}}, "Root"),
        ({"K": {"type": "IAMUser"}}, "identities.K.name"),
        ({"K": {"type": "IAMUser", "name": 1}}, "identities.K.name"),
        ({"K": {"type": "IAMUser", "name": "n", "arn": "a"}}, "arn"),
    ],
)
def test_a_bad_table_is_refused(
    world: World, control: Control, identities: Any, named: str
) -> None:
    answer = control("POST", "settings", {"identities": identities}, status=400)
    assert named in answer["message"]
    assert world.emulator.settings.identities == {}
