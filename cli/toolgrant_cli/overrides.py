"""`toolgrant overrides push FILE`: catalog rows of your own, checked before they are in force."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from toolgrant.domain.catalog import packaged
from toolgrant.errors import CatalogError
from toolgrant_cli.operate import UNUSABLE, Deployed, Unusable, add_place, say_where
from toolgrant_cli.terminal import complain, shown

OUTPUT = "CatalogOverridesParameter"
MOST_BYTES = 8192
"""What an advanced parameter holds."""


def add_command(commands: Any, command: Callable[[argparse.Namespace], int]) -> None:
    """Add `overrides push`. Its `command` is the given one."""
    overrides = commands.add_parser("overrides", help="catalog rows of your own")
    actions = overrides.add_subparsers(required=True, metavar="ACTION")
    push_parser = actions.add_parser("push", help="check a file and put it in force on a stack")
    push_parser.add_argument("file", metavar="FILE", help="a JSON file; it replaces what is there")
    add_place(push_parser)
    push_parser.set_defaults(command=command)


def push(options: argparse.Namespace, deployed: Deployed) -> int:
    """Check a file as the functions will, then store it. 0: done, 2: nothing was stored."""
    try:
        text = checked(Path(options.file))
        say_where(deployed)
        missing = "is it a stack of toolgrant?"
        parameter = deployed.output(options.stack_name, OUTPUT, missing)
        tier = deployed.put(parameter, text)
    except Unusable as error:
        complain(error)
        return UNUSABLE
    print(shown(f"{options.file} is in {parameter} (tier {tier}); it counts within a minute"))
    return 0


def checked(path: Path) -> str:
    """The text of a file whose rows can be used. Raises Unusable."""
    try:
        text = path.read_text(encoding="utf-8")
        packaged().with_overrides(text)
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Unusable(f"{path}: not UTF-8 text") from None
    except CatalogError as error:
        raise Unusable(f"{path}: {error}") from None
    size = len(text.encode())
    if size > MOST_BYTES:
        raise Unusable(f"{path}: {size} bytes; a parameter holds {MOST_BYTES}")
    return text
