"""What Q in Connect refuses when an AI agent is saved: its configuration and its tools.

The service model only knows lengths. The refusals below were reported in public, with these
messages where a report quotes one; the error that carries them is [inferred].
"""

from __future__ import annotations

import re
from collections.abc import Callable

from connect_emulator.account import Account
from connect_emulator.applications import registered
from connect_emulator.errors import ServiceError
from connect_emulator.grants import invocable
from connect_emulator.resources import Fields

ORCHESTRATION = "ORCHESTRATION"
_MCP = "MODEL_CONTEXT_PROTOCOL"
_FLOW_TOOL = re.compile(r"aws_custom_flows__(.+)_(\d+)")
_GATEWAY_TOOL = re.compile(r"gateway_(.+?)__.+", re.DOTALL)
# Ids that were seen to be refused for want of their prefix: <target>___<tool>, and a module's uuid.
_BARE_ID = re.compile(r"(?!gateway_|aws_).+___.+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(_\d+)?")
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
    """Only MCP tools are looked up by their id: for others it is a mere label (seen in public)."""
    tool_id = tool.get("toolId", "")
    namespaces = account.settings.refused_tool_namespaces
    refused = tool_id.split("__")[0] in namespaces or (
        tool["toolType"] == _MCP and (_is_bare(account, tool_id) or _is_foreign(account, tool_id))
    )
    if refused:
        raise _refuse(f"MCP tool with ID '{tool_id}' not found in MCP tools")


def _is_bare(account: Account, tool_id: str) -> bool:
    return account.settings.check_tool_ids and _BARE_ID.fullmatch(tool_id) is not None


def _is_foreign(account: Account, tool_id: str) -> bool:
    """Whether the tool is of a gateway that nobody registered."""
    found = _GATEWAY_TOOL.fullmatch(tool_id)
    if not account.settings.check_applications or not found:
        return False
    return not registered(account, found[1])


def _check_flow_module(account: Account, tool: Fields) -> None:
    found = _FLOW_TOOL.fullmatch(tool.get("toolId", ""))
    if not account.settings.check_flow_modules or not found or tool["toolType"] != _MCP:
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
