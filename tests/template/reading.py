"""Reads template.yaml as a tree of dicts, the short forms (`!Ref`, `!GetAtt` …) written out."""

from __future__ import annotations

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
    if suffix == "GetAtt":
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _tag)


def read_template() -> Tree:
    """The template of the project."""
    return yaml.load((PROJECT / "template.yaml").read_text(), _Loader)  # noqa: S506 - is safe


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
