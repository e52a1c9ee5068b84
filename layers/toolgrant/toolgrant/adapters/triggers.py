"""Which CloudTrail events make toolgrant look again, and where their records say at what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from toolgrant.domain.records import EdgeKind


@dataclass(frozen=True)
class Subject:
    """What a trigger's record is about, and the paths where the record says so.

    `paths` lead to its id or ARN; the first one that is filled counts. `edge`: every AI agent with
    such an edge to it is looked at again. `flow`: a contact flow, which is read again. With
    neither it is an AI agent itself, and `assistant` are the paths of its assistant's id or ARN;
    none where only an ARN can name the AI agent.
    """

    paths: tuple[str, ...]
    edge: EdgeKind | None = None
    assistant: tuple[str, ...] = ()
    flow: bool = False


ASSISTANT = Subject(("requestParameters.assistantId",), EdgeKind.ASSISTANT)
ASSISTANT_CREATED = Subject(("responseElements.assistant.assistantId",), EdgeKind.ASSISTANT)
PROFILE = Subject(("requestParameters.SecurityProfileId",), EdgeKind.PROFILE)
PROFILE_CREATED = Subject(("responseElements.SecurityProfileId",), EdgeKind.PROFILE)
FLOW_MODULE = Subject(("requestParameters.ContactFlowModuleId",), EdgeKind.FLOW_MODULE)
FLOW_MODULE_CREATED = Subject(("responseElements.Id",), EdgeKind.FLOW_MODULE)
INSTANCE = Subject(("requestParameters.InstanceId",), EdgeKind.INSTANCE)
FLOW = Subject(("requestParameters.ContactFlowId",), flow=True)
FLOW_CREATED = Subject(
    ("responseElements.ContactFlowArn", "responseElements.ContactFlowId"), flow=True
)
AGENT = Subject(("requestParameters.aiAgentId",), assistant=ASSISTANT.paths)
AGENT_CREATED = Subject(
    ("responseElements.aiAgent.aiAgentArn", "responseElements.aiAgent.aiAgentId"),
    assistant=("responseElements.aiAgent.assistantId", *ASSISTANT.paths),
)
AGENT_CONFIGURED = Subject(
    ("requestParameters.configuration.aiAgentId",), assistant=ASSISTANT.paths
)
"""The AI agent that an assistant's configuration names from now on (UpdateAssistantAIAgent)."""

ENTITY = Subject(("requestParameters.EntityArn",))

TRIGGERS: Mapping[str, Subject] = {
    "CreateAIAgent": AGENT_CREATED,
    "UpdateAIAgent": AGENT,
    "DeleteAIAgent": AGENT,
    "CreateAIAgentVersion": AGENT,
    "DeleteAIAgentVersion": AGENT,
    "UpdateAssistantAIAgent": ASSISTANT,
    "RemoveAssistantAIAgent": ASSISTANT,
    "CreateAssistant": ASSISTANT_CREATED,
    "DeleteAssistant": ASSISTANT,
    "CreateAssistantAssociation": ASSISTANT,
    "DeleteAssistantAssociation": ASSISTANT,
    "CreateSecurityProfile": PROFILE_CREATED,
    "UpdateSecurityProfile": PROFILE,
    "DeleteSecurityProfile": PROFILE,
    "AssociateSecurityProfiles": ENTITY,
    "DisassociateSecurityProfiles": ENTITY,
    "CreateContactFlow": FLOW_CREATED,
    "UpdateContactFlowContent": FLOW,
    "UpdateContactFlowMetadata": FLOW,
    "DeleteContactFlow": FLOW,
    "CreateContactFlowModule": FLOW_MODULE_CREATED,
    "DeleteContactFlowModule": FLOW_MODULE,
    "UpdateContactFlowModuleContent": FLOW_MODULE,
    "UpdateContactFlowModuleMetadata": FLOW_MODULE,
    "CreateContactFlowModuleVersion": FLOW_MODULE,
    "DeleteContactFlowModuleVersion": FLOW_MODULE,
    "CreateContactFlowModuleAlias": FLOW_MODULE,
    "UpdateContactFlowModuleAlias": FLOW_MODULE,
    "DeleteContactFlowModuleAlias": FLOW_MODULE,
    "CreateIntegrationAssociation": INSTANCE,
    "DeleteIntegrationAssociation": INSTANCE,
}
"""Every eventName that can change what an AI agent may use, but for changes of people. The rule in
template.yaml lists the same names; a test compares them. Source: connect and qconnect models.
"""

SAVES = ("CreateAIAgent", "UpdateAIAgent")
