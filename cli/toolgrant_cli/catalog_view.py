"""The catalog for people and programs: JSON, and `explain`.

In: a `Catalog`. Out: plain data or text; nothing is read or printed here. No sentence about a tool
is written here either: what is said of it stands in the catalog.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from toolgrant.domain.catalog import Advisory, AdvisoryWhen, Catalog, Claim, Family, Row
from toolgrant.domain.model import Text, Tool, ToolType
from toolgrant_cli.terminal import block, shown

FAMILY_NEEDS = {
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
_DISPUTED = (
    "sources disagree: SUFFICIENT if all of these claims are met, INSUFFICIENT if none is, else "
    "UNKNOWN; toolgrant only ever adds what they share"
)
_UNKNOWN = "Reported as UNKNOWN; nothing is ever granted for it. A row can be added by an override."


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
        "claims": [_claim_json(claim) for claim in row.claims],
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


def _claim_json(claim: Claim) -> dict[str, object]:
    return {
        "requires": [str(grant) for grant in claim.requires],
        "source": _text_json(claim.source),
        "confidence": claim.confidence.value,
        "evidence": list(claim.evidence),
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
        *(_claim_field(claim) for claim in row.claims),
        ("console", [row.console_path.en, row.console_path.ja]),
        ("confidence", [f"{row.confidence} ({parts_of(row)})"]),
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
    if row.claims:
        return _DISPUTED
    if row.requires:
        return ", ".join(map(str, row.requires))
    grants = catalog.requirement(Tool("", ToolType.MODEL_CONTEXT_PROTOCOL, name)).grants
    return ", ".join(map(str, grants)) or FAMILY_NEEDS[Family(row.key)]


def _claim_field(claim: Claim) -> tuple[str, list[str]]:
    grants = ", ".join(map(str, claim.requires))
    sources = [claim.source.en, claim.source.ja, *claim.evidence]
    return ("claim", [f"{grants} ({claim.confidence})", *sources])


def parts_of(row: Row) -> str:
    """How well each part of a row is known."""
    parts = row.known
    return f"tool id {parts.tool_id}, permission {parts.permission}, box {parts.box}"


def _advisory_field(advisory: Advisory) -> tuple[str, list[str]]:
    return ("advisory", [condition(advisory), advisory.text_en, advisory.text_ja])


def condition(advisory: Advisory) -> str:
    """When an advisory applies, in words."""
    if advisory.when is AdvisoryWhen.OVERRIDE_MISSING:
        return f"if {advisory.json_path} has no override value:"
    if advisory.when is AdvisoryWhen.PERMISSION_HELD:
        return f"if an attached profile holds {advisory.permission}:"
    if advisory.when is AdvisoryWhen.GRANTED:
        return "where SUFFICIENT:"
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
