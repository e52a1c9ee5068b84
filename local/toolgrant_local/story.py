"""The admin of the demo: what a contact-centre admin does, scene by scene, over plain boto3.

Each scene is one thing the admin does and the alert that must follow it. Scenes share `Stage`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from toolgrant_local.stack import LocalStack

MODULE_ID = "3f2b8a10-4c1d-4e6a-9b7f-2d5c8e901234"
FLOW_MODULE_TOOL = {
    "toolName": "CheckOrderStatus",
    "toolType": "MODEL_CONTEXT_PROTOCOL",
    "toolId": f"aws_custom_flows__{MODULE_ID}_1",
}
GATEWAY_TOOL = {
    "toolName": "orders_api___CancelOrder",
    "toolType": "MODEL_CONTEXT_PROTOCOL",
    "toolId": "gateway_gw-retail__orders-api___CancelOrder",
}
UNKNOWN_TOOL = {
    "toolName": "SearchTheWeb",
    "toolType": "MODEL_CONTEXT_PROTOCOL",
    "toolId": "aws_custom_websearch__search",
}


@dataclass
class Stage:
    """The services as the admin sees them, and the ids made so far."""

    stack: LocalStack
    done: list[str] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    tools: list[Mapping[str, Any]] = field(default_factory=list)

    def say(self, action: str) -> None:
        """Note an action for the timeline."""
        self.done.append(action)

    def orchestration(self) -> dict[str, Any]:
        """The configuration of the admin's AI agent."""
        inner = {
            "orchestrationAIPromptId": "5b0f1d7e-0000-4000-8000-0000000000aa",
            "toolConfigurations": self.tools,
        }
        return {"orchestrationAIAgentConfiguration": inner}


@dataclass(frozen=True)
class Expected:
    """An alert: its status, and per finding (tool name) what it must say somewhere."""

    status: str
    findings: Mapping[str, str]


@dataclass(frozen=True)
class Scene:
    """One thing the admin does, and the alert that must follow."""

    title: str
    act: Callable[[Stage], None]
    expected: Expected


def copy_system_agent(stage: Stage) -> None:
    """Copy AgentAssistanceOrchestrator and attach an empty security profile to the draft."""
    qconnect, connect = stage.stack.client("qconnect"), stage.stack.client("connect")
    assistant, instance = stage.stack.seed.assistant_id, stage.stack.seed.instance_id
    summaries = qconnect.list_ai_agents(assistantId=assistant, origin="SYSTEM")["aiAgentSummaries"]
    system = next(one for one in summaries if one["name"] == "AgentAssistanceOrchestrator")
    stage.tools = list(
        system["configuration"]["orchestrationAIAgentConfiguration"]["toolConfigurations"]
    )
    agent = qconnect.create_ai_agent(
        assistantId=assistant,
        name="Order assistant",
        type="ORCHESTRATION",
        visibilityStatus="SAVED",
        configuration=stage.orchestration(),
    )["aiAgent"]
    stage.say('CreateAIAgent "Order assistant", a copy of AgentAssistanceOrchestrator')
    profile = connect.create_security_profile(
        InstanceId=instance, SecurityProfileName="AI agents - orders"
    )
    stage.say('CreateSecurityProfile "AI agents - orders", empty')
    stage.ids = {
        "agent": agent["aiAgentId"],
        "draft": f"{agent['aiAgentArn']}:$SAVED",
        "profile": profile["SecurityProfileId"],
    }
    connect.associate_security_profiles(**_association(stage))
    stage.say("AssociateSecurityProfiles with the draft ($SAVED)")


def grant_wisdom_view(stage: Stage) -> None:
    """Tick Connect assistant - View."""
    stage.stack.client("connect").update_security_profile(
        InstanceId=stage.stack.seed.instance_id,
        SecurityProfileId=stage.ids["profile"],
        Permissions=["Wisdom.View"],
    )
    stage.say("UpdateSecurityProfile: grants Wisdom.View")


def add_tool(tool: Mapping[str, str]) -> Callable[[Stage], None]:
    """Add one tool to the AI agent."""

    def act(stage: Stage) -> None:
        stage.tools.append(tool)
        stage.stack.client("qconnect").update_ai_agent(
            assistantId=stage.stack.seed.assistant_id,
            aiAgentId=stage.ids["agent"],
            visibilityStatus="SAVED",
            configuration=stage.orchestration(),
        )
        stage.say(f"UpdateAIAgent: adds the tool {tool['toolName']} ({tool['toolId']})")

    return act


def dissociate(stage: Stage) -> None:
    """Take the security profile away from the AI agent."""
    stage.stack.client("connect").disassociate_security_profiles(**_association(stage))
    stage.say("DisassociateSecurityProfiles from the draft")


def _association(stage: Stage) -> dict[str, Any]:
    return {
        "InstanceId": stage.stack.seed.instance_id,
        "SecurityProfiles": [{"Id": stage.ids["profile"]}],
        "EntityType": "AI_AGENT",
        "EntityArn": stage.ids["draft"],
    }


_VIEW = "permission:Wisdom.View"

SCENES = (
    Scene(
        "An AI agent copied from AgentAssistanceOrchestrator, with an empty security profile",
        copy_system_agent,
        Expected("opened", {"GenerateNotes": _VIEW, "Retrieve": _VIEW}),
    ),
    Scene(
        "The missing permission is granted",
        grant_wisdom_view,
        Expected("resolved", {"GenerateNotes": _VIEW, "Retrieve": _VIEW}),
    ),
    Scene(
        "A flow module becomes a tool, but the profile does not allow it",
        add_tool(FLOW_MODULE_TOOL),
        Expected("opened", {"CheckOrderStatus": f"flow-module:{MODULE_ID}"}),
    ),
    Scene(
        "A tool of an MCP server is added, but the profile does not allow it",
        add_tool(GATEWAY_TOOL),
        Expected("opened", {"orders_api___CancelOrder": "mcp:gw-retail/orders-api___CancelOrder"}),
    ),
    Scene(
        "A tool that the catalog does not know",
        add_tool(UNKNOWN_TOOL),
        Expected("opened", {"SearchTheWeb": "UNKNOWN"}),
    ),
    Scene(
        "The security profile is taken away from the AI agent",
        dissociate,
        Expected("reopened", {"GenerateNotes": _VIEW, "Retrieve": _VIEW}),
    ),
)
