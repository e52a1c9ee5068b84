"""Catalog text → validated rows.

In: TOML (`catalog.toml`) or JSON (an operators' override), with the same tables and fields. Out: a
`Source` of frozen rows. Every fault is one `CatalogError` naming the row, the field and the value,
so a bad row fails the build, or is refused when an operator stores it, and never reaches a verdict.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from toolgrant.domain.catalog.fields import ROOT, Table
from toolgrant.domain.catalog.rows import (
    Advisory,
    AdvisoryWhen,
    Claim,
    Family,
    Known,
    Permission,
    Row,
)
from toolgrant.domain.catalog.vocabulary import read_permissions
from toolgrant.domain.model import Confidence, Grant, GrantKind, Text, Verdict
from toolgrant.domain.toolid import parse_tool_id
from toolgrant.errors import CatalogError

SCHEMA = 1


@dataclass(frozen=True)
class Source:
    """What one catalog text says. `version` is the day it was written; no row was checked later."""

    version: date
    permissions: tuple[Permission, ...]
    rows: tuple[Row, ...]
    families: tuple[Row, ...]


def read_toml(text: str) -> Source:
    """The packaged form. Raises CatalogError."""
    return _source(_decoded("TOML", tomllib.loads, text), ())


def read_json(text: str, vocabulary: tuple[Permission, ...]) -> Source:
    """An override, which may name `vocabulary` and its own new permissions. Raises CatalogError."""
    return _source(_decoded("JSON", _json, text), vocabulary)


def _json(text: str) -> object:
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """JSON lets the last of two equal keys win silently; TOML refuses, and so do we."""
    table = dict(pairs)
    if len(table) < len(pairs):
        # As other JSON that cannot be decoded; `_decoded` makes a CatalogError of it.
        raise ValueError(f"a key is given twice among {[key for key, _ in pairs]!r}")
    return table


def _decoded(language: str, loads: Callable[[str], object], text: str) -> Table:
    try:
        return Table(ROOT, loads(text))
    except (ValueError, RecursionError) as error:
        raise CatalogError(f"{ROOT}: not {language}: {error}") from error


def _source(table: Table, vocabulary: tuple[Permission, ...]) -> Source:
    schema = table.take("schema")
    if type(schema) is not int or schema != SCHEMA:
        raise table.fault("schema", f"expected {SCHEMA}, found {schema!r}")
    version = table.day("version")
    permissions = read_permissions(table, vocabulary)
    reader = _Reader(version, {known.name: known for known in (*vocabulary, *permissions)})
    rows = tuple(map(reader.tool, table.tables("tool")))
    families = tuple(map(reader.family, table.tables("family")))
    table.end()
    return Source(version, permissions, rows, families)


@dataclass(frozen=True)
class _Reader:
    """Reads rows against one vocabulary and one catalog date."""

    version: date
    vocabulary: Mapping[str, Permission]

    def tool(self, table: Table) -> Row:
        """A row by exact tool id."""
        tool_id = table.text("id")
        table.where = f"tool {tool_id}"
        verdict = table.word("verdict", Verdict) if table.has("verdict") else None
        if verdict not in (None, Verdict.UNKNOWN):
            raise table.fault("verdict", f"only UNKNOWN can be given, found {verdict.value!r}")
        requires, claims = self._grants(table, tool_id), self._claims(table, tool_id)
        if claims and (requires or verdict):
            found = verdict or _texts(requires)
            raise table.fault("claim", f"stands instead of requires and verdict, found {found}")
        if bool(requires or claims) is bool(verdict):
            problem = "must be empty beside a verdict" if verdict else "names no grant"
            raise table.fault("requires", f"{problem}, found {_texts(requires)}")
        return self._row(table, tool_id, requires, verdict, claims)

    def _claims(self, table: Table, tool_id: str) -> tuple[Claim, ...]:
        """Best known first."""
        given = table.has("claim")
        claims = [self._claim(entry, tool_id) for entry in table.tables("claim")]
        if given and len({frozenset(claim.requires) for claim in claims}) < max(2, len(claims)):
            found = [_texts(claim.requires) for claim in claims]
            raise table.fault("claim", f"expected two or more that disagree, found {found}")
        return tuple(sorted(claims, key=lambda claim: claim.confidence.rank))

    def _claim(self, table: Table, tool_id: str) -> Claim:
        requires = self._grants(table, tool_id)
        if not requires:
            raise table.fault("requires", "names no grant, found []")
        source, confidence = table.both("source"), table.word("confidence", Confidence)
        claim = Claim(requires, source, confidence, table.urls("evidence"))
        table.end()
        return claim

    def family(self, table: Table) -> Row:
        """A row for all tools of one type or id grammar."""
        name = table.word("name", Family)
        table.where = f"family {name}"
        return self._row(table, name, (), None, ())

    def _row(
        self,
        table: Table,
        key: str,
        requires: tuple[Grant, ...],
        verdict: Verdict | None,
        claims: tuple[Claim, ...],
    ) -> Row:
        remedy = table.both("remedy") if table.has("remedy") else None
        row = Row(
            key=str(key),
            aliases=table.texts("aliases"),
            requires=claims[0].requires if claims else requires,
            claims=claims,
            console_path=table.both("console_path"),
            known=_known(table),
            evidence=table.urls("evidence"),
            checked=self._checked(table),
            source_rows=_source_rows(table),
            advisories=(*self._advisories(table), *_remedy_advisory(remedy)),
            verdict=verdict,
            remedy=remedy,
            note=table.optional("note"),
        )
        table.end()
        return row

    def _grants(self, table: Table, tool_id: str) -> tuple[Grant, ...]:
        grants = tuple(self._grant(table, text) for text in table.texts("requires"))
        _check_kinds(table, tool_id, grants)
        return grants

    def _grant(self, table: Table, text: str) -> Grant:
        try:
            grant = Grant.parse(text)
        except ValueError as error:
            raise table.fault("requires", str(error)) from None
        if grant.kind is GrantKind.PERMISSION:
            self._permission(table, "requires", grant.value, needs_paths=True)
        return grant

    def _permission(self, table: Table, field: str, name: str, *, needs_paths: bool) -> str:
        known = self.vocabulary.get(name)
        if known is None:
            raise table.fault(field, f"{name!r} is not in the permission vocabulary")
        if needs_paths and known.path_ja is None:
            raise table.fault(field, f"{name!r} has no Japanese console path")
        return name

    def _checked(self, table: Table) -> date:
        checked = table.day("checked")
        if checked > self.version:
            raise table.fault("checked", f"{checked} is later than the catalog, {self.version}")
        return checked

    def _advisories(self, table: Table) -> list[Advisory]:
        return [self._advisory(entry) for entry in table.tables("advisory")]

    def _advisory(self, table: Table) -> Advisory:
        when = table.word("when", AdvisoryWhen)
        json_path = permission = None
        if when is AdvisoryWhen.OVERRIDE_MISSING:
            json_path = table.text("json_path")
            if not json_path.startswith("$."):
                raise table.fault("json_path", f"expected a JSON path, found {json_path!r}")
        if when is AdvisoryWhen.PERMISSION_HELD:
            permission = table.text("permission")
            self._permission(table, "permission", permission, needs_paths=False)
        advisory = Advisory(
            when, table.text("text_en"), table.text("text_ja"), json_path, permission
        )
        table.end()
        return advisory


def _texts(grants: tuple[Grant, ...]) -> list[str]:
    return [str(grant) for grant in grants]


def _check_kinds(table: Table, tool_id: str, requires: tuple[Grant, ...]) -> None:
    """Grants other than permissions follow from the id's own text, in a row as without one."""
    own = parse_tool_id(tool_id).grant
    named = [grant for grant in requires if grant.kind is not GrantKind.PERMISSION]
    if requires and named != ([own] if own else []):
        found = ", ".join(map(str, named)) or "none"
        raise table.fault("requires", f"the id itself gives {own or 'none'}, found {found}")


def _known(table: Table) -> Known:
    inner = Table(f"{table.where}: confidence", table.take("confidence"))
    tool_id, permission, box = (
        inner.word(part, Confidence) for part in ("tool_id", "permission", "box")
    )
    inner.end()
    return Known(tool_id, permission, box)


def _source_rows(table: Table) -> tuple[int, ...]:
    rows = table.items("source_rows")
    if not all(type(row) is int and row > 0 for row in rows):
        raise table.fault("source_rows", f"expected row numbers, found {rows!r}")
    return tuple(row for row in rows if isinstance(row, int))


def _remedy_advisory(remedy: Text | None) -> list[Advisory]:
    return [Advisory(AdvisoryWhen.ALWAYS, remedy.en, remedy.ja)] if remedy else []
