"""JSON files that a command reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class UnreadableFile(Exception):
    """One line that names the file and the place in it."""


def read_json(path: str) -> Any:
    """The content of a JSON file. Raises UnreadableFile."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror or type(error).__name__}") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise UnreadableFile(f"{path}: $: not JSON ({where}: {error.msg})") from None
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"{path}: $: not JSON ({type(error).__name__})") from None
