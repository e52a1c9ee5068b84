"""`make bench`: what toolgrant costs, as ratios within one run (machines differ, ratios less so).

Each figure is printed and held against a generous ceiling, so that a slide is seen.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from toolgrant.domain.catalog import packaged
from toolgrant_cli.snapshot import evaluate_snapshot, parse_snapshot
from toolgrant_local.processes import wait_until
from toolgrant_local.stack import LocalStack

ROUNDS = 5
SETTLE_SECONDS = 2


def _seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _import_seconds(module: str) -> float:
    """Median time of a fresh process that only imports `module`, less that of an empty one."""

    def run(code: str) -> float:
        command = [sys.executable, "-c", code]
        return statistics.median(
            _seconds(lambda: subprocess.run(command, check=True)) for _ in range(ROUNDS)
        )

    return run(f"import {module}") - run("pass")


def test_cold_start_is_mostly_boto3() -> None:
    """Importing all of toolgrant against importing boto3 alone, which every Lambda pays."""
    ratio = _import_seconds("toolgrant.bootstrap") / _import_seconds("boto3")
    print(f"\nimport toolgrant.bootstrap / import boto3: {ratio:.2f}")
    assert ratio < 4


def test_judging_is_cheap_beside_reading() -> None:
    """Judging a snapshot of 100 tools against parsing its JSON."""
    text = json.dumps(_snapshot(tools=100))
    catalog = packaged()
    read = min(_seconds(lambda: json.loads(text)) for _ in range(50))
    judge = min(
        _seconds(lambda: evaluate_snapshot(parse_snapshot(json.loads(text)), catalog))
        for _ in range(50)
    )
    print(f"\nread and judge 100 tools / read their JSON: {judge / read:.1f}")
    assert judge / read < 100


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    """The deployed stack, with the shortest settle time."""
    with LocalStack(parameters={"SettleSeconds": str(SETTLE_SECONDS)}) as running:
        yield running


@pytest.mark.stack
def test_an_alert_follows_soon_after_the_settle_time(stack: LocalStack) -> None:
    """Change to alert, divided by the settle time that is waited on purpose."""
    times = [_change_to_alert(stack, number) for number in range(ROUNDS)]
    ratio = statistics.median(times) / SETTLE_SECONDS
    print(f"\nchange to alert / settle time: {ratio:.2f} (median of {ROUNDS})")
    assert ratio < 5


@pytest.mark.stack
def test_a_sweep_reads_no_agent_twice(stack: LocalStack) -> None:
    """Calls per AI agent of a sweep with everything that it enqueues."""
    agents = 20
    for number in range(agents):
        _create_agent(stack, f"swept {number}")
    stack.wait_idle()
    known = len(stack.emulator.edit(lambda account: account.resources.agents))
    before = dict(stack.emulator.calls)
    stack.sweep()
    stack.wait_idle()
    after = stack.emulator.calls
    made = {name: after[name] - before.get(name, 0) for name in after}
    per_agent = sum(made.values()) / agents
    print(f"\ncalls per AI agent of a sweep: {per_agent:.1f}")
    # The summary's own ARN proves the draft; whether there is a `$LATEST` is asked for by name.
    assert made["qconnect:GetAIAgent"] <= known
    assert per_agent < 4


def _change_to_alert(stack: LocalStack, number: int) -> float:
    stack.drain_inbox()
    began = time.perf_counter()
    agent = _create_agent(stack, f"bench {number}")
    wait_until(lambda: any(agent in body for body in stack.drain_inbox()), 30, "the alert")
    return time.perf_counter() - began


def _create_agent(stack: LocalStack, name: str) -> str:
    agent = stack.client("qconnect").create_ai_agent(
        assistantId=stack.seed.assistant_id,
        name=name,
        type="ORCHESTRATION",
        visibilityStatus="SAVED",
        configuration={
            "orchestrationAIAgentConfiguration": {
                "orchestrationAIPromptId": "5b0f1d7e-0000-4000-8000-0000000000aa",
                "toolConfigurations": _tools(1),
            }
        },
    )
    return str(agent["aiAgent"]["aiAgentId"])


def _tools(count: int) -> list[dict[str, Any]]:
    return [
        {
            "toolName": f"Retrieve{number}",
            "toolType": "MODEL_CONTEXT_PROTOCOL",
            "toolId": "aws_service__qconnect_Retrieve",
        }
        for number in range(count)
    ]


def _snapshot(tools: int) -> dict[str, Any]:
    configuration = {"orchestrationAIAgentConfiguration": {"toolConfigurations": _tools(tools)}}
    return {
        "aiAgent": {"name": "bench", "type": "ORCHESTRATION", "configuration": configuration},
        "securityProfiles": [
            {"SecurityProfile": {"Id": "p"}, "Permissions": ["BasicAgentAccess", "Wisdom.View"]}
        ],
    }
