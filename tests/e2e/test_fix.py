"""Fix mode on the deployed stack: what is added, what is refused, and what happens meanwhile."""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.e2e.conftest import RETRIEVE, tool
from tests.e2e.fixing import OPT_IN, VIEW, Operator, swept

from toolgrant.adapters.fix_queue import to_json
from toolgrant.domain.records import AgentKey
from toolgrant.domain.requests import FixRequest
from toolgrant_local.stack import LocalStack

pytestmark = pytest.mark.stack
ROUNDS = 5
UPDATE = "connect:UpdateSecurityProfile"
OTHER = "Users.View"


@pytest.fixture(scope="session")
def operator(fix_stack: LocalStack) -> Operator:
    """Admin and operator of the stack in mode fix."""
    swept(fix_stack)
    return Operator(fix_stack)


@pytest.fixture
def quiet(operator: Operator) -> Iterator[None]:
    """No fault is left behind."""
    yield
    operator.stack.emulator.faults.clear()


def opted_in(operator: Operator, *permissions: str) -> str:
    return operator.profile(Permissions=list(permissions) or ["BasicAgentAccess"], Tags=OPT_IN)


def request_for(operator: Operator, agent: Mapping[str, Any], profile_id: str) -> dict[str, Any]:
    """A delivery of the fix queue, made by hand for the finding on the AI agent's Retrieve."""
    alert = operator.alert(agent)
    finding = alert["findings"][0]["findingId"]
    key = AgentKey(operator.assistant, agent["aiAgentId"])
    request = FixRequest(key, finding, profile_id, f"{finding}@{uuid.uuid4()}")
    return {"Records": [{"messageId": "1", "body": to_json(request)}]}


def silent_gap(operator: Operator) -> tuple[dict[str, Any], str]:
    """An AI agent that lacks Wisdom.View on a profile that is opted in while toolgrant is paused:
    it is told, and not fixed by itself."""
    operator.order("pause")
    agent, profile_id = operator.agent(RETRIEVE), opted_in(operator)
    operator.attach(agent, profile_id)
    return agent, profile_id


def test_the_missing_permission_is_added_verified_and_told(operator: Operator) -> None:
    agent, profile_id = operator.agent(RETRIEVE), opted_in(operator)
    operator.attach(agent, profile_id)

    assert operator.alert(agent)["status"] == "opened"
    fixed = operator.alert(agent)

    assert fixed["status"] == "fixed"
    assert fixed["changeId"].startswith(profile_id)
    assert operator.permissions(profile_id) == ["BasicAgentAccess", VIEW]
    operator.silence(agent)


def test_every_kind_of_grant_can_be_added_once_approved(operator: Operator) -> None:
    module = str(uuid.uuid4())
    agent = operator.agent(
        tool("Refund", f"aws_custom_flows__{module}_1"),
        tool("GetOrder", "gateway_gw-shop__orders___GetOrder"),
    )
    profile_id = opted_in(operator)
    operator.attach(agent, profile_id)
    alert = operator.alert(agent)

    answer = operator.order("approve", alert["alertId"], by="ann")

    assert answer["ok"], answer
    operator.stack.wait_idle()
    where = {"InstanceId": operator.instance, "SecurityProfileId": profile_id}
    modules = operator.connect.list_security_profile_flow_modules(**where)["AllowedFlowModules"]
    applications = operator.connect.list_security_profile_applications(**where)["Applications"]
    assert modules == [{"Type": "MCP", "FlowModuleId": module}]
    assert applications == [
        {"Namespace": "gw-shop", "ApplicationPermissions": ["orders___GetOrder"], "Type": "MCP"}
    ]
    assert {alert["status"] for alert in operator.new_alerts(agent)} == {"fixed"}


@pytest.mark.parametrize(
    ("tags", "text"),
    [({}, "no opt-in"), ({**OPT_IN, "toolgrant:stack": "another"}, "another stack writes to it")],
)
def test_a_profile_that_must_not_be_written_to(
    operator: Operator, tags: dict[str, str], text: str
) -> None:
    agent = operator.agent(RETRIEVE)
    profile_id = operator.profile(
        Permissions=["BasicAgentAccess"], **({"Tags": tags} if tags else {})
    )
    operator.attach(agent, profile_id)

    notes = operator.alert(agent)["findings"][0]["advisories"]

    assert any(text in note for note in notes)
    operator.stack.wait_idle()
    assert operator.permissions(profile_id) == ["BasicAgentAccess"]


def test_the_emergency_stop_holds(operator: Operator) -> None:
    ssm = operator.stack.client("ssm")
    name = operator.stack.outputs["EmergencyStopParameter"]
    ssm.put_parameter(Name=name, Value="true", Overwrite=True)
    try:
        agent, profile_id = operator.agent(RETRIEVE), opted_in(operator)
        operator.attach(agent, profile_id)
        notes = operator.alert(agent)["findings"][0]["advisories"]
        operator.stack.wait_idle()
    finally:
        ssm.put_parameter(Name=name, Value="false", Overwrite=True)
    assert "Not fixed by toolgrant: toolgrant is paused" in notes
    assert operator.permissions(profile_id) == ["BasicAgentAccess"]


