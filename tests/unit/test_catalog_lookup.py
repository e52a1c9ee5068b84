"""What a tool needs, found by its type and id alone."""

from __future__ import annotations

import pytest

from toolgrant.domain.catalog import Requirement, Row, packaged
from toolgrant.domain.model import Tool, ToolType

NO_GRANT = {"RETURN_TO_CONTROL", "CONSTANT"}


def mcp(tool_id: str | None, name: str = "any name") -> Requirement:
    return packaged().requirement(Tool(name, ToolType.MODEL_CONTEXT_PROTOCOL, tool_id))


@pytest.mark.parametrize(
    ("tool", "reason"),
    [
        (Tool("x", "MODEL_CONTEXT_PROTOCOL", None), "no toolId"),
        (Tool("x", "MODEL_CONTEXT_PROTOCOL", ""), "no toolId"),
        (Tool("Retrieve", "MODEL_CONTEXT_PROTOCOL", "Retrieve"), "not in the catalog: Retrieve"),
        (Tool("x", "MODEL_CONTEXT_PROTOCOL", "{0}"), "not in the catalog: {0}"),
        (Tool("x", "HOLOGRAM", "aws_service__qconnect_Retrieve"), "toolType not known: HOLOGRAM"),
        (
            Tool("handoff:x", "AI_AGENT", None),
            "no applicationId: AWS's page on aiAgentId targets names no profile step",
        ),
    ],
)
def test_what_the_catalog_cannot_say_is_unknown(tool: Tool, reason: str) -> None:
    assert packaged().requirement(tool) == Requirement((), None, reason, unknown=True)


@pytest.mark.parametrize("tool_type", sorted(NO_GRANT))
def test_control_tools_need_nothing_whatever_else_they_carry(tool_type: str) -> None:
    (family,) = packaged().explain(tool_type)
    needs = packaged().requirement(Tool("Retrieve", tool_type, "aws_service__qconnect_Retrieve"))

    assert needs == Requirement((), family, f"needs no grant: {tool_type}")


@pytest.mark.parametrize("row", packaged().rows, ids=lambda row: row.key)
def test_the_short_form_of_an_id_means_the_same_row(row: Row) -> None:
    short = row.key.removeprefix("aws_service__")

    assert mcp(short).row is row
    assert packaged().explain(short) == (row,)


def test_the_name_never_decides() -> None:
    summary = mcp("aws_service__customerprofiles_GetProfileInsights", name="Retrieve")

    assert [str(grant) for grant in summary.grants] == ["permission:CustomerProfiles.View"]
