"""What the loader refuses: each fault is one CatalogError naming the row, the field, the value."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.override_rows import (
    CLAIM,
    OTHER,
    PERMISSION,
    ROW,
    changed,
    claimed,
    override,
    refusal,
    without,
)

from toolgrant.domain.catalog import Catalog, packaged
from toolgrant.errors import CatalogError

TOML = files("toolgrant.domain").joinpath("catalog.toml").read_text("utf-8")
ADVISORY = {"when": "always", "text_en": "a", "text_ja": "b"}
BAD_ROWS = [
    (without("id"), "tool[0]: id: expected text, found None"),
    (changed("id", to=" x"), "tool[0]: id: expected text, found ' x'"),
    (changed("id", to=7), "tool[0]: id: expected text, found 7"),
    (without("requires"), "requires: names no grant, found []"),
    (changed("requires", to=[]), "requires: names no grant"),
    (changed("requires", to="permission:Cases.View"), "requires: expected a list"),
    (changed("requires", to=["Cases.View"]), "requires: not a grant: 'Cases.View'"),
    (changed("requires", to=["permission:"]), "requires: not a grant: 'permission:'"),
    (changed("requires", to=["role:Admin"]), "requires: not a grant: 'role:Admin'"),
    (changed("requires", to=[1]), "requires: expected different texts, found [1]"),
    (
        changed("requires", to=["permission:Tasks.Create"]),
        "requires: 'Tasks.Create' is not in the permission vocabulary",
    ),
    (
        changed("requires", to=["permission:DataTables.View"]),
        "requires: 'DataTables.View' has no Japanese console path",
    ),
    (
        changed("requires", to=["permission:Cases.View", "permission:Cases.View"]),
        "requires: expected different texts",
    ),
    (changed("requires", to=["mcp:g/t"]), "requires: the id itself gives none, found mcp:g/t"),
    (
        changed("id", to="gateway_g__t"),
        "tool gateway_g__t: requires: the id itself gives mcp:g/t, found none",
    ),
    (
        changed("verdict", to="UNKNOWN"),
        "requires: must be empty beside a verdict, found ['permission:TaskTemplates.View']",
    ),
    (changed("verdict", to="SUFFICIENT"), "verdict: only UNKNOWN can be given"),
    (changed("verdict", to="MAYBE"), "verdict: expected one of"),
    (changed("verdict", to=None), "verdict: expected one of"),
    (changed("aliases", to=["a", "a"]), "aliases: expected different texts"),
    (changed("aliases", to=[""]), "aliases: expected different texts"),
    (changed("aliases", to=None), "aliases: expected a list, found None"),
    (changed("aliases", to=["tasks_Count"]), "aliases: 'tasks_Count' is the id of"),
    (changed("aliases", to=["gateway"]), "aliases: 'gateway' is the id of gateway"),
    (changed("id", to="connect_DescribeContact"), "id: 'connect_DescribeContact' already means"),
    (changed("id", to="CONSTANT"), "id: 'CONSTANT' already means CONSTANT"),
    (changed("id", to="Retrieve"), "aliases: 'Retrieve' is the id of Retrieve"),
    (without("console_path"), "console_path: expected a table, found None"),
    (changed("console_path", "en", to=""), "console_path: en: expected text, found ''"),
    (changed("console_path", "ja", to=" "), "console_path: ja: expected text, found ' '"),
    (changed("console_path", "de", to="x"), "console_path: de: unknown field, value 'x'"),
    (without("confidence"), "confidence: expected a table, found None"),
    (changed("confidence", to="observed"), "confidence: expected a table, found 'observed'"),
    (changed("confidence", "box", to="guessed"), "confidence: box: expected one of documented"),
    (changed("confidence", to={"tool_id": "observed"}), "confidence: permission: expected one of"),
    (changed("confidence", "why", to="x"), "confidence: why: unknown field"),
    (without("evidence"), "evidence: expected https URLs, found []"),
    (changed("evidence", to=["http://example.com"]), "evidence: expected https URLs"),
    (changed("evidence", to=["https://example.com/a b"]), "evidence: expected https URLs"),
    (changed("evidence", to=["https://localhost"]), "evidence: expected https URLs"),
    (without("checked"), "checked: expected a date, found None"),
    (changed("checked", to="yesterday"), "checked: expected a date, found 'yesterday'"),
    (changed("checked", to=20261120), "checked: expected a date, found 20261120"),
    (changed("checked", to="2026-11-24"), "checked: 2026-11-24 is later than the catalog"),
    (changed("source_rows", to=["4"]), "source_rows: expected row numbers, found ['4']"),
    (changed("source_rows", to=[0]), "source_rows: expected row numbers, found [0]"),
    (changed("source_rows", to=[True]), "source_rows: expected row numbers, found [True]"),
    (changed("note", to=""), "note: expected text, found ''"),
    (changed("remedy", to="Remove it."), "remedy: expected a table, found 'Remove it.'"),
    (changed("remedy", to={"en": "Remove it."}), "remedy: ja: expected text, found None"),
    (
        claimed(CLAIM),
        "claim: expected two or more that disagree, found [['permission:TaskTemplates.View']]",
    ),
    (claimed(), "claim: expected two or more that disagree, found []"),
    (claimed(CLAIM, {**OTHER, "requires": CLAIM["requires"]}), "two or more that disagree"),
    (claimed(CLAIM, OTHER, {**OTHER, "confidence": "documented"}), "two or more that disagree"),
    (
        {**claimed(CLAIM, OTHER), "requires": CLAIM["requires"]},
        f"requires and verdict, found {CLAIM['requires']}",
    ),
    ({**claimed(CLAIM, OTHER), "verdict": "UNKNOWN"}, "requires and verdict, found UNKNOWN"),
    (changed("claim", to=CLAIM), "claim: expected a list"),
    (claimed(CLAIM, "x"), "claim[1]: expected a table, found 'x'"),
    (claimed(CLAIM, {**OTHER, "requires": []}), "claim[1]: requires: names no grant"),
    (
        claimed(CLAIM, {**OTHER, "requires": ["permission:Tasks.Create"]}),
        "claim[1]: requires: 'Tasks.Create' is not in the permission vocabulary",
    ),
    (
        claimed(CLAIM, {**OTHER, "requires": ["mcp:g/t"]}),
        "claim[1]: requires: the id itself gives none, found mcp:g/t",
    ),
    (claimed({**CLAIM, "source": "AWS"}, OTHER), "claim[0]: source: expected a table"),
    (claimed({**CLAIM, "source": {"en": "AWS"}}, OTHER), "claim[0]: source: ja: expected text"),
    (claimed({**CLAIM, "confidence": "sure"}, OTHER), "claim[0]: confidence: expected one of"),
    (claimed({**CLAIM, "evidence": []}, OTHER), "claim[0]: evidence: expected https URLs"),
    (claimed({**CLAIM, "why": "x"}, OTHER), "claim[0]: why: unknown field"),
    (changed("consolePath", to={}), "consolePath: unknown field, value {}"),
    (changed("name", to="gateway"), "name: unknown field, value 'gateway'"),
    (changed("advisory", to=ADVISORY), "advisory: expected a list"),
    (changed("advisory", to=["Slow."]), "advisory[0]: expected a table, found 'Slow.'"),
    (changed("advisory", 0, "when", to="often"), "advisory[0]: when: expected one of always"),
    (changed("advisory", 0, "text_en", to=None), "advisory[0]: text_en: expected text, found None"),
    (changed("advisory", 0, "text_ja", to=""), "advisory[0]: text_ja: expected text, found ''"),
    (changed("advisory", 0, "colour", to="red"), "advisory[0]: colour: unknown field"),
    (changed("advisory", 0, "json_path", to="$.a"), "advisory[0]: json_path: unknown field"),
    (
        changed("advisory", to=[{**ADVISORY, "when": "override-missing"}]),
        "advisory[0]: json_path: expected text, found None",
    ),
    (
        changed("advisory", to=[{**ADVISORY, "when": "override-missing", "json_path": "a.b"}]),
        "advisory[0]: json_path: expected a JSON path, found 'a.b'",
    ),
    (
        changed("advisory", to=[{**ADVISORY, "when": "permission-held"}]),
        "advisory[0]: permission: expected text, found None",
    ),
    (
        changed("advisory", to=[{**ADVISORY, "when": "permission-held", "permission": "Nope"}]),
        "advisory[0]: permission: 'Nope' is not in the permission vocabulary",
    ),
]


@pytest.mark.parametrize(
    "url",
    ["https://wiki.example.com:8443/x", "https://example.com?page=1", "https://example.com#a"],
)
def test_evidence_may_be_any_https_address_of_a_host(url: str) -> None:
    packaged().with_overrides(override(changed("evidence", to=[url])))


def test_the_row_that_the_faults_start_from_is_good() -> None:
    catalog = packaged().with_overrides(override(ROW))

    assert catalog.rows[-1].key == ROW["id"]


@pytest.mark.parametrize(("row", "message"), BAD_ROWS, ids=[message for _, message in BAD_ROWS])
def test_a_bad_row_is_refused_by_name(row: dict[str, Any], message: str) -> None:
    said = refusal(override(row))

    assert message in said
    assert str(row.get("id", "tool[0]")).strip() in said or said.startswith("tool[0]")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "catalog: not JSON"),
        ("[" * 8000, "catalog: not JSON"),
        ("[]", "catalog: expected a table, found []"),
        ("{}", "catalog: schema: expected 1, found None"),
        ('{"schema": 1, "schema": 1}', "a key is given twice among ['schema', 'schema']"),
        (override(schema=2), "catalog: schema: expected 1, found 2"),
        (override(schema=True), "catalog: schema: expected 1, found True"),
        (override(version="soon"), "catalog: version: expected a date, found 'soon'"),
        (override(tool={}), "catalog: tool: expected a list, found {}"),
        (override(tool=[3]), "tool[0]: expected a table, found 3"),
        (override(tools=[]), "catalog: tools: unknown field, value []"),
        (override(ROW, ROW), f"tool {ROW['id']}: id: '{ROW['id']}' already means"),
    ],
)
def test_a_bad_override_is_refused(text: str, message: str) -> None:
    assert message in refusal(text)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("names", [], "names: expected at least one name"),
        ("names", ["x" * 129], f"names: Connect takes no such name, found '{'x' * 129}'"),
        ("names", "Tasks.Count", "names: expected a list"),
        ("names", ["Cases.View"], "names: 'Cases.View' is already in the vocabulary"),
        ("section_en", None, "section_en: expected text"),
        ("row_en", "", "row_en: expected text"),
        ("path_ja", "", "path_ja: expected text"),
        ("evidence", [], "evidence: expected https URLs"),
        ("box", "View", "box: unknown field"),
    ],
)
def test_a_bad_permission_is_refused(field: str, value: object, message: str) -> None:
    text = override(permission=[{**PERMISSION, field: value}])

    assert refusal(text).startswith(f"permission[0]: {message}")


# --- the packaged file


def test_a_family_must_be_there_once() -> None:
    data = TOML.replace('name = "CONSTANT"', 'name = "gateway"')

    with pytest.raises(CatalogError, match="family gateway: name: expected once, found 2"):
        Catalog.parse(data)


def test_broken_toml_is_a_catalog_error() -> None:
    with pytest.raises(CatalogError, match="catalog: not TOML"):
        Catalog.parse("schema = ")


PLACES: list[tuple[str, int, str]] = [
    (table, at, field)
    for table in ("tool", "family")
    for at, entry in enumerate(tomllib.loads(TOML)[table])
    for field in entry
]
JUNK: list[object] = [None, 3, True, "\n", ["\t"], [[]], {"x": 1}]


def packaged_as_json(edit: Callable[[dict[str, Any]], None]) -> str:
    data: dict[str, Any] = tomllib.loads(TOML)
    edit(data)
    return json.dumps({**data, "permission": []}, default=str)


@given(st.sampled_from(PLACES), st.sampled_from(JUNK))
def test_any_field_of_any_packaged_row_made_junk_is_refused(
    place: tuple[str, int, str], junk: object
) -> None:
    table, at, field = place

    def edit(data: dict[str, Any]) -> None:
        data[table][at][field] = junk

    said = refusal(packaged_as_json(edit))
    entry = tomllib.loads(TOML)[table][at]
    known = entry.get("id", entry.get("name"))
    assert field in said
    assert said.startswith((f"{table} {known}: ", f"{table}[{at}]: "))
