"""Deployed stacks for the end-to-end tests; each test brings its own AI agents and profiles."""

from __future__ import annotations

import json
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.emulator.world import World

from toolgrant_local.processes import wait_until
from toolgrant_local.stack import LocalStack

ALERT_WITHIN = 90.0
PROMPT = "5b0f1d7e-0000-4000-8000-0000000000aa"
Alert = Mapping[str, Any]


def tool(name: str, tool_id: str | None, kind: str = "MODEL_CONTEXT_PROTOCOL") -> dict[str, Any]:
    """A toolConfigurations entry."""
    entry = {"toolName": name, "toolType": kind}
    return {**entry, "toolId": tool_id} if tool_id else entry


RETRIEVE = tool("Retrieve", "aws_service__qconnect_Retrieve")
NOTES = tool("GenerateNotes", "aws_service__qconnect_QueryAssistant")


class Admin:
    """What an admin does, in a line each, and the alerts that follow for the own AI agents."""

    patience = ALERT_WITHIN

    def __init__(self, stack: LocalStack) -> None:
        self.stack = stack
        self.connect = stack.client("connect")
        self.qconnect = stack.client("qconnect")
        self.instance = stack.seed.instance_id
        self.assistant = stack.seed.assistant_id
        self._unseen = World(stack.emulator, stack.seed)
        self._received: dict[str, Alert] = {}
        self._taken: set[str] = set()

    def agent(self, *tools: Mapping[str, Any], name: str = "") -> dict[str, Any]:
        """Create an AI agent."""
        created = self.qconnect.create_ai_agent(
            assistantId=self.assistant,
            name=name or f"agent {uuid.uuid4().hex[:8]}",
            type="ORCHESTRATION",
            visibilityStatus="SAVED",
            configuration=self.configuration(*tools),
        )
        return dict(created["aiAgent"])

    def save(self, agent: Mapping[str, Any], *tools: Mapping[str, Any]) -> None:
        """Save an AI agent with these tools."""
        self.qconnect.update_ai_agent(
            assistantId=self.assistant,
            aiAgentId=agent["aiAgentId"],
            visibilityStatus="SAVED",
            configuration=self.configuration(*tools),
        )

    def gateway(self, namespace: str = "") -> str:
        """Register the gateway of an MCP server, of which no event tells; its namespace."""
        namespace = namespace or f"gw-{uuid.uuid4().hex[:8]}"
        self._unseen.gateway(namespace)
        return namespace

    def module(self, known_id: str = "") -> str:
        """A flow module with one version, of which no event tells; its id."""
        return self._unseen.module(f"module {uuid.uuid4().hex[:8]}", known_id=known_id)

    def save_event(self, agent: Mapping[str, Any]) -> None:
        """Send the event of a save without a save, so that the AI agent is evaluated."""
        parameters = {"assistantId": self.assistant, "aiAgentId": agent["aiAgentId"]}
        detail = {
            "eventName": "UpdateAIAgent",
            "eventSource": "qconnect.amazonaws.com",
            "eventID": str(uuid.uuid4()),
            "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "requestParameters": parameters,
        }
        event = {"detail-type": "AWS API Call via CloudTrail", "detail": detail}
        self.stack.client("sqs").send_message(
            QueueUrl=self.stack.outputs["ChangeQueueUrl"], MessageBody=json.dumps(event)
        )

    @staticmethod
    def configuration(*tools: Mapping[str, Any]) -> dict[str, Any]:
        """An orchestration configuration."""
        inner = {"orchestrationAIPromptId": PROMPT, "toolConfigurations": list(tools)}
        return {"orchestrationAIAgentConfiguration": inner}

    def profile(self, **lists: Any) -> str:
        """Create a security profile with these lists; its id."""
        created = self.connect.create_security_profile(
            InstanceId=self.instance,
            SecurityProfileName=f"profile {uuid.uuid4().hex[:8]}",
            **lists,
        )
        return str(created["SecurityProfileId"])

    def grant(self, profile_id: str, **lists: Any) -> None:
        """Replace lists of a security profile."""
        self.connect.update_security_profile(
            InstanceId=self.instance, SecurityProfileId=profile_id, **lists
        )

    def attach(self, agent: Mapping[str, Any], profile_id: str, on: str = ":$SAVED") -> None:
        """Associate a profile with one qualifier."""
        self.connect.associate_security_profiles(**self._association(agent, profile_id, on))

    def detach(self, agent: Mapping[str, Any], profile_id: str, on: str = ":$SAVED") -> None:
        """Dissociate it."""
        self.connect.disassociate_security_profiles(**self._association(agent, profile_id, on))

    def _association(self, agent: Mapping[str, Any], profile_id: str, on: str) -> dict[str, Any]:
        return {
            "InstanceId": self.instance,
            "SecurityProfiles": [{"Id": profile_id}],
            "EntityType": "AI_AGENT",
            "EntityArn": f"{agent['aiAgentArn']}{on}",
        }

    def alert(self, agent: Mapping[str, Any] | str) -> Alert:
        """The next alert about an AI agent, waited for."""
        found: list[Alert] = []

        def look() -> bool:
            found.extend(self.new_alerts(agent))
            return bool(found)

        wait_until(look, self.patience, f"an alert about {agent}")
        self._taken.add(found[0]["alertId"])
        return found[0]

    def silence(self, agent: Mapping[str, Any] | str) -> None:
        """After everything is done, there is no further alert about an AI agent."""
        self.stack.wait_idle()
        assert self.new_alerts(agent) == []

    def new_alerts(self, agent: Mapping[str, Any] | str) -> list[Alert]:
        """What has arrived about an AI agent and was not taken yet."""
        agent_id = agent if isinstance(agent, str) else agent["aiAgentId"]
        for body in self.stack.drain_inbox():
            envelope = json.loads(body)
            alert = json.loads(envelope["Message"])
            if "alertId" in alert:
                attributes = {n: v["Value"] for n, v in envelope["MessageAttributes"].items()}
                self._received.setdefault(alert["alertId"], {**alert, "attributes": attributes})
        return [
            alert
            for alert_id, alert in self._received.items()
            if alert_id not in self._taken
            and (alert["threadId"] == agent_id or alert["agent"]["name"] == agent_id)
        ]

    def audits(self, wanted: Callable[[Mapping[str, Any]], bool]) -> list[Mapping[str, Any]]:
        """Audit records, waited for until there is one that is wanted."""
        found: list[Mapping[str, Any]] = []

        def look() -> bool:
            lines = (line for line in self.stack.logs("EvaluateFunction") if '"audit"' in line)
            records = (json.loads(line)["audit"] for line in lines)
            found.extend(record for record in records if wanted(record))
            return bool(found)

        wait_until(look, ALERT_WITHIN, "the audit record")
        return found


def names(alert: Alert) -> dict[str, list[str]]:
    """Tool name → missing grants."""
    return {finding["toolName"]: finding["missing"] for finding in alert["findings"]}


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """The deployed stack."""
    with LocalStack(output=sys.stderr) as running:
        yield running


@pytest.fixture(scope="session")
def fix_stack() -> Iterator[LocalStack]:
    """A second deployed stack, in mode `fix` and with IAM enforced, with an account of its own."""
    with LocalStack(mode="fix", iam=True, output=sys.stderr) as running:
        yield running


@pytest.fixture(scope="session")
def admin(stack: LocalStack) -> Admin:
    """The admin of the deployed stack; keeps alerts apart by AI agent."""
    return Admin(stack)


@pytest.fixture
def stopwatch() -> Callable[[], float]:
    """Seconds since the test began."""
    began = time.monotonic()
    return lambda: time.monotonic() - began
