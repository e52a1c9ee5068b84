"""The mapping, row by row, on the deployed stack: each tool that lacks its grant is told of, with
that grant and the console path in both languages, and resolved by exactly that grant.

The rows are data of their own (tests/catalog/required_mapping.json), not taken from the catalog.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.e2e.conftest import RETRIEVE, Admin, tool

from toolgrant_local.processes import wait_until

pytestmark = pytest.mark.stack
MAPPING = Path(__file__).parents[1] / "catalog" / "required_mapping.json"
ROWS: dict[int, Mapping[str, Any]] = {
    row["row"]: row for row in json.loads(MAPPING.read_text(encoding="utf-8"))
}
GRANTED = [number for number, row in ROWS.items() if any(tool["requires"] for tool in row["tools"])]
REFUSED = 14


@dataclass(frozen=True)
class Played:
    """What was made for one row: an AI agent with all of its tools and an empty profile."""

    row: Mapping[str, Any]
    agent: Mapping[str, Any]
    profile_id: str

    @property
    def requires(self) -> dict[str, list[str]]:
        """Tool name → grants, for the tools that need some."""
        return {named(tool): tool["requires"] for tool in self.row["tools"] if tool["requires"]}

    @property
    def grants(self) -> set[str]:
        """All of them, and where sources disagree, what satisfies each source."""
        claims = [claim for tool in self.row["tools"] for claim in tool.get("claims", ())]
        return {grant for grants in (*self.requires.values(), *claims) for grant in grants}


def named(entry: Mapping[str, Any]) -> str:
    """The tool's name; where the mapping has none, any name does: the toolId decides."""
    return entry["toolName"] or f"my {entry['toolId'].split('_')[-1]}"


def lists(grants: set[str]) -> dict[str, Any]:
    """The lists of a security profile that hold exactly these grants."""
    held = sorted(grant.split(":", 1) for grant in grants)
    applications = [value.split("/", 1) for kind, value in held if kind == "mcp"]
    return {
        "Permissions": [value for kind, value in held if kind == "permission"],
        "AllowedFlowModules": [
            {"Type": "MCP", "FlowModuleId": value} for kind, value in held if kind == "flow-module"
        ],
        "Applications": [
            {"Namespace": namespace, "ApplicationPermissions": [name], "Type": "MCP"}
            for namespace, name in applications
        ],
    }


def next_second() -> None:
    """CloudTrail's times have whole seconds: within one it shows no order."""
    began = int(time.time())
    wait_until(lambda: int(time.time()) > began, 60, "the next second")


@pytest.fixture(scope="module")
def played(admin: Admin) -> dict[int, Played]:
    """All rows but the refused one, set up together, so that they are evaluated together."""
    admin.gateway("gw-1a2b")
    admin.module("3f2b1c00-0000-4000-8000-00000000abcd")
    made = {}
    for number, row in ROWS.items():
        if number == REFUSED:
            continue
        tools = [
            tool(named(row_tool), row_tool["toolId"], row_tool["toolType"])
            for row_tool in row["tools"]
        ]
        agent, profile_id = admin.agent(*tools), admin.profile()
        admin.attach(agent, profile_id)
        made[number] = Played(row, agent, profile_id)
    return made


@pytest.fixture(scope="module")
def opened(admin: Admin, played: dict[int, Played]) -> dict[int, Mapping[str, Any]]:
    """The alert of each row that needs grants."""
    return {number: admin.alert(played[number].agent) for number in GRANTED}


@pytest.fixture(scope="module")
def resolved(
    admin: Admin, played: dict[int, Played], opened: dict[int, Mapping[str, Any]]
) -> dict[int, Mapping[str, Any]]:
    """The alert that follows when each profile gets what the row names and nothing else."""
    for number in opened:
        admin.grant(played[number].profile_id, **lists(played[number].grants))
    return {number: admin.alert(played[number].agent) for number in opened}


def test_all_rows_are_there() -> None:
    assert sorted(ROWS) == list(range(1, 15))
    assert list(range(4, 14)) == GRANTED


@pytest.mark.parametrize("number", GRANTED)
def test_each_tool_of_the_row_is_told_with_its_grant_and_console_path(
    number: int, played: dict[int, Played], opened: dict[int, Mapping[str, Any]]
) -> None:
    alert, row = opened[number], played[number]

    assert (alert["status"], alert["severity"]) == ("opened", "MEDIUM")
    findings = {finding["toolName"]: finding for finding in alert["findings"]}
    assert {name: set(finding["missing"]) for name, finding in findings.items()} == {
        name: set(grants) for name, grants in row.requires.items()
    }
    for finding in findings.values():
        assert finding["verdict"] == "INSUFFICIENT"
        assert finding["required"] == finding["missing"]
        assert finding["granted"] == []
        assert finding["consolePath"] == row.row["console_path"]
        assert finding["confidence"] in ("documented", "observed", "inferred")


@pytest.mark.parametrize("number", GRANTED)
def test_exactly_the_grants_of_the_row_resolve_all_of_its_tools(
    number: int, played: dict[int, Played], resolved: dict[int, Mapping[str, Any]]
) -> None:
    alert = resolved[number]

    assert alert["status"] == "resolved"
    assert {finding["toolName"]: set(finding["granted"]) for finding in alert["findings"]} == {
        name: set(grants) for name, grants in played[number].requires.items()
    }
    assert {finding["resolution"] for finding in alert["findings"]} == {"granted"}


@pytest.mark.parametrize("number", [1, 2, 3])
def test_tools_that_need_no_grant_are_never_told_of(
    number: int, admin: Admin, played: dict[int, Played]
) -> None:
    agent_id = played[number].agent["aiAgentId"]
    admin.silence(played[number].agent)

    # Of two batches at once, the one that came too late may be logged first.
    (judged, *_) = admin.audits(
        lambda record: record.get("aiAgentId") == agent_id and "verdicts" in record
    )
    (draft,) = judged["verdicts"]
    assert {tool["toolName"]: tool["verdict"] for tool in draft["tools"]} == {
        named(tool): "SUFFICIENT" for tool in ROWS[number]["tools"]
    }


def test_nothing_more_is_told_of_any_row(
    admin: Admin, played: dict[int, Played], resolved: dict[int, Mapping[str, Any]]
) -> None:
    admin.stack.wait_idle()
    for number in resolved:
        admin.silence(played[number].agent)


def test_a_tool_that_the_service_refuses_is_told_with_its_remedy_until_the_next_good_save(
    admin: Admin,
) -> None:
    (entry,) = ROWS[REFUSED]["tools"]
    refused = tool(entry["toolName"], entry["toolId"])
    agent, profile_id = admin.agent(), admin.profile(Permissions=["Wisdom.View"])
    admin.attach(agent, profile_id)
    next_second()
    with pytest.raises(ClientError, match="not found in MCP tools"):
        admin.save(agent, RETRIEVE, refused)

    alert = admin.alert(agent)
    assert alert["status"] == "opened"
    (finding,) = alert["findings"]
    assert (finding["kind"], finding["toolName"]) == ("refused-save", entry["toolName"])
    assert (finding["toolId"], finding["missing"]) == (entry["toolId"], entry["requires"])
    assert finding["consolePath"] == ROWS[REFUSED]["console_path"]

    with pytest.raises(ClientError, match="not found in MCP tools"):
        admin.save(agent, RETRIEVE, refused)
    admin.silence(agent)

    admin.save(agent, RETRIEVE)
    closed = admin.alert(agent)
    assert closed["status"] == "resolved"
    assert [finding["resolution"] for finding in closed["findings"]] == ["saved"]
    admin.silence(agent)
