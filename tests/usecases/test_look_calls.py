"""How few calls one look costs: the quotas are shared with the customer's own automation."""

from __future__ import annotations

import pytest
from tests.fakes import (
    DESCRIBE_CONTACT,
    ESCALATE,
    GET_ORDER,
    MODULE,
    MYSTERY,
    RETRIEVE,
    UPDATE_CASE,
    Readings,
    World,
    uuid_of,
)

from toolgrant.domain.model import DRAFT, LATEST, Tool


def service_calls(world: World) -> dict[str, int]:
    """Calls that reach Connect or Q in Connect."""
    return {
        name: count
        for name, count in sorted(world.calls.count().items())
        if name.startswith(("agents.", "profiles."))
    }


def test_a_draft_alone_costs_one_read_per_version_and_one_list_of_profiles() -> None:
    world = World()
    world.agent(RETRIEVE)
    world.profile("Agents", "permission:Wisdom.View")
    world.attach("Agents")
    world.store.instances = dict(world.cloud.instances)

    world.handle(world.event())

    assert service_calls(world) == {
        "agents.get": 2,  # the draft; $LATEST, which is not there
        "agents.live": 1,
        "profiles.attached": 1,
        "profiles.grants": 1,
    }


def test_three_versions_with_one_profile_cost_one_read_and_one_list_each() -> None:
    world = World()
    world.agent(RETRIEVE, UPDATE_CASE)
    world.publish(4)
    world.profile("Agents", "permission:Wisdom.View")
    world.attach("Agents", on=(DRAFT, LATEST, "4"))
    world.store.instances = dict(world.cloud.instances)

    world.handle(world.event())

    assert [arguments[1] for arguments in world.calls.to("agents.get")] == [DRAFT, LATEST, "4"]
    assert len(set(world.calls.to("profiles.attached"))) == 3
    assert service_calls(world) == {
        "agents.get": 3,
        "agents.live": 1,
        "profiles.attached": 3,
        "profiles.grants": 1,
    }


@pytest.mark.parametrize(
    ("tools", "kinds"),
    [
        ((), []),
        ((ESCALATE,), []),
        ((MYSTERY,), []),
        ((RETRIEVE, DESCRIBE_CONTACT), ["permission"]),
        ((GET_ORDER,), ["mcp"]),
        ((MODULE,), ["flow-module"]),
        ((Tool("handoff:a", "AI_AGENT", "arn:aws:x/a"),), ["ai-agent"]),
        ((RETRIEVE, GET_ORDER, MODULE), ["flow-module", "mcp", "permission"]),
    ],
)
def test_only_the_lists_that_some_tool_needs_are_read(
    tools: tuple[Tool, ...], kinds: list[str]
) -> None:
    world = World()
    world.agent(*tools)
    world.profile("Agents")
    world.attach("Agents")

    world.handle(world.event())

    assert sorted(str(kind) for _, _, kind in world.calls.to("profiles.grants")) == kinds


def test_ten_events_on_one_agent_cost_one_evaluation() -> None:
    world = World()
    world.agent(RETRIEVE)
    once = World()
    once.agent(RETRIEVE)
    once.handle(once.event())

    world.handle(*[world.event() for _ in range(10)])

    assert service_calls(world) == service_calls(once)
    assert world.outcomes == ["evaluated"]


def test_two_agents_of_one_assistant_with_one_profile_share_what_is_the_same() -> None:
    world = World()
    world.profile("Agents")
    for name in ("one", "two"):
        world.agent(RETRIEVE, name=name)
        world.attach("Agents", agent=name)

    world.handle(world.event(agent="one"), world.event(agent="two"))

    assert service_calls(world) == {
        "agents.get": 4,
        "agents.live": 1,
        "profiles.attached": 2,
        "profiles.grants": 1,
        "profiles.instances": 1,
    }


def test_what_was_read_is_not_kept_for_the_next_batch() -> None:
    world = World()
    world.agent(RETRIEVE)
    world.look()
    assert world.states() == {"insufficient Retrieve": "open"}

    world.profile("Agents", "permission:Wisdom.View")
    world.attach("Agents")
    world.look()

    assert world.states() == {"insufficient Retrieve": "resolved"}


def test_the_instance_is_looked_up_once_and_remembered() -> None:
    world = World()
    world.agent(RETRIEVE)

    world.handle(world.event())
    world.handle(world.event())

    assert world.calls.count("profiles.instances").total() == 1


def test_an_agent_that_names_its_instance_needs_no_look_up() -> None:
    world = World()
    key = world.agent(RETRIEVE, instance_arn="arn:aws:connect:us-east-1:1:instance/own-instance")

    world.handle(world.event())

    assert world.store.record(key).instance_id == "own-instance"
    assert world.calls.count("profiles.instances").total() == 0
    assert world.calls.count("store.instance_of").total() == 0


def test_names_are_read_only_when_an_alert_tells_people_to_open_a_profile() -> None:
    world = World()
    world.agent(RETRIEVE)
    world.profile("Agents")
    world.attach("Agents")

    world.handle(world.event())  # only suspected so far
    assert world.calls.to("profiles.name") == []

    world.later(61)
    assert [profile for _, profile in world.calls.to("profiles.name")] == [uuid_of("Agents")]

    world.profile("Agents", "permission:Wisdom.View")
    world.look()  # resolved: nothing to open
    assert world.told == ["opened Retrieve", "resolved Retrieve"]
    assert len(world.calls.to("profiles.name")) == 1


@pytest.mark.parametrize(
    ("readings", "asked"),
    [
        (Readings("draft", says_so=True), [LATEST, "1"]),
        (Readings("latest", says_so=True), [DRAFT, "1"]),
        (Readings("draft", says_so=False), [DRAFT, LATEST, "1"]),
        (Readings("latest", says_so=False), [DRAFT, LATEST, "1"]),
    ],
    ids=str,
)
def test_of_what_the_sweep_listed_only_the_qualifier_that_is_proven_needs_no_read(
    readings: Readings, asked: list[str]
) -> None:
    world = World(readings=readings)
    world.agent(RETRIEVE)
    world.publish(1)
    world.profile("Agents", "permission:Wisdom.View")
    world.attach("Agents", on=(DRAFT, LATEST, "1"))
    world.sweep()
    assert world.calls.to("agents.get") == []
    world.calls.forget()

    world.drain()

    assert world.outcomes == ["evaluated"]
    assert [qualifier for _, qualifier in world.calls.to("agents.get")] == asked
    assert service_calls(world) == {
        "agents.get": len(asked),
        "profiles.attached": 3,
        "profiles.grants": 1,
    }


def test_a_stale_event_costs_no_call() -> None:
    world = World()
    world.agent(RETRIEVE)
    late = world.event(at=world.clock.now())
    world.clock.advance(62)
    world.handle(world.event())
    world.calls.forget()

    world.handle(late)

    assert service_calls(world) == {}
    assert world.outcomes == ["evaluated", "stale"]


@pytest.mark.parametrize(("age", "outcome"), [(61, "evaluated"), (62, "stale")])
def test_an_event_is_stale_once_a_look_began_after_it_had_settled(age: int, outcome: str) -> None:
    # 60 s to settle, and one more: CloudTrail cuts times to whole seconds
    world = World()
    world.agent(RETRIEVE)
    late = world.event(at=world.clock.now())
    world.clock.advance(age)
    world.handle(world.event())

    world.handle(late)

    assert world.outcomes[-1] == outcome
