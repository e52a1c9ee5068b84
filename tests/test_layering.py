"""Arrows point inward only: functions → use cases → domain, adapters → domain, and nobody back."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "layers" / "toolgrant" / "toolgrant"
AWS = {"boto3", "botocore", "aws_lambda_powertools"}
IMPURE = AWS | {"os", "time", "random", "uuid", "socket", "subprocess", "logging"}


def imported(path: Path) -> set[str]:
    """Every module that a file imports, with the names it takes from packages."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules |= {node.module} | {f"{node.module}.{name.name}" for name in node.names}
    return modules


def offending(folder: Path, *forbidden: str) -> dict[str, set[str]]:
    """Files below a folder → the forbidden modules they import."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        bad = {
            module
            for module in imported(path)
            if any(module == name or module.startswith(f"{name}.") for name in forbidden)
        }
        if bad:
            found[str(path.relative_to(ROOT))] = bad
    return found


def test_the_domain_is_pure() -> None:
    outer = (
        "toolgrant.usecases",
        "toolgrant.adapters",
        "toolgrant.settings",
        "toolgrant.bootstrap",
    )
    assert offending(PACKAGE / "domain", *IMPURE, *outer) == {}


def test_the_use_cases_know_no_adapter() -> None:
    outer = ("toolgrant.adapters", "toolgrant.settings", "toolgrant.bootstrap")
    assert offending(PACKAGE / "usecases", *IMPURE, *outer) == {}


def test_only_settings_reads_the_environment() -> None:
    readers = offending(PACKAGE, "os") | offending(ROOT / "functions", "os")
    assert set(readers) == {"layers/toolgrant/toolgrant/settings.py"}


def test_the_clock_is_read_at_the_root_only() -> None:
    def reads_clock(path: Path) -> bool:
        text = path.read_text(encoding="utf-8")
        return ".now(UTC)" in text or "utcnow" in text or "datetime.now" in text

    readers = {path.name for path in PACKAGE.rglob("*.py") if reads_clock(path)}
    assert readers == {"bootstrap.py"}


def test_adapters_know_no_function_and_nothing_local() -> None:
    assert offending(PACKAGE, "toolgrant_local", "toolgrant_cli", "connect_emulator") == {}


def test_the_emulator_stands_alone() -> None:
    folder = ROOT / "local" / "connect_emulator"
    assert offending(folder, "toolgrant", "toolgrant_local", "toolgrant_cli", "boto3") == {}


@pytest.mark.parametrize("path", sorted((ROOT / "functions").glob("*/app.py")), ids=str)
def test_functions_only_wire(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 40
    assert imported(path).isdisjoint(AWS)


def test_any_stands_for_json_only() -> None:
    """One module says what JSON is; domain and use cases take its words."""
    users = offending(PACKAGE / "domain", "typing.Any") | offending(
        PACKAGE / "usecases", "typing.Any"
    )
    assert set(users) == {"layers/toolgrant/toolgrant/domain/json_fields.py"}


def test_no_module_imports_itself_in_a_circle() -> None:
    files = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path
        for path in PACKAGE.rglob("*.py")
    }
    graph = {
        name.removesuffix(".__init__"): {
            module for module in imported(path) if module in files or f"{module}.__init__" in files
        }
        for name, path in files.items()
    }
    list(TopologicalSorter(graph).static_order())  # raises CycleError
