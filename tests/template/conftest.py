"""Fixtures: the template with its loops expanded, and as AWS SAM translates it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.template.reading import Tree, by_sam, processed, read_template

Deployed = Callable[..., Tree]


@pytest.fixture(scope="session")
def template() -> Tree:
    return read_template()


@pytest.fixture(scope="session")
def resources(template: Tree) -> Tree:
    return template["Resources"]


@pytest.fixture(scope="session")
def translated(template: Tree) -> Tree:
    """The template after the Serverless transform, by the translator of the SAM CLI."""
    return by_sam("translate", template)


@pytest.fixture(scope="session")
def deployed(translated: Tree) -> Deployed:
    """`deployed(Mode="fix")`: resources and outputs of a stack with these parameters."""
    return lambda **parameters: processed(translated, parameters)
