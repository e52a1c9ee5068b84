"""The deployed local stack: what it promises to whoever uses it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from toolgrant_local import LocalStack
from toolgrant_local.relay import wrap

pytestmark = pytest.mark.stack

CONNECT = "arn:aws:connect:us-east-1:111122223333:instance/i"
WISDOM = "arn:aws:wisdom:us-east-1:111122223333"
WRITES = (
    ("connect:UpdateSecurityProfile", f"{CONNECT}/security-profile/p"),
    ("connect:AssociateSecurityProfiles", CONNECT),
    ("connect:DisassociateSecurityProfiles", CONNECT),
    ("connect:CreateSecurityProfile", f"{CONNECT}/security-profile/p"),
    ("wisdom:UpdateAIAgent", f"{WISDOM}:ai-agent/a/b"),
    ("wisdom:CreateAIAgentVersion", f"{WISDOM}:ai-agent/a/b"),
    ("wisdom:UpdateAssistantAIAgent", f"{WISDOM}:assistant/a"),
)
EVALUATE_READS = (
    ("wisdom:GetAIAgent", f"{WISDOM}:ai-agent/a/b"),
    ("wisdom:GetAssistant", f"{WISDOM}:assistant/a"),
    ("connect:ListEntitySecurityProfiles", CONNECT),
    ("connect:ListEntitySecurityProfiles", f"{WISDOM}:ai-agent/a/b"),
    ("connect:ListSecurityProfilePermissions", f"{CONNECT}/security-profile/p"),
    ("connect:ListSecurityProfileApplications", f"{CONNECT}/security-profile/p"),
    ("connect:ListSecurityProfileFlowModules", f"{CONNECT}/security-profile/p"),
    ("connect:ListSecurityProfileFlowModules", CONNECT),
    ("connect:ListSecurityProfileAIAgents", f"{CONNECT}/security-profile/p"),
    ("connect:ListSecurityProfileAIAgents", CONNECT),
    ("connect:DescribeSecurityProfile", f"{CONNECT}/security-profile/p"),
    ("connect:ListInstances", "*"),
    ("ds:DescribeDirectories", "*"),
    ("connect:ListIntegrationAssociations", CONNECT),
    ("connect:DescribeInstance", CONNECT),
)
SWEEP_READS = (
    ("wisdom:ListAssistants", "*"),
    ("wisdom:ListAIAgents", "*"),
    ("wisdom:GetAssistant", f"{WISDOM}:assistant/a"),
    ("connect:ListInstances", "*"),
    ("connect:ListIntegrationAssociations", CONNECT),
)


def decisions(stack: LocalStack, role: str, calls: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What IAM says of calls by a deployed role."""
    iam = stack.client("iam")
    arn = iam.get_role(RoleName=stack.resource(role))["Role"]["Arn"]
    answers = {}
    for action, resource in calls:
        asked: dict[str, Any] = {"ActionNames": [action], "ResourceArns": [resource]}
        done = iam.simulate_principal_policy(PolicySourceArn=arn, **asked)
        answers[f"{action} {resource}"] = done["EvaluationResults"][0]["EvalDecision"]
    return answers


@pytest.mark.parametrize("role", ["EvaluateRole", "SweepRole", "SweepScheduleRole"])
def test_no_deployed_role_may_change_connect(local_stack: LocalStack, role: str) -> None:
    assert set(decisions(local_stack, role, WRITES).values()) == {"implicitDeny"}


@pytest.mark.parametrize(
    ("role", "reads"), [("EvaluateRole", EVALUATE_READS), ("SweepRole", SWEEP_READS)]
)
def test_a_deployed_role_may_read_what_it_needs(
    local_stack: LocalStack, role: str, reads: tuple[tuple[str, str], ...]
) -> None:
    answers = decisions(local_stack, role, reads)
    assert {call for call, answer in answers.items() if answer != "allowed"} == set()


def test_the_deployed_rule_does_not_match_iot(local_stack: LocalStack) -> None:
    events = local_stack.client("events")
    rule = events.describe_rule(Name=local_stack.outputs["ChangeRuleName"])
    record = {"eventName": "UpdateSecurityProfile", "eventTime": "2026-01-02T03:04:05Z"}
    answers = {
        service: events.test_event_pattern(
            EventPattern=rule["EventPattern"],
            Event=json.dumps(wrap({**record, "eventSource": f"{service}.amazonaws.com"})),
        )["Result"]
        for service in ("connect", "qconnect", "wisdom", "iot")
    }
    assert answers == {"connect": True, "qconnect": True, "wisdom": True, "iot": False}


def test_it_starts_idle_with_an_empty_inbox(local_stack: LocalStack) -> None:
    local_stack.wait_idle(5)
    assert local_stack.drain_inbox() == []


def test_a_change_reaches_the_deployed_function(local_stack: LocalStack) -> None:
    relay, connect = local_stack.relay, local_stack.client("connect")
    before = (relay.delivered, relay.dropped, relay.failed)
    runs_before = runs(local_stack)
    made = connect.create_security_profile(
        InstanceId=local_stack.seed.instance_id, SecurityProfileName="unused", Permissions=[]
    )
    connect.tag_resource(resourceArn=made["SecurityProfileArn"], tags={"no": "trigger"})
    local_stack.wait_idle(20)
    after = (relay.delivered, relay.dropped, relay.failed)
    assert [now - then for now, then in zip(after, before, strict=True)] == [1, 1, 0]
    assert runs(local_stack) == runs_before + 1


def runs(stack: LocalStack) -> int:
    return sum(line.startswith("REPORT") for line in stack.logs("EvaluateFunction"))


def test_functions_log_where_the_template_says(local_stack: LocalStack) -> None:
    assert any("REPORT" in line for line in local_stack.logs("SweepFunction"))


def test_an_alarm_reaches_the_inbox_only_when_it_is_set(local_stack: LocalStack) -> None:
    alarm = local_stack.resource("ChangeDeadLetterAlarm")
    local_stack.client("cloudwatch").set_alarm_state(
        AlarmName=alarm, StateValue="ALARM", StateReason="a test"
    )
    (body,) = local_stack.drain_inbox()
    assert json.loads(json.loads(body)["Message"])["AlarmName"] == alarm
