"""What `make deploy` gives the SAM CLI: one table of samconfig.toml for each stack."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
TABLES: dict[str, Any] = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
DEPLOY = {
    name: table["deploy"]["parameters"]
    for name, table in TABLES.items()
    if isinstance(table, dict) and "deploy" in table
}


def test_no_two_tables_deploy_the_same_stack() -> None:
    """Each deployment sets tags and parameters of its own: the last one would win."""
    names = [table["stack_name"] for table in DEPLOY.values()]
    assert sorted(names) == sorted(set(names))


def test_make_deploys_a_table_that_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (default,) = re.findall(r"^ENV \?= (\w+)$", makefile, re.M)
    assert default in DEPLOY
    assert f"uses [{default}]" in (ROOT / "samconfig.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("env", DEPLOY)
def test_no_region_is_fixed_and_loops_are_seen(env: str) -> None:
    assert "region" not in DEPLOY[env]
    assert DEPLOY[env]["language_extensions"] is True


def test_a_pipeline_can_deploy_without_being_asked() -> None:
    """As the deployment page says; the last option counts for the SAM CLI."""
    said = "make deploy ARGS=--no-confirm-changeset"
    assert said in (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    done = subprocess.run(
        ["make", "--dry-run", *said.split()[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "sam deploy --config-env prod --no-confirm-changeset" in done.stdout


def test_nobody_is_told_to_set_a_variable_that_sam_and_boto3_do_not_read() -> None:
    """botocore and the SAM CLI read AWS_DEFAULT_REGION; AWS_REGION alone changes nothing."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "Makefile"]
    wrong = [page.name for page in pages if re.search(r"\bAWS_REGION=", page.read_text("utf-8"))]
    assert wrong == []


def test_the_page_names_what_may_have_to_be_built_on_a_mac() -> None:
    """As long as the lock pins versions of which there is no wheel for every Mac."""
    locked = (ROOT / "requirements" / "sam.txt").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "local.md").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^(cryptography|watchdog)==(\d+)", locked, re.MULTILINE))
    assert int(pinned["cryptography"]) >= 49
    assert int(pinned["watchdog"]) == 4
    section = page.split("## On a Mac")[1].split("\n## ")[0]
    assert all(f"`{name}" in section for name in pinned)
