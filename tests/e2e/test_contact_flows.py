"""Versions that only a contact flow names, on the deployed stack: an event, the sweep, the end."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from tests.e2e.conftest import RETRIEVE, Admin

pytestmark = pytest.mark.stack
Agent = Mapping[str, Any]
Flow = dict[str, str]

ARN_KEY = "x-amz-lex:q-in-connect:ai-agent-arn"


def content(*named: str) -> str:
    """The content of a flow with one Lex block for each version that it names."""
    actions = [
        {
            "Identifier": str(uuid.uuid4()),
            "Type": "ConnectParticipantWithLexBot",
            "Parameters": {"LexSessionAttributes": {ARN_KEY: arn}},
        }
        for arn in named
    ]
    return json.dumps({"Version": "2019-10-30", "Actions": actions})


def create(admin: Admin, name: str, *named: str) -> Flow:
    """Create a published flow; how calls name it."""
    created = admin.connect.create_contact_flow(
        InstanceId=admin.instance, Name=name, Type="CONTACT_FLOW", Content=content(*named)
    )
    return {"InstanceId": admin.instance, "ContactFlowId": created["ContactFlowId"]}


def granted_version(admin: Admin) -> tuple[Agent, str, str]:
    """An AI agent that has all it needs, its security profile, and the number of a version that the
    assistant does not name."""
    agent, profile_id = admin.agent(), admin.profile(Permissions=["Wisdom.View"])
    admin.attach(agent, profile_id)
    admin.save(agent, RETRIEVE)
    answer = admin.qconnect.create_ai_agent_version(
        assistantId=admin.assistant, aiAgentId=agent["aiAgentId"]
    )
    number = str(answer["versionNumber"])
    for qualifier in ("$LATEST", number):
        admin.attach(agent, profile_id, f":{qualifier}")
    admin.stack.wait_idle()
    for _ in admin.new_alerts(agent):  # between publishing and attaching: another test is about it
        admin.alert(agent)
    admin.silence(agent)
    return agent, profile_id, number


def name_of(test: str) -> str:
    return f"{test} {uuid.uuid4().hex[:8]}"


def test_a_version_that_a_flow_names_is_live_until_the_flow_is_deleted(admin: Admin) -> None:
    agent, profile_id, number = granted_version(admin)
    name = name_of("Main IVR")
    flow = create(admin, name, f"{agent['aiAgentArn']}:{number}")
    admin.silence(agent)

    admin.detach(agent, profile_id, f":{number}")

    opened = admin.alert(agent)
    assert opened["severity"] == "HIGH"
    assert opened["agent"]["qualifiers"] == [number]
    assert opened["agent"]["flows"] == {number: [name]}
    assert {finding["kind"] for finding in opened["findings"]} == {
        "insufficient",
        "association-gap",
    }

    admin.connect.delete_contact_flow(**flow)

    closed = admin.alert(agent)
    assert closed["status"] == "resolved"
    assert {finding["resolution"] for finding in closed["findings"]} == {"version-deleted"}
    admin.silence(agent)


def test_the_sweep_finds_a_flow_that_no_event_told_of(admin: Admin) -> None:
    agent, profile_id, number = granted_version(admin)
    admin.detach(agent, profile_id, f":{number}")
    admin.silence(agent)  # nobody names the version
    admin.stack.emulator.apply(
        "connect:CreateContactFlow",
        InstanceId=admin.instance,
        Name=(name := name_of("Night")),
        Type="CONTACT_FLOW",
        Content=content(f"{agent['aiAgentArn']}:{number}"),
    )

    admin.stack.sweep()

    opened = admin.alert(agent)
    assert (opened["severity"], opened["agent"]["flows"]) == ("HIGH", {number: [name]})


def test_publishing_a_draft_that_names_another_version_looks_at_it(admin: Admin) -> None:
    agent, profile_id, number = granted_version(admin)
    flow = create(admin, name_of("Sales"))
    admin.detach(agent, profile_id, f":{number}")
    draft = {**flow, "ContactFlowId": f"{flow['ContactFlowId']}:$SAVED"}
    naming = content(f"{agent['aiAgentArn']}:{number}")

    admin.connect.update_contact_flow_content(**draft, Content=naming)
    admin.silence(agent)

    admin.connect.update_contact_flow_content(**flow, Content=naming)
    assert admin.alert(agent)["severity"] == "HIGH"

    admin.connect.update_contact_flow_metadata(**flow, ContactFlowState="ARCHIVED")
    assert admin.alert(agent)["status"] == "resolved"
    admin.silence(agent)


def test_a_version_that_does_not_exist_is_told_in_the_audit_record(admin: Admin) -> None:
    agent, _, _ = granted_version(admin)
    name = name_of("Typo")

    create(admin, name, f"{agent['aiAgentArn']}:99")

    (audit, *_) = admin.audits(lambda record: name in str(record.get("namedNotThere")))
    assert audit["namedNotThere"] == {"99": [name]}
    admin.silence(agent)
