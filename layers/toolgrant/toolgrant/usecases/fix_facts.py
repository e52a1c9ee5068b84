"""What a fix needs to know before anything is written: facts, freshly read, and the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from toolgrant.domain.causes import Actor
from toolgrant.domain.fixing.gates import Case, refusals
from toolgrant.domain.fixing.ledger import ProfileChange, ProfileHistory, TakenAway
from toolgrant.domain.fixing.policy import Fix, Refuse, decide_association, decide_fix
from toolgrant.domain.fixing.proposal import Proposal, propose
from toolgrant.domain.fixing.rules import FixRules, ProfileFacts, Situation
from toolgrant.domain.model import DRAFT, Finding, FindingKind, GrantKind
from toolgrant.domain.problems import GAP_PREFIX
from toolgrant.domain.profile_lists import Entry, namespaces
from toolgrant.domain.records import AgentKey, Edge, EdgeKind
from toolgrant.errors import AccessDenied, InvalidInput, NotFound, RequestRefused
from toolgrant.usecases.agent_reader import JudgedAgent
from toolgrant.usecases.ports import EmergencyStop, FixQueue, Ledger, ProfileReader, Profiles, Store

_T = TypeVar("_T")
_UNREADABLE = (AccessDenied, InvalidInput, NotFound, RequestRefused)
"""Answers that asking again does not better. Throttling and faults are raised: the message comes
back."""


@dataclass(frozen=True)
class Fixing:
    """What planning a fix works with, beside the reading half."""

    reader: ProfileReader
    ledger: Ledger
    queue: FixQueue
    stop: EmergencyStop
    rules: FixRules
    store: Store
    writer_role: str = ""
    """Name of the role of remediate: its own calls come back as events."""

    def is_own(self, actor: Actor) -> bool:
        """Whether remediate of this stack made a call."""
        return bool(self.writer_role) and actor.name.split("/")[0] == self.writer_role

    def situation(self, now: datetime, approved: bool = False) -> Situation:
        """What holds for all profiles at this moment."""
        progress = self.store.sweep_progress()
        return Situation(
            now=now,
            swept_at=progress.proven_at if progress else None,
            paused=self._paused(),
            muted=self.ledger.muted(now),
            approved=approved,
        )

    def _paused(self) -> bool | None:
        """By an operator or by the emergency stop; None if that cannot be read."""
        return self.ledger.paused() or self.stop.pulled()

    def plan(self, finding: Finding, seen: JudgedAgent, situation: Situation) -> Fix:
        """What to do about one finding. Reads what it needs of each attached profile."""
        case = Case(finding, self.rules, situation)
        if finding.kind is FindingKind.ASSOCIATION_GAP:
            profile_id = finding.tool_name.removeprefix(GAP_PREFIX)
            return decide_association(
                case, self.facts(seen, profile_id, (), finding, situation.now)
            )
        kinds = {grant.kind for grant in finding.missing}
        facts = [self.facts(seen, one, kinds, finding, situation.now) for one in seen.profile_ids]
        fix = decide_fix(case, facts)
        if isinstance(fix, Refuse) and not refusals(case) and not _fought(fix):
            return replace(fix, proposal=self._proposal(finding, seen))
        return fix

    def _proposal(self, finding: Finding, seen: JudgedAgent) -> Proposal:
        """For the draft and what is live: a published version that nobody uses needs nothing."""
        used = tuple(one.qualifier for one in seen.judged if one.qualifier == DRAFT or one.live)
        draft = seen.draft
        return propose(finding, seen.instance_id, draft.name, draft.arn, used, self.rules)

    def facts(
        self,
        seen: JudgedAgent,
        profile_id: str,
        kinds: Iterable[GrantKind],
        finding: Finding,
        now: datetime,
    ) -> ProfileFacts:
        """All that is known of one attached profile; None for what cannot be read."""
        instance_id, history = seen.instance_id, self.ledger.history(profile_id)
        described = _or_none(lambda: self.reader.describe(instance_id, profile_id))
        lists = _or_none(lambda: self._lists(instance_id, profile_id, kinds))
        return ProfileFacts(
            id=profile_id,
            name=described.name if described else profile_id,
            type=described.type if described else None,
            tags=described.tags if described else None,
            people=_or_none(lambda: self.reader.people(instance_id, profile_id)),
            agents=self._other_agents(profile_id, seen.key),
            entries=None if lists is None else {kind: len(found) for kind, found in lists.items()},
            namespaces=namespaces(lists.get(GrantKind.MCP, ())) if lists else {},
            qualifiers=frozenset(
                one.qualifier for one in seen.judged if profile_id in one.profile_ids
            ),
            broken=history.broken,
            changes=history.changes_since(now),
            attached_before=_reopened(finding, history),
        )

    def open_breakers(
        self,
        finding: Finding,
        seen: JudgedAgent,
        before: datetime,
        profiles: Profiles,
        now: datetime,
    ) -> tuple[TakenAway, ...]:
        """Open the breaker of each missing grant that we added and somebody took away.

        `before` is when the evaluation began, less the time that reads may be old.
        """
        taken: list[TakenAway] = []
        for profile_id in seen.profile_ids:
            missing = [
                grant
                for grant in finding.missing
                if grant not in profiles.grants(seen.instance_id, profile_id, grant.kind)
            ]
            found = self.ledger.history(profile_id).taken_away(missing, before)
            for one in found:
                who = f"{one.edit.actor.name} ({one.edit.actor.via})" if one.edit else "unknown"
                self.ledger.open_breaker(profile_id, one.grant, f"taken away by {who}", now)
            taken.extend(found)
        return tuple(taken)

    def attached(self, finding: Finding, seen: JudgedAgent) -> bool:
        """Whether we closed an association gap."""
        profile_id = finding.tool_name.removeprefix(GAP_PREFIX)
        if profile_id not in seen.profile_ids:
            return False
        return not _reopened(finding, history := self.ledger.history(profile_id)) and (
            finding.id in history.attached
        )

    def made(self, finding: Finding, seen: JudgedAgent) -> ProfileChange | None:
        """The change of ours that has made a finding go away, if one has."""
        since = finding.opened_at
        if since is None:
            return None
        histories = (self.ledger.history(profile_id) for profile_id in seen.profile_ids)
        return next(
            (one for history in histories if (one := history.fix_of(finding.required, since))), None
        )

    def _lists(
        self, instance_id: str, profile_id: str, kinds: Iterable[GrantKind]
    ) -> dict[GrantKind, tuple[Entry, ...]]:
        return {kind: self.reader.entries(instance_id, profile_id, kind) for kind in sorted(kinds)}

    def _other_agents(self, profile_id: str, key: AgentKey) -> int:
        holders = self.store.agents_with(Edge(EdgeKind.PROFILE, profile_id))
        return len(set(holders) - {key})


def _fought(fix: Refuse) -> bool:
    """Whether somebody has taken the grant away before: not to be got round by another profile."""
    return any(refusal.gate == "breaker" for refusal in fix.refusals)


def _reopened(finding: Finding, history: ProfileHistory) -> bool:
    """Whether we attached the profile for an earlier opening of this finding."""
    at = history.attached.get(finding.id)
    return at is not None and (finding.opened_at is None or finding.opened_at > at)


def _or_none(read: Callable[[], _T]) -> _T | None:
    try:
        return read()
    except _UNREADABLE:
        return None
