"""Refused saves: told once with the remedy, over with the next save, never more than a notice."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.fakes import ASSISTANT, DASHBOARD, INSTANCE, NOON, RETRIEVE, SETTLE, World, uuid_of

from toolgrant.adapters.change_messages import parse_message
from toolgrant.domain.alerts.render import Rendered
from toolgrant.domain.model import Finding
from toolgrant.domain.record_budget import BUDGET, size_of
from toolgrant.domain.requests import created_key
from toolgrant.usecases.batch import Message, handle_batch

MODULE_TOOL = f"aws_custom_flows__{uuid_of('module')}_1"
WEEK = timedelta(days=7)


def make_world(settle: timedelta) -> World:
    """An agent without trouble."""
    world = World(settle)
    world.store.remember_instances(world.cloud.instances)
    world.agent(RETRIEVE)
    world.profile("Agents", "permission:Wisdom.View")
    world.attach("Agents")
    return world


@pytest.fixture
def world() -> World:
    """Where a refusal is told at once (SettleSeconds=0), to follow what becomes of it."""
    return make_world(timedelta())


@pytest.fixture
def settling() -> World:
    """Where what is new must settle first, as by default."""
    return make_world(SETTLE)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def handle_at(world: World, seconds: float, body: str) -> None:
    """A message comes in at that time."""
    world.clock.time = after(seconds)
    world.handle(body)


def notices(world: World) -> list[Finding]:
    found = [f for name, f in world.findings().items() if name.startswith("refused-save")]
    return sorted(found, key=lambda finding: finding.tool_name)


def notices_of_creation(world: World, name: str) -> list[Finding]:
    return list(world.store.record(created_key(ASSISTANT, name)).findings.values())


# --- telling


def test_a_refused_save_is_told_with_the_tool_and_the_remedy(world: World) -> None:
    world.handle(world.refused_save())

    (alert,) = world.notifier.alerts
    assert (alert["status"], alert["severity"]) == ("opened", "MEDIUM")
    assert (alert["threadId"], alert["instanceId"]) == (uuid_of("agent"), INSTANCE)
    assert alert["actor"]["name"] == "Admin/ann"
    (finding,) = alert["findings"]
    assert (finding["kind"], finding["verdict"]) == ("refused-save", "UNKNOWN")
    assert finding["toolId"] == DASHBOARD
    assert (finding["required"], finding["missing"]) == ([], [])
    assert finding["consolePath"] == {
        "en": "AI agent designer > the agent > remove the tool",
        "ja": "AI エージェントの設定からツールを削除",
    }
    assert any("remove" in advisory.lower() for advisory in finding["advisories"])


def test_the_tool_goes_by_the_name_that_the_refused_configuration_gives_it(world: World) -> None:
    tools = [{"toolName": "Figures", "toolType": "MODEL_CONTEXT_PROTOCOL", "toolId": DASHBOARD}]
    body = json.loads(world.refused_save())
    body["detail"]["requestParameters"]["configuration"] = {
        "orchestrationAIAgentConfiguration": {"toolConfigurations": tools}
    }

    world.handle(json.dumps(body))

    assert world.told == ["opened Figures"]


def test_a_module_that_cannot_be_used_yet_has_another_remedy(world: World) -> None:
    message = f"Flow module for MCP tool with ID '{MODULE_TOOL}' not found"

    world.handle(world.refused_save(errorMessage=message))

    (finding,) = world.notifier.alerts[0]["findings"]
    assert finding["toolId"] == MODULE_TOOL
    assert "release a version" in finding["consolePath"]["en"]
    assert "バージョン" in finding["consolePath"]["ja"]


def test_the_same_refusal_again_is_silent(world: World) -> None:
    for seconds in (0, 0, 30, 3600):
        world.clock.time = after(seconds)
        world.handle(world.refused_save(), world.refused_save())

    assert world.told == [f"opened {DASHBOARD}"]


def test_each_refused_tool_is_told_once(world: World) -> None:
    world.handle(world.refused_save(), world.refused_save(tool="aws_custom_x__y"))
    world.handle(world.refused_save(tool="aws_custom_x__y"), world.refused_save())

    assert world.told == [f"opened {DASHBOARD}", "opened aws_custom_x__y"]
    assert [str(finding.state) for finding in notices(world)] == ["open", "open"]


def test_a_refusal_after_a_good_save_is_told_anew(world: World) -> None:
    world.handle(world.refused_save())
    handle_at(world, 15, world.event(at=after(10)))

    handle_at(world, 25, world.refused_save(at=after(20)))

    assert world.told == [f"{status} {DASHBOARD}" for status in ("opened", "resolved", "reopened")]


@pytest.mark.parametrize(
    "event", ["UpdateAIAgent", "CreateAIAgent"], ids=["of an agent", "of a new agent"]
)
def test_a_notice_never_leads_to_a_call_of_the_services_or_to_a_look(
    world: World, event: str
) -> None:
    world.calls.forget()

    world.handle(world.refused_save(event))

    assert world.calls.count("agents.") + world.calls.count("profiles.") == {}
    assert world.queue.waiting == []
    assert world.outcomes == ["notice"]


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ("UpdateAIAgent", {"errorMessage": "1 validation error detected"}),
        ("UpdateAIAgent", {"errorMessage": None}),
        ("DeleteAIAgent", {}),
    ],
)
def test_another_refusal_is_no_notice(world: World, event: str, fields: dict[str, object]) -> None:
    world.handle(world.refused_save(event, **fields))

    assert world.outcomes == ["skipped"]
    assert world.told == []


def test_a_refusal_without_a_readable_time_counts_from_now(world: World) -> None:
    world.handle(world.refused_save(eventTime="soon"))

    (finding,) = notices(world)
    assert finding.refused_at == NOON


# --- settling


def refuse(world: World, event: str = "UpdateAIAgent", **fields: Any) -> None:
    """A refused save comes in, by the queue."""
    world.queue.put(world.refused_save(event, **fields))
    world.drain()


def saved(world: World, event: str) -> str:
    """The body of the save that went well at last."""
    if event == "UpdateAIAgent":
        return world.event()
    world.agent(RETRIEVE, name="agent")
    return world.created("agent")


SAVED_BY = pytest.mark.parametrize("event", ["UpdateAIAgent", "CreateAIAgent"])


@SAVED_BY
def test_a_refusal_is_told_when_it_has_settled(settling: World, event: str) -> None:
    refuse(settling, event)
    settling.later(SETTLE.total_seconds() - 1)
    assert settling.told == []

    settling.later(2)
    assert settling.told == [f"opened {DASHBOARD}"]
    (alert,) = settling.notifier.alerts
    assert alert["actor"]["name"] == "Admin/ann"
    assert "remove the tool" in alert["findings"][0]["consolePath"]["en"]
    assert alert["findings"][0]["advisories"]
    assert settling.outcomes == ["notice"]


@SAVED_BY
def test_a_client_that_saves_again_in_time_is_not_told(settling: World, event: str) -> None:
    refuse(settling, event)
    settling.later(5)
    settling.queue.put(saved(settling, event))
    settling.drain()
    settling.later(SETTLE.total_seconds() * 3)

    assert settling.told == []
    assert notices(settling) + notices_of_creation(settling, "agent") == []


def test_records_may_come_later_than_the_settle_time_takes(settling: World) -> None:
    """CloudTrail is minutes behind: the refusal is heard long after, the save just after it."""
    refusal, save = settling.refused_save(), settling.event(at=after(5))
    settling.clock.time = after(300)
    settling.queue.put(refusal)
    settling.drain()
    settling.clock.advance(5)
    settling.queue.put(save)
    settling.drain()
    settling.later(SETTLE.total_seconds() + 2)

    assert settling.told == []


@SAVED_BY
def test_neither_is_one_that_is_refused_several_times_first(settling: World, event: str) -> None:
    for _ in range(3):
        refuse(settling, event)
        settling.later(10)
    settling.queue.put(saved(settling, event))
    settling.drain()
    settling.later(SETTLE.total_seconds() * 3)

    assert settling.told == []


@SAVED_BY
def test_one_that_is_refused_again_and_again_is_told_once(settling: World, event: str) -> None:
    for _ in range(20):
        refuse(settling, event)
        settling.later(20)

    assert settling.told == [f"opened {DASHBOARD}"]


def test_a_save_between_two_refusals_does_not_hide_the_second(settling: World) -> None:
    refuse(settling)
    settling.later(10)
    settling.queue.put(settling.event())
    settling.drain()
    settling.later(10)
    refuse(settling)
    settling.later(SETTLE.total_seconds() + 2)

    assert settling.told == [f"opened {DASHBOARD}"]


@SAVED_BY
def test_the_wait_costs_no_call_of_the_services(settling: World, event: str) -> None:
    settling.calls.forget()
    refuse(settling, event)
    settling.later(SETTLE.total_seconds() + 2)

    assert settling.told == [f"opened {DASHBOARD}"]
    assert settling.calls.count("agents.") + settling.calls.count("profiles.") == {}


def test_in_one_batch_with_an_event_of_the_ai_agent_both_are_worked_off(settling: World) -> None:
    settling.handle(settling.refused_save())
    settling.clock.advance(SETTLE.total_seconds() + 1)
    (recheck,) = settling.queue.take()

    settling.handle(recheck.body, settling.event("CreateAIAgentVersion"))

    assert settling.told == [f"opened {DASHBOARD}"]
    assert settling.outcomes.count("evaluated") == 1


@pytest.mark.parametrize("event", ["UpdateAIAgent", "CreateAIAgent"])
def test_a_notice_whose_message_got_lost_is_told_by_the_sweep(settling: World, event: str) -> None:
    settling.handle(settling.refused_save(event, name="agent" if event[0] == "U" else "Sales"))
    settling.queue.waiting.clear()
    settling.clock.advance(SETTLE.total_seconds() + 1)

    settling.sweep()
    settling.drain()

    assert settling.told == [f"opened {DASHBOARD}"]
    assert "remove the tool" in settling.notifier.alerts[0]["findings"][0]["consolePath"]["en"]


def test_a_second_look_that_comes_too_early_is_asked_for_again(settling: World) -> None:
    settling.handle(settling.refused_save())
    (recheck,) = settling.queue.waiting
    settling.queue.waiting.clear()
    settling.clock.advance(10)

    settling.handle(recheck.body)
    assert settling.told == []

    settling.later(SETTLE.total_seconds())
    assert settling.told == [f"opened {DASHBOARD}"]


def test_a_return_within_the_settle_time_is_a_return(settling: World) -> None:
    refuse(settling)
    settling.later(SETTLE.total_seconds() + 2)
    settling.queue.put(settling.event())
    settling.drain()
    settling.later(60)
    refuse(settling)
    settling.later(SETTLE.total_seconds() + 2)

    assert settling.told == [
        f"{status} {DASHBOARD}" for status in ("opened", "resolved", "reopened")
    ]


# --- closing


def test_the_next_good_save_closes_it(world: World) -> None:
    world.handle(world.refused_save())
    handle_at(world, 6, world.event(at=after(5)))

    (finding,) = notices(world)
    assert (str(finding.state), finding.resolution) == ("resolved", "saved")
    assert world.told == [f"opened {DASHBOARD}", f"resolved {DASHBOARD}"]


def test_publishing_a_version_is_no_save(world: World) -> None:
    world.handle(world.refused_save())
    handle_at(world, 6, world.event("CreateAIAgentVersion", at=after(5)))

    assert [str(finding.state) for finding in notices(world)] == ["open"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_a_good_save_closes_it_among_other_events_in_any_order(
    world: World, order: tuple[int, ...]
) -> None:
    bodies = [
        world.refused_save(at=after(0)),
        world.event("UpdateAIAgent", at=after(5)),
        world.event("DeleteAIAgentVersion", at=after(8)),
    ]
    world.clock.time = after(10)

    world.handle(*(bodies[at] for at in order))

    assert [finding.resolution for finding in notices(world)] == ["saved"]
    assert world.told == [f"opened {DASHBOARD}", f"resolved {DASHBOARD}"]


def test_looks_for_other_reasons_leave_it_open(world: World) -> None:
    world.handle(world.refused_save())
    handle_at(world, 6, world.event("DeleteAIAgentVersion", at=after(5)))
    world.sweep()
    world.drain()

    assert [str(finding.state) for finding in notices(world)] == ["open"]
    assert world.told == [f"opened {DASHBOARD}"]


def test_an_older_save_leaves_it_open(world: World) -> None:
    handle_at(world, 11, world.refused_save(at=after(10)))
    handle_at(world, 12, world.event(at=after(5)))

    assert [str(finding.state) for finding in notices(world)] == ["open"]


def test_a_save_between_two_refusals_leaves_it_open(world: World) -> None:
    handle_at(world, 1, world.refused_save(at=after(0)))
    handle_at(world, 21, world.refused_save(at=after(20)))
    handle_at(world, 22, world.event(at=after(10)))

    assert [str(finding.state) for finding in notices(world)] == ["open"]
    assert world.told == [f"opened {DASHBOARD}"]


def test_a_save_of_the_future_closes_no_notice_to_come(world: World) -> None:
    handle_at(world, 1, world.event(at=after(10**6)))
    handle_at(world, 20, world.refused_save(at=after(20)))

    assert world.told == [f"opened {DASHBOARD}"]


def test_a_refusal_of_the_future_is_closed_by_the_next_save_all_the_same(world: World) -> None:
    handle_at(world, 1, world.refused_save(at=after(10**6)))
    handle_at(world, 20, world.event(at=after(20)))

    assert [finding.resolution for finding in notices(world)] == ["saved"]


def test_a_refusal_older_than_a_week_is_not_told(world: World) -> None:
    world.handle(world.refused_save(at=NOON - WEEK - timedelta(minutes=1)))

    assert world.told == []


def test_a_refusal_that_comes_after_a_younger_save_is_ignored(world: World) -> None:
    world.clock.time = after(30)
    world.handle(world.event(at=after(20)))

    world.handle(world.refused_save(at=after(10)))

    assert world.told == []
    assert notices(world) == []


def test_within_one_second_a_refusal_counts_as_before_the_save(world: World) -> None:
    """CloudTrail's times have whole seconds: which came first cannot be told."""
    world.clock.time = after(5)
    world.handle(world.event(at=after(2)))

    world.handle(world.refused_save(at=after(2)))

    assert world.told == []


