"""The second half of the demo: mode `fix`, its admin, and an operator with the toolgrant CLI."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from toolgrant_local.environment import aws_environment
from toolgrant_local.errors import LocalError
from toolgrant_local.story import Stage, association, create_agent, system_tools

OPT_IN = {"toolgrant:auto-fix": "true"}


def agent_on_profile(
    name: str, people: int = 0, act: Callable[[Stage], None] | None = None
) -> Callable[[Stage], None]:
    """An AI agent on an opted-in profile without permissions, held by `people` users."""

    def do(stage: Stage) -> None:
        if act:
            act(stage)
        stage.tools = system_tools(stage, "AgentAssistanceOrchestrator")
        create_agent(stage, f"{name} assistant")
        connect, instance = stage.stack.client("connect"), stage.stack.seed.instance_id
        made = connect.create_security_profile(
            InstanceId=instance,
            SecurityProfileName=f"AI agents - {name}",
            Permissions=["BasicAgentAccess"],
            Tags=OPT_IN,
        )
        stage.ids["profile"] = made["SecurityProfileId"]
        tag = ", ".join(f"{key} = {value}" for key, value in OPT_IN.items())
        stage.say(f'CreateSecurityProfile "AI agents - {name}", tagged {tag}')
        for number in range(people):
            hire(stage, f"{name}-{number}")
        connect.associate_security_profiles(**association(stage))
        stage.say(f"AssociateSecurityProfiles; permissions: {', '.join(permissions(stage))}")

    return do


def hire(stage: Stage, name: str) -> None:
    """A person with the security profile."""
    stage.stack.client("connect").create_user(
        InstanceId=stage.stack.seed.instance_id,
        Username=name,
        PhoneConfig={"PhoneType": "SOFT_PHONE"},
        SecurityProfileIds=[stage.ids["profile"]],
        RoutingProfileId=stage.ids["profile"],
    )
    stage.say(f"CreateUser {name} with that security profile")


def permissions(stage: Stage) -> list[str]:
    """The permissions of the scene's security profile."""
    answer = stage.stack.client("connect").list_security_profile_permissions(
        InstanceId=stage.stack.seed.instance_id, SecurityProfileId=stage.ids["profile"]
    )
    return list(answer["Permissions"])


def take_away(stage: Stage) -> None:
    """Somebody removes what toolgrant added to the first profile."""
    stage.ids |= {"profile": stage.ids["first profile"], "agent": stage.ids["first agent"]}
    before = permissions(stage)
    kept = [permission for permission in before if permission != "Wisdom.View"]
    stage.stack.client("connect").update_security_profile(
        InstanceId=stage.stack.seed.instance_id,
        SecurityProfileId=stage.ids["profile"],
        Permissions=kept,
    )
    stage.say(f"UpdateSecurityProfile: {', '.join(before)} → {', '.join(kept)}")


def remember_first(stage: Stage) -> None:
    """The AI agent and profile of the first scene are needed again."""
    stage.ids |= {"first profile": stage.ids["profile"], "first agent": stage.ids["agent"]}


def order(action: str, target: str = "", *options: str) -> Callable[[Stage], None]:
    """An operator runs `toolgrant <action>`. `target` names a value that the stage remembers."""

    def do(stage: Stage) -> None:
        arguments = [action, *([stage.ids[target]] if target else []), *options]
        stage.say(f"$ toolgrant {' '.join(arguments)}")
        for line in _toolgrant(stage, *arguments, "--by", "the operator of the demo"):
            stage.say(f"  {line}")

    return do


def _toolgrant(stage: Stage, *arguments: str) -> list[str]:
    """Run the command as an operator would; the lines it printed."""
    with tempfile.TemporaryDirectory(prefix="toolgrant-") as home:
        ended = subprocess.run(
            [str(Path(sys.executable).with_name("toolgrant")), *arguments],
            env={**aws_environment(Path(home)), **stage.stack.aws_variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    if ended.returncode:
        raise LocalError(f"toolgrant {' '.join(arguments)}: {ended.stderr.strip()}")
    return ended.stdout.splitlines()
