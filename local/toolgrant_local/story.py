"""The admin of the demo: what a contact-centre admin does, scene by scene, over plain boto3.

The scenes (`scenes.py`) share one `Stage`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from toolgrant_local.stack import LocalStack

_MCP = "MODEL_CONTEXT_PROTOCOL"
DASHBOARD = "get_dashboard_configuration"
GATEWAY = "gw-retail"
GATEWAY_TOOL = {
    "toolName": "orders_api___CancelOrder",
    "toolType": _MCP,
    "toolId": f"gateway_{GATEWAY}__orders-api___CancelOrder",
}
UNKNOWN_TOOL = {
    "toolName": "SearchTheWeb",
    "toolType": _MCP,
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


def copy_system_agent(stage: Stage) -> None:
    """Copy AgentAssistanceOrchestrator and attach an empty security profile to the draft."""
    stage.tools = system_tools(stage, "AgentAssistanceOrchestrator")
    create_agent(stage, "Order assistant")
    create_profile(stage, "AI agents - orders", [])
    stage.stack.client("connect").associate_security_profiles(**association(stage))
    stage.say("AssociateSecurityProfiles with the draft ($SAVED)")


def system_tools(stage: Stage, name: str) -> list[Mapping[str, Any]]:
    """The tools of a system AI agent."""
    listed = stage.stack.client("qconnect").list_ai_agents(
        assistantId=stage.stack.seed.assistant_id, origin="SYSTEM"
    )
    system = next(agent for agent in listed["aiAgentSummaries"] if agent["name"] == name)
    return list(system["configuration"]["orchestrationAIAgentConfiguration"]["toolConfigurations"])


def create_agent(stage: Stage, name: str) -> None:
    """Create an AI agent with the tools of the stage; later scenes are about this one."""
    stage.say(f'CreateAIAgent "{name}" with {len(stage.tools)} tools')
    agent = stage.stack.client("qconnect").create_ai_agent(
        assistantId=stage.stack.seed.assistant_id,
        name=name,
        type="ORCHESTRATION",
        visibilityStatus="SAVED",
        configuration=stage.orchestration(),
    )["aiAgent"]
    stage.ids |= {"agent": agent["aiAgentId"], "arn": agent["aiAgentArn"]}


def create_profile(stage: Stage, name: str, permissions: list[str]) -> None:
    """Create a security profile; later scenes are about this one."""
    profile = stage.stack.client("connect").create_security_profile(
        InstanceId=stage.stack.seed.instance_id, SecurityProfileName=name, Permissions=permissions
    )
    stage.ids["profile"] = profile["SecurityProfileId"]
    stage.say(f'CreateSecurityProfile "{name}" with {", ".join(permissions) or "no permission"}')


def grant(*permissions: str) -> Callable[[Stage], None]:
    """Tick boxes in the security profile."""

    def act(stage: Stage) -> None:
        stage.stack.client("connect").update_security_profile(
            InstanceId=stage.stack.seed.instance_id,
            SecurityProfileId=stage.ids["profile"],
            Permissions=list(permissions),
        )
        stage.say(f"UpdateSecurityProfile: grants {', '.join(permissions)}")

    return act


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


def add_module_tool(stage: Stage) -> None:
    """Create a flow module, release it, and add it as a tool."""
    connect, instance = stage.stack.client("connect"), {"InstanceId": stage.stack.seed.instance_id}
    stage.ids["module"] = connect.create_contact_flow_module(
        **instance,
        Name="Check order status",
        Description="Looks up an order",
        Content=json.dumps({"Version": "2019-10-30", "Actions": []}),
        ExternalInvocationConfiguration={"Enabled": True},
    )["Id"]
    released = connect.create_contact_flow_module_version(
        **instance, ContactFlowModuleId=stage.ids["module"]
    )
    stage.say('CreateContactFlowModule "Check order status", CreateContactFlowModuleVersion')
    tool_id = f"aws_custom_flows__{stage.ids['module']}_{released['Version']}"
    module_tool = {"toolName": "CheckOrderStatus", "toolType": _MCP, "toolId": tool_id}
    add_tool(module_tool)(stage)


def add_gateway_tool(stage: Stage) -> None:
    """Register an MCP server's gateway with the instance, and add one of its tools."""
    made = stage.stack.client("appintegrations").create_application(
        Name="Retail orders",
        Namespace=GATEWAY,
        ApplicationType="MCP_SERVER",
        ApplicationSourceConfig={"ExternalUrlConfig": {"AccessUrl": "https://retail.example.com"}},
    )
    stage.stack.client("connect").create_integration_association(
        InstanceId=stage.stack.seed.instance_id,
        IntegrationType="APPLICATION",
        IntegrationArn=made["Arn"],
    )
    stage.say(f"CreateApplication {GATEWAY} (MCP server), CreateIntegrationAssociation")
    add_tool(GATEWAY_TOOL)(stage)


