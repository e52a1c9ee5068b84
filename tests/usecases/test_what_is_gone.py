"""Instances and profiles that are deleted or unreadable: nothing stays open for ever, nothing is
said that is not known, and one profile's trouble is not that of the whole AI agent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.fakes import ASSISTANT, GET_ORDER, INSTANCE, RETRIEVE, UPDATE_CASE, Fault, World, uuid_of

from toolgrant.adapters.change_messages import to_message
from toolgrant.domain.causes import Cause
from toolgrant.domain.model import DRAFT, LATEST
from toolgrant.domain.records import ON_RECORD
from toolgrant.domain.requests import AgentRequest
from toolgrant.errors import (
    AccessDenied,
    InvalidInput,
    NotFound,
    RequestRefused,
    ServiceUnavailable,
    Throttled,
)

OWN = uuid_of("own instance")
NOT_FOUND = NotFound("connect: ResourceNotFoundException")


@pytest.fixture
def world() -> World:
    """An agent that uses Retrieve; its only profile grants nothing."""
    world = World()
    world.agent(RETRIEVE)
    world.profile("Agents")
    world.attach("Agents")
    return world


def own_instance(world: World) -> None:
    """The agent names an instance that integrates another assistant."""
    world.cloud.instances[uuid_of("other assistant")] = OWN
    arn = f"arn:aws:connect:us-east-1:111122223333:instance/{OWN}"
    world.agent(RETRIEVE, instance_arn=arn)


def delete_instance(world: World, instance_id: str) -> None:
    world.cloud.gone.add(instance_id)
    left = {name: id for name, id in world.cloud.instances.items() if id != instance_id}
    world.cloud.instances = left


def by_event(world: World) -> None:
    world.look()


def by_sweep(world: World) -> None:
    world.clock.advance(1)
    world.sweep()
    world.drain()


def resolution(world: World) -> Any:
    return world.notifier.alerts[-1]["findings"][0]["resolution"]


# --- instances


@pytest.mark.parametrize("find", [by_event, by_sweep])
def test_findings_of_a_deleted_instance_are_resolved_as_not_judged(
    world: World, find: Callable[[World], None]
) -> None:
    world.look()
    delete_instance(world, INSTANCE)

    find(world)
    find(world)

    assert world.told == ["opened Retrieve", "resolved Retrieve"]
    assert resolution(world) == "not-judged"


@pytest.mark.parametrize("find", [by_event, by_sweep])
def test_findings_of_an_agent_that_names_a_deleted_instance_are_resolved_as_not_judged(
    world: World, find: Callable[[World], None]
) -> None:
    own_instance(world)
    world.look()
    delete_instance(world, OWN)

    find(world)
    find(world)

    assert world.told == ["opened Retrieve", "resolved Retrieve"]
    assert resolution(world) == "not-judged"
    assert world.reasons[-1] == f"Connect instance {OWN} does not exist here"


def test_an_agent_of_an_instance_that_never_was_here_is_left_alone(world: World) -> None:
    own_instance(world)
    delete_instance(world, OWN)

    world.look()

    assert (world.states(), world.told) == ({}, [])


def test_a_version_that_connect_does_not_know_has_nothing_attached(world: World) -> None:
    world.calls.faults.append(Fault("profiles.attached", 1, NOT_FOUND, times=99))

    world.look()

    assert world.states() == {"insufficient Retrieve": "open"}
    assert len(world.calls.to("profiles.every_instance")) == 2  # one in each batch


@pytest.mark.parametrize("error", [Throttled("slow"), ServiceUnavailable("5xx")])
def test_whether_an_instance_is_gone_is_not_guessed(world: World, error: Exception) -> None:
    world.look()
    world.store.instances[ASSISTANT] = INSTANCE
    world.cloud.gone.add(INSTANCE)
    world.calls.faults.append(Fault("profiles.every_instance", 1, error))

    world.handle(world.event())

    assert world.states() == {"insufficient Retrieve": "open"}


def test_an_attached_profile_costs_no_look_at_the_instances(world: World) -> None:
    world.look()

    assert world.calls.to("profiles.every_instance") == []


def test_agents_whose_instance_and_assistant_are_gone_are_still_found_on_record(
    world: World,
) -> None:
    world.look()
    delete_instance(world, INSTANCE)
    world.delete_agent()
    del world.cloud.live[ASSISTANT]
    world.store.remember_instances({})

    assert world.store.agents_with(ON_RECORD) == (world.key(),)
    world.handle(to_message(AgentRequest(world.key(), Cause("sweep"))))

    assert world.told == ["opened Retrieve", "resolved Retrieve"]
    assert world.store.agents_with(ON_RECORD) == ()


# --- profiles


@pytest.mark.parametrize("call", ["profiles.attached", "profiles.grants", "profiles.name"])
@pytest.mark.parametrize("nth", [1, 2])
def test_a_profile_that_is_deleted_at_any_moment_grants_nothing_and_fails_nothing(
    world: World, call: str, nth: int
) -> None:
    world.agent(RETRIEVE, UPDATE_CASE, GET_ORDER)
    world.profile("Cases", "permission:Cases.View", "permission:Cases.Edit")
    world.profile("Going", "permission:Wisdom.View", "mcp:orders/get___order")
    world.attach("Going", "Cases")
    left = [nth]

    def delete(called: str, _: tuple[Any, ...]) -> None:
        if called == call:
            left[0] -= 1
            if left[0] == 0:
                world.cloud.profiles.pop(uuid_of("Going"), None)

    world.calls.on_call = delete
    world.look()
    world.cloud.profiles.pop(uuid_of("Going"), None)
    world.look()

    assert world.states() == {"insufficient Retrieve": "open", "insufficient GetOrder": "open"}
    assert world.journal.failures == []


def test_a_profile_deleted_before_its_name_is_looked_up_goes_by_its_id(world: World) -> None:
    world.calls.faults.append(Fault("profiles.name", 1, NOT_FOUND, times=99))

    world.look()

    assert world.told == ["opened Retrieve"]
    assert uuid_of("Agents") in world.notifier.sent[0].bodies["email"]


@pytest.mark.parametrize("error", [InvalidInput("$", "odd"), RequestRefused("no")])
def test_a_list_that_cannot_be_read_leaves_unknown_only_what_it_might_grant(
    world: World, error: Exception
) -> None:
    world.agent(RETRIEVE, UPDATE_CASE, GET_ORDER)
    world.profile("Agents")
    world.profile("Cases", "permission:Cases.View", "permission:Cases.Edit")
    world.attach("Cases", "Agents")
    unreadable(world, "Agents", "permission", error)

    world.look()

    assert world.states() == {"unknown Retrieve": "open", "insufficient GetOrder": "open"}
    assert world.journal.failures == []
    email = world.notifier.sent[-1].bodies["email"]
    assert f"could not be read: {uuid_of('Agents')} (permission)" in email


def test_what_is_missing_and_what_could_not_be_read_are_told_apart(world: World) -> None:
    unreadable(world, "Agents", "permission", RequestRefused("no"))
    world.look()
    world.calls.on_call = lambda *_: None
    world.look()

    assert world.told == ["opened Retrieve", "resolved Retrieve", "opened Retrieve"]
    assert world.states() == {"unknown Retrieve": "resolved", "insufficient Retrieve": "open"}


def test_a_permission_of_ours_that_is_missing_still_fails_and_raises_the_alarm(
    world: World,
) -> None:
    unreadable(world, "Agents", "permission", AccessDenied("list_security_profile_permissions"))

    assert world.handle(world.event()) == {"m0"}
    assert world.states() == {}


def unreadable(world: World, profile: str, kind: str, error: Exception) -> None:
    """One list of a profile answers with this error from now on."""

    def refuse(called: str, arguments: tuple[Any, ...]) -> None:
        if called == "profiles.grants" and arguments[1:] == (uuid_of(profile), kind):
            raise error

    world.calls.on_call = refuse


@pytest.mark.parametrize("on", [(DRAFT,), (DRAFT, LATEST, "1")])
def test_an_unreadable_list_is_no_reason_to_write(world: World, on: tuple[str, ...]) -> None:
    """UNKNOWN is never fixed, so nothing may be told as missing."""
    world.publish(1)
    world.attach("Agents", on=on)
    unreadable(world, "Agents", "permission", RequestRefused("no"))

    world.look()

    unknown = world.findings()["unknown Retrieve"]
    assert (unknown.missing, unknown.verdict) == ((), "UNKNOWN")
