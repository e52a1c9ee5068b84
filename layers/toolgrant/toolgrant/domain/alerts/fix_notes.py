"""What people are told about fixes, as notes of a finding, in both languages."""

from __future__ import annotations

import json
from collections.abc import Iterable

from toolgrant.domain.alerts.alert import grant_texts
from toolgrant.domain.fixing.history import TakenAway
from toolgrant.domain.fixing.ledger import ProfileChange
from toolgrant.domain.fixing.policy import Plan, Refuse
from toolgrant.domain.fixing.repair import Repair
from toolgrant.domain.model import Finding, Grant, Text
from toolgrant.domain.profile_lists import PROFILE_LISTS
from toolgrant.domain.texts import both, clip


def note(key: str, **values: object) -> Text:
    """A text of the table `[note]`."""
    return both("note", key, **values)


def notes_of_plan(planned: Plan, finding_id: str) -> tuple[Text, ...]:
    """What people are told of the plan for one finding."""
    return (
        *(_note(repair, finding_id, "will-fix") for repair in _of(planned.repairs, finding_id)),
        *(note_ for refuse in planned.refused for note_ in notes_of_refusal(refuse, finding_id)),
        *(_note(repair, finding_id, "approve") for repair in _of(planned.offers, finding_id)),
    )


def _of(repairs: Iterable[Repair], finding_id: str) -> list[Repair]:
    return [r for r in repairs if any(item.finding_id == finding_id for item in r.items)]


def _note(repair: Repair, finding_id: str, word: str) -> Text:
    item = next(item for item in repair.items if item.finding_id == finding_id)
    grants = ", ".join(grant_texts(item.grants))
    key = word if item.grants else f"{word}-attach"
    if repair.dedicated:
        key = "proposed"
    return note(key, grants=grants, profile=clip(repair.profile_name), finding=finding_id)


def notes_of_refusal(refuse: Refuse, finding_id: str) -> list[Text]:
    """Why one finding is not fixed."""
    if refuse.finding.id != finding_id:
        return []
    return [note("not-fixed", reason=refusal.text) for refusal in refuse.refusals]


def notes_of_made(change: ProfileChange) -> tuple[Text, ...]:
    """What we did to make a finding go away, and how to take it back."""
    if not change.grants:
        return (note("attached-live", profile=change.profile, change=change.id),)
    grants = ", ".join(grant_texts(sorted(change.standing)))
    return (note("fixed", grants=grants, profile=change.profile, change=change.id),)


def notes_of_taken(taken: Iterable[TakenAway], finding: Finding) -> tuple[Text, ...]:
    """Who took away what we had given and this finding needs, and how to end a fight with
    infrastructure as code."""
    needed = {finding.tool_name, *map(str, finding.missing)}
    return tuple(_taken(loss) for loss in taken if loss.what in needed)


def _taken(loss: TakenAway) -> Text:
    who = clip(loss.edit.actor.name) if loss.edit else "?"
    values = {"who": who, "grant": loss.what, "change": loss.change.id}
    if loss.tool is None:
        return note("taken-away", **values)
    grant = Grant.parse(loss.what)
    name = "permissions" if loss.tool == "Terraform" else PROFILE_LISTS[grant.kind]
    return note(
        "flapping",
        tool=loss.tool,
        snippet=both("snippet", loss.tool, list=name, value=json.dumps(grant.value)),
        **values,
    )
