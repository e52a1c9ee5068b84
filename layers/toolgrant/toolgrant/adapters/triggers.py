"""Which CloudTrail events make toolgrant look again, and where their records say at what."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Subject(StrEnum):
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


TRIGGERS: Mapping[str, Subject] = {
    "CreateAIAgent": Subject.AGENT_CREATED,
    "UpdateAIAgent": Subject.AGENT,
    "DeleteAIAgent": Subject.AGENT,
    "CreateAIAgentVersion": Subject.AGENT,
    "DeleteAIAgentVersion": Subject.AGENT,
    "UpdateAssistantAIAgent": Subject.ASSISTANT,
    "RemoveAssistantAIAgent": Subject.ASSISTANT,
    "CreateAssistant": Subject.ASSISTANT_CREATED,
    "DeleteAssistant": Subject.ASSISTANT,
    "CreateAssistantAssociation": Subject.ASSISTANT,
    "DeleteAssistantAssociation": Subject.ASSISTANT,
    "CreateSecurityProfile": Subject.PROFILE_CREATED,
    "UpdateSecurityProfile": Subject.PROFILE,
    "DeleteSecurityProfile": Subject.PROFILE,
    "AssociateSecurityProfiles": Subject.ENTITY,
    "DisassociateSecurityProfiles": Subject.ENTITY,
    "CreateContactFlowModule": Subject.FLOW_MODULE_CREATED,
    "DeleteContactFlowModule": Subject.FLOW_MODULE,
    "UpdateContactFlowModuleContent": Subject.FLOW_MODULE,
    "UpdateContactFlowModuleMetadata": Subject.FLOW_MODULE,
    "CreateContactFlowModuleVersion": Subject.FLOW_MODULE,
    "DeleteContactFlowModuleVersion": Subject.FLOW_MODULE,
    "CreateContactFlowModuleAlias": Subject.FLOW_MODULE,
    "UpdateContactFlowModuleAlias": Subject.FLOW_MODULE,
    "DeleteContactFlowModuleAlias": Subject.FLOW_MODULE,
    "CreateIntegrationAssociation": Subject.INSTANCE,
    "DeleteIntegrationAssociation": Subject.INSTANCE,
}
"""Every eventName that can change what an AI agent may use, but for changes of people. The rule in
template.yaml lists the same names; a test compares them. Source: connect and qconnect models.
"""

SAVES = ("CreateAIAgent", "UpdateAIAgent")
