"""Reads template.yaml as a tree of dicts, the short forms (`!Ref`, `!GetAtt` …) written out and
the loops expanded, and decides its conditions as CloudFormation does."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[2]
Tree = dict[str, Any]


class _Loader(yaml.SafeLoader):
    """SafeLoader that knows CloudFormation's tags."""


def _tag(loader: _Loader, suffix: str, node: yaml.Node) -> Tree:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _tag)


@functools.cache
def read_template() -> Tree:
    """The template of the project, its loops expanded by the SAM CLI. Not to be changed."""
    written = yaml.load((PROJECT / "template.yaml").read_text(), _Loader)  # noqa: S506 - is safe
    return by_sam("expand", written)


def by_sam(script: str, template: Tree) -> Tree:
    """What a script of this folder makes of a template in the environment of the SAM CLI."""
    program = PROJECT / ".venv-sam" / "bin" / "python"
    done = subprocess.run(
        [program, PROJECT / "tests" / "template" / f"{script}.py"],
        input=json.dumps(template),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "AWS_DEFAULT_REGION": "us-east-1"},
    )
    return json.loads(done.stdout)


def of_type(template: Tree, kind: str) -> dict[str, Tree]:
    """Logical id → properties of all resources of a type."""
    found = template["Resources"].items()
    return {name: entry["Properties"] for name, entry in found if entry["Type"] == kind}


def as_list(value: Any) -> list[Any]:
    """CloudFormation and IAM accept one value where a list may stand."""
    return value if isinstance(value, list) else [value]


def arn(name: str) -> Tree:
    """What `!GetAtt name.Arn` reads as."""
    return {"Fn::GetAtt": [name, "Arn"]}


def ref(name: str) -> Tree:
    """What `!Ref name` reads as."""
    return {"Ref": name}


def walk(value: Any) -> list[Any]:
    """Every dict, list and scalar below a value, itself included."""
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(deeper for child in below for deeper in walk(child))]


DROPPED = {"Ref": "AWS::NoValue"}


def processed(template: Tree, parameters: Mapping[str, str]) -> Tree:
    """The template as CloudFormation deploys it with these parameters: conditions decided, what
    they exclude gone. References stay."""
    values = {name: entry.get("Default", "") for name, entry in template["Parameters"].items()}
    unknown = set(parameters) - set(values)
    if unknown:
        raise ValueError(f"not parameters of the template: {sorted(unknown)}")
    conditions = _Conditions(template["Conditions"], {**values, **parameters})
    return {
        section: {
            name: conditions.decided({k: v for k, v in entry.items() if k != "Condition"})
            for name, entry in template[section].items()
            if "Condition" not in entry or conditions.holds({"Condition": entry["Condition"]})
        }
        for section in ("Resources", "Outputs")
    }


class _Conditions:
    """Conditions under given values of the parameters."""

    def __init__(self, conditions: Tree, values: Mapping[str, Any]) -> None:
        self._conditions = conditions
        self._values = values

    def holds(self, condition: Tree) -> bool:
        ((function, given),) = condition.items()
        if function == "Condition":
            return self.holds(self._conditions[given])
        if function == "Fn::Not":
            return not self.holds(given[0])
        if function == "Fn::And":
            return all(self.holds(operand) for operand in given)
        if function == "Fn::Or":
            return any(self.holds(operand) for operand in given)
        if function == "Fn::Equals":
            left, right = (self._value(operand) for operand in given)
            return left == right
        raise ValueError(f"no condition: {function}")

    def _value(self, value: Any) -> str:
        return str(self._values[value["Ref"]] if isinstance(value, dict) else value)

    def decided(self, value: Any) -> Any:
        """A value without `Fn::If` and without what `AWS::NoValue` stands for."""
        if isinstance(value, list):
            return [element for element in map(self.decided, value) if element != DROPPED]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Fn::If"}:
            name, yes, no = value["Fn::If"]
            return self.decided(yes if self.holds({"Condition": name}) else no)
        below = {name: self.decided(element) for name, element in value.items()}
        return {name: element for name, element in below.items() if element != DROPPED}
