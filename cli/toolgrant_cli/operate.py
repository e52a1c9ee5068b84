"""What an operator asks of a deployed stack: approve, undo, mute, unmute, reset, pause, resume.

Each command is one order to OperateFunction (`toolgrant.adapters.orders`). It is checked here as
far as it can be without AWS; everything else is decided there.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from toolgrant.adapters.orders import parse_order
from toolgrant.errors import InvalidInput
from toolgrant.usecases.orders import LONGEST_ID
from toolgrant_cli.terminal import complain, shown

REFUSED, UNUSABLE = 1, 2


@dataclass(frozen=True)
class Action:
    """A command: what it is about (empty: everything), its help, its own options."""

    target: str
    told: str
    options: tuple[str, ...] = ()


ACTIONS: Mapping[str, Action] = {
    "approve": Action(
        "ALERT_OR_FINDING",
        "let toolgrant add what an alert (al-…), a finding (f-…) or an offer (fix-…) showed",
        ("--dedicated",),
    ),
    "undo": Action(
        "CHANGE",
        "take back what a change (c-…, or fix-…) added, where it is still as toolgrant left it",
        ("--grant",),
    ),
    "mute": Action(
        "ID",
        "neither tell nor fix a finding (f-…) or an AI agent, or not write to a profile",
        ("--until",),
    ),
    "unmute": Action("ID", "end a mute"),
    "reset": Action(
        "TARGET",
        "let toolgrant give again what was undone or taken away: to an AI agent, to a profile, by "
        "a change (c-…, or fix-…), or a grant to all",
        ("--grant",),
    ),
    "pause": Action("", "stop every write"),
    "resume": Action("", "let writes go on"),
}

_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "--dedicated": {"action": "store_true", "help": "by the proposed security profile"},
    "--grant": {"action": "append", "help": "only this grant, such as permission:Wisdom.View"},
    "--until": {"metavar": "TIME", "help": "an ISO 8601 time with its zone; else for good"},
}


class Unusable(Exception):
    """The order cannot be given: the text says why, in one line."""


class Deployed(Protocol):
    """A place on AWS where toolgrant may be deployed. `output` and `put` raise Unusable."""

    def where(self) -> str:
        """The account and Region that are talked to; empty if AWS does not say."""

    def output(self, stack_name: str, name: str, missing: str) -> str:
        """An output of a stack; `missing` says what it means that there is none."""

    def put(self, parameter: str, text: str) -> str:
        """Store the text of a parameter; the tier that it got."""


class OperateClient(Deployed, Protocol):
    """Takes orders to AWS. `function` and `invoke` raise Unusable."""

    def function(self, stack_name: str) -> str:
        """The name of the stack's OperateFunction."""

    def invoke(self, function: str, order: Mapping[str, Any]) -> Mapping[str, Any]:
        """The function's answer to an order."""

    def caller(self) -> str:
        """The name of whoever asks."""


def add_commands(commands: Any, command: Callable[[argparse.Namespace], int]) -> None:
    """Add one command per action. Its `command` is the given one, its `action` the name."""
    for name, action in ACTIONS.items():
        command_parser = commands.add_parser(name, help=action.told)
        if action.target:
            command_parser.add_argument("target", metavar=action.target)
        for option in action.options:
            command_parser.add_argument(option, **_OPTIONS[option])
        command_parser.add_argument(
            "--dry-run", action="store_true", help="write nothing, only say what would follow"
        )
        command_parser.add_argument(
            "--by", metavar="NAME", help="who asks; your AWS identity by default"
        )
        stack = add_place(command_parser)
        stack.add_argument("--function-name", metavar="NAME", help="instead of the stack's output")
        command_parser.set_defaults(command=command, action=name)


def add_place(parser: argparse.ArgumentParser) -> Any:
    """Add the options that say where the stack is. Returns the group of the stack's name, of which
    only one may be given."""
    parser.add_argument("--region", metavar="REGION", help="else AWS_DEFAULT_REGION decides")
    parser.add_argument("--profile", metavar="NAME", help="else AWS_PROFILE decides")
    stack = parser.add_mutually_exclusive_group()
    stack.add_argument("--stack-name", default="toolgrant", metavar="NAME")
    return stack


def say_where(client: Deployed) -> None:
    """One line on stderr, before anything is asked there: nobody shall stop the wrong stack."""
    where = client.where()
    if where:
        complain(where)


def give(options: argparse.Namespace, client: OperateClient) -> int:
    """Give one order. 0: done, 1: refused, 2: it could not be given."""
    try:
        order = order_of(options)
        say_where(client)
        function = options.function_name or client.function(options.stack_name)
        answer = client.invoke(function, {**order, "by": options.by or client.caller()})
    except Unusable as error:
        complain(error)
        return UNUSABLE
    if not answer["ok"]:
        complain(f"refused: {answer.get('error')}")
        return REFUSED
    for step in answer["steps"]:
        # Indented lines tell more about the step above them.
        would = answer["dryRun"] and not step.startswith(" ")
        print(shown(f"would {step}" if would else step))
    return 0


def order_of(options: argparse.Namespace) -> dict[str, Any]:
    """The order as JSON, without who asks. Raises Unusable."""
    order = {
        "action": options.action,
        "target": getattr(options, "target", None),
        "grants": getattr(options, "grant", None),
        "until": getattr(options, "until", None),
        "dedicated": getattr(options, "dedicated", None),
        "dryRun": options.dry_run,
    }
    order = {name: value for name, value in order.items() if value is not None}
    _check(order)
    return order


def _check(order: Mapping[str, Any]) -> None:
    try:
        until = parse_order(order).until
    except InvalidInput as error:
        option = "--until" if error.field == "$.until" else "--grant"
        raise Unusable(f"{option}: {error.problem}") from None
    if "until" in order and (until is None or until <= datetime.now(UTC)):
        raise Unusable("--until: expected a time to come")
    target = order.get("target", "any")
    if not 0 < len(target.strip()) <= LONGEST_ID or not target.isprintable():
        raise Unusable(
            f"{ACTIONS[order['action']].target}: expected an id of 1 to {LONGEST_ID} characters"
        )
