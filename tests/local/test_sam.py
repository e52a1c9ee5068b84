"""What the local stack changes of the built template: the least bound, there and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tests.template.reading import PROJECT, read_template

from toolgrant_local.sam import _hurried
from toolgrant_local.stack import FAST

TEMPLATE = (PROJECT / "template.yaml").read_text(encoding="utf-8")
BOUND = read_template()["Parameters"]["StalenessSeconds"]


def as_sam_writes_it() -> str:
    """The parameters in the form in which `sam build` leaves them."""
    parts = {"Parameters": read_template()["Parameters"], "Resources": {}}
    return yaml.safe_dump(parts, sort_keys=False)


@pytest.mark.parametrize("text", [TEMPLATE, as_sam_writes_it()], ids=["written", "built"])
def test_only_the_least_bound_is_another_one(tmp_path: Path, text: str) -> None:
    built = tmp_path / "template.yaml"
    built.write_text(text, encoding="utf-8")
    assert _hurried(built) == built
    before, after = text.splitlines(), built.read_text(encoding="utf-8").splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert changed == [(f"    MinValue: {BOUND['MinValue']}", "    MinValue: 1")]
    at = next(number for number, line in enumerate(after) if line != before[number])
    names = [line for line in after[:at] if line.startswith("  ") and line[2] != " "]
    assert names[-1] == "  StalenessSeconds:"


def test_a_template_without_the_bound_is_left_as_it_is(tmp_path: Path) -> None:
    built = tmp_path / "template.yaml"
    built.write_text("Resources: {}\n", encoding="utf-8")
    assert _hurried(built).read_text(encoding="utf-8") == "Resources: {}\n"


def test_the_local_bound_is_shorter_than_a_deployed_stack_takes() -> None:
    assert FAST["StalenessSeconds"] == "8"
    assert int(FAST["StalenessSeconds"]) < BOUND["MinValue"]
