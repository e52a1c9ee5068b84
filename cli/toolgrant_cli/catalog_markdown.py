"""The catalog as the Markdown of docs/catalog.md. Text only; nothing is read or printed here."""

from __future__ import annotations

from collections.abc import Iterable

from toolgrant.domain.catalog import Advisory, Catalog, Claim, Family, Row
from toolgrant_cli.catalog_view import FAMILY_NEEDS, condition, parts_of

_INTRO = """\
# Catalog

Made from `layers/toolgrant/toolgrant/domain/catalog.toml` by `toolgrant catalog --format markdown`;
a test keeps the two equal. Version {version}.

The toolId decides what a tool needs, never the toolName. A tool whose id is in neither table is
UNKNOWN. Confidence is that of the weakest part: the tool id, the permission, the box to tick.
Where sources disagree, each one's claim stands under *Needs*, the best known first: a tool that
satisfies all of them is SUFFICIENT, one that satisfies none INSUFFICIENT, any other UNKNOWN.
"""


def catalog_markdown(catalog: Catalog) -> str:
    """The content of docs/catalog.md."""
    sections = [
        _INTRO.format(version=catalog.version),
        "## Tools by id\n\n" + _table(_ROW_HEAD, map(_row_cells, catalog.rows)),
        "## Families\n\n" + _table(_ROW_HEAD, map(_row_cells, catalog.families)),
        "## Remarks\n\n" + _remarks((*catalog.rows, *catalog.families)),
        "## Names seen on tools\n\n" + _table(("toolName", "Tool"), _alias_cells(catalog)),
        "## Permission vocabulary\n\n" + _table(("Permission", "EN", "JA"), _vocabulary(catalog)),
    ]
    return "\n".join(sections)


_ROW_HEAD = ("Tool", "Needs", "Console (EN)", "Console (JA)", "Confidence", "Evidence", "Checked")


def _row_cells(row: Row) -> tuple[str, ...]:
    return (
        f"`{row.key}`",
        _needs_cell(row),
        row.console_path.en,
        row.console_path.ja,
        f"**{row.confidence}**<br>{parts_of(row)}",
        " ".join(f"[{at}]({url})" for at, url in enumerate(row.evidence, 1)),
        row.checked.isoformat(),
    )


def _needs_cell(row: Row) -> str:
    if row.claims:
        return "<br>*or*<br>".join(_codes(map(str, claim.requires)) for claim in row.claims)
    grants = [str(grant) for grant in row.requires]
    return _codes(grants or [row.verdict or FAMILY_NEEDS[Family(row.key)]])


def _codes(needs: Iterable[str]) -> str:
    return "<br>".join(f"`{need}`" for need in needs)


def _remarks(rows: Iterable[Row]) -> str:
    return "".join(
        f"- `{row.key}`: {text}\n"
        for row in rows
        for text in (
            *([_escaped(row.note)] if row.note else []),
            *map(_claimed, row.claims),
            *map(_remark, row.advisories),
        )
    )


def _claimed(claim: Claim) -> str:
    source = f"[{claim.source.en}]({claim.evidence[0]})"
    return f"*claim, {claim.confidence}:* {source}: {_codes(map(str, claim.requires))}"


def _remark(advisory: Advisory) -> str:
    return f"*{condition(advisory)}* {_escaped(advisory.text_en)}"


def _escaped(text: str) -> str:
    return text.replace("_", r"\_").replace("<", "&lt;")


def _alias_cells(catalog: Catalog) -> Iterable[tuple[str, ...]]:
    for row in (*catalog.rows, *catalog.families):
        for alias in row.aliases:
            yield f"`{alias}`", f"`{row.key}`"


def _vocabulary(catalog: Catalog) -> Iterable[tuple[str, ...]]:
    for permission in catalog.permissions:
        yield f"`{permission.name}`", permission.path_en, permission.path_ja or "not recorded"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