def test_a_closed_notice_stays_closed_when_its_event_comes_again(world: World) -> None:
    world.handle(world.refused_save())
    handle_at(world, 6, world.event(at=after(5)))
    handle_at(world, 7, world.refused_save(at=after(0)))

    assert [finding.resolution for finding in notices(world)] == ["saved"]
    assert world.told[1:] == [f"resolved {DASHBOARD}"]


def test_the_first_look_at_an_agent_that_was_saved_since_closes_it(settling: World) -> None:
    settling.profile("Agents")
    settling.handle(settling.refused_save(at=after(-3600)))

    settling.look()

    assert settling.told == ["opened Retrieve"]


@pytest.mark.parametrize("looked_at", [True, False], ids=["agent on record", "agent never seen"])
def test_it_is_over_after_a_week(world: World, looked_at: bool) -> None:
    if looked_at:
        world.look()
    refused_at = world.clock.now()
    world.handle(world.refused_save())

    world.clock.time = refused_at + WEEK - timedelta(minutes=1)
    world.sweep()
    world.drain()
    assert [str(finding.state) for finding in notices(world)] == ["open"]

    world.clock.time = refused_at + WEEK + timedelta(minutes=1)
    world.sweep()
    world.drain()
    assert [finding.resolution for finding in notices(world)] == ["expired"]
    assert world.told == [f"opened {DASHBOARD}", f"resolved {DASHBOARD}"]


