"""Reads from before the last writes: per list, for some seconds or reads, with any stamp."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from tests.emulator.conftest import Control
from tests.emulator.world import UNCHECKED, Client, Clock, World

PERMISSIONS = "connect:ListSecurityProfilePermissions"
UPDATE = "connect:UpdateSecurityProfile"
GATEWAY = {"Namespace": "gw", "ApplicationPermissions": ["target___Tool"], "Type": "MCP"}
Profile = dict[str, str]


@pytest.fixture
def switches() -> dict[str, Any]:
    return UNCHECKED


def permissions(connect: Client, profile: Profile) -> list[str]:
    found: list[str] = connect.list_security_profile_permissions(**profile)["Permissions"]
    return found


def stale(control: Control, operation: str = PERMISSIONS, **members: Any) -> None:
    control("POST", "faults", {"kind": "stale", "operation": operation, **members})


def test_changes_of_other_lists_and_profiles_do_not_count(
    world: World, connect: Client, control: Control
) -> None:
    profile, other = (world.named(world.profile(name, Permissions=["A"])) for name in "ab")
    connect.update_security_profile(**profile, Permissions=["B"])
    connect.update_security_profile(**profile, Applications=[GATEWAY])
    connect.update_security_profile(**other, Permissions=["C"])
    stale(control)
    assert permissions(connect, profile) == ["A"]
    assert permissions(connect, other) == ["A"]
    assert connect.list_security_profile_applications(**profile)["Applications"] == [GATEWAY]
    control("DELETE", "faults")
    assert permissions(connect, profile) == ["B"]


def test_a_read_before_the_profile_existed(world: World, connect: Client, control: Control) -> None:
    """What is fresh may not be found yet."""
    profile = world.named(world.profile(Permissions=["A"]))
    stale(control)
    with pytest.raises(connect.exceptions.ResourceNotFoundException):
        permissions(connect, profile)


def test_for_so_many_reads_after_a_write(world: World, connect: Client, control: Control) -> None:
    profile = world.named(world.profile(Permissions=["A"]))
    connect.update_security_profile(**profile, Permissions=["B"])
    stale(control, times=2, armed_by=UPDATE)
    assert [permissions(connect, profile) for _ in range(4)] == [["B"]] * 4
    connect.update_security_profile(**profile, Permissions=["C"])
    assert [permissions(connect, profile) for _ in range(3)] == [["B"], ["B"], ["C"]]
    connect.update_security_profile(**profile, Permissions=["D"])
    assert permissions(connect, profile) == ["D"]


def test_only_a_write_that_matches_and_takes_effect_arms(
    world: World, connect: Client, control: Control
) -> None:
    profile, other = (world.named(world.profile(name, Permissions=["A"])) for name in "ab")
    match = {"SecurityProfileId": profile["SecurityProfileId"]}
    stale(control, armed_by=UPDATE, match=match)
    world.emulator.faults.error(UPDATE)
    with pytest.raises(connect.exceptions.InternalServiceException):
        connect.update_security_profile(**profile, Permissions=["lost"])
    connect.update_security_profile(**other, Permissions=["B"])
    assert (permissions(connect, profile), permissions(connect, other)) == (["A"], ["B"])
    connect.update_security_profile(**profile, Permissions=["B"])
    assert (permissions(connect, profile), permissions(connect, other)) == (["A"], ["B"])


def test_for_so_many_seconds_after_each_write(
    timed: World, clock: Clock, connect: Client, control: Control
) -> None:
    profile = timed.named(timed.profile(Permissions=["A"]))
    clock.advance(60)
    stale(control, seconds=30)
    assert permissions(connect, profile) == ["A"]
    for old, new in ("AB", "BC"):
        connect.update_security_profile(**profile, Permissions=[new])
        assert permissions(connect, profile) == [old]
        clock.advance(29)
        assert permissions(connect, profile) == [old]
        clock.advance(1)
        assert permissions(connect, profile) == [new]


@pytest.mark.parametrize("lag", [{"versions": 1}, {"seconds": 30}])
@pytest.mark.parametrize("stamp", ["old", "new", "absent", None])
def test_the_stamp_of_a_stale_list(
    timed: World,
    clock: Clock,
    connect: Client,
    control: Control,
    stamp: str | None,
    lag: dict[str, int],
) -> None:
    profile, made = timed.named(timed.profile(Permissions=["A"])), clock.time
    clock.advance(60)
    connect.update_security_profile(**profile, Permissions=["B"])
    stale(control, **lag, **({"stamp": stamp} if stamp else {}))
    answer = connect.list_security_profile_permissions(**profile)
    assert answer["Permissions"] == ["A"]
    expected: dict[str | None, datetime | None] = {"new": clock.time, "absent": None}
    assert answer.get("LastModifiedTime") == expected.get(stamp, made)
    assert ("LastModifiedRegion" in answer) == (stamp != "absent")


@pytest.mark.parametrize("setting", ["shared", "per-list"])
def test_a_new_stamp_is_the_one_of_that_list(
    timed: World, clock: Clock, connect: Client, control: Control, setting: str
) -> None:
    control("POST", "settings", {"profile_stamps": setting})
    profile = timed.named(timed.profile(Permissions=["A"]))
    clock.advance(60)
    connect.update_security_profile(**profile, Permissions=["B"])
    written = clock.time
    clock.advance(60)
    connect.update_security_profile(**profile, Applications=[GATEWAY])
    stale(control, stamp="new")
    answer = connect.list_security_profile_permissions(**profile)
    newest = clock.time if setting == "shared" else written
    assert (answer["Permissions"], answer["LastModifiedTime"]) == (["A"], newest)


@pytest.mark.parametrize("stamp", ["old", "new", "absent"])
def test_a_stale_description_has_its_stamp_too(
    timed: World, clock: Clock, connect: Client, control: Control, stamp: str
) -> None:
    profile, made = timed.named(timed.profile(Description="before")), clock.time
    clock.advance(60)
    connect.update_security_profile(**profile, Description="after")
    stale(control, "connect:DescribeSecurityProfile", stamp=stamp)
    found = connect.describe_security_profile(**profile)["SecurityProfile"]
    assert found["Description"] == "before"
    expected = {"old": made, "new": clock.time, "absent": None}
    assert found.get("LastModifiedTime") == expected[stamp]


def test_a_stale_answer_has_no_stamp_where_the_setting_says_so(
    world: World, connect: Client, control: Control
) -> None:
    control("POST", "settings", {"profile_stamps": "absent"})
    profile = world.named(world.profile(Permissions=["A"]))
    connect.update_security_profile(**profile, Permissions=["B"])
    stale(control, stamp="new")
    answer = connect.list_security_profile_permissions(**profile)
    assert answer["Permissions"] == ["A"]
    assert "LastModifiedTime" not in answer


def test_every_page_of_a_stale_list_is_stale(
    world: World, connect: Client, control: Control
) -> None:
    control("POST", "settings", {"page_size": 2})
    profile = world.named(world.profile(Permissions=list("ABCD")))
    connect.update_security_profile(**profile, Permissions=list("EFGHI"))
    stale(control)
    pages = connect.get_paginator("list_security_profile_permissions").paginate(**profile)
    assert [page["Permissions"] for page in pages] == [["A", "B"], ["C", "D"]]


def test_lists_are_stale_each_by_itself(world: World, connect: Client, control: Control) -> None:
    """One list of a profile may be old while another one is not."""
    profile = world.named(world.profile(Permissions=["A"]))
    connect.update_security_profile(**profile, Permissions=["B"], Applications=[GATEWAY])
    stale(control, "connect:ListSecurityProfileApplications")
    assert permissions(connect, profile) == ["B"]
    assert connect.list_security_profile_applications(**profile)["Applications"] == []


@pytest.mark.parametrize(
    ("members", "named"),
    [({"stamp": "maybe"}, "maybe"), ({"stamp": None}, "stamp"), ({"armed_by": 1}, "armed_by")],
)
def test_bad_members_are_named(
    world: World, control: Control, members: dict[str, Any], named: str
) -> None:
    fault = {"kind": "stale", "operation": PERMISSIONS, **members}
    assert named in control("POST", "faults", fault, status=400)["message"]
    assert world.emulator.faults.describe() == []
