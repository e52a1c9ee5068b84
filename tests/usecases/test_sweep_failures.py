"""What fails for one AI agent or one assistant does not hide those behind it, and is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.fakes import (
    ASSISTANT,
    DASHBOARD,
    EVERY_READING,
    INSTANCE,
    RETRIEVE,
    Fault,
    World,
    uuid_of,
)

from toolgrant.domain.records import ON_RECORD, Edge
from toolgrant.errors import (
    AccessDenied,
    OtherSchema,
    RequestRefused,
    ServiceUnavailable,
    Throttled,
)
from toolgrant.usecases.refused_saves import NEVER_EVALUATED
from toolgrant.usecases.sweep import counts

HOUR = timedelta(hours=1)
OTHER = uuid_of("another assistant")


@pytest.fixture(params=EVERY_READING, ids=str)
def world(request: pytest.FixtureRequest) -> World:
    """Five agents that lack Wisdom.View, two to a page."""
    world = World(readings=request.param)
    world.cloud.page = 2
    for number in range(5):
        world.agent(RETRIEVE, name=f"agent {number}")
    return world


def asked_for(world: World) -> list[str]:
    """Ids of the agents that were asked for, in order."""
    return [request.key.ai_agent_id for request, _ in world.calls.to("queue.send")]


def failing(call: str, subject: Any, error: Exception) -> Callable[[str, tuple[Any, ...]], None]:
    """Every call of that name fails whose first argument is `subject`."""

    def on_call(name: str, arguments: tuple[Any, ...]) -> None:
        if name == call and arguments[0] == subject:
            raise error

    return on_call


def swept(world: World) -> dict[str, Any]:
    """What the log says of the newest finished sweep."""
    return [fields for event, fields in world.journal.notes if event == "swept"][-1]


def told(world: World) -> list[dict[str, object]]:
    return [fields for event, fields in world.journal.failures if event == "sweep-failed"]


def everybody_but(*names: str) -> set[str]:
    return {uuid_of(f"agent {number}") for number in range(5)} - {uuid_of(name) for name in names}


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("store.load", OtherSchema("item AGENT#… has schema 2, known is 1")),
        ("store.load", ServiceUnavailable("table get: InternalServerError")),
        ("store.load", AccessDenied("table get: AccessDenied")),
        ("store.load", RequestRefused("table get: Validation")),
    ],
)
def test_one_agent_that_fails_is_named_and_all_others_are_asked_for(
    world: World, call: str, error: Exception
) -> None:
    key = world.key("agent 1")
    world.calls.on_call = failing(call, key, error)

    done = world.sweep()

    assert set(asked_for(world)) == everybody_but("agent 1")
    assert done.finished_at is not None
    assert (counts(done)["agents"], counts(done)["failed"]) == (5, 1)
    assert swept(world)["failedAgents"] == [f"{ASSISTANT} {key.ai_agent_id}"]
    assert told(world) == [
        {
            "assistantId": ASSISTANT,
            "aiAgentId": key.ai_agent_id,
            "error": type(error).__name__,
            "reason": str(error),
        }
    ]
    assert world.journal.metrics["SweepFailures"] == 1
    assert world.journal.metrics["SweepFinished"] == 1


def test_of_a_foreign_error_only_the_type_is_told(world: World) -> None:
    world.calls.on_call = failing("store.load", world.key("agent 1"), KeyError("somebody's data"))

    world.sweep()

    assert told(world)[0]["reason"] == "unexpected KeyError"


def test_a_failed_agent_is_not_taken_for_gone(world: World) -> None:
    world.sweep()
    world.drain()
    world.clock.advance(1)
    key = world.key("agent 1")
    world.calls.forget()
    world.calls.on_call = failing("store.load", key, AccessDenied("denied"))

    done = world.sweep()

    assert key in done.seen
    assert swept(world)["gone"] == 0
    assert uuid_of("agent 1") not in asked_for(world)


def test_throttling_of_one_agent_ends_the_run_and_the_next_goes_on(world: World) -> None:
    world.calls.faults.append(Fault("store.load", 4, Throttled("slow down")))

    stopped = world.sweep(HOUR)
    assert (stopped.finished_at, len(stopped.seen), stopped.failed.count) == (None, 2, 0)

    done = world.sweep(HOUR)
    assert done.finished_at is not None
    assert set(asked_for(world)) == everybody_but()
    assert told(world) == []


@pytest.mark.parametrize("call", ["agents.live", "agents.listed"])
@pytest.mark.parametrize("error", [AccessDenied("denied"), RequestRefused("Validation")])
def test_an_assistant_that_fails_for_good_is_named_and_the_next_is_swept(
    world: World, call: str, error: Exception
) -> None:
    world.cloud.live = {OTHER: {}, **world.cloud.live}
    world.cloud.instances[OTHER] = INSTANCE
    world.calls.on_call = failing(call, OTHER, error)

    done = world.sweep()

    assert set(asked_for(world)) == everybody_but()
    assert done.finished_at is not None
    assert counts(done)["assistantsFailed"] == 1
    assert swept(world)["failedAssistants"] == [OTHER]
    assert told(world) == [
        {"assistantId": OTHER, "error": type(error).__name__, "reason": str(error)}
    ]
    assert world.journal.metrics["SweepFailures"] == 1


def test_agents_of_a_failed_assistant_are_not_taken_for_gone(world: World) -> None:
    world.sweep()
    world.drain()
    world.clock.advance(1)
    world.calls.forget()
    world.calls.on_call = failing("agents.listed", ASSISTANT, AccessDenied("list"))

    world.sweep()

    assert asked_for(world) == []
    assert swept(world)["gone"] == 0


def test_a_page_that_is_always_refused_ends_its_assistant_and_no_endless_loop(world: World) -> None:
    def refuse(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "agents.listed" and arguments[1]:
            raise RequestRefused("ValidationException")

    world.calls.on_call = refuse

    assert counts(world.sweep())["assistantsFailed"] == 1


@pytest.mark.parametrize("call", ["agents.live", "store.load"])
def test_a_sweep_that_could_look_at_nothing_does_not_count_as_finished(
    world: World, call: str
) -> None:
    """So that the alarm of missed sweeps rings: a permission of ours may be missing."""
    world.calls.faults.append(Fault(call, 1, AccessDenied("denied"), times=99))

    world.sweep()

    assert world.journal.metrics["SweepFinished"] == 0


def test_fifty_names_are_kept_and_the_rest_is_counted() -> None:
    world = World()
    for number in range(60):
        world.agent(RETRIEVE, name=f"agent {number}")
    world.calls.faults.append(Fault("store.load", 1, AccessDenied("denied"), times=99))

    done = world.sweep()

    assert counts(done)["failed"] == 60
    assert len(swept(world)["failedAgents"]) == 50


def test_an_agent_that_fails_twice_because_its_list_began_again_is_counted_once(
    world: World,
) -> None:
    world.calls.on_call = failing("store.load", world.key("agent 0"), AccessDenied("denied"))
    answers = iter([True])
    world.sweep(HOUR, lambda: next(answers, False))
    world.calls.faults.append(Fault("agents.listed", 1, RequestRefused("the token is too old")))

    assert counts(world.sweep(HOUR))["failed"] == 1


@pytest.mark.parametrize("edge", [ON_RECORD, NEVER_EVALUATED], ids=lambda edge: edge.kind)
def test_edges_of_a_newer_toolgrant_do_not_keep_it_from_finishing(world: World, edge: Edge) -> None:
    world.calls.on_call = failing("store.agents_with", edge, OtherSchema("item"))

    assert world.sweep().finished_at is not None
    assert told(world) == [
        {"edge": f"{edge.kind} {edge.target}", "error": "OtherSchema", "reason": "item"},
    ]


def test_a_notice_that_cannot_be_read_does_not_keep_others_from_expiring(world: World) -> None:
    for name in ("new one", "new two"):
        world.queue.put(world.refused_save("CreateAIAgent", name=name))
    world.drain()
    world.later(world.settle.total_seconds() + 2)
    world.clock.advance(timedelta(days=8).total_seconds())
    first = next(iter(world.store.records))
    world.calls.on_call = failing("store.load", first, OtherSchema("item"))

    assert world.sweep().finished_at is not None
    assert [one for one in world.told if one.startswith("resolved")] == ["resolved " + DASHBOARD]
