"""The catalog: what each tool needs, where a person grants it, and how well that is known.

In: `catalog.toml` beside this folder, and an operators' override if there is one. Out: for any tool
a `Requirement`; for any name a person types, the rows it may mean. The toolId decides, never the
toolName, which is free text. What the catalog cannot say is unknown, and said to be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from importlib.resources import files

from toolgrant.domain.catalog.rows import Claim, Family, Permission, Row
from toolgrant.domain.catalog.source import Source, read_json, read_toml
from toolgrant.domain.model import Grant, GrantKind, Tool, ToolType
from toolgrant.domain.toolid import parse_tool_id
from toolgrant.errors import CatalogError

_FAMILY = {
    GrantKind.MCP: Family.GATEWAY,
    GrantKind.FLOW_MODULE: Family.FLOW_MODULE,
    GrantKind.AI_AGENT: Family.AI_AGENT,
}
_REASONS = {
    "needs": "needs {0}",
    "disagree": "sources disagree: {0}",
    "nothing": "needs no grant: {0}",
    "no-help": "no permission is known to help: {0}",
    "no-row": "not in the catalog: {0}",
    "no-id": "no toolId",
    "no-application": "no applicationId: AWS's page on aiAgentId targets names no profile step",
    "no-type": "toolType not known: {0}",
}


@dataclass(frozen=True)
class Requirement:
    """What one tool needs: all of `grants`, or where sources disagree, what each of the `claims`
    asks for; `grants` are then those of the best-known one. With `unknown` the catalog cannot say.
    """

    grants: tuple[Grant, ...]
    row: Row | None
    reason: str
    unknown: bool = False
    claims: tuple[Claim, ...] = ()

    @property
    def alternatives(self) -> tuple[frozenset[Grant], ...]:
        """What each source asks for; one set where none disagrees."""
        claimed = tuple(frozenset(claim.requires) for claim in self.claims)
        return claimed or (frozenset(self.grants),)

    @property
    def every(self) -> tuple[Grant, ...]:
        """What satisfies every source."""
        claimed = (grant for claim in self.claims for grant in claim.requires)
        return tuple(dict.fromkeys((*self.grants, *claimed)))

    @property
    def shared(self) -> frozenset[Grant]:
        """What every source asks for."""
        return frozenset.intersection(*self.alternatives)


@dataclass(frozen=True)
class Catalog:
    """Rows by exact tool id, families by grammar or type, and the permission vocabulary."""

    version: date
    rows: tuple[Row, ...]
    families: tuple[Row, ...]
    permissions: tuple[Permission, ...]

    @classmethod
    def parse(cls, text: str) -> Catalog:
        """A whole catalog from TOML. Raises CatalogError."""
        source = read_toml(text)
        _check_families(source)
        _check_names(source.rows, source.families)
        return cls(source.version, source.rows, source.families, source.permissions)

    def with_overrides(self, text: str) -> Catalog:
        """This catalog with rows added, or replaced by id, from JSON. Raises CatalogError.

        The override may add permissions to the vocabulary but not change them, and it has no
        families: those follow from the grammar.
        """
        source = read_json(text, self.permissions)
        if source.families:
            raise CatalogError(f"family {source.families[0].key}: name: cannot be overridden")
        _check_names(source.rows, ())
        rows = tuple({row.key: row for row in (*self.rows, *source.rows)}.values())
        _check_names(rows, self.families)
        permissions = (*self.permissions, *source.permissions)
        return Catalog(max(self.version, source.version), rows, self.families, permissions)

    def requirement(self, tool: Tool) -> Requirement:
        """What `tool` needs. Never raises: what cannot be said is `unknown`."""
        if tool.type in (ToolType.RETURN_TO_CONTROL, ToolType.CONSTANT):
            return Requirement((), self._families[tool.type], _reason("nothing", tool.type))
        if tool.type == ToolType.AI_AGENT:
            return self._target(tool.id)
        if tool.type == ToolType.MODEL_CONTEXT_PROTOCOL:
            return self._mcp(tool.id)
        return _unknown(None, "no-type", tool.type)

    def explain(self, name: str) -> tuple[Row, ...]:
        """The rows that a full id, short form, family name or alias may mean; empty if none.

        An id means one row. An alias is a toolName seen somewhere: it may mean several rows, and
        proves nothing about the toolId underneath.
        """
        row = self._row(name) or self._families.get(name)
        if row:
            return (row,)
        return tuple(row for row in (*self.rows, *self.families) if name in row.aliases)

    @cached_property
    def _families(self) -> Mapping[str, Row]:
        return {row.key: row for row in self.families}

    @cached_property
    def _by_id(self) -> Mapping[str, Row]:
        shorts = {row.short: row for row in self.rows if row.short}
        return shorts | {row.key: row for row in self.rows}

    def _row(self, tool_id: str) -> Row | None:
        """An exact row goes before the family that the id's grammar names."""
        grant = parse_tool_id(tool_id).grant
        family = self._families[_FAMILY[grant.kind]] if grant else None
        return self._by_id.get(tool_id, family)

    def _mcp(self, tool_id: str | None) -> Requirement:
        if not tool_id:
            return _unknown(None, "no-id")
        row, grant = self._row(tool_id), parse_tool_id(tool_id).grant
        if row is None:
            return _unknown(None, "no-row", tool_id)
        if row.verdict:
            return _unknown(row, "no-help", tool_id)
        return _needs(row.requires or ((grant,) if grant else ()), row)

    def _target(self, application_id: str | None) -> Requirement:
        if not application_id:
            return _unknown(None, "no-application")
        grant = Grant(GrantKind.AI_AGENT, application_id)
        return _needs((grant,), self._families[Family.AI_AGENT])


@lru_cache(maxsize=1)
def packaged() -> Catalog:
    """The catalog that ships with the code. Raises CatalogError if it is broken."""
    return Catalog.parse(files("toolgrant.domain").joinpath("catalog.toml").read_text("utf-8"))


def _reason(key: str, *values: str) -> str:
    return _REASONS[key].format(*values)


def _unknown(row: Row | None, key: str, *values: str) -> Requirement:
    return Requirement((), row, _reason(key, *values), unknown=True)


def _needs(grants: tuple[Grant, ...], row: Row) -> Requirement:
    said = [f"{claim.source.en} says {_named(claim.requires)}" for claim in row.claims]
    reason = _reason("disagree", "; ".join(said)) if said else _reason("needs", _named(grants))
    return Requirement(grants, row, reason, claims=row.claims)


def _named(grants: Iterable[Grant]) -> str:
    return ", ".join(map(str, grants))


def _check_families(source: Source) -> None:
    keys = [row.key for row in source.families]
    for name in Family:
        if keys.count(name) != 1:
            raise CatalogError(f"family {name}: name: expected once, found {keys.count(name)}")


def _check_names(rows: Iterable[Row], families: Iterable[Row]) -> None:
    """An id must mean one row, so neither another id, a short form nor an alias may equal it.

    Two rows may share an alias: toolName is free text, and `explain` then names both.
    """
    owner: dict[str, str] = {row.key: row.key for row in families}
    rows = tuple(rows)
    for row in rows:
        for name in filter(None, (row.key, row.short)):
            if name in owner:
                raise CatalogError(f"tool {row.key}: id: {name!r} already means {owner[name]}")
            owner[name] = row.key
    for row in (*rows, *families):
        for alias in row.aliases:
            if alias in owner:
                raise CatalogError(f"{row.key}: aliases: {alias!r} is the id of {owner[alias]}")
