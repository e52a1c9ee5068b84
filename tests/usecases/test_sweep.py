"""The sweep finds what no event told of, in pages, over as many runs as it takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.fakes import ASSISTANT, EVERY_READING, RETRIEVE, Fault, World, uuid_of

from toolgrant.adapters.change_messages import parse_message
from toolgrant.domain.model import DRAFT, LATEST
from toolgrant.domain.requests import AgentRequest
from toolgrant.errors import RequestRefused, Throttled
from toolgrant.usecases.sweep import counts

HOUR = timedelta(hours=1)


@pytest.fixture(params=EVERY_READING, ids=str)
def world(request: pytest.FixtureRequest) -> World:
    """Five agents that lack Wisdom.View, two to a page."""
    world = World(readings=request.param)
    world.cloud.page = 2
    for number in range(5):
        world.agent(RETRIEVE, name=f"agent {number}")
    return world


def asked(world: World) -> list[AgentRequest]:
    """What waits in the queue."""
    requests = [parse_message(waiting.body) for waiting in world.queue.waiting]
    return [request for request in requests if isinstance(request, AgentRequest)]


def times(number: int) -> Callable[[], bool]:
    """There is time for so many pages."""
    answers = iter([True] * number)
    return lambda: next(answers, False)


def test_every_agent_is_looked_at_and_told_of_once(world: World) -> None:
    progress = world.sweep()
    world.drain()

    assert (len(progress.seen), progress.enqueued, progress.skipped) == (5, 5, 0)
    assert world.told == ["opened Retrieve"] * 5
    assert world.journal.metrics["SweepFinished"] == 1


def test_what_a_list_proves_is_not_asked_for_and_all_else_is_by_its_name(world: World) -> None:
    world.publish(1, name="agent 0")
    world.sweep()
    world.drain()

    readings, asked_of = world.cloud.readings, [q for _, q in world.calls.to("agents.get")]
    proven = Counter([DRAFT] * 5 if readings.described == "draft" else _shown_as_latest(world))
    wanted = Counter([DRAFT, LATEST] * 5 + ["1"])
    assert Counter(asked_of) == wanted - (proven if readings.says_so else Counter())
    assert world.calls.count("agents.live").total() == 1
    assert world.store.record(world.key("agent 0")).qualifiers == (DRAFT, LATEST, "1")


def _shown_as_latest(world: World) -> list[str]:
    """An AI agent without `$LATEST` is shown by its draft."""
    keys = [world.key(f"agent {number}") for number in range(5)]
    return [LATEST if world.cloud.version(key, LATEST) else DRAFT for key in keys]


def test_only_live_numbers_are_judged_and_latest_is_what_the_service_says(world: World) -> None:
    key = world.agent(name="agent 0")
    world.publish(9, name="agent 0", live=False)
    world.agent(RETRIEVE, name="agent 0")
    world.publish(10, name="agent 0", live=False)
    world.make_live("9", name="agent 0")

    world.sweep()
    world.drain()

    judged = next(r for r in world.journal.decisions if r["aiAgentId"] == key.ai_agent_id)
    assert [(one["qualifier"], len(one["tools"])) for one in judged["verdicts"]] == [
        (DRAFT, 1),
        (LATEST, 1),
        ("9", 0),
    ]


def test_a_run_without_time_for_all_is_taken_up_by_the_next(world: World) -> None:
    first = world.sweep(HOUR, times(1))
    assert (len(asked(world)), first.finished_at, counts(first)["assistantsLeft"]) == (2, None, 1)

    world.clock.advance(60)
    second = world.sweep(HOUR, times(1))
    third = world.sweep(HOUR, times(1))

    assert (second.finished_at, len(third.seen)) == (None, 5)
    assert third.finished_at is not None
    assert len({request.key for request in asked(world)}) == len(asked(world)) == 5


def test_a_new_sweep_begins_only_when_it_is_due(world: World) -> None:
    world.sweep(HOUR)
    world.drain()
    world.calls.forget()

    world.clock.advance(3599)
    world.sweep(HOUR)
    assert world.calls.count("agents.").total() == 0

    world.clock.advance(1)
    world.sweep(HOUR)
    assert world.calls.count("agents.listed").total() == 3


def test_a_call_by_hand_sweeps_now(world: World) -> None:
    world.sweep(HOUR)
    world.clock.advance(1)

    assert world.sweep().enqueued == 5


def test_an_agent_evaluated_since_the_sweep_began_is_not_asked_for_again(world: World) -> None:
    world.sweep(HOUR, times(1))
    world.clock.advance(1)
    world.handle(world.event(agent="agent 4"))

    done = world.sweep(HOUR)

    assert (done.enqueued, done.skipped) == (4, 1)
    assert uuid_of("agent 4") not in {request.key.ai_agent_id for request in asked(world)[4:]}


def test_throttling_ends_the_run_and_the_next_goes_on(world: World) -> None:
    world.calls.faults.append(Fault("agents.listed", 2, Throttled("slow down")))

    assert world.sweep(HOUR).finished_at is None
    done = world.sweep(HOUR)

    assert done.finished_at is not None
    assert {request.key for request in asked(world)} == {
        world.key(f"agent {number}") for number in range(5)
    }


def test_a_list_token_that_became_too_old_starts_that_assistant_again(world: World) -> None:
    world.sweep(HOUR, times(1))
    world.calls.faults.append(Fault("agents.listed", 1, RequestRefused("ValidationException")))

    done = world.sweep(HOUR)

    assert done.finished_at is not None
    assert len({request.key for request in asked(world)}) == 5


def test_an_assistant_that_is_deleted_meanwhile_is_passed_over(world: World) -> None:
    world.sweep(HOUR, times(1))
    del world.cloud.live[ASSISTANT]

    assert world.sweep(HOUR).finished_at is not None


def test_agents_on_record_that_no_list_names_are_asked_for_and_closed(world: World) -> None:
    world.sweep()
    world.drain()
    world.delete_agent("agent 3")
    world.clock.advance(1)

    world.sweep()
    world.drain()

    assert world.states("agent 3") == {"insufficient Retrieve": "resolved"}
    assert world.told == ["opened Retrieve"] * 5 + ["resolved Retrieve"]


def test_an_agent_of_an_assistant_that_is_gone_is_closed(world: World) -> None:
    world.sweep()
    world.drain()
    for number in range(5):
        world.delete_agent(f"agent {number}")
    del world.cloud.live[ASSISTANT]
    world.clock.advance(1)

    world.sweep()
    world.drain()

    assert world.told[5:] == ["resolved Retrieve"] * 5


def test_system_agents_that_nobody_uses_are_left_out(world: World) -> None:
    world.agent(RETRIEVE, name="agent 0", origin="SYSTEM")
    world.agent(RETRIEVE, name="agent 1", origin="SYSTEM")
    world.make_live(LATEST, name="agent 1")

    world.sweep()

    keys = {request.key for request in asked(world)}
    assert world.key("agent 0") not in keys
    assert world.key("agent 1") in keys


def test_agents_of_other_types_are_left_out(world: World) -> None:
    world.agent(RETRIEVE, name="agent 0", type="MANUAL_SEARCH")

    assert world.sweep().enqueued == 4


def test_instances_are_read_once_and_remembered(world: World) -> None:
    world.sweep()
    world.drain()

    assert world.store.instances == world.cloud.instances
    assert world.calls.count("profiles.instances").total() == 1


def test_a_list_never_seems_newer_than_it_is(world: World) -> None:
    """An evaluation that began while the lists were read must win over what they said."""
    key = world.key("agent 0")

    def on_call(name: str, _: tuple[Any, ...]) -> None:
        if name == "queue.send":
            world.clock.advance(30)  # paced calls take their time
            if world.store.record(key).version == 0:
                world.profile("Agents", "permission:Wisdom.View")
                world.attach("Agents", agent="agent 0")
                world.agent(name="agent 0")  # the tool is removed …
                world.handle(world.event(agent="agent 0"))  # … and that is known

    world.calls.on_call = on_call
    world.sweep()
    world.calls.on_call = lambda *_: None
    world.drain()

    assert world.store.record(key).version == 1
    assert [r["outcome"] for r in world.journal.decisions if r["aiAgentId"] == key.ai_agent_id] == [
        "evaluated",
        "stale",
    ]


def test_what_the_sweep_observed_gives_way_to_an_event(world: World) -> None:
    world.sweep()
    world.agent(name="agent 0")
    world.queue.put(world.event(agent="agent 0"))

    world.drain()

    assert world.findings("agent 0") == {}
