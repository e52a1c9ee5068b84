"""What the local stack changes of the built template: the least bound, names of parameters."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
import yaml
from tests.template.reading import PROJECT, of_type, read_template

from toolgrant_local.sam import _localised
from toolgrant_local.stack import FAST

TEMPLATE = (PROJECT / "template.yaml").read_text(encoding="utf-8")
BOUND = read_template()["Parameters"]["StalenessSeconds"]
PARAMETERS = of_type(read_template(), "AWS::SSM::Parameter")


def as_sam_writes_it() -> str:
    """Parameters and resources in the form in which `sam build` leaves them."""
    parts = {name: read_template()[name] for name in ("Parameters", "Resources")}
    return yaml.safe_dump(parts, sort_keys=False)


def section(lines: list[str], number: int) -> str:
    """The parameter or resource that a line belongs to."""
    names = [line for line in lines[:number] if line.startswith("  ") and line[2] not in " #-"]
    return names[-1].strip(" :")


@pytest.mark.parametrize("text", [TEMPLATE, as_sam_writes_it()], ids=["written", "built"])
def test_only_the_least_bound_and_the_names_of_parameters_are_other_ones(
    tmp_path: Path, text: str
) -> None:
    built = tmp_path / "template.yaml"
    built.write_text(text, encoding="utf-8")
    assert _localised(built) == built
    before, after = text.splitlines(), built.read_text(encoding="utf-8").splitlines()
    blocks = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    changed = [(before[a:b], after[c:d], c) for tag, a, b, c, d in blocks if tag != "equal"]
    least = [f"    MinValue: {BOUND['MinValue']}"]
    expected = [("StalenessSeconds", least, ["    MinValue: 1"])]
    for name in PARAMETERS:
        expected.append(
            (name, [], [f"      Name: {{'Fn::Sub': 'CFN-${{AWS::StackName}}-{name}'}}"])
        )
    assert [(section(after, at), old, new) for old, new, at in changed] == expected


def test_a_template_without_the_bound_is_left_as_it_is(tmp_path: Path) -> None:
    built = tmp_path / "template.yaml"
    built.write_text("Resources: {}\n", encoding="utf-8")
    assert _localised(built).read_text(encoding="utf-8") == "Resources: {}\n"


def test_a_parameter_that_has_a_name_keeps_it(tmp_path: Path) -> None:
    built = tmp_path / "template.yaml"
    named = "    Type: AWS::SSM::Parameter\n    Properties:\n      Type: String\n      Name: /a\n"
    built.write_text(f"Resources:\n  A:\n{named}  B:\n    Type: X\n", encoding="utf-8")
    assert _localised(built).read_text(encoding="utf-8").count("Name:") == 1


def test_the_local_bound_is_shorter_than_a_deployed_stack_takes() -> None:
    assert FAST["StalenessSeconds"] == "8"
    assert int(FAST["StalenessSeconds"]) < BOUND["MinValue"]
