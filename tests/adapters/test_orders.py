"""An operator's order as JSON: what is read, and what is refused by field."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from toolgrant.adapters.orders import answer, parse_order, refusal
from toolgrant.domain.model import Grant
from toolgrant.domain.requests import Order
from toolgrant.errors import InvalidInput

FULL: dict[str, Any] = {
    "action": "undo",
    "target": "change-1",
    "by": "someone",
    "grants": ["permission:Wisdom.View", "mcp:ns/a___b"],
    "until": "2026-11-24T09:00:00+09:00",
    "dedicated": True,
    "dryRun": True,
}


def test_every_field_is_read() -> None:
    order = parse_order(FULL)
    assert order == Order(
        action="undo",
        target="change-1",
        by="someone",
        grants=(Grant.parse("permission:Wisdom.View"), Grant.parse("mcp:ns/a___b")),
        until=datetime(2026, 11, 24, tzinfo=UTC),
        dedicated=True,
        dry_run=True,
    )
    assert all(vars(order).values()), "so that this covers every field"
    assert len(vars(order)) == len(FULL)


def test_all_but_the_action_may_be_missing() -> None:
    assert parse_order({"action": "pause"}) == Order("pause", "", "")
    nothing = dict.fromkeys(("target", "by", "grants", "until"))
    assert parse_order({"action": "pause", **nothing}) == Order("pause", "", "")


def test_spaces_around_a_pasted_id_do_not_count() -> None:
    assert parse_order({"action": "mute", "target": "  finding-1\n"}).target == "finding-1"


def test_an_endless_name_is_cut() -> None:
    assert len(parse_order({"action": "pause", "by": "x" * 100_000}).by) < 1000


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"action": 3}, "$.action", "text"),
        ({"action": ["pause"]}, "$.action", "text"),
        ({"target": {"id": "x"}}, "$.target", "text"),
        ({"by": 1.5}, "$.by", "text"),
        ({"grants": "permission:Wisdom.View"}, "$.grants", "list"),
        ({"grants": {"permission": "Wisdom.View"}}, "$.grants", "list"),
        ({"grants": ["permission:A.View", "Wisdom.View"]}, "$.grants[1]", "permission:Wisdom.View"),
        ({"grants": ["role:Admin"]}, "$.grants[0]", "permission:Wisdom.View"),
        ({"grants": ["permission:"]}, "$.grants[0]", "permission:Wisdom.View"),
        ({"grants": [None]}, "$.grants[0]", "permission:Wisdom.View"),
        ({"grants": [7]}, "$.grants[0]", "text"),
        ({"until": "tomorrow"}, "$.until", "ISO 8601"),
        ({"until": "2026-11-24T09:00:00"}, "$.until", "time zone"),
        ({"until": "0001-01-01T00:00:00Z"}, "$.until", "time"),
        ({"until": 1_764_000_000}, "$.until", "text"),
        ({"dedicated": "true"}, "$.dedicated", "true or false"),
        ({"dedicated": None}, "$.dedicated", "true or false"),
        ({"dryRun": 1}, "$.dryRun", "true or false"),
        ({"dryrun": True}, "$.dryrun", "known are action, target"),
        ({"force": True}, "$.force", "unknown field"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(
    changed: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(InvalidInput) as raised:
        parse_order({**FULL, **changed})
    assert raised.value.field == field
    assert words in raised.value.problem


@pytest.mark.parametrize("data", [[], "pause", 3, True, [FULL]])
def test_what_is_no_object_is_refused(data: object) -> None:
    with pytest.raises(InvalidInput) as raised:
        parse_order(data)
    assert raised.value.field == "$"


def test_an_answer_tells_what_was_done_and_a_refusal_why_not() -> None:
    order = parse_order({"action": "pause", "dryRun": True})
    assert answer(order, ["pause all writes"]) == {
        "ok": True,
        "action": "pause",
        "dryRun": True,
        "steps": ["pause all writes"],
    }
    assert refusal(InvalidInput("$.target", "no such change")) == {
        "ok": False,
        "error": "$.target: no such change",
    }
