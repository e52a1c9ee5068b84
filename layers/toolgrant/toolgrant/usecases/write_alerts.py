"""Alerts about writes: others edited meanwhile, an author cannot be told, a refusal, an undo.

Each has an id made from what it tells, so that telling twice is one alert; each waits in the outbox
like every other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from toolgrant.domain.alerts.alert import Alert, grant_texts
from toolgrant.domain.alerts.fix_notes import note, notes_of_made, notes_of_refusal
from toolgrant.domain.alerts.render import render
from toolgrant.domain.causes import Actor
from toolgrant.domain.findings import Change, Status
from toolgrant.domain.fixing.history import ForeignEdit, Written
from toolgrant.domain.fixing.ledger import ListState, ProfileChange
from toolgrant.domain.fixing.policy import Refuse
from toolgrant.domain.fixing.repair import Repair, RepairItem, Shown
from toolgrant.domain.ids import short_id
from toolgrant.domain.model import Finding, FindingKind, FindingState, Severity, Text, Verdict
from toolgrant.domain.records import AgentKey
from toolgrant.domain.requests import Outcome, UndoRequest
from toolgrant.domain.texts import LANGUAGES, Words, both, clip
from toolgrant.usecases.deps import Deps


def tell_written(written: Written, deps: Deps) -> None:
    """Everything about an ended change that people must hear beside that it is fixed: foreign edits
    that met it, what is not as we left it, what cannot be attributed, what the service refused."""
    change = written.change
    for edit in written.edits:
        tell_edit(change, edit, deps)
    at_stake = [*sorted(written.lost), *sorted(written.unexpected), *written.others]
    if at_stake:
        entries = ", ".join(grant_texts(at_stake))
        _integrity(
            change,
            f"differs {at_stake}",
            [note("profile-differs", entries=entries, profile=change.profile)],
            deps,
        )
    doubtful = [w for w in change.lists if w.state is ListState.UNATTRIBUTED and not w.gone]
    if doubtful:
        doubt = ", ".join(grant_texts(grant for write in doubtful for grant in write.grants))
        told = note("unattributed", grants=doubt, change=change.id, profile=change.profile)
        _integrity(change, "unattributed", [told], deps)
    refused = [w for w in change.lists if w.state is ListState.REFUSED]
    for reason in dict.fromkeys(write.reason for write in refused):
        grants = [grant for write in refused if write.reason == reason for grant in write.grants]
        told = note("service-refused", grants=", ".join(grant_texts(grants)))
        _tell_service_refused(written, reason, told, deps)
    if change.attach_reason:
        told = note("service-refused-attach", profile=change.profile)
        _tell_service_refused(written, change.attach_reason, told, deps)


def _tell_service_refused(written: Written, reason: str, what: Text, deps: Deps) -> None:
    """The service said no for good: to what, which class of reason, and what to do."""
    change = written.change
    notes = [what, note("service-said", reason=both("service-reason", reason))]
    told = [Change(Status.REFUSED, _noted(finding, notes)) for finding in _findings(change, deps)]
    alert = _alert(change.agent, f"{change.id} refused {reason} {what.en}", told, deps)
    _put(replace(alert, change_id=change.id), deps, written.offer)


def tell_edit(change: ProfileChange, edit: ForeignEdit, deps: Deps) -> None:
    """CRITICAL: one foreign edit happened while we wrote. One of the two may have been lost."""
    kinds = sorted(edit.lists) if edit.lists is not None else ["?"]
    met = [write for write in change.lists if edit.touches(write.kind)]
    stake = ", ".join(grant_texts(change.grants))
    count = sum(len(write.before) for write in met)
    name, via = clip(edit.actor.name), clip(edit.actor.via)
    who = Text(*(f"{name} ({Words(language).via(via)})" for language in LANGUAGES))
    notes = [
        note(
            "foreign-edit",
            profile=change.profile,
            who=who,
            event=edit.event_id,
            lists=", ".join(kinds),
        ),
        note("at-stake", entries=stake, count=count),
    ]
    _integrity(change, edit.event_id, notes, deps, edit.actor)


def tell_unknown_write(key: AgentKey, edit: ForeignEdit, deps: Deps) -> None:
    """CRITICAL: our role wrote to a profile, and it was not us."""
    told = note("unknown-write", event=edit.event_id, profile=edit.profile_id)
    finding = _unknown(RepairItem("?", edit.at, "?", None, ()))
    change = Change(Status.INTEGRITY, _noted(finding, [told]))
    alert = _alert(key, f"unknown write {edit.event_id}", [change], deps)
    _put(replace(alert, actor=edit.actor), deps)


def tell_refused(
    repair: Repair, refused: Sequence[Refuse], deps: Deps, offer: Repair | None = None
) -> None:
    """What was asked for is not written after all, and why: one alert for all of it. `offer` may be
    approved instead, as things are now."""
    # What the service said was told when it said it.
    refused = [r for r in refused if {"refused-before"} != {each.gate for each in r.refusals}]
    if not refused:
        return
    told = [
        Change(Status.REFUSED, _noted(refuse.finding, notes_of_refusal(refuse, refuse.finding.id)))
        for refuse in refused
    ]
    reasons = [f"{r.finding.id} {[refusal.gate for refusal in r.refusals]}" for r in refused]
    _put(_alert(repair.agent, f"refused {repair.id} {reasons}", told, deps), deps, offer)


def tell_partly(change: ProfileChange, deps: Deps) -> None:
    """What was given and did not end its finding, which is open on other qualifiers."""
    known = deps.store.load(change.agent).findings
    there = {str(grant) for grant in change.standing}
    left = [
        known[item.finding_id]
        for item in change.items
        if item.finding_id in known
        and known[item.finding_id].state is FindingState.OPEN
        and (there & set(map(str, item.grants)))
    ]
    notes = notes_of_made(change)
    told = [Change(Status.CHANGED, _noted(finding, notes)) for finding in left]
    if told:
        alert = _alert(change.agent, f"{change.id} partly", told, deps)
        _put(replace(alert, change_id=change.id), deps)


def tell_undo(
    change: ProfileChange, outcome: str, reason: Text | None, request: UndoRequest, deps: Deps
) -> str:
    """An operator's undo, in the thread of the AI agent. Returns the alert's id."""
    grants = ", ".join(grant_texts(request.grants or change.grants)) or change.profile
    by, why = clip(request.by) or "?", reason or ""
    notes = [note(outcome, grants=grants, change=change.id, by=by, reason=why)]
    if outcome != Outcome.UNDONE:
        notes.append(note("undo-by-hand", grants=grants, profile=change.profile))
    status = Status.CHANGED if outcome == Outcome.UNDONE else Status.REFUSED
    told = [Change(status, _noted(finding, notes)) for finding in _findings(change, deps)]
    said = reason.en if reason and outcome != Outcome.UNDONE else ""  # undone is so at any delivery
    alert = _alert(change.agent, f"{change.id} {outcome} {request.order} {said}", told, deps)
    _put(replace(alert, change_id=change.id), deps)
    return alert.alert_id


def _integrity(
    change: ProfileChange,
    what: str,
    notes: Iterable[Text],
    deps: Deps,
    actor: Actor | None = None,
) -> None:
    told = [
        Change(Status.INTEGRITY, replace(_noted(finding, notes), severity=Severity.CRITICAL))
        for finding in _findings(change, deps)[:1]
    ]
    alert = _alert(change.agent, f"{change.id} {what}", told, deps)
    _put(replace(alert, actor=actor, change_id=change.id), deps)


def _noted(finding: Finding, notes: Iterable[Text]) -> Finding:
    return replace(finding, advisories=(*notes, *finding.advisories))


def _findings(change: ProfileChange, deps: Deps) -> list[Finding]:
    """The findings that a change was made for, or what the ledger knows of them."""
    known = deps.store.load(change.agent).findings
    return [known.get(item.finding_id) or _unknown(item) for item in change.items]


def _unknown(item: RepairItem) -> Finding:
    kind, state, verdict = FindingKind.INSUFFICIENT, FindingState.RESOLVED, Verdict.SUFFICIENT
    return Finding(
        item.finding_id,
        kind,
        state,
        Severity.CRITICAL,
        item.tool_name,
        item.tool_id,
        "",
        verdict,
        item.qualifiers,
        item.grants,
    )


def _alert(key: AgentKey, what: str, told: Sequence[Change], deps: Deps) -> Alert:
    """`what` makes its id: the same is told once."""
    record = deps.store.load(key)
    qualifiers = {name for change in told for name in change.finding.qualifiers}
    return Alert(
        alert_id=short_id("al", key.ai_agent_id, what),
        time=deps.clock.now(),
        instance_id=record.instance_id,
        agent_name=record.name,
        agent_arn=record.arn,
        ai_agent_id=key.ai_agent_id,
        qualifiers=tuple(sorted(qualifiers)),
        changes=tuple(told),
    )


def _put(alert: Alert, deps: Deps, offer: Repair | None = None) -> None:
    shown = Shown(alert.alert_id, alert.time, (offer,)) if offer else None
    deps.store.put_alert(render(alert, deps.language), shown)
