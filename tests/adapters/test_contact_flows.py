"""Contact flows through a real client, and what the table keeps of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.adapters.gateways import Gateways
from tests.emulator.world import World

from toolgrant.adapters.dynamodb.flows import DynamoDBFlows
from toolgrant.domain.contact_flows import (
    FlowContent,
    FlowKey,
    FlowProgress,
    NamedAgent,
    NamingFlow,
)
from toolgrant.errors import Misconfigured, NotFound
from toolgrant_local.clients import Clients

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY = FlowKey("instance", "flow")
FLOW = NamingFlow(KEY, NOON, "Main IVR", frozenset({NamedAgent("s", "a", "3")}))


def create(world: World, name: str = "Main IVR", **fields: Any) -> FlowKey:
    members = {"Name": name, "Type": "CONTACT_FLOW", "Content": '{"a": 1}'} | fields
    created = world.emulator.apply(
        "connect:CreateContactFlow", InstanceId=world.instance_id, **members
    )
    return FlowKey(world.instance_id, created["ContactFlowId"])


def update(world: World, operation: str, key: FlowKey, suffix: str = "", **fields: Any) -> None:
    flow = {"InstanceId": key.instance_id, "ContactFlowId": key.flow_id + suffix}
    world.emulator.apply(f"connect:{operation}", **flow, **fields)


# --- Connect


def test_what_is_published_is_read_and_no_draft(world: World, gateways: Gateways) -> None:
    key = create(world)
    update(world, "UpdateContactFlowContent", key, ":$SAVED", Content="[]")

    assert gateways.flows().published(key) == FlowContent("Main IVR", '{"a": 1}')
    assert gateways.sent() == {"connect:DescribeContactFlow": 1}


def test_nothing_runs_of_a_flow_that_is_not_published(world: World, gateways: Gateways) -> None:
    draft, archived, deleted = (create(world, name) for name in "abc")
    world.emulator.edit(
        lambda account: setattr(account.resources.flows[draft.flow_id], "published", None)
    )
    update(world, "UpdateContactFlowMetadata", archived, ContactFlowState="ARCHIVED")
    update(world, "DeleteContactFlow", deleted)

    assert [gateways.flows().published(key) for key in (draft, archived, deleted)] == [None] * 3


def test_all_flows_are_listed_but_those_archived(world: World, gateways: Gateways) -> None:
    keys = [create(world, f"flow {number}") for number in range(5)]
    keys.append(create(world, "draft", Status="SAVED"))
    update(world, "UpdateContactFlowMetadata", keys.pop(2), ContactFlowState="ARCHIVED")
    world.emulator.settings.page_size = 2

    assert gateways.flows().listed(world.instance_id) == tuple(key.flow_id for key in keys)
    assert gateways.sent() == {"connect:ListContactFlows": 3}


def test_an_instance_that_is_gone_is_not_found(gateways: Gateways) -> None:
    with pytest.raises(NotFound):
        gateways.flows().listed("00000000-0000-4000-8000-000000000000")


# --- the table


@pytest.fixture
def flows(aws: Clients, table: str) -> DynamoDBFlows:
    return DynamoDBFlows(aws.get("dynamodb"), table)


def test_a_flow_comes_back_as_it_was_kept(flows: DynamoDBFlows) -> None:
    other = replace(FLOW, key=FlowKey("instance", "other"), name="名")
    flows.keep(FLOW)
    flows.keep(other)

    assert flows.get(KEY) == FLOW
    assert list(flows.naming()) == [FLOW, other]


def test_a_flow_that_names_nothing_is_forgotten(flows: DynamoDBFlows) -> None:
    nothing = NamingFlow(KEY, NOON + timedelta(seconds=1))
    flows.keep(FLOW)

    flows.keep(nothing)
    flows.keep(nothing)

    assert flows.get(KEY) is None
    assert list(flows.naming()) == []


@pytest.mark.parametrize("agents", [FLOW.agents, frozenset()], ids=["names one", "names none"])
@pytest.mark.parametrize("later", [timedelta(microseconds=1), timedelta(hours=1)])
def test_the_later_reading_stays(
    flows: DynamoDBFlows, agents: frozenset[NamedAgent], later: timedelta
) -> None:
    newer = replace(FLOW, read_at=NOON + later, name="newer")
    flows.keep(newer)

    flows.keep(replace(FLOW, agents=agents))

    assert flows.get(KEY) == newer


def test_the_progress_of_a_reading_comes_back(flows: DynamoDBFlows) -> None:
    assert flows.progress() is None
    begun = FlowProgress(NOON, ("i", "j"), ("f", "g"), frozenset({KEY}), 3, 1)

    for progress in (begun, replace(begun, flows=None, finished_at=NOON)):
        flows.save_progress(progress)
        assert flows.progress() == progress


def test_the_newest_time_that_all_flows_were_asked_for_is_kept(flows: DynamoDBFlows) -> None:
    assert flows.asked_at() is None

    for later in (0, 5):
        flows.ask_for_all(NOON + timedelta(seconds=later))

    assert flows.asked_at() == NOON + timedelta(seconds=5)


def test_a_table_that_is_gone_is_a_misconfiguration(aws: Clients) -> None:
    flows = DynamoDBFlows(aws.get("dynamodb"), "no-such-table")

    with pytest.raises(Misconfigured):
        flows.keep(FLOW)
    with pytest.raises(Misconfigured):
        list(flows.naming())
