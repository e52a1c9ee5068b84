"""Fixtures: the template as written, and as AWS SAM translates it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable

import pytest
from tests.template.reading import PROJECT, Tree, processed, read_template

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
    done = subprocess.run(
        [PROJECT / ".venv-sam" / "bin" / "python", PROJECT / "tests" / "template" / "translate.py"],
        input=json.dumps(template),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "AWS_DEFAULT_REGION": "us-east-1"},
    )
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def deployed(translated: Tree) -> Deployed:
    """`deployed(Mode="fix")`: resources and outputs of a stack with these parameters."""
    return lambda **parameters: processed(translated, parameters)
