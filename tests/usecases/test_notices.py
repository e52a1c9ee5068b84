"""Refused saves: told once with their remedy, over with the next save or after a week."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.fakes import DASHBOARD, INSTANCE, NOON, RETRIEVE, World

from toolgrant.domain.model import FindingKind
from toolgrant.domain.records import created_key

HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)


@pytest.fixture
def world() -> World:
    """An agent in good order, looked at an hour ago."""
    world = World()
    world.agent(RETRIEVE)
    world.profile("Agents", "permission:Wisdom.View")
    world.attach("Agents")
    world.handle(world.event(at=NOON - HOUR))
    world.calls.forget()
    return world


def notices(world: World, agent: str = "agent") -> list[str]:
    return [
        str(finding.state)
        for finding in world.findings(agent).values()
        if finding.kind is FindingKind.REFUSED_SAVE
    ]


def test_a_refused_save_is_told_at_once_with_its_remedy_and_without_any_call(world: World) -> None:
    assert world.handle(world.refused_save()) == set()

    (alert,) = world.notifier.alerts
    (finding,) = alert["findings"]
    assert (finding["kind"], finding["verdict"]) == ("refused-save", "UNKNOWN")
    assert (finding["toolId"], finding["missing"]) == (DASHBOARD, [])
    assert alert["actor"]["name"] == "Admin/ann"
    assert alert["instanceId"] == INSTANCE
    assert "remove the tool" in world.notifier.sent[0].bodies["email"]
    assert world.calls.count("agents.").total() == world.calls.count("profiles.").total() == 0


def test_it_is_told_once_however_often_the_save_is_tried(world: World) -> None:
    for minute in range(5):
        world.handle(world.refused_save(at=NOON + timedelta(minutes=minute)))

    assert len(world.notifier.alerts) == 1


def test_a_look_meanwhile_keeps_it(world: World) -> None:
    world.handle(world.refused_save())
    world.queue.put(world.event("AssociateSecurityProfiles", requestParameters=None))
    world.sweep()
    world.drain()

    assert notices(world) == ["open"]


@pytest.mark.parametrize("save", ["UpdateAIAgent", "CreateAIAgentVersion"])
def test_it_is_over_with_the_next_save_that_goes_well(world: World, save: str) -> None:
    world.handle(world.refused_save())
    world.clock.advance(60)

    world.handle(world.event(save))

    assert notices(world) == ["resolved"]
    assert world.notifier.alerts[-1]["findings"][0]["resolution"] == "saved"


def test_a_refusal_older_than_a_save_that_went_well_is_not_told(world: World) -> None:
    world.handle(world.event(at=NOON))

    world.handle(world.refused_save(at=NOON - timedelta(seconds=5)))

    assert world.told == []


def test_a_refusal_after_the_save_is_told_as_reopened(world: World) -> None:
    world.handle(world.refused_save())
    world.clock.advance(60)
    world.handle(world.event())
    world.clock.advance(60)

    world.handle(world.refused_save())

    assert [alert["status"] for alert in world.notifier.alerts] == [
        "opened",
        "resolved",
        "reopened",
    ]


@pytest.mark.parametrize(("age", "states"), [(WEEK, ["open"]), (WEEK + HOUR, ["resolved"])])
def test_it_is_over_after_a_week(world: World, age: timedelta, states: list[str]) -> None:
    world.handle(world.refused_save())
    world.clock.advance(age.total_seconds())

    world.sweep()
    world.drain()

    assert notices(world) == states


def test_it_goes_with_its_agent(world: World) -> None:
    world.handle(world.refused_save())
    world.delete_agent()
    world.clock.advance(120)

    world.handle(world.event("DeleteAIAgent"))

    assert notices(world) == ["resolved"]


def test_a_refused_creation_is_told_and_over_when_the_agent_is_made() -> None:
    world = World()
    world.handle(world.refused_save("CreateAIAgent", name="agent"))
    assert [alert["agent"]["name"] for alert in world.notifier.alerts] == ["agent"]
    world.clock.advance(60)
    world.agent(name="agent")

    world.handle(world.created())

    key = created_key(world.key().assistant_id, "agent")
    assert [str(one.state) for one in world.store.record(key).findings.values()] == ["resolved"]
    assert [alert["status"] for alert in world.notifier.alerts] == ["opened", "resolved"]


def test_the_creation_of_another_agent_does_not_end_it() -> None:
    world = World()
    world.handle(world.refused_save("CreateAIAgent", name="agent"))
    world.clock.advance(60)
    world.agent(name="another")

    world.handle(world.created("another"))

    assert [alert["status"] for alert in world.notifier.alerts] == ["opened"]


def test_a_creation_that_is_never_made_good_is_over_after_a_week() -> None:
    world = World()
    world.handle(world.refused_save("CreateAIAgent", name="agent"))
    world.clock.advance((WEEK + HOUR).total_seconds())

    world.sweep()
    world.sweep()

    assert [alert["status"] for alert in world.notifier.alerts] == ["opened", "resolved"]
    assert world.notifier.alerts[1]["findings"][0]["resolution"] == "expired"


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("UpdateAIAgent", {"errorMessage": "Something else is wrong"}),
        ("UpdateAIAgent", {"errorMessage": None}),
        ("DeleteAIAgent", {}),
    ],
)
def test_other_refusals_are_only_skipped(
    world: World, name: str, fields: dict[str, object]
) -> None:
    world.handle(world.refused_save(name, **fields))

    assert world.told == []
    assert world.outcomes[-1] == "skipped"


def test_a_refused_save_of_an_agent_never_seen_is_kept_until_it_is() -> None:
    world = World()
    world.handle(world.refused_save(at=NOON - HOUR))
    world.agent(RETRIEVE)

    world.look()

    assert [alert["status"] for alert in world.notifier.alerts][:2] == ["opened", "resolved"]
    assert world.states()["insufficient Retrieve"] == "open"
