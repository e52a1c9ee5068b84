"""The operators' commands against a stack in mode fix, run as an operator runs them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.e2e.conftest import RETRIEVE, names, tool
from tests.e2e.fixing import PATIENCE, VIEW, Operator, operator

from toolgrant_local.environment import ACCESS_KEY
from toolgrant_local.processes import wait_until
from toolgrant_local.stack import LocalStack

pytestmark = pytest.mark.stack
__all__ = ["operator"]
TOOLGRANT = str(Path(sys.executable).parent / "toolgrant")
GRANT = f"permission:{VIEW}"
Ended = subprocess.CompletedProcess[str]


def toolgrant(stack: LocalStack | None, *arguments: str, **variables: str) -> Ended:
    """The console script, with nothing of this shell's own AWS settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    settings = {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    if stack:
        settings |= {
            **stack.aws_variables,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
        }
    return subprocess.run(
        [TOOLGRANT, *arguments],
        env={**kept, **settings, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def done(stack: LocalStack, *arguments: str) -> list[str]:
    """The lines of an order that is carried out."""
    ended = toolgrant(stack, *arguments)
    assert (ended.returncode, ended.stderr) == (0, place(stack))
    return ended.stdout.splitlines()


def place(stack: LocalStack) -> str:
    """What is said of where an order goes."""
    return f"toolgrant: account {stack.account_id}, Region us-east-1\n"


def complaint(ended: Ended, code: int) -> str:
    """The one line of an order that is not."""
    assert (ended.returncode, ended.stdout) == (code, ""), ended
    *where, line = ended.stderr.splitlines()
    assert not where or re.fullmatch("toolgrant: account [0-9]{12}, Region us-east-1", *where)
    assert line.startswith("toolgrant: ")
    return line


def test_pause_approve_undo_reset(operator: Operator) -> None:
    stack = operator.stack
    assert done(stack, "pause", "--dry-run") == ["would pause all writes"]
    assert done(stack, "pause") == ["pause all writes"]
    agent = operator.agent(RETRIEVE)
    profile_id = operator.opted_in()
    operator.attach(agent, profile_id)
    told = operator.alert(agent)
    assert names(told) == {"Retrieve": [GRANT]}
    stack.wait_idle()
    assert operator.permissions(profile_id) == ["BasicAgentAccess"]

    assert done(stack, "resume") == ["let writes go on"]
    operator.save_event(agent)
    fixed = operator.alert(agent)
    assert fixed["status"] == "fixed"
    assert operator.permissions(profile_id) == ["BasicAgentAccess", VIEW]

    change = fixed["changeId"]
    line = f"undo {change}: take {GRANT} out of security profile {profile_id}"
    would, loses = done(stack, "undo", change[:8], "--grant", GRANT, "--dry-run")
    assert would == f"would {line}"
    assert loses == f"  who loses: people: 0; AI agents: {agent['aiAgentId']}"
    assert done(stack, "undo", change, "--grant", GRANT) == [line]
    stack.wait_idle()
    assert operator.permissions(profile_id) == ["BasicAgentAccess"]

    closed = {f"close the breaker of {GRANT} on {it}" for it in (profile_id, agent["aiAgentId"])}
    would = done(stack, "reset", agent["aiAgentId"], "--grant", GRANT, "--dry-run")
    assert set(would) == {f"would {line}" for line in closed}
    assert set(done(stack, "reset", profile_id, "--grant", GRANT)) == closed
    refused = complaint(toolgrant(stack, "reset", profile_id), 1)
    assert "refused: " in refused
    assert "no open breaker" in refused


def test_a_dry_run_of_an_approval_prints_the_repair(operator: Operator) -> None:
    """Where it would be written, the list before and after, who else gains, what is in the way."""
    stack, module = operator.stack, operator.module()
    grant = f"flow-module:{module}"
    agent, other = (operator.agent(tool("Refund", f"aws_custom_flows__{module}_1")) for _ in "12")
    profile_id = operator.opted_in()
    name = profile_name(operator, profile_id)
    operator.attach(agent, profile_id)
    told = operator.alert(agent)
    stack.wait_idle()

    lines = dry_run(stack, told["alertId"])

    would, repair = lines[0].split(": ", 1)
    assert would.startswith("would approve fix-")
    assert repair == f"add {grant} to security profile {name} for Refund"
    assert lines[1:] == [
        f"  profile: {name} ({profile_id})",
        "  AllowedFlowModules before (0): -",
        f"  AllowedFlowModules after (1): {module}",
        "  who else gains: people: 0, other AI agents: 0",
        f"  would add: {grant}",
    ]

    operator.attach(other, profile_id)
    operator.alert(other)
    stack.wait_idle()
    lines = dry_run(stack, told["findings"][0]["findingId"])
    assert f"  who else gains: people: 0, other AI agents: 1: {other['aiAgentId']}" in lines
    assert any(line.startswith("  in the way: ") and name in line for line in lines)
    stack.wait_idle()
    where = {"InstanceId": operator.instance, "SecurityProfileId": profile_id}
    listed = operator.connect.list_security_profile_flow_modules(**where)
    assert listed["AllowedFlowModules"] == []


def dry_run(stack: LocalStack, target: str) -> list[str]:
    """Of an approval, once the profile is so old that nothing would wait any more."""
    lines: list[str] = []

    def steady() -> bool:
        lines[:] = done(stack, "approve", target, "--dry-run")
        return not any(line.startswith("  waits ") for line in lines)

    wait_until(steady, PATIENCE, "a dry run that waits for nothing")
    return lines


def profile_name(operator: Operator, profile_id: str) -> str:
    described = operator.connect.describe_security_profile(
        InstanceId=operator.instance, SecurityProfileId=profile_id
    )
    return str(described["SecurityProfile"]["SecurityProfileName"])


def test_mute_and_unmute(operator: Operator) -> None:
    stack = operator.stack
    agent = operator.agent(RETRIEVE)
    until = "2100-01-01T00:00:00+00:00"
    line = f"mute {agent['aiAgentId']} until {until}"
    assert done(stack, "mute", agent["aiAgentId"], "--until", until) == [line]
    profile_id = operator.opted_in()
    operator.attach(agent, profile_id)
    operator.silence(agent)
    assert operator.permissions(profile_id) == ["BasicAgentAccess"]

    assert done(stack, "unmute", agent["aiAgentId"]) == [f"unmute {agent['aiAgentId']}"]
    operator.save(agent, RETRIEVE)
    stack.wait_idle()
    assert operator.permissions(profile_id) == ["BasicAgentAccess", VIEW]


def test_who_asks_is_on_record(operator: Operator) -> None:
    function = operator.stack.outputs["OperateFunctionName"]
    target = f"nothing-{time.time_ns()}"
    done(operator.stack, "unmute", target, "--function-name", function)
    done(operator.stack, "unmute", target, "--by", "ann")
    lines = [line for line in operator.stack.logs("OperateFunction") if target in line]
    by = [json.loads(line)["audit"]["by"] for line in lines]
    assert (by[0].startswith("arn:aws:"), by[1]) == (True, "ann")


@pytest.mark.parametrize(
    "arguments",
    [["approve", "no-such"], ["undo", "no-such"], ["undo", "c-1", "--dry-run"], ["reset", "none"]],
)
def test_a_refusal_is_one_line(operator: Operator, arguments: list[str]) -> None:
    assert complaint(toolgrant(operator.stack, *arguments), 1).startswith("toolgrant: refused: ")


def test_an_order_that_cannot_be_given(operator: Operator) -> None:
    stack = operator.stack
    assert "stack other: " in complaint(toolgrant(stack, "pause", "--stack-name", "other"), 2)
    evaluate = stack.outputs["EvaluateFunctionName"]
    for name in ("no-such-function", evaluate):
        assert f"function {name}: " in complaint(
            toolgrant(stack, "pause", "--function-name", name), 2
        )
    assert "--until: " in complaint(toolgrant(stack, "mute", "a", "--until", "soon"), 2)
    assert "Unable to locate credentials" in complaint(toolgrant(None, "pause"), 2)
    nowhere = toolgrant(stack, "pause", AWS_ENDPOINT_URL="http://127.0.0.1:1")
    assert "Could not connect" in complaint(nowhere, 2)
    assert "Invalid endpoint" in complaint(toolgrant(stack, "pause", AWS_ENDPOINT_URL="x y"), 2)
    assert "(none)" in complaint(toolgrant(stack, "pause", AWS_PROFILE="none"), 2)


def test_a_stack_in_mode_warn_takes_no_orders(stack: LocalStack) -> None:
    assert "no output OperateFunctionName" in complaint(toolgrant(stack, "pause"), 2)
