"""Many writers at once: nothing is lost but what the API itself lets get lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError
from tests.emulator.world import Client, World


def test_last_writer_wins_and_every_write_is_recorded(world: World, connect: Client) -> None:
    profile = {"InstanceId": world.instance_id, "SecurityProfileId": world.profile()}
    delivered: list[dict[str, Any]] = []
    world.emulator.on_record(delivered.append)

    def write(number: int) -> None:
        connect.update_security_profile(**profile, Permissions=[f"P{number}"])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    records = world.emulator.records
    assert delivered == records
    assert len({record["eventID"] for record in records}) == 40
    final = connect.list_security_profile_permissions(**profile)["Permissions"]
    assert records[-1]["requestParameters"]["Permissions"] == final


def test_one_of_many_creates_of_a_name_succeeds(world: World, connect: Client) -> None:
    def create(_number: int) -> str:
        try:
            connect.create_security_profile(
                InstanceId=world.instance_id, SecurityProfileName="same"
            )
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "created"

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(create, range(16)))
    assert answers == ["DuplicateResourceException"] * 15 + ["created"]


def test_associations_by_many_are_all_kept(world: World, connect: Client) -> None:
    profile_ids = [world.profile(f"p{number}") for number in range(20)]
    entity = {
        "InstanceId": world.instance_id,
        "EntityType": "AI_AGENT",
        "EntityArn": world.agent()["aiAgentArn"],
    }

    def associate(profile_id: str) -> None:
        connect.associate_security_profiles(**entity, SecurityProfiles=[{"Id": profile_id}])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(associate, profile_ids))
    answer = connect.list_entity_security_profiles(**entity)
    assert {profile["Id"] for profile in answer["SecurityProfiles"]} == set(profile_ids)


def test_versions_get_distinct_numbers(world: World, qconnect: Client) -> None:
    agent = {"assistantId": world.assistant_id, "aiAgentId": world.agent()["aiAgentId"]}

    def publish(_number: int) -> int:
        return int(qconnect.create_ai_agent_version(**agent)["versionNumber"])

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(publish, range(12))) == list(range(1, 13))
