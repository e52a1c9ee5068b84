"""The catalog for people and programs: JSON, the Markdown of docs/catalog.md, and `explain`.

In: a `Catalog`. Out: plain data or text; nothing is read or printed here. No sentence about a tool
is written here either: what is said of it stands in the catalog.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from toolgrant.domain.catalog import Advisory, AdvisoryWhen, Catalog, Family, Row
from toolgrant.domain.model import Text, Tool, ToolType
from toolgrant_cli.terminal import block, shown

_FAMILY_NEEDS = {
    Family.GATEWAY: "mcp:<namespace>/<tool>",
    Family.FLOW_MODULE: "flow-module:<module>",
    Family.AI_AGENT: "ai-agent:<ARN>",
    Family.RETURN_TO_CONTROL: "nothing",
    Family.CONSTANT: "nothing",
}
_ALIAS = (
    "{0} is a toolName that agents use for the tool below. A toolName is free text, so the name "
    "alone proves nothing: the toolId decides."
)
_UNKNOWN = "Reported as UNKNOWN; nothing is ever granted for it. A row can be added by an override."
_INTRO = """\
# Catalog

Made from `layers/toolgrant/toolgrant/domain/catalog.toml` by `toolgrant catalog --format markdown`;
a test keeps the two equal. Version {version}.

The toolId decides what a tool needs, never the toolName. A tool whose id is in neither table is
UNKNOWN. Confidence is that of the weakest part: the tool id, the permission, the box to tick.
"""


def catalog_json(catalog: Catalog) -> dict[str, object]:
    """The whole catalog as plain data with stable keys."""
    return {
        "schema": "toolgrant/catalog/1",
        "version": catalog.version.isoformat(),
        "tools": [{"toolId": row.key, **_row_json(row)} for row in catalog.rows],
        "families": [{"family": row.key, **_row_json(row)} for row in catalog.families],
        "permissions": [
            {
                "name": permission.name,
                "consolePath": {"en": permission.path_en, "ja": permission.path_ja},
                "evidence": list(permission.evidence),
            }
            for permission in catalog.permissions
        ],
    }


def _row_json(row: Row) -> dict[str, object]:
    parts = row.known
    return {
        "aliases": list(row.aliases),
        "requires": [str(grant) for grant in row.requires],
        "verdict": row.verdict,
        "consolePath": _text_json(row.console_path),
        "confidence": row.confidence.value,
        "confidenceParts": {
            "toolId": parts.tool_id.value,
            "permission": parts.permission.value,
            "box": parts.box.value,
        },
        "evidence": list(row.evidence),
        "checked": row.checked.isoformat(),
        "advisories": [_advisory_json(advisory) for advisory in row.advisories],
        "remedy": _text_json(row.remedy) if row.remedy else None,
        "note": row.note,
    }


def _text_json(text: Text) -> dict[str, object]:
    return {"en": text.en, "ja": text.ja}


def _advisory_json(advisory: Advisory) -> dict[str, object]:
    return {
        "when": advisory.when.value,
        "jsonPath": advisory.json_path,
        "permission": advisory.permission,
        "text": {"en": advisory.text_en, "ja": advisory.text_ja},
    }


def explain_text(catalog: Catalog, name: str) -> str:
    """What is known of a tool id, its short form, a family or a toolName, for a terminal."""
    rows = catalog.explain(name)
    if not rows:
        return _block(name, [("verdict", ["UNKNOWN"]), ("why", [_reason(catalog, name), _UNKNOWN])])
    texts = [_row_text(catalog, row, name) for row in rows]
    if any(name in row.aliases for row in rows):
        texts.insert(0, textwrap.fill(shown(_ALIAS.format(name)), 100))
    return "\n\n".join(texts)


def _reason(catalog: Catalog, tool_id: str) -> str:
    return catalog.requirement(Tool("", ToolType.MODEL_CONTEXT_PROTOCOL, tool_id)).reason


def _row_text(catalog: Catalog, row: Row, name: str) -> str:
    fields = [
        ("needs", [_needs(catalog, row, name)]),
        ("console", [row.console_path.en, row.console_path.ja]),
        ("confidence", [f"{row.confidence} ({_parts(row)})"]),
        ("note", [row.note] if row.note else []),
        *(_advisory_field(advisory) for advisory in row.advisories),
        ("evidence", list(row.evidence)),
        ("checked", [row.checked.isoformat()]),
    ]
    is_id = row.key in list(Family) and name not in (row.key, *row.aliases)
    return _block(f"{name} ({row.key})" if is_id else row.key, fields)


def _needs(catalog: Catalog, row: Row, name: str) -> str:
    if row.verdict:
        return f"{row.verdict}: {_reason(catalog, row.key)}"
    if row.requires:
        return ", ".join(map(str, row.requires))
    grants = catalog.requirement(Tool("", ToolType.MODEL_CONTEXT_PROTOCOL, name)).grants
    return ", ".join(map(str, grants)) or _FAMILY_NEEDS[Family(row.key)]


def _parts(row: Row) -> str:
    parts = row.known
    return f"tool id {parts.tool_id}, permission {parts.permission}, box {parts.box}"


def _advisory_field(advisory: Advisory) -> tuple[str, list[str]]:
    return ("advisory", [_condition(advisory), advisory.text_en, advisory.text_ja])


def _condition(advisory: Advisory) -> str:
    if advisory.when is AdvisoryWhen.OVERRIDE_MISSING:
        return f"if {advisory.json_path} has no override value:"
    if advisory.when is AdvisoryWhen.PERMISSION_HELD:
        return f"if an attached profile holds {advisory.permission}:"
    return "always:"


def _block(title: str, fields: Iterable[tuple[str, list[str]]]) -> str:
    """A title and indented fields, values under each other; a field without values is left out."""
    lines = [title]
    for label, values in fields:
        wrapped = [line for value in values for line in _lines(shown(value))]
        labels = [label, *[""] * len(wrapped)]
        lines += [f"  {at:<12}{line}" for at, line in zip(labels, wrapped, strict=False)]
    return block(lines)


def _lines(text: str) -> list[str]:
    """Wrapped between words; a URL stays whole to be clicked, Japanese has no words to wrap at."""
    if not text.isascii():
        return [text]
    return textwrap.wrap(text, 84, break_on_hyphens=False, break_long_words=False)


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
    needs = [str(grant) for grant in row.requires] or [
        row.verdict or _FAMILY_NEEDS[Family(row.key)]
    ]
    return (
        f"`{row.key}`",
        "<br>".join(f"`{need}`" for need in needs),
        row.console_path.en,
        row.console_path.ja,
        f"**{row.confidence}**<br>{_parts(row)}",
        " ".join(f"[{at}]({url})" for at, url in enumerate(row.evidence, 1)),
        row.checked.isoformat(),
    )


def _remarks(rows: Iterable[Row]) -> str:
    return "".join(
        f"- `{row.key}`: {text}\n"
        for row in rows
        for text in (*([_escaped(row.note)] if row.note else []), *map(_remark, row.advisories))
    )


def _remark(advisory: Advisory) -> str:
    return f"*{_condition(advisory)}* {_escaped(advisory.text_en)}"


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
