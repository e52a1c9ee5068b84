"""Associations are kept per qualified ARN; the draft also sees the bare record."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from tests.emulator.world import Client, World

QUALIFIERS = ("", ":$SAVED", ":$LATEST", ":1")


def entity(world: World, arn: str) -> dict[str, str]:
    return {"InstanceId": world.instance_id, "EntityType": "AI_AGENT", "EntityArn": arn}


def published(world: World, qconnect: Client) -> str:
    agent = world.agent()
    qconnect.create_ai_agent_version(assistantId=world.assistant_id, aiAgentId=agent["aiAgentId"])
    return str(agent["aiAgentArn"])


def listed(connect: Client, world: World, arn: str) -> list[str]:
    answer = connect.list_entity_security_profiles(**entity(world, arn))
    return [profile["Id"] for profile in answer["SecurityProfiles"]]


@pytest.mark.parametrize("qualifier", QUALIFIERS)
def test_each_qualifier_has_its_own_record(
    world: World, connect: Client, qconnect: Client, qualifier: str
) -> None:
    arn, profile_id = published(world, qconnect), world.profile()
    profiles = {"SecurityProfiles": [{"Id": profile_id}]}
    connect.associate_security_profiles(**entity(world, arn + qualifier), **profiles)
    seen = {each for each in QUALIFIERS if listed(connect, world, arn + each) == [profile_id]}
    assert seen == ({"", ":$SAVED"} if qualifier == "" else {qualifier})


def test_the_draft_sees_the_union(world: World, connect: Client) -> None:
    arn = world.agent()["aiAgentArn"]
    bare, draft = world.profile("bare"), world.profile("draft")
    for target, profile_id in ((arn, bare), (f"{arn}:$SAVED", draft), (f"{arn}:$SAVED", bare)):
        profiles = [{"Id": profile_id}]
        connect.associate_security_profiles(**entity(world, target), SecurityProfiles=profiles)
    assert sorted(listed(connect, world, f"{arn}:$SAVED")) == sorted([bare, draft])
    assert listed(connect, world, arn) == [bare]


def test_repeating_is_harmless(world: World, connect: Client) -> None:
    arn, profile_id = world.agent()["aiAgentArn"], world.profile()
    for _ in range(2):
        connect.associate_security_profiles(
            **entity(world, arn), SecurityProfiles=[{"Id": profile_id}]
        )
    assert listed(connect, world, arn) == [profile_id]


def test_disassociate_needs_an_association(world: World, connect: Client) -> None:
    arn, profile_id = world.agent()["aiAgentArn"], world.profile()
    profiles = {"SecurityProfiles": [{"Id": profile_id}]}
    connect.associate_security_profiles(**entity(world, arn), **profiles)
    message = "Can only disassociate security profiles associated to the entity"
    with pytest.raises(connect.exceptions.InvalidParameterException, match=message):
        connect.disassociate_security_profiles(**entity(world, f"{arn}:$SAVED"), **profiles)
    connect.disassociate_security_profiles(**entity(world, arn), **profiles)
    assert listed(connect, world, arn) == []


def test_what_is_named_must_exist(world: World, connect: Client) -> None:
    arn, profile_id = world.agent()["aiAgentArn"], world.profile()
    other = arn[:-1] + ("0" if arn[-1] != "0" else "1")
    cases = [
        (other, profile_id, "ResourceNotFoundException"),
        (f"{arn}:7", profile_id, "ResourceNotFoundException"),
        (arn, "unknown", "ResourceNotFoundException"),
        ("not an arn", profile_id, "InvalidParameterException"),
    ]
    for target, profile, code in cases:
        with pytest.raises(ClientError) as error:
            connect.associate_security_profiles(
                **entity(world, target), SecurityProfiles=[{"Id": profile}]
            )
        assert error.value.response["Error"]["Code"] == code, target


@pytest.mark.parametrize("count", [0, 11])
def test_one_to_ten_profiles_per_call(world: World, connect: Client, count: int) -> None:
    profiles = [{"Id": world.profile(f"p{number}")} for number in range(count)]
    with pytest.raises(connect.exceptions.InvalidParameterException):
        connect.associate_security_profiles(
            **entity(world, world.agent()["aiAgentArn"]), SecurityProfiles=profiles
        )


def test_system_agents_can_be_associated(world: World, connect: Client) -> None:
    arn = world.seed.system_agent_arns["SalesAgent"] + ":$LATEST"
    profiles = [{"Id": world.seed.profiles["Agent"]}]
    connect.associate_security_profiles(**entity(world, arn), SecurityProfiles=profiles)
    assert listed(connect, world, arn) == [world.seed.profiles["Agent"]]


def test_users_are_entities_too(world: World, connect: Client) -> None:
    first, second = world.profile("first"), world.profile("second")
    user_id = world.user("kim", first)
    arn = connect.describe_user(InstanceId=world.instance_id, UserId=user_id)["User"]["Arn"]
    user = entity(world, arn) | {"EntityType": "USER"}
    connect.associate_security_profiles(**user, SecurityProfiles=[{"Id": second}])
    connect.disassociate_security_profiles(**user, SecurityProfiles=[{"Id": first}])
    answer = connect.list_entity_security_profiles(**user)
    assert answer["SecurityProfiles"] == [{"Id": second}]


def test_associated_profile_is_in_use_until_the_agent_is_gone(
    world: World, connect: Client, qconnect: Client
) -> None:
    arn, profile_id = world.agent()["aiAgentArn"], world.profile()
    profile = {"InstanceId": world.instance_id, "SecurityProfileId": profile_id}
    connect.associate_security_profiles(
        **entity(world, f"{arn}:$SAVED"), SecurityProfiles=[{"Id": profile_id}]
    )
    with pytest.raises(connect.exceptions.ResourceInUseException):
        connect.delete_security_profile(**profile)
    qconnect.delete_ai_agent(assistantId=world.assistant_id, aiAgentId=arn)
    connect.delete_security_profile(**profile)


def test_deleting_a_version_forgets_its_associations(
    world: World, connect: Client, qconnect: Client
) -> None:
    arn, profile_id = published(world, qconnect), world.profile()
    connect.associate_security_profiles(
        **entity(world, f"{arn}:1"), SecurityProfiles=[{"Id": profile_id}]
    )
    qconnect.delete_ai_agent_version(assistantId=world.assistant_id, aiAgentId=arn, versionNumber=1)
    with pytest.raises(connect.exceptions.ResourceNotFoundException):
        listed(connect, world, f"{arn}:1")
    connect.delete_security_profile(InstanceId=world.instance_id, SecurityProfileId=profile_id)


def test_the_newest_version_may_be_prepared_before_it_exists(world: World, connect: Client) -> None:
    arn, profile_id = world.agent()["aiAgentArn"], world.profile()
    latest = entity(world, f"{arn}:$LATEST")
    connect.associate_security_profiles(**latest, SecurityProfiles=[{"Id": profile_id}])
    assert listed(connect, world, f"{arn}:$LATEST") == [profile_id]
    assert listed(connect, world, f"{arn}:$SAVED") == []
