"""Writes that take effect although their caller was told nothing, at once or later."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from tests.emulator.conftest import Control
from tests.emulator.world import Client, Clock, World, make_client

from connect_emulator import Server

UPDATE = "connect:UpdateSecurityProfile"


@pytest.fixture
def impatient(server: Server) -> Iterator[Client]:
    """A client that gives up after a moment."""
    client = make_client("connect", server.connect_url, read_timeout=0.3)
    yield client
    client.close()


def eventually(check: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 30
    while not check() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert check()


def permissions(connect: Client, profile: dict[str, str]) -> list[str]:
    found: list[str] = connect.list_security_profile_permissions(**profile)["Permissions"]
    return found


@pytest.mark.parametrize("seconds", [{}, {"seconds": 60}])
def test_a_write_whose_answer_never_comes_has_taken_effect(
    world: World, connect: Client, impatient: Client, control: Control, seconds: dict[str, int]
) -> None:
    fault = {"kind": "latency", "operation": UPDATE, "after": True, "times": 1, **seconds}
    control("POST", "faults", fault)
    profile = world.named(world.profile(Permissions=["A"]))
    with pytest.raises(ReadTimeoutError):
        impatient.update_security_profile(**profile, Permissions=["B"])
    eventually(lambda: permissions(connect, profile) == ["B"])
    assert [record["eventName"] for record in world.emulator.records] == ["UpdateSecurityProfile"]
    connect.update_security_profile(**profile, Permissions=["C"])  # one time only


def test_a_write_lands_late_by_the_clock(
    timed: World, clock: Clock, connect: Client, control: Control
) -> None:
    control("POST", "faults", {"kind": "late", "operation": UPDATE, "seconds": 30})
    profile = timed.named(timed.profile(Permissions=["A"]))
    with pytest.raises(ConnectionClosedError):
        connect.update_security_profile(**profile, Permissions=["B"])
    clock.advance(29)
    assert permissions(connect, profile) == ["A"]
    assert timed.emulator.records == []
    clock.advance(1)
    listed = connect.list_security_profile_permissions(**profile)
    assert (listed["Permissions"], listed["LastModifiedTime"]) == (["B"], clock.time)
    (record,) = timed.emulator.records
    assert record["eventTime"] == "2026-01-01T12:00:30Z"
    assert record["requestParameters"] == profile | {"Permissions": ["B"]}
    assert record["userIdentity"]["accessKeyId"] == "AKIAEXAMPLE"


def test_a_late_write_undoes_what_was_written_meanwhile(
    timed: World, clock: Clock, connect: Client
) -> None:
    timed.emulator.faults.late(UPDATE, 30)
    profile = timed.named(timed.profile(Permissions=["A"]))
    with pytest.raises(ConnectionClosedError):
        connect.update_security_profile(**profile, Permissions=["late"])
    connect.update_security_profile(**profile, Permissions=["meanwhile"], Description="kept")
    clock.advance(30)
    assert permissions(connect, profile) == ["late"]
    kept = connect.describe_security_profile(**profile)["SecurityProfile"]["Description"]
    assert kept == "kept"
    names = [record["requestParameters"]["Permissions"] for record in timed.emulator.records]
    assert names == [["meanwhile"], ["late"]]


def test_the_records_alone_show_a_landing(timed: World, clock: Clock, connect: Client) -> None:
    timed.emulator.faults.late("connect:CreateSecurityProfile", 5)
    with pytest.raises(ConnectionClosedError):
        connect.create_security_profile(InstanceId=timed.instance_id, SecurityProfileName="p")
    clock.advance(5)
    assert [record["eventName"] for record in timed.emulator.records] == ["CreateSecurityProfile"]


def test_several_land_in_the_order_of_their_times(
    timed: World, clock: Clock, connect: Client
) -> None:
    profile = timed.named(timed.profile(Permissions=["A"]))
    for seconds, name in ((20, "last"), (10, "first")):
        timed.emulator.faults.late(UPDATE, seconds)
        with pytest.raises(ConnectionClosedError):
            connect.update_security_profile(**profile, Permissions=[name])
    clock.advance(60)
    assert permissions(connect, profile) == ["last"]


def test_a_late_write_lands_with_nobody_asking(world: World, connect: Client) -> None:
    landed = threading.Event()
    world.emulator.on_record(lambda _record: landed.set())
    world.emulator.faults.late(UPDATE, 0.05)
    profile = world.named(world.profile())
    with pytest.raises(ConnectionClosedError):
        connect.update_security_profile(**profile, Permissions=["B"])
    assert landed.wait(30)


def test_a_write_without_a_time_lands_when_told(
    world: World, connect: Client, control: Control
) -> None:
    control("POST", "faults", {"kind": "late", "operation": UPDATE})
    profile = world.named(world.profile(Permissions=["A"]))
    with pytest.raises(ConnectionClosedError):
        connect.update_security_profile(**profile, Permissions=["B"])
    assert control("GET", "landings") == [{"operation": UPDATE, "due": None}]
    assert permissions(connect, profile) == ["A"]
    assert control("POST", "landings") == {"landed": 1}
    assert permissions(connect, profile) == ["B"]
    assert control("GET", "landings") == []
    assert control("POST", "landings") == {"landed": 0}


def test_a_client_that_waits_times_out_before_the_landing(
    world: World, connect: Client, impatient: Client, control: Control
) -> None:
    """Two faults together: the effect comes late, and so does the answer."""
    control("POST", "faults", {"kind": "late", "operation": UPDATE})
    control("POST", "faults", {"kind": "latency", "operation": UPDATE, "after": True, "times": 1})
    profile = world.named(world.profile(Permissions=["A"]))
    with pytest.raises(ReadTimeoutError):
        impatient.update_security_profile(**profile, Permissions=["B"])
    eventually(lambda: control("GET", "landings"))
    assert permissions(connect, profile) == ["A"]
    control("POST", "landings")
    assert permissions(connect, profile) == ["B"]


def test_a_gateway_timeout_can_be_the_answer(world: World, connect: Client) -> None:
    world.emulator.faults.late(UPDATE, None)
    world.emulator.faults.error(UPDATE, 504, code="GatewayTimeout", after=True)
    with pytest.raises(ClientError, match="GatewayTimeout"):
        connect.update_security_profile(**world.named(world.profile()), Permissions=["B"])
    assert world.emulator.land() == 1


def test_a_late_write_may_be_refused_on_landing(world: World, connect: Client) -> None:
    world.emulator.faults.late(UPDATE, None)
    profile = world.named(world.profile())
    with pytest.raises(ConnectionClosedError):
        connect.update_security_profile(**profile, Permissions=["B"])
    connect.delete_security_profile(**profile)
    world.emulator.land()
    last = world.emulator.records[-1]
    assert (last["eventName"], last["errorCode"]) == (
        "UpdateSecurityProfile",
        "ResourceNotFoundException",
    )


def test_what_is_invalid_is_refused_at_once_and_reads_are_never_late(
    world: World, connect: Client, control: Control
) -> None:
    world.emulator.faults.late("*", None, times=None)
    profile = world.named(world.profile(Permissions=["A"]))
    with pytest.raises(connect.exceptions.InvalidParameterException):
        connect.update_security_profile(**profile, Description="d" * 251)
    assert permissions(connect, profile) == ["A"]
    assert control("GET", "landings") == []


def test_clearing_the_faults_loses_what_is_on_its_way(
    timed: World, clock: Clock, connect: Client, control: Control
) -> None:
    timed.emulator.faults.late(UPDATE, 30, times=None)
    profile = timed.named(timed.profile(Permissions=["A"]))
    with pytest.raises(ConnectionClosedError):
        connect.update_security_profile(**profile, Permissions=["B"])
    control("DELETE", "faults")
    clock.advance(60)
    assert permissions(connect, profile) == ["A"]
    connect.update_security_profile(**profile, Permissions=["C"])
    assert permissions(connect, profile) == ["C"]


@pytest.mark.parametrize("seconds", [-1, 1e9, "5", True])
def test_bad_seconds_are_named(world: World, control: Control, seconds: Any) -> None:
    fault = {"kind": "late", "operation": UPDATE, "seconds": seconds}
    assert "seconds" in control("POST", "faults", fault, status=400)["message"]
    assert world.emulator.faults.describe() == []
