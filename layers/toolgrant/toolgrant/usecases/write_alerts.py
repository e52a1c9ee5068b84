"""Alerts about writes: somebody else edited meanwhile, an author cannot be told, a late refusal.

Each has an id made from what it tells, so that telling twice is one alert; each waits in the outbox
like every other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from toolgrant.domain.alerts.alert import Alert, grant_texts
from toolgrant.domain.alerts.fix_notes import note, notes_of
from toolgrant.domain.alerts.render import render
from toolgrant.domain.causes import Actor
from toolgrant.domain.findings import Change, Status
from toolgrant.domain.fixing.ledger import ForeignEdit, ProfileChange, Written
from toolgrant.domain.fixing.policy import Fix
from toolgrant.domain.model import Finding, FindingKind, FindingState, Severity, Text, Verdict
from toolgrant.domain.records import AgentKey
from toolgrant.domain.requests import FixRequest, Outcome
from toolgrant.domain.texts import clip
from toolgrant.usecases.deps import Deps


def tell_edited(written: Written, finding: Finding | None, deps: Deps) -> None:
    """CRITICAL for each foreign edit inside our window, and for what is not as we left it."""
    for edit in written.edits:
        tell_edit(written.change, edit, finding, deps)
    at_stake = [*sorted(written.lost), *sorted(written.unexpected), *written.others]
    if at_stake:
        differs = note("profile-differs", entries=", ".join(grant_texts(at_stake)))
        _integrity(written.change, f"differs {at_stake}", [differs], None, finding, deps)


def tell_edit(
    change: ProfileChange, edit: ForeignEdit, finding: Finding | None, deps: Deps
) -> None:
    """CRITICAL: one foreign edit happened while we wrote. One of the two may have been lost."""
    kinds = sorted(edit.kinds) if edit.kinds is not None else ["?"]
    stake = ", ".join(grant_texts(change.grants))
    who = f"{edit.actor.name} ({edit.actor.via})"
    notes = [
        note("foreign-edit", who=who, event=edit.event_id, lists=", ".join(kinds)),
        note("at-stake", entries=stake, count=len(change.before)),
    ]
    _integrity(change, edit.event_id, notes, edit.actor, finding, deps)


def tell_unattributed(written: Written, finding: Finding | None, deps: Deps) -> None:
    """CRITICAL: the grants are there, and it cannot be said who added them; undo refuses."""
    change = written.change
    told = note("unattributed", grants=", ".join(grant_texts(change.grants)), change=change.id)
    _integrity(change, "unattributed", [told], None, finding, deps)


def tell_refused(request: FixRequest, finding: Finding, fix: Fix, deps: Deps) -> None:
    """What was asked for is not written after all, and why."""
    notes = notes_of(fix)
    told = Change(Status.REFUSED, replace(finding, advisories=(*notes, *finding.advisories)))
    _put(request.agent, f"refused {request.fix_id} {request.attempt}", told, None, None, deps)


def tell_undo(change: ProfileChange, outcome: str, reason: Text | None, by: str, deps: Deps) -> str:
    """An operator's undo, in the thread of the AI agent. Returns the alert's id."""
    grants = ", ".join(grant_texts(change.grants))
    values = {"grants": grants, "change": change.id, "by": clip(by) or "?", "reason": reason or ""}
    told = replace(_on_record(change, deps), advisories=(note(outcome, **values),))
    status = Status.CHANGED if outcome == Outcome.UNDONE else Status.REFUSED
    what = f"{change.id} {outcome} {sorted(change.undone)}"
    return _put(change.agent, what, Change(status, told), None, change.id, deps)


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
    kind, state = FindingKind.INSUFFICIENT, FindingState.RESOLVED
    verdict, grants = Verdict.SUFFICIENT, change.grants
    return known or Finding(
        change.finding_id, kind, state, Severity.CRITICAL, "?", None, "", verdict, (), grants
    )


def _put(
    key: AgentKey, what: str, told: Change, actor: Actor | None, change_id: str | None, deps: Deps
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
