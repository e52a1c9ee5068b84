"""Alerts about writes: somebody else edited meanwhile, an author cannot be told, a late refusal.

Each has an id made from what it tells, so that telling twice is one alert; each waits in the outbox
like every other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace

from toolgrant.domain.alerts.alert import Alert, grant_texts
from toolgrant.domain.alerts.render import render
from toolgrant.domain.causes import Actor
from toolgrant.domain.findings import Change, Status
from toolgrant.domain.fixing.ledger import ForeignEdit, ProfileChange, TakenAway, Written
from toolgrant.domain.fixing.policy import Fix, Refuse
from toolgrant.domain.model import Finding, FindingKind, FindingState, Severity, Text, Verdict
from toolgrant.domain.profile_lists import PROFILE_LISTS
from toolgrant.domain.records import AgentKey
from toolgrant.domain.requests import FixRequest
from toolgrant.domain.texts import LANGUAGES, clip, texts
from toolgrant.usecases.deps import Deps


def tell_edited(written: Written, finding: Finding | None, deps: Deps) -> None:
    """CRITICAL for each foreign edit inside our window, and for what is not as we left it."""
    for edit in written.edits:
        tell_edit(written.change, edit, finding, deps)
    at_stake = [*sorted(written.lost), *sorted(written.unexpected), *written.others]
    if at_stake:
        note = _note("profile-differs", entries=", ".join(grant_texts(at_stake)))
        _integrity(written.change, f"differs {at_stake}", [note], None, finding, deps)


def tell_edit(
    change: ProfileChange, edit: ForeignEdit, finding: Finding | None, deps: Deps
) -> None:
    """CRITICAL: one foreign edit happened while we wrote. One of the two may have been lost."""
    kinds = sorted(edit.kinds) if edit.kinds is not None else ["?"]
    stake = ", ".join(grant_texts(change.grants))
    who = f"{edit.actor.name} ({edit.actor.via})"
    notes = [
        _note("foreign-edit", who=who, event=edit.event_id, lists=", ".join(kinds)),
        _note("at-stake", entries=stake, count=len(change.before)),
    ]
    _integrity(change, edit.event_id, notes, edit.actor, finding, deps)


def tell_unattributed(written: Written, finding: Finding | None, deps: Deps) -> None:
    """CRITICAL: the grants are there, and it cannot be said who added them; undo refuses."""
    change = written.change
    note = _note("unattributed", grants=", ".join(grant_texts(change.grants)), change=change.id)
    _integrity(change, "unattributed", [note], None, finding, deps)


def tell_refused(request: FixRequest, finding: Finding, fix: Fix, deps: Deps) -> None:
    """What was asked for is not written after all, and why."""
    notes = notes_of(fix)
    told = Change(Status.REFUSED, replace(finding, advisories=(*notes, *finding.advisories)))
    _put(request.agent, f"refused {request.fix_id} {request.attempt}", told, None, None, deps)


def tell_undo(change: ProfileChange, outcome: str, reason: str, by: str, deps: Deps) -> str:
    """An operator's undo, in the thread of the AI agent. Returns the alert's id."""
    grants = ", ".join(grant_texts(change.grants))
    values = {"grants": grants, "change": change.id, "by": clip(by) or "?", "reason": reason}
    told = replace(_on_record(change, deps), advisories=(_note(outcome, **values),))
    status = Status.CHANGED if outcome == "undone" else Status.REFUSED
    what = f"{change.id} {outcome} {sorted(change.undone)}"
    return _put(change.agent, what, Change(status, told), None, change.id, deps)


def notes_of(fix: Fix) -> tuple[Text, ...]:
    """What people are told of a planned fix, as notes of its finding."""
    if isinstance(fix, Refuse):
        reasons = [
            _note("not-fixed", reason=(one.say("en"), one.say("ja"))) for one in fix.refusals
        ]
        return (*reasons, *_proposed(fix))
    grants = ", ".join(grant_texts(fix.grants))
    word = "approve" if fix.approval else "will-fix"
    key = word if fix.grants else f"{word}-attach"
    return (_note(key, grants=grants, profile=clip(fix.profile.name), finding=fix.finding.id),)


def _proposed(fix: Refuse) -> tuple[Text, ...]:
    if fix.proposal is None:
        return ()
    grants = ", ".join(grant_texts(fix.proposal.grants))
    return (_note("proposed", name=fix.proposal.name, grants=grants, finding=fix.finding.id),)


def notes_of_made(change: ProfileChange | None) -> tuple[Text, ...]:
    """What we did to make a finding go away, and how to take it back."""
    if change is None:
        return (_note("attached-live"),)
    grants = ", ".join(grant_texts(change.grants))
    return (_note("fixed", grants=grants, profile=change.profile_id, change=change.id),)


def notes_of_taken(taken: Iterable[TakenAway]) -> tuple[Text, ...]:
    """Who took away what we had added, and how to end a fight with infrastructure as code."""
    return tuple(_taken(one) for one in taken)


def _taken(one: TakenAway) -> Text:
    who = clip(one.edit.actor.name) if one.edit else "?"
    values = {"who": who, "grant": one.grant, "change": one.change.id}
    if one.tool is None:
        return _note("taken-away", **values)
    name = PROFILE_LISTS[one.grant.kind] if one.tool == "CloudFormation" else "permissions"
    return _note(
        "flapping",
        tool=one.tool,
        snippet=_SNIPPETS[one.tool].format(list=name, value=json.dumps(one.grant.value)),
        **values,
    )


_SNIPPETS = {
    "CloudFormation": "AWS::Connect::SecurityProfile, {list}: add - {value}",
    "Terraform": "aws_connect_security_profile, {list}: add {value}",
}
"""Where the grant has to be written at the source."""


def _note(key: str, **values: object) -> Text:
    """A text of the table `[note]`. A pair of values is one for each language."""
    said = []
    for number, language in enumerate(LANGUAGES):
        here = {name: v[number] if isinstance(v, tuple) else v for name, v in values.items()}
        said.append(texts(language)["note"][key].format(**here))
    return Text(*said)


def _integrity(
    change: ProfileChange,
    what: str,
    notes: Iterable[Text],
    actor: Actor | None,
    finding: Finding | None,
    deps: Deps,
) -> None:
    known = finding or _on_record(change, deps)
    told = replace(known, severity=Severity.CRITICAL, advisories=tuple(notes))
    _put(
        change.agent, f"{change.id} {what}", Change(Status.INTEGRITY, told), actor, change.id, deps
    )


def _on_record(change: ProfileChange, deps: Deps) -> Finding:
    """The finding that a change was made for, or what the ledger knows of it."""
    known = deps.store.load(change.agent).findings.get(change.finding_id)
    return known or Finding(
        id=change.finding_id,
        kind=FindingKind.INSUFFICIENT,
        state=FindingState.RESOLVED,
        severity=Severity.CRITICAL,
        tool_name="?",
        tool_id=None,
        tool_type="",
        verdict=Verdict.SUFFICIENT,
        qualifiers=(),
        required=change.grants,
    )


def _put(
    key: AgentKey,
    what: str,
    told: Change,
    actor: Actor | None,
    change_id: str | None,
    deps: Deps,
) -> str:
    record = deps.store.load(key)
    digest = hashlib.sha256(what.encode(errors="surrogatepass")).hexdigest()[:12]
    alert = Alert(
        alert_id=f"{key.ai_agent_id}-{digest}",
        time=deps.clock.now(),
        instance_id=record.instance_id,
        agent_name=record.name,
        agent_arn=record.arn,
        ai_agent_id=key.ai_agent_id,
        qualifiers=told.finding.qualifiers,
        changes=(told,),
        actor=actor,
        change_id=change_id,
    )
    deps.store.put_alert(render(alert, deps.language))
    return alert.alert_id
