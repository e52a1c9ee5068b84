"""Who may do what: exactly this, in every mode. Only remediate changes anything in Connect, and
with Mode warn nothing does. Operate reads what a dry run needs, and changes nothing there.

The list has four parts: what every stack allows, and what three conditions add to it. A new
permission is one line in the part that it belongs to.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import pytest
from tests.template.conftest import Deployed
from tests.template.reading import Tree, arn, as_list, of_type, ref, walk

from connect_emulator.policy import Decision, Question, decide
from toolgrant.domain.fixing.rules import STACK_TAG, TAG_NAME

CONNECT = "arn:${AWS::Partition}:connect:${AWS::Region}:${AWS::AccountId}:"
WISDOM = "arn:${AWS::Partition}:wisdom:${AWS::Region}:${AWS::AccountId}:"
SSM = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/"
INSTANCE = {"Fn::Sub": CONNECT + "instance/*"}
# A * stands for slashes as well: this fits instances and nothing inside them.
ONE_INSTANCE = {"Fn::Sub": CONNECT + "instance/????????-????-????-????-????????????"}
PROFILE = {"Fn::Sub": CONNECT + "instance/*/security-profile/*"}
FLOW = {"Fn::Sub": CONNECT + "instance/*/contact-flow/*"}
MODULE = {"Fn::Sub": CONNECT + "instance/*/flow-module/*"}
APPLICATION = {"Fn::Sub": CONNECT.replace("connect", "app-integrations") + "application/*"}
USER = {"Fn::Sub": CONNECT + "instance/*/agent/*"}
AGENT = {"Fn::Sub": WISDOM + "ai-agent/*"}
ASSISTANT = {"Fn::Sub": WISDOM + "assistant/*"}
OVERRIDES = {"Fn::Sub": SSM + "toolgrant/${AWS::StackName}/catalog-overrides"}
ASSISTANT_KEY = ref("AssistantKeyArn")
EMERGENCY_STOP = {"Fn::Sub": SSM + "toolgrant/${AWS::StackName}/emergency-stop"}

Allowed = dict[str, dict[str, list[Any]]]
"""Role → action → resources."""

STATE: dict[str, list[Any]] = {
    f"dynamodb:{verb}": [arn("StateTable")]
    for verb in (
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "UpdateItem",
    )
}
OWN: dict[str, list[Any]] = {
    **STATE,
    "sns:Publish": [ref("AlertsTopic")],
    "kms:Decrypt": [arn("AlertsKey")],
    "kms:GenerateDataKey*": [arn("AlertsKey")],
}
INSTANCES: dict[str, list[Any]] = {
    "connect:DescribeInstance": [INSTANCE],
    "connect:ListIntegrationAssociations": [INSTANCE],
    "connect:ListInstances": ["*"],
    "ds:DescribeDirectories": ["*"],
}
JUDGING: dict[str, list[Any]] = {
    **INSTANCES,
    "wisdom:GetAIAgent": [AGENT],
    "wisdom:GetAssistant": [ASSISTANT],
    "connect:DescribeSecurityProfile": [PROFILE],
    "connect:ListEntitySecurityProfiles": [INSTANCE, AGENT],
    "connect:ListSecurityProfileAIAgents": [INSTANCE, PROFILE],
    "connect:ListSecurityProfileApplications": [PROFILE],
    "connect:ListSecurityProfileFlowModules": [INSTANCE, PROFILE],
    "connect:ListSecurityProfilePermissions": [PROFILE],
}
PEOPLE: dict[str, list[Any]] = {
    "connect:DescribeUser": [INSTANCE, USER],
    "connect:ListUserProficiencies": [INSTANCE, USER],
    "connect:SearchUsers": [INSTANCE, USER],
}


def consuming(queue: str) -> dict[str, list[Any]]:
    verbs = ("ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "ReceiveMessage")
    return {f"sqs:{verb}": [arn(queue)] for verb in verbs}


def logging(group: str) -> dict[str, list[Any]]:
    return {f"logs:{verb}": [arn(group)] for verb in ("CreateLogStream", "PutLogEvents")}


ALWAYS: Allowed = {
    "EvaluateRole": {
        **OWN,
        **JUDGING,
        **consuming("ChangeQueue"),
        **logging("AuditLogGroup"),
        "sqs:SendMessage": [arn("ChangeQueue"), arn("ChangeDeadLetterQueue")],
        "ssm:GetParameter": [OVERRIDES],
        "connect:DescribeContactFlow": [FLOW],
    },
    "SweepRole": {
        **OWN,
        **INSTANCES,
        "connect:DescribeContactFlow": [FLOW],
        "connect:ListContactFlows": [INSTANCE],
        **logging("SweepLogGroup"),
        "wisdom:GetAssistant": [ASSISTANT],
        "wisdom:ListAIAgents": ["*"],
        "wisdom:ListAssistants": ["*"],
        "sqs:SendMessage": [arn("ChangeQueue")],
    },
    "SweepScheduleRole": {
        "lambda:InvokeFunction": [arn("SweepFunction")],
        "sqs:SendMessage": [arn("SweepDeadLetterQueue")],
    },
}
MAY_WRITE: Allowed = {
    "EvaluateRole": {
        **PEOPLE,
        "sqs:SendMessage": [arn("FixQueue")],
        "ssm:GetParameter": [EMERGENCY_STOP],
    },
    "SweepRole": {"sqs:SendMessage": [arn("FixQueue")]},
    "RemediateRole": {
        **OWN,
        **JUDGING,
        **PEOPLE,
        **consuming("FixQueue"),
        **logging("AuditLogGroup"),
        "connect:UpdateSecurityProfile": [PROFILE, MODULE, APPLICATION],
        "sqs:SendMessage": [arn("FixQueue"), arn("ChangeQueue")],
        "ssm:GetParameter": [OVERRIDES, EMERGENCY_STOP],
    },
    "OperateRole": {
        **{action: state for action, state in STATE.items() if action != "dynamodb:UpdateItem"},
        **JUDGING,
        **PEOPLE,
        **logging("AuditLogGroup"),
        "sqs:SendMessage": [arn("FixQueue")],
        "ssm:GetParameter": [OVERRIDES, EMERGENCY_STOP],
    },
}
# Undo detaches what remediate attached, so one comes with the other.
ATTACHING: dict[str, list[Any]] = {
    "connect:AssociateSecurityProfiles": [ONE_INSTANCE, PROFILE, AGENT],
    "connect:DisassociateSecurityProfiles": [ONE_INSTANCE, PROFILE, AGENT],
}
MAY_ATTACH: Allowed = {"RemediateRole": ATTACHING}
MAY_CREATE: Allowed = {
    "RemediateRole": {
        **ATTACHING,
        "connect:CreateSecurityProfile": [PROFILE, MODULE, APPLICATION],
        "connect:ListSecurityProfiles": [INSTANCE],
        "connect:TagResource": [PROFILE],
    },
}
# With a key of the customer's, reading an assistant takes the key as well.
USING_KEY: dict[str, list[Any]] = {
    f"kms:{verb}": [ASSISTANT_KEY] for verb in ("Decrypt", "DescribeKey", "GenerateDataKey*")
}
HAS_KEY: Allowed = {"EvaluateRole": USING_KEY, "SweepRole": USING_KEY}
HAS_KEY_AND_MAY_WRITE: Allowed = {"RemediateRole": USING_KEY, "OperateRole": USING_KEY}
OPTED_IN = {"StringEquals": {"aws:ResourceTag/toolgrant:auto-fix": ref("OptInTagValue")}}
# Sid → what else must hold. No other statement has a condition.
CONDITIONS: dict[str, Tree] = {
    "UpdateOptedInProfiles": OPTED_IN,
    "AttachOptedInProfiles": OPTED_IN,
    "AttachDedicatedProfiles": {
        "StringEquals": {"aws:ResourceTag/toolgrant:stack": ref("AWS::StackName")}
    },
    "CreateDedicatedProfiles": {
        "StringEquals": {"aws:RequestTag/toolgrant:stack": ref("AWS::StackName")}
    },
}

KEY = {"AssistantKeyArn": "arn:aws:kms:us-east-1:111122223333:key/k"}
GAPS, OWN_PROFILES = {"AssociationGaps": "off"}, {"DedicatedProfiles": "approve"}
EVERYTHING = {"AssociationGaps": "fix", "AutomaticRisk": "write", **OWN_PROFILES}
STACKS: dict[str, tuple[dict[str, str], list[Allowed]]] = {
    "warn": ({"Mode": "warn"}, [ALWAYS]),
    "warn, all else allowed": ({"Mode": "warn", **EVERYTHING}, [ALWAYS]),
    "warn, customer's key": ({"Mode": "warn", **KEY}, [ALWAYS, HAS_KEY]),
    "approve": ({"Mode": "approve"}, [ALWAYS, MAY_WRITE, MAY_ATTACH]),
    "approve, grants only": ({"Mode": "approve", **GAPS}, [ALWAYS, MAY_WRITE]),
    "fix": ({"Mode": "fix"}, [ALWAYS, MAY_WRITE, MAY_ATTACH]),
    "fix, grants only": ({"Mode": "fix", **GAPS}, [ALWAYS, MAY_WRITE]),
    "fix, customer's key": (
        {"Mode": "fix", **KEY},
        [ALWAYS, MAY_WRITE, MAY_ATTACH, HAS_KEY, HAS_KEY_AND_MAY_WRITE],
    ),
    "fix, own profiles": ({"Mode": "fix", **GAPS, **OWN_PROFILES}, [ALWAYS, MAY_WRITE, MAY_CREATE]),
    "fix, everything": (
        {"Mode": "fix", **EVERYTHING},
        [ALWAYS, MAY_WRITE, MAY_ATTACH, MAY_CREATE],
    ),
}
WARN = [name for name in STACKS if name.startswith("warn")]
WRITING = [name for name in STACKS if name not in WARN]
# SNS asks publishers to an encrypted topic for exactly this name, star included.
STARS = {"kms:GenerateDataKey*"}
READING = ("Describe", "Get", "List", "Search")


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest, deployed: Deployed) -> tuple[str, Tree]:
    """Each stack by its name, conditions decided."""
    return request.param, deployed(**STACKS[request.param][0])


def together(parts: list[Allowed]) -> dict[str, dict[str, set[str]]]:
    found: dict[str, dict[str, set[str]]] = {}
    for part in parts:
        for role, actions in part.items():
            for action, resources in actions.items():
                place = found.setdefault(role, {}).setdefault(action, set())
                place.update(map(repr, resources))
    return found


def roles(stack: Tree) -> dict[str, Tree]:
    """Each role with all its policies: its own, and those of the stack that it attaches."""
    shared = of_type(stack, "AWS::IAM::ManagedPolicy")
    return {
        name: {
            **role,
            "Policies": [*role["Policies"], *(named(policy, shared) for policy in attached)],
        }
        for name, role in of_type(stack, "AWS::IAM::Role").items()
        for attached in [role.get("ManagedPolicyArns", [])]
    }


def named(attached: Tree, shared: Mapping[str, Tree]) -> Tree:
    """A policy of the stack as it would stand in the role; any other policy is an error."""
    name = attached["Ref"]
    return {"PolicyName": name, "PolicyDocument": shared[name]["PolicyDocument"]}


def statements(role: Tree) -> list[Tree]:
    return [s for policy in role["Policies"] for s in policy["PolicyDocument"]["Statement"]]


def granted(role: Tree) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for statement in statements(role):
        for action in as_list(statement["Action"]):
            found.setdefault(action, []).extend(as_list(statement["Resource"]))
    return found


def writes(actions: Mapping[str, Any]) -> set[str]:
    """Those that change something in Connect, Q in Connect or a directory."""
    split = ((action, *action.split(":", 1)) for action in actions)
    return {
        action
        for action, service, operation in split
        if service in ("connect", "qconnect", "wisdom", "ds") and not operation.startswith(READING)
    }


def test_every_role_may_do_exactly_this(stack: tuple[str, Tree]) -> None:
    name, resources = stack
    found = {role: granted(entry) for role, entry in roles(resources).items()}
    shown = {
        role: {action: set(map(repr, where)) for action, where in actions.items()}
        for role, actions in found.items()
    }
    assert shown == together(STACKS[name][1])


def test_permissions_come_from_nowhere_else_not_even_from_sam(stack: tuple[str, Tree]) -> None:
    resources = stack[1]["Resources"].values()
    kinds = {entry["Type"] for entry in resources}
    assert {kind for kind in kinds if kind.startswith("AWS::IAM::")} == {
        "AWS::IAM::Role",
        "AWS::IAM::ManagedPolicy",
    }
    assert "AWS::Lambda::Permission" not in kinds
    own = {"Description", "AssumeRolePolicyDocument", "Policies", "Tags"}
    for role in of_type(stack[1], "AWS::IAM::Role").values():
        assert set(role) <= own | {"ManagedPolicyArns"}
    for policy in of_type(stack[1], "AWS::IAM::ManagedPolicy").values():
        assert set(policy) == {"Description", "PolicyDocument"}, "it is the roles that attach it"


def test_what_roles_attach_is_of_the_stack_and_changes_nothing_in_connect(
    stack: tuple[str, Tree],
) -> None:
    """Whoever may attach policies can attach one of the stack to a role of theirs. What writes to
    Connect stands in its role, where nobody else gets it."""
    shared = of_type(stack[1], "AWS::IAM::ManagedPolicy")
    every = of_type(stack[1], "AWS::IAM::Role").values()
    attached = [policy["Ref"] for role in every for policy in role.get("ManagedPolicyArns", [])]
    assert set(attached) == set(shared)
    for name in shared:
        assert writes(granted({"Policies": [named(ref(name), shared)]})) == set()


def test_every_statement_allows_and_names_what_it_is_for(stack: tuple[str, Tree]) -> None:
    for role in roles(stack[1]).values():
        for statement in statements(role):
            conditions = {"Condition"} if statement["Sid"] in CONDITIONS else set()
            assert set(statement) == {"Sid", "Effect", "Action", "Resource"} | conditions
            assert statement["Effect"] == "Allow"
            assert statement.get("Condition") == CONDITIONS.get(statement["Sid"])


def test_no_action_is_a_wildcard(stack: tuple[str, Tree]) -> None:
    actions = {action for role in roles(stack[1]).values() for action in granted(role)}
    assert {action for action in actions if "*" in action} <= STARS


def test_no_policy_of_a_role_is_named_twice(stack: tuple[str, Tree]) -> None:
    for role in roles(stack[1]).values():
        names = [policy["PolicyName"] for policy in role["Policies"]]
        assert len(names) == len(set(names))


def test_only_remediate_changes_anything_in_connect(stack: tuple[str, Tree]) -> None:
    name, resources = stack
    able = {role for role, entry in roles(resources).items() if writes(granted(entry))}
    assert able == (set() if name in WARN else {"RemediateRole"})


def test_nothing_of_the_customer_s_is_ever_deleted(stack: tuple[str, Tree]) -> None:
    for role in roles(stack[1]).values():
        operations = {action.split(":", 1)[1] for action in writes(granted(role))}
        assert not {o for o in operations if o.startswith(("Delete", "Remove", "Untag"))}


def test_whoever_may_attach_may_detach_the_same_and_nobody_else(stack: tuple[str, Tree]) -> None:
    for role in roles(stack[1]).values():
        actions = granted(role)
        attach, detach = (actions.get(action) for action in ATTACHING)
        assert attach == detach


@pytest.mark.parametrize("name", WARN)
def test_with_mode_warn_no_write_to_connect_or_wisdom_is_named_anywhere(
    deployed: Deployed, name: str
) -> None:
    words = [text for text in walk(deployed(**STACKS[name][0])) if isinstance(text, str)]
    actions = {w: None for w in words if w.startswith(("connect:", "qconnect:", "wisdom:"))}
    assert actions
    assert writes(actions) == set()


# ----------------------------------------------------------------- writes, as IAM would judge them

REAL = {
    "${AWS::Partition}": "aws",
    "${AWS::Region}": "us-east-1",
    "${AWS::AccountId}": "111122223333",
}
HERE = "arn:aws:connect:us-east-1:111122223333:instance/11111111-2222-4333-8444-555555555555"
NOT_PROFILES = (
    HERE,
    f"{HERE}/flow-module/11111111-2222-4333-8444-666666666666",
    "arn:aws:app-integrations:us-east-1:111122223333:application/a",
    "arn:aws:wisdom:us-east-1:111122223333:ai-agent/a/b:1",
)
A_PROFILE = f"{HERE}/security-profile/11111111-2222-4333-8444-777777777777"
PLACES = {
    "connect:UpdateSecurityProfile": NOT_PROFILES[1:3],
    "connect:CreateSecurityProfile": NOT_PROFILES[1:3],
    "connect:AssociateSecurityProfiles": (NOT_PROFILES[0], NOT_PROFILES[3]),
    "connect:DisassociateSecurityProfiles": (NOT_PROFILES[0], NOT_PROFILES[3]),
}
SENT_TAG = {"aws:requesttag/toolgrant:stack": ("AWS::StackName",)}
OPT_IN_TAG = {"aws:resourcetag/toolgrant:auto-fix": ("OptInTagValue",)}
OUR_TAG = {"aws:resourcetag/toolgrant:stack": ("AWS::StackName",)}


def concrete(value: Any) -> Any:
    """A policy as IAM gets it; a reference is the name of what it refers to."""
    if isinstance(value, list):
        return [concrete(element) for element in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"}:
        return value["Ref"]
    if set(value) == {"Fn::Sub"}:
        return functools.reduce(
            lambda text, pair: text.replace(*pair), REAL.items(), value["Fn::Sub"]
        )
    return {name: concrete(element) for name, element in value.items()}


def may(stack: Tree, action: str, resource: str, keys: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether remediate may: by the statements that speak of Connect."""
    found = [s for s in statements(roles(stack)["RemediateRole"]) if "connect:" in str(s["Action"])]
    policies = [{"Statement": concrete(found)}]
    return decide(policies, Question(action, resource, keys)) is Decision.ALLOWED


