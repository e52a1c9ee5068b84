"""Everything that is sent is within what the service models say, and the table says just that."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.model import ListShape, MapShape, Shape, StructureShape

from toolgrant.domain.service_limits import LIMITS, Limit, misfits, takes

ADAPTERS = Path(__file__).resolve().parents[2] / "layers" / "toolgrant" / "toolgrant" / "adapters"
FROM_THE_MODEL = ("connect", "qconnect")
# What the service gave us a moment ago, and numbers that stand in our code.
NOT_FROM_OUTSIDE = {"NextToken", "nextToken", "MaxResults", "maxResults"}
UUID = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"


@cache
def model_of(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


@cache
def words(service: str) -> frozenset[str]:
    """Every name and text that a service's adapters, and the names of lists, are written with."""
    flows = [ADAPTERS / "contact_flows.py"] if service == "connect" else []
    files = [
        *ADAPTERS.glob(f"{service}*.py"),
        *flows,
        ADAPTERS.parent / "domain" / "profile_lists.py",
    ]
    nodes = [node for path in files for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    texts = {node.value for node in nodes if isinstance(node, ast.Constant)}
    return frozenset(
        str(text) for text in (*texts, *(n.arg for n in nodes if isinstance(n, ast.keyword)))
    )


def constraint(shape: Shape) -> Limit:
    found = shape.metadata
    return Limit(found.get("min", 0), found.get("max"), found.get("pattern", ""))


def limits_in(
    shape: Shape, field: str, inside: tuple[str, ...] = ()
) -> Iterator[tuple[str, Limit]]:
    """Each field of a shape that has a limit; a number that stands in our code has none."""
    if constraint(shape) != Limit() and shape.type_name in ("string", "list", "map"):
        yield field, constraint(shape)
    if isinstance(shape, StructureShape) and shape.name not in inside:
        for name, member in shape.members.items():
            yield from limits_in(member, f"{field}.{name}", (*inside, shape.name))
    elif isinstance(shape, ListShape):
        yield from limits_in(shape.member, f"{field}[]", inside)
    elif isinstance(shape, MapShape):
        yield from limits_in(shape.key, f"{field}{{key}}", inside)
        yield from limits_in(shape.value, f"{field}{{}}", inside)


def sent(service: str) -> Iterator[tuple[str, Limit]]:
    """The limits of every field that an adapter names, in each operation that one names."""
    model = model_of(service)
    for operation in model.operation_names:
        if xform_name(operation) in words(service):
            for name, member in model.operation_model(operation).input_shape.members.items():
                if name in words(service) - NOT_FROM_OUTSIDE:
                    yield from limits_in(member, name)


def within(narrow: Limit, wide: Limit) -> bool:
    least = narrow.least >= wide.least
    most = wide.most is None or (narrow.most is not None and narrow.most <= wide.most)
    return least and most and narrow.pattern == (wide.pattern or narrow.pattern)


@pytest.mark.parametrize("service", FROM_THE_MODEL)
def test_every_field_that_is_sent_has_the_limit_of_the_service_model(service: str) -> None:
    found = list(sent(service))
    assert len(found) > 3
    missing = {field: limit for field, limit in found if field not in LIMITS[service]}
    assert missing == {}
    # Where two operations differ, the narrower one.
    wrong = [(f, limit) for f, limit in found if not within(LIMITS[service][f], limit)]
    assert wrong == []


@pytest.mark.parametrize("service", FROM_THE_MODEL)
def test_every_limit_of_the_table_is_one_of_the_service_model(service: str) -> None:
    found = set(sent(service))
    assert [row for row in LIMITS[service].items() if row not in found] == []


SAID = {
    ("sqs", "SendMessage", "MessageGroupId"): (
        r"length of MessageGroupId is (\d+) characters",
        r"alphanumeric characters and punctuation",
    ),
    ("sqs", "SendMessage", "MessageDeduplicationId"): (
        r"length of MessageDeduplicationId is (\d+) characters",
        r"alphanumeric characters",
    ),
    ("sqs", "SendMessage", "DelaySeconds"): (r"Valid values: 0 to (\d+)",),
    ("sqs", "ChangeMessageVisibility", "VisibilityTimeout"): (r"Values range: 0 to (\d+)",),
    ("sqs", "SendMessage", "MessageBody"): (
        r"The minimum size is one character. The maximum size is 1 MiB or ([\d,]+) bytes",
        r"#x9 \| #xA \| #xD \| #x20 to #xD7FF \| #xE000 to #xFFFD \| #x10000 to #x10FFFF",
    ),
    ("sns", "Publish", "Subject"): (
        r"no line breaks or control characters, and less than (\d+) characters long",
    ),
}


@pytest.mark.parametrize("place", SAID, ids=lambda place: place[-1])
def test_limits_that_stand_in_words_are_those_words(place: tuple[str, str, str]) -> None:
    service, operation, field = place
    member = model_of(service).operation_model(operation).input_shape.members[field]
    said = re.sub(r"<[^>]+>", "", member.documentation)
    number, *others = (re.search(phrase, said) for phrase in SAID[place])
    assert number, said
    assert all(others), said
    most = int(number[1].replace(",", "")) - ("less than" in number[0])
    assert LIMITS[service][field].most == most


@pytest.mark.parametrize(
    ("service", "field", "good", "bad"),
    [
        ("connect", "SecurityProfileName", "a B-1_@", "注文"),
        ("connect", "SecurityProfileName", "a", "a\n"),
        ("connect", "SecurityProfileName", "a" * 127, "a" * 128),
        ("connect", "SecurityProfileName", "a", ""),
        ("connect", "Tags{key}", "toolgrant:auto-fix", "aws:x"),
        ("connect", "Tags{key}", "注文", "a;b"),
        ("connect", "Tags{key}", "a\u3000b c", "a\tb"),
        ("connect", "ContactFlowId", UUID, "a" * 501),
        ("qconnect", "aiAgentId", f"{UUID}:$SAVED", "注文"),
        ("qconnect", "assistantId", UUID, f"{UUID}/"),
        ("sqs", "MessageGroupId", UUID, "a b"),
        ("sqs", "MessageBody", "注文\t", "\x0b"),
        ("sqs", "DelaySeconds", 900, 901),
        ("sns", "Subject", "a" * 99, "a" * 100),
        ("sns", "Subject", "a", "a\nb"),
    ],
)
def test_what_a_field_takes(service: str, field: str, good: object, bad: object) -> None:
    assert takes(service, field, good)
    assert not takes(service, field, bad)


def test_a_request_is_looked_at_to_its_last_item() -> None:
    tools = {"Namespace": "n" * 129, "ApplicationPermissions": ["a", "", "b", ""], "Type": "MCP"}
    request = {"InstanceId": UUID, "Applications": [tools], "Tags": {"aws:x": "y" * 257}}
    assert misfits("connect", request) == [
        "Applications[].Namespace",
        "Applications[].ApplicationPermissions[]",
        "Tags{key}",
        "Tags{}",
    ]
    assert misfits("connect", {"InstanceId": UUID, "Tags": {"a": ""}}) == []
