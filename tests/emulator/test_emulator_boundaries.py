"""The package stands alone, and its README names what it offers."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import connect_emulator
from connect_emulator import Faults, Settings

PACKAGE = Path(connect_emulator.__file__).parent
ALLOWED = sys.stdlib_module_names | {
    "botocore",
    "jmespath",
    "werkzeug",
    "connect_emulator",
    "_typeshed",
}
README = (PACKAGE / "README.md").read_text("utf-8")


def imported(path: Path) -> set[str]:
    """The top-level packages that a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "connect_emulator")
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.name)
def test_imports_only_what_it_may(path: Path) -> None:
    assert imported(path) <= ALLOWED


def test_readme_names_every_switch_and_fault() -> None:
    faults = {name for name in vars(Faults) if not name.startswith("_")}
    internal = {"add", "take", "take_all", "over_limit", "describe"}
    for name in (faults - internal) | set(vars(Settings())):
        assert name in README, name


def test_public_names() -> None:
    assert set(connect_emulator.__all__) <= set(vars(connect_emulator))
