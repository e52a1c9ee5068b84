"""One call of every served operation, in an order in which each of them succeeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.emulator.world import USE_CASE, mcp_tool, orchestration

Known = dict[str, Any]
Step = tuple[str, Callable[[Known], Known], tuple[str, ...]]

_INSTANCE = {"InstanceId": "instance"}
_PROFILE = _INSTANCE | {"SecurityProfileId": "profile"}
_FLOW = _INSTANCE | {"ContactFlowId": "flow"}
_MODULE = _INSTANCE | {"ContactFlowModuleId": "module"}
_ALIAS = _MODULE | {"AliasId": "alias"}
_USER = _INSTANCE | {"UserId": "user"}
_ASSISTANT = {"assistantId": "assistant"}
_AGENT = _ASSISTANT | {"aiAgentId": "agent"}
_PROMPT = _ASSISTANT | {"aiPromptId": "prompt"}
_GUARDRAIL = _ASSISTANT | {"aiGuardrailId": "guardrail"}
_BLOCKED = {"blockedInputMessaging": "no", "blockedOutputsMessaging": "no"}
_USE_CASE = {"aiAgentType": "ORCHESTRATION", "orchestratorUseCase": USE_CASE}
_MADE = {"tool": mcp_tool("aws_service__qconnect_Retrieve")}


def step(operation: str, names: Known | None = None, keep: str = "", **params: Any) -> Any:
    """A call; ``names`` maps members to known values, ``keep`` is ``name=path.in.output``."""

    def build(known: Known) -> Known:
        named = {member: known[name] for member, name in (names or {}).items()}
        made = {key: value(known) if callable(value) else value for key, value in params.items()}
        return named | made

    return operation, build, tuple(keep.split())


def _entity(known: Known) -> str:
    return f"{known['agent_arn']}:$LATEST"


STORY: list[Step] = [
    step("connect:ListInstances"),
    step("connect:DescribeInstance", _INSTANCE),
    step(
        "appintegrations:CreateApplication",
        None,
        "application=Id",
        Name="Gateway",
        Namespace="gw",
        Description="d",
        ApplicationType="MCP_SERVER",
        ApplicationSourceConfig={"ExternalUrlConfig": {"AccessUrl": "https://example.com"}},
    ),
    step("appintegrations:GetApplication", {"Arn": "application"}),
    step("appintegrations:ListApplications"),
    step(
        "connect:CreateContactFlowModule",
        _INSTANCE,
        "granted=Id",
        Name="Granted",
        Description="d",
        Content="{}",
        ExternalInvocationConfiguration={"Enabled": True},
    ),
    step("connect:CreateContactFlowModuleVersion", _INSTANCE | {"ContactFlowModuleId": "granted"}),
    step(
        "connect:CreateSecurityProfile",
        _INSTANCE,
        "profile=SecurityProfileId profile_arn=SecurityProfileArn",
        SecurityProfileName="Story",
        Description="d",
        Permissions=["Wisdom.View"],
        Tags={"team": "a"},
        AllowedAccessControlTags={"k": "v"},
        TagRestrictedResources=["User"],
        HierarchyRestrictedResources=["User"],
        AllowedAccessControlHierarchyGroupId="group",
        Applications=[{"Namespace": "gw", "ApplicationPermissions": ["t"], "Type": "MCP"}],
        AllowedFlowModules=lambda known: [{"Type": "MCP", "FlowModuleId": known["granted"]}],
        AllowedAIAgents=[{"Type": "THIRD_PARTY", "Arn": "arn:x"}],
        GranularAccessControlConfiguration={
            "DataTableAccessControlConfiguration": {
                "PrimaryAttributeAccessControlConfiguration": {
                    "PrimaryAttributeValues": [
                        {"AccessType": "ALLOW", "AttributeName": "n", "Values": ["v"]}
                    ]
                }
            }
        },
    ),
    step("connect:UpdateSecurityProfile", _PROFILE, Permissions=["Wisdom.View", "Cases.View"]),
    step("connect:DescribeSecurityProfile", _PROFILE),
    step("connect:ListSecurityProfiles", _INSTANCE),
    step("connect:SearchSecurityProfiles", _INSTANCE),
    step("connect:ListSecurityProfilePermissions", _PROFILE),
    step("connect:ListSecurityProfileApplications", _PROFILE),
    step("connect:ListSecurityProfileFlowModules", _PROFILE),
    step("connect:ListSecurityProfileAIAgents", _PROFILE),
    step("connect:TagResource", {"resourceArn": "profile_arn"}, tags={"a": "b"}),
    step("connect:ListTagsForResource", {"resourceArn": "profile_arn"}),
    step("connect:UntagResource", {"resourceArn": "profile_arn"}, tagKeys=["a", "team"]),
    step(
        "connect:CreateUser",
        _INSTANCE,
        "user=UserId",
        Username="kim",
        RoutingProfileId="r",
        SecurityProfileIds=lambda known: [known["profile"]],
        IdentityInfo={"FirstName": "Kim", "LastName": "Lee", "Email": "kim@example.com"},
        PhoneConfig={"PhoneType": "SOFT_PHONE"},
        Password="Abcdefg1",
    ),
    step("connect:DescribeUser", _USER),
    step("connect:ListUsers", _INSTANCE),
    step("connect:SearchUsers", _INSTANCE),
    step(
        "connect:UpdateUserSecurityProfiles",
        _USER,
        SecurityProfileIds=lambda known: [known["other_profile"]],
    ),
    step("connect:DeleteUser", _USER),
    step(
        "connect:CreateContactFlow",
        _INSTANCE,
        "flow=ContactFlowId",
        Name="Main IVR",
        Type="CONTACT_FLOW",
        Description="d",
        Content="{}",
        Status="PUBLISHED",
        Tags={"team": "a"},
    ),
    step("connect:UpdateContactFlowContent", _FLOW, Content='{"a": 1}'),
    step("connect:UpdateContactFlowMetadata", _FLOW, Name="Other", ContactFlowState="ACTIVE"),
    step("connect:DescribeContactFlow", _FLOW),
    step("connect:ListContactFlows", _INSTANCE),
    step("connect:DeleteContactFlow", _FLOW),
    step(
        "connect:CreateContactFlowModule",
        _INSTANCE,
        "module=Id",
        Name="Lookup",
        Description="d",
        Content="{}",
        Settings="{}",
        ExternalInvocationConfiguration={"Enabled": True},
    ),
    step("connect:UpdateContactFlowModuleContent", _MODULE, Content='{"a": 1}'),
    step("connect:UpdateContactFlowModuleMetadata", _MODULE, Name="Renamed", State="ACTIVE"),
    step("connect:CreateContactFlowModuleVersion", _MODULE, "version=Version", Description="v"),
    step("connect:DescribeContactFlowModule", _MODULE),
    step("connect:ListContactFlowModules", _INSTANCE),
    step("connect:ListContactFlowModuleVersions", _MODULE),
    step(
        "connect:CreateContactFlowModuleAlias",
        _MODULE | {"ContactFlowModuleVersion": "version"},
        "alias=Id",
        AliasName="live",
        Description="a",
    ),
    step("connect:UpdateContactFlowModuleAlias", _ALIAS, Name="prod"),
    step("connect:DescribeContactFlowModuleAlias", _ALIAS),
    step("connect:ListContactFlowModuleAliases", _MODULE),
    step("connect:DeleteContactFlowModuleAlias", _ALIAS),
    step(
        "connect:DeleteContactFlowModuleVersion", _MODULE | {"ContactFlowModuleVersion": "version"}
    ),
    step("connect:DeleteContactFlowModule", _MODULE),
    step(
        "connect:CreateIntegrationAssociation",
        _INSTANCE,
        "integration=IntegrationAssociationId",
        IntegrationType="APPLICATION",
        IntegrationArn="arn:aws:app-integrations:us-east-1:111122223333:application/web",
    ),
    step("appintegrations:DeleteApplication", {"Arn": "application"}),
    step("connect:ListIntegrationAssociations", _INSTANCE),
    step(
        "connect:DeleteIntegrationAssociation",
        _INSTANCE | {"IntegrationAssociationId": "integration"},
    ),
    step(
        "qconnect:CreateAssistant",
        None,
        "assistant=assistant.assistantId assistant_arn=assistant.assistantArn",
        name="story",
        type="AGENT",
        description="d",
        tags={"a": "b"},
    ),
    step("qconnect:GetAssistant", _ASSISTANT),
    step("qconnect:ListAssistants"),
    step(
        "qconnect:CreateAssistantAssociation",
        _ASSISTANT,
        "association=assistantAssociation.assistantAssociationId",
        associationType="KNOWLEDGE_BASE",
        association={"knowledgeBaseId": "00000000-0000-4000-8000-0000000000aa"},
    ),
    step("qconnect:ListAssistantAssociations", _ASSISTANT),
    step(
        "qconnect:DeleteAssistantAssociation",
        _ASSISTANT | {"assistantAssociationId": "association"},
    ),
    step(
        "qconnect:CreateAIPrompt",
        _ASSISTANT,
        "prompt=aiPrompt.aiPromptId",
        name="prompt",
        type="ORCHESTRATION",
        templateType="TEXT",
        templateConfiguration={"textFullAIPromptEditTemplateConfiguration": {"text": "t"}},
        modelId="m",
        apiFormat="MESSAGES",
        visibilityStatus="SAVED",
        inferenceConfiguration={"topP": 0.5},
    ),
    step("qconnect:UpdateAIPrompt", _PROMPT, visibilityStatus="PUBLISHED", description="e"),
    step("qconnect:GetAIPrompt", _PROMPT),
    step("qconnect:ListAIPrompts", _ASSISTANT),
    step("qconnect:CreateAIPromptVersion", _PROMPT, "prompt_number=versionNumber"),
    step("qconnect:ListAIPromptVersions", _PROMPT),
    step("qconnect:DeleteAIPromptVersion", _PROMPT | {"versionNumber": "prompt_number"}),
    step("qconnect:DeleteAIPrompt", _PROMPT),
    step(
        "qconnect:CreateAIGuardrail",
        _ASSISTANT,
        "guardrail=aiGuardrail.aiGuardrailId",
        name="guardrail",
        visibilityStatus="SAVED",
        **_BLOCKED,
    ),
    step("qconnect:UpdateAIGuardrail", _GUARDRAIL, visibilityStatus="PUBLISHED", **_BLOCKED),
    step("qconnect:GetAIGuardrail", _GUARDRAIL),
    step("qconnect:ListAIGuardrails", _ASSISTANT),
    step("qconnect:CreateAIGuardrailVersion", _GUARDRAIL, "guardrail_number=versionNumber"),
    step("qconnect:ListAIGuardrailVersions", _GUARDRAIL),
    step("qconnect:DeleteAIGuardrailVersion", _GUARDRAIL | {"versionNumber": "guardrail_number"}),
    step("qconnect:DeleteAIGuardrail", _GUARDRAIL),
    step(
        "qconnect:CreateAIAgent",
        _ASSISTANT,
        "agent=aiAgent.aiAgentId agent_arn=aiAgent.aiAgentArn",
        name="agent",
        type="ORCHESTRATION",
        visibilityStatus="SAVED",
        configuration=orchestration([_MADE["tool"]]),
        description="d",
        tags={"a": "b"},
    ),
    step("qconnect:UpdateAIAgent", _AGENT, visibilityStatus="PUBLISHED", description="e"),
    step("qconnect:GetAIAgent", _AGENT),
    step("qconnect:ListAIAgents", _ASSISTANT),
    step("qconnect:CreateAIAgentVersion", _AGENT, "number=versionNumber"),
    step("qconnect:ListAIAgentVersions", _AGENT),
    step(
        "connect:AssociateSecurityProfiles",
        _INSTANCE,
        EntityType="AI_AGENT",
        EntityArn=_entity,
        SecurityProfiles=lambda known: [{"Id": known["profile"]}],
    ),
    step("connect:ListEntitySecurityProfiles", _INSTANCE, EntityType="AI_AGENT", EntityArn=_entity),
    step(
        "connect:DisassociateSecurityProfiles",
        _INSTANCE,
        EntityType="AI_AGENT",
        EntityArn=_entity,
        SecurityProfiles=lambda known: [{"Id": known["profile"]}],
    ),
    step("connect:DeleteSecurityProfile", _PROFILE),
    step(
        "qconnect:UpdateAssistantAIAgent",
        _ASSISTANT,
        **_USE_CASE,
        configuration=lambda known: {"aiAgentId": f"{known['agent']}:$LATEST"},
    ),
    step("qconnect:RemoveAssistantAIAgent", _ASSISTANT, **_USE_CASE),
    step("qconnect:DeleteAIAgentVersion", _AGENT | {"versionNumber": "number"}),
    step("qconnect:DeleteAIAgent", _AGENT),
    step("qconnect:TagResource", {"resourceArn": "assistant_arn"}, tags={"c": "d"}),
    step("qconnect:ListTagsForResource", {"resourceArn": "assistant_arn"}),
    step("qconnect:UntagResource", {"resourceArn": "assistant_arn"}, tagKeys=["c"]),
    step("qconnect:DeleteAssistant", _ASSISTANT),
    step("cloudtrail:LookupEvents"),
]
