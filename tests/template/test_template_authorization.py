"""Each statement against AWS's authorization data (the table of the emulator), in every combination
of parameters: a condition key that an action does not have never matches, and a resource type that
is left out is refused. And that IAM takes policies of that size."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.template.conftest import Deployed
from tests.template.reading import Tree, as_list, of_type
from tests.template.test_template_roles import KEY, concrete, roles, statements

from connect_emulator.authorization import table
from connect_emulator.policy import Decision, Question, decide

CONNECT = "arn:aws:connect:us-east-1:111122223333"
HERE = {
    "connect": CONNECT,
    "wisdom": "arn:aws:wisdom:us-east-1:111122223333",
    "app-integrations": "arn:aws:app-integrations:us-east-1:111122223333",
    "assistant": "11111111-2222-4333-8444-666666666666",
    "instance": f"{CONNECT}:instance/11111111-2222-4333-8444-555555555555",
    "id": "11111111-2222-4333-8444-777777777777",
}
CHOICES = {
    "Mode": ("warn", "approve", "fix"),
    "DedicatedProfiles": ("off", "approve"),
    "AssociationGaps": ("off", "approve", "fix"),
    "ReadFlows": ("on", "off"),
    "AssistantKeyArn": ("", KEY["AssistantKeyArn"]),
}
# We send no hierarchy group; and what is asked of an agent with its qualifier stripped is below.
NEVER_SENT = {"hierarchy-group"}
# Not served by the emulator, so not in its table. Both of the first are on instance and user.
NOT_IN_TABLE = {"connect:ListUserProficiencies", "ds:DescribeDirectories"}
# IAM's quotas, white space not counted.
MANAGED, INLINE, ATTACHED = 6_144, 10_240, 10
LONGEST = "x" * 128  # the name of a stack


def combinations() -> Iterator[dict[str, str]]:
    for values in itertools.product(*CHOICES.values()):
        yield dict(zip(CHOICES, values, strict=True))


@pytest.fixture(scope="module")
def stacks(deployed: Deployed) -> list[Tree]:
    return [deployed(**parameters) for parameters in combinations()]


def row_of(action: str) -> Any:
    prefix, operation = action.split(":")
    services = {"connect": "connect", "wisdom": "qconnect"}
    return table()["operations"].get(services.get(prefix, ""), {}).get(operation)


def arns(row: Any) -> Iterator[str]:
    for kind in {**row.get("required", {}), **row.get("optional", {})}.keys() - NEVER_SENT:
        if kind != "any":
            yield table()["arns"][kind].format(**{**HERE, "id": instance_or_id(kind)})


def instance_or_id(kind: str) -> str:
    named = {"instance": HERE["instance"].rsplit("/", 1)[-1]}
    return named.get(
        kind, f"{HERE['assistant']}/{HERE['id']}:1" if kind == "ai-agent" else HERE["id"]
    )


def of_services(stack: Tree) -> Iterator[tuple[Tree, list[Tree]]]:
    """Each statement about Connect or Q in Connect, with all of its role."""
    for role in roles(stack).values():
        every = statements(role)
        for statement in every:
            if str(as_list(statement["Action"])[0]).startswith(("connect:", "wisdom:")):
                yield statement, every


def test_every_action_is_in_the_authorization_data(stacks: list[Tree]) -> None:
    found = {a for s in stacks for one, _ in of_services(s) for a in as_list(one["Action"])}
    assert {action for action in found if row_of(action) is None} <= NOT_IN_TABLE


def test_a_condition_asks_for_keys_that_the_action_has(stacks: list[Tree]) -> None:
    for stack in stacks:
        for statement, _ in of_services(stack):
            keys = {k.split("/")[0] for o in statement.get("Condition", {}).values() for k in o}
            for action in as_list(statement["Action"]):
                assert not keys or keys <= set(row_of(action)["keys"]), action


def test_whatever_a_call_is_checked_against_is_allowed(stacks: list[Tree]) -> None:
    """Conditions aside. That a call is still refused for its tag is tested with the roles."""
    for stack in stacks:
        for statement, every in of_services(stack):
            bare = [{k: v for k, v in one.items() if k != "Condition"} for one in every]
            policies = [{"Statement": concrete(bare)}]
            for action in as_list(statement["Action"]):
                for arn in arns(row_of(action) or {}):
                    asked = Question(action, arn)
                    assert decide(policies, asked) is Decision.ALLOWED, asked


def test_iam_takes_policies_of_that_size(stacks: list[Tree]) -> None:
    for stack in stacks:
        for policy in of_type(stack, "AWS::IAM::ManagedPolicy").values():
            assert size(policy) <= MANAGED
        for role in of_type(stack, "AWS::IAM::Role").values():
            assert sum(map(size, role["Policies"])) <= INLINE
            assert len(role.get("ManagedPolicyArns", [])) <= ATTACHED


def size(policy: Tree) -> int:
    """With the longest names that may stand for references."""
    text = json.dumps(concrete(policy["PolicyDocument"]), separators=(",", ":"))
    text = text.replace("${AWS::StackName}", LONGEST).replace("AWS::StackName", LONGEST)
    return len(text) + 2 * len(LONGEST) * text.count("Fn::GetAtt")
