"""How many calls an evaluation costs, counted at the emulator: Connect's quota is shared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from tests.e2e.conftest import NOTES, RETRIEVE, Admin
from tests.e2e.queue_messages import Changes, about, event, silent_agent

from toolgrant_local.stack import LocalStack

pytestmark = pytest.mark.stack
Calls = dict[str, int]
WISDOM = {"Permissions": ["Wisdom.View"]}
GET_AGENT = "qconnect:GetAIAgent"
GET_ASSISTANT = "qconnect:GetAssistant"
ATTACHED = "connect:ListEntitySecurityProfiles"
PERMISSIONS = "connect:ListSecurityProfilePermissions"


@pytest.fixture
def changes(stack: LocalStack) -> Changes:
    return Changes(stack)


@pytest.fixture
def spent(stack: LocalStack) -> Iterator[Callable[[], Calls]]:
    """`spent()`: the calls since the test was ready, once everything is done."""
    stack.wait_idle()
    stack.emulator.reset_calls()

    def calls() -> Calls:
        stack.wait_idle()
        return dict(stack.emulator.calls)

    return calls


def granted_agent(admin: Admin, *profiles: str) -> dict[str, str]:
    """An AI agent on record that lacks nothing, with these profiles attached."""
    agent = silent_agent(admin, RETRIEVE, NOTES)
    for profile in profiles:
        attach_silently(admin, agent, profile)
    queue = Changes(admin.stack)
    message = about(agent)
    queue.invoke(message)
    assert queue.outcomes(message)[0]["outcome"] == "evaluated"
    admin.silence(agent)
    return agent


def attach_silently(admin: Admin, agent: dict[str, str], profile: str, on: str = "$SAVED") -> None:
    admin.stack.emulator.apply(
        "connect:AssociateSecurityProfiles",
        InstanceId=admin.instance,
        SecurityProfiles=[{"Id": profile}],
        EntityType="AI_AGENT",
        EntityArn=f"{agent['aiAgentArn']}:{on}",
    )


def test_one_save_costs_one_read_of_each_thing(admin: Admin, spent: Callable[[], Calls]) -> None:
    agent = granted_agent(admin, admin.profile(**WISDOM), admin.profile())
    admin.stack.emulator.reset_calls()
    admin.save(agent, NOTES, RETRIEVE)
    assert spent() == {
        "qconnect:UpdateAIAgent": 1,
        GET_AGENT: 2,  # the draft, and $LATEST, which does not exist
        GET_ASSISTANT: 1,
        ATTACHED: 1,
        PERMISSIONS: 2,  # one for each profile; no other kind of grant is needed
    }


def test_only_the_lists_that_some_tool_needs_are_read(
    admin: Admin, spent: Callable[[], Calls]
) -> None:
    agent = granted_agent(admin, admin.profile(**WISDOM))
    admin.stack.emulator.reset_calls()
    admin.save(agent, {"toolName": "Mine", "toolType": "RETURN_TO_CONTROL"})
    assert set(spent()) == {"qconnect:UpdateAIAgent", GET_AGENT, GET_ASSISTANT, ATTACHED}


def test_each_published_version_costs_one_more_of_each(
    admin: Admin, changes: Changes, spent: Callable[[], Calls]
) -> None:
    profile = admin.profile(**WISDOM)
    agent = granted_agent(admin, profile)
    admin.stack.emulator.apply(
        "qconnect:CreateAIAgentVersion",
        assistantId=admin.assistant,
        aiAgentId=agent["aiAgentId"],
    )
    attach_silently(admin, agent, profile, "$LATEST")
    admin.stack.emulator.reset_calls()
    changes.invoke(about(agent))
    assert spent() == {GET_AGENT: 2, GET_ASSISTANT: 1, ATTACHED: 2, PERMISSIONS: 1}


def test_a_profile_of_three_agents_is_read_once_in_a_batch(
    admin: Admin, changes: Changes, spent: Callable[[], Calls]
) -> None:
    profile = admin.profile(**WISDOM)
    agents = [granted_agent(admin, profile) for _ in range(3)]
    admin.stack.emulator.reset_calls()
    changes.invoke(*(about(agent) for agent in agents))
    assert spent() == {GET_AGENT: 6, GET_ASSISTANT: 1, ATTACHED: 3, PERMISSIONS: 1}


def test_a_changed_profile_costs_a_look_at_each_of_its_agents_and_no_more(
    admin: Admin, spent: Callable[[], Calls]
) -> None:
    profile = admin.profile(**WISDOM)
    agents = [granted_agent(admin, profile) for _ in range(3)]
    admin.stack.emulator.reset_calls()
    admin.grant(profile, Description="a new text")
    calls = spent()
    assert calls.pop("connect:UpdateSecurityProfile") == 1
    batches = calls[GET_ASSISTANT]  # the three messages may come in up to three batches
    assert 1 <= batches <= 3
    assert calls == {
        GET_AGENT: 6,
        GET_ASSISTANT: batches,
        ATTACHED: 3,
        PERMISSIONS: calls[PERMISSIONS],
    }
    assert 1 <= calls[PERMISSIONS] <= batches
    for agent in agents:
        admin.silence(agent)


def test_ten_events_of_one_agent_in_a_batch_are_one_look(
    admin: Admin, changes: Changes, spent: Callable[[], Calls]
) -> None:
    agent = granted_agent(admin, admin.profile(**WISDOM))
    admin.stack.emulator.reset_calls()
    events = [about(agent, age=timedelta(seconds=number)) for number in range(10)]
    changes.invoke(*events)
    assert spent() == {GET_AGENT: 2, GET_ASSISTANT: 1, ATTACHED: 1, PERMISSIONS: 1}
    newest = changes.outcomes(events[0])
    assert [audit["outcome"] for audit in newest] == ["evaluated"]
    ids = {event["detail"]["eventID"] for event in events[1:]}
    causes = [(line.get("audit") or {}).get("cause") or {} for line in changes.lines()]
    assert [cause for cause in causes if cause.get("eventId") in ids] == []


def test_an_event_that_is_older_than_the_last_look_costs_nothing(
    admin: Admin, changes: Changes, spent: Callable[[], Calls]
) -> None:
    agent = granted_agent(admin, admin.profile(**WISDOM))
    admin.stack.emulator.reset_calls()
    old = about(agent, age=timedelta(minutes=10))
    changes.invoke(old)
    assert spent() == {}
    assert changes.outcomes(old)[0]["outcome"] == "stale"


@pytest.mark.parametrize(
    "message",
    [
        event("PaintAIAgent"),
        event(errorCode="AccessDenied"),
        event("UpdateSecurityProfile", "iot.amazonaws.com"),
    ],
)
def test_an_event_that_asks_for_nothing_costs_nothing(
    changes: Changes, spent: Callable[[], Calls], message: dict[str, object]
) -> None:
    changes.invoke(message)
    assert spent() == {}


def test_an_alert_costs_one_name_of_each_attached_profile_and_silence_costs_none(
    admin: Admin, changes: Changes, spent: Callable[[], Calls]
) -> None:
    agent = silent_agent(admin, RETRIEVE)
    profiles = [admin.profile(), admin.profile()]
    for profile in profiles:
        attach_silently(admin, agent, profile)
    admin.stack.wait_idle()
    admin.stack.emulator.reset_calls()
    changes.invoke(about(agent, age=timedelta(minutes=1)))
    assert admin.alert(agent)["status"] == "opened"
    assert spent()["connect:DescribeSecurityProfile"] == 2
    admin.stack.emulator.reset_calls()
    changes.invoke(about(agent))
    assert "connect:DescribeSecurityProfile" not in spent()


@pytest.mark.parametrize(("proven", "asked"), [(True, 1), (False, 2)], ids=["proven", "unproven"])
def test_a_sweep_asks_for_what_no_summary_proves_and_looks_at_each_agent_once(
    admin: Admin, spent: Callable[[], Calls], proven: bool, asked: int
) -> None:
    """Here all summaries describe the draft; `$LATEST`, which may be there or not, is asked for."""
    profile = admin.profile(**WISDOM)
    mine = [granted_agent(admin, profile) for _ in range(3)]
    admin.stack.emulator.settings.summaries_say_qualifier = proven
    admin.stack.emulator.reset_calls()
    admin.stack.sweep()
    calls = spent()
    admin.stack.emulator.reset_settings()
    listed = _listed(admin)
    agents = [one["aiAgentId"] for all_of_one in listed for one in all_of_one if _judged(one)]
    assert {agent["aiAgentId"] for agent in mine} <= set(agents)
    assert asked * len(agents) <= calls[GET_AGENT] <= asked * (len(agents) + 3)
    assert "qconnect:ListAIAgentVersions" not in calls
    assert calls["qconnect:ListAIAgents"] == sum(max(1, -(-len(one) // 25)) for one in listed)
    assert calls["connect:ListInstances"] <= 2
    assert calls[ATTACHED] <= 2 * (len(agents) + 3)


def _judged(summary: Mapping[str, Any]) -> bool:
    return (summary["type"], summary["origin"]) == ("ORCHESTRATION", "CUSTOMER")


def _listed(admin: Admin) -> list[list[Mapping[str, Any]]]:
    """The AI agents of each assistant: a sweep looks at all of them."""
    assistants = admin.qconnect.list_assistants()["assistantSummaries"]
    pages = admin.qconnect.get_paginator("list_ai_agents")
    return [
        [
            summary
            for page in pages.paginate(assistantId=assistant["assistantId"])
            for summary in page["aiAgentSummaries"]
        ]
        for assistant in assistants
    ]
