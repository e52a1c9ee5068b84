"""What the roles of a stack in mode `fix` may do, asked of IAM itself: one of them writes to
Connect, only where the opt-in tag lets it, and who takes orders only looks.

Of every action there is, whether the code calls it or not: so this is asked of the simulator. What
calls meet is in test_fix_iam.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import botocore.session
import pytest
from tests.e2e.test_permissions import (
    INSTANCE,
    PREFIXES,
    RESOURCES,
    WRITES_OF_A_TABLE,
    allowed,
    queue_arn,
    writes,
)

from toolgrant_local.stack import LocalStack

pytestmark = pytest.mark.stack

WRITER, OPERATOR = "RemediateRole", "OperateRole"
OTHERS = ("EvaluateRole", "SweepRole", "SweepScheduleRole", OPERATOR)
ROLES = (WRITER, *OTHERS)
PROFILE = f"{INSTANCE}/security-profile/p"
WHOLE = "arn:aws:connect:us-east-1:111122223333:instance/11111111-2222-4333-8444-555555555555"
MODULE = f"{INSTANCE}/flow-module/m"
APPLICATION = "arn:aws:app-integrations:us-east-1:111122223333:application/a"
AGENT = "arn:aws:wisdom:us-east-1:111122223333:ai-agent/a/b"
PLACES = (*RESOURCES, WHOLE, f"{WHOLE}/security-profile/p", MODULE, APPLICATION)
UPDATE = "connect:UpdateSecurityProfile"
ATTACHES = {"connect:AssociateSecurityProfiles", "connect:DisassociateSecurityProfiles"}


OPTED_IN = {"StringEquals": {"aws:ResourceTag/toolgrant:auto-fix": "true"}}


def deployed(stack: LocalStack) -> list[dict[str, Any]]:
    """The policies of remediate as IAM has them: its own and those that it attaches."""
    iam, role = stack.client("iam"), stack.resource(WRITER)
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    own = (iam.get_role_policy(RoleName=role, PolicyName=name) for name in names)
    arns = [
        policy["PolicyArn"]
        for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    ]
    assert arns, "what is shared with other roles"
    return [
        *(dict(policy["PolicyDocument"]) for policy in own),
        *(attached(iam, arn) for arn in arns),
    ]


def attached(iam: Any, arn: str) -> dict[str, Any]:
    """The document of a managed policy that is in force."""
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    found = iam.get_policy_version(PolicyArn=arn, VersionId=version)
    return dict(found["PolicyVersion"]["Document"])


def statements(stack: LocalStack, action: str) -> list[dict[str, Any]]:
    return [
        statement
        for policy in deployed(stack)
        for statement in policy["Statement"]
        if action in statement["Action"]
    ]


def allowed_with_the_tag(stack: LocalStack, actions: Iterable[str]) -> set[tuple[str, str]]:
    """What remediate may do to something that carries the opt-in tag. The local simulator knows no
    tags of resources, so their condition is taken as met and left out of what it is asked."""
    policies = deployed(stack)
    for policy in policies:
        for statement in policy["Statement"]:
            if statement.get("Condition") == OPTED_IN:
                del statement["Condition"]
    asked, found, iam = list(actions), set(), stack.client("iam")
    for resource in PLACES:
        for start in range(0, len(asked), 100):
            answer = iam.simulate_custom_policy(
                PolicyInputList=[json.dumps(policy) for policy in policies],
                ActionNames=asked[start : start + 100],
                ResourceArns=[resource],
                MaxItems=1000,
            )
            for result in answer["EvaluationResults"]:
                if result["EvalDecision"] == "allowed":
                    found.add((result["EvalActionName"], resource))
    return found


def every_action() -> Iterable[str]:
    """All that can be done in Connect and in Q in Connect, as IAM actions."""
    session = botocore.session.Session()
    for service, prefix in PREFIXES.items():
        for name in session.get_service_model(service).operation_names:
            yield f"{prefix}:{name}"


@pytest.mark.parametrize("role", OTHERS)
def test_nobody_but_remediate_may_change_anything_in_connect(
    fix_stack: LocalStack, role: str
) -> None:
    actions = list(writes())
    assert {UPDATE, *ATTACHES, "connect:CreateSecurityProfile"} < set(actions)
    assert allowed(fix_stack, role, actions, RESOURCES) == set()


def test_iam_asks_for_the_opt_in_tag_of_every_profile(fix_stack: LocalStack) -> None:
    for action in (UPDATE, *ATTACHES):
        about = [s for s in statements(fix_stack, action) if named(s, "security-profile")]
        assert [statement["Condition"] for statement in about] == [OPTED_IN]


def named(statement: dict[str, Any], kind: str) -> bool:
    return f"/{kind}/" in json.dumps(statement["Resource"])


ON_AGENTS = {(action, place) for action in ATTACHES for place in (WHOLE, AGENT, f"{AGENT}:$SAVED")}
BESIDE_PROFILES = {(UPDATE, MODULE), (UPDATE, APPLICATION), *ON_AGENTS}


def test_without_the_tag_remediate_may_write_to_no_profile(fix_stack: LocalStack) -> None:
    """Only what a call names beside the profile, which alone allows no call."""
    assert allowed(fix_stack, WRITER, writes(), PLACES) == BESIDE_PROFILES


def test_with_the_tag_remediate_may_update_and_attach_a_security_profile_and_nothing_else(
    fix_stack: LocalStack,
) -> None:
    profiles = (PROFILE, f"{WHOLE}/security-profile/p")
    on_profiles = {(action, place) for action in (UPDATE, *ATTACHES) for place in profiles}
    assert allowed_with_the_tag(fix_stack, writes()) == BESIDE_PROFILES | on_profiles


def test_who_takes_orders_looks_at_connect_as_who_evaluates_does(fix_stack: LocalStack) -> None:
    """For dry runs: nothing but reads, and none that evaluating does not need. What contact flows
    name it reads from the table."""
    actions = list(every_action())
    assert len(actions) > 400
    seen = allowed(fix_stack, OPERATOR, actions, RESOURCES)
    evaluates = allowed(fix_stack, "EvaluateRole", actions, RESOURCES)
    flows = {pair for pair in evaluates if pair[0] == "connect:DescribeContactFlow"}
    assert flows
    assert seen == evaluates - flows
    assert {action for action, _ in seen} & set(writes()) == set()


def test_who_takes_orders_asks_the_fix_queue_and_writes_to_its_table(
    fix_stack: LocalStack,
) -> None:
    table = table_arn(fix_stack)
    fixes, changes = queue_arn(fix_stack, "FixQueueUrl"), queue_arn(fix_stack)
    assert allowed(fix_stack, OPERATOR, ["sqs:SendMessage"], [fixes, changes, "*"]) == {
        ("sqs:SendMessage", fixes)
    }
    used = ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:DeleteItem"]
    assert {action for action, _ in allowed(fix_stack, OPERATOR, used, [table])} == set(used)
    nothing = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sns:Publish", "ssm:PutParameter"]
    places = [fixes, changes, fix_stack.outputs["AlertsTopicArn"], stop_arn(fix_stack), "*"]
    assert allowed(fix_stack, OPERATOR, nothing, places) == set()


@pytest.mark.parametrize(
    ("role", "able"),
    [
        ("EvaluateRole", {"sqs:SendMessage"}),
        ("SweepRole", {"sqs:SendMessage"}),
        (OPERATOR, {"sqs:SendMessage"}),
        ("SweepScheduleRole", set()),
        (
            WRITER,
            {
                "sqs:SendMessage",
                "sqs:ReceiveMessage",
                "sqs:DeleteMessage",
                "sqs:ChangeMessageVisibility",
                "sqs:GetQueueAttributes",
            },
        ),
    ],
)
def test_only_remediate_takes_work_out_of_the_fix_queue(
    fix_stack: LocalStack, role: str, able: set[str]
) -> None:
    verbs = (
        "SendMessage",
        "ReceiveMessage",
        "DeleteMessage",
        "ChangeMessageVisibility",
        "GetQueueAttributes",
        "PurgeQueue",
        "SetQueueAttributes",
        "DeleteQueue",
    )
    actions, fixes = [f"sqs:{verb}" for verb in verbs], queue_arn(fix_stack, "FixQueueUrl")
    assert {action for action, _ in allowed(fix_stack, role, actions, [fixes])} == able
    dead = queue_arn(fix_stack, "FixDeadLetterQueueUrl")
    assert allowed(fix_stack, role, actions, [dead, f"{fixes}-of-others", "*"]) == set()


@pytest.mark.parametrize("role", ROLES)
def test_nobody_may_let_go_of_the_emergency_stop(fix_stack: LocalStack, role: str) -> None:
    stop = stop_arn(fix_stack)
    actions = ["ssm:PutParameter", "ssm:DeleteParameter", "ssm:AddTagsToResource"]
    assert allowed(fix_stack, role, actions, [stop, "*"]) == set()
    reads = allowed(fix_stack, role, ["ssm:GetParameter"], [stop])
    assert bool(reads) is (role in ("EvaluateRole", WRITER, OPERATOR))


def test_remediate_reads_what_it_must_see_before_a_write(fix_stack: LocalStack) -> None:
    needed = {
        ("connect:DescribeSecurityProfile", PROFILE),
        ("connect:ListSecurityProfilePermissions", PROFILE),
        ("connect:ListSecurityProfileApplications", PROFILE),
        ("connect:ListSecurityProfileFlowModules", PROFILE),
        ("connect:ListSecurityProfileAIAgents", PROFILE),
        ("connect:ListEntitySecurityProfiles", INSTANCE),
        ("connect:SearchUsers", INSTANCE),
        ("ssm:GetParameter", stop_arn(fix_stack)),
    }
    for action, resource in needed:
        assert allowed(fix_stack, WRITER, [action], [resource]), action


@pytest.mark.parametrize("role", ROLES)
def test_no_role_may_change_the_deployment(fix_stack: LocalStack, role: str) -> None:
    actions = [
        "dynamodb:DeleteTable",
        "dynamodb:UpdateTable",
        "sns:Subscribe",
        "sns:DeleteTopic",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
        "lambda:UpdateEventSourceMapping",
        "logs:DeleteLogGroup",
        "logs:DeleteLogStream",
        "iam:PassRole",
        "iam:PutRolePolicy",
        "iam:AttachRolePolicy",
        "iam:CreatePolicyVersion",
        "kms:ScheduleKeyDeletion",
        "sts:AssumeRole",
    ]
    places = [table_arn(fix_stack), fix_stack.outputs["AlertsTopicArn"], "*"]
    assert allowed(fix_stack, role, actions, places) == set()


@pytest.mark.parametrize("role", ["EvaluateRole", "SweepRole", WRITER, OPERATOR])
def test_each_role_writes_to_its_own_table_only(fix_stack: LocalStack, role: str) -> None:
    table = table_arn(fix_stack)
    assert allowed(fix_stack, role, ["dynamodb:PutItem"], [table])
    others = [f"{table}-of-others", table[:-1], "*"]
    assert allowed(fix_stack, role, [*WRITES_OF_A_TABLE, "dynamodb:Scan"], others) == set()


@pytest.mark.parametrize("role", ROLES)
def test_no_role_reads_what_people_said(fix_stack: LocalStack, role: str) -> None:
    actions = [
        "connect:DescribeContact",
        "connect:GetContactAttributes",
        "connect:GetFederationToken",
        "connect:ListUsers",
        "connect:SearchContacts",
        "wisdom:GetContent",
        "wisdom:GetSession",
        "wisdom:QueryAssistant",
    ]
    assert allowed(fix_stack, role, actions, RESOURCES) == set()


def table_arn(stack: LocalStack) -> str:
    return f"arn:aws:dynamodb:us-east-1:{stack.account_id}:table/{stack.outputs['TableName']}"


def stop_arn(stack: LocalStack) -> str:
    name = stack.outputs["EmergencyStopParameter"]
    return f"arn:aws:ssm:us-east-1:{stack.account_id}:parameter{name}"
