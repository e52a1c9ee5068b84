"""The ports that fixing needs. The ledger keeps its stored form; the fix queue hands out one
message per security profile at a time, in order, as a FIFO queue does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tests.fakes.calls import Calls
from tests.fakes.cloud import INSTANCE, Cloud, FakeClock

from toolgrant.adapters.dataclass_json import from_json, to_json
from toolgrant.domain.fixing.history import Breaker, ForeignEdit, ProfileHistory
from toolgrant.domain.fixing.ledger import ProfileChange
from toolgrant.domain.fixing.proposal import Proposal
from toolgrant.domain.fixing.repair import Approval, Repair
from toolgrant.domain.model import GrantKind
from toolgrant.domain.profile_lists import Entry, granted
from toolgrant.domain.records import AgentKey
from toolgrant.domain.requests import UndoRequest
from toolgrant.errors import Conflict, NotFound
from toolgrant.usecases.fix_ports import DescribedProfile, Listed

OPT_IN = {"toolgrant:auto-fix": "true"}
DEDUPLICATION = timedelta(minutes=5)

if TYPE_CHECKING:
    from tests.fakes.fix_world import FixWorld


@dataclass
class Holder:
    """What a profile has beside its grants."""

    type: str = "CUSTOMER_MANAGED"
    tags: dict[str, str] = field(default_factory=lambda: dict(OPT_IN))
    people: int = 0


class FakeWriter:
    """`ProfileWriter` over the cloud of the fakes. `stale` answers from before the last writes."""

    def __init__(self, cloud: Cloud, calls: Calls, world: FixWorld) -> None:
        self._cloud, self._calls, self._world = cloud, calls, world

    def describe(self, instance_id: str, profile_id: str) -> DescribedProfile:
        assert instance_id == INSTANCE
        with self._calls.made("writer.describe", profile_id):
            self._there(profile_id)
            holder = self._world.holders[profile_id]
            name = self._cloud.profiles[profile_id].name
            stamp = self._world.stamp_of(profile_id)
            return DescribedProfile(name, holder.type, dict(holder.tags), stamp)

    def people(self, instance_id: str, profile_id: str) -> int:
        assert instance_id == INSTANCE
        with self._calls.made("writer.people", profile_id):
            holder = self._world.holders.get(profile_id)
            return holder.people if holder else 0  # who is on a profile that is gone: nobody

    def listed(self, instance_id: str, profile_id: str, kind: GrantKind) -> Listed:
        assert instance_id == INSTANCE
        with self._calls.made("writer.listed", profile_id, kind):
            self._there(profile_id)
            stamp = self._world.stamp_of(profile_id, kind)
            return Listed(self._world.listed(profile_id, kind), stamp)

    def _there(self, profile_id: str) -> None:
        if profile_id not in self._cloud.profiles:
            raise NotFound("connect: ResourceNotFoundException")

    def replace(
        self, instance_id: str, profile_id: str, kind: GrantKind, entries: Sequence[Entry]
    ) -> None:
        assert instance_id == INSTANCE
        with self._calls.made("writer.replace", profile_id, kind, tuple(entries)):
            self._world.set_list(profile_id, kind, granted(kind, entries))
            self._world.writes += 1

    def attach(self, instance_id: str, profile_id: str, qualified_arn: str) -> None:
        assert instance_id == INSTANCE
        with self._calls.made("writer.attach", profile_id, qualified_arn):
            held = self._cloud.attached.get(qualified_arn, ())
            self._cloud.attached[qualified_arn] = tuple(dict.fromkeys((*held, profile_id)))

    def detach(self, instance_id: str, profile_id: str, qualified_arn: str) -> None:
        assert instance_id == INSTANCE
        with self._calls.made("writer.detach", profile_id, qualified_arn):
            held = self._cloud.attached.get(qualified_arn, ())
            self._cloud.attached[qualified_arn] = tuple(p for p in held if p != profile_id)

    def create(self, proposal: Proposal) -> str:
        with self._calls.made("writer.create", proposal.name):
            if any(one.name == proposal.name for one in self._cloud.profiles.values()):
                raise Conflict("connect create_security_profile: DuplicateResourceException")
            return self._world.profile(
                proposal.name, *map(str, proposal.grants), tags=dict(proposal.tags)
            )

    def named(self, instance_id: str, name: str) -> str | None:
        assert instance_id == INSTANCE
        with self._calls.made("writer.named", name):
            return next((k for k, one in self._cloud.profiles.items() if one.name == name), None)


class FakeLedger:
    """Keeps everything in the form in which the table keeps it."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.kept: dict[str, str] = {}
        self.edits: dict[tuple[str, str], str] = {}
        self.claims: dict[tuple[str, str], str] = {}
        self.broken: dict[tuple[str, str], str] = {}
        self.approvals: dict[str, str] = {}
        self.mutes: dict[str, datetime | None] = {}
        self.stopped = False

    def all_changes(self) -> list[ProfileChange]:
        """Every change, in the order of their beginning; not a call."""
        changes = [from_json(ProfileChange, json.loads(item)) for item in self.kept.values()]
        return sorted(changes, key=lambda change: (change.began_at, change.id))

    def history(self, profile_id: str) -> ProfileHistory:
        with self.calls.made("ledger.history", profile_id):
            mine = [change for change in self.all_changes() if change.profile_id == profile_id]
            edits = tuple(
                from_json(ForeignEdit, json.loads(item))
                for (edited, _), item in self.edits.items()
                if edited == profile_id
            )
            return ProfileHistory(profile_id, tuple(mine), edits)

    def profiles_of(self, agent: AgentKey) -> tuple[str, ...]:
        with self.calls.made("ledger.profiles_of", agent):
            changes = [change for change in self.all_changes() if change.agent == agent]
            return tuple(sorted({change.profile_id for change in changes}))

    def changes(self) -> dict[str, str]:
        with self.calls.made("ledger.changes"):
            return {change.id: change.profile_id for change in self.all_changes()}

    def open_changes(self) -> dict[str, str]:
        with self.calls.made("ledger.open_changes"):
            return {c.id: c.profile_id for c in self.all_changes() if c.open}

    def save(self, change: ProfileChange) -> ProfileChange:
        with self.calls.made("ledger.save", change):
            kept = self.kept.get(change.id)
            if change.version != (json.loads(kept)["version"] if kept else 0):
                raise Conflict("the change was saved since it was read")
            saved = replace(change, version=change.version + 1)
            self.kept[change.id] = json.dumps(to_json(saved))
            if change.approved_by and not change.open:
                self._use(change.fix_id)
            return saved

    def _use(self, repair_id: str) -> None:
        approval = from_json(Approval, json.loads(self.approvals[repair_id]))
        self.approvals[repair_id] = json.dumps(to_json(replace(approval, used=True)))

    def claim(self, change: ProfileChange, whats: Iterable[str]) -> bool:
        with self.calls.made("ledger.claim", change.id):
            keys = [(change.agent.ai_agent_id, what) for what in whats]
            if any(self._taken(key, change.id) for key in keys):
                return False
            self.claims |= dict.fromkeys(keys, change.id)
            return True

    def claimed(self, agent_ids: Iterable[str], whats: Iterable[str], but: str) -> bool:
        with self.calls.made("ledger.claimed"):
            agents = list(agent_ids)
            return any(self._taken((agent, what), but) for what in whats for agent in agents)

    def _taken(self, key: tuple[str, str], but: str) -> bool:
        holder = self.claims.get(key, but)
        still_open = {change.id for change in self.all_changes() if change.open}
        return holder != but and holder in still_open

    def remember(self, edit: ForeignEdit) -> None:
        with self.calls.made("ledger.remember", edit):
            self.edits[edit.profile_id, edit.event_id] = json.dumps(to_json(edit))

    def forget_others(self, profile_id: str) -> None:
        with self.calls.made("ledger.forget_others", profile_id):
            for key, item in list(self.edits.items()):
                if key[0] == profile_id and json.loads(item)["actor"]["stack"]:
                    del self.edits[key]

    def breakers(self) -> frozenset[Breaker]:
        with self.calls.made("ledger.breakers"):
            return frozenset(from_json(Breaker, json.loads(i)) for i in self.broken.values())

    def open_breakers(self, breakers: Iterable[Breaker]) -> None:
        for breaker in breakers:
            with self.calls.made("ledger.open_breaker", breaker):
                key = breaker.subject, breaker.what
                self.broken[key] = json.dumps(to_json(breaker))

    def close_breakers(self, breakers: Iterable[Breaker]) -> None:
        for breaker in breakers:
            with self.calls.made("ledger.close_breaker", breaker):
                self.broken.pop((breaker.subject, breaker.what), None)

    def approve(self, approval: Approval) -> None:
        with self.calls.made("ledger.approve", approval):
            self.approvals[approval.repair.id] = json.dumps(to_json(approval))

    def approval(self, repair_id: str) -> Approval | None:
        with self.calls.made("ledger.approval", repair_id):
            item = self.approvals.get(repair_id)
            return from_json(Approval, json.loads(item)) if item else None

    def muted(self, now: datetime) -> frozenset[str]:
        with self.calls.made("ledger.muted"):
            return frozenset(k for k, until in self.mutes.items() if not until or until > now)

    def mute(self, target: str, until: datetime | None) -> None:
        with self.calls.made("ledger.mute", target):
            self.mutes[target] = until

    def unmute(self, target: str) -> None:
        with self.calls.made("ledger.unmute", target):
            self.mutes.pop(target, None)

    def paused(self) -> bool:
        with self.calls.made("ledger.paused"):
            return self.stopped

    def pause(self, paused: bool, by: str, at: datetime) -> None:
        with self.calls.made("ledger.pause", paused, by, at):
            self.stopped = paused


class FakeFixQueue:
    def __init__(self, clock: FakeClock, calls: Calls) -> None:
        self.clock, self.calls = clock, calls
        self.waiting: list[Repair | UndoRequest] = []
        self.taken: dict[Repair | UndoRequest, datetime] = {}
        self.seconds = 0.0

    def send(self, request: Repair | UndoRequest) -> None:
        with self.calls.made("fixes.send", request):
            sent = self.taken.get(request)
            if sent is None or self.clock.now() - sent > DEDUPLICATION:
                self.taken[request] = self.clock.now()
                self.waiting.append(request)

    def put_off(self, receipt: str, seconds: float) -> None:
        with self.calls.made("fixes.put_off", receipt, seconds):
            self.seconds = seconds


@dataclass
class FakeStop:
    answer: bool | None = False

    def pulled(self) -> bool | None:
        return self.answer
