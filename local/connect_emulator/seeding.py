"""A first account to work with: what a Connect instance with AI agents looks like from the start.

The data is ``seed.json``. The tools of the three system agents were read off public copies of their
configurations; SalesAgent's ``get_dashboard_configuration`` was seen in one region only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from connect_emulator.account import Account
from connect_emulator.agent_versions import release
from connect_emulator.agents import add_agent
from connect_emulator.assistants import assistant_of
from connect_emulator.emulator import Emulator
from connect_emulator.instances import WISDOM_ASSISTANT, add_instance
from connect_emulator.profiles import add_profile
from connect_emulator.resources import SYSTEM, AIAgent, Instance
from connect_emulator.tools import CONFIGURATIONS, ORCHESTRATION

Data = dict[str, Any]


@dataclass(frozen=True)
class Seed:
    """The ids of what ``seed`` made; agents and profiles by name."""

    instance_id: str
    instance_arn: str
    assistant_id: str
    assistant_arn: str
    integration_association_id: str
    knowledge_base_id: str
    knowledge_base_association_id: str
    system_agents: dict[str, str]
    system_agent_arns: dict[str, str]
    profiles: dict[str, str]


def seed(emulator: Emulator) -> Seed:
    """Make the sample instance, assistant, agents and profiles, without a CloudTrail record."""
    data: Data = json.loads(files(__package__).joinpath("seed.json").read_text("utf-8"))
    seeded: Seed = emulator.edit(lambda account: _seed(emulator, account, data))
    return seeded


def _seed(emulator: Emulator, account: Account, data: Data) -> Seed:
    instance = add_instance(account, data["instance"]["alias"])
    assistant = emulator.apply("qconnect:CreateAssistant", **data["assistant"])["assistant"]
    integration = _integrate(emulator, instance, assistant)
    knowledge_base_id = account.new_id()
    agents = [
        _system_agent(account, assistant["assistantId"], agent) for agent in data["system_agents"]
    ]
    return Seed(
        instance_id=instance.id,
        instance_arn=instance.arn,
        assistant_id=assistant["assistantId"],
        assistant_arn=assistant["assistantArn"],
        integration_association_id=integration["IntegrationAssociationId"],
        knowledge_base_id=knowledge_base_id,
        knowledge_base_association_id=_associate(emulator, assistant, knowledge_base_id),
        system_agents={agent.name: agent.id for agent in agents},
        system_agent_arns={agent.name: agent.arn for agent in agents},
        profiles={
            profile["name"]: _profile(account, instance, profile) for profile in data["profiles"]
        },
    )


def _integrate(emulator: Emulator, instance: Instance, assistant: Data) -> Data:
    integration: Data = emulator.apply(
        "connect:CreateIntegrationAssociation",
        InstanceId=instance.id,
        IntegrationType=WISDOM_ASSISTANT,
        IntegrationArn=assistant["assistantArn"],
    )
    return integration


def _associate(emulator: Emulator, assistant: Data, knowledge_base_id: str) -> str:
    output = emulator.apply(
        "qconnect:CreateAssistantAssociation",
        assistantId=assistant["assistantId"],
        associationType="KNOWLEDGE_BASE",
        association={"knowledgeBaseId": knowledge_base_id},
    )
    return str(output["assistantAssociation"]["assistantAssociationId"])


def _profile(account: Account, instance: Instance, data: Data) -> str:
    return add_profile(account, instance, data["name"], data["fields"], data["type"]).id


def _system_agent(account: Account, assistant_id: str, data: Data) -> AIAgent:
    """A SYSTEM agent with one version, as an assistant names it by ``id:$LATEST``."""
    tools = [_tool(name, tool_id) for name, tool_id in data["tools"].items()]
    # Prompts are not kept here, but every real orchestration agent names one.
    settings = {"orchestrationAIPromptId": f"{account.new_id()}:1", "toolConfigurations": tools}
    params = {
        "name": data["name"],
        "type": ORCHESTRATION,
        "visibilityStatus": "PUBLISHED",
        "configuration": {CONFIGURATIONS[ORCHESTRATION]: settings},
    }
    agent = add_agent(account, assistant_of(account, assistant_id), params, SYSTEM)
    release(agent)
    return agent


def _tool(name: str, tool_id: str | None) -> dict[str, str]:
    if tool_id is None:
        return {"toolName": name, "toolType": "RETURN_TO_CONTROL"}
    return {"toolName": name, "toolType": "MODEL_CONTEXT_PROTOCOL", "toolId": tool_id}
