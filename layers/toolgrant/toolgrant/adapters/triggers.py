"""Which CloudTrail events make toolgrant look again, and where their records say at what."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Names(StrEnum):
    """Where a trigger's record says what it is about, and so what is looked at again."""

    AGENT = "requestParameters.aiAgentId"
    AGENT_CREATED = "responseElements.aiAgent"
    ASSISTANT = "requestParameters.assistantId"
    ASSISTANT_CREATED = "responseElements.assistant"
    PROFILE = "requestParameters.SecurityProfileId"
    PROFILE_CREATED = "responseElements.SecurityProfileId"
    ENTITY = "requestParameters.EntityArn"
    FLOW_MODULE = "requestParameters.ContactFlowModuleId"
    FLOW_MODULE_CREATED = "responseElements.Id"
    INSTANCE = "requestParameters.InstanceId"


TRIGGERS: Mapping[str, Names] = {
    "CreateAIAgent": Names.AGENT_CREATED,
    "UpdateAIAgent": Names.AGENT,
    "DeleteAIAgent": Names.AGENT,
    "CreateAIAgentVersion": Names.AGENT,
    "DeleteAIAgentVersion": Names.AGENT,
    "UpdateAssistantAIAgent": Names.ASSISTANT,
    "RemoveAssistantAIAgent": Names.ASSISTANT,
    "CreateAssistant": Names.ASSISTANT_CREATED,
    "DeleteAssistant": Names.ASSISTANT,
    "CreateAssistantAssociation": Names.ASSISTANT,
    "DeleteAssistantAssociation": Names.ASSISTANT,
    "CreateSecurityProfile": Names.PROFILE_CREATED,
    "UpdateSecurityProfile": Names.PROFILE,
    "DeleteSecurityProfile": Names.PROFILE,
    "AssociateSecurityProfiles": Names.ENTITY,
    "DisassociateSecurityProfiles": Names.ENTITY,
    "CreateContactFlowModule": Names.FLOW_MODULE_CREATED,
    "DeleteContactFlowModule": Names.FLOW_MODULE,
    "UpdateContactFlowModuleContent": Names.FLOW_MODULE,
    "UpdateContactFlowModuleMetadata": Names.FLOW_MODULE,
    "CreateContactFlowModuleVersion": Names.FLOW_MODULE,
    "DeleteContactFlowModuleVersion": Names.FLOW_MODULE,
    "CreateContactFlowModuleAlias": Names.FLOW_MODULE,
    "UpdateContactFlowModuleAlias": Names.FLOW_MODULE,
    "DeleteContactFlowModuleAlias": Names.FLOW_MODULE,
    "CreateIntegrationAssociation": Names.INSTANCE,
    "DeleteIntegrationAssociation": Names.INSTANCE,
}
"""Every eventName that can change what an AI agent may use, but for changes of people. The rule in
template.yaml lists the same names; a test compares them. Source: connect and qconnect models.
"""

SAVES = ("CreateAIAgent", "UpdateAIAgent")
