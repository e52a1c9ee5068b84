"""What each mode deploys: in warn nothing that could write, elsewhere all of it, no loose ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.template.conftest import Deployed
from tests.template.reading import Tree, walk
from tests.template.test_template_roles import STACKS, WARN, WRITING

FIXING = {
    "FixQueue",
    "FixQueuePolicy",
    "FixDeadLetterQueue",
    "FixDeadLetterQueuePolicy",
    "RemediateFunction",
    "RemediateFunctionFixes",  # made by SAM: what feeds it from the queue
    "RemediateRole",
    "ReadPeopleAndEmergencyStop",
    "OperateFunction",
    "OperateRole",
    "FixDeadLetterAlarm",
    "FixDeadLetterAgeAlarm",
    "FixQueueAgeAlarm",
    "RemediateErrorsAlarm",
    "RemediateLoopAlarm",
    "RemediateThrottlesAlarm",
    "OperateErrorsAlarm",
    "OperateThrottlesAlarm",
}
FIXING_OUTPUTS = {
    "EmergencyStopParameter",
    "FixDeadLetterQueueUrl",
    "FixQueueUrl",
    "OperateFunctionName",
    "RemediateFunctionName",
}


def test_the_default_mode_is_warn(deployed: Deployed) -> None:
    assert deployed() == deployed(Mode="warn")


@pytest.mark.parametrize("name", WARN)
def test_warn_deploys_nothing_that_fixes(deployed: Deployed, name: str) -> None:
    stack = deployed(**STACKS[name][0])
    assert not FIXING & set(stack["Resources"])
    assert not FIXING_OUTPUTS & set(stack["Outputs"])


@pytest.mark.parametrize("name", WRITING)
def test_the_other_modes_add_exactly_what_fixes(deployed: Deployed, name: str) -> None:
    stack, warn = deployed(**STACKS[name][0]), deployed(Mode="warn")
    assert set(stack["Resources"]) - set(warn["Resources"]) == FIXING
    assert set(warn["Resources"]) < set(stack["Resources"])
    assert set(stack["Outputs"]) - set(warn["Outputs"]) == FIXING_OUTPUTS


@pytest.mark.parametrize("name", WARN)
def test_warn_tells_its_functions_of_no_way_to_write(deployed: Deployed, name: str) -> None:
    for variables in environments(deployed(**STACKS[name][0])):
        assert variables["TOOLGRANT_FIX_QUEUE_URL"] == ""
        assert variables["TOOLGRANT_EMERGENCY_STOP"] == ""
        assert variables["TOOLGRANT_WRITER_ROLE"] == ""


def environments(stack: Tree) -> Iterator[Tree]:
    for entry in stack["Resources"].values():
        if entry["Type"] == "AWS::Lambda::Function":
            yield entry["Properties"]["Environment"]["Variables"]


@pytest.mark.parametrize("name", STACKS)
def test_nothing_refers_to_what_is_not_deployed(
    template: Tree, deployed: Deployed, name: str
) -> None:
    stack = deployed(**STACKS[name][0])
    known = {*stack["Resources"], *template["Parameters"]}
    named = {name for name in referred(stack) if not name.startswith("AWS::")}
    assert named <= known


def referred(stack: Tree) -> Iterator[str]:
    for value in walk(stack):
        if isinstance(value, dict):
            yield from targets(value)


def targets(value: Tree) -> Iterator[Any]:
    if isinstance(value.get("Ref"), str):
        yield value["Ref"]
    if "Fn::GetAtt" in value:
        yield value["Fn::GetAtt"][0]
    if isinstance(value.get("Fn::Sub"), str):
        yield from (name.split(".")[0] for name in re.findall(r"\$\{([^}!]+)\}", value["Fn::Sub"]))