@pytest.mark.parametrize("name", WRITING)
@pytest.mark.parametrize(
    ("action", "tags"),
    [
        ("connect:UpdateSecurityProfile", {"always": OPT_IN_TAG}),
        ("connect:AssociateSecurityProfiles", {"gaps": OPT_IN_TAG, "own": OUR_TAG}),
        ("connect:DisassociateSecurityProfiles", {"gaps": OPT_IN_TAG, "own": OUR_TAG}),
        ("connect:CreateSecurityProfile", {"own": SENT_TAG}),
    ],
)
def test_a_write_needs_a_tag_of_the_profile_and_of_nothing_else(
    deployed: Deployed, name: str, action: str, tags: dict[str, dict[str, tuple[str, ...]]]
) -> None:
    parameters = STACKS[name][0]
    stack = deployed(**parameters)
    given = {
        "always": True,
        "gaps": parameters.get("AssociationGaps") != "off",
        "own": "DedicatedProfiles" in parameters,
    }
    for when in ("always", "gaps", "own"):
        if when in tags:
            assert may(stack, action, A_PROFILE, tags[when]) is given[when]
            wrong = dict.fromkeys(tags[when], ("other",))
            assert not may(stack, action, A_PROFILE, wrong)
    assert not may(stack, action, A_PROFILE, {})
    able = any(given[when] for when in tags)
    assert {may(stack, action, place, {}) for place in PLACES[action]} == {able}


