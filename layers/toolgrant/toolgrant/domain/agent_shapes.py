"""An AI agent in the API's own shape → domain values.

Used on live answers (adapters) and on files (`toolgrant evaluate`), so both are read by the same
rules. Missing keys are empty; a wrong type is one `InvalidInput` that names its JSON path.
"""

from __future__ import annotations

from toolgrant.domain.json_fields import Json, as_list, as_map, as_text, masked_list, numbered
from toolgrant.domain.model import QualifiedAgent, Tool, ToolType
from toolgrant.domain.qualifiers import READINGS, Place, split_qualifier

_SENT_EMPTY = ("outputFilters", "overrideInputValues")
"""Members that AWS::Wisdom::AIAgent sends as empty lists (domain facts, observed)."""


def parse_agent(data: Json, qualifier: str | None, path: str = "$.aiAgent") -> QualifiedAgent:
    """An `aiAgent` of GetAIAgent or a summary of ListAIAgents. Tools keep the configured order.

    `qualifier` is what was asked for or is proven; None is for a file: its ARN or id says it.
    """
    arn, from_arn = split_qualifier(as_text(data.get("aiAgentArn"), f"{path}.aiAgentArn"))
    agent_id, from_id = split_qualifier(as_text(data.get("aiAgentId"), f"{path}.aiAgentId"))
    said = from_arn or from_id or READINGS[Place.FILE].means
    configuration = as_map(data.get("configuration"), f"{path}.configuration")
    inner_path = f"{path}.configuration.orchestrationAIAgentConfiguration"
    inner = as_map(configuration.get("orchestrationAIAgentConfiguration"), inner_path)
    return QualifiedAgent(
        assistant_id=as_text(data.get("assistantId"), f"{path}.assistantId"),
        ai_agent_id=agent_id or arn.rsplit("/", 1)[-1],
        qualifier=said if qualifier is None else qualifier,
        arn=arn,
        name=as_text(data.get("name"), f"{path}.name"),
        type=as_text(data.get("type"), f"{path}.type") or "ORCHESTRATION",
        tools=parse_tools(inner, inner_path),
        instance_arn=as_text(inner.get("connectInstanceArn"), f"{inner_path}.connectInstanceArn")
        or None,
        origin=as_text(data.get("origin"), f"{path}.origin") or "CUSTOMER",
    )


def parse_tools(configuration: Json, path: str) -> tuple[Tool, ...]:
    """The tools of an orchestration configuration, then its targets shown as tools."""
    tools_path, targets_path = f"{path}.toolConfigurations", f"{path}.multiAgentConfigurations"
    tools = as_list(configuration.get("toolConfigurations"), tools_path)
    targets = as_list(configuration.get("multiAgentConfigurations"), targets_path)
    return (
        *(_tool(as_map(entry, at), at) for at, entry in numbered(tools, tools_path)),
        *(
            tool
            for at, entry in numbered(targets, targets_path)
            for tool in _target_tools(as_map(entry, at), at)
        ),
    )


def _tool(entry: Json, path: str) -> Tool:
    overrides_path = f"{path}.overrideInputValues"
    overrides = numbered(
        masked_list(entry.get("overrideInputValues"), overrides_path), overrides_path
    )
    return Tool(
        name=as_text(entry.get("toolName"), f"{path}.toolName"),
        type=as_text(entry.get("toolType"), f"{path}.toolType"),
        id=as_text(entry.get("toolId"), f"{path}.toolId") or None,
        overrides=frozenset(
            as_text(as_map(value, at).get("jsonPath"), f"{at}.jsonPath") for at, value in overrides
        ),
        empty_lists=tuple(name for name in _SENT_EMPTY if entry.get(name) == []),
    )


def _target_tools(entry: Json, path: str) -> list[Tool]:
    """`delegate:<target>` / `handoff:<target>`; only an applicationId has a known grant.

    A target of an unknown kind is a tool too: it must not look as if nothing was there.
    """
    tools = []
    for word in ("delegate", "handoff"):
        key = f"{word}AgentConfiguration"
        if entry.get(key) is None:
            continue
        at = f"{path}.{key}.agentTarget"
        target = as_map(as_map(entry[key], f"{path}.{key}").get("agentTarget"), at)
        application = as_text(target.get("applicationId"), f"{at}.applicationId")
        agent = as_text(target.get("aiAgentId"), f"{at}.aiAgentId")
        name = f"{word}:{application or agent or 'unknown'}"
        tools.append(Tool(name, ToolType.AI_AGENT, application or None))
    return tools or [Tool("target:unknown", ToolType.AI_AGENT, None)]