def dissociate(stage: Stage) -> None:
    """Take the security profile away from the AI agent."""
    stage.stack.client("connect").disassociate_security_profiles(**association(stage))
    stage.say("DisassociateSecurityProfiles from the draft")


def copy_sales_agent(stage: Stage) -> None:
    """Copy SalesAgent with all its tools: this Region does not offer one of them."""
    stage.tools = system_tools(stage, "SalesAgent")
    try:
        create_agent(stage, "Sales assistant")
    except stage.stack.client("qconnect").exceptions.ValidationException as error:
        stage.say(f"refused: {error.response['Error']['Message']}")


def copy_sales_agent_without(stage: Stage) -> None:
    """Leave that tool out, and attach a profile without Customer Profiles."""
    stage.tools = [tool for tool in stage.tools if tool["toolName"] != DASHBOARD]
    create_agent(stage, "Sales assistant")
    create_profile(stage, "AI agents - sales", ["BasicAgentAccess"])
    stage.stack.client("connect").associate_security_profiles(**association(stage))
    stage.say("AssociateSecurityProfiles with the draft ($SAVED)")


def publish(stage: Stage) -> None:
    """Publish a version and make it the default, but forget the security profile."""
    qconnect, assistant = stage.stack.client("qconnect"), stage.stack.seed.assistant_id
    qconnect.create_ai_agent_version(assistantId=assistant, aiAgentId=stage.ids["agent"])
    stage.say("CreateAIAgentVersion")
    qconnect.update_assistant_ai_agent(
        assistantId=assistant,
        aiAgentType="ORCHESTRATION",
        orchestratorUseCase="Connect.SelfService",
        configuration={"aiAgentId": f"{stage.ids['agent']}:$LATEST"},
    )
    stage.say("UpdateAssistantAIAgent: $LATEST is what customers talk to now")


def associate_live(stage: Stage) -> None:
    """Attach the security profile to the published version too."""
    stage.stack.client("connect").associate_security_profiles(**association(stage, "$LATEST"))
    stage.say("AssociateSecurityProfiles with the published version ($LATEST)")


def name_in_flow(stage: Stage) -> None:
    """Publish another version, have a contact flow name it, then lose its security profile."""
    qconnect, connect = stage.stack.client("qconnect"), stage.stack.client("connect")
    created = qconnect.create_ai_agent_version(
        assistantId=stage.stack.seed.assistant_id, aiAgentId=stage.ids["agent"]
    )
    number = str(created["versionNumber"])
    stage.say(f"CreateAIAgentVersion: version {number}")
    connect.associate_security_profiles(**association(stage, number))
    stage.say(f"AssociateSecurityProfiles with version {number}")
    attributes = {"x-amz-lex:q-in-connect:ai-agent-arn": f"{stage.ids['arn']}:{number}"}
    block = {
        "Identifier": "ai-agent",
        "Type": "ConnectParticipantWithLexBot",
        "Parameters": {"LexSessionAttributes": attributes},
    }
    connect.create_contact_flow(
        InstanceId=stage.stack.seed.instance_id,
        Name="Main IVR",
        Type="CONTACT_FLOW",
        Content=json.dumps({"Version": "2019-10-30", "Actions": [block]}),
    )
    stage.say(f'CreateContactFlow "Main IVR": it names version {number}; the assistant does not')
    stage.stack.wait_idle()
    connect.disassociate_security_profiles(**association(stage, number))
    stage.say(f"DisassociateSecurityProfiles from version {number}")


def association(stage: Stage, qualifier: str = "$SAVED") -> dict[str, Any]:
    """The security profile and a version of the AI agent, as Associate and Disassociate want it."""
    return {
        "InstanceId": stage.stack.seed.instance_id,
        "SecurityProfiles": [{"Id": stage.ids["profile"]}],
        "EntityType": "AI_AGENT",
        "EntityArn": f"{stage.ids['arn']}:{qualifier}",
    }
