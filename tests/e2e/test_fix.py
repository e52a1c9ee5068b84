"""Fix mode on the deployed stack: what is added, what is refused, and what happens meanwhile."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from tests.e2e.conftest import RETRIEVE, tool
from tests.e2e.fixing import OPT_IN, OTHER, UPDATE, VIEW, Operator, operator, quiet, silent_gaps

pytestmark = pytest.mark.stack
__all__ = ["operator", "quiet"]
ROUNDS = 5


def test_the_missing_permission_is_added_verified_and_told(operator: Operator) -> None:
    agent, profile_id = operator.agent(RETRIEVE), operator.opted_in()
    operator.attach(agent, profile_id)

    assert operator.alert(agent)["status"] == "opened"
    fixed = operator.alert(agent)

    assert fixed["status"] == "fixed"
    assert fixed["changeId"].startswith("c-")
    assert operator.permissions(profile_id) == ["BasicAgentAccess", VIEW]
    operator.silence(agent)


def test_every_kind_of_grant_can_be_added_once_approved(operator: Operator) -> None:
    module, gateway = operator.module(), operator.gateway()
    agent = operator.agent(
        tool("Refund", f"aws_custom_flows__{module}_1"),
        tool("GetOrder", f"gateway_{gateway}__orders___GetOrder"),
    )
    profile_id = operator.opted_in()
    operator.attach(agent, profile_id)
    alert = operator.alert(agent)

    answer = operator.order("approve", alert["alertId"], by="ann")

    assert answer["ok"], answer
    assert operator.fixed(agent)
    where = {"InstanceId": operator.instance, "SecurityProfileId": profile_id}
    modules = operator.connect.list_security_profile_flow_modules(**where)["AllowedFlowModules"]
    applications = operator.connect.list_security_profile_applications(**where)["Applications"]
    assert modules == [{"Type": "MCP", "FlowModuleId": module}]
    assert applications == [
        {"Namespace": gateway, "ApplicationPermissions": ["orders___GetOrder"], "Type": "MCP"}
    ]
    assert operator.permissions(profile_id) == ["BasicAgentAccess"]
    operator.silence(agent)


def test_a_flow_module_without_type_counts_and_stays_as_it_is(operator: Operator) -> None:
    held, wanted = operator.module(), operator.module()
    agent = operator.agent(
        tool("Held", f"aws_custom_flows__{held}_1"), tool("Wanted", f"aws_custom_flows__{wanted}_1")
    )
    profile_id = operator.opted_in()
    operator.grant(profile_id, AllowedFlowModules=[{"FlowModuleId": held}])
    operator.attach(agent, profile_id)
    alert = operator.alert(agent)
    assert [finding["toolName"] for finding in alert["findings"]] == ["Wanted"]

    assert operator.order("approve", alert["alertId"], by="ann")["ok"]

    assert operator.fixed(agent)
    where = {"InstanceId": operator.instance, "SecurityProfileId": profile_id}
    modules = operator.connect.list_security_profile_flow_modules(**where)["AllowedFlowModules"]
    assert modules == [{"FlowModuleId": held}, {"Type": "MCP", "FlowModuleId": wanted}]
    operator.silence(agent)


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
        agent, profile_id = operator.agent(RETRIEVE), operator.opted_in()
        operator.attach(agent, profile_id)
        notes = operator.alert(agent)["findings"][0]["advisories"]
        operator.stack.wait_idle()
    finally:
        ssm.put_parameter(Name=name, Value="false", Overwrite=True)
    assert "Not fixed by toolgrant: toolgrant is paused" in notes
    assert operator.permissions(profile_id) == ["BasicAgentAccess"]


def test_undo_takes_back_exactly_that_and_it_stays_away(operator: Operator) -> None:
    agent, profile_id = operator.agent(RETRIEVE), operator.opted_in()
    operator.attach(agent, profile_id)
    change = operator.fixed(agent)["changeId"]
    operator.add(profile_id, OTHER)

    assert operator.order("undo", change, by="ann")["ok"]

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


def race(operator: Operator, where: str, rounds: int) -> None:
    """For some profiles at once, somebody adds a permission before, inside or after the window of a
    fix, which is delivered twice at the same moment, and once more. Outside of the window nothing
    may be lost; inside it is told."""
    gaps = silent_gaps(operator, rounds)
    edits = [partial(operator.add, profile_id, OTHER) for _, profile_id, _ in gaps]
    if where == "inside":
        for (_, profile_id, _), edit in zip(gaps, edits, strict=True):
            match = {"SecurityProfileId": profile_id}
            operator.stack.emulator.faults.before(UPDATE, edit, match=match)
    payloads = [payload for _, _, payload in gaps]
    with ThreadPoolExecutor(2 * rounds) as pool:
        if where == "before":
            list(pool.map(lambda edit: edit(), edits))
        once = partial(operator.invoke, "RemediateFunctionName")
        list(pool.map(once, [*payloads, *payloads]))
        list(pool.map(operator.deliver, payloads))
        if where == "after":
            list(pool.map(lambda edit: edit(), edits))
    operator.stack.wait_idle()
    for agent, profile_id, _ in gaps:
        held, told = operator.permissions(profile_id), operator.statuses(agent)
        assert {VIEW, "BasicAgentAccess"} <= set(held), told
        assert OTHER in held or (where == "inside" and "integrity" in told)


@pytest.mark.parametrize("where", ["before", "inside", "after"])
@pytest.mark.usefixtures("quiet")
def test_edits_around_the_window(operator: Operator, where: str) -> None:
    race(operator, where, ROUNDS)


@pytest.mark.stress
@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("where", ["before", "inside", "after"])
def test_edits_around_the_window_a_hundred_times(operator: Operator, where: str) -> None:
    for _ in range(20):
        race(operator, where, ROUNDS)


# ------------------------------------------------------------------------------------- dying


@pytest.mark.usefixtures("quiet")
def test_a_worker_that_dies_at_any_call_converges(operator: Operator) -> None:
    """A call of the writer to Connect fails, once or more, after it took effect or before; the
    same message is delivered again."""
    seed = random.Random(str(time.time_ns()))
    gaps, chosen = silent_gaps(operator, 6), []
    for _, profile_id, payload in gaps:
        operation = seed.choice(
            ["UpdateSecurityProfile", "ListSecurityProfilePermissions", "DescribeSecurityProfile"]
        )
        times, after = seed.choice([1, 4]), seed.choice([False, True])
        chosen.append((operation, times, after))
        match = {"SecurityProfileId": profile_id}
        operator.stack.emulator.faults.reset(
            f"connect:{operation}", times=times, after=after, match=match
        )
        operator.deliver(payload)
    operator.stack.wait_idle()
    for agent, profile_id, _ in gaps:
        assert operator.permissions(profile_id) == ["BasicAgentAccess", VIEW], chosen
        assert operator.statuses(agent)[-1] in ("fixed", "resolved"), chosen
