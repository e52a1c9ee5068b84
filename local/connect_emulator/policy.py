"""IAM policies, as far as a role of ours needs them: does a role's policies allow one action on one
resource?

Deny wins, then some Allow is needed. What is not known here (an operator, a condition key,
NotAction, a policy variable) raises ``PolicyError`` instead of being passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Any

Document = Mapping[str, Any]
Statement = Mapping[str, Any]
Values = Sequence[str]
# Condition key in lower case -> its values; a key without an entry is absent from the request.
Keys = Mapping[str, Values]

KNOWN_KEYS = ("aws:resourcetag/", "aws:requesttag/", "aws:tagkeys")
_ELEMENTS = {"Sid", "Effect", "Action", "Resource", "Condition"}


class PolicyError(Exception):
    """A policy uses something that is not known here; nobody can say what it allows."""


class Decision(Enum):
    """What the policies of a role say to one action on one resource."""

    ALLOWED = "allowed"
    DENIED = "explicitly denied"
    NOT_ALLOWED = "not allowed"


@dataclass(frozen=True)
class Question:
    """One action on one resource."""

    action: str
    resource: str
    keys: Keys = field(default_factory=dict)


def decide(policies: Sequence[Document], question: Question) -> Decision:
    """Raises ``PolicyError`` where a statement about the action cannot be understood."""
    applying = [s for s in _statements(policies) if _applies(s, question)]
    effects = {str(statement["Effect"]) for statement in applying}
    if "Deny" in effects:
        return Decision.DENIED
    return Decision.ALLOWED if "Allow" in effects else Decision.NOT_ALLOWED


def _statements(policies: Sequence[Document]) -> Iterator[Statement]:
    for policy in policies:
        found = policy["Statement"]
        yield from [found] if isinstance(found, Mapping) else found


def _applies(statement: Statement, question: Question) -> bool:
    unknown = set(statement) - _ELEMENTS
    if unknown or statement["Effect"] not in ("Allow", "Deny"):
        raise PolicyError(f"Not known in a policy: {sorted(unknown) or statement['Effect']}")
    return (
        any(like(action.lower(), question.action.lower()) for action in _list(statement["Action"]))
        and any(like(resource, question.resource) for resource in _list(statement["Resource"]))
        and all(_met(*test, question.keys) for test in _tests(statement))
    )


def _tests(statement: Statement) -> list[tuple[str, str, list[str]]]:
    """Operator, key and values of all conditions; each of them must be met."""
    return [
        (operator, key.lower(), _list(expected))
        for operator, keys in statement.get("Condition", {}).items()
        for key, expected in keys.items()
    ]


def _met(operator: str, key: str, expected: list[str], keys: Keys) -> bool:
    if not key.startswith(KNOWN_KEYS):
        raise PolicyError(f"Not known as a condition key: {key}")
    many, _, name = operator.rpartition(":")
    if name not in _OPERATORS or many not in _QUANTIFIERS:
        raise PolicyError(f"Not known as a condition operator: {operator}")
    if name == "Null":
        return (key not in keys) == (expected[0].lower() == "true")
    matches = _OPERATORS[name]
    found = [any(matches(text, value) for text in expected) for value in keys.get(key, ())]
    return _QUANTIFIERS[many](found)


def like(pattern: str, text: str) -> bool:
    """Whether a text is what a pattern with * and ? describes; both stand for slashes as well."""
    if "${" in pattern:
        raise PolicyError(f"Policy variables are not known: {pattern}")
    return _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    escaped = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(escaped, re.DOTALL)


def _list(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [_text(value)]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda expected, value: expected == value,
    "StringLike": like,
    "Bool": lambda expected, value: expected.lower() == value.lower(),
    "Null": lambda _expected, _value: False,
}
# Before the colon of an operator: how many of the values of the request must match.
_QUANTIFIERS: dict[str, Callable[[list[bool]], bool]] = {
    "": any,
    "ForAnyValue": any,
    "ForAllValues": all,
}
