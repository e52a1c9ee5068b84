"""docs/architecture.md names what is there: functions on the two paths, rooms of the layers."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "layers" / "toolgrant" / "toolgrant"
_PLACE = re.compile(r"`((?:functions/)?[\w/]+\.py):([\w.]+)`")
_ROOM = re.compile(r"`([\w/]+(?:\.py|/))`")


def path_of(place: str) -> Path:
    """A file as architecture.md writes it."""
    return (ROOT if place.startswith("functions/") else PACKAGE) / place


def definitions(path: Path) -> set[str]:
    """Functions, classes and `Class.method` of a file."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    top = [
        node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, kinds)
    ]
    methods = {
        f"{node.name}.{inner.name}"
        for node in top
        if isinstance(node, ast.ClassDef)
        for inner in node.body
        if isinstance(inner, ast.FunctionDef)
    }
    return {node.name for node in top} | methods


def test_every_function_that_the_tour_names_is_there() -> None:
    places = _PLACE.findall(ARCHITECTURE)
    assert len(places) > 20
    missing = [
        f"{file}:{name}"
        for file, name in places
        if not path_of(file).exists() or name not in definitions(path_of(file))
    ]
    assert missing == []


@pytest.mark.parametrize("heading", ["## The path of one change", "## The path of one write"])
def test_the_tour_is_short(heading: str) -> None:
    section = ARCHITECTURE.partition(f"{heading}\n")[2].partition("\n## ")[0]
    steps = re.findall(r"^(\d+)\. ", section, re.M)
    assert steps == [str(number + 1) for number in range(len(steps))]
    assert 5 <= len(steps) <= 15


@pytest.mark.parametrize("layer", ["domain", "usecases", "adapters"])
def test_the_map_names_every_room_and_no_other(layer: str) -> None:
    rows = ARCHITECTURE.partition(f"| Room of `{layer}/` |")[2].partition("\n\n")[0].splitlines()
    cells = [row.split("|")[1] for row in rows[2:]]
    named = {name for cell in cells for name in _ROOM.findall(cell)}
    rooms = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in (PACKAGE / layer).iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert named == rooms - {"__init__.py"}
