"""Pages, searches, people and tags."""

from __future__ import annotations

from typing import Any

import pytest
from tests.emulator.test_emulator_profiles import ids
from tests.emulator.world import Client, World


def test_lists_come_in_pages(world: World, connect: Client) -> None:
    names = [f"p{number}" for number in range(5)]
    profile = ids(world, world.profile(Permissions=names))
    pages = list(
        connect.get_paginator("list_security_profile_permissions").paginate(
            **profile, PaginationConfig={"PageSize": 2}
        )
    )
    assert [page["Permissions"] for page in pages] == [names[:2], names[2:4], names[4:]]


def test_short_pages_can_be_forced(world: World, connect: Client) -> None:
    world.emulator.settings.page_size = 1
    first = connect.list_security_profiles(InstanceId=world.instance_id)
    assert len(first["SecurityProfileSummaryList"]) == 1
    assert first["NextToken"]


def test_tokens_only_fit_their_own_request(world: World, connect: Client) -> None:
    first = ids(world, world.profile("one", Permissions=["A", "B"]))
    other = ids(world, world.profile("two", Permissions=["A", "B"]))
    token = connect.list_security_profile_permissions(**first, MaxResults=1)["NextToken"]
    for wrong in (token, "bm9uc2Vuc2U=", "not base64", "LTE6eA=="):
        with pytest.raises(connect.exceptions.InvalidParameterException):
            connect.list_security_profile_permissions(**other, NextToken=wrong)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ({"SearchFilter": {"TagFilter": {"TagCondition": {"TagKey": "team"}}}}, ["a"]),
        (
            {"SearchFilter": {"TagFilter": {"TagCondition": {"TagKey": "team", "TagValue": "y"}}}},
            [],
        ),
        (
            {
                "SearchFilter": {
                    "TagFilter": {"OrConditions": [[{"TagKey": "no"}], [{"TagKey": "team"}]]}
                }
            },
            ["a"],
        ),
        (
            {
                "SearchCriteria": {
                    "StringCondition": {
                        "FieldName": "name",
                        "Value": "A",
                        "ComparisonType": "EXACT",
                    }
                }
            },
            ["a"],
        ),
        (
            {
                "SearchCriteria": {
                    "OrConditions": [
                        {
                            "StringCondition": {
                                "FieldName": "name",
                                "Value": value,
                                "ComparisonType": "STARTS_WITH",
                            }
                        }
                        for value in ("a1", "b")
                    ]
                }
            },
            ["b"],
        ),
    ],
)
def test_search_by_tag_and_name(
    world: World, connect: Client, search: dict[str, Any], found: list[str]
) -> None:
    world.profile("a", Tags={"team": "x"})
    world.profile("b")
    answer = connect.search_security_profiles(InstanceId=world.instance_id, **search)
    assert [profile["SecurityProfileName"] for profile in answer["SecurityProfiles"]] == found
    assert answer["ApproximateTotalCount"] == len(found)


def test_search_users_by_security_profile(world: World, connect: Client) -> None:
    profile_id = world.profile()
    world.user("kim", profile_id)
    world.user("lee", world.seed.profiles["Agent"])
    condition = {
        "FieldName": "SecurityProfileId",
        "Value": profile_id,
        "ComparisonType": "EXACT",
    }
    answer = connect.search_users(
        InstanceId=world.instance_id, SearchCriteria={"StringCondition": condition}
    )
    assert [user["Username"] for user in answer["Users"]] == ["kim"]
    with pytest.raises(connect.exceptions.InvalidParameterException, match="not supported"):
        connect.search_users(
            InstanceId=world.instance_id,
            SearchCriteria={"StringCondition": condition | {"FieldName": "shoe size"}},
        )


def test_one_assistant_per_instance(world: World, connect: Client) -> None:
    with pytest.raises(connect.exceptions.DuplicateResourceException):
        connect.create_integration_association(
            InstanceId=world.instance_id,
            IntegrationType="WISDOM_ASSISTANT",
            IntegrationArn="arn:aws:wisdom:us-east-1:111122223333:assistant/other",
        )


def test_user_profiles_are_replaced(world: World, connect: Client) -> None:
    first, second = world.profile("first"), world.profile("second")
    user = {"InstanceId": world.instance_id, "UserId": world.user("kim", first)}
    connect.update_user_security_profiles(**user, SecurityProfileIds=[second])
    assert connect.describe_user(**user)["User"]["SecurityProfileIds"] == [second]
    with pytest.raises(connect.exceptions.ResourceNotFoundException):
        connect.update_user_security_profiles(**user, SecurityProfileIds=["unknown"])


def test_fifty_tags_at_most(world: World, connect: Client) -> None:
    arn = connect.describe_security_profile(**ids(world, world.profile()))["SecurityProfile"]["Arn"]
    connect.tag_resource(resourceArn=arn, tags={f"k{n}": "v" for n in range(50)})
    with pytest.raises(connect.exceptions.InvalidRequestException):
        connect.tag_resource(resourceArn=arn, tags={"one": "more"})