@pytest.mark.parametrize("looked_at", [True, False], ids=["agent on record", "agent never seen"])
def test_it_is_over_when_the_agent_is_deleted(world: World, looked_at: bool) -> None:
    if looked_at:
        world.look()
    world.handle(world.refused_save())
    world.delete_agent()
    world.clock.advance(2)

    world.handle(world.event("DeleteAIAgent"))

    assert [finding.resolution for finding in notices(world)] == ["agent-deleted"]
    assert world.told == [f"opened {DASHBOARD}", f"resolved {DASHBOARD}"]


# --- agents that were never made


def test_a_refused_creation_is_told_under_the_name_it_was_to_have(world: World) -> None:
    world.handle(world.refused_save("CreateAIAgent", name="Sales"))

    (alert,) = world.notifier.alerts
    assert alert["agent"]["name"] == "Sales"
    assert alert["status"] == "opened"


def test_a_later_creation_of_that_name_closes_it(world: World) -> None:
    world.handle(world.refused_save("CreateAIAgent", name="Sales"))
    world.agent(RETRIEVE, name="Sales")
    world.attach("Agents", agent="Sales")

    handle_at(world, 31, world.created("Sales", at=after(30)))

    assert [one.resolution for one in notices_of_creation(world, "Sales")] == ["saved"]
    assert world.told == [f"opened {DASHBOARD}", f"resolved {DASHBOARD}"]


