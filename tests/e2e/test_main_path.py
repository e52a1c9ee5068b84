"""A change in, one warning out, on the deployed stack."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from tests.e2e.conftest import ALERT_WITHIN, NOTES, RETRIEVE, Admin, names, tool

pytestmark = pytest.mark.stack
SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "alert-1.schema.json"
VIEW = ["permission:Wisdom.View"]


def test_a_missing_grant_is_told_then_resolved_then_reopened(
    admin: Admin, stopwatch: Callable[[], float]
) -> None:
    agent, profile_id = admin.agent(RETRIEVE, NOTES), admin.profile()
    admin.attach(agent, profile_id)
    opened = admin.alert(agent)
    assert stopwatch() < ALERT_WITHIN
    assert (opened["status"], opened["severity"]) == ("opened", "MEDIUM")
    assert names(opened) == {"GenerateNotes": VIEW, "Retrieve": VIEW}
    assert opened["agent"]["qualifiers"] == ["$SAVED"]
    assert opened["attributes"] == {
        "severity": "MEDIUM",
        "status": "opened",
        "instanceId": admin.instance,
    }

    admin.grant(profile_id, Permissions=["Wisdom.View"])
    resolved = admin.alert(agent)
    assert resolved["status"] == "resolved"
    assert {f["toolName"]: f["granted"] for f in resolved["findings"]} == {
        "GenerateNotes": VIEW,
        "Retrieve": VIEW,
    }

    admin.save(agent, RETRIEVE, NOTES)
    admin.grant(profile_id, Description="another text")
    admin.attach(agent, admin.profile(Permissions=["BasicAgentAccess"]))
    admin.silence(agent)

    admin.grant(profile_id, Permissions=[])
    assert admin.alert(agent)["status"] == "reopened"
    admin.silence(agent)


def test_each_alert_fits_its_schema(admin: Admin) -> None:
    agent = admin.agent(RETRIEVE, tool("Mystery", "aws_custom_websearch__search"))
    alert = {key: value for key, value in admin.alert(agent).items() if key != "attributes"}
    jsonschema.validate(alert, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert {f["verdict"] for f in alert["findings"]} == {"INSUFFICIENT", "UNKNOWN"}


def test_the_other_grant_kinds(admin: Admin) -> None:
    module, gateway_id = admin.module(), admin.gateway()
    agent = admin.agent(
        tool("Module", f"aws_custom_flows__{module}_1"),
        tool("Gateway", f"gateway_{gateway_id}__orders-api___Cancel"),
        tool("Search", f"gateway_{gateway_id}__x_amz_bedrock_agentcore_search"),
        tool("Mine", None, "RETURN_TO_CONTROL"),
    )
    profile_id = admin.profile()
    admin.attach(agent, profile_id)
    assert names(admin.alert(agent)) == {
        "Module": [f"flow-module:{module}"],
        "Gateway": [f"mcp:{gateway_id}/orders-api___Cancel"],
        "Search": [f"mcp:{gateway_id}/x_amz_bedrock_agentcore_search"],
    }
    admin.grant(profile_id, AllowedFlowModules=[{"Type": "MCP", "FlowModuleId": module}])
    assert list(names(admin.alert(agent))) == ["Module"]
    tools = ["orders-api___Cancel", "x_amz_bedrock_agentcore_search"]
    gateway = {"Namespace": gateway_id, "ApplicationPermissions": tools, "Type": "MCP"}
    admin.grant(profile_id, Applications=[gateway])
    assert set(names(admin.alert(agent))) == {"Gateway", "Search"}
    admin.silence(agent)


def test_a_deleted_agent_resolves_its_findings_with_that_reason(admin: Admin) -> None:
    agent = admin.agent(RETRIEVE)
    assert admin.alert(agent)["status"] == "opened"
    admin.qconnect.delete_ai_agent(assistantId=admin.assistant, aiAgentId=agent["aiAgentId"])
    resolved = admin.alert(agent)
    assert resolved["status"] == "resolved"
    assert [f["resolution"] for f in resolved["findings"]] == ["agent-deleted"]


def test_a_tool_that_is_removed_resolves_with_that_reason(admin: Admin) -> None:
    agent = admin.agent(RETRIEVE)
    admin.alert(agent)
    admin.save(agent)
    assert [f["resolution"] for f in admin.alert(agent)["findings"]] == ["tool-removed"]


def test_two_agents_on_one_profile_are_both_looked_at(admin: Admin) -> None:
    agents, profile_id = [admin.agent(RETRIEVE), admin.agent(NOTES)], admin.profile()
    for agent in agents:
        admin.attach(agent, profile_id)
        assert admin.alert(agent)["status"] == "opened"
    admin.grant(profile_id, Permissions=["Wisdom.View"])
    for agent in agents:
        assert admin.alert(agent)["status"] == "resolved"


def test_a_lost_event_is_found_by_the_sweep(admin: Admin) -> None:
    agent = admin.agent(RETRIEVE)
    admin.alert(agent)
    admin.stack.wait_idle()
    profile_id = admin.stack.emulator.apply(
        "connect:CreateSecurityProfile",
        InstanceId=admin.instance,
        SecurityProfileName=f"silent {agent['aiAgentId'][:8]}",
        Permissions=["Wisdom.View"],
    )["SecurityProfileId"]
    admin.stack.emulator.apply(
        "connect:AssociateSecurityProfiles",
        InstanceId=admin.instance,
        SecurityProfiles=[{"Id": profile_id}],
        EntityType="AI_AGENT",
        EntityArn=f"{agent['aiAgentArn']}:$SAVED",
    )
    admin.silence(agent)
    admin.stack.sweep()
    assert admin.alert(agent)["status"] == "resolved"
