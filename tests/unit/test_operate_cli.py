"""The operators' commands: what is sent, what is printed, and the one line for what goes wrong."""

from __future__ import annotations

import getpass
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
)

from toolgrant.adapters.orders import parse_order
from toolgrant.usecases.orders import ACTIONS as KNOWN
from toolgrant_cli.deployed import DeployedStack, clients
from toolgrant_cli.main import parser
from toolgrant_cli.operate import ACTIONS, give

ARN = "arn:aws:sts::111122223333:assumed-role/admin/ann"
PLACE = "toolgrant: account 111122223333, Region eu-west-1\n"
GRANT = "permission:Wisdom.View"
BOTH = [GRANT, "mcp:m"]
LATER = "2100-01-01T00:00:00+00:00"
UNREACHABLE = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")


def refused_by_aws(operation: str, code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


NO_STACK = refused_by_aws("DescribeStacks", "ValidationError", "Stack with id x does not exist")
NO_FUNCTION = refused_by_aws("Invoke", "ResourceNotFoundException", "Function not found")


@dataclass
class FakeAws:
    """The clients of three services. A `broken` service raises its error."""

    outputs: dict[str, str] = field(default_factory=lambda: {"OperateFunctionName": "operate"})
    payload: bytes = b'{"ok": true, "action": "pause", "dryRun": false, "steps": ["one", "two"]}'
    failed: bool = False
    broken: dict[str, Exception] = field(default_factory=dict)
    meta: Any = field(default_factory=lambda: SimpleNamespace(region_name="eu-west-1"))
    asked: list[str] = field(default_factory=list)
    orders: list[tuple[str, Any]] = field(default_factory=list)

    def client(self, service: str) -> FakeAws:
        self.asked.append(service)
        if service in self.broken:
            raise self.broken[service]
        return self

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.asked.append(StackName)
        outputs = [{"OutputKey": k, "OutputValue": v} for k, v in self.outputs.items()]
        return {"Stacks": [{"Outputs": outputs} if outputs else {}]}

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "111122223333", "Arn": ARN}

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        self.orders.append((FunctionName, json.loads(Payload)))
        error = {"FunctionError": "Unhandled"} if self.failed else {}
        return {"Payload": io.BytesIO(self.payload), **error}


def run(aws: FakeAws, *arguments: str) -> int:
    return give(parser().parse_args(arguments), DeployedStack(aws.client))


def test_there_is_a_command_for_each_action() -> None:
    assert set(ACTIONS) == set(KNOWN)


@pytest.mark.parametrize(
    ("arguments", "order"),
    [
        (["approve", "al-1"], {"target": "al-1", "dedicated": False}),
        (["approve", "f-1", "--dedicated"], {"target": "f-1", "dedicated": True}),
        (["undo", "c-1"], {"target": "c-1"}),
        (["undo", "c-1", "--grant", GRANT], {"target": "c-1", "grants": [GRANT]}),
        (["mute", "a"], {"target": "a"}),
        (["mute", "a", "--until", LATER], {"target": "a", "until": LATER}),
        (["unmute", "a"], {"target": "a"}),
        (["reset", "p", "--grant", GRANT, "--grant", "mcp:m"], {"target": "p", "grants": BOTH}),
        (["pause"], {}),
        (["resume", "--dry-run"], {"dryRun": True}),
    ],
)
def test_an_order_is_sent_as_the_function_reads_it(
    arguments: list[str], order: dict[str, Any]
) -> None:
    aws = FakeAws()
    assert run(aws, *arguments) == 0
    expected = {"action": arguments[0], "by": ARN, "dryRun": False, **order}
    assert aws.orders == [("operate", expected)]
    assert parse_order(expected).by == ARN


def test_steps_are_printed_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(FakeAws(), "pause") == 0
    assert capsys.readouterr() == ("one\ntwo\n", PLACE)


def test_a_dry_run_says_so_of_every_step(capsys: pytest.CaptureFixture[str]) -> None:
    """What is indented tells more about the step above it, and reads on from there."""
    payload = b'{"ok": true, "dryRun": true, "steps": ["mute a", "  in the way: b", "mute c"]}'
    assert run(FakeAws(payload=payload), "mute", "a", "--dry-run") == 0
    assert capsys.readouterr() == ("would mute a\n  in the way: b\nwould mute c\n", PLACE)


def test_a_refusal_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    aws = FakeAws(payload=b'{"ok": false, "error": "$.target: no such change"}')
    assert run(aws, "undo", "c-1") == 1
    assert capsys.readouterr() == (
        "",
        f"{PLACE}toolgrant: refused: $.target: no such change\n",
    )


def test_the_stack_or_the_function_can_be_named() -> None:
    aws = FakeAws()
    assert run(aws, "pause", "--stack-name", "other") == 0
    assert "other" in aws.asked
    aws = FakeAws()
    assert run(aws, "pause", "--function-name", "mine") == 0
    assert (aws.orders[0][0], "cloudformation" in aws.asked) == ("mine", False)


