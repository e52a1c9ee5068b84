"""CloudTrail LookupEvents over the records of the other two services."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.emulator.world import Client, World

from connect_emulator import Emulator, Server, seed

# ---- LookupEvents ----


def names(answer: Any) -> list[str]:
    return [event["EventName"] for event in answer["Events"]]


def test_lookup_newest_first_in_pages(world: World, connect: Client, cloudtrail: Client) -> None:
    for number in range(5):
        connect.create_security_profile(
            InstanceId=world.instance_id, SecurityProfileName=f"p{number}"
        )
    pages = list(
        cloudtrail.get_paginator("lookup_events").paginate(PaginationConfig={"PageSize": 2})
    )
    events = [event for page in pages for event in page["Events"]]
    found = [json.loads(event["CloudTrailEvent"]) for event in events]
    assert [len(page["Events"]) for page in pages] == [2, 2, 1]
    assert found == list(reversed(world.emulator.records))
    assert events[0]["Username"] == "AKIAEXAMPLE"
    assert events[0]["EventSource"] == "connect.amazonaws.com"


def test_lookup_by_attribute(
    world: World, connect: Client, qconnect: Client, cloudtrail: Client
) -> None:
    connect.create_security_profile(InstanceId=world.instance_id, SecurityProfileName="p")
    qconnect.create_assistant(name="a", type="AGENT")
    first = world.emulator.records[0]
    for key, value, expected in (
        ("EventName", "CreateAssistant", ["CreateAssistant"]),
        ("EventSource", "connect.amazonaws.com", ["CreateSecurityProfile"]),
        ("EventId", first["eventID"], ["CreateSecurityProfile"]),
        ("ReadOnly", "false", ["CreateAssistant", "CreateSecurityProfile"]),
        ("ReadOnly", "true", []),
        ("Username", "AKIAEXAMPLE", ["CreateAssistant", "CreateSecurityProfile"]),
        ("ResourceName", "anything", []),
    ):
        attributes = [{"AttributeKey": key, "AttributeValue": value}]
        assert names(cloudtrail.lookup_events(LookupAttributes=attributes)) == expected


def test_lookup_by_time(server: Server, connect: Client, cloudtrail: Client) -> None:
    time = datetime(2026, 1, 1, tzinfo=UTC)
    server.emulator = Emulator(now=lambda: time)
    world = World(server.emulator, seed(server.emulator))
    for number in range(3):
        time = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number)
        connect.create_security_profile(
            InstanceId=world.instance_id, SecurityProfileName=f"p{number}"
        )
    start = datetime(2026, 1, 1, 1, tzinfo=UTC)
    assert len(cloudtrail.lookup_events(StartTime=start)["Events"]) == 2
    assert len(cloudtrail.lookup_events(EndTime=start)["Events"]) == 2
    assert len(cloudtrail.lookup_events(StartTime=start, EndTime=start)["Events"]) == 1
    with pytest.raises(cloudtrail.exceptions.InvalidTimeRangeException):
        cloudtrail.lookup_events(StartTime=start, EndTime=start - timedelta(hours=1))


def test_lookup_refusals(world: World, cloudtrail: Client) -> None:
    attribute = {"AttributeKey": "EventName", "AttributeValue": "x"}
    with pytest.raises(cloudtrail.exceptions.InvalidLookupAttributesException):
        cloudtrail.lookup_events(LookupAttributes=[attribute] * 2)
    with pytest.raises(cloudtrail.exceptions.InvalidNextTokenException):
        cloudtrail.lookup_events(NextToken="made up")
    assert world.emulator.records == []
