"""What an operator has set survives a deployment, even one that changes nothing but tags."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.e2e.conftest import RETRIEVE
from tests.e2e.fixing import Operator, operator
from tests.unit.override_rows import ROW, override

from toolgrant_local.stack import LocalStack

pytestmark = pytest.mark.stack
__all__ = ["operator"]

STOP, OVERRIDES = "EmergencyStopParameter", "CatalogOverridesParameter"


@pytest.fixture
def pulled(operator: Operator) -> Iterator[Operator]:
    """The stop is pulled and there is a catalog row; both are put back at the end."""
    stack = operator.stack
    ssm = stack.client("ssm")
    put(stack, STOP, "true")
    put(stack, OVERRIDES, override(ROW))
    yield operator
    put(stack, STOP, "false")
    ssm.delete_parameter(Name=stack.outputs[OVERRIDES])


def put(stack: LocalStack, output: str, value: str) -> None:
    """As the runbook and the page about catalog rows say."""
    stack.client("ssm").put_parameter(
        Name=stack.outputs[output],
        Value=value,
        Type="String",
        Tier="Intelligent-Tiering",
        Overwrite=True,
    )


def value(stack: LocalStack, output: str) -> str:
    answer = stack.client("ssm").get_parameter(Name=stack.outputs[output])
    return str(answer["Parameter"]["Value"])


def tag(stack: LocalStack, **tags: str) -> None:
    """Update the deployed stack with other tags and nothing else."""
    cloudformation, name = stack.client("cloudformation"), stack.stack_name
    (known,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    names = [parameter["ParameterKey"] for parameter in known["Parameters"]]
    cloudformation.update_stack(
        StackName=name,
        UsePreviousTemplate=True,
        Parameters=[{"ParameterKey": each, "UsePreviousValue": True} for each in names],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Tags=[{"Key": key, "Value": text} for key, text in tags.items()],
    )
    cloudformation.get_waiter("stack_update_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
    )


def test_another_tag_lets_go_of_no_emergency_stop_and_forgets_no_catalog_row(
    pulled: Operator,
) -> None:
    stack = pulled.stack
    tag(stack, stage="another")

    assert value(stack, STOP) == "true"
    assert value(stack, OVERRIDES) == override(ROW)
    agent, profile_id = pulled.agent(RETRIEVE), pulled.opted_in()
    pulled.attach(agent, profile_id)
    notes = pulled.alert(agent)["findings"][0]["advisories"]
    assert "Not fixed by toolgrant: toolgrant is paused" in notes
    stack.wait_idle()
    assert pulled.permissions(profile_id) == ["BasicAgentAccess"]


def test_without_an_emergency_stop_nothing_is_written(operator: Operator) -> None:
    stack = operator.stack
    stack.client("ssm").delete_parameter(Name=stack.outputs[STOP])
    try:
        agent, profile_id = operator.agent(RETRIEVE), operator.opted_in()
        operator.attach(agent, profile_id)
        notes = operator.alert(agent)["findings"][0]["advisories"]
        stack.wait_idle()
    finally:
        put(stack, STOP, "false")
    assert any("the emergency stop is missing" in note for note in notes)
    assert operator.permissions(profile_id) == ["BasicAgentAccess"]
