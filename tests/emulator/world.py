"""What the tests of the emulator share: clients, and short ways to make things."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config

from connect_emulator import Emulator, Seed
from connect_emulator.account import Account

ACCOUNT = "111122223333"
REGION = "us-east-1"

Client = Any

# For tests of how lists are kept, whatever is in them.
UNCHECKED = {"check_applications": False, "check_flow_modules": False}
USE_CASE = "Connect.SelfService"


def make_client(service: str, url: str, key: str = "AKIAEXAMPLE", **options: Any) -> Client:
    """A real client that neither retries nor validates: whatever is sent, the service answers."""
    once = {"retries": {"total_max_attempts": 1}, "parameter_validation": False, "read_timeout": 60}
    config = Config(**(once | options))
    session: Any = boto3.session.Session()  # its stubs know literal service names only
    return session.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key="any",
        config=config,
    )


@dataclass
class Clock:
    """A clock that stands still until told; give it to an emulator as ``now``."""

    time: datetime = datetime(2026, 1, 1, 12, 0, 0, 750_000, UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class World:
    """The sample account with short ways to make things in it."""

    def __init__(self, emulator: Emulator, sample: Seed) -> None:
        self.emulator = emulator
        self.seed = sample
        self.instance_id = sample.instance_id
        self.assistant_id = sample.assistant_id

    def agent(self, name: str = "agent", tools: list[dict[str, Any]] | None = None) -> Any:
        """A customer's orchestration agent; returns its ``aiAgent``."""
        output = self.emulator.apply(
            "qconnect:CreateAIAgent",
            assistantId=self.assistant_id,
            name=name,
            type="ORCHESTRATION",
            visibilityStatus="SAVED",
            configuration=orchestration(tools or []),
        )
        return output["aiAgent"]

    def profile(self, name: str = "profile", **fields: Any) -> str:
        """A customer-managed security profile; returns its id."""
        output = self.emulator.apply(
            "connect:CreateSecurityProfile",
            InstanceId=self.instance_id,
            SecurityProfileName=name,
            **fields,
        )
        return str(output["SecurityProfileId"])

    def module(
        self, name: str = "module", *, released: bool = True, known_id: str = "", **fields: Any
    ) -> str:
        """A flow module that can be granted, unless told otherwise; returns its id."""
        usable = {
            "Description": "Looks things up",
            "ExternalInvocationConfiguration": {"Enabled": True},
        }
        instance = {"InstanceId": self.instance_id}
        created = self.emulator.apply(
            "connect:CreateContactFlowModule",
            **instance,
            **(usable | {"Name": name, "Content": "{}"} | fields),
        )
        if released:
            module = {"ContactFlowModuleId": created["Id"]}
            self.emulator.apply("connect:CreateContactFlowModuleVersion", **instance, **module)
        if known_id:
            self.emulator.edit(lambda account: _renumber(account, created["Id"], known_id))
        return known_id or str(created["Id"])

    def gateway(self, namespace: str = "gw") -> str:
        """An application of an MCP server; returns its ARN."""
        output = self.emulator.apply(
            "appintegrations:CreateApplication",
            Name=f"MCP server {namespace}",
            Namespace=namespace,
            ApplicationType="MCP_SERVER",
            ApplicationSourceConfig={"ExternalUrlConfig": {"AccessUrl": "https://example.com"}},
        )
        return str(output["Arn"])

    def named(self, profile_id: str) -> dict[str, str]:
        """The members by which calls name a profile."""
        return {"InstanceId": self.instance_id, "SecurityProfileId": profile_id}

    def user(self, name: str, *profile_ids: str) -> str:
        """A person with security profiles; returns the id."""
        output = self.emulator.apply(
            "connect:CreateUser",
            InstanceId=self.instance_id,
            Username=name,
            SecurityProfileIds=list(profile_ids),
            RoutingProfileId="routing-profile",
        )
        return str(output["UserId"])


def _renumber(account: Account, old: str, new: str) -> None:
    """Give a flow module the id that a test's data names."""
    module = account.resources.modules.pop(old)
    module.id, module.arn = new, module.arn.replace(old, new)
    account.resources.modules[new] = module


def orchestration(tools: list[dict[str, Any]]) -> dict[str, Any]:
    """An orchestration configuration with these tools."""
    return {"orchestrationAIAgentConfiguration": {"toolConfigurations": tools}}


def mcp_tool(tool_id: str | None, name: str = "Tool", **more: Any) -> dict[str, Any]:
    """An MCP tool, without a ``toolId`` if it is None."""
    tool = {"toolName": name, "toolType": "MODEL_CONTEXT_PROTOCOL", **more}
    return tool if tool_id is None else {**tool, "toolId": tool_id}
