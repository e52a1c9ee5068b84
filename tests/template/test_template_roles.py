"""Who may do what: exactly this, and nothing that changes Connect or Q in Connect."""

from __future__ import annotations

from typing import Any

import pytest
from tests.template.reading import Tree, arn, as_list, of_type, ref, walk

CONNECT = "arn:${AWS::Partition}:connect:${AWS::Region}:${AWS::AccountId}:"
WISDOM = "arn:${AWS::Partition}:wisdom:${AWS::Region}:${AWS::AccountId}:"
INSTANCE = {"Fn::Sub": CONNECT + "instance/*"}
PROFILE = {"Fn::Sub": CONNECT + "instance/*/security-profile/*"}
AGENT = {"Fn::Sub": WISDOM + "ai-agent/*"}
ASSISTANT = {"Fn::Sub": WISDOM + "assistant/*"}

OVERRIDES = (
    "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/${CatalogOverrides}"
)
STATE = {
    f"dynamodb:{verb}": [arn("StateTable")]
    for verb in (
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "UpdateItem",
    )
}
OWN = {
    **STATE,
    "sns:Publish": [ref("AlertsTopic")],
    "kms:Decrypt": [arn("AlertsKey")],
    "kms:GenerateDataKey*": [arn("AlertsKey")],
}
INSTANCES = {
    "connect:DescribeInstance": [INSTANCE],
    "connect:ListIntegrationAssociations": [INSTANCE],
    "connect:ListInstances": ["*"],
    "ds:DescribeDirectories": ["*"],
}
ALLOWED: dict[str, dict[str, list[Any]]] = {
    "EvaluateRole": {
        **OWN,
        **INSTANCES,
        "ssm:GetParameter": [{"Fn::Sub": OVERRIDES}],
        "wisdom:GetAIAgent": [AGENT],
        "wisdom:GetAssistant": [ASSISTANT],
        "connect:DescribeSecurityProfile": [PROFILE],
        "connect:ListEntitySecurityProfiles": [INSTANCE, AGENT],
        "connect:ListSecurityProfileAIAgents": [INSTANCE, PROFILE],
        "connect:ListSecurityProfileApplications": [PROFILE],
        "connect:ListSecurityProfileFlowModules": [INSTANCE, PROFILE],
        "connect:ListSecurityProfilePermissions": [PROFILE],
        "sqs:ChangeMessageVisibility": [arn("ChangeQueue")],
        "sqs:DeleteMessage": [arn("ChangeQueue")],
        "sqs:GetQueueAttributes": [arn("ChangeQueue")],
        "sqs:ReceiveMessage": [arn("ChangeQueue")],
        "sqs:SendMessage": [arn("ChangeQueue"), arn("ChangeDeadLetterQueue")],
        "logs:CreateLogStream": [arn("AuditLogGroup")],
        "logs:PutLogEvents": [arn("AuditLogGroup")],
    },
    "SweepRole": {
        **OWN,
        **INSTANCES,
        "wisdom:GetAssistant": [ASSISTANT],
        "wisdom:ListAIAgentVersions": [AGENT],
        "wisdom:ListAIAgents": ["*"],
        "wisdom:ListAssistants": ["*"],
        "sqs:SendMessage": [arn("ChangeQueue")],
        "logs:CreateLogStream": [arn("SweepLogGroup")],
        "logs:PutLogEvents": [arn("SweepLogGroup")],
    },
    "SweepScheduleRole": {
        "lambda:InvokeFunction": [arn("SweepFunction")],
        "sqs:SendMessage": [arn("SweepDeadLetterQueue")],
    },
}
# SNS asks publishers to an encrypted topic for exactly this name, star included.
STARS = {"kms:GenerateDataKey*"}
READING = ("Describe", "Get", "List")


def statements(role: Tree) -> list[Tree]:
    return [s for policy in role["Policies"] for s in policy["PolicyDocument"]["Statement"]]


def granted(role: Tree) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for statement in statements(role):
        for action in as_list(statement["Action"]):
            found.setdefault(action, []).extend(as_list(statement["Resource"]))
    return found


def test_there_are_no_other_roles_not_even_made_by_sam(translated: Tree) -> None:
    assert set(of_type(translated, "AWS::IAM::Role")) == set(ALLOWED)
    kinds = {entry["Type"] for entry in translated["Resources"].values()}
    assert {kind for kind in kinds if kind.startswith("AWS::IAM::")} == {"AWS::IAM::Role"}


@pytest.mark.parametrize("role", ALLOWED)
def test_a_role_may_do_exactly_this(resources: Tree, role: str) -> None:
    assert granted(resources[role]["Properties"]) == ALLOWED[role]


@pytest.mark.parametrize("role", ALLOWED)
def test_every_statement_allows_and_names_what_it_is_for(resources: Tree, role: str) -> None:
    for statement in statements(resources[role]["Properties"]):
        assert set(statement) == {"Sid", "Effect", "Action", "Resource"}
        assert statement["Effect"] == "Allow"


@pytest.mark.parametrize("role", ALLOWED)
def test_no_role_has_managed_policies(resources: Tree, role: str) -> None:
    assert "ManagedPolicyArns" not in resources[role]["Properties"]


@pytest.mark.parametrize("role", ALLOWED)
def test_no_action_is_a_wildcard(resources: Tree, role: str) -> None:
    actions = set(granted(resources[role]["Properties"]))
    assert {action for action in actions if "*" in action} <= STARS


@pytest.mark.parametrize("role", ALLOWED)
def test_connect_and_wisdom_are_only_read(resources: Tree, role: str) -> None:
    for action in granted(resources[role]["Properties"]):
        service, operation = action.split(":")
        assert service not in ("connect", "wisdom", "ds") or operation.startswith(READING), action


def test_no_write_to_connect_or_wisdom_is_named_anywhere(translated: Tree) -> None:
    words = (text for text in walk(translated["Resources"]) if isinstance(text, str))
    services = ("connect:", "qconnect:", "wisdom:")
    actions = [w for w in words if w.startswith(services)]
    assert actions
    assert [a for a in actions if not a.split(":")[1].startswith(READING)] == []


@pytest.mark.parametrize(
    ("role", "service"),
    [
        ("EvaluateRole", "lambda.amazonaws.com"),
        ("SweepRole", "lambda.amazonaws.com"),
        ("SweepScheduleRole", "scheduler.amazonaws.com"),
    ],
)
def test_a_role_is_for_one_service(resources: Tree, role: str, service: str) -> None:
    document = resources[role]["Properties"]["AssumeRolePolicyDocument"]
    (statement,) = document["Statement"]
    assert statement["Principal"] == {"Service": service}


def test_the_schedule_role_is_for_this_account(resources: Tree) -> None:
    document = resources["SweepScheduleRole"]["Properties"]["AssumeRolePolicyDocument"]
    (statement,) = document["Statement"]
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}}
