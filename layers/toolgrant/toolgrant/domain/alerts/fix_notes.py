"""What people are told about fixes, as notes of a finding, in both languages."""

from __future__ import annotations

import json
from collections.abc import Iterable

from toolgrant.domain.alerts.alert import grant_texts
from toolgrant.domain.fixing.ledger import ProfileChange, TakenAway
from toolgrant.domain.fixing.policy import Fix, Refuse
from toolgrant.domain.model import Text
from toolgrant.domain.profile_lists import PROFILE_LISTS
from toolgrant.domain.texts import both, clip


def note(key: str, **values: object) -> Text:
    """A text of the table `[note]`."""
    return both("note", key, **values)


def notes_of(fix: Fix) -> tuple[Text, ...]:
    """What people are told of a planned fix, as notes of its finding."""
    if isinstance(fix, Refuse):
        reasons = [note("not-fixed", reason=refusal.text) for refusal in fix.refusals]
        return (*reasons, *_proposed(fix))
    grants = ", ".join(grant_texts(fix.grants))
    word = "approve" if fix.approval else "will-fix"
    key = word if fix.grants else f"{word}-attach"
    return (note(key, grants=grants, profile=clip(fix.profile.name), finding=fix.finding.id),)


def _proposed(fix: Refuse) -> tuple[Text, ...]:
    if fix.proposal is None:
        return ()
    grants = ", ".join(grant_texts(fix.proposal.grants))
    return (note("proposed", name=fix.proposal.name, grants=grants, finding=fix.finding.id),)


def notes_of_made(change: ProfileChange | None) -> tuple[Text, ...]:
    """What we did to make a finding go away, and how to take it back."""
    if change is None:
        return (note("attached-live"),)
    grants = ", ".join(grant_texts(change.grants))
    return (note("fixed", grants=grants, profile=change.profile_id, change=change.id),)


def notes_of_taken(taken: Iterable[TakenAway]) -> tuple[Text, ...]:
    """Who took away what we had added, and how to end a fight with infrastructure as code."""
    return tuple(_taken(loss) for loss in taken)


def _taken(loss: TakenAway) -> Text:
    who = clip(loss.edit.actor.name) if loss.edit else "?"
    values = {"who": who, "grant": loss.grant, "change": loss.change.id}
    if loss.tool is None:
        return note("taken-away", **values)
    name = PROFILE_LISTS[loss.grant.kind] if loss.tool == "CloudFormation" else "permissions"
    return note(
        "flapping",
        tool=loss.tool,
        snippet=both("snippet", loss.tool, list=name, value=json.dumps(loss.grant.value)),
        **values,
    )