def test_another_agents_creation_leaves_it_open(world: World) -> None:
    world.handle(world.refused_save("CreateAIAgent", name="Sales"))
    world.agent(RETRIEVE, name="Service")
    world.attach("Agents", agent="Service")

    handle_at(world, 31, world.created("Service", at=after(30)))

    assert [str(one.state) for one in notices_of_creation(world, "Sales")] == ["open"]


def test_a_refused_creation_is_over_after_a_week(world: World) -> None:
    world.handle(world.refused_save("CreateAIAgent", name="Sales"))
    world.clock.time = NOON + WEEK + timedelta(minutes=1)

    world.sweep()
    world.drain()

    assert [one.resolution for one in notices_of_creation(world, "Sales")] == ["expired"]
    assert world.told == [f"opened {DASHBOARD}", f"resolved {DASHBOARD}"]


# --- words


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            [
                "a save was refused",
                "remove the tool",
                "Then save the AI agent again",
                "Admin/ann",
            ],
        ),
        (
            "ja",
            ["保存が拒否されました", "ツールを削除", "保存し直してください", "Admin/ann"],
        ),
    ],
)
def test_people_read_what_happened_and_what_to_do(
    world: World, language: str, words: list[str]
) -> None:
    deps = replace(world.deps(), language=language)

    handle_batch([Message("m", world.refused_save())], parse_message, deps, lambda: True)

    (sent,) = world.notifier.sent
    for body in (sent.bodies["email"], readable_chat(sent)):
        missing = [word for word in [*words, DASHBOARD] if word not in body]
        assert missing == []


