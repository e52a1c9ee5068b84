"""The worker is killed, as a process, at random points of a fix: the next delivery finishes it."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from tests.e2e.fixing import VIEW, Operator, operator, quiet, silent_gaps

from toolgrant_local.stack import LocalStack

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("quiet")]
__all__ = ["operator", "quiet"]

ROUNDS = 6
POINTS = (
    *(("DescribeSecurityProfile", skip) for skip in range(2)),
    *(("SearchUsers", skip) for skip in range(2)),
    *(("ListSecurityProfilePermissions", skip) for skip in range(7)),
    ("UpdateSecurityProfile", 0),
)
"""Calls of a fix at which the process may die, and how often they are let through before."""


def workers(stack: LocalStack, function: str) -> list[int]:
    """The processes that run a function of this very stack."""
    marks = {
        f"AWS_LAMBDA_FUNCTION_NAME={function}".encode(),
        f"AWS_ENDPOINT_URL_CONNECT={stack.connect_endpoint}".encode(),
    }
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if marks <= set(environment):
            found.append(int(process.name))
    return found


def kill(stack: LocalStack, function: str, killed: list[int]) -> None:
    for pid in workers(stack, function):
        os.kill(pid, signal.SIGKILL)
        killed.append(pid)


def test_a_killed_worker_converges(operator: Operator) -> None:
    function = operator.stack.outputs["RemediateFunctionName"]
    chosen, faults, killed = random.Random(), operator.stack.emulator.faults, list[int]()
    points = [("UpdateSecurityProfile", 0), *chosen.choices(POINTS, k=ROUNDS - 1)]
    for (operation, skip), gap in zip(points, silent_gaps(operator, ROUNDS), strict=True):
        agent, profile_id, payload = gap
        place = chosen.choice([faults.before, faults.after])
        place(f"connect:{operation}", lambda: kill(operator.stack, function, killed), skip=skip)
        try:
            operator.deliver(payload)
        except (AssertionError, BotoCoreError, ClientError):
            faults.clear()
            operator.deliver(payload)
        faults.clear()
        operator.stack.wait_idle()
        assert operator.permissions(profile_id) == ["BasicAgentAccess", VIEW], (operation, skip)
        # Before the change is verified, an evaluation in between can only say that it is resolved.
        assert operator.statuses(agent)[-1] in ("fixed", "resolved")
    assert killed
