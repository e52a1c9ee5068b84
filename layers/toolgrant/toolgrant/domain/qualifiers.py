"""What stands for which qualifier where none is said, or where it is not known: one table.

AWS documents little of it. Each reading carries its evidence; docs/decisions/0039 weighs it, and
the emulator can be switched to every other one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from toolgrant.domain.json_fields import Json, as_map, as_text
from toolgrant.domain.model import DRAFT, LATEST, Confidence

UNPROVEN = ""
"""In place of a qualifier: nothing says which it is, so each has to be asked for by its name."""


class Place(StrEnum):
    """Where an AI agent is met without a qualifier, or with one that needs a reading."""

    CONFIGURATION = "configuration"
    SUMMARY = "summary"
    LATEST_WITHOUT_NUMBER = "latest-without-number"
    FILE = "file"


@dataclass(frozen=True)
class Reading:
    """What toolgrant takes it for, how well that is known, and why."""

    means: str
    confidence: Confidence
    evidence: str


READINGS: Mapping[Place, Reading] = {
    Place.CONFIGURATION: Reading(
        LATEST,
        Confidence.OBSERVED,
        "GetAIAgent with a bare id was seen to answer an ARN that ends in :$LATEST (a saved answer "
        "of 2026-03-18 and two public programs), and agents named by a bare id run as $LATEST",
    ),
    Place.SUMMARY: Reading(
        UNPROVEN,
        Confidence.DOCUMENTED,
        "the service model of ListAIAgents does not say which qualifier a summary describes: its "
        "own ARN says so at its end, or nothing is known",
    ),
    Place.LATEST_WITHOUT_NUMBER: Reading(
        UNPROVEN,
        Confidence.OBSERVED,
        "one public project makes no version and its AI agent runs as $LATEST; others find nothing "
        "there before the first number; whether a save as PUBLISHED counts is contradicted. Only "
        "GetAIAgent id:$LATEST tells, and ResourceNotFoundException means that there is none",
    ),
    Place.FILE: Reading(
        DRAFT,
        Confidence.INFERRED,
        "a label, no more: what a file holds is judged as it is. Saved answers of GetAIAgent carry "
        "their qualifier, so a file without one was made by hand, of what is being edited",
    ),
}

_PROOF = {DRAFT: "SAVED", LATEST: "PUBLISHED"}
"""The `visibilityStatus` that goes with what an ARN says; where the two disagree, one asks."""


def split_qualifier(identifier: str) -> tuple[str, str | None]:
    """`…ai-agent/<assistant>/<agent>:$SAVED` or `<uuid>:3` → (bare id, qualifier or None)."""
    head, slash, tail = identifier.rpartition("/")
    bare, colon, qualifier = tail.partition(":")
    if identifier.startswith("arn:") and not slash:
        return identifier, None
    return f"{head}{slash}{bare}", (qualifier or None) if colon else None


def named(identifier: str, place: Place) -> tuple[str, str]:
    """The agent's id and the qualifier that an id or ARN means at this place."""
    bare, qualifier = split_qualifier(identifier)
    return bare.rsplit("/", 1)[-1], qualifier or READINGS[place].means


def proven(summary: Json) -> str:
    """Which qualifier a summary of ListAIAgents describes by its own word, else UNPROVEN.

    One without its configuration proves nothing: an agent without tools looks just so.
    """
    _, qualifier = named(as_text(summary.get("aiAgentArn"), "$.aiAgentArn"), Place.SUMMARY)
    agrees = _PROOF.get(qualifier) == summary.get("visibilityStatus")
    configuration = as_map(summary.get("configuration"), "$.configuration")
    whole = configuration.get("orchestrationAIAgentConfiguration")
    return qualifier if agrees and whole else UNPROVEN
