"""Agents that people run: their public configurations through `toolgrant evaluate`.

tests/data/real_agents.json says where each was read. What a tool needs is worked out here from its
toolId alone, by a parser of a few lines that shares nothing with the product's.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from toolgrant_cli.main import main

DATA = Path(__file__).parents[1] / "data" / "real_agents.json"
AGENTS: list[dict[str, Any]] = json.loads(DATA.read_text(encoding="utf-8"))
DASHBOARD = {
    "toolName": "get_dashboard_configuration",
    "toolType": "MODEL_CONTEXT_PROTOCOL",
    "toolId": "aws_custom_analytics__get_dashboard_configuration",
}
SERVICES = {"connect": "BasicAgentAccess", "customerprofiles": "CustomerProfiles.View"}
Tool = Mapping[str, Any]
Judge = Callable[..., tuple[int, dict[str, Any]]]


def needs(tool: Tool) -> str | None:
    """The one grant that a tool of these agents needs; None if it needs none."""
    tool_id = tool["toolId"]
    if tool["toolType"] != "MODEL_CONTEXT_PROTOCOL":
        return None
    if tool_id.startswith("gateway_"):
        return "mcp:" + tool_id[len("gateway_") :].replace("__", "/", 1)
    if tool_id.startswith("aws_custom_flows__"):
        return "flow-module:" + "_".join(tool_id.split("__", 1)[1].split("_")[:-1])
    service = tool_id.split("__")[1].split("_")[0]
    return "permission:" + SERVICES.get(service, "Wisdom.View")


def concrete(tools: Sequence[Tool]) -> list[Tool]:
    """The same tools with ids in place of what the sources left open, one flow module for each."""

    def filled(at: int, text: str | None) -> str | None:
        values = {
            "gateway-id": "gw-1a2b3c",
            "target": "orders-api",
            "tool": "Get-Order_v2",
            "flow-module-uuid": str(uuid.uuid5(uuid.NAMESPACE_OID, str(at))),
            "version": str(at + 1),
        }
        for name, value in values.items():
            text = text.replace(f"<{name}>", value) if text else text
        return text

    return [{**tool, "toolId": filled(at, tool["toolId"])} for at, tool in enumerate(tools)]


def profile(grants: set[str]) -> dict[str, Any]:
    """A security profile in the shapes of Connect's API that holds exactly these grants."""
    held = [grant.split(":", 1) for grant in sorted(grants)]
    mcp = [value.split("/", 1) for kind, value in held if kind == "mcp"]
    return {
        "SecurityProfile": {"Id": "p", "SecurityProfileName": "AI agents"},
        "Permissions": [value for kind, value in held if kind == "permission"],
        "Applications": [
            {"Namespace": namespace, "ApplicationPermissions": [tool], "Type": "MCP"}
            for namespace, tool in mcp
        ],
        "AllowedFlowModules": [
            {"Type": "MCP", "FlowModuleId": value} for kind, value in held if kind == "flow-module"
        ],
    }


@pytest.fixture
def judge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Judge:
    """Exit code and answer of `toolgrant evaluate` on an agent with these tools and profiles."""

    def evaluate(tools: Sequence[Tool], *profiles: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        inner = {"orchestrationAIAgentConfiguration": {"toolConfigurations": list(tools)}}
        agent = {"name": "agent", "type": "ORCHESTRATION", "configuration": inner}
        path = tmp_path / "snapshot.json"
        path.write_text(json.dumps({"aiAgent": agent, "securityProfiles": list(profiles)}))
        code = main(["evaluate", str(path)])
        captured = capsys.readouterr()
        assert captured.err == ""
        return code, json.loads(captured.out)

    return evaluate


@pytest.fixture(params=[list, concrete], ids=["as-published", "concrete-ids"])
def spelled(request: pytest.FixtureRequest) -> Callable[[Sequence[Tool]], list[Tool]]:
    """How the ids are written: with the sources' placeholders, or as a service gives them."""
    spelling: Callable[[Sequence[Tool]], list[Tool]] = request.param
    return spelling


each_agent = pytest.mark.parametrize(
    "agent", AGENTS, ids=lambda agent: agent["name"].split(" (")[0]
)


@each_agent
def test_without_a_profile_exactly_the_tools_that_need_a_grant_lack_it(
    agent: dict[str, Any], spelled: Callable[[Sequence[Tool]], list[Tool]], judge: Judge
) -> None:
    tools = spelled(agent["tools"])

    code, answer = judge(tools)

    lacking = [[grant] if (grant := needs(tool)) else [] for tool in tools]
    assert [tool["missing"] for tool in answer["tools"]] == lacking
    assert [tool["required"] for tool in answer["tools"]] == lacking
    verdicts = ["INSUFFICIENT" if lack else "SUFFICIENT" for lack in lacking]
    assert [tool["verdict"] for tool in answer["tools"]] == verdicts
    assert code == int("INSUFFICIENT" in verdicts)


@each_agent
def test_with_its_grants_every_tool_is_sufficient_and_one_less_shows(
    agent: dict[str, Any], spelled: Callable[[Sequence[Tool]], list[Tool]], judge: Judge
) -> None:
    tools = spelled(agent["tools"])
    grants = {grant for tool in tools if (grant := needs(tool))}

    assert judge(tools, profile(grants))[1]["status"] == "SUFFICIENT"
    for grant in sorted(grants):
        code, answer = judge(tools, profile(grants - {grant}))
        short = [tool["missing"] for tool in answer["tools"] if tool["verdict"] == "INSUFFICIENT"]
        assert short == [[grant]] * [needs(tool) for tool in tools].count(grant)
        assert code == 1


def test_the_sales_agent_of_tokyo_has_a_tool_that_no_grant_helps(judge: Judge) -> None:
    sales = next(agent for agent in AGENTS if agent["name"].startswith("SalesAgent"))
    tools = [*sales["tools"], DASHBOARD]
    grants = {grant for tool in tools[:-1] if (grant := needs(tool))}

    code, answer = judge(tools, profile(grants | {"permission:Dashboards.View"}))

    assert (code, answer["status"]) == (1, "UNKNOWN")
    unsettled = [tool for tool in answer["tools"] if tool["verdict"] != "SUFFICIENT"]
    assert [tool["toolName"] for tool in unsettled] == ["get_dashboard_configuration"]
    assert "remove" in unsettled[0]["advisories"][0].lower()


def test_the_data_is_what_it_says_it_is() -> None:
    kinds = {str(needs(tool)).split(":")[0] for agent in AGENTS for tool in agent["tools"]}
    assert kinds == {"None", "permission", "mcp", "flow-module"}
    assert len(AGENTS) == 13
    assert all(agent["source"] and agent["status"] for agent in AGENTS)
