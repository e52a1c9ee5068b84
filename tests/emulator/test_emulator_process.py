"""The emulator as a process of its own: the control surface, signals, and the AWS CLI."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.error
from collections.abc import Iterator
from typing import Any

import pytest
from tests.emulator.process import ROOT, Process, start, stop

UUID = "00000000-0000-4000-8000-000000000000"


def configured(tool: dict[str, str]) -> dict[str, Any]:
    """A configuration as the AWS CLI's own, older model demands it: with a prompt."""
    settings = {"orchestrationAIPromptId": UUID, "toolConfigurations": [tool]}
    return {"orchestrationAIAgentConfiguration": settings}


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
    deadline = time.monotonic() + 60
    while not process.control("GET", "calls") and time.monotonic() < deadline:
        pass
    assert stop(process, signal.SIGINT) < 5
    held.wait(timeout=60)


def test_ids_are_repeatable_with_a_seed() -> None:
    lines = []
    for _ in range(2):
        process = start("--seed", "--id-seed", "5")
        lines.append(process.line["seed"])
        stop(process, signal.SIGTERM)
    assert lines[0] == lines[1]


def test_settings_to_begin_with() -> None:
    identities = {"AKIACLI": {"type": "IAMUser", "name": "kim"}}
    given = {"profile_stamps": "per-list", "identities": identities}
    process = start("--settings", json.dumps(given))
    assert process.control("GET", "settings").items() >= given.items()
    process.control("POST", "settings", {"profile_stamps": "absent", "identities": {}})
    assert process.control("DELETE", "settings").items() >= given.items()
    stop(process, signal.SIGTERM)


@pytest.mark.parametrize(
    ("text", "named"),
    [("{", "--settings"), ("[1]", "--settings"), ('{"profile_stamps": "maybe"}', "'maybe'")],
)
def test_bad_settings_to_begin_with(text: str, named: str) -> None:
    command = [sys.executable, "-m", "connect_emulator", "--settings", text]
    done = subprocess.run(
        command, cwd=ROOT / "local", capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert named in done.stderr
    assert "Traceback" not in done.stderr


def test_control_surface(process: Process) -> None:
    assert process.control("GET", "health") == {"status": "up"}
    changed = process.control("POST", "settings", {"refused_tool_namespaces": ["x"]})
    assert changed["refused_tool_namespaces"] == ["x"]
    again = process.control("DELETE", "settings")
    assert again["refused_tool_namespaces"] == ["aws_custom_analytics"]
    assert process.control("GET", "landings") == []
    assert process.control("POST", "landings") == {"landed": 0}
    process.control("POST", "faults", {"kind": "stale", "operation": "connect:SearchUsers"})
    process.control("POST", "faults", {"kind": "rate_limit"})
    faults = process.control("GET", "faults")
    assert [(fault["kind"], fault["times"], fault["versions"]) for fault in faults] == [
        ("stale", None, 1)
    ]
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
    names = [record["eventName"] for record in process.control("GET", "records?since=0")]
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
