"""`toolgrant overrides push` on a local SSM: what it stores is what the functions read."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from tests.fakes import FakeJournal
from tests.unit.override_rows import ROW, override

from toolgrant.adapters.overrides import CatalogSource
from toolgrant.domain.model import Tool, ToolType
from toolgrant_cli.deployed import DeployedStack
from toolgrant_cli.main import parser
from toolgrant_cli.overrides import push
from toolgrant_local.clients import Clients

LONG = {**ROW, "note": "n" * 5000}


@pytest.fixture
def stack_name(aws: Clients) -> str:
    """A stack that has nothing but the output."""
    name = f"stack-{uuid.uuid4()}"
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {"CatalogOverridesParameter": {"Value": f"/toolgrant/{name}/catalog-overrides"}},
    }
    cloudformation = aws.get("cloudformation")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    waiter = cloudformation.get_waiter("stack_create_complete")
    waiter.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    return name


@pytest.mark.parametrize("row", [ROW, LONG], ids=["short", "above 4 KB"])
def test_rows_of_any_size_that_fits_are_in_force(
    aws: Clients, stack_name: str, tmp_path: Path, row: object
) -> None:
    file = tmp_path / "rows.json"
    file.write_text(override(row), encoding="utf-8")
    arguments = ["overrides", "push", str(file), "--stack-name", stack_name]

    for _ in range(2):  # the first makes the parameter, the second replaces its value
        assert push(parser().parse_args(arguments), DeployedStack(aws.get)) == 0

    name, journal = f"/toolgrant/{stack_name}/catalog-overrides", FakeJournal()
    catalog = CatalogSource.over(aws.get("ssm"), name, journal).catalog()
    tool = Tool("Count", ToolType.MODEL_CONTEXT_PROTOCOL, ROW["id"])
    assert not catalog.requirement(tool).unknown
    assert journal.failures == []