def test_who_asks_is_said_or_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = FakeAws()
    run(aws, "pause", "--by", "ann")
    monkeypatch.setattr(getpass, "getuser", lambda: "login")
    aws.broken["sts"] = refused_by_aws("GetCallerIdentity", "ExpiredToken", "expired")
    run(aws, "pause")
    monkeypatch.setattr(getpass, "getuser", nobody)
    run(aws, "pause")
    assert [order["by"] for _, order in aws.orders] == ["ann", "login", ""]


def nobody() -> str:
    raise KeyError("uid not found")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["mute", "a", "--until", "tomorrow"], "--until: expected an ISO 8601 time"),
        (["mute", "a", "--until", "2100-01-01T00:00:00"], "--until: expected a time zone"),
        (["mute", "a", "--until", "2020-01-01T00:00:00Z"], "--until: expected a time to come"),
        (["mute", "a", "--until", ""], "--until: expected a time to come"),
        (["undo", "c", "--grant", "Wisdom.View"], "--grant: expected a grant such as"),
        (["reset", "p", "--grant", ""], "--grant: expected a grant such as"),
        (["approve", ""], "ALERT_OR_FINDING: expected an id"),
        (["undo", " "], "CHANGE: expected an id"),
        (["reset", "p" * 201], "TARGET: expected an id"),
        (["unmute", "a\udcff"], "ID: expected an id"),
    ],
)
def test_an_order_that_means_nothing_never_leaves(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    aws = FakeAws()
    assert run(aws, *arguments) == 2
    assert_one_line(capsys, told)
    assert aws.asked == []


def test_where_it_goes_is_said_before_anything_is_asked_there(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(FakeAws(broken={"cloudformation": NO_STACK}), "pause")
    assert capsys.readouterr().err.startswith(PLACE)


@pytest.mark.parametrize("arguments", [["pause"], ["overrides", "push", "f"]])
def test_where_it_goes_can_be_chosen(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    options = parser().parse_args([*arguments, "--region", "ap-northeast-1"])
    client = clients(options.region, options.profile)("sts")
    assert client.meta.region_name == "ap-northeast-1"
    options = parser().parse_args([*arguments, "--profile", "none"])
    with pytest.raises(ProfileNotFound):
        clients(options.region, options.profile)("sts")
    options = parser().parse_args(arguments)
    assert clients(options.region, options.profile)("sts").meta.region_name == "us-east-1"


@pytest.mark.parametrize(
    ("aws", "told"),
    [
        (FakeAws(broken={"cloudformation": NO_STACK}), "stack toolgrant: .* does not exist"),
        (FakeAws(outputs={}), "stack toolgrant: no output OperateFunctionName; is its Mode warn"),
        (FakeAws(broken={"cloudformation": NoCredentialsError()}), "Unable to locate credentials"),
        (FakeAws(broken={"cloudformation": NoRegionError()}), "You must specify a region"),
        (
            FakeAws(broken={"cloudformation": ProfileNotFound(profile="x")}),
            "The config profile .x. could",
        ),
        (FakeAws(broken={"cloudformation": UNREACHABLE}), "Could not connect to the endpoint"),
        (FakeAws(broken={"lambda": NO_FUNCTION}), "function operate: .*Function not found"),
        (FakeAws(broken={"lambda": ValueError("Invalid endpoint:\nx")}), "Invalid endpoint: x"),
        (FakeAws(failed=True), "function operate: ended with an error; its log says why"),
        (FakeAws(payload=b"null"), "function operate: takes no orders"),
        (FakeAws(payload=b'{"batchItemFailures": []}'), "function operate: takes no orders"),
        (FakeAws(payload=b""), "function operate: Expecting value"),
    ],
)
def test_what_is_wrong_out_there_is_named_in_one_line(
    aws: FakeAws, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(aws, "pause", "--by", "ann") == 2
    assert_one_line(capsys, told)


@pytest.mark.parametrize(
    "arguments",
    [
        ["undo"],
        ["pause", "everything"],
        ["unmute", "a", "--until", LATER],
        ["pause", "--stack-name", "a", "--function-name", "b"],
    ],
)
def test_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: toolgrant ")


def test_commands_that_need_no_aws_load_no_boto3() -> None:
    program = (
        "import sys, toolgrant_cli.main as cli; cli.main(['explain', 'Retrieve']);"
        "sys.exit('boto3' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def assert_one_line(capsys: pytest.CaptureFixture[str], told: str) -> None:
    out, err = capsys.readouterr()
    err = err.removeprefix(PLACE)
    assert (out, err.count("\n")) == ("", 1)
    assert re.match(rf"toolgrant: (.*: )?{told}", err), err
