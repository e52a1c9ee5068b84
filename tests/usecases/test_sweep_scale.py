"""The sweep over many AI agents: page by page, interrupted, overlapping, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.adapters.gateways import Gateways
from tests.emulator.world import ACCOUNT, REGION, orchestration
from tests.fakes import (
    ASSISTANT,
    EVERY_READING,
    INSTANCE,
    RETRIEVE,
    Fault,
    World,
    make_deps,
    uuid_of,
)

from connect_emulator import Emulator, seed, serve
from toolgrant.adapters.change_messages import parse_message
from toolgrant.domain.model import DRAFT
from toolgrant.domain.records import AgentKey
from toolgrant.errors import NotFound, RequestRefused, ServiceUnavailable, Throttled
from toolgrant.usecases.batch import Message, handle_batch
from toolgrant.usecases.sweep import sweep

SIX_HOURS = timedelta(hours=6)
PAGE = 10


@pytest.fixture(params=EVERY_READING, ids=str)
def world(request: pytest.FixtureRequest) -> World:
    """25 agents of one assistant in three pages, none of which is granted what it needs."""
    world = World(readings=request.param)
    world.cloud.page = PAGE
    for number in range(25):
        world.agent(RETRIEVE, name=f"agent {number}")
    return world


def pages(count: int) -> Callable[[], bool]:
    """Time for this many pages."""
    left = iter([True] * count)
    return lambda: next(left, False)


def second_assistant(world: World, *agents: str) -> str:
    """Another assistant of the same instance, listed after the first, with these agents."""
    assistant = uuid_of("another assistant")
    world.cloud.live[assistant] = {}
    world.cloud.instances[assistant] = INSTANCE
    for name in agents:
        draft = world.cloud.agents[world.agent(RETRIEVE, name=name), DRAFT]
        world.delete_agent(name)
        key = AgentKey(assistant, draft.ai_agent_id)
        arn = draft.arn.replace(ASSISTANT, assistant)
        world.cloud.agents[key, DRAFT] = replace(draft, assistant_id=assistant, arn=arn)
    return assistant


def asked_for(world: World) -> list[str]:
    """Ids of the agents that were asked for, in order."""
    return [request.key.ai_agent_id for request, _ in world.calls.to("queue.send")]


def services_called(world: World) -> dict[str, int]:
    return dict(world.calls.count("agents.") + world.calls.count("profiles."))


EVERYBODY = {uuid_of(f"agent {number}") for number in range(25)}


# --- pages


def test_every_agent_of_every_page_is_asked_for_once(world: World) -> None:
    progress = world.sweep()

    assert sorted(asked_for(world)) == sorted(EVERYBODY)
    assert [token for _, token in world.calls.to("agents.listed")] == [None, "10", "20"]
    assert progress.finished_at is not None


def test_every_assistant_is_swept(world: World) -> None:
    second_assistant(world, "one more")

    world.sweep()
    world.drain()

    assert set(asked_for(world)) == EVERYBODY | {uuid_of("one more")}
    assert len(world.told) == 26


def test_a_deleted_assistant_is_passed_over(world: World) -> None:
    gone = second_assistant(world, "one more")

    def delete(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "agents.live" and arguments[0] == gone:
            raise NotFound("qconnect get_assistant: ResourceNotFoundException")

    world.calls.on_call = delete

    assert world.sweep().finished_at is not None
    assert set(asked_for(world)) == EVERYBODY


# --- interrupted


def test_out_of_time_it_stops_after_a_page_and_the_next_run_goes_on(world: World) -> None:
    first = world.sweep(SIX_HOURS, pages(1))
    assert (len(asked_for(world)), first.finished_at) == (PAGE, None)
    assert world.journal.metrics["SweepFinished"] == 0

    world.clock.advance(900)
    second = world.sweep(SIX_HOURS, pages(1))
    assert (len(asked_for(world)), second.finished_at) == (2 * PAGE, None)

    world.clock.advance(900)
    third = world.sweep(SIX_HOURS, pages(5))
    assert sorted(asked_for(world)) == sorted(EVERYBODY)
    assert third.finished_at == world.clock.now()
    assert third.started_at == first.started_at
    assert world.journal.metrics["SweepFinished"] == 1


def test_what_was_evaluated_since_it_began_is_skipped(world: World) -> None:
    world.sweep(SIX_HOURS, pages(1))
    world.clock.advance(60)
    world.handle(world.event(agent="agent 15"))
    world.calls.forget()

    progress = world.sweep(SIX_HOURS)

    assert uuid_of("agent 15") not in asked_for(world)
    assert (progress.enqueued, progress.skipped, len(progress.seen)) == (24, 1, 25)


def test_what_was_evaluated_before_it_began_is_not_skipped(world: World) -> None:
    world.handle(world.event(agent="agent 15"))
    world.clock.advance(60)
    world.calls.forget()

    world.sweep()

    assert uuid_of("agent 15") in asked_for(world)


def test_a_page_token_that_is_too_old_starts_the_assistant_again(world: World) -> None:
    world.sweep(SIX_HOURS, pages(1))
    world.drain()
    world.calls.forget()
    world.calls.faults.append(Fault("agents.listed", 1, RequestRefused("ValidationException")))

    progress = world.sweep(SIX_HOURS)

    assert [token for _, token in world.calls.to("agents.listed")] == ["10", None, "10", "20"]
    assert len(asked_for(world)) == 15  # the first page was evaluated meanwhile
    assert (progress.skipped, progress.finished_at is not None) == (PAGE, True)


def test_throttling_stops_it_quietly_and_the_next_run_goes_on(world: World) -> None:
    world.calls.faults.append(Fault("agents.listed", 2, Throttled("TooManyRequestsException")))

    stopped = world.sweep(SIX_HOURS)
    assert (len(asked_for(world)), stopped.finished_at) == (PAGE, None)

    assert world.sweep(SIX_HOURS).finished_at is not None
    assert sorted(asked_for(world)) == sorted(EVERYBODY)


def test_a_failing_assistant_keeps_it_unfinished_until_it_answers(world: World) -> None:
    failing = second_assistant(world, "one more")

    def fail(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "agents.listed" and arguments[0] == failing:
            raise ServiceUnavailable("qconnect list_ai_agents: InternalServerException")

    world.calls.on_call = fail
    for _ in range(2):
        with pytest.raises(ServiceUnavailable):
            world.sweep(SIX_HOURS)
    assert world.store.progress is not None
    assert world.store.progress.assistants == (failing,)
    assert world.journal.metrics["SweepFinished"] == 0
    assert len(asked_for(world)) == 25  # the other assistant is not swept over and over

    world.calls.on_call = lambda *_: None
    assert world.sweep(SIX_HOURS).finished_at is not None
    assert world.journal.metrics["SweepFinished"] == 1
    assert set(asked_for(world)) == EVERYBODY | {uuid_of("one more")}


# --- when


def test_before_it_is_due_it_asks_the_services_nothing(world: World) -> None:
    world.sweep()
    world.drain()
    world.calls.forget()
    world.clock.advance(SIX_HOURS.total_seconds() - 1)

    world.sweep(SIX_HOURS)

    assert services_called(world) == {}
    assert asked_for(world) == []


def test_when_it_is_due_it_begins_anew(world: World) -> None:
    first = world.sweep()
    world.drain()
    world.clock.advance(SIX_HOURS.total_seconds())

    second = world.sweep(SIX_HOURS)

    assert second.started_at > first.started_at
    assert second.enqueued == 25
    assert world.journal.metrics["SweepFinished"] == 2


@pytest.mark.parametrize("moment", ["agents.listed", "queue.send", "store.save_sweep_progress"])
def test_two_sweeps_at_once_do_no_harm(world: World, moment: str) -> None:
    """A second sweep runs from beginning to end in the middle of the first."""
    others = iter([world.sweep])
    calls = iter(range(10_000))

    def interfere(name: str, _: tuple[Any, ...]) -> None:
        if name == moment and next(calls) == 1:
            next(others)()

    world.calls.on_call = interfere

    world.sweep()
    world.drain()
    world.later(120)

    assert set(asked_for(world)) == EVERYBODY
    assert world.told == ["opened Retrieve"] * 25
    assert {alert["threadId"] for alert in world.notifier.alerts} == EVERYBODY
    assert world.store.progress is not None
    assert world.store.progress.finished_at is not None


# --- what it finds, and says


def test_agents_that_no_list_names_any_more_are_asked_for_and_closed(world: World) -> None:
    world.sweep()
    world.drain()
    world.delete_agent("agent 3")
    world.clock.advance(SIX_HOURS.total_seconds())
    world.calls.forget()

    world.sweep()
    assert asked_for(world).count(uuid_of("agent 3")) == 1
    world.drain()

    assert world.told[25:] == ["resolved Retrieve"]
    assert world.notifier.alerts[-1]["findings"][0]["resolution"] == "agent-deleted"
    world.clock.advance(SIX_HOURS.total_seconds())
    world.calls.forget()
    world.sweep()
    assert uuid_of("agent 3") not in asked_for(world)


def test_the_log_has_its_counts(world: World) -> None:
    world.sweep(SIX_HOURS, pages(1))
    world.clock.advance(60)
    world.handle(world.event(agent="agent 15"))
    world.sweep(SIX_HOURS)

    logged = [fields for event, fields in world.journal.notes if event == "swept"]
    assert logged == [
        {
            "agents": 25,
            "enqueued": 24,
            "skipped": 1,
            "failed": 0,
            "assistantsFailed": 0,
            "assistantsLeft": 0,
            "gone": 0,
            "failedAgents": [],
            "failedAssistants": [],
        }
    ]


# --- what it costs


def test_500_agents_on_fakes() -> None:
    world = World()
    world.profile("Agents")
    for number in range(500):
        name = f"agent {number}"
        world.agent(RETRIEVE, name=name)
        on = [DRAFT]
        if number % 5 == 0:
            world.publish(name=name, live=True)
            on += ["$LATEST", "1"]
        world.attach("Agents", agent=name, on=tuple(on))

    world.sweep()
    world.drain()

    assert len(world.notifier.alerts) == 500
    assert services_called(world) == {
        "agents.assistants": 1,
        "agents.live": 1,
        "agents.listed": 5,
        "agents.get": 500 + 100,  # $LATEST, and the live numbers
        "profiles.instances": 1,
        "profiles.attached": 500 + 2 * 100,
        "profiles.grants": 1,
        "profiles.name": 1,
    }


def test_500_agents_through_the_real_adapters() -> None:
    """The same against the emulator, counted where the requests arrive."""
    emulator = Emulator(REGION, ACCOUNT)
    sample = seed(emulator)
    for number in range(500):
        configuration = orchestration(
            [
                {
                    "toolName": "Retrieve",
                    "toolType": "MODEL_CONTEXT_PROTOCOL",
                    "toolId": "aws_service__qconnect_Retrieve",
                }
            ]
        )
        emulator.apply(
            "qconnect:CreateAIAgent",
            assistantId=sample.assistant_id,
            name=f"agent {number}",
            type="ORCHESTRATION",
            visibilityStatus="SAVED",
            configuration=configuration,
        )
    world = World()
    with serve(emulator) as server, ExitStack() as cleanup:
        gateways = Gateways(server, emulator, cleanup)
        qconnect, connect = gateways.qconnect(), gateways.connect()
        deps = make_deps(
            agents=qconnect,
            profiles=connect,
            store=world.store,
            notifier=world.notifier,
            queue=world.queue,
            clock=world.clock,
        )
        progress = sweep(deps, timedelta(), lambda: True)
        bodies = [waiting.body for waiting in world.queue.take()]
        messages = [Message(str(at), body) for at, body in enumerate(bodies)]
        failed = handle_batch(messages, parse_message, deps, lambda: True)
        emulator.closing.set()

    assert (progress.enqueued, failed, len(world.notifier.alerts)) == (500, set(), 500)
    calls = emulator.calls
    assert calls["qconnect:GetAIAgent"] == 500  # $LATEST; the draft is proven by its ARN
    assert calls["qconnect:ListAIAgentVersions"] == 0
    assert calls["qconnect:ListAIAgents"] <= 21  # pages of 25; the system agents come on top
    assert calls["qconnect:GetAssistant"] == 1
    assert calls["connect:ListEntitySecurityProfiles"] == 500
    assert calls["connect:ListSecurityProfilePermissions"] == 0
    assert sum(calls.values()) <= 500 + 500 + 21 + 1 + 5
