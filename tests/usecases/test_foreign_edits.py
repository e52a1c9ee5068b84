"""Edits of others: recorded, told where they met a write of ours, and named when they fight it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.fakes import RETRIEVE, FixWorld, uuid_of

VIEW = "permission:Wisdom.View"
OTHERS = "arn:aws:sts::111122223333:assumed-role/Admin/ann"
WRITER = "arn:aws:sts::111122223333:assumed-role/writer/session"


def world_with() -> FixWorld:
    world = FixWorld()
    world.agent(RETRIEVE)
    world.profile("agent-profile", "permission:Tasks.View")
    world.attach("agent-profile")
    return world


def updated(world: FixWorld, arn: str = OTHERS, **fields: Any) -> str:
    """An UpdateSecurityProfile that sent the permissions."""
    requests = {
        "InstanceId": "i",
        "SecurityProfileId": uuid_of("agent-profile"),
        "Permissions": ["Tasks.View"],
    }
    identity = {"type": "AssumedRole", "arn": arn, **fields.pop("identity", {})}
    return world.profile_event(
        "agent-profile", requestParameters=requests, userIdentity=identity, **fields
    )


def integrity(world: FixWorld) -> list[dict[str, Any]]:
    return [alert for alert in world.notifier.alerts if alert["status"] == "integrity"]


def test_an_edit_on_record_before_the_end_of_the_write_is_critical() -> None:
    world = world_with()
    world.look()
    world.before("writer.replace", lambda: world.handle(updated(world)) and None)

    assert world.fix() == ["fixed"]

    (alert,) = {one["alertId"]: one for one in integrity(world)}.values()
    assert alert["severity"] == "CRITICAL"
    assert alert["changeId"] == world.change_ids[0]
    assert "Admin/ann" in alert["findings"][0]["advisories"][0]
    assert VIEW in alert["findings"][0]["advisories"][1]


def test_an_edit_in_the_window_whose_event_comes_late_is_critical() -> None:
    world = world_with()
    world.look()
    at = world.clock.now()
    world.fix()
    world.clock.advance(600)

    world.handle(updated(world, at=at), updated(world, at=at))

    assert len({one["alertId"] for one in integrity(world)}) == 1


def test_edits_outside_of_the_window_are_nobodys_business() -> None:
    world = world_with()
    world.look()
    began = world.clock.now()
    world.fix()
    world.clock.advance(600)

    world.handle(
        updated(world, at=began - timedelta(minutes=1)), updated(world, at=world.clock.now())
    )

    assert integrity(world) == []


def test_our_own_write_only_confirms() -> None:
    world = world_with()
    world.look()
    at = world.clock.now()
    world.fix()

    world.handle(updated(world, WRITER, at=at))

    assert integrity(world) == []
    assert world.ledger.edits == {}
    assert world.told == ["opened Retrieve", "fixed Retrieve"]


def test_a_grant_taken_away_by_cloudformation_is_named_with_the_remedy() -> None:
    world = world_with()
    world.look_and_fix()
    world.clock.advance(3600)
    world.edit("agent-profile", remove=[VIEW])
    by = {"invokedBy": "cloudformation.amazonaws.com"}
    world.queue.put(updated(world, identity=by))
    world.drain()
    world.later(120)

    assert world.fix() == []
    notes = world.notifier.alerts[-1]["findings"][0]["advisories"]
    assert notes[0].startswith("CloudFormation (")
    assert 'AWS::Connect::SecurityProfile, Permissions: add - "Wisdom.View"' in notes[0]


def test_a_write_of_something_else_under_an_open_intent_is_unattributed() -> None:
    world = world_with()
    world.look()
    (request,) = world.fixes.waiting

    def die() -> None:
        raise KeyboardInterrupt

    world.before("writer.replace", die)
    try:
        world.work(request)
    except KeyboardInterrupt:
        world.calls.on_call = lambda *_: None
    world.edit("agent-profile", add=[VIEW])
    world.handle(updated(world))

    assert world.work(request) == "in-doubt"

    assert world.writes == 0
    alerts = [one for one in integrity(world) if one["changeId"] == world.change_ids[0]]
    assert any("cannot tell" in one["findings"][0]["advisories"][0] for one in alerts)
    world.operate("undo", world.change_ids[0])
    assert world.fix()[-1] == "undo-refused"
    assert VIEW in world.grants("agent-profile")