def readable_chat(sent: Rendered) -> str:
    return json.dumps(json.loads(sent.bodies["https"]), ensure_ascii=False)


# --- many of them


def tool(number: int) -> str:
    return f"aws_custom_analytics__{number}"


def test_of_many_refused_saves_the_twenty_newest_stay(world: World) -> None:
    for number in range(447):
        handle_at(world, number, world.refused_save(tool=tool(number)))

    assert sorted(f.tool_id or "" for f in notices(world)) == [tool(n) for n in range(427, 447)]
    assert {str(f.state) for f in notices(world)} == {"open"}
    assert {told.split()[0] for told in world.told} == {"opened"}


def test_a_refusal_older_than_the_twenty_newest_is_no_news_when_it_comes_again(
    world: World,
) -> None:
    first = world.refused_save(tool=tool(0))
    for number in range(30):
        handle_at(world, number, world.refused_save(tool=tool(number)))
    told = list(world.told)

    handle_at(world, 60, first)

    assert world.told == told
    assert tool(0) not in {finding.tool_id for finding in notices(world)}


def test_a_refusal_again_counts_as_new(world: World) -> None:
    for number in range(20):
        handle_at(world, number, world.refused_save(tool=tool(number)))
    handle_at(world, 30, world.refused_save(tool=tool(0)))
    handle_at(world, 31, world.refused_save(tool=tool(20)))

    gone = {tool(n) for n in range(21)} - {finding.tool_id for finding in notices(world)}
    assert gone == {tool(1)}


def test_447_refused_saves_that_a_save_ended_leave_room_in_the_record(world: World) -> None:
    long = "道" * 4000
    for number in range(447):
        handle_at(world, 2 * number, world.refused_save(tool=f"{number}{long}"))
        if number % 20 == 19:
            handle_at(world, 2 * number + 1, world.event())
    handle_at(world, 900, world.event())

    record = world.store.record(world.key())
    assert size_of(record) <= BUDGET
    assert 100 < len(notices(world)) < 447
    assert {str(f.state) for f in notices(world)} == {"resolved"}
