"""Assistants and the knowledge bases behind them."""

from __future__ import annotations

from typing import Any

from connect_emulator.account import Account, Handlers, Output, Params, find
from connect_emulator.errors import ServiceError, invalid
from connect_emulator.paging import page, with_token
from connect_emulator.resources import Assistant, AssistantAssociation, Fields

# Type of an association -> the member that its input must be, and the member of the answer.
_ASSOCIATIONS = {
    "KNOWLEDGE_BASE": "knowledgeBaseId",
    "EXTERNAL_BEDROCK_KNOWLEDGE_BASE": "externalBedrockKnowledgeBaseConfig",
}
_COPIED = ("name", "type", "description", "serverSideEncryptionConfiguration")


def assistant_of(account: Account, value: str) -> Assistant:
    """The assistant named by an id or ARN, or ``ResourceNotFoundException``."""
    return find(account.resources.assistants.values(), value, "Assistant")


def describe(account: Account, assistant: Assistant) -> dict[str, Any]:
    """An assistant as AssistantData, with both parts of its AI agent configuration."""
    return {
        "assistantId": assistant.id,
        "assistantArn": assistant.arn,
        "status": "ACTIVE",
        **assistant.fields,
        "tags": assistant.tags or None,
        "capabilityConfiguration": {"type": "V2"},
        "aiAgentConfiguration": assistant.default_agents,
        "orchestratorConfigurationList": list(assistant.orchestrators.values()),
        "lastModifiedTime": assistant.modified,
        "lastModifiedRegion": account.region,
    }


def _create(account: Account, params: Params) -> Output:
    count = len(account.resources.assistants)
    account.check_quota("assistants", count, "ServiceQuotaExceededException")
    assistant_id = account.new_id()
    assistant = Assistant(
        assistant_id,
        account.arn("wisdom", f"assistant/{assistant_id}"),
        {name: params[name] for name in _COPIED if name in params},
        account.now,
        dict(params.get("tags", {})),
    )
    account.resources.assistants[assistant_id] = assistant
    return {"assistant": describe(account, assistant)}


def _get(account: Account, params: Params) -> Output:
    return {"assistant": describe(account, assistant_of(account, params["assistantId"]))}


def _list(account: Account, params: Params) -> Output:
    every = list(account.resources.assistants.values())
    items, token = page(account.settings, params, every)
    summaries = [describe(account, item) for item in items]
    return with_token({"assistantSummaries": summaries}, "nextToken", token)


def associations_of(account: Account, assistant: Assistant) -> list[AssistantAssociation]:
    """The associations of one assistant, oldest first."""
    every = account.resources.assistant_associations.values()
    return [item for item in every if item.assistant_id == assistant.id]


def _create_association(account: Account, params: Params) -> Output:
    assistant = assistant_of(account, params["assistantId"])
    data = _association_data(account, params["associationType"], params["association"])
    if any(item.data == data for item in associations_of(account, assistant)):
        # The model has ConflictException; that this is its cause is [inferred].
        raise ServiceError("ConflictException", "The association already exists")
    new_id = account.new_id()
    association = AssistantAssociation(
        new_id,
        account.arn("wisdom", f"association/{assistant.id}/{new_id}"),
        assistant.id,
        params["associationType"],
        data,
        account.now,
        dict(params.get("tags", {})),
    )
    account.resources.assistant_associations[new_id] = association
    return {"assistantAssociation": _describe_association(account, association)}


def _association_data(account: Account, kind: str, given: Fields) -> Fields:
    """The stored form; the knowledge base itself is not kept here, so it is accepted unseen."""
    member = _ASSOCIATIONS[kind]
    if member not in given:
        raise invalid(f"An association of type {kind} must have {member}")
    if member != "knowledgeBaseId":
        return given
    knowledge_base_id = given[member]
    arn = account.arn("wisdom", f"knowledge-base/{knowledge_base_id}")
    knowledge_base = {"knowledgeBaseId": knowledge_base_id, "knowledgeBaseArn": arn}
    return {"knowledgeBaseAssociation": knowledge_base}


def _describe_association(account: Account, item: AssistantAssociation) -> dict[str, Any]:
    return {
        "assistantAssociationId": item.id,
        "assistantAssociationArn": item.arn,
        "assistantId": item.assistant_id,
        "assistantArn": account.resources.assistants[item.assistant_id].arn,
        "associationType": item.type,
        "associationData": item.data,
        "tags": item.tags or None,
        "lastModifiedTime": item.modified,
        "lastModifiedRegion": account.region,
    }


def _delete_association(account: Account, params: Params) -> Output:
    assistant = assistant_of(account, params["assistantId"])
    candidates = associations_of(account, assistant)
    item = find(candidates, params["assistantAssociationId"], "Assistant association")
    del account.resources.assistant_associations[item.id]
    return {}


def _list_associations(account: Account, params: Params) -> Output:
    assistant = assistant_of(account, params["assistantId"])
    items, token = page(account.settings, params, associations_of(account, assistant))
    summaries = [_describe_association(account, item) for item in items]
    return with_token({"assistantAssociationSummaries": summaries}, "nextToken", token)


HANDLERS: Handlers = {
    "CreateAssistant": _create,
    "GetAssistant": _get,
    "ListAssistants": _list,
    "CreateAssistantAssociation": _create_association,
    "DeleteAssistantAssociation": _delete_association,
    "ListAssistantAssociations": _list_associations,
}
