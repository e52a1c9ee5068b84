"""The emulator as a process of its own: the control surface, signals, and the AWS CLI."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
AWS = Path(sys.executable).parent / "aws"
UUID = "00000000-0000-4000-8000-000000000000"


@dataclass
class Process:
    """A running ``python -m connect_emulator`` and the line that it printed."""

    child: subprocess.Popen[str]
    line: dict[str, Any]

    def control(self, method: str, name: str, document: Any = None) -> Any:
        data = None if document is None else json.dumps(document).encode()
        url = f"{self.line['connectUrl']}/_emulator/{name}"
        request = urllib.request.Request(url, data, method=method)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            return json.load(response)

    def aws(self, service: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the AWS CLI against the emulator, away from any configuration of the machine."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.devnull,
            "AWS_ACCESS_KEY_ID": "AKIACLI",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        command = [str(AWS), service, *arguments, "--output", "json"]
        endpoint = ["--endpoint-url", self.line[f"{service}Url"]]
        return subprocess.run(
            [*command, *endpoint],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def aws_json(self, service: str, *arguments: str) -> Any:
        done = self.aws(service, *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None


def configured(tool: dict[str, str]) -> dict[str, Any]:
    """A configuration as the AWS CLI's own, older model demands it: with a prompt."""
    settings = {"orchestrationAIPromptId": UUID, "toolConfigurations": [tool]}
    return {"orchestrationAIAgentConfiguration": settings}


