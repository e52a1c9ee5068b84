"""How long the lists of a security profile may get (connect service model)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from toolgrant.domain.fixing.rules import ProfileFacts
from toolgrant.domain.model import Grant, GrantKind

MOST_ENTRIES: Mapping[GrantKind, int] = {
    GrantKind.PERMISSION: 500,
    GrantKind.MCP: 10,
    GrantKind.FLOW_MODULE: 10,
    GrantKind.AI_AGENT: 100,
}
"""Longest lists of a security profile (connect service model)."""

MOST_TOOLS = 50
"""Most permissions of one application in a security profile (connect service model)."""


def full_lists(grants: Sequence[Grant], profile: ProfileFacts) -> list[str]:
    """The lists and MCP namespaces that have no room for these grants. One entry more per grant;
    MCP tools of one namespace share an entry."""
    counts = Counter(grant.kind for grant in grants)
    namespaces = Counter(_namespace(one) for one in grants if one.kind is GrantKind.MCP)
    counts[GrantKind.MCP] = len(namespaces.keys() - profile.namespaces.keys())
    entries = profile.entries or {}
    lists = [
        str(kind)
        for kind, more in counts.items()
        if more and entries.get(kind, 0) + more > MOST_ENTRIES[kind]
    ]
    tools = [
        name
        for name, more in namespaces.items()
        if profile.namespaces.get(name, 0) + more > MOST_TOOLS
    ]
    return [*lists, *tools]


def _namespace(grant: Grant) -> str:
    return grant.value.partition("/")[0]
