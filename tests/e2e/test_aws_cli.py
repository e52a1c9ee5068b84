"""The AWS CLI as the admin's client: nobody has to use our code to drive the local services."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import RETRIEVE, Admin
from tests.e2e.queue_messages import new_id

from toolgrant_local.environment import aws_environment
from toolgrant_local.stack import LocalStack

pytestmark = pytest.mark.stack
AWS = str(Path(sys.executable).parent / "aws")
Cli = Callable[..., Any]


@pytest.fixture
def cli(stack: LocalStack, tmp_path: Path) -> Cli:
    """`cli("connect", "list-instances", …)`: the parsed answer; a refusal raises RuntimeError."""
    endpoints = {"connect": stack.connect_endpoint, "qconnect": stack.qconnect_endpoint}

    def run(service: str, command: str, **options: Any) -> Any:
        given = [
            part
            for name, value in options.items()
            for part in (
                f"--{name.replace('_', '-')}",
                value if isinstance(value, str) else json.dumps(value),
            )
        ]
        done = subprocess.run(
            [AWS, "--endpoint-url", endpoints[service], service, command, *given],
            env={**aws_environment(tmp_path), "AWS_PAGER": "", "AWS_DEFAULT_OUTPUT": "json"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        return json.loads(done.stdout) if done.stdout.strip() else None

    return run


def test_an_admin_with_the_cli_sees_the_loop_work(cli: Cli, admin: Admin) -> None:
    configuration = admin.configuration(RETRIEVE)
    agent = cli(
        "qconnect",
        "create-ai-agent",
        assistant_id=admin.assistant,
        name=f"cli {new_id()}",
        type="ORCHESTRATION",
        visibility_status="SAVED",
        configuration=configuration,
    )["aiAgent"]
    profile = cli(
        "connect",
        "create-security-profile",
        instance_id=admin.instance,
        security_profile_name=f"cli {new_id()}",
    )["SecurityProfileId"]
    association = {
        "instance_id": admin.instance,
        "security_profiles": [{"Id": profile}],
        "entity_type": "AI_AGENT",
        "entity_arn": f"{agent['aiAgentArn']}:$SAVED",
    }
    cli("connect", "associate-security-profiles", **association)
    assert admin.alert(agent)["status"] == "opened"

    of_profile = {"instance_id": admin.instance, "security_profile_id": profile}
    cli("connect", "update-security-profile", **of_profile, permissions=["Wisdom.View"])
    assert admin.alert(agent)["status"] == "resolved"
    listed = cli("connect", "list-security-profile-permissions", **of_profile)
    assert listed["Permissions"] == ["Wisdom.View"]
    del association["security_profiles"]
    attached = cli("connect", "list-entity-security-profiles", **association)
    assert attached["SecurityProfiles"] == [{"Id": profile}]

    cli(
        "connect",
        "disassociate-security-profiles",
        **association,
        security_profiles=[{"Id": profile}],
    )
    assert admin.alert(agent)["status"] == "reopened"

    cli(
        "qconnect",
        "update-ai-agent",
        assistant_id=admin.assistant,
        ai_agent_id=agent["aiAgentId"],
        visibility_status="SAVED",
        configuration=admin.configuration(),
    )
    assert admin.alert(agent)["status"] == "resolved"
    agents = cli("qconnect", "list-ai-agents", assistant_id=admin.assistant)["aiAgentSummaries"]
    assert agent["aiAgentId"] in {listed["aiAgentId"] for listed in agents}


@pytest.mark.parametrize(
    ("service", "command", "options", "error"),
    [
        (
            "connect",
            "update-security-profile",
            {"security_profile_id": "no-such-profile", "permissions": ["Wisdom.View"]},
            "ResourceNotFoundException",
        ),
        (
            "connect",
            "create-security-profile",
            {"security_profile_name": "x" * 200},
            "InvalidParameterException",
        ),
        (
            "qconnect",
            "create-ai-agent",
            {
                "name": "bad",
                "type": "ORCHESTRATION",
                "visibility_status": "SAVED",
                "configuration": Admin.configuration(
                    {"toolName": "1 starts with a digit", "toolType": "RETURN_TO_CONTROL"}
                ),
            },
            "ValidationException",
        ),
        (
            "qconnect",
            "create-ai-agent",
            {
                "name": "bad",
                "type": "ORCHESTRATION",
                "visibility_status": "SAVED",
                "configuration": Admin.configuration(
                    {"toolName": "Odd", "toolType": "NO_SUCH_TYPE"}
                ),
            },
            "ValidationException",
        ),
    ],
)
def test_bad_input_is_refused_with_the_service_s_own_error(
    cli: Cli, admin: Admin, service: str, command: str, options: dict[str, Any], error: str
) -> None:
    place = {"connect": "instance_id", "qconnect": "assistant_id"}[service]
    value = {"connect": admin.instance, "qconnect": admin.assistant}[service]
    with pytest.raises(RuntimeError, match=error):
        cli(service, command, **{place: value}, **options)
