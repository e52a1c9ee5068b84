"""IAM policies as IAM reads them: an Allow is needed, a Deny wins, each resource by itself."""

from __future__ import annotations

from typing import Any

import pytest

from connect_emulator.policy import Decision, PolicyError, Question, decide

ACTION = "connect:UpdateSecurityProfile"
INSTANCE = "arn:aws:connect:us-east-1:111122223333:instance/11111111-2222-4333-8444-555555555555"
PROFILE = f"{INSTANCE}/security-profile/p"
TAG = "aws:ResourceTag/toolgrant:auto-fix"
TAGGED = {TAG.lower(): ("true",)}
ALLOWED, DENIED, NOT = Decision.ALLOWED, Decision.DENIED, Decision.NOT_ALLOWED


def statement(effect: str = "Allow", **other: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": ACTION, "Resource": "*", **other}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def when(operator: str, key: str, value: Any) -> dict[str, Any]:
    return statement(Condition={operator: {key: value}})


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (ACTION, ALLOWED),
        ("connect:updatesecurityprofile", ALLOWED),
        ("connect:Update*", ALLOWED),
        ("connect:*", ALLOWED),
        ("*", ALLOWED),
        ("connect:UpdateSecurityProfil?", ALLOWED),
        (["connect:ListUsers", ACTION], ALLOWED),
        ("connect:UpdateSecurity", NOT),
        ("wisdom:UpdateSecurityProfile", NOT),
        ("connect.UpdateSecurityProfile", NOT),
        ([], NOT),
    ],
)
def test_actions_are_matched_without_case_and_with_wildcards(action: Any, expected: Any) -> None:
    policies = [policy(statement(Action=action))]
    assert decide(policies, Question(ACTION, PROFILE)) is expected


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (PROFILE, ALLOWED),
        (PROFILE.upper(), NOT),
        ("arn:aws:connect:*:*:instance/*/security-profile/*", ALLOWED),
        ("arn:aws:connect:us-east-1:111122223333:instance/*", ALLOWED),  # * is a slash, too
        ("arn:aws:connect:us-east-1:111122223333:instance/" + "?" * 36, NOT),
        (INSTANCE, NOT),
        ([INSTANCE, PROFILE], ALLOWED),
        (f"{INSTANCE}/flow-module/*", NOT),
        ("arn:aws:connect:*/security-profile/p", NOT),  # within a segment * is no colon
        ("arn:aws:conn*:instance/*", ALLOWED),  # at its end it is
        ("arn:aws:connect:us-east-1:11112222333?:instance/*-profile/p", ALLOWED),
        (f"{PROFILE}\n", NOT),
    ],
)
def test_resources_are_matched_with_case_and_with_wildcards(resource: Any, expected: Any) -> None:
    policies = [policy(statement(Resource=resource))]
    assert decide(policies, Question(ACTION, PROFILE)) is expected


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ([], NOT),
        ([policy()], NOT),
        ([{"Statement": statement()}], ALLOWED),
        ([policy(statement(), statement("Deny"))], DENIED),
        ([policy(statement("Deny")), policy(statement())], DENIED),
        ([policy(statement("Deny"))], DENIED),
        ([policy(statement(), statement("Deny", Action="connect:DeleteUser"))], ALLOWED),
        ([policy(statement(), statement("Deny", Resource=INSTANCE))], ALLOWED),
        ([policy(statement(Action="x:y")), policy(statement())], ALLOWED),
    ],
)
def test_one_allow_is_needed_and_a_deny_wins(policies: Any, expected: Decision) -> None:
    assert decide(policies, Question(ACTION, PROFILE)) is expected


@pytest.mark.parametrize(
    ("operator", "key", "value", "expected"),
    [
        ("StringEquals", TAG, "true", ALLOWED),
        ("StringEquals", TAG.upper(), "true", ALLOWED),
        ("StringEquals", TAG, ["yes", "true"], ALLOWED),
        ("StringEquals", TAG, "True", NOT),
        ("StringEquals", TAG, "*", NOT),
        ("StringEquals", "aws:ResourceTag/other", "true", NOT),
        ("StringEquals", "aws:RequestTag/toolgrant:auto-fix", "true", NOT),
        ("StringLike", TAG, "tr*", ALLOWED),
        ("StringLike", TAG, "t", NOT),
        ("StringLike", "aws:ResourceTag/other", "*", NOT),
        ("Bool", TAG, True, ALLOWED),
        ("Bool", TAG, "false", NOT),
        ("Null", TAG, "false", ALLOWED),
        ("Null", TAG, True, NOT),
        ("Null", "aws:ResourceTag/other", "true", ALLOWED),
        ("Null", "aws:ResourceTag/other", "false", NOT),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["a", "c"], ALLOWED),
        ("ForAnyValue:StringEquals", "aws:TagKeys", "c", NOT),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["a", "b", "c"], ALLOWED),
        ("ForAllValues:StringEquals", "aws:TagKeys", "a", NOT),
    ],
)
def test_conditions(operator: str, key: str, value: Any, expected: Decision) -> None:
    keys = {**TAGGED, "aws:tagkeys": ("a", "b")}
    assert decide([policy(when(operator, key, value))], Question(ACTION, PROFILE, keys)) is expected


