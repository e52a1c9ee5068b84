"""LastModifiedTime of a security profile and of its four lists, under every setting."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.emulator.conftest import Control
from tests.emulator.world import UNCHECKED, Client, Clock, World

LISTINGS = {
    "Permissions": "list_security_profile_permissions",
    "Applications": "list_security_profile_applications",
    "AllowedFlowModules": "list_security_profile_flow_modules",
    "AllowedAIAgents": "list_security_profile_ai_agents",
}
CHANGES: dict[str, Any] = {
    "Permissions": ["B"],
    "Applications": [{"Namespace": "gw", "ApplicationPermissions": ["t"], "Type": "MCP"}],
    "AllowedFlowModules": [{"Type": "MCP", "FlowModuleId": "m"}],
    "AllowedAIAgents": [{"Type": "THIRD_PARTY", "Arn": "arn:a"}],
    "Description": "new",
}


@pytest.fixture
def switches() -> dict[str, Any]:
    return UNCHECKED


def answers(connect: Client, profile: dict[str, str]) -> dict[str, Any]:
    """The describing answer as "profile", and each list's by its member."""
    lists = {member: getattr(connect, name)(**profile) for member, name in LISTINGS.items()}
    return {"profile": connect.describe_security_profile(**profile)["SecurityProfile"], **lists}


def stamps(connect: Client, profile: dict[str, str]) -> dict[str, datetime]:
    return {name: answer["LastModifiedTime"] for name, answer in answers(connect, profile).items()}


@pytest.mark.parametrize("changed", CHANGES)
@pytest.mark.parametrize("setting", ["shared", "per-list"])
def test_what_an_update_renews(
    timed: World, clock: Clock, connect: Client, control: Control, setting: str, changed: str
) -> None:
    control("POST", "settings", {"profile_stamps": setting})
    profile, made = timed.named(timed.profile(Permissions=["A"])), clock.time
    clock.advance(60)
    connect.update_security_profile(**profile, **{changed: CHANGES[changed]})
    found = stamps(connect, profile)
    renewed = set(found) if setting == "shared" else {"profile", changed} & set(found)
    assert {name for name, time in found.items() if time == clock.time} == renewed
    assert {time for name, time in found.items() if name not in renewed} <= {made}
    assert found["profile"] == max(found.values())


@pytest.mark.parametrize("setting", ["shared", "per-list"])
def test_whole_seconds_are_cut_not_rounded(
    timed: World, clock: Clock, connect: Client, control: Control, setting: str
) -> None:
    profile = timed.named(timed.profile())
    exact = clock.time
    assert set(stamps(connect, profile).values()) == {exact}
    control("POST", "settings", {"profile_stamps": setting, "whole_second_stamps": True})
    assert set(stamps(connect, profile).values()) == {exact.replace(microsecond=0)}


def test_two_updates_within_a_second_look_alike_in_whole_seconds(
    timed: World, clock: Clock, connect: Client, control: Control
) -> None:
    control("POST", "settings", {"whole_second_stamps": True})
    profile = timed.named(timed.profile())
    before = stamps(connect, profile)
    clock.advance(0.2)
    connect.update_security_profile(**profile, Permissions=["B"])
    assert stamps(connect, profile) == before


def test_absent_stamps_leave_all_else_as_it_is(
    world: World, connect: Client, control: Control
) -> None:
    profile = world.named(world.profile(Permissions=["A"], Description="d"))
    with_stamps = answers(connect, profile)
    control("POST", "settings", {"profile_stamps": "absent"})
    without = answers(connect, profile)
    for name, answer in with_stamps.items():
        assert answer.pop("LastModifiedTime") <= datetime.now(UTC)
        assert answer.pop("LastModifiedRegion") == "us-east-1"
        for described in (answer, without[name]):
            described.pop("ResponseMetadata", None)  # the id of each request is another
    assert without == with_stamps
    listed = connect.list_security_profiles(InstanceId=world.instance_id)
    assert all(
        "LastModifiedTime" not in profile for profile in listed["SecurityProfileSummaryList"]
    )


def test_a_change_of_the_setting_counts_for_profiles_that_exist(
    timed: World, clock: Clock, connect: Client, control: Control
) -> None:
    """Each list's own time is kept in any case; the setting says what is shown."""
    profile, made = timed.named(timed.profile()), clock.time
    clock.advance(60)
    connect.update_security_profile(**profile, Permissions=["B"])
    control("POST", "settings", {"profile_stamps": "per-list"})
    assert stamps(connect, profile)["Applications"] == made
    assert control("DELETE", "settings")["profile_stamps"] == "shared"
    assert stamps(connect, profile)["Applications"] == clock.time


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"profile_stamps": "sometimes"}, "sometimes"),
        ({"profile_stamps": None}, "profile_stamps"),
        ({"absent_types": "guessed"}, "guessed"),
        ({"whole_second_stamps": 1}, "whole_second_stamps"),
        ({"whole_second_stamps": True, "profile_stamps": "sometimes"}, "sometimes"),
    ],
)
def test_bad_settings_are_refused_whole(
    world: World, control: Control, settings: dict[str, Any], message: str
) -> None:
    before = control("GET", "settings")
    assert message in control("POST", "settings", settings, status=400)["message"]
    assert control("GET", "settings") == before
    assert not world.emulator.settings.whole_second_stamps
