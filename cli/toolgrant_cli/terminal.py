"""Text for a terminal. Names and ids are free text: whatever in them could move the cursor, hide,
turn round or begin a line is shown as an escape instead, such as `\\x1b` or `\\u202e`.

Everything that the commands print for people goes through here; JSON stays exact.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10))))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)
"""Printable by their category, yet nothing is seen of them."""


def shown(text: str) -> str:
    """A text on one line in which everything can be seen. Shown again, it stays the same."""
    if text.isprintable() and _INVISIBLE.isdisjoint(text):
        return text
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character.isprintable() and character not in _INVISIBLE:
        return character
    return character.encode("unicode_escape").decode("ascii")


def block(lines: Iterable[str]) -> str:
    """These lines and no others, each `shown`."""
    return "\n".join(map(shown, lines))


def complain(problem: object) -> None:
    """One line on stderr."""
    print(f"toolgrant: {shown(str(problem))}", file=sys.stderr)