def test_all_conditions_of_a_statement_must_be_met() -> None:
    condition = {"StringEquals": {TAG: "true"}, "Null": {"aws:ResourceTag/other": "false"}}
    policies = [policy(statement(Condition=condition))]
    assert decide(policies, Question(ACTION, PROFILE, TAGGED)) is NOT
    other = {**TAGGED, "aws:resourcetag/other": ("",)}
    assert decide(policies, Question(ACTION, PROFILE, other)) is ALLOWED


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        (when("StringNotEquals", TAG, "x"), "StringNotEquals"),
        (when("StringEqualsIfExists", TAG, "x"), "StringEqualsIfExists"),
        (when("ForSomeValues:StringEquals", TAG, "x"), "ForSomeValues:StringEquals"),
        (when("StringEquals", "aws:SourceIp", "x"), "aws:sourceip"),
        (statement(Resource="arn:aws:connect:${aws:PrincipalTag/x}"), "${"),
        (statement(NotAction="x:y"), "NotAction"),
        (statement("Maybe"), "Maybe"),
        (statement("allow"), "allow"),
        (statement(NotResource=INSTANCE), "NotResource"),
        (statement("Deny", NotAction="x:y"), "NotAction"),
        (statement(Principal="*"), "Principal"),
        ({"Action": ACTION, "Resource": "*"}, "Effect"),
        ({"Effect": "Deny", "Resource": "*"}, "Action"),
        ({"Effect": "Deny", "Action": ACTION}, "Resource"),
        (statement(Resource=None), "None"),
        (statement(Action=["x:y", None]), "None"),
        (statement(Condition=[]), "[]"),
        (statement(Condition={"StringEquals": TAG}), TAG),
        (when("StringEquals", TAG, {"a": "b"}), "{'a': 'b'}"),
        (when("StringEquals", TAG, "${aws:PrincipalTag/x}"), "${"),
        (when("stringequals", TAG, "true"), "stringequals"),
        (when(":StringEquals", TAG, "true"), ":StringEquals"),
        (when("ArnLike", TAG, "true"), "ArnLike"),
        (when("Null", "aws:TagKeysOfMine", "true"), "aws:tagkeysofmine"),
        (when("Null", "aws:ResourceTag/", "true"), "aws:resourcetag/"),
        (when("Null", "aws:ResourceTag", "true"), "aws:resourcetag"),
        (when("Null", TAG, "perhaps"), "perhaps"),
        (when("Null", TAG, []), "Null"),
        (when("Null", TAG, ["true", "false"]), "Null"),
        (when("ForAllValues:Null", TAG, "true"), "ForAllValues:Null"),
    ],
)
def test_what_is_not_known_is_not_passed_over(broken: Any, named: str) -> None:
    policies = [policy(statement(), broken)]
    with pytest.raises(PolicyError) as refused:
        decide(policies, Question(ACTION, PROFILE, TAGGED))
    assert named in str(refused.value)


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_a_variable_in_a_condition_is_not_taken_for_a_text(effect: str) -> None:
    """As a text it would never match, and a Deny would be passed over."""
    condition = {"StringEquals": {TAG: "${aws:PrincipalTag/team}"}}
    policies = [policy(statement(), statement(effect, Condition=condition))]
    with pytest.raises(PolicyError):
        decide(policies, Question(ACTION, PROFILE, TAGGED))


@pytest.mark.parametrize("document", [{}, {"Statement": None}, {"Statement": ["x"]}, []])
def test_what_is_no_policy_is_said(document: Any) -> None:
    with pytest.raises(PolicyError):
        decide([policy(statement()), document], Question(ACTION, PROFILE))


@pytest.mark.parametrize(
    ("operator", "value", "keys", "expected"),
    [
        ("StringEquals", "true", {}, ALLOWED),
        ("StringEquals", "true", TAGGED, DENIED),
        ("Null", "true", {}, DENIED),
        ("Null", "true", TAGGED, ALLOWED),
        ("ForAllValues:StringEquals", "x", {}, DENIED),
        ("ForAllValues:StringEquals", "x", TAGGED, ALLOWED),
        ("ForAnyValue:StringEquals", "x", {}, ALLOWED),
    ],
)
def test_a_deny_with_a_condition(operator: str, value: Any, keys: Any, expected: Any) -> None:
    """ForAllValues is met where the request does not have the key, as IAM has it."""
    deny = {**when(operator, TAG, value), "Effect": "Deny"}
    assert decide([policy(statement(), deny)], Question(ACTION, PROFILE, keys)) is expected
