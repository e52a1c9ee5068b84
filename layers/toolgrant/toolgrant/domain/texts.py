"""Words: the tables of the languages (`messages_text`), and how free text is cut."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from toolgrant.domain.model import Text

LANGUAGES = ("en", "ja")
Texts = Mapping[str, Mapping[str, str]]
CLIP = 300
"""Longest free text that findings and alerts repeat: toolName and toolId may have 4,096 characters.
A grant that a profile can hold is shorter (connect service model: names of at most 128)."""


@lru_cache
def texts(language: str) -> Texts:
    """The table of one language."""
    path = files("toolgrant.domain") / "messages_text" / f"{language}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Words:
    """The words of one language, `en` or `ja`."""

    language: str

    def __call__(self, table: str, key: str, **values: object) -> str:
        """One text of a table with its values put in; a `Text` among them in this language."""
        said = {
            name: self.say(value) if isinstance(value, Text) else value
            for name, value in values.items()
        }
        return texts(self.language)[table][key].format(**said)

    def via(self, way: str) -> str:
        """By which way somebody called; names of tools and services are the same in all."""
        return texts(self.language)["via"].get(way, way)

    def say(self, text: Text) -> str:
        """A text that is there in both languages."""
        return text.say(self.language)


def both(table: str, key: str, **values: object) -> Text:
    """One text of a table in both languages."""
    return Text(Words("en")(table, key, **values), Words("ja")(table, key, **values))


def clip(text: str) -> str:
    """Free text on one line, without control characters, at most CLIP characters."""
    line = text if text.isprintable() else "".join(map(_on_one_line, text))
    return line if len(line) <= CLIP else f"{line[: CLIP - 1]}…"


def _on_one_line(character: str) -> str:
    return character if character.isprintable() else " "


def on_record(text: str) -> str:
    """Free text as findings keep it: `clip`ped, and at most CLIP bytes in UTF-8, so that the
    findings of some two hundred tools fit one item of 400 KB in any script."""
    line = clip(text)
    data = line.encode()
    return line if len(data) <= CLIP + 2 else f"{data[: CLIP - 1].decode(errors='ignore')}…"
