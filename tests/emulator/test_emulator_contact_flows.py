"""Contact flows: what is published, the draft beside it, and what lists and records say."""

from __future__ import annotations

from typing import Any

import pytest
from tests.emulator.world import Client, World


def create(world: World, connect: Client, name: str = "Main IVR", **fields: Any) -> dict[str, str]:
    """A new flow, as calls name it."""
    members = {"Name": name, "Type": "CONTACT_FLOW", "Content": "{}"} | fields
    created = connect.create_contact_flow(InstanceId=world.instance_id, **members)
    return {"InstanceId": world.instance_id, "ContactFlowId": created["ContactFlowId"]}


def draft(flow: dict[str, str]) -> dict[str, str]:
    return flow | {"ContactFlowId": f"{flow['ContactFlowId']}:$SAVED"}


def summary(world: World, connect: Client) -> Any:
    (only,) = connect.list_contact_flows(InstanceId=world.instance_id)["ContactFlowSummaryList"]
    return only


def test_what_is_published_changes_without_the_suffix_only(world: World, connect: Client) -> None:
    flow = create(world, connect)

    connect.update_contact_flow_content(**draft(flow), Content='{"draft": 1}')

    published = connect.describe_contact_flow(**flow)["ContactFlow"]
    saved = connect.describe_contact_flow(**draft(flow))["ContactFlow"]
    assert (published["Content"], published["Status"]) == ("{}", "PUBLISHED")
    assert (saved["Content"], saved["Status"]) == ('{"draft": 1}', "SAVED")

    connect.update_contact_flow_content(**flow, Content="[]")
    assert connect.describe_contact_flow(**flow)["ContactFlow"]["Content"] == "[]"
    assert connect.describe_contact_flow(**draft(flow))["ContactFlow"]["Content"] == "[]"


def test_a_flow_that_was_never_published_has_a_draft_only(world: World, connect: Client) -> None:
    flow = create(world, connect, Status="SAVED")

    with pytest.raises(connect.exceptions.ContactFlowNotPublishedException):
        connect.describe_contact_flow(**flow)

    assert connect.describe_contact_flow(**draft(flow))["ContactFlow"]["Name"] == "Main IVR"
    assert summary(world, connect)["ContactFlowStatus"] == "SAVED"


def test_an_archived_flow_says_so(world: World, connect: Client) -> None:
    flow = create(world, connect)

    connect.update_contact_flow_metadata(**flow, ContactFlowState="ARCHIVED", Name="Old IVR")

    assert connect.describe_contact_flow(**flow)["ContactFlow"]["State"] == "ARCHIVED"
    listed = summary(world, connect)
    assert (listed["ContactFlowState"], listed["Name"]) == ("ARCHIVED", "Old IVR")


def test_lists_are_by_type_and_paged(world: World, connect: Client) -> None:
    for number in range(3):
        create(world, connect, f"flow {number}")
    create(world, connect, "queue", Type="CUSTOMER_QUEUE")

    pages = connect.get_paginator("list_contact_flows").paginate(
        InstanceId=world.instance_id,
        ContactFlowTypes=["CONTACT_FLOW"],
        PaginationConfig={"PageSize": 2},
    )

    names = [flow["Name"] for page in pages for flow in page["ContactFlowSummaryList"]]
    assert names == ["flow 0", "flow 1", "flow 2"]


def test_content_has_to_be_json(world: World, connect: Client) -> None:
    with pytest.raises(connect.exceptions.InvalidContactFlowException) as error:
        create(world, connect, Content="not json")

    assert error.value.response["problems"][0]["message"]
    record = world.emulator.records[-1]
    assert record["errorCode"] == "InvalidContactFlowException"
    assert record["responseElements"]["problems"][0]["message"]


def test_a_name_is_taken_once(world: World, connect: Client) -> None:
    create(world, connect)
    other = create(world, connect, "Other")

    with pytest.raises(connect.exceptions.DuplicateResourceException):
        create(world, connect)
    with pytest.raises(connect.exceptions.DuplicateResourceException):
        connect.update_contact_flow_metadata(**other, Name="Main IVR")


def test_a_deleted_flow_is_gone(world: World, connect: Client) -> None:
    flow = create(world, connect)

    connect.delete_contact_flow(**flow)

    with pytest.raises(connect.exceptions.ResourceNotFoundException):
        connect.describe_contact_flow(**flow)
    assert [record["eventName"] for record in world.emulator.records] == [
        "CreateContactFlow",
        "DeleteContactFlow",
    ]
    assert world.emulator.records[0]["responseElements"]["ContactFlowId"] == flow["ContactFlowId"]
    assert world.emulator.records[1]["requestParameters"] == flow
