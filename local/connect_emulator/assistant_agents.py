"""Which AI agents an assistant uses, and what becomes of them when it is deleted."""

from __future__ import annotations

from connect_emulator.account import Account, Handlers, Output, Params, find
from connect_emulator.agents import agents_of, forget_agent, split_qualifier
from connect_emulator.assistants import assistant_of, associations_of, describe
from connect_emulator.errors import invalid
from connect_emulator.meanings import version_of
from connect_emulator.prompts import GUARDRAIL, PROMPT, prompts_of
from connect_emulator.resources import Assistant
from connect_emulator.tools import ORCHESTRATION


def _update(account: Account, params: Params) -> Output:
    """Set the agent of a type or, for ORCHESTRATION, of an orchestrator use case."""
    assistant = assistant_of(account, params["assistantId"])
    configuration = params["configuration"]
    _check_agent(account, assistant, params["aiAgentType"], configuration["aiAgentId"])
    use_case = _use_case(params)
    if use_case:
        entry = {"aiAgentId": configuration["aiAgentId"], "orchestratorUseCase": use_case}
        assistant.orchestrators[use_case] = entry
    else:
        assistant.default_agents[params["aiAgentType"]] = dict(configuration)
    assistant.modified = account.now
    return {"assistant": describe(account, assistant)}


def _check_agent(account: Account, assistant: Assistant, kind: str, value: str) -> None:
    agent_id, qualifier = split_qualifier(value)
    agent = find(agents_of(account, assistant), agent_id, "AI agent")
    version_of(account, agent, qualifier)
    if agent.type != kind:
        raise invalid(f"The AI agent is of type {agent.type}, not {kind}")  # [inferred]


def _use_case(params: Params) -> str:
    """The use case, which ORCHESTRATION needs (reported in public, with this message)."""
    use_case = params.get("orchestratorUseCase", "")
    orchestration = params["aiAgentType"] == ORCHESTRATION
    if orchestration and not use_case:
        raise invalid("Orchestrator use case is required for orchestration AIAgentType")
    if use_case and not orchestration:
        raise invalid(f"Only {ORCHESTRATION} agents have an orchestrator use case")  # [inferred]
    return str(use_case)


def _remove(account: Account, params: Params) -> Output:
    """Removing what is not set is harmless [inferred]."""
    assistant = assistant_of(account, params["assistantId"])
    use_case = _use_case(params)
    if use_case:
        assistant.orchestrators.pop(use_case, None)
    else:
        assistant.default_agents.pop(params["aiAgentType"], None)
    assistant.modified = account.now
    return {}


def _delete(account: Account, params: Params) -> Output:
    """Delete an assistant with its agents and associations [inferred]."""
    assistant = assistant_of(account, params["assistantId"])
    for agent in agents_of(account, assistant):
        forget_agent(account, agent)
    for kind in (PROMPT, GUARDRAIL):
        for prompt in prompts_of(kind, account, assistant):
            del kind.held(account.resources)[prompt.id]
    for item in associations_of(account, assistant):
        del account.resources.assistant_associations[item.id]
    del account.resources.assistants[assistant.id]
    return {}


HANDLERS: Handlers = {
    "UpdateAssistantAIAgent": _update,
    "RemoveAssistantAIAgent": _remove,
    "DeleteAssistant": _delete,
}
