"""What becomes of throttling, server errors, time-outs and broken connections, over real HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config
from tests.adapters.gateways import ONCE, Gateways
from tests.emulator.world import World

from toolgrant.adapters.aws import CLIENT_CONFIG, Pacer
from toolgrant.domain.contact_flows import FlowKey
from toolgrant.domain.model import DRAFT, GrantKind
from toolgrant.domain.records import AgentKey
from toolgrant.errors import (
    AccessDenied,
    NotFound,
    RequestRefused,
    ServiceUnavailable,
    Throttled,
    ToolgrantError,
)
from toolgrant_local.processes import free_port

SECRET = "the caller asked about card 4111 1111"
UNKNOWN = "00000000-0000-4000-8000-000000000000"

Ask = Callable[[Gateways, World], Any]


def profile_of(world: World) -> str:
    return world.seed.profiles["Admin"]


READS: dict[str, Ask] = {
    "qconnect:GetAIAgent": lambda g, w: g.qconnect().get(
        AgentKey(w.assistant_id, w.seed.system_agents["SalesAgent"]), DRAFT
    ),
    "qconnect:GetAssistant": lambda g, w: g.qconnect().live(w.assistant_id),
    "qconnect:ListAssistants": lambda g, _: list(g.qconnect().assistants()),
    "qconnect:ListAIAgents": lambda g, w: g.listed(w.assistant_id),
    "connect:ListEntitySecurityProfiles": lambda g, w: g.connect().attached(
        w.instance_id, f"{w.seed.system_agent_arns['SalesAgent']}:$SAVED"
    ),
    "connect:ListSecurityProfilePermissions": lambda g, w: g.connect().grants(
        w.instance_id, profile_of(w), GrantKind.PERMISSION
    ),
    "connect:ListSecurityProfileApplications": lambda g, w: g.connect().grants(
        w.instance_id, profile_of(w), GrantKind.MCP
    ),
    "connect:ListSecurityProfileFlowModules": lambda g, w: g.connect().grants(
        w.instance_id, profile_of(w), GrantKind.FLOW_MODULE
    ),
    "connect:ListSecurityProfileAIAgents": lambda g, w: g.connect().grants(
        w.instance_id, profile_of(w), GrantKind.AI_AGENT
    ),
    "connect:DescribeSecurityProfile": lambda g, w: g.connect().name(w.instance_id, profile_of(w)),
    "connect:ListContactFlows": lambda g, w: g.flows().listed(w.instance_id),
    "connect:DescribeContactFlow": lambda g, w: g.flows().published(FlowKey(w.instance_id, "f")),
    "connect:ListInstances": lambda g, _: g.connect().instances_by_assistant(),
    "connect:ListIntegrationAssociations": lambda g, _: g.connect().instances_by_assistant(),
}


def raised_by(operation: str, gateways: Gateways, world: World) -> ToolgrantError:
    with pytest.raises(ToolgrantError) as raised:
        READS[operation](gateways, world)
    return raised.value


@pytest.mark.parametrize("operation", READS)
def test_every_read_works_without_faults(world: World, gateways: Gateways, operation: str) -> None:
    READS[operation](gateways, world)
    assert gateways.sent()[operation] == 1


@pytest.mark.parametrize("operation", READS)
def test_throttling_of_any_read_is_throttled(
    world: World, gateways: Gateways, operation: str
) -> None:
    world.emulator.faults.throttle(operation, times=None)
    assert type(raised_by(operation, gateways, world)) is Throttled


@pytest.mark.parametrize("operation", READS)
def test_a_dropped_connection_of_any_read_is_unavailable(
    world: World, gateways: Gateways, operation: str
) -> None:
    world.emulator.faults.reset(operation, times=None)
    assert type(raised_by(operation, gateways, world)) is ServiceUnavailable


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (500, None, ServiceUnavailable),
        (503, None, ServiceUnavailable),
        (504, "GatewayTimeout", ServiceUnavailable),
        (400, "ExpiredTokenException", AccessDenied),
        (400, "UnrecognizedClientException", AccessDenied),
        (403, "AccessDeniedException", AccessDenied),
        (404, "ResourceNotFoundException", NotFound),
        (400, "InvalidParameterException", RequestRefused),
        (429, "TooManyRequestsException", Throttled),
    ],
)
@pytest.mark.parametrize("operation", ["qconnect:GetAIAgent", "connect:ListEntitySecurityProfiles"])
def test_errors_are_mapped_and_their_message_stays_behind(
    world: World,
    gateways: Gateways,
    operation: str,
    status: int,
    code: str | None,
    expected: type[ToolgrantError],
) -> None:
    world.emulator.faults.error(operation, status, times=None, code=code, message=SECRET)
    error = raised_by(operation, gateways, world)
    assert type(error) is expected
    assert SECRET not in str(error)
    assert (code or "") in str(error)


def test_an_answer_that_comes_too_late_is_unavailable(world: World, gateways: Gateways) -> None:
    impatient = ONCE.merge(Config(read_timeout=0.2))
    world.emulator.faults.latency("connect:ListInstances", seconds=None)
    with pytest.raises(ServiceUnavailable, match="ReadTimeoutError"):
        gateways.connect(impatient).instances_by_assistant()


def test_nobody_listening_is_unavailable(gateways: Gateways) -> None:
    api = gateways.api("connect")
    api.client = gateways.client("connect", url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ServiceUnavailable, match="EndpointConnectionError"):
        api.call("list_instances")


@pytest.mark.parametrize("fault", ["throttle", "error", "reset"])
def test_the_deployed_client_settings_get_over_two_bad_answers(
    world: World, gateways: Gateways, fault: str
) -> None:
    faults = world.emulator.faults
    {"throttle": faults.throttle, "error": faults.error, "reset": faults.reset}[fault](
        "connect:ListEntitySecurityProfiles", times=2
    )
    arn = f"{world.seed.system_agent_arns['SalesAgent']}:$SAVED"
    patient = CLIENT_CONFIG.merge(Config(connect_timeout=60, read_timeout=60))
    assert gateways.connect(patient).attached(world.instance_id, arn) == ()
    assert gateways.sent() == {"connect:ListEntitySecurityProfiles": 3}


def test_a_failure_is_not_kept_for_the_batch(world: World, gateways: Gateways) -> None:
    world.emulator.faults.error("connect:ListSecurityProfilePermissions")
    connect = gateways.connect()
    with pytest.raises(ServiceUnavailable):
        connect.grants(world.instance_id, profile_of(world), GrantKind.PERMISSION)
    assert connect.grants(world.instance_id, profile_of(world), GrantKind.PERMISSION)


def test_a_page_that_fails_fails_the_whole_list(world: World, gateways: Gateways) -> None:
    world.emulator.settings.page_size = 5
    world.emulator.faults.error("connect:ListSecurityProfilePermissions", skip=1)
    connect = gateways.connect()
    with pytest.raises(ServiceUnavailable):
        connect.grants(world.instance_id, profile_of(world), GrantKind.PERMISSION)
    assert len(connect.grants(world.instance_id, profile_of(world), GrantKind.PERMISSION)) == 22


def test_a_forged_instance_is_a_quiet_outcome(world: World, gateways: Gateways) -> None:
    with pytest.raises(ToolgrantError) as raised:
        gateways.connect().attached("../../x", "not an arn")
    assert type(raised.value) in (NotFound, RequestRefused)
    assert world.emulator.calls.total() <= 1


# ---------------------------------------------------------------------------------------- pacing


def test_calls_of_one_api_are_spread_and_other_apis_are_not_held_up(
    world: World, gateways: Gateways
) -> None:
    api = gateways.api("connect", per_second=2)
    for _ in range(3):
        api.call("list_instances")
    api.call("list_security_profiles", InstanceId=world.instance_id)
    assert gateways.slept == [0.5, 1.0]
    assert api.calls == {"list_instances": 3, "list_security_profiles": 1}


def test_the_pacer_never_sleeps_for_what_time_has_done_already() -> None:
    now, slept = [0.0], []
    pacer = Pacer(1.0, lambda: now[0], slept.append)
    for now[0] in (0.0, 5.0, 5.25, 5.5):
        pacer.wait("connect:x")
    assert slept == [0.75, 1.5]
