"""AI agents: the draft, its qualifiers, and who may change it.

Documented by the service model: members, errors, and that ids come as a UUID or ARN, either with a
``:qualifier``. [inferred]: an agent of SYSTEM origin refuses every change with
AccessDeniedException. What an id without a qualifier means is in ``meanings``.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from connect_emulator.account import Account, Handlers, Output, Params, find
from connect_emulator.assistants import assistant_of
from connect_emulator.errors import ACCESS_DENIED, ServiceError, invalid
from connect_emulator.meanings import LATEST, SAVED, meant, version_of
from connect_emulator.paging import page, with_token
from connect_emulator.resources import CUSTOMER, SYSTEM, AIAgent, Assistant, Fields
from connect_emulator.tools import check_configuration

_ENTITY_ARN = re.compile(r"arn:[a-z-]+:wisdom:[^:]+:\d{12}:ai-agent/[^/:]+/[^/:]+(:[^:]+)?")
_DRAFT_MEMBERS = ("configuration", "visibilityStatus", "description")


def split_qualifier(value: str) -> tuple[str, str]:
    """An id or ARN and its qualifier, empty where it has none."""
    text = unquote(value)
    head, _, last = text.rpartition(":")
    if head and "/" not in last and (not text.startswith("arn:") or "/" in head):
        return head, last
    return text, ""


def agents_of(account: Account, assistant: Assistant) -> list[AIAgent]:
    """The AI agents of one assistant, oldest first."""
    every = account.resources.agents.values()
    return [agent for agent in every if agent.assistant_id == assistant.id]


def agent_by_arn(account: Account, arn: str) -> tuple[AIAgent, str]:
    """The agent and qualifier that an entity ARN names; both must exist.

    ``:$LATEST`` may be named before the first version exists [inferred]: public scripts associate
    it together with ``:$SAVED``, whether or not they have published.
    """
    if not _ENTITY_ARN.fullmatch(unquote(arn)):
        raise invalid(f"The EntityArn is not valid: {arn}")
    bare, qualifier = split_qualifier(arn)
    agent = find(account.resources.agents.values(), bare, "AI agent")
    if qualifier != LATEST:
        version_of(account, agent, qualifier)
    return agent, qualifier


def qualified(agent: AIAgent, qualifier: str | int) -> str:
    """The ARN of one qualifier: in answers, and for the associations that are kept under it."""
    return f"{agent.arn}:{qualifier}" if qualifier else agent.arn


def named(account: Account, params: Params) -> tuple[AIAgent, str]:
    """The agent and qualifier that an input names."""
    assistant = assistant_of(account, params["assistantId"])
    value, qualifier = split_qualifier(params["aiAgentId"])
    return find(agents_of(account, assistant), value, "AI agent"), qualifier


def draft_of(account: Account, params: Params) -> AIAgent:
    """The agent whose draft an input may change."""
    agent, qualifier = named(account, params)
    if agent.origin == SYSTEM:
        raise ServiceError(ACCESS_DENIED, "AI agents of SYSTEM origin cannot be changed")
    if qualifier not in ("", SAVED):
        raise invalid(f"Only the draft can be changed, not {qualifier}")  # [inferred]
    return agent


def describe(
    agent: AIAgent, fields: Fields, account: Account, qualifier: str | int = ""
) -> dict[str, Any]:
    """The members that AIAgentData and AIAgentSummary share; the ARN carries the qualifier."""
    assistant = account.resources.assistants[agent.assistant_id]
    return {
        "assistantId": assistant.id,
        "assistantArn": assistant.arn,
        "aiAgentId": agent.id,
        "aiAgentArn": qualified(agent, qualifier),
        "name": agent.name,
        "type": agent.type,
        "origin": agent.origin,
        "status": "ACTIVE",
        "lastModifiedRegion": account.region,
        **fields,
        "lastModifiedTime": fields["modifiedTime"],
        "tags": agent.tags or None,
    }


def add_agent(account: Account, assistant: Assistant, params: Params, origin: str) -> AIAgent:
    """Put an AI agent into the account, unchecked; only this way can it be a SYSTEM agent."""
    agent_id = account.new_id()
    agent = AIAgent(
        agent_id,
        account.arn("wisdom", f"ai-agent/{assistant.id}/{agent_id}"),
        assistant.id,
        params["name"],
        params["type"],
        origin,
        _draft(account, params),
        dict(params.get("tags", {})),
    )
    account.resources.agents[agent_id] = agent
    keep_published(agent)
    return agent


def keep_published(agent: AIAgent) -> None:
    """Remember the last save as PUBLISHED, until a number comes after it."""
    if agent.draft.get("visibilityStatus") == "PUBLISHED":
        agent.published = dict(agent.draft)


def _draft(account: Account, params: Params) -> Fields:
    sent = {name: params[name] for name in _DRAFT_MEMBERS if name in params}
    return {**sent, "modifiedTime": account.now}


def _create(account: Account, params: Params) -> Output:
    assistant = assistant_of(account, params["assistantId"])
    name = params["name"]
    if any(agent.name == name for agent in agents_of(account, assistant)):
        raise ServiceError("ConflictException", f"An AI agent with name '{name}' already exists")
    check_configuration(account, params["type"], params["configuration"])
    agent = add_agent(account, assistant, params, CUSTOMER)
    return {"aiAgent": describe(agent, agent.draft, account)}


def _get(account: Account, params: Params) -> Output:
    agent, asked = named(account, params)
    qualifier = asked or meant(account, agent, account.settings.bare_agent_id)
    fields, number = version_of(account, agent, qualifier)
    return {"aiAgent": describe(agent, fields, account, qualifier), "versionNumber": number}


def _update(account: Account, params: Params) -> Output:
    agent = draft_of(account, params)
    if "configuration" in params:
        check_configuration(account, agent.type, params["configuration"])
    agent.draft |= _draft(account, params)
    keep_published(agent)
    return {"aiAgent": describe(agent, agent.draft, account)}


def _delete(account: Account, params: Params) -> Output:
    """An assistant may still name the agent: the model has no conflict for it, so none is made."""
    agent = draft_of(account, params)
    forget_agent(account, agent)
    return {}


def forget_agent(account: Account, agent: AIAgent) -> None:
    """Remove an agent and all that is associated to it [inferred]."""
    del account.resources.agents[agent.id]
    for number in agent.versions:
        forget_associations(account, agent, str(number))
    for qualifier in ("", SAVED, LATEST):
        forget_associations(account, agent, qualifier)


def forget_associations(account: Account, agent: AIAgent, qualifier: str) -> None:
    """Remove what is associated to one qualifier of an agent, on any instance."""
    arn = qualified(agent, qualifier)
    for key in [key for key in account.resources.associations if key[1] == arn]:
        del account.resources.associations[key]


def _list(account: Account, params: Params) -> Output:
    assistant = assistant_of(account, params["assistantId"])
    origin = params.get("origin")
    wanted = [a for a in agents_of(account, assistant) if origin in (None, a.origin)]
    items, token = page(account.settings, params, wanted)
    summaries = [_summary(account, agent) for agent in items]
    return with_token({"aiAgentSummaries": summaries}, "nextToken", token)


def _summary(account: Account, agent: AIAgent) -> dict[str, Any]:
    shown = meant(account, agent, account.settings.agent_summaries)
    fields, _ = version_of(account, agent, shown)
    said = shown if account.settings.summaries_say_qualifier else ""
    return describe(agent, fields, account, said)


HANDLERS: Handlers = {
    "CreateAIAgent": _create,
    "GetAIAgent": _get,
    "UpdateAIAgent": _update,
    "DeleteAIAgent": _delete,
    "ListAIAgents": _list,
}
