"""What an operators' override may change, and that the packaged catalog stays as it is."""

from __future__ import annotations

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
from toolgrant.domain.model import Tool, ToolType


def grants(catalog: Catalog, tool_id: str) -> list[str]:
    needs = catalog.requirement(Tool("x", ToolType.MODEL_CONTEXT_PROTOCOL, tool_id))
    return [str(grant) for grant in needs.grants]


def test_an_override_adds_a_row() -> None:
    catalog = packaged().with_overrides(override(ROW))

    assert grants(catalog, ROW["id"]) == ROW["requires"]
    assert grants(catalog, "tasks_Count") == ROW["requires"]
    assert all(old is new for old, new in zip(packaged().rows, catalog.rows, strict=False))


def test_an_override_replaces_a_row_by_id() -> None:
    create = changed("id", to="aws_service__connectcases_CreateCase")
    create["requires"] = ["permission:Cases.View", "permission:Cases.Create"]
    catalog = packaged().with_overrides(override(create))

    assert grants(catalog, create["id"]) == create["requires"]
    assert len(catalog.rows) == len(packaged().rows)
    assert grants(packaged(), create["id"]) == ["permission:Cases.View", "permission:Cases.Edit"]


def test_an_override_can_take_a_verdict_back() -> None:
    doubted = {**without("requires"), "id": "aws_service__qconnect_Retrieve", "verdict": "UNKNOWN"}
    catalog = packaged().with_overrides(override(doubted))

    assert catalog.requirement(Tool("x", "MODEL_CONTEXT_PROTOCOL", doubted["id"])).unknown


def test_an_override_may_hold_claims_and_the_best_known_one_is_required() -> None:
    catalog = packaged().with_overrides(override(claimed(CLAIM, OTHER)))
    needs = catalog.requirement(Tool("x", "MODEL_CONTEXT_PROTOCOL", ROW["id"]))

    assert [claim.source.en for claim in needs.claims] == ["another page", "one page"]
    assert [str(grant) for grant in needs.grants] == OTHER["requires"]
    assert {str(grant) for grant in needs.shared} == {"permission:TaskTemplates.View"}
    assert needs.reason == (
        "sources disagree: another page says permission:TaskTemplates.View, "
        "permission:TaskTemplates.Edit; one page says permission:TaskTemplates.View"
    )


def test_of_claims_known_equally_well_the_first_is_required() -> None:
    catalog = packaged().with_overrides(
        override(claimed(CLAIM, {**OTHER, "confidence": CLAIM["confidence"]}))
    )

    assert grants(catalog, ROW["id"]) == CLAIM["requires"]


def test_an_override_can_settle_a_dispute() -> None:
    settled = changed("id", to="aws_service__connectcases_CreateCase")
    catalog = packaged().with_overrides(override(settled))

    assert packaged().explain(settled["id"])[0].claims
    assert not catalog.explain(settled["id"])[0].claims


def test_claims_about_one_gateway_tool_name_its_own_grant() -> None:
    claims = [{**claim, "requires": ["mcp:g/t", *claim["requires"]]} for claim in (CLAIM, OTHER)]
    row = {**claimed(*claims), "id": "gateway_g__t"}
    catalog = packaged().with_overrides(override(row))

    assert "mcp:g/t" in grants(catalog, "gateway_g__t")
    assert "the id itself gives mcp:g/t, found none" in refusal(
        override({**claimed(CLAIM, OTHER), "id": "gateway_g__t"})
    )


def test_an_override_may_bring_its_own_permission() -> None:
    row = changed("requires", to=["permission:Tasks.Count"])
    catalog = packaged().with_overrides(override(row, permission=[PERMISSION]))

    assert grants(catalog, ROW["id"]) == ["permission:Tasks.Count"]


def test_a_row_for_one_gateway_tool_may_ask_for_more() -> None:
    row = changed("id", to="gateway_g__t")
    row["requires"] = ["mcp:g/t", "permission:Cases.View"]
    catalog = packaged().with_overrides(override(row))

    assert grants(catalog, "gateway_g__t") == row["requires"]
    assert grants(catalog, "gateway_g__u") == ["mcp:g/u"]


def test_an_alias_may_belong_to_two_rows_because_names_are_free() -> None:
    catalog = packaged().with_overrides(override(changed("aliases", to=["Retrieve"])))

    keys = [row.key for row in catalog.explain("Retrieve")]
    assert keys == ["aws_service__qconnect_Retrieve", ROW["id"]]


def test_an_empty_override_changes_nothing() -> None:
    assert packaged().with_overrides(override()).rows == packaged().rows


def test_families_cannot_be_overridden() -> None:
    family = {**without("requires"), "name": "gateway"}
    del family["id"]

    assert refusal(override(family=[family])) == "family gateway: name: cannot be overridden"
