"""The API's own shapes → domain values.

Used on live answers (adapters) and on files (`toolgrant evaluate`), so both are read by the same
rules. Missing keys are empty; a wrong type is one `InvalidInput` that names its JSON path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolgrant.domain.model import (
    DRAFT,
    Grant,
    GrantKind,
    QualifiedAgent,
    SecurityProfile,
    Tool,
    ToolType,
)
from toolgrant.errors import InvalidInput

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Snapshot:
    """One AI agent with the security profiles attached to it (docs/cli.md has the file's shape)."""

    agent: QualifiedAgent
    profiles: tuple[SecurityProfile, ...]


def parse_snapshot(data: object) -> Snapshot:
    """A snapshot file's content. Raises InvalidInput naming the JSON path of what is wrong."""
    root = as_map(data, "$")
    if root.get("aiAgent") is None:
        raise InvalidInput("$.aiAgent", "missing")
    if "aiAgent" in as_map(root["aiAgent"], "$.aiAgent"):
        raise InvalidInput("$.aiAgent.aiAgent", "holds a whole GetAIAgent answer")
    agent = parse_agent(as_map(root["aiAgent"], "$.aiAgent"), None, "$.aiAgent")
    entries = as_list(root.get("securityProfiles"), "$.securityProfiles")
    profiles = (
        parse_profile(as_map(entry, path), path)
        for path, entry in numbered(entries, "$.securityProfiles")
    )
    return Snapshot(agent, tuple(profiles))


def parse_agent(data: Json, qualifier: str | None, path: str = "$.aiAgent") -> QualifiedAgent:
    """An `aiAgent` of GetAIAgent or a summary of ListAIAgents. Tools keep the configured order.

    `qualifier` is what was asked for; None reads it off the ARN or id, else the draft is assumed.
    """
    arn, from_arn = split_qualifier(as_text(data.get("aiAgentArn"), f"{path}.aiAgentArn"))
    agent_id, from_id = split_qualifier(as_text(data.get("aiAgentId"), f"{path}.aiAgentId"))
    configuration = as_map(data.get("configuration"), f"{path}.configuration")
    inner_path = f"{path}.configuration.orchestrationAIAgentConfiguration"
    inner = as_map(configuration.get("orchestrationAIAgentConfiguration"), inner_path)
    return QualifiedAgent(
        assistant_id=as_text(data.get("assistantId"), f"{path}.assistantId"),
        ai_agent_id=agent_id or arn.rsplit("/", 1)[-1],
        qualifier=qualifier or from_arn or from_id or DRAFT,
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


def parse_profile(data: Json, path: str) -> SecurityProfile:
    """`{"SecurityProfile": {…}, "Permissions": […], "Applications": […], …}` of a snapshot."""
    described = as_map(data.get("SecurityProfile"), f"{path}.SecurityProfile")
    profile_id = as_text(described.get("Id"), f"{path}.SecurityProfile.Id")
    name = as_text(
        described.get("SecurityProfileName"), f"{path}.SecurityProfile.SecurityProfileName"
    )
    grants = frozenset(
        grant
        for kind, key in PROFILE_LISTS.items()
        for grant in parse_grants(kind, data.get(key), f"{path}.{key}")
    )
    return SecurityProfile(profile_id, name or profile_id, grants)


PROFILE_LISTS = {
    GrantKind.PERMISSION: "Permissions",
    GrantKind.MCP: "Applications",
    GrantKind.FLOW_MODULE: "AllowedFlowModules",
    GrantKind.AI_AGENT: "AllowedAIAgents",
}


def parse_grants(kind: GrantKind, entries: object, path: str) -> frozenset[Grant]:
    """The grants in one of the four lists of a profile, each entry judged by its exact Type.

    An Applications entry grants MCP tools only with Type MCP: without it the entry is a
    third-party application (connect service model). Names are compared exactly, case included.
    """
    listed = numbered(as_list(entries, path), path)
    if kind is GrantKind.PERMISSION:
        return frozenset(Grant(kind, text) for at, entry in listed if (text := as_text(entry, at)))
    return frozenset(
        Grant(kind, value)
        for at, entry in listed
        for value in _GRANT_VALUES[kind](as_map(entry, at), at)
    )


def _mcp_values(entry: Json, path: str) -> list[str]:
    namespace = as_text(entry.get("Namespace"), f"{path}.Namespace")
    listed_path = f"{path}.ApplicationPermissions"
    permissions = as_list(entry.get("ApplicationPermissions"), listed_path)
    if not _is(entry, path, "MCP") or not namespace or "/" in namespace:
        return []
    return [f"{namespace}/{as_text(tool, at)}" for at, tool in numbered(permissions, listed_path)]


def _module_values(entry: Json, path: str) -> list[str]:
    module = as_text(entry.get("FlowModuleId"), f"{path}.FlowModuleId")
    return [module] if _is(entry, path, "MCP") and module else []


def _ai_agent_values(entry: Json, path: str) -> list[str]:
    arn = as_text(entry.get("Arn"), f"{path}.Arn")
    return [arn] if _is(entry, path, "THIRD_PARTY") and arn else []


def _is(entry: Json, path: str, kind: str) -> bool:
    return as_text(entry.get("Type"), f"{path}.Type") == kind


_GRANT_VALUES = {
    GrantKind.MCP: _mcp_values,
    GrantKind.FLOW_MODULE: _module_values,
    GrantKind.AI_AGENT: _ai_agent_values,
}


def split_qualifier(identifier: str) -> tuple[str, str | None]:
    """`…ai-agent/<assistant>/<agent>:$SAVED` or `<uuid>:3` → (bare id, qualifier or None)."""
    head, slash, tail = identifier.rpartition("/")
    bare, colon, qualifier = tail.partition(":")
    if identifier.startswith("arn:") and not slash:
        return identifier, None
    return f"{head}{slash}{bare}", (qualifier or None) if colon else None


def numbered(entries: list[object], path: str) -> list[tuple[str, object]]:
    """Each entry beside its JSON path."""
    return [(f"{path}[{number}]", entry) for number, entry in enumerate(entries)]


def as_map(value: object, path: str) -> Json:
    """The mapping at `path`, empty for a missing one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidInput(path, f"expected an object, found {_kind(value)}")
    return value


def as_list(value: object, path: str) -> list[object]:
    """The list at `path`, empty for a missing one."""
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise InvalidInput(path, f"expected a list, found {_kind(value)}")
    return list(value)


def masked_list(value: object, path: str) -> list[object]:
    """As `as_list`, but a masked value (text where a list is expected) counts as missing."""
    return [] if isinstance(value, str) else as_list(value, path)


def as_text(value: object, path: str) -> str:
    """The text at `path`, empty for a missing one."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidInput(path, f"expected text, found {_kind(value)}")
    return value


def _kind(value: object) -> str:
    return {bool: "a boolean", int: "a number", float: "a number", str: "text"}.get(
        type(value), "a list" if isinstance(value, list | tuple) else "an object"
    )
