"""The service says no: for a while, for good, or nothing at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.fakes import GET_ORDER, INSTANCE, MODULE, RETRIEVE, Fault, FixWorld, uuid_of
from tests.usecases.fix_cases import (
    BEFORE,
    HOUR,
    ORDER,
    PROFILE,
    VIEW,
    asked,
    audited,
    integrity,
    is_quiet,
    notes,
    refused,
    updated,
)

from toolgrant.domain.fixing.rules import Mode
from toolgrant.domain.model import GrantKind, Risk
from toolgrant.domain.profile_lists import granted
from toolgrant.errors import (
    AccessDenied,
    InvalidInput,
    NotFound,
    RequestRefused,
    ServiceUnavailable,
    ToolgrantError,
)

FOR_GOOD = [
    AccessDenied("connect: AccessDeniedException"),
    InvalidInput("$", "connect: InvalidParameterException"),
    NotFound("connect: ResourceNotFoundException"),
    RequestRefused("connect: InvalidRequestException"),
]
DAY = 24 * HOUR


def refuse(world: FixWorld, kind: GrantKind, error: ToolgrantError, times: int = 10_000) -> None:
    """Every write of this list is refused, the next few times."""
    left = [times]

    def on_call(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "writer.replace" and arguments[1] is kind and left[0]:
            left[0] -= 1
            raise error

    world.calls.on_call = on_call


def accept(world: FixWorld) -> None:
    world.calls.on_call = lambda *_: None


def both_lists(**rules: Any) -> FixWorld:
    """A repair of the permissions and the applications waits; nothing of it is young."""
    world = asked(RETRIEVE, GET_ORDER, automatic_risk=Risk.WRITE, **rules)
    world.later(HOUR)
    return world


def attempts(world: FixWorld, kind: GrantKind = GrantKind.MCP) -> int:
    """How often a list was sent."""
    return sum(1 for _, sent, _ in world.calls.to("writer.replace") if sent is kind)


def refused_world(error: ToolgrantError = FOR_GOOD[3], **rules: Any) -> FixWorld:
    """The applications were refused for good, and told."""
    world = both_lists(**rules)
    refuse(world, GrantKind.MCP, error)
    assert world.fix() == ["fixed"]
    world.calls.forget()
    return world


def looks_again(world: FixWorld) -> int:
    """Looks and sweeps; how often the refused list was sent."""
    world.look()
    world.sweep()
    world.drain()
    world.fix()
    return attempts(world)


@pytest.mark.parametrize(
    ("error", "reason"),
    list(
        zip(
            FOR_GOOD,
            ("(AccessDenied)", "(InvalidParameter)", "(ResourceNotFound)", "(InvalidRequest)"),
            strict=True,
        )
    ),
)
def test_a_refusal_for_good_is_told_once_with_its_reason(
    error: ToolgrantError, reason: str
) -> None:
    world = both_lists()
    refuse(world, GrantKind.MCP, error)

    assert world.fix() == ["fixed"]

    told = [alert for alert in refused(world) if ORDER in notes(alert)]
    (alert,) = told
    assert reason in notes(alert)
    assert "adds" not in notes(alert)
    assert is_quiet(world)


@pytest.mark.parametrize("error", FOR_GOOD, ids=lambda error: type(error).__name__)
def test_the_other_list_of_the_same_repair_is_written(error: ToolgrantError) -> None:
    world = both_lists()
    refuse(world, GrantKind.PERMISSION, error)

    world.fix()

    assert world.grants(PROFILE) == {BEFORE, ORDER}
    assert not any(change.open for change in world.ledger.all_changes())


def test_edits_after_a_refusal_are_ordinary() -> None:
    world = refused_world()
    world.later(120)
    world.edit(PROFILE, add=["permission:Users.View"])

    world.handle(updated(world, lists={"Applications": []}), updated(world))

    assert integrity(world) == []


def test_what_was_refused_is_not_asked_for_again() -> None:
    world = refused_world()
    accept(world)

    for _ in range(4):
        assert looks_again(world) == 0
        world.later(5 * HOUR)
    assert ORDER not in world.grants(PROFILE)


def test_what_was_planned_again_meanwhile_is_not_told_as_refused_again() -> None:
    world = both_lists()
    refuse(world, GrantKind.MCP, FOR_GOOD[3])
    world.look()
    world.look()
    assert len(world.fixes.waiting) > 1

    world.fix()

    assert len(refused(world)) == 1


def test_a_day_later_it_is_asked_for_again() -> None:
    world = refused_world()
    accept(world)
    world.later(DAY)
    world.sweep()
    world.drain()

    assert looks_again(world) == 1
    assert ORDER in world.grants(PROFILE)


def test_another_list_lets_it_be_asked_for_again() -> None:
    world = refused_world()
    accept(world)
    world.edit(PROFILE, add=["mcp:gw-9z9z/other___Tool"])
    world.later(120)

    assert looks_again(world) == 1


def test_other_rules_let_it_be_asked_for_again() -> None:
    world = refused_world()
    accept(world)
    world.rules = replace(world.rules, most_agents=3)

    assert looks_again(world) == 1


@pytest.mark.parametrize("event", ["CreateIntegrationAssociation", "DeleteIntegrationAssociation"])
def test_an_event_of_an_integration_lets_it_be_asked_for_again(event: str) -> None:
    world = refused_world()
    accept(world)
    requests = {"InstanceId": INSTANCE, "IntegrationAssociationId": uuid_of("integration")}
    body = world._event(event, "connect", {}, requests)
    world.queue.put(body)
    world.drain()
    world.later(120)
    world.fix()

    assert attempts(world) == 1


def test_an_event_of_a_flow_module_lets_a_module_be_asked_for_again() -> None:
    world = asked(MODULE, automatic_risk=Risk.WRITE)
    world.later(HOUR)
    refuse(world, GrantKind.FLOW_MODULE, FOR_GOOD[3])
    assert world.fix() == ["fix-refused"]
    accept(world)
    world.calls.forget()
    requests = {"InstanceId": INSTANCE, "ContactFlowModuleId": uuid_of("module")}
    body = world._event("UpdateContactFlowModuleContent", "connect", {}, requests)
    world.queue.put(body)
    world.drain()
    world.later(120)

    assert world.fix() == ["fixed"]


def test_an_order_asks_for_it_again() -> None:
    world = asked(RETRIEVE, GET_ORDER, mode=Mode.APPROVE)
    world.operate("approve", world.finding_id("GetOrder"))
    world.later(HOUR)
    refuse(world, GrantKind.MCP, FOR_GOOD[3])
    assert world.fix() == ["fix-refused"]
    accept(world)

    world.operate("approve", world.finding_id("GetOrder"))

    assert world.fix() == ["fixed"]
    assert ORDER in world.grants(PROFILE)


@pytest.mark.parametrize("fails", [1, 3, 5])
def test_what_is_young_is_tried_again_for_up_to_45_seconds(fails: int) -> None:
    world = asked(RETRIEVE, GET_ORDER, automatic_risk=Risk.WRITE)  # opened a minute ago
    refuse(world, GrantKind.MCP, FOR_GOOD[0], times=fails)
    began = world.clock.now()

    assert world.fix()[0] == "fixed"

    assert ORDER in world.grants(PROFILE)
    assert refused(world) == []
    assert world.clock.now() - began <= timedelta(seconds=45)


def test_what_is_young_and_refused_for_good_holds_its_group_for_45_seconds_at_most() -> None:
    """Whatever the number of lists."""
    world = asked(RETRIEVE, GET_ORDER, MODULE, automatic_risk=Risk.WRITE)
    world.calls.faults.append(Fault("writer.replace", 1, FOR_GOOD[0], times=10_000))
    began = world.clock.now()

    assert world.fix()[0] == "fix-refused"

    assert world.clock.now() - began <= timedelta(seconds=45)
    assert len(refused(world)) == 1  # one reason, one mail
    assert world.grants(PROFILE) == {BEFORE}


def test_what_is_old_and_refused_holds_nobody() -> None:
    world = both_lists()
    refuse(world, GrantKind.MCP, FOR_GOOD[0])
    began = world.clock.now()

    world.fix()

    assert attempts(world) == 1
    assert world.clock.now() - began < timedelta(seconds=10)


def test_a_refused_write_that_was_there_all_the_same_is_not_called_refused() -> None:
    world = both_lists()
    world.calls.faults.append(Fault("writer.replace", 2, FOR_GOOD[3], after=True))

    assert world.fix() == ["in-doubt"]

    assert not [alert for alert in refused(world) if ORDER in notes(alert)]
    assert any(ORDER in notes(alert) for alert in integrity(world))


# --- no answer


LATE = ("at once", "before the next delivery", "never")


@pytest.mark.parametrize("lands", LATE)
@pytest.mark.parametrize("stamps", ["shared", "absent"])
def test_a_write_that_is_not_answered_ends_in_the_same_state(lands: str, stamps: str) -> None:
    world = asked()
    world.stamps = stamps
    profile_id = uuid_of(PROFILE)
    late: list[frozenset[Any]] = []

    def on_call(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "writer.replace" and not late:
            wanted = world.cloud.profiles[profile_id].grants | {*_added(arguments)}
            late.append(frozenset(g for g in wanted if g.kind is arguments[1]))
            if lands == "at once":
                world.set_list(profile_id, arguments[1], late[0])
            raise ServiceUnavailable("read timed out")
        if name == "fixes.put_off" and lands == "before the next delivery":
            world.set_list(profile_id, GrantKind.PERMISSION, late[0])

    world.calls.on_call = on_call

    assert world.fix() == ["fixed"]

    assert world.grants(PROFILE) == {VIEW, BEFORE}
    assert world.states() == {"insufficient Retrieve": "resolved"}
    assert world.told[-1] == "fixed Retrieve"
    assert len({record["change"]["changeId"] for record in audited(world, "granted")}) == 1
    assert integrity(world) == []
    assert is_quiet(world)


def _added(arguments: tuple[Any, ...]) -> set[Any]:
    return set(granted(arguments[1], arguments[2]))


def test_a_write_that_is_not_answered_is_not_repeated_while_it_may_still_land() -> None:
    world = asked()
    sent_at: list[Any] = []

    def on_call(name: str, _: tuple[Any, ...]) -> None:
        if name == "writer.replace":
            sent_at.append(world.clock.now())
            if len(sent_at) == 1:
                raise ServiceUnavailable("read timed out")

    world.calls.on_call = on_call

    assert world.fix() == ["fixed"]
    first, second = sent_at
    assert second - first >= world.rules.bound


def test_lists_that_are_refused_for_one_reason_are_told_with_all_their_grants() -> None:
    world = asked(RETRIEVE, GET_ORDER, automatic_risk=Risk.WRITE)
    world.calls.faults.append(Fault("writer.replace", 1, RequestRefused("no"), times=10_000))

    world.fix()

    (alert,) = refused(world)
    assert VIEW in notes(alert)
    assert ORDER in notes(alert)
    assert "Grant  ()" not in world.notifier.sent[-1].bodies["email"]
