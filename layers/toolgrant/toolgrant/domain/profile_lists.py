"""The four lists of a security profile as the API has them: grants go in and out, the rest stays.

UpdateSecurityProfile replaces each list that it is sent (domain facts, observed), so every entry
must come back as it was, `Type` and order included.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from toolgrant.domain.json_fields import Json, JsonValue, as_list, as_map, as_text, numbered
from toolgrant.domain.model import Grant, GrantKind
from toolgrant.domain.service_limits import most

Entry = JsonValue
"""A permission's name, or the map of an application, flow module or AI agent."""


PROFILE_LISTS = {
    GrantKind.PERMISSION: "Permissions",
    GrantKind.MCP: "Applications",
    GrantKind.FLOW_MODULE: "AllowedFlowModules",
    GrantKind.AI_AGENT: "AllowedAIAgents",
}


def parse_grants(kind: GrantKind, entries: object, path: str) -> frozenset[Grant]:
    """The grants in one of the four lists of a profile, each entry judged by its exact Type.

    A Type that is left out is the one that is legal in its list. Applications have two (connect
    service model), so there an entry grants MCP tools only if it says MCP. Names are compared
    exactly, case included.
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
    return [module] if _is(entry, path, "MCP", absent="MCP") and module else []


def _ai_agent_values(entry: Json, path: str) -> list[str]:
    arn = as_text(entry.get("Arn"), f"{path}.Arn")
    return [arn] if _is(entry, path, "THIRD_PARTY", absent="THIRD_PARTY") and arn else []


def _is(entry: Json, path: str, kind: str, absent: str = "") -> bool:
    """`absent` is what an entry without a Type is."""
    given = entry.get("Type")
    return (absent if given is None else as_text(given, f"{path}.Type")) == kind


_GRANT_VALUES = {
    GrantKind.MCP: _mcp_values,
    GrantKind.FLOW_MODULE: _module_values,
    GrantKind.AI_AGENT: _ai_agent_values,
}


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
        return tuple(entry for entry in entries if not granted(kind, [entry]) & unwanted)
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


def _without_tools(entry: Json, unwanted: frozenset[Grant]) -> Entry | None:
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


def full_lists(grants: Sequence[Grant], lists: Mapping[GrantKind, Sequence[Entry]]) -> list[str]:
    """The lists and MCP namespaces that have no room for these grants, as the lists are now.

    One entry more per grant; MCP tools of one namespace share an entry. What a list holds already
    needs no room.
    """
    held = {kind: granted(kind, entries) for kind, entries in lists.items()}
    new = [grant for grant in grants if grant not in held.get(grant.kind, ())]
    known = Counter(grant.namespace for grant in held.get(GrantKind.MCP, ()))
    tools = Counter(grant.namespace for grant in new if grant.kind is GrantKind.MCP)
    counts = Counter(grant.kind for grant in new)
    counts[GrantKind.MCP] = len(tools.keys() - known.keys())
    full = [
        str(kind)
        for kind, more in counts.items()
        if more and len(lists.get(kind, ())) + more > most("connect", PROFILE_LISTS[kind])
    ]
    room = most("connect", "Applications[].ApplicationPermissions")
    return [*full, *(name for name, more in tools.items() if known[name] + more > room)]
