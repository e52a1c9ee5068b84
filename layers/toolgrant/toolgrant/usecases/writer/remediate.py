"""remediate: one fix request → one verified write, or a reason why not. The only writer.

Open intents of the profile are settled → the AI agent is looked at again → the policy is asked
again → each list is written and verified → the AI agent is reviewed, which tells that it is fixed.
A request may come twice, late or after a crash: it ends in the same state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from toolgrant.domain.causes import Cause
from toolgrant.domain.fixing.ledger import (
    ChangeState,
    ProfileChange,
    ProfileHistory,
    Written,
    change_id,
)
from toolgrant.domain.fixing.policy import Fix, Refuse, RequestFix
from toolgrant.domain.model import Finding, FindingKind, GrantKind
from toolgrant.domain.plan import describe
from toolgrant.domain.problems import problems_of
from toolgrant.domain.requests import AgentRequest, FixRequest, Outcome
from toolgrant.errors import GaveUp, NotFound
from toolgrant.usecases.agent_reader import JudgedAgent, OutOfScope, agent_reader
from toolgrant.usecases.audit import fix_record
from toolgrant.usecases.deps import Deps
from toolgrant.usecases.fix_facts import plan_fix, situation
from toolgrant.usecases.review import review
from toolgrant.usecases.write_alerts import tell_edited, tell_refused, tell_unattributed
from toolgrant.usecases.writer.attach import Attachments
from toolgrant.usecases.writer.write import GrantWriter

MOST_MOVES = 3
"""How often a request moves on to a profile that has become the better one."""


def remediate(request: FixRequest, deps: Deps, writer: GrantWriter) -> str:
    """Carry out one request.

    Returns the outcome: `fixed`, `not-needed`, `superseded`, `fix-refused` or `in-doubt`. Raises
    from the tree of errors; the message then comes again.
    """
    outcome = _Remediation(request, deps, writer).run()
    deps.forget()
    cause = Cause("fix", event_id=request.fix_id)
    review(AgentRequest(request.agent, cause), deps, deps.clock.now())
    return outcome


_ENDED = (ChangeState.DONE, ChangeState.UNATTRIBUTED, ChangeState.UNDONE)


@dataclass(frozen=True)
class _Remediation:
    request: FixRequest
    deps: Deps
    writer: GrantWriter

    def run(self) -> str:
        """Everything but the review at the end."""
        seen = self._look()
        finding = self._finding(seen) if isinstance(seen, JudgedAgent) else None
        if self._settle_open(finding):
            return self._report(Outcome.IN_DOUBT, "an earlier write cannot be told from another's")
        if finding is None or isinstance(seen, OutOfScope):
            return self._not_needed()
        return self._carry_out(self._plan(finding, seen), seen)

    def _carry_out(self, fix: Fix, seen: JudgedAgent) -> str:
        if isinstance(fix, Refuse) and fix.proposal and self._may_create():
            return self._report(Outcome.FIXED, self._attachments.dedicated(fix.proposal))
        if not isinstance(fix, RequestFix):
            return self._refused(fix.finding, fix)
        if fix.profile.id != self.request.profile_id:
            return self._moved(fix)
        if fix.finding.kind is FindingKind.ASSOCIATION_GAP:
            return self._report(
                Outcome.FIXED, self._attachments.gap(fix.finding, seen, fix.profile.id)
            )
        return self._write(fix, seen)

    def _may_create(self) -> bool:
        return self.request.dedicated and self.deps.fix_ports.rules.dedicated

    @property
    def _attachments(self) -> Attachments:
        return Attachments(self.request, self.deps, self.writer)

    def _look(self) -> JudgedAgent | OutOfScope:
        cause = Cause("fix", event_id=self.request.fix_id)
        try:
            return agent_reader(self.deps).read(AgentRequest(self.request.agent, cause))
        except NotFound:
            return OutOfScope("the AI agent is gone")

    def _finding(self, seen: JudgedAgent) -> Finding | None:
        found = problems_of(seen.instance_id, seen.judged)
        wanted = self.request.finding_id
        return next((finding for finding in found if finding.id == wanted), None)

    def _history(self) -> ProfileHistory:
        return self.writer.ledger.history(self.request.profile_id)

    def _settle_open(self, finding: Finding | None) -> bool:
        """Finish what earlier deliveries left. True if something of it is in doubt."""
        history = self._history()
        settled = [
            self.writer.settle(change, history, lambda written: self._ended(written, finding))
            for change in history.changes
            if change.state is ChangeState.INTENT
        ]
        return any(change.state is ChangeState.UNATTRIBUTED for change in settled)

    def _plan(self, finding: Finding, seen: JudgedAgent) -> Fix:
        now = self.deps.clock.now()
        moment = situation(self.deps, now, approved=bool(self.request.approved_by))
        return plan_fix(finding, seen, moment, self.deps)

    def _write(self, fix: RequestFix, seen: JudgedAgent) -> str:
        """One change per list, as long as the policy goes on allowing it."""
        against: list[Fix] = []
        written = []
        for kind in sorted({grant.kind for grant in fix.grants}):
            grants = tuple(grant for grant in fix.grants if grant.kind is kind)
            part = replace(fix.finding, missing=grants)
            written.append(
                self.writer.write(
                    self._change(part, seen, kind),
                    partial(self._still, part, seen, against),
                    lambda ended: self._ended(ended, fix.finding),
                )
            )
        if against:
            return self._refused(fix.finding, against[0])
        return self._report(Outcome.FIXED if any(written) else Outcome.NOT_NEEDED, describe(fix))

    def _change(self, part: Finding, seen: JudgedAgent, kind: GrantKind) -> ProfileChange:
        history, fix_id = self._history(), self.request.fix_id
        while (known := history.change(self._id(fix_id, kind))) and known.state in _ENDED:
            fix_id += "+"  # written before and needed again: another change, never the old one anew
        return ProfileChange(
            id=self._id(fix_id, kind),
            instance_id=seen.instance_id,
            profile_id=self.request.profile_id,
            agent=self.request.agent,
            finding_id=self.request.finding_id,
            kind=kind,
            grants=part.missing,
            began_at=known.began_at if known else self.deps.clock.now(),
            state=known.state if known else ChangeState.INTENT,
            approved_by=self.request.approved_by,
        )

    def _id(self, fix_id: str, kind: GrantKind) -> str:
        return change_id(self.request.profile_id, fix_id, kind)

    def _still(self, part: Finding, seen: JudgedAgent, against: list[Fix]) -> bool:
        """The policy asked once more, with everything read afresh, right before the write. What it
        says instead goes to `against`."""
        now = self._plan(part, seen)
        still = isinstance(now, RequestFix) and now.profile.id == self.request.profile_id
        against.extend([] if still else [now])
        return still

    def _ended(self, written: Written, finding: Finding | None) -> None:
        """Audit a change and tell what is wrong with it."""
        if written.change.state is ChangeState.UNATTRIBUTED:
            self._audit(Outcome.UNATTRIBUTED, "", written.change)
            tell_unattributed(written, finding, self.deps)
            return
        self.deps.journal.count("GrantsAdded", len(written.change.grants))
        self._audit(Outcome.GRANTED, "", written.change)
        tell_edited(written, finding, self.deps)

    def _not_needed(self) -> str:
        for change in self._history().changes:
            if self._own(change) and change.state is ChangeState.DONE:
                return self._report(Outcome.FIXED, "written and verified by an earlier delivery")
        return self._report(Outcome.NOT_NEEDED, "nothing is missing any more")

    def _own(self, change: ProfileChange) -> bool:
        return change.id in {self._id(self.request.fix_id, kind) for kind in GrantKind}

    def _refused(self, finding: Finding, fix: Fix) -> str:
        tell_refused(self.request, finding, fix, self.deps)
        return self._report(Outcome.FIX_REFUSED, describe(fix))

    def _moved(self, fix: RequestFix) -> str:
        if self.request.attempt >= MOST_MOVES:
            raise GaveUp(f"the best security profile changed {MOST_MOVES} times")
        moved = replace(self.request, profile_id=fix.profile.id, attempt=self.request.attempt + 1)
        self.deps.fix_ports.queue.send(moved)
        return self._report(Outcome.SUPERSEDED, describe(fix))

    def _report(self, outcome: str, reason: str) -> str:
        self._audit(outcome, reason)
        return outcome

    def _audit(self, outcome: str, reason: str, change: ProfileChange | None = None) -> None:
        self.deps.journal.decision(fix_record(self.request, outcome, reason, change))
