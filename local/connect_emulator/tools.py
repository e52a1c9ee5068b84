"""What Q in Connect refuses when an AI agent is saved: its configuration and its tools.

The service model only knows lengths. The refusals below were reported in public, with these
messages where a report quotes one; the error that carries them is [inferred].
"""

from __future__ import annotations

import re
from collections.abc import Callable

from connect_emulator.account import Account
from connect_emulator.errors import ServiceError
from connect_emulator.grants import invocable
from connect_emulator.resources import Fields

ORCHESTRATION = "ORCHESTRATION"
_MCP = "MODEL_CONTEXT_PROTOCOL"
_FLOW_TOOL = re.compile(r"aws_custom_flows__(.+)_(\d+)")
_NAME = re.compile(r"[A-Za-z][^-]*")
_LOCKED = ("title", "description", "inputSchema", "outputSchema")

# Type of an AI agent -> the one member that its configuration must be.
CONFIGURATIONS = {
    "MANUAL_SEARCH": "manualSearchAIAgentConfiguration",
    "ANSWER_RECOMMENDATION": "answerRecommendationAIAgentConfiguration",
    "SELF_SERVICE": "selfServiceAIAgentConfiguration",
    "EMAIL_RESPONSE": "emailResponseAIAgentConfiguration",
    "EMAIL_OVERVIEW": "emailOverviewAIAgentConfiguration",
    "EMAIL_GENERATIVE_ANSWER": "emailGenerativeAnswerAIAgentConfiguration",
    ORCHESTRATION: "orchestrationAIAgentConfiguration",
    "NOTE_TAKING": "noteTakingAIAgentConfiguration",
    "CASE_SUMMARIZATION": "caseSummarizationAIAgentConfiguration",
}


def check_configuration(account: Account, kind: str, configuration: Fields) -> None:
    """Refuse a configuration of another type, or with a tool that cannot be saved."""
    member = CONFIGURATIONS[kind]
    if member not in configuration:
        raise _refuse(f"An AI agent of type {kind} must have {member}")
    for tool in configuration[member].get("toolConfigurations", ()):
        for check in _CHECKS:
            check(account, tool)


def _refuse(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


def _check_name(_account: Account, tool: Fields) -> None:
    if not _NAME.fullmatch(tool["toolName"]):
        raise _refuse(
            f"Tool name '{tool['toolName']}' must start with a letter and contain no hyphens"
        )


def _check_id(_account: Account, tool: Fields) -> None:
    if tool["toolType"] == _MCP and "toolId" not in tool:
        raise _refuse(f"Tools of type {_MCP} require toolId as input")


def _check_known(account: Account, tool: Fields) -> None:
    tool_id = tool.get("toolId", "")
    if tool_id.split("__")[0] in account.settings.refused_tool_namespaces:
        raise _refuse(f"MCP tool with ID '{tool_id}' not found in MCP tools")


def _check_flow_module(account: Account, tool: Fields) -> None:
    found = _FLOW_TOOL.fullmatch(tool.get("toolId", ""))
    if not account.settings.check_flow_modules or not found:
        return
    module = account.resources.modules.get(found[1])
    if module is None or not invocable(module, int(found[2])):
        raise _refuse(f"Flow module for MCP tool with ID '{tool['toolId']}' not found")


def _check_locked(account: Account, tool: Fields) -> None:
    if not account.settings.lock_mcp_descriptions or tool["toolType"] != _MCP:
        return
    for member in _LOCKED:
        if member in tool:
            raise _refuse(f"Tool '{tool['toolName']}' does not allow overriding {member}")


_CHECKS: tuple[Callable[[Account, Fields], None], ...] = (
    _check_name,
    _check_id,
    _check_known,
    _check_flow_module,
    _check_locked,
)
