"""The packaged catalog against an independent copy of the mapping, its cases, and its docs.

Look-up is in test_catalog_lookup.py, what the loader refuses in test_catalog_source.py, what is
shown in test_catalog_view.py.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from toolgrant.domain.catalog import AdvisoryWhen, Catalog, Requirement, Row, packaged
from toolgrant.domain.model import Confidence, Risk, Tool, ToolType
from toolgrant_cli.catalog_markdown import catalog_markdown
from toolgrant_cli.snapshot import evaluate_snapshot, parse_snapshot

ROOT = Path(__file__).parents[2]
MAPPING_FILE = ROOT / "tests/catalog/required_mapping.json"
MAPPING: list[dict[str, Any]] = json.loads(MAPPING_FILE.read_text("utf-8"))
CASES: dict[str, dict[str, Any]] = {
    f"{path.stem}: {case['name']}": case
    for path in sorted((ROOT / "tests/catalog").glob("*.json"))
    if path != MAPPING_FILE
    for case in json.loads(path.read_text("utf-8"))
}
NO_GRANT = {"RETURN_TO_CONTROL", "CONSTANT"}
MAPPED = [(entry, tool) for entry in MAPPING for tool in entry["tools"]]


def mcp(tool_id: str) -> Requirement:
    return packaged().requirement(Tool("any name", ToolType.MODEL_CONTEXT_PROTOCOL, tool_id))


def row(key: str) -> Row:
    (found,) = packaged().explain(key)
    return found


# --- the mapping that every release must know


def test_the_mapping_is_complete() -> None:
    assert [entry["row"] for entry in MAPPING] == list(range(1, 15))


@pytest.mark.parametrize(
    ("entry", "tool"), MAPPED, ids=[f"{e['row']}-{t['toolName'] or t['toolId']}" for e, t in MAPPED]
)
def test_the_catalog_says_what_the_mapping_says(
    entry: dict[str, Any], tool: dict[str, Any]
) -> None:
    needs = packaged().requirement(
        Tool(tool["toolName"] or "tool", tool["toolType"], tool["toolId"])
    )

    assert [str(grant) for grant in needs.grants] == tool["requires"]
    assert needs.unknown is (entry.get("verdict") == "UNKNOWN")
    assert needs.row
    path = entry["console_path"]
    assert (needs.row.console_path.en, needs.row.console_path.ja) == (path["en"], path["ja"])
    assert entry["row"] in needs.row.source_rows


@pytest.mark.parametrize("entry", MAPPING, ids=lambda entry: str(entry["row"]))
def test_no_row_claims_a_mapping_row_that_does_not_name_it(entry: dict[str, Any]) -> None:
    catalog = packaged()
    claimed = {
        row.key for row in (*catalog.rows, *catalog.families) if entry["row"] in row.source_rows
    }
    types = {tool["toolType"] for tool in entry["tools"]}
    mapped = {mcp(tool["toolId"]).row for tool in entry["tools"] if tool["toolId"]}

    assert claimed == {row.key for row in mapped if row} | (types & NO_GRANT)


def test_the_defaults_of_the_mapping_are_known_by_name() -> None:
    for _, tool in MAPPED:
        if tool["toolName"] and not tool["toolName"].startswith("anything"):
            assert packaged().explain(tool["toolName"]), tool


# --- the cases beside the data


def judged(case: dict[str, Any]) -> list[tuple[str, str, list[str], str | None]]:
    """(toolName, verdict, missing, key of the row) per tool."""
    catalog = packaged()
    results = evaluate_snapshot(parse_snapshot(case["snapshot"]), catalog).tools
    rows = [catalog.requirement(result.tool).row for result in results]
    return [
        (result.tool.name, result.verdict, [str(g) for g in result.missing], r.key if r else None)
        for result, r in zip(results, rows, strict=True)
    ]


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    found = {
        tool: {"verdict": verdict, "missing": missing}
        for tool, verdict, missing, _ in judged(CASES[name])
    }

    assert found == CASES[name]["expect"]


def needed_verdicts(row: Row) -> set[str]:
    if row.verdict:
        return {"UNKNOWN"}
    disputed = {"UNKNOWN"} if row.claims else set()
    return {"SUFFICIENT"} if row.key in NO_GRANT else {"SUFFICIENT", "INSUFFICIENT"} | disputed


def test_every_row_has_its_cases() -> None:
    seen = Counter((key, verdict) for case in CASES.values() for _, verdict, _, key in judged(case))
    catalog = packaged()
    lacking = [
        (row.key, verdict)
        for row in (*catalog.rows, *catalog.families)
        for verdict in needed_verdicts(row)
        if not seen[row.key, verdict]
    ]

    assert lacking == []


# --- the packaged rows


def test_the_rows_are_the_nineteen_ids_and_five_families() -> None:
    assert len(packaged().rows) == 19
    assert len(packaged().families) == 5


@pytest.mark.parametrize("row", packaged().rows, ids=lambda row: row.key)
def test_the_console_path_is_that_of_each_required_permission(row: Row) -> None:
    paths = {known.name: (known.path_en, known.path_ja) for known in packaged().permissions}

    for grant in row.requires:
        assert paths[grant.value] == (row.console_path.en, row.console_path.ja)


@pytest.mark.parametrize("row", [*packaged().rows, *packaged().families], ids=lambda row: row.key)
def test_documented_means_an_aws_page_among_the_evidence(row: Row) -> None:
    parts = (row.known.tool_id, row.known.permission, row.known.box)

    if Confidence.DOCUMENTED in parts:
        assert any(url.startswith("https://docs.aws.amazon.com/") for url in row.evidence)


@pytest.mark.parametrize("name", ["Tasks.Create", "ContactFlowModules.Execute"])
def test_names_that_aws_does_not_list_stay_out(name: str) -> None:
    assert name not in {known.name for known in packaged().permissions}


def test_no_row_asks_for_more_than_reading_without_need() -> None:
    writers = {
        row.key for row in packaged().rows if any(g.risk is Risk.WRITE for g in row.requires)
    }

    assert {key.partition("__")[2] for key in writers} == {
        "connect_DescribeContact",
        "connect_DescribeContactFlow",
        "connect_GetContactAttributes",
        "connect_GetTaskTemplate",
        "connect_SearchContactFlows",
        "connect_StartTaskContact",
        "connectcases_CreateCase",
        "connectcases_UpdateCase",
    }


@pytest.mark.parametrize(
    ("key", "whens"),
    [
        (
            "aws_service__qconnect_Retrieve",
            [AdvisoryWhen.OVERRIDE_MISSING, AdvisoryWhen.GRANTED],
        ),
        ("aws_service__qconnect_QueryAssistant", [AdvisoryWhen.GRANTED]),
        ("flow-module", [AdvisoryWhen.ALWAYS, AdvisoryWhen.GRANTED]),
        ("gateway", []),
        (
            "aws_service__connect_StartTaskContact",
            [AdvisoryWhen.ALWAYS, AdvisoryWhen.PERMISSION_HELD],
        ),
        ("aws_custom_analytics__get_dashboard_configuration", [AdvisoryWhen.ALWAYS]),
        ("aws_service__connectcases_CreateCase", []),
    ],
)
def test_advisories_stand_where_they_belong(key: str, whens: list[AdvisoryWhen]) -> None:
    assert [advisory.when for advisory in row(key).advisories] == whens


def test_what_the_advisories_look_at() -> None:
    override, _ = row("aws_service__qconnect_Retrieve").advisories
    restriction = row("aws_service__connect_StartTaskContact").advisories[1]

    path = "$.retrievalConfiguration.knowledgeSource.assistantAssociationIds"
    assert override.json_path == path
    assert restriction.permission == "RestrictTaskCreation.Access"


def test_the_tools_of_customer_profiles_share_one_remark_for_what_is_granted() -> None:
    rows = [row for row in packaged().rows if "customerprofiles_" in row.key]

    assert len(rows) == 5
    ((only,),) = {row.advisories for row in rows}
    assert only.when is AdvisoryWhen.GRANTED
    assert "amazon-connect-" in only.text_en
    assert "amazon-connect-" in only.text_ja


def test_create_case_is_claimed_by_two_pages_of_aws_and_nothing_else_is() -> None:
    (disputed,) = [row for row in packaged().rows if row.claims]

    assert disputed.key == "aws_service__connectcases_CreateCase"
    assert [
        ([grant.value for grant in claim.requires], claim.confidence, claim.evidence[0])
        for claim in disputed.claims
    ] == [
        (
            ["Cases.View", "Cases.Edit"],
            Confidence.DOCUMENTED,
            "https://docs.aws.amazon.com/connect/latest/adminguide/"
            "ai-agent-security-profile-permissions.html",
        ),
        (
            ["Cases.View", "Cases.Create"],
            Confidence.INFERRED,
            "https://docs.aws.amazon.com/connect/latest/adminguide/"
            "assign-security-profile-cases.html",
        ),
    ]


NEWLY_LISTED = {
    *("MyCases.Delete", "CaseComments.Edit", "CaseComments.Delete", "MyCaseComments.Edit"),
    *("MyCaseComments.Delete", "CaseCustomRelatedItems.Edit", "CaseCustomRelatedItems.Delete"),
    *("MyCaseCustomRelatedItems.Edit", "MyCaseCustomRelatedItems.Delete", "CaseContacts.Delete"),
    *("MyCaseContacts.Delete", "CaseFiles.Delete", "Cases.Export", "ContactAttributes.View"),
    *("RequireEndContactConfirmation.Enabled", "EvaluationReviews.View"),
    *("EvaluationReviews.Create", "AnalyticsConnectors.View", "AnalyticsConnectors.Edit"),
    *(f"Workspaces.{b}" for b in ("View", "Edit", "Create", "Delete", "Assign", "EditVisibility")),
    *(f"CustomMetrics.{box}" for box in ("View", "Edit", "Create", "Delete", "Publish")),
    *(
        f"CustomerProfiles.{area}.{box}"
        for area in ("CalculatedAttributes", "ProfileExplorer")
        for box in ("View", "Edit", "Create", "Delete")
    ),
    *(f"CustomerProfiles.Segments.{box}" for box in ("View", "Create", "Delete", "Export")),
}


def test_the_vocabulary_knows_what_aws_lists_since() -> None:
    assert {known.name for known in packaged().permissions} >= NEWLY_LISTED


def test_the_remedy_is_also_an_advisory() -> None:
    found = row("aws_custom_analytics__get_dashboard_configuration")

    assert found.remedy
    assert [(a.text_en, a.text_ja) for a in found.advisories] == [
        (found.remedy.en, found.remedy.ja)
    ]


def test_confidence_is_that_of_the_weakest_part() -> None:
    assert row("aws_service__qconnect_Retrieve").confidence is Confidence.OBSERVED
    assert row("aws_service__connectcases_CreateCase").confidence is Confidence.INFERRED


# --- the file itself


def test_docs_are_up_to_date() -> None:
    written = (ROOT / "docs/catalog.md").read_text("utf-8")

    assert written == catalog_markdown(packaged()), "toolgrant catalog --format markdown"


def test_packaged_is_read_once() -> None:
    assert isinstance(packaged(), Catalog)
    assert packaged() is packaged()
