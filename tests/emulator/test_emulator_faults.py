"""Faults and hooks: off by default, per operation, counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from tests.emulator.world import Client, World

from connect_emulator import Emulator, Server, seed

THROTTLING = [
    ("connect", "list_security_profiles", "ThrottlingException", 429),
    ("connect", "associate_security_profiles", "ThrottlingException", 429),
    ("qconnect", "get_assistant", "ThrottlingException", 429),
    ("qconnect", "list_ai_agents", "ThrottlingException", 400),
]


def ask(world: World, client: Client, operation: str) -> Any:
    params: dict[str, dict[str, Any]] = {
        "list_security_profiles": {"InstanceId": world.instance_id},
        "associate_security_profiles": {
            "InstanceId": world.instance_id,
            "EntityType": "AI_AGENT",
            "EntityArn": world.seed.system_agent_arns["SalesAgent"],
            "SecurityProfiles": [{"Id": world.seed.profiles["Agent"]}],
        },
        "get_assistant": {"assistantId": world.assistant_id},
        "list_ai_agents": {"assistantId": world.assistant_id},
    }
    return getattr(client, operation)(**params[operation])


@pytest.mark.parametrize(("service", "operation", "code", "status"), THROTTLING)
def test_throttle(  # noqa: PLR0917 - the columns of the table
    world: World,
    connect: Client,
    qconnect: Client,
    service: str,
    operation: str,
    code: str,
    status: int,
) -> None:
    """Also where the operation does not model it; Q in Connect's modelled status is 400."""
    client = {"connect": connect, "qconnect": qconnect}[service]
    world.emulator.faults.throttle(f"{service}:*", times=2)
    for _ in range(2):
        with pytest.raises(ClientError) as error:
            ask(world, client, operation)
        assert error.value.response["Error"]["Code"] == code
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    ask(world, client, operation)


@pytest.mark.parametrize(
    ("status", "options", "code"),
    [
        (500, {}, "InternalServiceException"),
        (503, {}, "ServiceUnavailableException"),
        (403, {"code": "AccessDeniedException"}, "AccessDeniedException"),
    ],
)
def test_error(
    world: World, connect: Client, status: int, options: dict[str, Any], code: str
) -> None:
    world.emulator.faults.error("connect:ListSecurityProfiles", status=status, **options)
    connect.list_instances()
    with pytest.raises(ClientError) as error:
        ask(world, connect, "list_security_profiles")
    assert error.value.response["Error"]["Code"] == code
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    ask(world, connect, "list_security_profiles")


def create(world: World, connect: Client, name: str) -> Any:
    return connect.create_security_profile(InstanceId=world.instance_id, SecurityProfileName=name)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("kind", ["error", "reset"])
def test_before_or_after_the_effect(world: World, connect: Client, kind: str, after: bool) -> None:
    getattr(world.emulator.faults, kind)("connect:CreateSecurityProfile", after=after)
    with pytest.raises((ClientError, ConnectionClosedError)):
        create(world, connect, "p")
    profiles = connect.list_security_profiles(InstanceId=world.instance_id)
    names = [profile["Name"] for profile in profiles["SecurityProfileSummaryList"]]
    assert ("p" in names) == after
    successes = [record for record in world.emulator.records if "errorCode" not in record]
    assert len(successes) == (1 if after else 0)


def test_skip_lets_calls_pass_first(world: World, connect: Client) -> None:
    world.emulator.faults.throttle("connect:ListInstances", skip=2)
    connect.list_instances()
    connect.list_instances()
    with pytest.raises(ClientError):
        connect.list_instances()
    assert world.emulator.faults.describe() == []


def test_skipped_hooks_count_the_same_calls(world: World, connect: Client) -> None:
    order: list[int] = []
    for skip in (1, 0, 1):
        hook = partial(order.append, skip)
        world.emulator.faults.after("connect:ListInstances", hook, skip)
    for expected in ([0], [0, 1, 1], [0, 1, 1]):
        connect.list_instances()
        assert order == expected


