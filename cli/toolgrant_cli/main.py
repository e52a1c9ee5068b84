"""`toolgrant`: reads the command line, calls one function, prints, returns the exit code."""

from __future__ import annotations

import argparse
import importlib
import io
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from toolgrant import __version__
from toolgrant.domain.catalog import packaged
from toolgrant_cli.catalog_markdown import catalog_markdown
from toolgrant_cli.catalog_view import catalog_json, explain_text
from toolgrant_cli.event_view import event_lines
from toolgrant_cli.files import UnreadableFile
from toolgrant_cli.operate import add_commands, give
from toolgrant_cli.overrides import add_command, push
from toolgrant_cli.snapshot_view import as_json, as_table, exit_code, judge_file
from toolgrant_cli.terminal import complain, shown

if TYPE_CHECKING:
    from toolgrant_cli.deployed import DeployedStack

Command = Callable[[argparse.Namespace], int]
UNUSABLE = 2
INTERRUPTED = 130
CHECKOUT = Path(__file__).resolve().parents[2]


class Parser(argparse.ArgumentParser):
    """Complains in text that can do nothing to a terminal; so do the commands' own parsers."""

    def error(self, message: str) -> NoReturn:
        """Print usage and what is wrong, exit with 2."""
        super().error(shown(message))


class NoCheckout(Exception):
    """The local AWS cannot be used from here: the text says what it needs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The console script. Returns 0 (fine), 1 (the answer is no) or 2 (unusable input)."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # names may hold what a terminal cannot show
        sys.stdout.reconfigure(errors="backslashreplace")
    options = parser().parse_args(arguments)
    command: Command = options.command
    try:
        return command(options)
    except (UnreadableFile, NoCheckout) as error:
        complain(error)
        return UNUSABLE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return UNUSABLE


def parser() -> argparse.ArgumentParser:
    """The parser of every command; the chosen one is in `command`, a `Command`."""
    root = Parser(
        prog="toolgrant",
        description="Keeps the tools of Amazon Connect AI agents working.",
    )
    root.add_argument("--version", action="version", version=f"toolgrant {__version__}")
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    _add_offline_commands(commands)
    _add_local_commands(commands)
    add_commands(commands, _operate)
    add_command(commands, _push)
    demo = commands.add_parser("demo", help="the whole story on the local AWS")
    demo.set_defaults(command=_demo)
    return root


def _add_offline_commands(commands: Any) -> None:
    evaluate = commands.add_parser("evaluate", help="verdicts on AI agent snapshots, offline")
    evaluate.add_argument("snapshots", nargs="+", metavar="SNAPSHOT", help="a JSON file")
    evaluate.add_argument("--format", choices=("json", "table"), default="json")
    evaluate.set_defaults(command=_evaluate)
    event = commands.add_parser(
        "event",
        help="what toolgrant makes of CloudTrail records, offline",
        description="What toolgrant makes of CloudTrail records or EventBridge events: one JSON "
        "object per file, or per record where a file holds several.",
        epilog="example: toolgrant event events/update-ai-agent--refused-tool.json",
    )
    event.add_argument("events", nargs="+", metavar="FILE", help="a JSON file")
    event.set_defaults(command=_event)
    catalog = commands.add_parser("catalog", help="everything the catalog knows")
    catalog.add_argument("--format", choices=("json", "markdown"), default="json")
    catalog.set_defaults(command=_catalog)
    explain = commands.add_parser("explain", help="what one tool needs and where to grant it")
    explain.add_argument("tool", metavar="TOOL", help="a tool id, its short form, or a known name")
    explain.set_defaults(command=_explain)


def _add_local_commands(commands: Any) -> None:
    local = commands.add_parser("local", help="the local AWS").add_subparsers(
        required=True, metavar="ACTION"
    )
    up = local.add_parser("up", help="deploy to the local AWS and keep it up until Ctrl-C")
    up.add_argument("--mode", choices=("warn", "approve", "fix"), default="warn")
    up.add_argument("--iam", action="store_true", help="functions may do what their roles allow")
    up.set_defaults(command=_local_up)


def _evaluate(options: argparse.Namespace) -> int:
    catalog = packaged()
    results = [judge_file(path, catalog) for path in options.snapshots]
    print(as_json(results) if options.format == "json" else as_table(results))
    return exit_code(results)


def _event(options: argparse.Namespace) -> int:
    lines = [line for path in options.events for line in event_lines(path, packaged())]
    for line in lines:
        print(line)
    return 0


def _catalog(options: argparse.Namespace) -> int:
    if options.format == "json":
        print(json.dumps(catalog_json(packaged()), indent=2, ensure_ascii=False))
    else:
        print(catalog_markdown(packaged()), end="")
    return 0


def _explain(options: argparse.Namespace) -> int:
    print(explain_text(packaged(), options.tool))
    return 0


def _local_up(options: argparse.Namespace) -> int:
    code: int = _local("up").run_up(options.mode, sys.stdout, sys.stderr, options.iam)
    return code


def _operate(options: argparse.Namespace) -> int:
    return give(options, _deployed(options))


def _push(options: argparse.Namespace) -> int:
    return push(options, _deployed(options))


def _deployed(options: argparse.Namespace) -> DeployedStack:
    # Offline commands need no boto3.
    from toolgrant_cli.deployed import DeployedStack, clients  # noqa: PLC0415

    return DeployedStack(clients(options.region, options.profile))


def _demo(_options: argparse.Namespace) -> int:
    code: int = _local("demo").run_demo(sys.stdout, sys.stderr)
    return code


def _local(module: str) -> ModuleType:
    """A module of the local AWS, which deploys the template of a checkout with tools of its own."""
    needed = ("template.yaml", ".venv-sam", ".venv-ministack")
    if not all((CHECKOUT / name).exists() for name in needed):
        raise NoCheckout("the local AWS needs a checkout of the project, set up by `make setup`")
    return importlib.import_module(f"toolgrant_local.{module}")
