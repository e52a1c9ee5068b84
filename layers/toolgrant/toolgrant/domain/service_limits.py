"""What the services take: one table of the limits on everything that we send them.

It is asked before every call (`misfits`, by the adapters), by whoever makes up a name, and by the
policy about grants, so that what no service takes is told to people and never tried. A test
compares it with the service models; SNS and SQS have their limits only in the words of theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Limit:
    """The least and the most of a number, or of the length of a text, list or map; and the pattern
    that a whole text must have, as the model writes it."""

    least: int = 0
    most: int | None = None
    pattern: str = ""

    def takes(self, value: object) -> bool:
        """Whether the service takes this value."""
        size = value if isinstance(value, int) else len(value) if isinstance(value, _SIZED) else 0
        if size < self.least or (self.most is not None and size > self.most):
            return False
        return not (self.pattern and isinstance(value, str)) or bool(
            _compiled(self.pattern).fullmatch(value)
        )


_SIZED = (str, list, tuple, dict)
_NAME = Limit(1, 128)
_UUID = "[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}"
_ARN = f"^arn:[a-z-]*?:wisdom:[a-z0-9-]*?:[0-9]{{12}}:[a-z-]*?/{_UUID}(?:/{_UUID}){{0,2}}"
_TEXT = "[\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*"
"""The characters that SQS takes."""

LIMITS: Mapping[str, Mapping[str, Limit]] = {
    "connect": {
        "AllowedAIAgents": Limit(0, 100),
        "AllowedFlowModules": Limit(0, 10),
        "AllowedFlowModules[].FlowModuleId": _NAME,
        "Applications": Limit(0, 10),
        "Applications[].ApplicationPermissions": Limit(1, 50),
        "Applications[].ApplicationPermissions[]": _NAME,
        "Applications[].Namespace": _NAME,
        "ContactFlowId": Limit(most=500),
        "EntityArn": Limit(1),
        "InstanceId": Limit(1, 100),
        "Permissions": Limit(0, 500),
        "Permissions[]": _NAME,
        "SecurityProfileName": Limit(1, 127, "^[ a-zA-Z0-9_@-]+$"),
        "SecurityProfiles": Limit(1, 10),
        "Tags": Limit(1, 50),
        "Tags{key}": Limit(1, 128, r"^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$"),
        "Tags{}": Limit(0, 256),
    },
    "qconnect": {
        "aiAgentId": Limit(
            pattern=f"{_UUID}(:[A-Z0-9_$]+){{0,1}}$|{_ARN}(:[A-Z0-9_$]+){{0,1}}",
        ),
        "assistantId": Limit(pattern=f"{_UUID}$|{_ARN}"),
    },
    "sns": {
        "MessageAttributes{}.StringValue": Limit(1),
        "Subject": Limit(1, 99, r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]+"),
    },
    "sqs": {
        "DelaySeconds": Limit(0, 900),
        "MessageAttributes{}.StringValue": Limit(1, pattern=_TEXT),
        "MessageBody": Limit(1, 1024 * 1024, _TEXT),
        "MessageDeduplicationId": Limit(1, 128, "[!-~]+"),
        "MessageGroupId": Limit(1, 128, "[!-~]+"),
        "VisibilityTimeout": Limit(0, 43200),
    },
}
"""Service → where in a request (`[]` an item, `{}` a value of a map) → its limit."""

# Unicode classes that Python lacks, by near ones for inside of brackets.
_CLASSES = {
    r"\p{L}": r"\w",
    r"\p{N}": r"\d",
    r"\p{Z}": r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
}


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    for unicode_class, near in _CLASSES.items():
        pattern = pattern.replace(unicode_class, near)
    return re.compile(pattern)


def takes(service: str, field: str, value: object) -> bool:
    """Whether a service takes this value in this field."""
    return LIMITS[service].get(field, Limit()).takes(value)


def most(service: str, field: str) -> int:
    """The longest, or largest, that a service takes; 0 where nobody says."""
    return LIMITS[service][field].most or 0


def misfits(service: str, request: Mapping[str, object]) -> list[str]:
    """The fields of a request that the service would refuse, each once."""
    parts = (part for name, value in request.items() for part in _parts(name, value))
    return list(dict.fromkeys(field for field, value in parts if not takes(service, field, value)))


def _parts(field: str, value: object) -> Iterator[tuple[str, object]]:
    """A value and all that is in it, each with its field."""
    yield field, value
    if isinstance(value, list | tuple):
        for item in value:
            yield from _parts(f"{field}[]", item)
    elif isinstance(value, Mapping):
        yield from _inside(field, value)


_MAPS = ("Tags", "MessageAttributes")
"""Fields that are maps; every other one that looks so is a structure."""


def _inside(field: str, value: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for key, item in value.items():
        if field in _MAPS:
            yield f"{field}{{key}}", key
            yield from _parts(f"{field}{{}}", item)
        else:
            yield from _parts(f"{field}.{key}", item)
