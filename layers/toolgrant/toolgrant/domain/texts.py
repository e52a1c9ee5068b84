"""The tables of words, one per language: `messages_text/<language>.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

LANGUAGES = ("en", "ja")
Texts = Mapping[str, Mapping[str, str]]


@lru_cache
def texts(language: str) -> Texts:
    """The table of one language."""
    path = files("toolgrant.domain") / "messages_text" / f"{language}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))
