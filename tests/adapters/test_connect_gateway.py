"""Connect through a real client: pages, the four kinds of grants, what is kept within a batch."""

from __future__ import annotations

import uuid

import pytest
from tests.adapters.gateways import Gateways
from tests.emulator.world import World

from connect_emulator.instances import add_instance
from toolgrant.domain.model import GrantKind
from toolgrant.errors import NotFound

UNKNOWN = "00000000-0000-4000-8000-000000000000"
MODULE = "3f2b8a10-4c1d-4e6a-9b7f-2d5c8e901234"
AGENT_APP = "arn:aws:connect:us-east-1:111122223333:agent/target"


def attach(world: World, entity_arn: str, *profile_ids: str) -> None:
    world.emulator.apply(
        "connect:AssociateSecurityProfiles",
        InstanceId=world.instance_id,
        SecurityProfiles=[{"Id": profile_id} for profile_id in profile_ids],
        EntityType="AI_AGENT",
        EntityArn=entity_arn,
    )


def full_profile(world: World) -> str:
    return world.profile(
        "everything",
        Permissions=["Wisdom.View", "Cases.View"],
        Applications=[
            {"Namespace": "gw", "ApplicationPermissions": ["a___b", "c"], "Type": "MCP"},
            {"Namespace": "third-party", "ApplicationPermissions": ["ACCESS"]},
        ],
        AllowedFlowModules=[{"Type": "MCP", "FlowModuleId": MODULE}],
        AllowedAIAgents=[{"Type": "THIRD_PARTY", "Arn": AGENT_APP}],
    )


@pytest.mark.parametrize(
    ("kind", "operation", "expected"),
    [
        (
            GrantKind.PERMISSION,
            "ListSecurityProfilePermissions",
            {"permission:Wisdom.View", "permission:Cases.View"},
        ),
        (GrantKind.MCP, "ListSecurityProfileApplications", {"mcp:gw/a___b", "mcp:gw/c"}),
        (GrantKind.FLOW_MODULE, "ListSecurityProfileFlowModules", {f"flow-module:{MODULE}"}),
        (GrantKind.AI_AGENT, "ListSecurityProfileAIAgents", {f"ai-agent:{AGENT_APP}"}),
    ],
)
def test_each_kind_of_grant_costs_one_call_of_its_own_list(
    world: World, gateways: Gateways, kind: GrantKind, operation: str, expected: set[str]
) -> None:
    profile = full_profile(world)
    connect = gateways.connect()
    for _ in range(2):
        grants = connect.grants(world.instance_id, profile, kind)
        assert {str(grant) for grant in grants} == expected
    assert gateways.sent() == {f"connect:{operation}": 1}


@pytest.mark.parametrize("kind", GrantKind)
def test_an_empty_profile_grants_nothing(world: World, gateways: Gateways, kind: GrantKind) -> None:
    profile = world.profile("empty")
    assert gateways.connect().grants(world.instance_id, profile, kind) == frozenset()


def test_lists_are_read_to_the_last_page(world: World, gateways: Gateways) -> None:
    names = [f"Permission{number}.View" for number in range(11)]
    tools = [f"tool{number}" for number in range(3)]
    modules = [str(uuid.uuid4()) for _ in range(5)]
    profile = world.profile(
        "long",
        Permissions=names,
        Applications=[
            {"Namespace": f"gw{n}", "ApplicationPermissions": tools, "Type": "MCP"}
            for n in range(7)
        ],
        AllowedFlowModules=[{"Type": "MCP", "FlowModuleId": module} for module in modules],
    )
    world.emulator.settings.page_size = 2
    connect = gateways.connect()
    read = {
        kind: {str(g) for g in connect.grants(world.instance_id, profile, kind)}
        for kind in (GrantKind.PERMISSION, GrantKind.MCP, GrantKind.FLOW_MODULE)
    }
    assert read[GrantKind.PERMISSION] == {f"permission:{name}" for name in names}
    assert read[GrantKind.MCP] == {f"mcp:gw{n}/{tool}" for n in range(7) for tool in tools}
    assert read[GrantKind.FLOW_MODULE] == {f"flow-module:{module}" for module in modules}
    assert gateways.sent() == {
        "connect:ListSecurityProfilePermissions": 6,
        "connect:ListSecurityProfileApplications": 4,
        "connect:ListSecurityProfileFlowModules": 3,
    }


def test_all_attached_profiles_are_read_in_the_order_of_the_service(
    world: World, gateways: Gateways
) -> None:
    agent = world.agent()
    profiles = [world.profile(f"profile {number}") for number in range(7)]
    arn = f"{agent['aiAgentArn']}:$SAVED"
    attach(world, arn, *profiles)
    world.emulator.settings.page_size = 3
    connect = gateways.connect()
    for _ in range(2):
        assert connect.attached(world.instance_id, arn) == tuple(profiles)
    assert gateways.sent() == {"connect:ListEntitySecurityProfiles": 3}


