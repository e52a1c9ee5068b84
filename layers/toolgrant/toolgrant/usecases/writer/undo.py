"""undo: take back what one change gave, whole or by grant, where it is still as we left it.

The same conditions as for a write → breakers open → nobody else is giving the same → each list on
record as it is, with its stamp → removed → verified → detached. A refused undo leaves nothing but
its audit record.
"""

from __future__ import annotations

from dataclasses import dataclass

from toolgrant.domain.alerts.alert import grant_texts
from toolgrant.domain.causes import Cause
from toolgrant.domain.fixing.ledger import ListState, ListWrite, ProfileChange, RemovalStep
from toolgrant.domain.fixing.profile_gates import undo_refusals
from toolgrant.domain.fixing.repair import attachment
from toolgrant.domain.fixing.rules import ProfileFacts
from toolgrant.domain.model import Grant, GrantKind, Text
from toolgrant.domain.requests import AgentRequest, Outcome, UndoRequest
from toolgrant.domain.texts import both
from toolgrant.errors import REFUSED_FOR_GOOD, EditedProfile, NotFound, PutOff, ToolgrantError
from toolgrant.usecases.audit import undo_record
from toolgrant.usecases.deps import Deps
from toolgrant.usecases.fix_facts import paused, profile_itself
from toolgrant.usecases.losses import holders, open_breakers
from toolgrant.usecases.outbox import publish_pending
from toolgrant.usecases.review import review
from toolgrant.usecases.write_alerts import tell_edit, tell_undo
from toolgrant.usecases.writer.removal import Remover
from toolgrant.usecases.writer.settle import is_attached
from toolgrant.usecases.writer.write import GrantWriter


def undo(request: UndoRequest, deps: Deps, writer: GrantWriter) -> str:
    """Carry out one request. Returns `undone`, `undo-refused` or `in-doubt`. Raises from the tree
    of errors; the message then comes again."""
    change = writer.ledger.history(request.profile_id).change(request.change_id)
    if change is None:
        outcome, reason = Outcome.UNDO_REFUSED, _why("no-such-change")
        deps.journal.decision(undo_record(request, outcome, reason.en, None))
        return outcome
    outcome, why = _Undo(request, deps, writer, change).run()
    history = writer.ledger.history(request.profile_id)
    after = history.change(request.change_id) or change
    for edit in (e for write in after.lists for e in history.met_removal(write, writer.bound)):
        tell_edit(after, edit, deps)
    told = tell_undo(after, outcome, why, request, deps)
    said = why.en if why else ""
    deps.journal.decision({**undo_record(request, outcome, said, after), "alertId": told})
    cause = Cause("undo", event_id=request.change_id)
    review(AgentRequest(change.agent, cause), deps, deps.clock.now())
    return outcome


def give_up_undo(request: UndoRequest, reason: str, deps: Deps) -> str:
    """Tell that an undo failed too often. Of what it has not begun to take, no breaker stays."""
    ledger = deps.fix_ports.ledger
    change = ledger.history(request.profile_id).change(request.change_id)
    if change:
        left = {str(g) for w in change.lists if not w.removal for g in w.standing}
        if _is_attached(change, deps):
            left.add(attachment(change.profile_id))
        ledger.close_breakers(
            b for b in ledger.breakers() if b.change_id == change.id and b.what in left
        )
        tell_undo(change, Outcome.UNDO_REFUSED, _why("gave-up", reason=reason), request, deps)
        publish_pending(change.agent.ai_agent_id, deps)
    deps.journal.decision(undo_record(request, Outcome.UNDO_REFUSED, reason, change))
    return Outcome.UNDO_REFUSED


def _is_attached(change: ProfileChange, deps: Deps) -> bool:
    """Whether the profile is wherever we attached it; what cannot be read may be taken off."""
    deps.forget()
    try:
        return all(is_attached(change, name, deps.profiles) for name in change.standing_at)
    except ToolgrantError:
        return False


def obstacle(request: UndoRequest, change: ProfileChange, deps: Deps) -> Text | None:
    """Why an undo is refused now; None if it is not. Writes nothing."""
    profile = _profile(change, deps)
    return _state_obstacle(request, change, deps) or _profile_obstacle(
        request, change, profile, deps
    )


def _profile(change: ProfileChange, deps: Deps) -> ProfileFacts:
    return profile_itself(change.profile_id, change.instance_id, tuple(GrantKind), deps)


def _asked_back(request: UndoRequest, change: ProfileChange) -> list[str]:
    """What is asked for and was not taken back before, as breakers name it."""
    grants = [grant for write in change.lists for grant in _asked(request, write)]
    detached = [attachment(change.profile_id)] if _to_detach(request, change) else []
    return [*map(str, sorted(grants)), *detached]


def _asked(request: UndoRequest, write: ListWrite) -> frozenset[Grant]:
    if write.state is not ListState.DONE:
        return frozenset()
    return frozenset(write.grants) & frozenset(request.grants or write.grants) - write.gone


