"""Calls are judged by the policies of the caller's role: all that a call is about, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import jmespath
import pytest
from botocore.exceptions import ClientError
from tests.emulator.conftest import Control
from tests.emulator.world import ACCOUNT, REGION, UNCHECKED, Client, World, make_client

from connect_emulator import Emulator, Server, model, seed
from connect_emulator.authorization import table

OURS, THEIRS, PERSON = "ASIAOURS", "ASIATHEIRS", "AKIAPERSON"
ROLE = "toolgrant-RemediateRole-1"
CONNECT, WISDOM = f"arn:aws:connect:{REGION}:{ACCOUNT}", f"arn:aws:wisdom:{REGION}:{ACCOUNT}"
INSTANCES = f"{CONNECT}:instance/" + "?" * 36
PROFILES = f"{CONNECT}:instance/*/security-profile/*"
MODULES = f"{CONNECT}:instance/*/flow-module/*"
APPLICATIONS = f"arn:aws:app-integrations:{REGION}:{ACCOUNT}:application/*"
AGENTS = f"{WISDOM}:ai-agent/*"
OPTED_IN = {"StringEquals": {"aws:ResourceTag/toolgrant:auto-fix": "true"}}
TAGS = {"toolgrant:auto-fix": "true"}
MODULE = "11111111-2222-4333-8444-555555555555"
ClientOf = Callable[..., Client]
Statement = dict[str, Any]


class FakeRoles:
    """One role with the statements of a test."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []

    def entry(self, access_key: str) -> dict[str, str] | None:
        entry = {"type": "AssumedRole", "name": ROLE, "session": "remediate"}
        elsewhere = {**entry, "account": "444455556666"}
        return {OURS: entry, THEIRS: elsewhere}.get(access_key)

    def policies(self, role: str) -> list[dict[str, Any]] | None:
        return [{"Statement": self.statements}] if role == ROLE else None


@pytest.fixture
def roles() -> FakeRoles:
    return FakeRoles()


@pytest.fixture
def world(server: Server, roles: FakeRoles) -> Iterator[World]:
    server.emulator = Emulator(REGION, ACCOUNT, roles=roles, iam="roles", **UNCHECKED)
    yield World(server.emulator, seed(server.emulator))
    server.emulator.closing.set()


@pytest.fixture
def client_of(server: Server) -> Iterator[ClientOf]:
    with ExitStack() as cleanup:

        def make(service: str = "connect", key: str = OURS, **options: Any) -> Client:
            client = make_client(service, server.url(service), key, **options)
            cleanup.callback(client.close)
            return client

        yield make


def allow(action: str, resource: Any, condition: Any = None) -> Statement:
    conditions = {"Condition": condition} if condition else {}
    return {"Effect": "Allow", "Action": action, "Resource": resource, **conditions}


def denied(call: Callable[[], Any]) -> str:
    """The message of a call that IAM refuses."""
    with pytest.raises(ClientError) as refused:
        call()
    error, metadata = refused.value.response["Error"], refused.value.response["ResponseMetadata"]
    assert (error["Code"], metadata["HTTPStatusCode"]) == ("AccessDeniedException", 403)
    return str(error["Message"])


UPDATE = "connect:UpdateSecurityProfile"
ON_PROFILES = allow(UPDATE, PROFILES, OPTED_IN)


def test_a_role_without_a_statement_is_refused_in_the_words_of_iam(
    world: World, client_of: ClientOf
) -> None:
    named = world.named(world.profile(Tags=TAGS))
    message = denied(lambda: client_of().update_security_profile(**named, Permissions=["X.View"]))
    arn = f"{CONNECT}:instance/{world.instance_id}/security-profile/{named['SecurityProfileId']}"
    assert message == (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE}/remediate is not authorized to perform: "
        f"{UPDATE} on resource: {arn} because no identity-based policy allows the {UPDATE} action"
    )
    assert world.emulator.records[-1]["errorCode"] == "AccessDenied"


def test_an_explicit_deny_is_said(world: World, roles: FakeRoles, client_of: ClientOf) -> None:
    roles.statements = [ON_PROFILES, allow(UPDATE, "*") | {"Effect": "Deny"}]
    named = world.named(world.profile(Tags=TAGS))
    message = denied(lambda: client_of().update_security_profile(**named, Permissions=[]))
    assert message.endswith("with an explicit deny in an identity-based policy")