def test_a_retried_create_with_a_lost_answer_takes_effect_once(
    world: World, qconnect: Client
) -> None:
    world.emulator.faults.reset("qconnect:CreateAssistant", after=True)
    params = {"name": "once", "type": "AGENT", "clientToken": "token"}
    with pytest.raises(ConnectionClosedError):
        qconnect.create_assistant(**params)
    made = qconnect.create_assistant(**params)["assistant"]["assistantId"]
    found = qconnect.list_assistants()["assistantSummaries"]
    assert [assistant["assistantId"] for assistant in found if assistant["name"] == "once"] == [
        made
    ]


def test_latency(world: World, connect: Client) -> None:
    world.emulator.faults.latency("connect:ListInstances", 0.2, times=1)
    started = monotonic()
    connect.list_instances()
    assert monotonic() - started >= 0.2


def test_rate_limit_by_token_bucket(server: Server, connect: Client, qconnect: Client) -> None:
    time = datetime(2026, 1, 1, tzinfo=UTC)
    server.emulator = Emulator(now=lambda: time)
    world = World(server.emulator, seed(server.emulator))
    world.emulator.faults.rate_limit(True)

    def allowed(client: Client, operation: str) -> int:
        done = 0
        for _ in range(12):
            try:
                ask(world, client, operation)
            except ClientError:
                continue
            done += 1
        return done

    assert allowed(connect, "list_security_profiles") == 5
    assert allowed(connect, "list_security_profiles") == 0
    assert allowed(qconnect, "get_assistant") == 10
    connect.list_instances()  # each operation has a bucket of its own
    time += timedelta(seconds=1)
    assert allowed(connect, "list_security_profiles") == 2
    world.emulator.faults.rate_limit(False)
    assert allowed(connect, "list_security_profiles") == 12


def test_stale_by_versions(world: World, connect: Client) -> None:
    profile = {"InstanceId": world.instance_id, "SecurityProfileId": world.profile()}
    for name in "ABC":
        connect.update_security_profile(**profile, Permissions=[name])

    def seen() -> list[str]:
        permissions: list[str] = connect.list_security_profile_permissions(**profile)["Permissions"]
        return permissions

    for versions, expected in ((0, "C"), (1, "B"), (2, "A")):
        world.emulator.faults.stale(
            "connect:ListSecurityProfilePermissions", versions=versions, times=1
        )
        assert seen() == [expected]
    assert seen() == ["C"]


def test_index_lag_by_the_clock(server: Server, connect: Client) -> None:
    time = datetime(2026, 1, 1, tzinfo=UTC)
    server.emulator = Emulator(now=lambda: time)
    world = World(server.emulator, seed(server.emulator))
    world.emulator.faults.index_lag(30)
    connect.create_user(
        InstanceId=world.instance_id,
        Username="kim",
        RoutingProfileId="r",
        SecurityProfileIds=[world.seed.profiles["Agent"]],
    )

    def found() -> int:
        return len(connect.search_users(InstanceId=world.instance_id)["Users"])

    assert found() == 0
    assert len(connect.list_users(InstanceId=world.instance_id)["UserSummaryList"]) == 1
    time += timedelta(seconds=31)
    assert found() == 1


def test_a_concurrent_editor_between_read_and_write(world: World, connect: Client) -> None:
    profile = {"InstanceId": world.instance_id, "SecurityProfileId": world.profile()}
    order: list[str] = []

    def edit(name: str) -> None:
        order.append(name)
        connect.update_security_profile(**profile, Description=name)

    faults = world.emulator.faults
    faults.before("connect:UpdateSecurityProfile", lambda: edit("before"), skip=1)
    connect.update_security_profile(**profile, Permissions=["A"])
    assert order == []
    connect.update_security_profile(**profile, Permissions=["B"])
    assert order == ["before"]
    faults.after("connect:ListSecurityProfilePermissions", lambda: edit("after"))
    connect.list_security_profile_permissions(**profile)
    connect.list_security_profile_permissions(**profile)
    assert order == ["before", "after"]
    described = connect.describe_security_profile(**profile)["SecurityProfile"]
    assert described["Description"] == "after"


def test_clear(world: World, connect: Client) -> None:
    faults = world.emulator.faults
    faults.throttle("*", times=None)
    faults.rate_limit(True)
    faults.clear()
    for _ in range(6):
        connect.list_instances()
