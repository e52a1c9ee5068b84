"""Short ids that can be said aloud: `f-` a finding, `al-` an alert, `fix-` a repair, `c-` a change.

Each is made from what it names, so that the same thing gets the same id on every attempt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from toolgrant.errors import InvalidInput

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Without i, l, o and u, which are misread (Crockford's base 32)."""

_LENGTH = 10
_LEAST_BEGINNING = 6
"""Shortest beginning of an id that is accepted in its place."""


def short_id(prefix: str, *parts: object) -> str:
    """`<prefix>-` and ten characters (50 bits) made from `parts`."""
    text = "\x1f".join(map(str, parts)).encode(errors="surrogatepass")
    number = int.from_bytes(hashlib.sha256(text).digest()[:8], "big")
    return f"{prefix}-" + "".join(_ALPHABET[number >> 5 * at & 31] for at in range(_LENGTH))


def meant(target: str, known: Iterable[str]) -> str | None:
    """The one of the known ids that an operator means by an id or its beginning; None if there is
    none. Raises InvalidInput for a beginning that is too short or fits several."""
    ids = sorted(set(known))
    if target in ids:
        return target
    found = [id_ for id_ in ids if target and id_.startswith(target)]
    if found and len(target) < _LEAST_BEGINNING:
        raise InvalidInput("$.target", f"at least {_LEAST_BEGINNING} characters of an id, please")
    if len(found) > 1:
        raise InvalidInput("$.target", f"ambiguous: {', '.join(found[:5])}")
    return found[0] if found else None