def test_the_tag_of_the_condition_is_the_one_that_the_function_checks(template: Tree) -> None:
    assert f"aws:ResourceTag/{TAG_NAME}" in CONDITIONS["UpdateOptedInProfiles"]["StringEquals"]
    assert TAG_NAME in template["Parameters"]["OptInTagValue"]["Description"]
    assert "OptInTagName" not in template["Parameters"]


def test_the_tag_of_a_profile_of_its_own_is_the_one_that_the_function_sets() -> None:
    assert f"aws:RequestTag/{STACK_TAG}" in CONDITIONS["CreateDedicatedProfiles"]["StringEquals"]


# --------------------------------------------------------------------------------- who is trusted


@pytest.mark.parametrize(
    ("role", "service"),
    [
        ("EvaluateRole", "lambda.amazonaws.com"),
        ("SweepRole", "lambda.amazonaws.com"),
        ("SweepScheduleRole", "scheduler.amazonaws.com"),
        ("RemediateRole", "lambda.amazonaws.com"),
        ("OperateRole", "lambda.amazonaws.com"),
    ],
)
def test_a_role_is_for_one_service(resources: Tree, role: str, service: str) -> None:
    document = resources[role]["Properties"]["AssumeRolePolicyDocument"]
    (statement,) = document["Statement"]
    assert statement["Principal"] == {"Service": service}
    assert statement["Action"] == "sts:AssumeRole"


def test_the_schedule_role_is_for_this_account(resources: Tree) -> None:
    document = resources["SweepScheduleRole"]["Properties"]["AssumeRolePolicyDocument"]
    (statement,) = document["Statement"]
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}}
