"""Every reading of what AWS leaves open about qualifiers: tests of the sweep run under each."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product


@dataclass(frozen=True)
class Readings:
    """`described`: what a summary of ListAIAgents describes, `draft` or `latest` (of an AI agent
    that has none: the draft). `says_so`: whether its ARN carries that qualifier. `latest`: what
    `$LATEST` is: the newest `number`, before the first one the `draft`, or the last save as
    `published` (here: any save) if that is newer."""

    described: str = "draft"
    says_so: bool = True
    latest: str = "number"

    def __str__(self) -> str:
        return f"{self.described}-{'said' if self.says_so else 'unsaid'}-latest-is-{self.latest}"


USUAL = Readings()
EVERY_READING = [
    Readings(*each)
    for each in product(("draft", "latest"), (True, False), ("number", "draft", "published"))
]
