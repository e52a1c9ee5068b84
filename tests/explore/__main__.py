"""`make explore`: two edits, two crashes, one redelivery. It takes very long, so each part that is
done goes into a file, and the next call goes on behind it.

    python -m tests.explore [FILE] [WORDS…]    only beginnings whose name has all the words
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from tests.explore.actions import in_words
from tests.explore.explorer import Found, Start, explore, try_one
from tests.explore.scenarios import AT_LENGTH


def main(file: str = ".explore.jsonl", *words: str) -> int:
    """Go through all that is not done yet. 1 if something was ever found to be broken."""
    progress = Path(file)
    progress.touch()
    known = [json.loads(line) for line in progress.read_text().splitlines()]
    done = {part["part"] for part in known}
    for name, make in AT_LENGTH.items():
        if all(word in name for word in words):
            known += _through(name, make(), done, progress)
    for part in known:
        for what in part["broken"]:
            print(f"BROKEN {part['part']}: {what}")
    print(f"{sum(part['runs'] for part in known)} runs in {len(known)} parts")
    return int(any(part["broken"] for part in known))


def _through(name: str, start: Start, done: set[str], progress: Path) -> list[dict[str, object]]:
    """Part by part: nothing happens, then each first thing that can, with all that can follow."""
    parts = []
    for first in [(), *try_one(start, (), Found())]:
        part = f"{name}: {in_words(first)}"
        if part in done:
            continue
        found, began = Found(), time.perf_counter()
        if first:
            explore(start, found, first)
        else:
            try_one(start, (), found)
        parts.append(_written(part, found, time.perf_counter() - began, progress))
    return parts


def _written(part: str, found: Found, seconds: float, progress: Path) -> dict[str, object]:
    print(f"{part}: {found}, {seconds:.0f} s", flush=True)
    line = {
        "part": part,
        "runs": found.runs,
        "states": len(found.states),
        "excused": found.excused,
        "seconds": round(seconds),
        "broken": [f"{in_words(how)} → {what}" for how, what in found.broken],
    }
    with progress.open("a") as file:
        file.write(json.dumps(line) + "\n")
    return line


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