def test_undo_takes_back_exactly_that_and_it_stays_away(operator: Operator) -> None:
    agent, profile_id = operator.agent(RETRIEVE), opted_in(operator)
    operator.attach(agent, profile_id)
    operator.alert(agent)
    change = operator.alert(agent)["changeId"]
    operator.grant(profile_id, Permissions=["BasicAgentAccess", VIEW, OTHER])

    assert operator.order("undo", change, by="ann")["ok"]

    operator.wait_for(profile_id, VIEW, there=False)
    operator.stack.wait_idle()
    assert operator.permissions(profile_id) == ["BasicAgentAccess", OTHER]
    assert operator.order("undo", change)["ok"]
    operator.stack.wait_idle()
    assert operator.permissions(profile_id) == ["BasicAgentAccess", OTHER]


@pytest.mark.parametrize(
    "order",
    [
        {"action": "explode"},
        {"action": "approve", "target": "nobody-1"},
        {"action": "undo", "target": "no-such-change"},
        {"action": "mute", "target": ""},
        {"action": "mute", "target": "x", "until": "tomorrow"},
        {"action": "undo", "target": "x", "grants": ["Wisdom.View"]},
        {"action": "pause", "force": True},
    ],
    ids=str,
)
def test_a_wrong_order_is_refused_with_its_field(operator: Operator, order: Any) -> None:
    answer = operator.invoke("OperateFunctionName", order)
    assert answer["ok"] is False
    assert answer["error"].startswith("$.")


# ------------------------------------------------------------------- edits before, in and after


def race(operator: Operator, where: str) -> None:
    """Somebody adds a permission before, inside or after the window of a fix, which is delivered
    twice at the same moment. Outside of the window nothing may be lost; inside it is reported."""
    agent, profile_id = silent_gap(operator)
    payload = request_for(operator, agent, profile_id)
    operator.order("resume")
    emulator, done = operator.stack.emulator, threading.Event()

    def edit() -> None:
        if not done.is_set():
            done.set()
            held = operator.permissions(profile_id)
            operator.grant(profile_id, Permissions=[*held, OTHER])

    if where == "before":
        edit()
    with ThreadPoolExecutor(2) as pool:
        if where == "inside":
            emulator.faults.before(UPDATE, edit)
        calls = [pool.submit(operator.invoke, "RemediateFunctionName", payload) for _ in range(2)]
        outcomes = [call.result() for call in calls]
    if where == "after":
        edit()
    operator.stack.wait_idle()
    held = operator.permissions(profile_id)
    assert VIEW in held, outcomes
    assert "BasicAgentAccess" in held
    if where == "inside":
        statuses = {alert["status"] for alert in operator.new_alerts(agent)}
        assert OTHER in held or "integrity" in statuses
    else:
        assert OTHER in held


@pytest.mark.parametrize("where", ["before", "inside", "after"])
@pytest.mark.usefixtures("quiet")
def test_edits_around_the_window(operator: Operator, where: str) -> None:
    for _ in range(ROUNDS):
        race(operator, where)


@pytest.mark.stress
@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("where", ["before", "inside", "after"])
def test_edits_around_the_window_a_hundred_times(operator: Operator, where: str) -> None:
    for _ in range(100):
        race(operator, where)


# ------------------------------------------------------------------------------------- dying


@pytest.mark.usefixtures("quiet")
def test_a_worker_that_dies_at_any_call_converges(operator: Operator) -> None:
    """Every call of the writer to Connect fails once, before or after it took effect; the same
    message is delivered again."""
    seed = random.Random(str(time.time_ns()))
    for _ in range(6):
        agent, profile_id = silent_gap(operator)
        payload = request_for(operator, agent, profile_id)
        operator.order("resume")
        operation = seed.choice(
            ["UpdateSecurityProfile", "ListSecurityProfilePermissions", "DescribeSecurityProfile"]
        )
        operator.stack.emulator.faults.reset(f"connect:{operation}", times=seed.choice([1, 4]))
        for _ in range(4):
            answer = operator.stack.client("lambda").invoke(
                FunctionName=operator.stack.outputs["RemediateFunctionName"],
                Payload=json.dumps(payload),
            )
            if "FunctionError" not in answer:
                break
            operator.stack.emulator.faults.clear()
        operator.stack.wait_idle()
        assert operator.permissions(profile_id) == ["BasicAgentAccess", VIEW], operation
        assert operator.new_alerts(agent)[-1]["status"] in ("fixed", "resolved")
