"""What is asked for: the repair of one security profile for one AI agent. Values only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from toolgrant.domain.ids import short_id
from toolgrant.domain.model import GAP_PREFIX, Grant
from toolgrant.domain.records import AgentKey


@dataclass(frozen=True)
class RepairItem:
    """What a repair does about one finding, exactly as it was announced: the finding in this
    opening, the tool id that it had then, the qualifiers and grants. No grants: the profile is
    attached to the qualifiers."""

    finding_id: str
    opened_at: datetime
    tool_name: str
    tool_id: str | None
    qualifiers: tuple[str, ...]
    grants: tuple[Grant, ...] = ()


@dataclass(frozen=True)
class Repair:
    """Everything that one decision wants of one security profile for one AI agent.

    `people` is how many users, `others` which other AI agents hold the profile and would gain, as
    it was announced. `dedicated` is the name of a profile that is still to be created;
    `profile_id` is then empty.
    """

    id: str
    agent: AgentKey
    profile_id: str
    profile_name: str
    items: tuple[RepairItem, ...]
    planned_at: datetime
    people: int = 0
    others: tuple[AgentKey, ...] = ()
    dedicated: str = ""

    @property
    def group(self) -> str:
        """What must be done one after the other: writes to one profile."""
        return self.profile_id or self.agent.ai_agent_id

    @property
    def grants(self) -> tuple[Grant, ...]:
        """All that is added, each once."""
        return tuple(sorted({grant for item in self.items for grant in item.grants}))

    @property
    def attaches(self) -> tuple[str, ...]:
        """The qualifiers that the profile is attached to."""
        return tuple(sorted({q for item in self.items if not item.grants for q in item.qualifiers}))

    @property
    def whats(self) -> frozenset[str]:
        """All that it gives, as breakers and claims name it."""
        attached = {attachment(self.profile_id)} if self.attaches else set()
        return frozenset(map(str, self.grants)) | attached

    def of(self, items: Iterable[RepairItem]) -> Repair:
        """The same repair, with these items only."""
        return replace(self, items=tuple(items))

    def asked(self, at: datetime) -> Repair:
        """The repair that an approval at this time asks for."""
        return replace(self, id=short_id("fix", self.id, at.isoformat()), planned_at=at)


@dataclass(frozen=True)
class Shown:
    """What an alert offered: repairs that wait for an approval."""

    alert_id: str
    at: datetime
    offers: tuple[Repair, ...]


@dataclass(frozen=True)
class Approval:
    """What an operator approved: exactly this repair, as it was shown. `used` once a write or a
    refusal came of it."""

    repair: Repair
    by: str
    at: datetime
    used: bool = False


def attachment(profile_id: str) -> str:
    """An attached profile, where grants are written too."""
    return f"{GAP_PREFIX}{profile_id}"
