"""What an operator asks of a deployed stack: approve, undo, mute, unmute, reset, pause, resume.

Each command is one order to OperateFunction (`toolgrant.adapters.orders`). Nothing is decided here.
"""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

REFUSED, UNUSABLE = 1, 2
_FUNCTION = "OperateFunctionName"

ACTIONS: Mapping[str, tuple[str, str]] = {
    "approve": ("FINDING_OR_ALERT", "let toolgrant add what a finding or an alert names"),
    "undo": ("CHANGE", "take back what a change added, where it is still as toolgrant left it"),
    "mute": ("ID", "neither tell nor fix a finding, an AI agent or a security profile"),
    "unmute": ("ID", "end a mute"),
    "reset": ("PROFILE", "close the breakers of a security profile"),
    "pause": ("", "stop every write"),
    "resume": ("", "let writes go on"),
}
"""Action → what it is about (empty: everything) and its help."""


class Unusable(Exception):
    """The order cannot be given: the text says why."""


def add_commands(commands: Any) -> None:
    """One command per action."""
    for action, (target, told) in ACTIONS.items():
        one = commands.add_parser(action, help=told)
        if target:
            one.add_argument("target", metavar=target)
        if action == "approve":
            one.add_argument(
                "--dedicated", action="store_true", help="by the proposed security profile"
            )
        if action in ("undo", "reset"):
            one.add_argument("--grant", action="append", default=[], help="only this grant")
        if action == "mute":
            one.add_argument("--until", metavar="TIME", help="an ISO 8601 time with its zone")
        one.add_argument("--dry-run", action="store_true", help="only say what would be asked for")
        one.add_argument("--by", help="who asks; your AWS identity by default")
        one.add_argument("--stack-name", default="toolgrant", metavar="NAME")
        one.set_defaults(command=give, action=action)


def give(options: argparse.Namespace) -> int:
    """Give one order. 0: done, 1: refused, 2: it could not be given."""
    try:
        answer = _invoke(_function(options.stack_name), order_of(options))
    except Unusable as error:
        print(f"toolgrant: {error}", file=sys.stderr)
        return UNUSABLE
    if not answer.get("ok"):
        print(f"toolgrant: refused: {answer.get('error')}", file=sys.stderr)
        return REFUSED
    for step in answer["steps"]:
        print(f"would {step}" if answer["dryRun"] else step)
    return 0


def order_of(options: argparse.Namespace) -> dict[str, Any]:
    """The order as JSON."""
    order = {
        "action": options.action,
        "target": getattr(options, "target", ""),
        "by": options.by or _caller(),
        "grants": getattr(options, "grant", []),
        "until": getattr(options, "until", None),
        "dedicated": getattr(options, "dedicated", False),
        "dryRun": options.dry_run,
    }
    return {name: value for name, value in order.items() if value}


def _caller() -> str:
    """The caller's ARN; the login name where AWS does not say."""
    try:
        return str(boto3.client("sts").get_caller_identity()["Arn"])
    except (BotoCoreError, ClientError):
        return getpass.getuser()


def _function(stack_name: str) -> str:
    try:
        answer = boto3.client("cloudformation").describe_stacks(StackName=stack_name)
    except (BotoCoreError, ClientError) as error:
        raise Unusable(f"stack {stack_name}: {error}") from None
    outputs = answer["Stacks"][0].get("Outputs", [])
    found = next((one["OutputValue"] for one in outputs if one["OutputKey"] == _FUNCTION), None)
    if found is None:
        raise Unusable(f"stack {stack_name}: no output {_FUNCTION}; its Mode is warn")
    return str(found)


def _invoke(function: str, order: Mapping[str, Any]) -> dict[str, Any]:
    try:
        answer = boto3.client("lambda").invoke(FunctionName=function, Payload=json.dumps(order))
    except (BotoCoreError, ClientError) as error:
        raise Unusable(f"function {function}: {error}") from None
    if "FunctionError" in answer:
        raise Unusable(f"function {function} failed; its log says why")
    result: dict[str, Any] = json.loads(answer["Payload"].read())
    return result
