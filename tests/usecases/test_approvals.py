"""An approval allows exactly what was shown: this opening, tool id, grants, people and agents."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.fakes import DESCRIBE_CONTACT, GET_ORDER, RETRIEVE, FixWorld, mcp, uuid_of
from tests.usecases.fix_cases import (
    BEFORE,
    HOUR,
    ORDER,
    PROFILE,
    VIEW,
    asked,
    audited,
    fixed,
    is_quiet,
    notes,
    ready,
    refused,
)

from toolgrant.domain.fixing.repair import Repair
from toolgrant.domain.fixing.rules import Mode
from toolgrant.domain.model import Risk, Tool
from toolgrant.errors import InvalidInput, ServiceUnavailable

MANY = tuple(mcp(f"gateway_gw-1a2b__orders-api___Tool{number}") for number in range(20))
WEEK = timedelta(days=7).total_seconds()


def offered(*tools: Tool, **rules: Any) -> FixWorld:
    """A world in mode `approve`, in which all that is missing was offered."""
    return asked(*tools, mode=Mode.APPROVE, **rules)


def alert_of(world: FixWorld) -> str:
    return str(world.notifier.alerts[-1]["alertId"])


def nothing_written(world: FixWorld) -> bool:
    return world.writes == 0 and world.grants(PROFILE) == {BEFORE}


def test_without_an_approval_nothing_is_written() -> None:
    world = offered()
    assert world.fix() == []
    assert nothing_written(world)


def test_an_approved_finding_is_fixed_and_says_who_approved() -> None:
    world = offered()

    (line,) = world.operate("approve", world.finding_id())

    assert f"add {VIEW} to security profile {PROFILE} for Retrieve" in line
    assert world.fix() == ["fixed"]
    assert VIEW in world.grants(PROFILE)
    assert {record["approvedBy"] for record in audited(world, "granted")} == {"ann"}


def test_an_approved_alert_of_twenty_tools_is_one_change_and_one_more_mail() -> None:
    world = offered(*MANY)
    assert len(world.notifier.sent) == 1

    world.operate("approve", alert_of(world))

    assert world.fix() == ["fixed"]
    assert len(world.change_ids) == 1
    assert world.writes == 1
    assert len(world.notifier.sent) == 2
    assert is_quiet(world)


def test_more_than_twenty_grants_at_once_need_an_approval() -> None:
    many = (*MANY, mcp("gateway_gw-1a2b__orders-api___Tool20"))
    world = asked(*many, automatic_risk=Risk.WRITE)
    assert world.fix() == []
    assert nothing_written(world)

    world.operate("approve", alert_of(world))
    assert world.fix() == ["fixed"]
    assert len(world.grants(PROFILE)) == 22


@pytest.mark.parametrize("ids", ["alert", "finding", "offer", "beginning"])
def test_an_alert_a_finding_an_offer_and_an_unambiguous_beginning_can_be_approved(ids: str) -> None:
    world = offered()
    (offer,) = world.store.shown()[0].offers
    finding = world.finding_id()
    target = {"alert": alert_of(world), "finding": finding, "offer": offer.id}
    target["beginning"] = finding[:7]

    world.operate("approve", target[ids])

    assert world.fix() == ["fixed"]


@pytest.mark.parametrize("target", ["", "f-", "f-000000", "fix-000000", "al-nobody", "x" * 300])
def test_an_approval_of_nothing_known_is_refused(target: str) -> None:
    world = offered()
    with pytest.raises(InvalidInput):
        world.operate("approve", target)
    assert world.fixes.waiting == []


def test_an_agent_and_any_number_is_no_alert() -> None:
    world = offered()
    with pytest.raises(InvalidInput):
        world.operate("approve", f"{world.key().ai_agent_id}-1")


def test_an_ambiguous_or_too_short_beginning_is_refused() -> None:
    world = offered(RETRIEVE, GET_ORDER)
    with pytest.raises(InvalidInput, match="at least 6 characters"):
        world.operate("approve", "f-")
    with pytest.raises(InvalidInput, match="at least 6 characters"):
        world.operate("approve", world.finding_id()[:5])


def test_a_change_is_not_approved_and_the_reason_is_said() -> None:
    world = fixed()
    with pytest.raises(InvalidInput, match="is a change; undo or reset it"):
        world.operate("approve", world.change_ids[0])


def test_an_approval_of_one_finding_in_an_alert_touches_no_other() -> None:
    world = offered(RETRIEVE, DESCRIBE_CONTACT)

    world.operate("approve", world.finding_id("Retrieve"))

    assert world.fix() == ["fixed"]
    assert world.grants(PROFILE) == {VIEW, BEFORE}
    assert world.states()["insufficient DescribeContact"] == "open"


def test_an_order_on_a_tool_whose_id_was_swapped_since_is_refused() -> None:
    world = offered(mcp(RETRIEVE.id, "Tool"))
    alert = alert_of(world)
    world.agent(mcp(GET_ORDER.id, "Tool"))
    world.look()

    with pytest.raises(InvalidInput, match="the tool id is now gateway_"):
        world.operate("approve", alert)


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize("tool", [GET_ORDER, DESCRIBE_CONTACT])
def test_a_tool_id_that_is_swapped_after_the_order_is_refused_and_told(
    tool: Tool, seen: bool
) -> None:
    """Whether or not something looked at the AI agent between the swap and the write."""
    world = offered(mcp(RETRIEVE.id, "Tool"))
    world.operate("approve", world.finding_id("Tool"))
    world.agent(mcp(tool.id, "Tool"))
    if seen:
        world.look()

    assert world.fix() == ["fix-refused"]

    assert nothing_written(world)
    assert "the finding is another one since" in notes(*refused(world))


def reopened(world: FixWorld) -> None:
    """A person grants it and takes it away again: the finding is another one."""
    world.edit(PROFILE, add=[VIEW])
    world.later(120)
    world.look()
    assert world.states()["insufficient Retrieve"] == "resolved"
    world.edit(PROFILE, remove=[VIEW])
    world.later(120)
    world.look()
    assert world.states()["insufficient Retrieve"] == "open"


def test_an_order_on_a_finding_that_was_reopened_since_needs_the_newer_alert() -> None:
    world = offered()
    old = alert_of(world)
    reopened(world)

    with pytest.raises(InvalidInput, match="it was resolved and opened again"):
        world.operate("approve", old)

    world.operate("approve", alert_of(world))
    assert world.fix() == ["fixed"]


def test_a_request_that_is_redriven_to_another_opening_is_refused_and_told() -> None:
    world = offered()
    world.operate("approve", world.finding_id())
    (late,) = world.fixes.waiting
    world.fixes.waiting.clear()
    reopened(world)

    assert world.work(late) == "fix-refused"

    assert nothing_written(world)
    assert "the finding is another one since" in notes(*refused(world))


def test_an_order_more_than_seven_days_after_it_was_shown_is_refused() -> None:
    world = offered()
    world.clock.advance(WEEK + 1)
    with pytest.raises(InvalidInput, match="more than 7 days ago"):
        world.operate("approve", alert_of(world))
    with pytest.raises(InvalidInput):
        world.operate("approve", world.finding_id())


def test_an_approval_that_is_carried_out_too_late_is_refused_and_told() -> None:
    world = offered()
    world.operate("approve", world.finding_id())
    world.later(WEEK + 1)
    world.sweep()
    world.drain()

    assert world.fix() == ["fix-refused"]
    assert nothing_written(world)
    assert "older than 7 days" in notes(*refused(world))


def test_more_people_than_were_shown_are_refused_and_told() -> None:
    world = offered(most_people=10)
    world.operate("approve", world.finding_id())
    world.holders[uuid_of(PROFILE)].people = 1

    assert world.fix() == ["fix-refused"]
    assert nothing_written(world)
    assert "more would gain than the alert showed (people: 1" in notes(*refused(world))


def test_as_many_people_as_were_shown_are_allowed() -> None:
    world = offered(most_people=10, holder={"people": 3})
    world.operate("approve", world.finding_id())
    assert world.fix() == ["fixed"]


def test_another_agent_on_the_profile_than_was_shown_is_refused_and_told() -> None:
    world = offered(most_agents=10)
    world.operate("approve", world.finding_id())
    world.agent(name="another")
    world.attach(PROFILE, agent="another")
    world.look("another")

    assert world.fix() == ["fix-refused"]
    assert nothing_written(world)
    assert "more would gain" in notes(*refused(world))


def test_one_agent_in_the_place_of_the_one_that_was_shown_is_refused() -> None:
    """The count is as it was shown, the AI agent is not."""
    world = FixWorld(Mode.APPROVE, most_agents=10)
    world.agent(RETRIEVE)
    world.profile(PROFILE, BEFORE)
    world.attach(PROFILE)
    world.agent(name="one")
    world.agent(name="two")
    world.attach(PROFILE, agent="one")
    world.look("one")
    world.look()
    world.operate("approve", world.finding_id())
    world.attach(agent="one")
    world.attach(PROFILE, agent="two")
    world.look("one")
    world.look("two")

    assert world.fix() == ["fix-refused"]
    assert nothing_written(world)


def test_an_approval_is_used_once() -> None:
    world = offered()
    world.operate("approve", world.finding_id())
    (request,) = world.fixes.waiting
    assert world.fix() == ["fixed"]
    world.later(HOUR)
    world.edit(PROFILE, remove=[VIEW])
    world.look()
    world.operate("reset", VIEW)

    assert world.work(request) == "fixed"  # by the earlier delivery, and nothing now

    assert world.writes == 1
    assert VIEW not in world.grants(PROFILE)


def test_an_approval_that_was_refused_is_used_up() -> None:
    world = offered(most_people=10)
    world.operate("approve", world.finding_id())
    (request,) = world.fixes.waiting
    world.holders[uuid_of(PROFILE)].people = 1
    assert world.fix() == ["fix-refused"]
    world.holders[uuid_of(PROFILE)].people = 0

    assert world.work(request) == "fix-refused"
    assert nothing_written(world)
    assert "used up before" in notes(*refused(world))


def test_an_order_given_again_after_a_refusal_is_another_one() -> None:
    world = offered(most_people=10)
    world.operate("approve", world.finding_id())
    world.holders[uuid_of(PROFILE)].people = 1
    assert world.fix() == ["fix-refused"]
    world.holders[uuid_of(PROFILE)].people = 0
    world.clock.advance(1)  # well within the queue's deduplication

    world.operate("approve", world.finding_id())

    assert world.fix() == ["fixed"]


def test_what_is_over_is_left_out_of_an_approved_alert() -> None:
    world = offered(RETRIEVE, GET_ORDER)
    alert = alert_of(world)
    world.edit(PROFILE, add=[VIEW])
    world.later(120)
    world.look()

    (line,) = world.operate("approve", alert)

    assert ORDER in line
    assert VIEW not in line
    assert world.fix() == ["fixed"]


def test_what_is_no_longer_allowed_of_an_approval_is_told_and_the_rest_is_written() -> None:
    world = offered(RETRIEVE, GET_ORDER)
    world.operate("approve", alert_of(world))
    world.operate("mute", world.finding_id("GetOrder"))

    assert world.fix() == ["fixed"]
    assert world.grants(PROFILE) == {VIEW, BEFORE}
    assert "muted" in notes(*refused(world))


def test_an_approval_does_not_open_a_breaker_or_lift_a_limit() -> None:
    world = offered()
    world.operate("approve", world.finding_id())
    world.holders[uuid_of(PROFILE)].tags = {}

    assert world.fix() == ["fix-refused"]
    assert nothing_written(world)


def test_an_order_that_fails_half_way_puts_on_the_audit_record_what_was_done() -> None:
    world = FixWorld(Mode.APPROVE)
    world.agent(RETRIEVE)
    world.publish(1)
    world.publish(2)
    world.make_live("1", "2")
    for name in ("one", "two"):
        world.profile(name)
        world.attach(name, on=({"one": "1", "two": "2"}[name],))
    world.look()
    sent: list[Repair] = []

    def second_fails(name: str, arguments: tuple[object, ...]) -> None:
        if name == "fixes.send":
            sent.append(arguments[0])  # type: ignore[arg-type]
            if len(sent) == 2:
                raise ServiceUnavailable("503")

    world.calls.on_call = second_fails
    with pytest.raises(ServiceUnavailable):
        world.operate("approve", alert_of(world))

    (record,) = audited(world, "order")
    assert len(record["plan"]) == 1
    assert sent[0].id in record["plan"][0]


def test_an_approval_that_an_open_gap_made_void_is_told() -> None:
    """Once the draft's profile has the grant, the version lacks that profile, not the grant."""
    world = ready(mode=Mode.APPROVE)
    world.publish()
    world.profile("second", BEFORE)
    world.attach("second", on=("1",))
    world.look()
    world.operate("approve", world.finding_id())

    assert world.fix() == ["fixed", "fix-refused"]

    assert "comes with a security profile that the live version lacks" in notes(*refused(world))
