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

_KNOWN_KEY = re.compile(r"aws:(tagkeys|(resource|request)tag/.+)")
_NEEDED, _ELEMENTS = {"Effect", "Action", "Resource"}, {"Sid", "Condition"}


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
        found = policy.get("Statement") if isinstance(policy, Mapping) else None
        for statement in [found] if isinstance(found, Mapping) else _known(found, list):
            yield _known(statement, Mapping)


def _known(value: Any, kind: type[Any] | tuple[type[Any], ...]) -> Any:
    if not isinstance(value, kind):
        raise PolicyError(f"Not known in a policy: {value}")
    return value


def _applies(statement: Statement, question: Question) -> bool:
    odd = (set(statement) - _ELEMENTS) ^ _NEEDED
    if odd or statement["Effect"] not in ("Allow", "Deny"):
        raise PolicyError(f"Not known in a policy: {sorted(odd) or statement['Effect']}")
    return (
        any(like(action.lower(), question.action.lower()) for action in _list(statement["Action"]))
        and any(_names(resource, question.resource) for resource in _list(statement["Resource"]))
        and all(_met(*test, question.keys) for test in _tests(statement))
    )


def _tests(statement: Statement) -> list[tuple[str, str, list[str]]]:
    """Operator, key and values of all conditions; each of them must be met."""
    return [
        (operator, key.lower(), _list(expected))
        for operator, keys in _known(statement.get("Condition", {}), Mapping).items()
        for key, expected in _known(keys, Mapping).items()
    ]


def _met(operator: str, key: str, expected: list[str], keys: Keys) -> bool:
    if not _KNOWN_KEY.fullmatch(key):
        raise PolicyError(f"Not known as a condition key: {key}")
    if operator == "Null":
        return (key not in keys) == _truth(expected)
    name = operator.rpartition(":")[2]
    if name not in _OPERATORS or operator.removesuffix(name) not in _QUANTIFIERS:
        raise PolicyError(f"Not known as a condition operator: {operator}")
    matches = _OPERATORS[name]
    found = [any(matches(text, value) for text in expected) for value in keys.get(key, ())]
    return _QUANTIFIERS[operator.removesuffix(name)](found)


def _truth(expected: list[str]) -> bool:
    found = [text.lower() for text in expected]
    if found not in (["true"], ["false"]):
        raise PolicyError(f"Not known as a value of Null: {expected}")
    return found == ["true"]


def like(pattern: str, text: str) -> bool:
    """Whether a text is what a pattern with * and ? describes; both stand for slashes as well."""
    return _compiled(_plain(pattern), ".").fullmatch(text) is not None


def _names(pattern: str, arn: str) -> bool:
    """The same of a resource: there * stands for colons only at the end of a segment."""
    return _compiled(_plain(pattern), "[^:]").fullmatch(arn) is not None


def _plain(text: str) -> str:
    if "${" in text:
        raise PolicyError(f"Policy variables are not known: {text}")
    return text


@cache
def _compiled(pattern: str, inside: str) -> re.Pattern[str]:
    """`inside` is what a wildcard that does not end a segment stands for."""
    escaped = re.escape(pattern).replace(r"\?", inside)
    return re.compile(re.sub(r"\\\*(?=:|$)", ".*", escaped).replace(r"\*", inside + "*"), re.DOTALL)


def _list(value: Any) -> list[str]:
    return [_text(each) for each in (value if isinstance(value, list) else [value])]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(_known(value, (str, int)))


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda expected, value: _plain(expected) == value,
    "StringLike": like,
    "Bool": lambda expected, value: _plain(expected).lower() == value.lower(),
}
# Before the operator: how many of the values of the request must match.
_QUANTIFIERS: dict[str, Callable[[list[bool]], bool]] = {
    "": any,
    "ForAnyValue:": any,
    "ForAllValues:": all,
}
