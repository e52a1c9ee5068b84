"""One table of a catalog source, read field by field.

In: a decoded TOML or JSON table. Out: typed values. Every fault is a `CatalogError` naming the
table, the field and the value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import TypeGuard, TypeVar

from toolgrant.domain.model import Text
from toolgrant.errors import CatalogError

ROOT = "catalog"
"""The name of a whole text in faults."""

_URL = re.compile(r"https://[\w-]+(\.[\w-]+)+(:\d+)?([/?#]\S*)?")
_Word = TypeVar("_Word", bound=StrEnum)


class Table:
    """One table of the source, taken field by field; what is left at the `end` is refused."""

    def __init__(self, where: str, data: object) -> None:
        if not isinstance(data, Mapping):
            raise CatalogError(f"{where}: expected a table, found {data!r}")
        self.where, self._left = where, dict(data)

    def fault(self, field: str, problem: str) -> CatalogError:
        """The error about one field, for the caller to raise."""
        return CatalogError(f"{self.where}: {field}: {problem}")

    def take(self, field: str) -> object:
        """The raw value, None if absent."""
        return self._left.pop(field, None)

    def has(self, field: str) -> bool:
        """Whether the field is there (and not taken yet)."""
        return field in self._left

    def text(self, field: str) -> str:
        """A required text, neither blank nor padded."""
        value = self.take(field)
        if not _is_text(value):
            raise self.fault(field, f"expected text, found {value!r}")
        return value

    def optional(self, field: str) -> str | None:
        """A text that may be absent."""
        return self.text(field) if self.has(field) else None

    def items(self, field: str) -> list[object]:
        """A list, empty if absent."""
        value = self._left.pop(field, [])
        if not isinstance(value, list):
            raise self.fault(field, f"expected a list, found {value!r}")
        return value

    def tables(self, field: str) -> list[Table]:
        """A list of tables, each named by its place."""
        inside = "" if self.where == ROOT else f"{self.where}: "
        entries = enumerate(self.items(field))
        return [Table(f"{inside}{field}[{at}]", entry) for at, entry in entries]

    def texts(self, field: str) -> tuple[str, ...]:
        """Different texts, possibly none."""
        values = self.items(field)
        texts = tuple(value for value in values if _is_text(value))
        if len(texts) < len(values) or len(set(texts)) < len(texts):
            raise self.fault(field, f"expected different texts, found {values!r}")
        return texts

    def urls(self, field: str) -> tuple[str, ...]:
        """At least one https URL."""
        urls = self.texts(field)
        if not urls or not all(_URL.fullmatch(url) for url in urls):
            raise self.fault(field, f"expected https URLs, found {list(urls)!r}")
        return urls

    def day(self, field: str) -> date:
        """A date: TOML's own, or ISO text (JSON has none)."""
        value = self.take(field)
        if type(value) is date:  # a datetime is a date too, but says more than a row knows
            return value
        try:
            return date.fromisoformat(value if isinstance(value, str) else "")
        except ValueError:
            raise self.fault(field, f"expected a date, found {value!r}") from None

    def word(self, field: str, words: type[_Word]) -> _Word:
        """One of a closed set of words."""
        value = self.take(field)
        if not isinstance(value, str) or value not in set(words):
            raise self.fault(field, f"expected one of {', '.join(words)}; found {value!r}")
        return words(value)

    def both(self, field: str) -> Text:
        """A table `{en, ja}`."""
        inner = Table(f"{self.where}: {field}", self.take(field))
        text = Text(inner.text("en"), inner.text("ja"))
        inner.end()
        return text

    def end(self) -> None:
        """Refuse what nobody asked for: a misspelt field must not pass as an absent one."""
        for field, value in self._left.items():
            raise self.fault(str(field), f"unknown field, value {value!r}")


def _is_text(value: object) -> TypeGuard[str]:
    if not isinstance(value, str) or not value or value != value.strip():
        return False
    return value.isprintable()
