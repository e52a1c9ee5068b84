"""Attaching security profiles to an AI agent: one of the draft to a live version, or a new one.

Repeating any of it is harmless, so there is no intent: a redelivery does again what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass

from toolgrant.domain.fixing.ledger import ChangeState, ProfileChange, change_id
from toolgrant.domain.fixing.proposal import AGENT_TAG, Proposal
from toolgrant.domain.model import Finding, GrantKind
from toolgrant.domain.profile_lists import PROFILE_LISTS, granted
from toolgrant.domain.requests import FixRequest, Outcome
from toolgrant.errors import Conflict, EditedProfile, ForeignProfile, NotFound
from toolgrant.usecases.agent_reader import JudgedAgent
from toolgrant.usecases.audit import fix_record
from toolgrant.usecases.deps import Deps
from toolgrant.usecases.writer.write import VERIFY_WAITS, GrantWriter


@dataclass(frozen=True)
class Attachments:
    """What remediate does beside adding grants; behind parameters and IAM statements of their
    own."""

    request: FixRequest
    deps: Deps
    writer: GrantWriter

    def gap(self, finding: Finding, agent: JudgedAgent, profile_id: str) -> str:
        """Attach a profile of the draft to the live versions that lack it. Says what was done."""
        for qualifier in finding.qualifiers:
            arn = f"{agent.draft.arn}:{qualifier}"
            self.writer.profiles.attach(agent.instance_id, profile_id, arn)
        self.writer.ledger.record_attachment(profile_id, finding.id, self.deps.clock.now())
        self.deps.journal.count("ProfilesAttached")
        return f"attached security profile {profile_id} to {', '.join(finding.qualifiers)}"

    def dedicated(self, proposal: Proposal) -> str:
        """Create the proposed profile, unless an earlier delivery has, and attach it. Says what was
        done."""
        profile_id = self._create(proposal)
        for kind in sorted({grant.kind for grant in proposal.grants}):
            self._record(proposal, profile_id, kind)
        for qualifier in proposal.qualifiers:
            arn = f"{proposal.agent_arn}:{qualifier}"
            self._attach_new(proposal.instance_id, profile_id, arn)
        self.deps.journal.count("ProfilesCreated")
        return f"created security profile {profile_id} and attached it"

    def _attach_new(self, instance_id: str, profile_id: str, arn: str) -> None:
        """Just after its creation a profile may not be found yet (domain facts, observed)."""
        for seconds in VERIFY_WAITS:
            try:
                self.writer.profiles.attach(instance_id, profile_id, arn)
                return
            except NotFound:
                self.writer.wait(seconds)
        self.writer.profiles.attach(instance_id, profile_id, arn)

    def _create(self, proposal: Proposal) -> str:
        try:
            return self.writer.profiles.create(proposal)
        except Conflict:
            return self._created_before(proposal)

    def _created_before(self, proposal: Proposal) -> str:
        """The profile of that name, if it is ours and is as we made it."""
        profiles, instance_id = self.writer.profiles, proposal.instance_id
        profile_id = profiles.named(instance_id, proposal.name)
        if profile_id is None:
            raise Conflict(f"security profile {proposal.name}: the name is taken, by none listed")
        tags = profiles.describe(instance_id, profile_id).tags
        if tags.get(AGENT_TAG) != proposal.ai_agent_id:
            raise ForeignProfile(f"security profile {profile_id} has the name but is not ours")
        for name, entries in proposal.lists.items():
            kind = next(kind for kind, listed in PROFILE_LISTS.items() if listed == name)
            held = granted(kind, profiles.entries(instance_id, profile_id, kind))
            if not held.issuperset(granted(kind, entries)):
                raise EditedProfile(f"security profile {profile_id} was changed since it was made")
        return profile_id

    def _record(self, proposal: Proposal, profile_id: str, kind: GrantKind) -> None:
        """In the ledger as any other change, so that it can be undone."""
        now = self.deps.clock.now()
        change = ProfileChange(
            id=change_id(profile_id, self.request.fix_id, kind),
            instance_id=proposal.instance_id,
            profile_id=profile_id,
            agent=self.request.agent,
            finding_id=self.request.finding_id,
            kind=kind,
            grants=tuple(grant for grant in proposal.grants if grant.kind is kind),
            began_at=now,
            state=ChangeState.DONE,
            verified_at=now,
            approved_by=self.request.approved_by,
        )
        self.writer.ledger.save(change)
        self.deps.journal.decision(
            fix_record(self.request, Outcome.GRANTED, "dedicated profile", change)
        )
