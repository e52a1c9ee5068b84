"""The model's constraints on an assembled input, as the services check them.

botocore's ``ParamValidator`` checks required members, types, minimums and unions; a client library
leaves maximums, patterns and enums to the service, so they are checked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator

from connect_emulator.model import is_document

Violations = Iterator[str]

_NUMBERS = ("integer", "long", "float", "double")
# Unicode classes that Python's re lacks, by near equivalents inside a bracket expression.
_UNICODE_CLASSES = {r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": r"\s"}


def violations(shape: Shape, value: Any) -> list[str]:
    """All that is wrong with ``value``, in AWS's own words as far as they are known."""
    try:
        report = ParamValidator().validate(value, shape)
        if report.has_errors():
            return str(report.generate_report()).splitlines()
        return list(_walk(shape, value, ""))
    except RecursionError:
        return ["The request is nested too deeply"]


def _walk(shape: Shape, value: Any, at: str) -> Violations:
    for problem in _own_problems(shape, value):
        yield f"Value at '{at}' failed to satisfy constraint: {problem}"
    for child, part, name in _parts(shape, value):
        yield from _walk(child, part, f"{at}.{name}".lstrip("."))


def _parts(shape: Shape, value: Any) -> Iterator[tuple[Shape, Any, str]]:
    """The parts of a container with their shapes and names."""
    if is_document(shape):
        return
    if isinstance(shape, StructureShape):
        for name, member in value.items():
            yield shape.members[name], member, name
    elif isinstance(shape, ListShape):
        for index, member in enumerate(value, start=1):
            yield shape.member, member, f"{index}.member"
    elif isinstance(shape, MapShape):
        for key, member in value.items():
            yield shape.key, key, "key"
            yield shape.value, member, f"{key}.member"


def _own_problems(shape: Shape, value: Any) -> Violations:
    metadata = shape.metadata
    if "enum" in metadata and value not in metadata["enum"]:
        yield f"Member must satisfy enum value set: [{', '.join(metadata['enum'])}]"
    if isinstance(value, bool) and shape.type_name in _NUMBERS:
        yield "Member must be a number"
    elif "max" in metadata and _size(value) > metadata["max"]:
        measure = "value" if shape.type_name in _NUMBERS else "length"
        yield f"Member must have {measure} less than or equal to {metadata['max']}"
    if shape.type_name == "string" and not _fits(metadata.get("pattern"), value):
        yield f"Member must satisfy regular expression pattern: {metadata['pattern']}"


def _size(value: Any) -> Any:
    return value if isinstance(value, int | float) else len(value)


def _fits(pattern: str | None, value: str) -> bool:
    compiled = _compile(pattern) if pattern else None
    return compiled is None or compiled.fullmatch(value) is not None


@cache
def _compile(pattern: str) -> re.Pattern[str] | None:
    """A pattern for Python, or None where the model's text matches nothing as it stands.

    Patterns are taken to cover the whole value, as most of them are written to, though Smithy would
    search [inferred]. A few in the Connect model are escaped twice or wrapped in slashes; a service
    cannot be using those, so they are not checked.
    """
    if "\\\\" in pattern or pattern.startswith("/"):
        return None
    for unicode_class, near in _UNICODE_CLASSES.items():
        pattern = pattern.replace(unicode_class, near)
    return re.compile(pattern, re.DOTALL)
