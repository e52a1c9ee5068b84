"""The roles of what is deployed, read when a call needs them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from connect_emulator.policy import PolicyError, Question, decide
from toolgrant_local.roles import StackRoles

FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:evaluate"
ROLE = "arn:aws:iam::111122223333:role/EvaluateRole"
INLINE, ATTACHED = {"Statement": ["own"]}, {"Statement": ["shared"]}


class FakeAws:
    """Lambda with one function and IAM with its role; counts what it is asked."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.role: dict[str, Any] = {}

    def client(self, _service: str) -> Any:
        return self

    def get_paginator(self, name: str) -> Any:
        self.asked[name] += 1
        return self

    def paginate(self) -> list[dict[str, Any]]:
        function = {"FunctionName": "evaluate", "FunctionArn": FUNCTION, "Role": ROLE}
        return [{"Functions": []}, {"Functions": [function]}]

    def list_role_policies(self, **named: str) -> dict[str, Any]:
        self.asked["list_role_policies"] += 1
        if named["RoleName"] != "EvaluateRole":
            raise ClientError({"Error": {"Code": "NoSuchEntity"}}, "ListRolePolicies")
        return {"PolicyNames": ["own"]}

    def get_role_policy(self, **_: str) -> dict[str, Any]:
        return {"PolicyDocument": INLINE}

    def list_attached_role_policies(self, **_: str) -> dict[str, Any]:
        return {"AttachedPolicies": [{"PolicyArn": "shared"}]}

    def get_role(self, **_: str) -> dict[str, Any]:
        return {"Role": self.role}

    def get_policy(self, **_: str) -> dict[str, Any]:
        return {"Policy": {"DefaultVersionId": "v2"}}

    def get_policy_version(self, **named: str) -> dict[str, Any]:
        assert named["VersionId"] == "v2"
        return {"PolicyVersion": {"Document": ATTACHED}}


def test_the_policies_of_a_role_are_its_own_and_those_attached_in_force() -> None:
    assert StackRoles(FakeAws().client).policies("EvaluateRole") == [INLINE, ATTACHED]


def test_a_permissions_boundary_refuses_what_the_policies_would_allow() -> None:
    aws = FakeAws()
    aws.role = {"PermissionsBoundary": {"PermissionsBoundaryArn": "arn:b"}}
    found = StackRoles(aws.client).policies("EvaluateRole") or []
    with pytest.raises(PolicyError, match="PermissionsBoundary"):
        decide(found[2:], Question("connect:ListInstances", "*"))


def test_a_role_that_is_not_deployed_has_none() -> None:
    assert StackRoles(FakeAws().client).policies("Operator") is None


def test_policies_are_read_once_and_again_after_a_deployment() -> None:
    aws = FakeAws()
    roles = StackRoles(aws.client)
    for _ in range(3):
        roles.policies("EvaluateRole")
    assert aws.asked["list_role_policies"] == 1
    roles.refresh()
    roles.policies("EvaluateRole")
    assert aws.asked["list_role_policies"] == 2


def test_the_key_of_a_function_names_its_role() -> None:
    roles = StackRoles(FakeAws().client)
    entry = roles.entry(roles.access_key("EvaluateRole"))
    assert entry == {"type": "AssumedRole", "name": "EvaluateRole", "session": "evaluate"}


def test_only_keys_of_sessions_are_looked_up_until_one_is_known() -> None:
    aws = FakeAws()
    roles = StackRoles(aws.client)
    assert [roles.entry(key) for key in ("", "local", "AKIAPERSON")] == [None] * 3
    assert aws.asked == {}
    assert roles.entry("ASIAOTHER") is None
    assert aws.asked == {"list_functions": 1}
