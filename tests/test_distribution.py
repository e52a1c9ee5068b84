"""What an installation of this project brings: all it needs, and it works outside of a checkout."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import toolgrant
from toolgrant_cli.main import main

ROOT = Path(__file__).parents[1]
SOURCES = ("layers/toolgrant", "local", "cli")
SHIPPED = {".py", ".toml", ".json"}
EXAMPLE = ROOT / "docs" / "examples" / "order-assistant.json"
BUILD = "from setuptools import build_meta; build_meta.build_wheel({!r})"
RUN = "import sys; sys.path.insert(0, {!r}); from toolgrant_cli.main import main; sys.exit(main())"


def project() -> Any:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def declared(*groups: list[str]) -> dict[str, Requirement]:
    """Requirements by the name of their distribution."""
    requirements = [Requirement(text) for group in groups for text in group]
    return {requirement.name: requirement for requirement in requirements}


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """All that runs: what only a type checker sees is left out."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield node
            yield from nodes(node)


def distributions_imported(*folders: str) -> set[str]:
    """Distributions whose modules the Python files below some folders import."""
    own = {"toolgrant", "toolgrant_cli", "toolgrant_local", "connect_emulator"}
    names: set[str] = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in nodes(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.partition(".")[0])
    known = packages_distributions()
    names -= own | sys.stdlib_module_names | {"botocore"}  # which boto3 brings, at its own version
    return {canonicalize_name(known[name][0]) for name in names}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked wheel of a copy of the sources: building leaves files beside them."""
    work = tmp_path_factory.mktemp("distribution")
    source, site = work / "source", work / "site"
    leftovers = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in SOURCES:
        shutil.copytree(ROOT / name, source / name, ignore=leftovers)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    built = run(BUILD.format(str(work)), source)
    assert built.returncode == 0, built.stderr
    (wheel,) = work.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(site)
    return site


def run(code: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_source_file_is_in_the_wheel(installed: Path) -> None:
    sources = {
        path.relative_to(ROOT / folder)
        for folder in SOURCES
        for path in (ROOT / folder).rglob("*")
        if path.suffix in SHIPPED and not path.parent.name.endswith(".egg-info")
    }
    shipped = {
        path.relative_to(installed) for path in installed.rglob("*") if path.suffix in SHIPPED
    }
    assert shipped == sources


@pytest.mark.parametrize("arguments", [["evaluate", str(EXAMPLE)], ["catalog"], ["explain", "x"]])
def test_offline_commands_answer_outside_of_a_checkout(
    arguments: list[str], installed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(arguments)
    answer = run(RUN.format(str(installed)), tmp_path, *arguments)
    assert (answer.returncode, answer.stdout, answer.stderr) == (code, capsys.readouterr().out, "")


@pytest.mark.parametrize("arguments", [["local", "up"], ["demo"]])
def test_the_local_aws_says_that_it_needs_a_checkout(
    arguments: list[str], installed: Path, tmp_path: Path
) -> None:
    answer = run(RUN.format(str(installed)), tmp_path, *arguments)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert re.fullmatch(r"toolgrant: the local AWS needs a checkout .+\n", answer.stderr)


def test_the_version_stands_once(installed: Path) -> None:
    (metadata,) = installed.glob("toolgrant-*.dist-info/METADATA")
    assert f"\nVersion: {toolgrant.__version__}\n" in metadata.read_text(encoding="utf-8")
    assert "version" not in project()
    assert toolgrant.__version__ in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_dependencies_are_what_is_imported() -> None:
    shipped = distributions_imported("layers/toolgrant", "cli")
    assert shipped == set(declared(project()["dependencies"]))
    extra = set(declared(project()["optional-dependencies"]["local"]))
    assert distributions_imported("local") - shipped == extra


def test_dependencies_allow_the_versions_that_are_deployed() -> None:
    """And the layer carries nothing else."""
    text = (ROOT / "layers" / "dependencies" / "requirements.in").read_text(encoding="utf-8")
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)$", text, re.M))
    allowed = declared(project()["dependencies"])
    assert set(pins) == set(allowed)
    assert all(allowed[name].specifier.contains(version) for name, version in pins.items())
