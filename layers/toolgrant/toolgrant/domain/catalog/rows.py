"""The values that a catalog is made of: rows, their parts, the permission vocabulary.

Made by `source.py` out of text (through `fields.py`), looked up by `lookup.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property

from toolgrant.domain.model import Confidence, Grant, Text, Verdict
from toolgrant.domain.toolid import SERVICE_PREFIX


class Family(StrEnum):
    """The tools that need no row of their own: their grant follows from their type or id."""

    GATEWAY = "gateway"
    FLOW_MODULE = "flow-module"
    AI_AGENT = "ai-agent"
    RETURN_TO_CONTROL = "RETURN_TO_CONTROL"
    CONSTANT = "CONSTANT"


class AdvisoryWhen(StrEnum):
    """When an advisory stands beside a verdict."""

    ALWAYS = "always"
    OVERRIDE_MISSING = "override-missing"
    PERMISSION_HELD = "permission-held"
    GRANTED = "granted"


@dataclass(frozen=True)
class Advisory:
    """A remark that accompanies a verdict and never changes it.

    `json_path` goes with OVERRIDE_MISSING, `permission` with PERMISSION_HELD. GRANTED stands beside
    SUFFICIENT only: why a tool may fail whose grants are right.
    """

    when: AdvisoryWhen
    text_en: str
    text_ja: str
    json_path: str | None = None
    permission: str | None = None


@dataclass(frozen=True)
class Known:
    """How well each part of a row is known."""

    tool_id: Confidence
    permission: Confidence
    box: Confidence

    @cached_property
    def weakest(self) -> Confidence:
        """A row is as good as its weakest part."""
        return max((self.tool_id, self.permission, self.box), key=lambda part: part.rank)


@dataclass(frozen=True)
class Permission:
    """One security profile permission. `path_ja` is None where nobody recorded the Japanese UI."""

    name: str
    path_en: str
    path_ja: str | None
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Claim:
    """What one source says that a tool needs (all of `requires`), where sources disagree."""

    requires: tuple[Grant, ...]
    source: Text
    confidence: Confidence
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """What is known of one tool id, or of one family (`key`).

    `requires` is empty for a family: its grant follows from each tool's own id. `claims`, best
    known first, stand where sources disagree; `requires` is then that of the first. `verdict` is
    UNKNOWN on a row that no permission helps; its `remedy` is also among the advisories.
    """

    key: str
    aliases: tuple[str, ...]
    requires: tuple[Grant, ...]
    console_path: Text
    known: Known
    evidence: tuple[str, ...]
    checked: date
    source_rows: tuple[int, ...] = ()
    advisories: tuple[Advisory, ...] = ()
    verdict: Verdict | None = None
    remedy: Text | None = None
    note: str | None = None
    claims: tuple[Claim, ...] = ()

    @property
    def confidence(self) -> Confidence:
        """The weakest of its parts."""
        return self.known.weakest

    @property
    def short(self) -> str | None:
        """The id as the admin website's list shows it, where that differs from the id."""
        if not self.key.startswith(SERVICE_PREFIX):
            return None
        return self.key.removeprefix(SERVICE_PREFIX)
