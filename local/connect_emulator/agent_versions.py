"""Versions of AI agents: publishing freezes the draft under the next number."""

from __future__ import annotations

from datetime import datetime

from connect_emulator.account import Account, Handlers, Output, Params
from connect_emulator.agents import describe, draft_of, forget_associations, named
from connect_emulator.errors import ServiceError, not_found
from connect_emulator.paging import page, with_token
from connect_emulator.resources import AIAgent


def release(agent: AIAgent) -> int:
    """Freeze the draft as the next version and return its number."""
    agent.last_version += 1
    agent.versions[agent.last_version] = dict(agent.draft)
    agent.published = None
    return agent.last_version


def _create(account: Account, params: Params) -> Output:
    agent = draft_of(account, params)
    _check_unmodified(agent, params.get("modifiedTime"))
    number = release(agent)
    fields = agent.versions[number]
    return {"aiAgent": describe(agent, fields, account, number), "versionNumber": number}


def _check_unmodified(agent: AIAgent, expected: datetime | None) -> None:
    """The caller may say which draft it means.

    The model has no PreconditionFailedException here, so ConflictException stands in [inferred].
    Times are compared by the second, as botocore sends them.
    """
    actual: datetime = agent.draft["modifiedTime"]
    if expected is not None and int(expected.timestamp()) != int(actual.timestamp()):
        raise ServiceError("ConflictException", "The AI agent was modified in the meantime")


def _delete(account: Account, params: Params) -> Output:
    agent = draft_of(account, params)
    number = params["versionNumber"]
    if number not in agent.versions:
        raise not_found(f"AI agent version not found: {agent.id}:{number}")
    if f"{agent.id}:{number}" in _configured(account, agent):
        # The model has a conflict for this operation; that this is its cause is [inferred].
        raise ServiceError("ConflictException", "The version is in use by the assistant")
    del agent.versions[number]
    forget_associations(account, agent, str(number))
    return {}


def _configured(account: Account, agent: AIAgent) -> set[str]:
    """The agent ids, with qualifiers, that the assistant's configuration names."""
    assistant = account.resources.assistants[agent.assistant_id]
    entries = [*assistant.default_agents.values(), *assistant.orchestrators.values()]
    return {entry["aiAgentId"] for entry in entries}


def _list(account: Account, params: Params) -> Output:
    agent, _ = named(account, params)
    wanted = params.get("origin") in (None, agent.origin)
    numbers = sorted(agent.versions) if wanted else []
    items, token = page(account.settings, params, numbers)
    summaries = [
        {
            "aiAgentSummary": describe(agent, agent.versions[number], account, number),
            "versionNumber": number,
        }
        for number in items
    ]
    return with_token({"aiAgentVersionSummaries": summaries}, "nextToken", token)


HANDLERS: Handlers = {
    "CreateAIAgentVersion": _create,
    "DeleteAIAgentVersion": _delete,
    "ListAIAgentVersions": _list,
}
