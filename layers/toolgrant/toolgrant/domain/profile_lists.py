"""The four lists of a security profile as the API has them: grants go in and out, the rest stays.

UpdateSecurityProfile replaces each list that it is sent (domain facts, observed), so every entry
must come back as it was, `Type` and order included.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from toolgrant.domain.agent_shapes import PROFILE_LISTS, parse_grants
from toolgrant.domain.model import Grant, GrantKind

Entry = Any
"""A permission's name, or the map of an application, flow module or AI agent."""


def granted(kind: GrantKind, entries: Sequence[Entry]) -> frozenset[Grant]:
    """The grants of one list. Raises InvalidInput for entries of another shape."""
    return parse_grants(kind, list(entries), f"$.{PROFILE_LISTS[kind]}")


def with_grants(
    kind: GrantKind, entries: Sequence[Entry], grants: Iterable[Grant]
) -> tuple[Entry, ...]:
    """The list with these grants too; what it holds already is not added again."""
    result = list(entries)
    for grant in sorted(set(grants) - granted(kind, entries)):
        if kind is GrantKind.MCP:
            result = _with_tool(result, *_split(grant))
        else:
            result.append(_entry(grant))
    return tuple(result)


def without_grants(
    kind: GrantKind, entries: Sequence[Entry], grants: Iterable[Grant]
) -> tuple[Entry, ...]:
    """The list without these grants. An application that has no tool left goes as a whole, because
    an empty one is not allowed (connect service model)."""
    unwanted = frozenset(grants)
    if kind is not GrantKind.MCP:
        return tuple(one for one in entries if not granted(kind, [one]) & unwanted)
    kept = (_without_tools(entry, unwanted) for entry in entries)
    return tuple(entry for entry in kept if entry is not None)


def _entry(grant: Grant) -> Entry:
    if grant.kind is GrantKind.FLOW_MODULE:
        return {"Type": "MCP", "FlowModuleId": grant.value}
    if grant.kind is GrantKind.AI_AGENT:
        return {"Arn": grant.value, "Type": "THIRD_PARTY"}
    return grant.value


def _with_tool(entries: list[Entry], namespace: str, tool: str) -> list[Entry]:
    for number, entry in enumerate(entries):
        if entry.get("Namespace") == namespace and entry.get("Type") == "MCP":
            tools = [*entry.get("ApplicationPermissions", ()), tool]
            widened = {**entry, "ApplicationPermissions": tools}
            return [*entries[:number], widened, *entries[number + 1 :]]
    added = {"Namespace": namespace, "ApplicationPermissions": [tool], "Type": "MCP"}
    return [*entries, added]


def _without_tools(entry: Mapping[str, Any], unwanted: frozenset[Grant]) -> Entry | None:
    if not granted(GrantKind.MCP, [entry]) & unwanted:
        return entry
    namespace = entry["Namespace"]
    tools = [
        tool
        for tool in entry["ApplicationPermissions"]
        if Grant(GrantKind.MCP, f"{namespace}/{tool}") not in unwanted
    ]
    return {**entry, "ApplicationPermissions": tools} if tools else None


def _split(grant: Grant) -> tuple[str, str]:
    namespace, _, tool = grant.value.partition("/")
    return namespace, tool
