"""UpdateSecurityProfile of others: remembered, and CRITICAL when it fell into a write of ours."""

from __future__ import annotations

from toolgrant.domain.fixing.ledger import ChangeState, ForeignEdit
from toolgrant.domain.records import EdgeKind
from toolgrant.domain.requests import FanOut
from toolgrant.usecases.deps import Deps
from toolgrant.usecases.fix_facts import is_own
from toolgrant.usecases.outbox import publish_pending
from toolgrant.usecases.ports import Ledger
from toolgrant.usecases.write_alerts import tell_edit

UPDATE = "UpdateSecurityProfile"
_WRITTEN = (ChangeState.INTENT, ChangeState.DONE, ChangeState.UNDONE)


def note_if_foreign(request: FanOut, deps: Deps) -> None:
    """Take note of an event that tells of somebody else's edit of a security profile."""
    cause, fixing = request.cause, deps.fixing
    about_profile = request.edge.kind is EdgeKind.PROFILE and cause.event_name == UPDATE
    if fixing is None or not about_profile or cause.event_time is None or cause.actor is None:
        return
    if is_own(cause.actor, fixing.writer_role):
        return
    kinds = None if request.replaced is None else frozenset(request.replaced)
    edit = ForeignEdit(cause.event_id, request.edge.target, cause.event_time, cause.actor, kinds)
    note_foreign_edit(edit, fixing.ledger, deps)


def note_foreign_edit(edit: ForeignEdit, ledger: Ledger, deps: Deps) -> None:
    """Remember it first: a write that ends from now on finds it, one that ended before is found."""
    ledger.remember(edit)
    history = ledger.history(edit.profile_id)
    for change in history.changes:
        until = change.verified_at or deps.clock.now()
        if change.state in _WRITTEN and edit in history.edits_within(change, until):
            tell_edit(change, edit, None, deps)
            publish_pending(change.agent.ai_agent_id, deps)
