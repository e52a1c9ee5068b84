"""A good override row and permission, and ways to spoil them, for the catalog tests."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from toolgrant.domain.catalog import packaged
from toolgrant.errors import CatalogError

ROW: dict[str, Any] = {
    "id": "aws_service__tasks_Count",
    "aliases": ["CountTasks"],
    "requires": ["permission:TaskTemplates.View"],
    "console_path": {"en": "Routing > Task templates", "ja": "ルーティング > タスクテンプレート"},
    "confidence": {"tool_id": "observed", "permission": "observed", "box": "observed"},
    "evidence": ["https://example.com/why"],
    "checked": "2026-11-20",
    "advisory": [{"when": "always", "text_en": "Slow.", "text_ja": "遅い。"}],
}
CLAIM: dict[str, Any] = {
    "requires": ["permission:TaskTemplates.View"],
    "source": {"en": "one page", "ja": "あるページ"},
    "confidence": "inferred",
    "evidence": ["https://example.com/one"],
}
OTHER: dict[str, Any] = {
    "requires": ["permission:TaskTemplates.View", "permission:TaskTemplates.Edit"],
    "source": {"en": "another page", "ja": "別のページ"},
    "confidence": "observed",
    "evidence": ["https://example.com/other"],
}
PERMISSION: dict[str, Any] = {
    "names": ["Tasks.Count"],
    "section_en": "Tasks",
    "row_en": "Tasks",
    "path_ja": "タスク > タスク",
    "evidence": ["https://example.com/list"],
}


def override(*rows: dict[str, Any], **fields: object) -> str:
    return json.dumps({"schema": 1, "version": "2026-11-23", "tool": list(rows), **fields})


def refusal(text: str) -> str:
    with pytest.raises(CatalogError) as caught:
        packaged().with_overrides(text)
    return str(caught.value)


def changed(*path: str | int, to: object) -> dict[str, Any]:
    """ROW with one value replaced."""
    row: Any = copy.deepcopy(ROW)
    inner = row
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return row  # type: ignore[no-any-return]


def without(field: str) -> dict[str, Any]:
    return {key: value for key, value in ROW.items() if key != field}


def claimed(*claims: object) -> dict[str, Any]:
    """ROW with claims instead of what it requires."""
    return {**without("requires"), "claim": list(claims)}
