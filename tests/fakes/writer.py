"""The ports that fixing needs. The ledger keeps its stored form; the fix queue hands out one
message per security profile at a time, in order, as a FIFO queue does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tests.fakes.calls import Calls
from tests.fakes.cloud import INSTANCE, Cloud, FakeClock

from toolgrant.adapters.dynamodb import ledger_items
from toolgrant.domain.fixing.ledger import ForeignEdit, ProfileChange, ProfileHistory
from toolgrant.domain.fixing.proposal import Proposal
from toolgrant.domain.model import (
    Grant,
    GrantKind,
)
from toolgrant.domain.profile_lists import Entry, granted
from toolgrant.domain.requests import FixRequest, UndoRequest
from toolgrant.errors import Conflict, NotFound
from toolgrant.usecases.ports import DescribedProfile

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
            holder = self._world.holders[profile_id]
            name = self._cloud.profiles[profile_id].name
            return DescribedProfile(name, holder.type, dict(holder.tags))

    def people(self, instance_id: str, profile_id: str) -> int:
        assert instance_id == INSTANCE
        with self._calls.made("writer.people", profile_id):
            return self._world.holders[profile_id].people

    def entries(self, instance_id: str, profile_id: str, kind: GrantKind) -> tuple[Entry, ...]:
        assert instance_id == INSTANCE
        with self._calls.made("writer.entries", profile_id, kind):
            if profile_id not in self._cloud.profiles:
                raise NotFound("connect: ResourceNotFoundException")
            return self._world.listed(profile_id, kind)

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
    """Keeps changes and edits as the table does."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.changes: dict[str, str] = {}
        self.edits: dict[tuple[str, str], str] = {}
        self.broken: dict[tuple[str, Grant], str] = {}
        self.mutes: dict[str, datetime | None] = {}
        self.stopped = False
        self.attachments: dict[tuple[str, str], datetime] = {}

    def history(self, profile_id: str) -> ProfileHistory:
        with self.calls.made("ledger.history", profile_id):
            changes = [
                ledger_items.change_from_item(key, json.loads(item))
                for key, item in self.changes.items()
            ]
            mine = [change for change in changes if change.profile_id == profile_id]
            return ProfileHistory(
                profile_id,
                tuple(sorted(mine, key=lambda change: (change.began_at, change.id))),
                tuple(
                    ledger_items.edit_from_item(profile_id, event_id, json.loads(item))
                    for (one, event_id), item in self.edits.items()
                    if one == profile_id
                ),
                frozenset(grant for one, grant in self.broken if one == profile_id),
                {
                    finding: at
                    for (one, finding), at in self.attachments.items()
                    if one == profile_id
                },
            )

    def save(self, change: ProfileChange) -> None:
        with self.calls.made("ledger.save", change):
            self.changes[change.id] = json.dumps(ledger_items.change_to_item(change))

    def remember(self, edit: ForeignEdit) -> None:
        with self.calls.made("ledger.remember", edit):
            item = json.dumps(ledger_items.edit_to_item(edit))
            self.edits[edit.profile_id, edit.event_id] = item

    def open_breaker(self, profile_id: str, grant: Grant, reason: str, at: datetime) -> None:
        with self.calls.made("ledger.open_breaker", profile_id, grant, at):
            self.broken[profile_id, grant] = reason

    def close_breaker(self, profile_id: str, grant: Grant) -> None:
        with self.calls.made("ledger.close_breaker", profile_id, grant):
            self.broken.pop((profile_id, grant), None)

    def record_attachment(self, profile_id: str, finding_id: str, at: datetime) -> None:
        with self.calls.made("ledger.record_attachment", profile_id, finding_id):
            self.attachments[profile_id, finding_id] = at

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
        self.waiting: list[FixRequest | UndoRequest] = []
        self.taken: dict[FixRequest | UndoRequest, datetime] = {}

    def send(self, request: FixRequest | UndoRequest) -> None:
        with self.calls.made("fixes.send", request):
            sent = self.taken.get(request)
            if sent is None or self.clock.now() - sent > DEDUPLICATION:
                self.taken[request] = self.clock.now()
                self.waiting.append(request)


@dataclass
class FakeStop:
    answer: bool | None = False

    def pulled(self) -> bool | None:
        return self.answer
