"""docs/reliability.md has every fault that was found, and the tests that hold them are there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reliability.md"

NUMBERS: Mapping[str, Iterable[int]] = {
    "A": range(1, 15),
    "B": range(1, 7),
    "C": range(1, 8),
    "D": range(1, 6),
    "F": range(1, 3),
    "G": range(1, 22),
}
"""Letter → the numbers that must be in the table, and no others."""

_ROW = re.compile(r"\| ([A-Z]\d+) \| ([^|]+) \| ([^|]+) \|")
_NAMED = re.compile(r"`(tests/[\w/]+\.py)?::(\w+)`")


def rows() -> list[tuple[str, str, str]]:
    """Number, what was wrong, what holds it."""
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("|")]
    found = [_ROW.fullmatch(line) for line in lines[2:]]
    assert None not in found, [line for line, row in zip(lines[2:], found, strict=True) if not row]
    return [(row[1], row[2], row[3]) for row in found if row]


def named_in(cell: str) -> Iterator[tuple[str, str]]:
    """The tests that a cell names; one without a file is in the file before it."""
    path = ""
    for part in cell.split(", "):
        named = _NAMED.fullmatch(part.strip())
        assert named, part
        path = named[1] or path
        yield path, named[2]


@cache
def collected(path: str) -> frozenset[str]:
    """The names that pytest collects from a file."""
    file = ROOT / path
    if not file.name.startswith("test_") or not file.exists():
        return frozenset()
    body = ast.parse(file.read_text("utf-8")).body
    defined = [node.name for node in body if isinstance(node, ast.FunctionDef)]
    return frozenset(name for name in defined if name.startswith("test_"))


def test_every_fault_has_its_row_in_order() -> None:
    expected = [f"{letter}{number}" for letter, numbers in NUMBERS.items() for number in numbers]
    assert list(dict.fromkeys(number for number, _, _ in rows())) == expected


def test_every_test_that_is_named_exists() -> None:
    missing = [
        f"{number}: {path}::{name}"
        for number, _, cell in rows()
        for path, name in named_in(cell)
        if name not in collected(path)
    ]
    assert missing == []


def test_every_row_says_what_was_wrong_and_is_held_by_a_test() -> None:
    for number, wrong, cell in rows():
        assert len(wrong.split()) >= 4, number
        assert any(True for _ in named_in(cell)), number
