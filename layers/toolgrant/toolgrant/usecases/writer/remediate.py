"""remediate: one repair → one verified change, or a reason why not. The only writer.

What earlier deliveries left is settled → the AI agent is looked at again → the policy is asked →
the intent is on record and its grants are claimed → the policy is asked once more → each list is
written and verified → told → closed → the AI agent is reviewed, which tells that it is fixed. A
request may come twice, late or after a crash: it ends in the same state.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from toolgrant.domain.causes import Cause
from toolgrant.domain.fixing.gates import Refusal
from toolgrant.domain.fixing.history import Written
from toolgrant.domain.fixing.ledger import ListState, ProfileChange
from toolgrant.domain.fixing.policy import Refuse, describe_refusal
from toolgrant.domain.fixing.repair import Approval, Repair
from toolgrant.domain.ids import short_id
from toolgrant.domain.requests import AgentRequest, Outcome
from toolgrant.errors import REFUSED_FOR_GOOD, Conflict, PutOff
from toolgrant.usecases.agent_reader import JudgedAgent, OutOfScope, agent_reader
from toolgrant.usecases.audit import change_record, fix_record
from toolgrant.usecases.deps import Deps
from toolgrant.usecases.fix_facts import basis
from toolgrant.usecases.losses import open_breakers, seconds_of_doubt, take_losses, taken_by
from toolgrant.usecases.outbox import publish_pending
from toolgrant.usecases.review import review
from toolgrant.usecases.write_alerts import tell_partly, tell_refused, tell_written
from toolgrant.usecases.writer.check import Checked, check, intent_of
from toolgrant.usecases.writer.dedicated import not_made, with_profile
from toolgrant.usecases.writer.settle import given_up, settled
from toolgrant.usecases.writer.write import GrantWriter

_FRESH = timedelta(minutes=10)
"""For how long the service may refuse what names something new."""


_LONG = timedelta(seconds=20)
"""A sixth of the time of the function; what took longer is reviewed by a message of its own."""


def remediate(repair: Repair, deps: Deps, writer: GrantWriter) -> str:
    """Carry out one repair; one without items only settles and reviews what earlier
    deliveries left.

    Returns the outcome: `fixed`, `not-needed`, `fix-refused` or `in-doubt`. Raises PutOff and
    others from the tree of errors; the message then comes again.
    """
    began = deps.clock.now()
    outcome, change = _Remediation(repair, deps, writer).run()
    if repair.items and deps.clock.now() - began > _LONG:  # one more message, with all its time
        deps.fix_ports.queue.send(repair.of(()))
        return outcome
    deps.forget()
    cause = Cause("fix", event_id=repair.id)
    review(AgentRequest(repair.agent, cause), deps, deps.clock.now())
    if change:
        tell_partly(change, deps)
        publish_pending(repair.agent.ai_agent_id, deps)
    return outcome


def give_up(repair: Repair, reason: str, deps: Deps) -> str:
    """Tell that a repair was put off or failed too often; what was sent is settled by the sweep."""
    refused = _all_refused(repair, Refusal("gave-up", {"reason": reason}), deps)
    if refused:
        tell_refused(repair, refused, deps)
        publish_pending(repair.agent.ai_agent_id, deps)
    deps.journal.decision(fix_record(repair, Outcome.FIX_REFUSED, reason))
    return Outcome.FIX_REFUSED


def _all_refused(repair: Repair, refusal: Refusal, deps: Deps) -> list[Refuse]:
    known = deps.store.load(repair.agent).findings
    ids = [item.finding_id for item in repair.items if item.finding_id in known]
    return [Refuse(known[finding_id], (refusal,)) for finding_id in ids]


_Ended = tuple[str, ProfileChange | None]


@dataclass(frozen=True)
class _Remediation:
    repair: Repair
    deps: Deps
    writer: GrantWriter

    def run(self) -> _Ended:
        """Everything but the review at the end."""
        known = self._settle(short_id("c", self.repair.id))
        if not self.repair.items:
            return self._report(Outcome.NOT_NEEDED, "settled what was open"), known
        if known and not known.open:
            return self._report(_outcome(known), "done by an earlier delivery"), known
        approval = self.writer.ledger.approval(self.repair.id)
        group = approval.repair.group if approval else self.repair.group
        if approval and (approval.used or group != self.repair.group):
            refused = _all_refused(self.repair, Refusal("used-before"), self.deps)
            return self._nothing(refused, approval, None)
        look = AgentRequest(self.repair.agent, Cause("fix", event_id=self.repair.id))
        began, agent = self.deps.clock.now(), agent_reader(self.deps).look(look)
        if isinstance(agent, OutOfScope):
            return self._nothing((), approval, known)
        asked = approval.repair if approval else self.repair
        take_losses(agent, began, self.deps)
        doubt = seconds_of_doubt(agent, asked.whats, began, self.deps)
        if doubt:
            raise PutOff("what was given before is not to be seen: taken away, or not yet", doubt)
        return self._carry_out(asked, agent, approval, known)

    def _carry_out(
        self,
        asked: Repair,
        agent: JudgedAgent,
        approval: Approval | None,
        known: ProfileChange | None,
    ) -> _Ended:
        first = check(asked, agent, approval, self.deps)
        if not first.repair.items:
            return self._nothing(first.refused, approval, known, _offer(asked, first))
        self.writer.wait_for_others(first.profile)
        try:
            first = with_profile(first, agent, known, self.writer, self.deps)
        except (*REFUSED_FOR_GOOD, Conflict) as error:
            why = not_made(first.repair.dedicated, error)
            refused = (*first.refused, *_all_refused(first.repair, why, self.deps))
            return self._nothing(refused, approval, known, _offer(asked, first))
        change = intent_of(first, agent, approval, known, self.deps.clock.now())
        change = self.writer.ledger.save(change)
        if not self.writer.ledger.claim(change, first.repair.whats):
            raise PutOff("another change gives the same to this AI agent", 5)
        # Once more, after the claim, with all but the AI agent itself read afresh.
        last = check(first.repair, agent, approval, self.deps)
        if not last.repair.items:
            refused = (*first.refused, *last.refused)
            return self._nothing(refused, approval, change, _offer(asked, last))
        self.writer.wait_for_others(last.profile)
        change = intent_of(last, agent, approval, change, self.deps.clock.now())
        return self._write(change, last, (*first.refused, *last.refused))

    def _write(self, change: ProfileChange, checked: Checked, refused: Sequence[Refuse]) -> _Ended:
        stamp, now = checked.profile.stamp, self.deps.clock.now()
        times = [item.opened_at for item in checked.repair.items] + ([stamp] if stamp else [])
        fresh = bool(checked.repair.dedicated) or now - max(times) < _FRESH
        written = self.writer.write(change, fresh, basis(self.deps))
        self._close(replace(written, offer=_offer(checked.repair, checked)))
        closed = self.writer.ledger.history(change.profile_id).change(change.id) or change
        if refused:
            tell_refused(self.repair, refused, self.deps)
        return self._report(_outcome(closed), _reason(refused)), closed

    def _settle(self, own_id: str) -> ProfileChange | None:
        """Finish what earlier deliveries sent to this profile. Returns the change of this very
        repair, if it has begun; a dedicated profile is known only from there."""
        ledger = self.writer.ledger
        known = ledger.changes().get(own_id) if self.repair.dedicated else self.repair.profile_id
        history = ledger.history(known or "")
        for change in history.changes:
            if not change.open:
                continue
            found = settled(change, self.writer)
            if change.id != own_id:
                found = replace(found, change=self._given_up(found.change))
            self._keep_away(change, found)
            if found.change.open:
                tell_written(found, self.deps)
                ledger.save(found.change)
            else:
                self._close(found)
        return ledger.history(known or "").change(own_id)

    def _keep_away(self, sent: ProfileChange, found: Written) -> None:
        """What somebody took out before we could verify it was taken away, too."""
        lost = [
            str(grant)
            for old, new in zip(sent.lists, found.change.lists, strict=True)
            if (old.state, new.state) == (ListState.SENT, ListState.ABANDONED)
            for grant in new.grants
        ]
        if lost and found.edits:
            open_breakers(sent, lost, taken_by(found.edits[0]), self.deps)

    def _given_up(self, change: ProfileChange) -> ProfileChange:
        return given_up(change, self.deps.profiles, self.writer)

    def _close(self, written: Written) -> None:
        """Tell, audit, and only then put the end on record."""
        change = written.change
        tell_written(written, self.deps)
        done = [w for w in change.lists if w.state is ListState.DONE]
        self.deps.journal.count("GrantsAdded", sum(len(write.grants) for write in done))
        self.deps.journal.count("ProfilesAttached", int(bool(change.attached)))
        self.deps.journal.decision(change_record(change, _change_outcome(change), written))
        self.writer.ledger.save(change)

    def _nothing(
        self,
        refused: Sequence[Refuse],
        approval: Approval | None,
        begun: ProfileChange | None,
        offer: Repair | None = None,
    ) -> _Ended:
        """Nothing is written: an intent is given up, an approval used up, and the reason told, with
        what may be approved instead."""
        if refused:
            tell_refused(self.repair, refused, self.deps, offer if approval else None)
        if begun:
            self._close(self.writer.compared(self._given_up(begun)))
        if approval:
            self.writer.ledger.approve(replace(approval, used=True))
        outcome = Outcome.FIX_REFUSED if refused else Outcome.NOT_NEEDED
        reason = _reason(refused) or "nothing of it is missing any more"
        return self._report(outcome, reason), None

    def _report(self, outcome: str, reason: str) -> str:
        self.deps.journal.decision(fix_record(self.repair, outcome, reason))
        return outcome


def _offer(asked: Repair, checked: Checked) -> Repair:
    """The same repair with who would gain now: what was refused because of that can be approved."""
    people, others = checked.profile.people or 0, checked.profile.others or ()
    return replace(asked, people=people, others=tuple(sorted(others)))


def _reason(refused: Iterable[Refuse]) -> str:
    return "; ".join(describe_refusal(refuse) for refuse in refused)


def _outcome(change: ProfileChange) -> str:
    if any(write.state is ListState.UNATTRIBUTED for write in change.lists):
        return Outcome.IN_DOUBT
    refused = any(write.state is ListState.REFUSED for write in change.lists)
    if change.verified_at:
        return Outcome.FIXED
    return Outcome.FIX_REFUSED if refused or change.attach_reason else Outcome.NOT_NEEDED


def _change_outcome(change: ProfileChange) -> str:
    outcome = _outcome(change)
    named = {Outcome.FIXED: Outcome.GRANTED, Outcome.IN_DOUBT: Outcome.UNATTRIBUTED}
    return named.get(Outcome(outcome), Outcome(outcome))