def _to_detach(request: UndoRequest, change: ProfileChange) -> list[str]:
    return [] if request.grants else sorted(change.standing_at)


def _state_obstacle(request: UndoRequest, change: ProfileChange, deps: Deps) -> Text | None:
    stopped = paused(deps.fix_ports.ledger, deps.fix_ports.stop)
    if stopped is None:
        return _why("pause-unreadable", stack=deps.fix_ports.rules.stack)
    if stopped:
        return _why("paused")
    if change.open:
        return _why("still-writing")
    foreign = sorted(set(request.grants).difference(change.grants))
    if foreign:
        return _why("not-part", grants=", ".join(grant_texts(foreign)))
    wanted = frozenset(request.grants or change.grants)
    lists = [write for write in change.lists if wanted & frozenset(write.grants)]
    if any(write.state is ListState.UNATTRIBUTED for write in lists):
        return _why("unattributed")
    written = any(write.state is ListState.DONE for write in lists)
    return None if written or change.attached else _why("never-written")


def _profile_obstacle(
    request: UndoRequest, change: ProfileChange, profile: ProfileFacts, deps: Deps
) -> Text | None:
    """The conditions of a write that are about the profile; and whether all is as we left it, which
    only `Remover` can tell once it has begun."""
    refused = undo_refusals(profile, deps.fix_ports.rules)
    if refused:
        return _why("refused", reason=refused[0].text)
    begun = any(write.removal and write.removal.order == request.order for write in change.lists)
    left = frozenset(grant for write in change.lists for grant in _asked(request, write))
    held = frozenset().union(*(profile.held(kind) for kind in GrantKind))
    return None if begun or left <= held else _why("edited", change=change.id)


_Result = tuple[Outcome, Text | None]


@dataclass(frozen=True)
class _Undo:
    request: UndoRequest
    deps: Deps
    writer: GrantWriter
    change: ProfileChange

    def run(self) -> _Result:
        """What became of it, and why."""
        refusal = _state_obstacle(self.request, self.change, self.deps)
        whats = _asked_back(self.request, self.change)
        if refusal is None and not whats:
            return Outcome.UNDONE, _why("before")
        if refusal is None:
            profile = _profile(self.change, self.deps)
            self.writer.wait_for_others(profile)
            refusal = _profile_obstacle(self.request, self.change, profile, self.deps)
        if refusal:
            return Outcome.UNDO_REFUSED, refusal
        reason = f"undone by {self.request.by or 'an operator'}"
        open_breakers(self.change, whats, reason, self.deps, keep=True)
        outcome, why = self._take_back()
        if outcome == Outcome.UNDO_REFUSED:
            self._close_breakers(reason)
        return outcome, why

    def _close_breakers(self, reason: str) -> None:
        """What was not taken after all is not kept away either."""
        ledger = self.writer.ledger
        now = ledger.history(self.change.profile_id).change(self.change.id) or self.change
        left = _asked_back(self.request, now)
        mine = [b for b in ledger.breakers() if b.change_id == now.id and b.reason == reason]
        ledger.close_breakers(breaker for breaker in mine if breaker.what in left)

    def _take_back(self) -> _Result:
        change, remover = self.change, Remover(self.writer, self.request.order)
        whats = [*map(str, change.grants), attachment(change.profile_id)]
        if self.writer.ledger.claimed(holders(change, self.deps), whats, change.id):
            raise PutOff("another change is giving the same", 5)
        try:
            for write in change.lists:
                grants = _asked(self.request, write)
                if grants:
                    change = remover.remove(change, write, grants)
        except EditedProfile:
            return Outcome.UNDO_REFUSED, _why("edited", change=change.id)
        except REFUSED_FOR_GOOD as error:
            reason = both("service-reason", type(error).__name__)
            return Outcome.UNDO_REFUSED, _why("refused", reason=reason)
        if any(w.removal and w.removal.step is RemovalStep.IN_DOUBT for w in change.lists):
            return Outcome.IN_DOUBT, _why("in-doubt", change=change.id)
        return self._detached(change)

    def _detached(self, change: ProfileChange) -> _Result:
        """From exactly the qualifiers that we attached it to."""
        for qualifier in _to_detach(self.request, change):
            arn = f"{change.agent_arn}:{qualifier}"
            try:
                self.writer.profiles.detach(change.instance_id, change.profile_id, arn)
            except NotFound:
                pass  # the version or the profile is gone, and the attachment with it
            except REFUSED_FOR_GOOD as error:
                reason = both("service-reason", type(error).__name__)
                return Outcome.UNDO_REFUSED, _why("refused", reason=reason)
            change = change.without((), [qualifier])
            change = self.writer.ledger.save(change)
        return Outcome.UNDONE, None


def _why(key: str, **values: object) -> Text:
    return both("undo-reason", key, **values)
