"""Values of fix mode as JSON: what is written comes back, and junk is refused by its path."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.values import APPROVAL, BREAKER, CHANGE, FOREIGN_EDIT, REPAIR, SHOWN, UNDO
from tests.strategies import (
    SOME,
    approvals,
    breakers,
    changes,
    foreign_edits,
    repairs,
    shown,
    undo_requests,
)

from toolgrant.adapters.dataclass_json import from_json, to_json
from toolgrant.domain.fixing.ledger import ProfileChange
from toolgrant.domain.fixing.repair import Repair
from toolgrant.domain.model import Finding, FindingKind, FindingState, Severity, Verdict
from toolgrant.domain.requests import UndoRequest
from toolgrant.errors import InvalidInput

FULL = [CHANGE, REPAIR, APPROVAL, SHOWN, FOREIGN_EDIT, BREAKER, UNDO]
"""One of each kind, with every field set."""

ANY_KIND = st.one_of(
    changes(), repairs(), approvals(), shown(), foreign_edits(), breakers(), undo_requests()
)


@SOME
@given(ANY_KIND)
def test_what_is_written_comes_back_from_a_message(value: Any) -> None:
    assert from_json(type(value), json.loads(json.dumps(to_json(value)))) == value


@SOME
@given(ANY_KIND)
def test_what_is_written_comes_back_from_the_table(value: Any) -> None:
    stored = TypeDeserializer().deserialize(TypeSerializer().serialize(to_json(value)))
    assert from_json(type(value), stored) == value


@SOME
@given(ANY_KIND)
def test_the_same_value_is_the_same_text(value: Any) -> None:
    again = from_json(type(value), to_json(value))
    assert json.dumps(to_json(again)) == json.dumps(to_json(value))


@pytest.mark.parametrize("value", FULL, ids=lambda value: type(value).__name__)
def test_the_full_values_set_every_field(value: Any) -> None:
    """So that taking each away in the tests below means something."""
    assert [path for path, part in parts(to_json(value)) if part in (None, "", [], {})] == []


@pytest.mark.parametrize("value", FULL, ids=lambda value: type(value).__name__)
def test_what_is_beside_the_fields_is_ignored(value: Any) -> None:
    keys = {"pk": "x", "sk": "y", "schema": Decimal(2), "expiresAt": Decimal(1)}
    assert from_json(type(value), {**to_json(value), **keys}) == value


# -------------------------------------------------------------------------------------------- junk


def parts(data: Any, path: str = "$") -> list[tuple[str, Any]]:
    """Every value inside, with its path."""
    inner: list[tuple[str, Any]] = []
    if isinstance(data, dict):
        inner = [(f"{path}.{name}", part) for name, part in data.items()]
    if isinstance(data, list):
        inner = [(f"{path}[{at}]", part) for at, part in enumerate(data)]
    return [(path, data), *(found for place, part in inner for found in parts(part, place))]


def changed(data: Any, path: str, junk: object, at: str = "$") -> Any:
    """The same with junk at one path."""
    if at == path:
        return junk
    if isinstance(data, dict):
        return {n: changed(part, path, junk, f"{at}.{n}") for n, part in data.items()}
    if isinstance(data, list):
        return [changed(part, path, junk, f"{at}[{n}]") for n, part in enumerate(data)]
    return data


JUNK: list[object] = [
    *(3, -1.5, 10**30, float("inf"), float("nan")),
    *(Decimal("1.5"), Decimal("NaN"), Decimal("Infinity")),
    *(True, "", "junk", "0", "\x00", "\ud800", "2026-11-23", "2026-11-23T12:00:00"),
    *([], [None], ["junk"], [[]], [{}], {}, {"junk": "junk"}, {"mcp": 3}, b"bytes", {"a", "b"}),
]
PLACES = [(value, path) for value in FULL for path, _ in parts(to_json(value))]


def place_id(part: object) -> str:
    return part if isinstance(part, str) else type(part).__name__


@pytest.mark.parametrize(("value", "path"), PLACES, ids=place_id)
def test_junk_is_refused_by_its_path_or_read_as_what_it_says(value: Any, path: str) -> None:
    """Never another exception, and never something that cannot be written again."""
    for junk in [None, *JUNK]:
        read = read_or_refused(value, changed(to_json(value), path, junk))
        if isinstance(read, InvalidInput):
            assert read.field.startswith(path)
        else:
            assert from_json(type(value), to_json(read)) == read


def read_or_refused(like: Any, data: object) -> Any:
    try:
        return from_json(type(like), data)
    except InvalidInput as error:
        return error


@pytest.mark.parametrize(("value", "path"), PLACES, ids=place_id)
def test_a_value_of_another_type_is_refused(value: Any, path: str) -> None:
    was = dict(parts(to_json(value)))[path]
    others: list[object] = [
        other for other in (3, True, "junk", [3], {"junk": 3}) if type(other) is not type(was)
    ]
    for other in others:
        with pytest.raises(InvalidInput) as raised:
            from_json(type(value), changed(to_json(value), path, other))
        assert raised.value.field.startswith(path)


@pytest.mark.parametrize("value", FULL, ids=lambda value: type(value).__name__)
def test_a_missing_field_is_named_by_its_path(value: Any) -> None:
    for path, part in parts(to_json(value)):
        for name in part if isinstance(part, dict) and not path.endswith(".lists") else ():
            data = copy.deepcopy(to_json(value))
            del dict(parts(data))[path][name]
            read = read_or_refused(value, data)
            if isinstance(read, InvalidInput):
                assert (read.field, read.problem) == (f"{path}.{name}", "missing")
            else:  # `X | None = None`
                assert read == from_json(
                    type(value), changed(to_json(value), f"{path}.{name}", None)
                )


def test_a_record_from_before_an_optional_field_was_added_is_read() -> None:
    """An unknown field as well, so that both versions of a deployment read the same items."""
    names = ("f-1", "insufficient", "open", "HIGH", "Retrieve", "id", "", "INSUFFICIENT")
    kinds = (str, FindingKind, FindingState, Severity, str, str, str, Verdict)
    finding = Finding(*(kind(name) for kind, name in zip(kinds, names, strict=True)), ("1",))
    data = to_json(finding)
    del data["refused_at"]

    assert from_json(Finding, {**data, "newer": "x"}) == finding


def test_what_is_there_by_itself_but_not_optional_must_be_said() -> None:
    """An undo without its grants would take back all of them."""
    data = to_json(UndoRequest("c", "p", "o"))
    del data["grants"]

    with pytest.raises(InvalidInput):
        from_json(UndoRequest, data)


@pytest.mark.parametrize(
    ("kind", "path", "junk", "problem"),
    [
        (Repair, "$.people", Decimal("1.5"), "expected int"),
        (Repair, "$.people", Decimal("NaN"), "expected int"),
        (Repair, "$.people", 2.0, "expected int"),
        (Repair, "$.people", "2", "expected int"),
        (Repair, "$.id", 3, "expected text"),
        (Repair, "$.planned_at", "yesterday", "expected an ISO 8601 time"),
        (Repair, "$.planned_at", "2026-11-23T12:00:00", "expected a time zone"),
        (Repair, "$.items[0].opened_at", "", "missing"),
        (Repair, "$.items[0].grants[0]", "Wisdom.View", "not a grant"),
        (Repair, "$.items[0].grants[0]", "role:Admin", "not a grant"),
        (ProfileChange, "$.lists[0].state", "sent to the moon", "not a liststate"),
        (ProfileChange, "$.lists[0].kind", "role", "not a grantkind"),
        (ProfileChange, "$.lists[0].removal.step", "", "not a removalstep"),
    ],
)
def test_what_is_wrong_is_said(kind: type[Any], path: str, junk: object, problem: str) -> None:
    full = REPAIR if kind is Repair else CHANGE
    with pytest.raises(InvalidInput) as raised:
        from_json(kind, changed(to_json(full), path, junk))
    assert (raised.value.field, raised.value.problem) == (path, problem)


def test_a_time_of_another_zone_is_the_same_moment() -> None:
    data = changed(to_json(REPAIR), "$.planned_at", "2026-11-23T21:00:00+09:00")
    assert from_json(Repair, data).planned_at == datetime(2026, 11, 23, 12, tzinfo=UTC)