def test_profiles_are_attached_per_qualifier(world: World, gateways: Gateways) -> None:
    agent = world.agent()
    world.emulator.apply(
        "qconnect:CreateAIAgentVersion",
        assistantId=world.assistant_id,
        aiAgentId=agent["aiAgentId"],
    )
    draft, version = world.profile("draft"), world.profile("version")
    attach(world, f"{agent['aiAgentArn']}:$SAVED", draft)
    attach(world, f"{agent['aiAgentArn']}:1", version)
    connect = gateways.connect()
    found = {
        qualifier: connect.attached(world.instance_id, f"{agent['aiAgentArn']}:{qualifier}")
        for qualifier in ("$SAVED", "$LATEST", "1")
    }
    assert found == {"$SAVED": (draft,), "$LATEST": (), "1": (version,)}


def test_a_batch_sees_one_state_and_the_next_batch_the_new_one(
    world: World, gateways: Gateways
) -> None:
    profile = world.profile("changing", Permissions=["Wisdom.View"])
    batch = gateways.connect()
    before = batch.grants(world.instance_id, profile, GrantKind.PERMISSION)
    world.emulator.apply(
        "connect:UpdateSecurityProfile",
        InstanceId=world.instance_id,
        SecurityProfileId=profile,
        Permissions=["Cases.View"],
    )
    assert batch.grants(world.instance_id, profile, GrantKind.PERMISSION) == before
    after = gateways.connect().grants(world.instance_id, profile, GrantKind.PERMISSION)
    assert {str(grant) for grant in after} == {"permission:Cases.View"}


@pytest.mark.parametrize("kind", GrantKind)
def test_a_deleted_profile_is_not_found_and_asked_for_once(
    world: World, gateways: Gateways, kind: GrantKind
) -> None:
    connect = gateways.connect()
    for _ in range(2):
        with pytest.raises(NotFound, match="ResourceNotFoundException"):
            connect.grants(world.instance_id, UNKNOWN, kind)
    assert sum(gateways.sent().values()) == 1


def test_what_does_not_exist_is_not_found(world: World, gateways: Gateways) -> None:
    agent = world.agent()
    connect = gateways.connect()
    with pytest.raises(NotFound):
        connect.attached(world.instance_id, f"{agent['aiAgentArn']}:9")
    with pytest.raises(NotFound):
        connect.attached(UNKNOWN, f"{agent['aiAgentArn']}:$SAVED")
    with pytest.raises(NotFound):
        connect.name(world.instance_id, UNKNOWN)


def test_a_name_is_read_once(world: World, gateways: Gateways) -> None:
    profile = world.profile("AI agents – 注文")
    connect = gateways.connect()
    assert {connect.name(world.instance_id, profile) for _ in range(3)} == {"AI agents – 注文"}
    assert gateways.sent() == {"connect:DescribeSecurityProfile": 1}


def test_nothing_is_read_before_it_is_asked_for(gateways: Gateways) -> None:
    gateways.connect()
    gateways.qconnect()
    assert gateways.sent() == {}


def test_instances_by_assistant_reads_every_page_of_every_instance(
    world: World, gateways: Gateways
) -> None:
    expected = {world.assistant_id: world.instance_id}
    for number in range(11):  # a page of ListInstances has at most 10
        instance = world.emulator.edit(lambda a, n=number: add_instance(a, f"instance-{n}"))
        assistant = str(uuid.uuid4())
        expected[assistant] = instance.id
        for kind, name in (
            ("APPLICATION", f"application/{number}"),
            ("WISDOM_ASSISTANT", f"assistant/{assistant}"),
        ):
            world.emulator.apply(
                "connect:CreateIntegrationAssociation",
                InstanceId=instance.id,
                IntegrationType=kind,
                IntegrationArn=f"arn:aws:wisdom:us-east-1:111122223333:{name}",
            )
    connect = gateways.connect()
    for _ in range(2):
        assert connect.instances_by_assistant() == expected
    assert gateways.sent() == {
        "connect:ListInstances": 2,
        "connect:ListIntegrationAssociations": 12,
    }


def test_instances_are_those_that_exist(world: World, gateways: Gateways) -> None:
    ids = {world.instance_id}
    for number in range(11):
        instance = world.emulator.edit(lambda a, n=number: add_instance(a, f"instance-{n}"))
        ids.add(instance.id)
    gone = ids.pop()
    world.emulator.edit(lambda account: account.resources.instances.pop(gone))

    connect = gateways.connect()
    for _ in range(2):
        assert connect.instances() == ids
    assert gateways.sent() == {"connect:ListInstances": 2}