@pytest.mark.parametrize(
    ("lists", "missing"),
    [
        ({"Permissions": ["Wisdom.View"]}, ""),
        ({"AllowedAIAgents": []}, ""),
        ({"AllowedFlowModules": []}, ""),
        (
            {"AllowedFlowModules": [{"FlowModuleId": MODULE, "Type": "MCP"}]},
            "flow-module/" + MODULE,
        ),
        (
            {"Applications": [{"Namespace": "gw", "ApplicationPermissions": ["t"], "Type": "MCP"}]},
            "application/",
        ),
        (
            {
                "AllowedAIAgents": [
                    {"Arn": APPLICATIONS.replace("*", MODULE), "Type": "THIRD_PARTY"}
                ]
            },
            "application/" + MODULE,
        ),
        ({"AllowedAccessControlHierarchyGroupId": "g"}, "agent-group/g"),
    ],
)
def test_an_update_is_about_the_profile_and_all_that_it_names(
    world: World, roles: FakeRoles, client_of: ClientOf, lists: Any, missing: str
) -> None:
    roles.statements = [ON_PROFILES]
    named = world.named(world.profile(Tags=TAGS))
    if missing:
        message = denied(lambda: client_of().update_security_profile(**named, **lists))
        assert missing in message
    roles.statements.append(allow(UPDATE, [MODULES, APPLICATIONS, f"{CONNECT}:*/agent-group/*"]))
    client_of().update_security_profile(**named, **lists)


@pytest.mark.parametrize("tags", [{}, {"toolgrant:auto-fix": "false"}, {"Toolgrant": "true"}])
def test_the_tag_guards_the_profile_even_if_the_module_needs_none(
    world: World, roles: FakeRoles, client_of: ClientOf, tags: dict[str, str]
) -> None:
    roles.statements = [ON_PROFILES, allow(UPDATE, [MODULES, APPLICATIONS])]
    named = world.named(world.profile(**({"Tags": tags} if tags else {})))
    modules = [{"FlowModuleId": MODULE, "Type": "MCP"}]
    assert "/security-profile/" in denied(
        lambda: client_of().update_security_profile(**named, AllowedFlowModules=modules)
    )


def test_the_application_of_a_namespace_is_the_integrated_one(
    world: World, roles: FakeRoles, client_of: ClientOf
) -> None:
    arn = APPLICATIONS.replace("*", MODULE)
    world.emulator.apply(
        "connect:CreateIntegrationAssociation",
        InstanceId=world.instance_id,
        IntegrationType="APPLICATION",
        IntegrationArn=arn,
        SourceApplicationName="gw",
    )
    roles.statements = [ON_PROFILES]
    mcp = [{"Namespace": "gw", "ApplicationPermissions": ["t"], "Type": "MCP"}]
    named = world.named(world.profile(Tags=TAGS))
    update = client_of().update_security_profile
    assert f"on resource: {arn} " in denied(lambda: update(**named, Applications=mcp))


def associate(world: World, client: Client, profile_id: str, on: str = ":$SAVED") -> Any:
    return client.associate_security_profiles(
        InstanceId=world.instance_id,
        SecurityProfiles=[{"Id": profile_id}],
        EntityType="AI_AGENT",
        EntityArn=f"{world.agent(profile_id)['aiAgentArn']}{on}",
    )


ASSOCIATE = "connect:AssociateSecurityProfiles"


@pytest.mark.parametrize(
    ("statements", "missing"),
    [
        ([allow(ASSOCIATE, [AGENTS, PROFILES])], ":instance/"),
        ([allow(ASSOCIATE, [AGENTS, INSTANCES])], "/security-profile/"),
        ([allow(ASSOCIATE, [INSTANCES, PROFILES])], ":ai-agent/"),
        ([allow(ASSOCIATE, [INSTANCES, PROFILES, f"{WISDOM}:ai-agent/*:*"])], "wisdom:GetAIAgent"),
    ],
)
def test_an_association_is_about_instance_profile_and_ai_agent(
    world: World, roles: FakeRoles, client_of: ClientOf, statements: Any, missing: str
) -> None:
    roles.statements = statements
    profile_id = world.profile()
    assert missing in denied(lambda: associate(world, client_of(), profile_id))


def test_an_association_asks_for_the_tag_of_the_profile_only(
    world: World, roles: FakeRoles, client_of: ClientOf
) -> None:
    roles.statements = [
        allow(ASSOCIATE, [INSTANCES, AGENTS]),
        allow(ASSOCIATE, PROFILES, OPTED_IN),
        allow("wisdom:GetAIAgent", f"{WISDOM}:ai-agent/{world.assistant_id}/*"),
    ]
    associate(world, client_of(), world.profile("with", Tags=TAGS))
    without = world.profile("without")
    assert "/security-profile/" in denied(lambda: associate(world, client_of(), without))


