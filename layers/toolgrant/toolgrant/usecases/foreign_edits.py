"""UpdateSecurityProfile records: remembered, and CRITICAL where they met a write of ours."""

from __future__ import annotations

from toolgrant.domain.fixing.history import ForeignEdit
from toolgrant.domain.records import Edge, EdgeKind
from toolgrant.domain.requests import FanOut
from toolgrant.usecases.audit import edit_record
from toolgrant.usecases.deps import Deps, FixPorts
from toolgrant.usecases.fix_facts import is_own
from toolgrant.usecases.outbox import publish_pending
from toolgrant.usecases.write_alerts import tell_edit, tell_unknown_write

_UPDATE = "UpdateSecurityProfile"


def note_edit(request: FanOut, deps: Deps) -> None:
    """Take note of an event that tells of an edit of a security profile.

    Somebody else's is remembered first: a write that ends from now on finds it, one that ended
    before is found here. One under our own role that matches no write of ours is told.
    """
    cause, fixing = request.cause, deps.fixing
    about_profile = request.edge.kind is EdgeKind.PROFILE and cause.event_name == _UPDATE
    if fixing is None or not about_profile or cause.event_time is None or cause.actor is None:
        return
    edit = ForeignEdit(
        cause.event_id, request.edge.target, cause.event_time, cause.actor, request.replaced
    )
    if is_own(cause.actor, fixing.writer_role):
        _note_own(edit, fixing, deps)
    else:
        _note_foreign(edit, fixing, deps)


def _note_own(edit: ForeignEdit, fixing: FixPorts, deps: Deps) -> None:
    history = fixing.ledger.history(edit.profile_id)
    if history.wrote(edit, fixing.rules.bound):
        return
    agents = deps.store.agents_with(Edge(EdgeKind.PROFILE, edit.profile_id))
    deps.journal.failure("unknown-write", eventId=edit.event_id, profileId=edit.profile_id)
    for key in agents:
        tell_unknown_write(key, edit, deps)
        publish_pending(key.ai_agent_id, deps)


def _note_foreign(edit: ForeignEdit, fixing: FixPorts, deps: Deps) -> None:
    fixing.ledger.remember(edit)
    history, bound = fixing.ledger.history(edit.profile_id), fixing.rules.bound
    for change in history.changes:
        met = [history.met(write, bound) for write in change.lists]
        met += [history.met_removal(write, bound) for write in change.lists]
        windows = [write.window(bound) for write in change.lists]
        windows += [write.removal.window(bound) for write in change.lists if write.removal]
        if any(edit in edits for edits in met):
            tell_edit(change, edit, deps)
            publish_pending(change.agent.ai_agent_id, deps)
        elif any(edit in history.edits_in(window) for window in windows):
            deps.journal.decision(edit_record(change, edit))
