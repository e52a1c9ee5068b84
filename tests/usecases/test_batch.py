"""What becomes of each message of a batch."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.fakes import (
    ASSISTANT,
    GET_ORDER,
    MODULE,
    NOON,
    RETRIEVE,
    Fault,
    World,
    uuid_of,
)

from toolgrant.adapters.change_messages import parse_message, to_message
from toolgrant.domain.causes import Actor, Cause
from toolgrant.domain.model import QualifiedAgent
from toolgrant.domain.records import AgentKey
from toolgrant.domain.requests import MOST_ATTEMPTS, AgentRequest, Observed
from toolgrant.errors import AccessDenied, Conflict, Misconfigured, OtherSchema, Throttled
from toolgrant.usecases.batch import Message, coalesce, handle_batch


@pytest.fixture
def world() -> World:
    """Two agents that lack Wisdom.View."""
    world = World()
    for name in ("one", "two"):
        world.agent(RETRIEVE, name=name)
    return world


def trouble_with(agent: str, error: Exception) -> Callable[[str, tuple[Any, ...]], None]:
    def on_call(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "agents.get" and arguments[0].ai_agent_id == uuid_of(agent):
            raise error

    return on_call


# --- failing


@pytest.mark.parametrize(
    "error",
    [
        AccessDenied("qconnect get_ai_agent: AccessDeniedException"),
        Conflict("lost"),
        OtherSchema("item has schema 2"),
        ValueError("anything else"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_one_agents_trouble_fails_all_of_its_messages_and_no_others(
    world: World, error: Exception
) -> None:
    world.calls.on_call = trouble_with("one", error)

    failed = world.handle(
        world.event(agent="one"), world.event(agent="two"), world.event(agent="one")
    )

    assert failed == {"m0", "m2"}
    assert world.states("two") == {"insufficient Retrieve": "suspected"}
    assert world.journal.metrics["Failed"] == 1


def test_a_foreign_errors_text_is_not_logged_since_it_may_quote_what_is_sensitive(
    world: World,
) -> None:
    world.calls.on_call = trouble_with("one", ValueError("instruction: never tell anyone"))

    world.handle(world.event(agent="one"))

    ((event, fields),) = world.journal.failures
    assert (event, fields["reason"]) == ("failed", "unexpected ValueError")
    assert "never tell" not in json.dumps(fields)


def test_one_messages_trouble_while_reading_fails_no_others(world: World) -> None:
    def parse(body: str) -> AgentRequest:
        if body == "poison":
            raise RuntimeError("a bug")
        request = parse_message(body)
        assert isinstance(request, AgentRequest)
        return request

    messages = [Message("bad", "poison"), Message("good", world.event(agent="two"))]

    assert handle_batch(messages, parse, world.deps(), lambda: True) == {"bad"}
    assert world.states("two") == {"insufficient Retrieve": "suspected"}


# --- never processable


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "$: not JSON"),
        ("{", "$: not JSON"),
        ("[]", "$: expected an object, found a list"),
        ('"x"', "$: expected an object, found text"),
        ("{}", "$: neither an EventBridge event nor a request of toolgrant"),
        (
            '{"schema": "toolgrant/request/9"}',
            "$.schema: expected toolgrant/request/2 or toolgrant/flow/1",
        ),
        (
            '{"detail-type": "AWS API Call via CloudTrail", "detail": {}}',
            "$.detail.eventName: missing or not text",
        ),
    ],
)
def test_what_can_never_be_processed_is_put_aside_with_its_reason(
    world: World, body: str, reason: str
) -> None:
    failed = world.handle(body, world.event(agent="one"))

    assert failed == set()
    assert world.queue.dead == [(body, reason)]
    assert world.journal.metrics["DeadLettered"] == 1
    assert world.outcomes == ["evaluated"]


def test_without_a_dead_letter_queue_it_fails_instead_of_being_lost(world: World) -> None:
    fault = Fault("queue.dead_letter", 1, Misconfigured("dead-letter queue: QueueDoesNotExist"))
    world.calls.faults.append(fault)

    failed = world.handle("{", world.event(agent="one"))

    assert failed == {"m0"}
    assert world.outcomes == ["evaluated"]


# --- throttled


def test_throttled_work_is_sent_again_with_a_growing_delay_and_does_not_fail(world: World) -> None:
    world.calls.faults.append(Fault("agents.get", 1, Throttled("slow down"), times=10**6))
    body, delays = world.event(agent="one"), []

    for _ in range(MOST_ATTEMPTS):
        assert world.handle(body) == set()
        (waiting,) = world.queue.waiting
        delays.append(int(waiting.delay.total_seconds()))
        body = waiting.body
        world.queue.waiting.clear()

    assert delays == [15, 30, 60, 120, 240, 480] + [900] * 14
    assert world.handle(body) == {"m0"}  # put aside after the 20th
    assert world.queue.waiting == []
    ((_, fields),) = world.journal.failures
    assert (fields["error"], fields["reason"]) == ("GaveUp", "put off 20 times: slow down")
    assert world.journal.metrics["Throttled"] == MOST_ATTEMPTS
    assert world.journal.metrics["Failed"] == 1


def test_throttled_work_keeps_what_it_was_asked_for(world: World) -> None:
    world.calls.faults.append(Fault("agents.get", 1, Throttled("slow down")))
    world.handle(world.event(agent="one"))

    world.later(15)
    world.later(60)

    assert world.told == ["opened Retrieve"]
    assert world.notifier.alerts[0]["actor"]["name"] == "Admin/ann"


def test_throttling_of_one_agent_does_not_hold_up_another(world: World) -> None:
    world.calls.on_call = trouble_with("one", Throttled("slow down"))

    assert world.handle(world.event(agent="one"), world.event(agent="two")) == set()

    assert world.states("two") == {"insufficient Retrieve": "suspected"}


# --- out of time


def test_what_there_is_no_time_for_is_asked_for_again(world: World) -> None:
    left = iter([True, False])
    world.has_time = lambda: next(left)

    assert world.handle(world.event(agent="one"), world.event(agent="two")) == set()

    assert world.outcomes == ["evaluated"]
    bodies = [parse_message(waiting.body) for waiting in world.queue.waiting]
    assert [type(body) for body in bodies] == [AgentRequest, AgentRequest]  # a recheck, the rest
    world.has_time = lambda: True
    world.later(60)
    world.later(60)
    assert sorted(world.told) == ["opened Retrieve", "opened Retrieve"]


def test_work_that_never_finds_time_is_put_off_a_bounded_number_of_times(world: World) -> None:
    """Else it would go round between queue and function for ever."""
    world.has_time = lambda: False
    body = world.event(agent="one")

    for _ in range(MOST_ATTEMPTS):
        assert world.handle(body) == set()
        (waiting,) = world.queue.waiting
        body = waiting.body
        assert waiting.delay == timedelta()
        world.queue.waiting.clear()

    assert world.handle(body) == {"m0"}
    assert world.queue.waiting == []
    ((event, fields),) = world.journal.failures
    assert (event, fields["reason"]) == ("failed", "put off 20 times: out of time")
    assert world.journal.metrics["Deferred"] == MOST_ATTEMPTS


def test_who_was_put_off_most_comes_first(world: World) -> None:
    left = iter([True, False])
    world.has_time = lambda: next(left)
    put_off = to_message(AgentRequest(world.key("two"), Cause("sweep"), attempt=3))

    world.handle(world.event(agent="one"), put_off)

    assert world.told == ["opened Retrieve"]
    assert world.states("two") == {"insufficient Retrieve": "open"}


def test_a_second_look_that_always_comes_too_early_is_asked_for_a_bounded_number_of_times(
    world: World,
) -> None:
    """Clocks that differ must not make a message go round for ever."""
    world.handle(world.event(agent="one"))
    for _ in range(MOST_ATTEMPTS + 1):
        (waiting,) = world.queue.waiting
        world.queue.waiting.clear()
        failed = world.handle(waiting.body)  # at the same moment as before
    assert failed == {"m0"}
    assert world.queue.waiting == []
    assert world.states("one") == {"insufficient Retrieve": "suspected"}


# --- from a profile or module to the agents


def test_a_changed_profile_is_looked_at_on_every_agent_that_has_it_and_no_other() -> None:
    world = World()
    world.profile("Shared")
    for name, profiles in (("one", ("Shared",)), ("two", ("Shared",)), ("three", ())):
        world.agent(RETRIEVE, name=name)
        world.attach(*profiles, agent=name)
        world.handle(world.event(agent=name, at=NOON - timedelta(hours=1)))
    world.profile("Shared", "permission:Wisdom.View")

    world.queue.put(world.profile_event("Shared"))
    world.drain()

    assert world.states("one") == world.states("two") == {"insufficient Retrieve": "resolved"}
    assert world.states("three") == {"insufficient Retrieve": "open"}
    assert world.notifier.alerts[-1]["actor"]["name"] == "Admin/ann"


def test_a_profile_that_no_agent_has_is_skipped_with_a_reason(world: World) -> None:
    world.handle(world.profile_event("Unrelated"))

    assert world.outcomes == ["skipped"]
    assert world.reasons == [f"no AI agent on record uses profile {uuid_of('Unrelated')}"]


def test_a_profile_that_was_taken_off_no_longer_leads_to_the_agent(world: World) -> None:
    world.profile("Agents")
    world.attach("Agents", agent="one")
    world.look("one")
    world.attach(agent="one")
    world.look("one")
    world.calls.forget()

    world.handle(world.profile_event("Agents"))

    assert world.calls.to("queue.send") == []


def test_edges_name_profiles_modules_applications_assistant_and_instance() -> None:
    world = World()
    key = world.agent(GET_ORDER, MODULE)
    world.profile("Agents")
    world.attach("Agents")

    world.handle(world.event())

    assert sorted(str(edge.kind) for edge in world.store.record(key).edges) == [
        "application",
        "assistant",
        "flow-module",
        "instance",
        "on-record",
        "profile",
    ]


# --- skipped


def test_a_denied_call_is_skipped_with_a_reason_and_no_call(world: World) -> None:
    world.handle(world.event(agent="one", errorCode="AccessDenied"))

    assert world.reasons == ["the call failed (AccessDenied) and changed nothing"]
    assert world.calls.log == []
    assert world.journal.metrics["Skipped"] == 1


# --- many requests for one agent


def request(minute: int | None = None, observed: int | None = None, **fields: Any) -> AgentRequest:
    time = None if minute is None else NOON + timedelta(minutes=minute)
    agent = QualifiedAgent(ASSISTANT, "a", "$SAVED", "arn", "a", "ORCHESTRATION")
    return AgentRequest(
        AgentKey(ASSISTANT, "a"),
        Cause("event" if observed is None else "sweep", event_time=time),
        observed=None
        if observed is None
        else Observed(NOON + timedelta(minutes=observed), (agent,)),
        **fields,
    )


@pytest.mark.parametrize(
    ("requests", "winner"),
    [
        ([request(1)], request(1)),
        ([request(2), request(1)], request(2)),
        ([request(observed=5), request(1)], request(1)),
        ([request(observed=5), request(observed=9)], request(observed=9)),
        ([request(), request(1)], request(1)),
        ([request(1, attempt=3), request(2)], request(2, attempt=3)),
        ([request(1, instance_id="i"), request(2)], request(2, instance_id="i")),
        ([request(1, instance_id="i"), request(2, instance_id="j")], request(2, instance_id="j")),
        ([request(1, saved_at=NOON), request(2)], request(2, saved_at=NOON)),
    ],
)
def test_many_requests_become_the_newest_read_afresh(
    requests: list[AgentRequest], winner: AgentRequest
) -> None:
    assert coalesce(requests) == winner
    assert coalesce(reversed(requests)) == winner


def test_the_alert_names_the_actor_of_the_newest_event(world: World) -> None:
    old = {"arn": "arn:aws:sts::1:assumed-role/Old/x", "type": "AssumedRole"}
    hour = timedelta(hours=1)

    world.handle(
        world.event(agent="one", at=NOON - hour),
        world.event(agent="one", at=NOON - 2 * hour, userIdentity=old),
    )

    assert world.notifier.alerts[0]["actor"]["name"] == "Admin/ann"


def test_a_request_of_ours_goes_the_same_way_as_an_event(world: World) -> None:
    cause = Cause("sweep", actor=Actor("t", "n", "v"))

    world.handle(to_message(AgentRequest(world.key("one"), cause)))

    assert world.told == ["opened Retrieve"]