def test_a_new_profile_is_judged_by_the_tags_that_are_sent(
    world: World, roles: FakeRoles, client_of: ClientOf
) -> None:
    tagged = {"StringEquals": {"aws:RequestTag/toolgrant:stack": "s"}}
    roles.statements = [allow("connect:CreateSecurityProfile", PROFILES, tagged)]

    def create(**more: Any) -> Any:
        given = {"InstanceId": world.instance_id, "SecurityProfileName": "new", **more}
        return client_of().create_security_profile(**given)

    assert "connect:CreateSecurityProfile" in denied(create)
    assert "connect:TagResource" in denied(lambda: create(Tags={"toolgrant:stack": "s"}))
    roles.statements.append(allow("connect:TagResource", PROFILES, tagged))
    assert "connect:CreateSecurityProfile" in denied(lambda: create(Tags={"toolgrant:stack": "t"}))
    create(Tags={"toolgrant:stack": "s"})


def test_q_in_connect_is_judged_by_actions_of_wisdom(
    world: World, roles: FakeRoles, client_of: ClientOf
) -> None:
    agent, client = world.agent("a"), client_of("qconnect")
    named = {"assistantId": world.assistant_id, "aiAgentId": f"{agent['aiAgentId']}:$SAVED"}
    assert "wisdom:GetAIAgent" in denied(lambda: client.get_ai_agent(**named))
    roles.statements = [allow("wisdom:GetAIAgent", f"{agent['aiAgentArn']}:$SAVED")]
    assert client.get_ai_agent(**named)["aiAgent"]["name"] == "a"
    assert "on resource: * " in denied(
        lambda: client.list_ai_agents(assistantId=world.assistant_id)
    )
    roles.statements.append(allow("wisdom:ListAIAgents", AGENTS))
    denied(lambda: client.list_ai_agents(assistantId=world.assistant_id))
    roles.statements.append(allow("wisdom:ListAIAgents", "*"))
    assert client.list_ai_agents(assistantId=world.assistant_id)["aiAgentSummaries"]


@pytest.mark.usefixtures("world")
def test_an_operator_that_is_not_known_is_said_and_refused(
    roles: FakeRoles, client_of: ClientOf
) -> None:
    roles.statements = [allow("connect:ListInstances", "*", {"NumericEquals": {"aws:TagKeys": 1}})]
    message = denied(client_of().list_instances)
    assert message == "The emulator cannot tell: Not known as a condition operator: NumericEquals"


@pytest.mark.parametrize(
    ("iam", "passing"),
    [("off", {OURS, THEIRS, PERSON}), ("roles", {THEIRS, PERSON}), ("all", set())],
)
def test_the_setting_says_who_is_judged(
    world: World, client_of: ClientOf, control: Control, iam: str, passing: set[str]
) -> None:
    assert world.emulator.settings.iam == "roles"
    control("POST", "settings", {"iam": iam})
    for key in (OURS, THEIRS, PERSON):
        listing = client_of(key=key).list_instances
        assert listing() if key in passing else denied(listing)


@pytest.mark.usefixtures("world")
def test_a_client_that_names_the_role_is_judged_as_the_role(client_of: ClientOf) -> None:
    named = client_of(key=PERSON, user_agent_appid=ROLE)
    assert "assumed-role" in denied(named.list_instances)


def test_a_setting_that_does_not_exist_is_refused(control: Control) -> None:
    assert "iam" in control("POST", "settings", {"iam": "some"}, 400)["message"]


def test_the_table_has_every_operation_that_is_served() -> None:
    rows = table()["operations"]
    missing = [
        name for name in Emulator().served() if name.split(":")[1] not in rows[name.split(":")[0]]
    ]
    assert missing == []


def test_what_the_table_names_is_there() -> None:
    """Operations, and the members of their inputs, as botocore has them; kinds with an ARN."""
    for service, rows in table()["operations"].items():
        for operation, row in rows.items():
            members = set(model.load(service).operation(operation).input_shape.members)
            for part in (row, *row.get("also", ())):
                kinds = part.get("required", {}) | part.get("optional", {})
                assert set(kinds) - {"unqualified"} <= set(table()["arns"]), operation
                paths = [*kinds.values(), *([part["where"]] if "where" in part else [])]
                assert fields(paths) <= members, operation


def fields(paths: list[str]) -> set[str]:
    """The members of the input at which paths begin."""

    def first(node: dict[str, Any]) -> Iterator[str]:
        if node["type"] == "field":
            yield node["value"]
        chain = node["type"] in ("subexpression", "projection", "flatten", "index_expression")
        for child in node["children"][:1] if chain else node["children"]:
            yield from first(child) if isinstance(child, dict) else ()

    return {name for path in paths for name in first(jmespath.compile(path).parsed)}


def test_an_arn_in_place_of_an_id_is_judged_alike(
    world: World, roles: FakeRoles, client_of: ClientOf
) -> None:
    arn = f"{CONNECT}:instance/{world.instance_id}"
    profile = f"{arn}/security-profile/{world.profile()}"
    roles.statements = [allow("connect:DescribeSecurityProfile", f"{arn}/security-profile/*")]
    client_of().describe_security_profile(InstanceId=arn, SecurityProfileId=profile)
