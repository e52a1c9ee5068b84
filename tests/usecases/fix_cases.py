"""Small worlds in which something is to be fixed, and looks at what came of it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes import RETRIEVE, Crash, Fault, FixWorld, uuid_of
from tests.fakes.fix_world import WRITER_ROLE

from toolgrant.domain.fixing.rules import Mode
from toolgrant.domain.model import Tool

VIEW = "permission:Wisdom.View"
BASIC = "permission:BasicAgentAccess"
ORDER = "mcp:gw-1a2b/orders-api___GetOrder"
BEFORE = "permission:Tasks.View"
PROFILE = "agent-profile"
HOUR = 3600
OWN = {
    "type": "AssumedRole",
    "arn": "arn:aws:sts::111122223333:assumed-role/toolgrant-RemediateRole/session",
    "sessionContext": {"sessionIssuer": {"arn": WRITER_ROLE}},
}
ANN = {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/Admin/ann"}


def ready(
    *tools: Tool, mode: Mode = Mode.FIX, holder: dict[str, Any] | None = None, **rules: Any
) -> FixWorld:
    """One AI agent with these tools (Retrieve, unless given) and one profile that lacks all."""
    world = FixWorld(mode, **rules)
    world.agent(*(tools or (RETRIEVE,)))
    world.profile(PROFILE, BEFORE, **(holder or {}))
    world.attach(PROFILE)
    return world


def asked(*tools: Tool, **fields: Any) -> FixWorld:
    """The same, looked at: a repair waits in the queue."""
    world = ready(*tools, **fields)
    world.look()
    return world


def fixed(*tools: Tool, **fields: Any) -> FixWorld:
    """The same, repaired an hour ago."""
    world = asked(*tools, **fields)
    assert world.fix() == ["fixed"]
    world.later(HOUR)
    return world


def updated(world: FixWorld, profile: str = PROFILE, **fields: Any) -> str:
    """The record of an UpdateSecurityProfile; `lists` are those that it sent, by their names in the
    API, `by` is who called. Somebody's who sent the permissions, unless given."""
    lists = fields.pop("lists", {"Permissions": ["Tasks.View", "Users.View"]})
    requests = {"SecurityProfileId": uuid_of(profile), **lists}
    identity = fields.pop("by", ANN)
    fields.setdefault("eventID", uuid_of(f"{fields} {lists} {identity}"))
    return world.profile_event(profile, requestParameters=requests, userIdentity=identity, **fields)


def integrity(world: FixWorld) -> list[dict[str, Any]]:
    """The CRITICAL alerts, each once."""
    alerts = {a["alertId"]: a for a in world.notifier.alerts if a["status"] == "integrity"}
    assert all(alert["severity"] == "CRITICAL" for alert in alerts.values())
    return list(alerts.values())


def refused(world: FixWorld) -> list[dict[str, Any]]:
    """The alerts on refusals, each once."""
    alerts = {a["alertId"]: a for a in world.notifier.alerts if a["status"] == "refused"}
    return list(alerts.values())


def notes(*alerts: dict[str, Any]) -> str:
    """All that alerts say about their findings."""
    return "\n".join(
        note for alert in alerts for found in alert["findings"] for note in found["advisories"]
    )


def broken(world: FixWorld) -> set[tuple[str, str]]:
    """(agent or profile, what) of the open breakers."""
    return set(world.ledger.broken)


def audited(world: FixWorld, outcome: str) -> list[dict[str, Any]]:
    """The audit records of an outcome."""
    return [record for record in world.journal.decisions if record["outcome"] == outcome]


def dies(world: FixWorld, call: str, nth: int = 1, after: bool = False) -> None:
    """The process dies in a call while the fix queue is worked off."""
    world.calls.faults.append(Fault(call, nth, Crash(), after=after))
    with pytest.raises(Crash):
        world.fix()


def is_quiet(world: FixWorld) -> bool:
    """Whether a sweep finds nothing to do and nothing to tell."""
    before = len(world.notifier.sent), world.writes
    world.later(HOUR)
    world.sweep()
    world.drain()
    world.fix()
    return (len(world.notifier.sent), world.writes) == before