def start(*arguments: str) -> Process:
    child = subprocess.Popen(
        [sys.executable, "-m", "connect_emulator", *arguments],
        cwd=ROOT / "local",
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    return Process(child, json.loads(child.stdout.readline()))


def stop(process: Process, number: int) -> float:
    started = time.monotonic()
    process.child.send_signal(number)
    try:
        assert process.child.wait(timeout=15) == 0
    finally:
        process.child.kill()
        process.child.wait()
        assert process.child.stdout is not None
        process.child.stdout.close()
    return time.monotonic() - started


@pytest.fixture(scope="module")
def running() -> Iterator[Process]:
    process = start("--seed")
    yield process
    stop(process, signal.SIGTERM)


@pytest.fixture
def process(running: Process) -> Process:
    running.control("DELETE", "faults")
    running.control("DELETE", "calls")
    return running


def test_signals_end_it_even_while_a_call_is_held_up() -> None:
    process = start("--id-seed", "1")
    process.control(
        "POST", "faults", {"kind": "latency", "operation": "connect:ListInstances", "seconds": 60}
    )
    request = f"{process.line['connectUrl']}/instance"
    held = subprocess.Popen(
        [sys.executable, "-c", f"import urllib.request as u; u.urlopen('{request}')"],
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 10
    while not process.control("GET", "calls") and time.monotonic() < deadline:
        pass
    assert stop(process, signal.SIGINT) < 5
    held.wait(timeout=10)


def test_ids_are_repeatable_with_a_seed() -> None:
    lines = []
    for _ in range(2):
        process = start("--seed", "--id-seed", "5")
        lines.append(process.line["seed"])
        stop(process, signal.SIGTERM)
    assert lines[0] == lines[1]


def test_control_surface(process: Process) -> None:
    assert process.control("GET", "health") == {"status": "up"}
    changed = process.control("POST", "settings", {"refused_tool_namespaces": ["x"]})
    assert changed["refused_tool_namespaces"] == ["x"]
    process.control("POST", "settings", {"refused_tool_namespaces": ["aws_custom_analytics"]})
    process.control("POST", "faults", {"kind": "stale", "operation": "connect:SearchUsers"})
    process.control("POST", "faults", {"kind": "rate_limit"})
    faults = process.control("GET", "faults")
    assert [(one["kind"], one["times"], one["versions"]) for one in faults] == [("stale", None, 1)]
    made = process.control("POST", "instances", {"alias": "second"})
    assert made["instance_arn"].endswith(made["instance_id"])
    seeded = process.control("POST", "seed", {})
    assert seeded["instance_id"] != process.line["seed"]["instance_id"]


@pytest.mark.parametrize(
    ("method", "name", "document", "status"),
    [
        ("GET", "nothing", None, 404),
        ("POST", "faults", {"kind": "explode", "operation": "*"}, 400),
        ("POST", "faults", {"operation": "*"}, 400),
        ("POST", "faults", {"kind": "throttle", "operation": "*", "times": "often"}, 400),
        ("POST", "faults", {"kind": "throttle", "operation": "*", "unknown": 1}, 400),
        ("POST", "faults", [], 400),
        ("POST", "settings", {"page_size": "short"}, 400),
        ("POST", "settings", {"unknown": 1}, 400),
        ("GET", "records?since=x", None, 400),
    ],
)
def test_bad_control_requests(
    process: Process, method: str, name: str, document: Any, status: int
) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        process.control(method, name, document)
    with error.value:
        assert error.value.code == status
        assert json.load(error.value)["message"]


def test_cli_agents(process: Process) -> None:
    """What a person types: create, update, publish."""
    assistant = ("--assistant-id", process.line["seed"]["assistant_arn"])
    tool = {
        "toolName": "Retrieve",
        "toolType": "MODEL_CONTEXT_PROTOCOL",
        "toolId": "aws_service__qconnect_Retrieve",
    }
    visible = ("--visibility-status", "PUBLISHED")
    agent = process.aws_json(
        "qconnect",
        "create-ai-agent",
        *(*assistant, "--name", "cli", "--type", "ORCHESTRATION", *visible),
        *("--configuration", json.dumps(configured(tool))),
    )["aiAgent"]
    named = (*assistant, "--ai-agent-id", f"{agent['aiAgentId']}:$SAVED")
    process.aws_json("qconnect", "update-ai-agent", *named, *visible, "--description", "new")
    version = process.aws_json("qconnect", "create-ai-agent-version", *named)
    assert (version["versionNumber"], version["aiAgent"]["description"]) == (1, "new")
    assert process.control("GET", "calls")["qconnect:UpdateAIAgent"] == 1


def test_cli_profiles(process: Process) -> None:
    """Create, update, associate, look it up."""
    seeded = process.line["seed"]
    instance = ("--instance-id", seeded["instance_arn"])
    profile_id = process.aws_json(
        "connect", "create-security-profile", *instance, "--security-profile-name", "cli"
    )["SecurityProfileId"]
    profile = (*instance, "--security-profile-id", profile_id)
    process.aws_json("connect", "update-security-profile", *profile, "--permissions", "Wisdom.View")
    arn = f"{seeded['system_agent_arns']['SalesAgent']}:$LATEST"
    entity = (*instance, "--entity-type", "AI_AGENT", "--entity-arn", arn)
    chosen = ("--security-profiles", f"Id={profile_id}")
    process.aws_json("connect", "associate-security-profiles", *entity, *chosen)
    listed = process.aws_json("connect", "list-entity-security-profiles", *entity)
    assert listed["SecurityProfiles"] == [{"Id": profile_id}]
    names = [one["eventName"] for one in process.control("GET", "records?since=0")]
    assert names[-3:] == [
        "CreateSecurityProfile",
        "UpdateSecurityProfile",
        "AssociateSecurityProfiles",
    ]
    found = process.aws_json("cloudtrail", "lookup-events", "--max-items", "1")
    assert found["Events"][0]["EventName"] == "AssociateSecurityProfiles"


def test_cli_sees_typed_errors(process: Process) -> None:
    done = process.aws("qconnect", "get-assistant", "--assistant-id", UUID)
    assert done.returncode != 0
    assert "(ResourceNotFoundException)" in done.stderr
    done = process.aws(
        "connect",
        "describe-security-profile",
        *("--instance-id", process.line["seed"]["instance_arn"], "--security-profile-id", "x"),
    )
    assert "(ResourceNotFoundException)" in done.stderr


def test_cli_is_told_of_a_refused_save(process: Process) -> None:
    seeded = process.line["seed"]
    tool = {
        "toolName": "Dashboard",
        "toolType": "MODEL_CONTEXT_PROTOCOL",
        "toolId": "aws_custom_analytics__get_dashboard_configuration",
    }
    done = process.aws(
        "qconnect",
        "create-ai-agent",
        *("--assistant-id", seeded["assistant_id"], "--name", "refused"),
        *("--type", "ORCHESTRATION", "--visibility-status", "SAVED"),
        *("--configuration", json.dumps(configured(tool))),
    )
    assert "(ValidationException)" in done.stderr
    assert f"MCP tool with ID '{tool['toolId']}' not found in MCP tools" in done.stderr
