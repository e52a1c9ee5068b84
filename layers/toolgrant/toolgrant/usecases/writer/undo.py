"""undo: take back what one change added, whole or in part, where it is still as we left it."""

from __future__ import annotations

from dataclasses import dataclass

from toolgrant.domain.alerts.alert import grant_texts
from toolgrant.domain.causes import Cause
from toolgrant.domain.fixing.ledger import ChangeState, ProfileChange
from toolgrant.domain.model import Grant, Text
from toolgrant.domain.requests import AgentRequest, Outcome, UndoRequest
from toolgrant.domain.texts import both
from toolgrant.errors import Conflict, EditedProfile, NotFound
from toolgrant.usecases.audit import undo_record
from toolgrant.usecases.deps import Deps
from toolgrant.usecases.fix_facts import paused
from toolgrant.usecases.review import review
from toolgrant.usecases.write_alerts import tell_undo
from toolgrant.usecases.writer.write import GrantWriter

_WRONG_STATE = {
    ChangeState.INTENT: "still-writing",
    ChangeState.ABANDONED: "never-written",
    ChangeState.UNATTRIBUTED: "unattributed",
}


def undo(request: UndoRequest, deps: Deps, writer: GrantWriter) -> str:
    """Carry out one request. Returns `undone` or `undo-refused`. Raises from the tree of errors."""
    outcome, reason, change = _Undo(request, deps, writer).run()
    told = tell_undo(change, outcome, reason, request.asked_by, deps) if change else None
    said = reason.en if reason else ""
    deps.journal.decision({**undo_record(request, outcome, said, change), "alertId": told})
    if change:
        cause = Cause("undo", event_id=request.change_id)
        review(AgentRequest(change.agent, cause), deps, deps.clock.now())
    return outcome


Result = tuple[str, Text | None, ProfileChange | None]


@dataclass(frozen=True)
class _Undo:
    request: UndoRequest
    deps: Deps
    writer: GrantWriter

    def run(self) -> Result:
        """What became of it, why, and the change as it is now."""
        history = self.writer.ledger.history(self.request.profile_id)
        change = history.change(self.request.change_id)
        if change is None:
            return Outcome.UNDO_REFUSED, _why("no-such-change"), None
        grants = frozenset(self.request.grants or change.grants)
        refusal = self._refusal(change, grants)
        if refusal:
            return Outcome.UNDO_REFUSED, refusal, change
        left = grants - change.undone
        if not left:
            return Outcome.UNDONE, _why("before"), change
        return self._take_back(change, left)

    def _refusal(self, change: ProfileChange, grants: frozenset[Grant]) -> Text | None:
        if change.state in _WRONG_STATE:
            return _why(_WRONG_STATE[change.state])
        foreign = sorted(grants.difference(change.grants))
        if foreign:
            return _why("not-part", grants=", ".join(grant_texts(foreign)))
        stopped = paused(self.deps.fix_ports)
        if stopped is None:
            return _why("pause-unreadable")
        return _why("paused") if stopped else None

    def _take_back(self, change: ProfileChange, grants: frozenset[Grant]) -> Result:
        """The breakers first: nothing may add again what is about to go."""
        now = self.deps.clock.now()
        for grant in sorted(grants):
            self.writer.ledger.open_breaker(change.profile_id, grant, "undone by an operator", now)
        try:
            return Outcome.UNDONE, None, self.writer.take_back(change, grants)
        except NotFound:
            return Outcome.UNDO_REFUSED, _why("profile-gone"), change
        except EditedProfile:
            return Outcome.UNDO_REFUSED, _why("edited", change=change.id), change
        except Conflict:
            return Outcome.UNDO_REFUSED, _why("busy", profile=change.profile_id), change


def _why(key: str, **values: object) -> Text:
    return both("undo-reason", key, **values)
