"""What the deployed roles may do, asked of IAM itself: read what they judge, write to own things.

In mode `warn` code runs with root-like credentials on the local stack, so this is asked of the
simulator; test_fix_iam.py runs with each role's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import botocore.session
import pytest

from toolgrant_local.stack import LocalStack

pytestmark = pytest.mark.stack

INSTANCE = "arn:aws:connect:us-east-1:111122223333:instance/i"
WISDOM = "arn:aws:wisdom:us-east-1:111122223333"
RESOURCES = (
    INSTANCE,
    f"{INSTANCE}/security-profile/p",
    f"{INSTANCE}/contact-flow/f",
    f"{INSTANCE}/contact-flow-module/m",
    f"{INSTANCE}/flow-module/m",
    f"{INSTANCE}/agent/u",
    f"{WISDOM}:assistant/a",
    f"{WISDOM}:ai-agent/a/b",
    f"{WISDOM}:ai-agent/a/b:$SAVED",
    "*",
)
ROLES = ("EvaluateRole", "SweepRole", "SweepScheduleRole")
PREFIXES = {"connect": "connect", "qconnect": "wisdom"}
READING = ("Describe", "Get", "List", "Search", "BatchGet", "BatchDescribe")


def writes() -> Iterator[str]:
    """Every operation of both services that is not a mere read, as IAM actions."""
    session = botocore.session.Session()
    for service, prefix in PREFIXES.items():
        for name in session.get_service_model(service).operation_names:
            if not name.startswith(READING):
                yield f"{prefix}:{name}"


def allowed(
    stack: LocalStack, role: str, actions: Iterable[str], resources: Iterable[str]
) -> set[tuple[str, str]]:
    """Which of the actions IAM would allow on which of the resources."""
    iam = stack.client("iam")
    arn = iam.get_role(RoleName=stack.resource(role))["Role"]["Arn"]
    asked, found = list(actions), set()
    for resource in resources:
        for start in range(0, len(asked), 100):
            part = asked[start : start + 100]
            answer = iam.simulate_principal_policy(
                PolicySourceArn=arn, ActionNames=part, ResourceArns=[resource], MaxItems=1000
            )
            results = answer["EvaluationResults"]
            assert len(results) == len(part)
            found |= {
                (result["EvalActionName"], resource)
                for result in results
                if result["EvalDecision"] == "allowed"
            }
    return found


@pytest.mark.parametrize("role", ROLES)
def test_no_role_may_change_anything_in_connect(stack: LocalStack, role: str) -> None:
    actions = list(writes())
    assert {"connect:UpdateSecurityProfile", "wisdom:UpdateAIAgent"} < set(actions)
    assert len(actions) > 200
    assert allowed(stack, role, actions, RESOURCES) == set()


def test_evaluate_reads_what_it_judges(stack: LocalStack) -> None:
    profile = f"{INSTANCE}/security-profile/p"
    needed = {
        ("wisdom:GetAIAgent", f"{WISDOM}:ai-agent/a/b"),
        ("wisdom:GetAssistant", f"{WISDOM}:assistant/a"),
        ("connect:ListEntitySecurityProfiles", INSTANCE),
        ("connect:ListSecurityProfilePermissions", profile),
        ("connect:ListSecurityProfileApplications", profile),
        ("connect:ListSecurityProfileFlowModules", profile),
        ("connect:ListSecurityProfileAIAgents", profile),
        ("connect:DescribeSecurityProfile", profile),
        ("connect:DescribeContactFlow", f"{INSTANCE}/contact-flow/f"),
        ("connect:ListIntegrationAssociations", INSTANCE),
        ("connect:ListInstances", "*"),
    }
    for action, resource in needed:
        assert allowed(stack, "EvaluateRole", [action], [resource]), action


def test_sweep_lists_and_no_more(stack: LocalStack) -> None:
    assert allowed(stack, "SweepRole", ["wisdom:ListAIAgents", "wisdom:ListAssistants"], ["*"]) == {
        ("wisdom:ListAIAgents", "*"),
        ("wisdom:ListAssistants", "*"),
    }
    assert allowed(stack, "SweepRole", ["connect:ListContactFlows"], [INSTANCE])
    assert allowed(
        stack, "SweepRole", ["connect:DescribeContactFlow"], [f"{INSTANCE}/contact-flow/f"]
    )
    assert allowed(stack, "SweepRole", ["wisdom:GetAIAgent"], RESOURCES) == set()


@pytest.mark.parametrize("role", ["EvaluateRole", "SweepRole"])
def test_people_s_data_is_not_read(stack: LocalStack, role: str) -> None:
    actions = [
        "connect:DescribeContact",
        "connect:DescribeUser",
        "connect:GetContactAttributes",
        "connect:GetFederationToken",
        "connect:ListUsers",
        "connect:SearchContacts",
        "wisdom:GetContent",
        "wisdom:GetSession",
        "wisdom:QueryAssistant",
    ]
    assert allowed(stack, role, actions, RESOURCES) == set()


WRITES_OF_A_TABLE = ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]


@pytest.mark.parametrize("role", ["EvaluateRole", "SweepRole"])
def test_each_role_uses_its_own_table_and_topic_only(stack: LocalStack, role: str) -> None:
    table = f"arn:aws:dynamodb:us-east-1:{stack.account_id}:table/{stack.outputs['TableName']}"
    topic = stack.outputs["AlertsTopicArn"]
    used = [*WRITES_OF_A_TABLE, "dynamodb:GetItem", "dynamodb:Query"]
    assert {action for action, _ in allowed(stack, role, used, [table])} == set(used)
    assert allowed(stack, role, ["sns:Publish"], [topic])
    others = [f"{table}-of-others", f"{table[:-1]}", f"{topic}-of-others", "*"]
    assert allowed(stack, role, [*used, "dynamodb:Scan", "sns:Publish"], others) == set()


@pytest.mark.parametrize("role", ROLES)
def test_no_role_may_change_the_deployment(stack: LocalStack, role: str) -> None:
    table = f"arn:aws:dynamodb:us-east-1:{stack.account_id}:table/{stack.outputs['TableName']}"
    function = f"arn:aws:lambda:us-east-1:{stack.account_id}:function:x"
    actions = [
        "dynamodb:DeleteTable",
        "dynamodb:UpdateTable",
        "sns:DeleteTopic",
        "sns:SetTopicAttributes",
        "sns:Subscribe",
        "sqs:DeleteQueue",
        "sqs:PurgeQueue",
        "sqs:SetQueueAttributes",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
        "logs:DeleteLogGroup",
        "logs:DeleteLogStream",
        "iam:PassRole",
        "iam:PutRolePolicy",
        "iam:AttachRolePolicy",
        "iam:CreatePolicyVersion",
        "kms:ScheduleKeyDeletion",
        "ssm:PutParameter",
        "sts:AssumeRole",
    ]
    resources = [table, stack.outputs["AlertsTopicArn"], queue_arn(stack), function, "*"]
    assert allowed(stack, role, actions, resources) == set()


def queue_arn(stack: LocalStack, output: str = "ChangeQueueUrl") -> str:
    name = stack.outputs[output].rsplit("/", 1)[-1]
    return f"arn:aws:sqs:us-east-1:{stack.account_id}:{name}"


def test_evaluate_uses_its_own_queues_only(stack: LocalStack) -> None:
    change, dead = queue_arn(stack), queue_arn(stack, "ChangeDeadLetterQueueUrl")
    send = ["sqs:SendMessage"]
    assert len(allowed(stack, "EvaluateRole", send, [change, dead])) == 2
    assert allowed(stack, "EvaluateRole", ["sqs:ReceiveMessage"], [dead, "*"]) == set()
    assert allowed(stack, "EvaluateRole", send, [f"{change}-of-others", "*"]) == set()
    assert allowed(stack, "SweepRole", ["sqs:ReceiveMessage", "sqs:DeleteMessage"], [change]) == (
        set()
    )
