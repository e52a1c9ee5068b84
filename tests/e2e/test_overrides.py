"""Operators' catalog rows on the deployed stack: stored, used, refused, without a deployment."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import ALERT_WITHIN, Admin, tool
from tests.e2e.test_operate_cli import place, toolgrant
from tests.unit.override_rows import ROW, changed, override

from toolgrant_local.processes import wait_until
from toolgrant_local.stack import LocalStack

pytestmark = pytest.mark.stack
Store = Callable[[str], None]


@pytest.fixture
def store(stack: LocalStack) -> Iterator[Store]:
    """Stores a value that the next evaluation reads; it is gone at the end."""
    ssm, name = stack.client("ssm"), stack.outputs["CatalogOverridesParameter"]

    def put(text: str) -> None:
        stack.wait_idle()
        ssm.put_parameter(Name=name, Value=text, Type="String", Overwrite=True)
        fresh_environment(stack)

    yield put
    stack.wait_idle()
    ssm.delete_parameter(Name=name)
    fresh_environment(stack)


def fresh_environment(stack: LocalStack) -> None:
    """An execution environment keeps the value for a minute: the next invocation gets a new one."""
    functions, name = stack.client("lambda"), stack.resource("EvaluateFunction")
    timeout = functions.get_function_configuration(FunctionName=name)["Timeout"]
    functions.update_function_configuration(FunctionName=name, Timeout=timeout)


def test_a_row_makes_an_unknown_tool_judged_and_bad_content_leaves_the_packaged_catalog(
    admin: Admin, store: Store, tmp_path: Path
) -> None:
    tool_id = f"aws_service__tasks_Count{uuid.uuid4().hex[:8]}"
    agent = admin.agent(tool("Count", tool_id))
    profile_id = admin.profile()
    admin.attach(agent, profile_id)
    unknown = admin.alert(agent)
    assert [finding["verdict"] for finding in unknown["findings"]] == ["UNKNOWN"]

    rows = tmp_path / "rows.json"
    rows.write_text(override({**ROW, "id": tool_id}))
    pushed = toolgrant(admin.stack, "overrides", "push", str(rows))
    assert (pushed.returncode, pushed.stderr) == (0, place(admin.stack))
    fresh_environment(admin.stack)
    admin.save_event(agent)
    known = told(admin, agent, "unknown resolved", "insufficient opened")
    assert known["unknown resolved"]["resolution"] == "now-known"
    assert known["insufficient opened"]["missing"] == ROW["requires"]
    assert known["insufficient opened"]["consolePath"] == ROW["console_path"]

    admin.grant(profile_id, Permissions=["TaskTemplates.View"])
    assert admin.alert(agent)["status"] == "resolved"

    store(override({**changed("requires", to=["permission:Tasks.Create"]), "id": tool_id}))
    admin.save_event(agent)
    assert told(admin, agent, "unknown reopened")["unknown reopened"]["verdict"] == "UNKNOWN"
    wait_until(lambda: refused(admin.stack, tool_id), ALERT_WITHIN, "the log of the refusal")


def told(admin: Admin, agent: Mapping[str, Any], *wanted: str) -> dict[str, Mapping[str, Any]]:
    """`<kind> <status>` → finding, of as many alerts as it takes: one that opens has to settle
    first, so it may come after one that is over."""
    found: dict[str, Mapping[str, Any]] = {}
    while not found.keys() >= set(wanted):
        for finding in admin.alert(agent)["findings"]:
            found[f"{finding['kind']} {finding['status']}"] = finding
    return found


def refused(stack: LocalStack, tool_id: str) -> bool:
    """Whether the log names the row and field that were refused, and the metric was written."""
    lines = [line for line in stack.logs("EvaluateFunction") if line.startswith("{")]
    records = [json.loads(line) for line in lines]
    reasons = [
        record["reason"]
        for record in records
        if record.get("message") == "catalog-overrides-refused"
    ]
    metrics = [
        metric["Name"]
        for record in records
        if "_aws" in record
        for directive in record["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    ]
    named = any(tool_id in reason and "requires" in reason for reason in reasons)
    return named and "CatalogOverridesRefused" in metrics
