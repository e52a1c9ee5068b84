"""A fix from its approval, or its refusal by the service, to its undo, and what stays away."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from tests.e2e.conftest import RETRIEVE, tool
from tests.e2e.fixing import (
    BOUND,
    OTHER,
    UPDATE,
    VIEW,
    Agent,
    Operator,
    delivery,
    operator,
    quiet,
    swept,
)
from tests.e2e.queue_messages import Changes, about, silent_agent

from toolgrant_local.processes import wait_until

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("quiet")]
__all__ = ["operator", "quiet"]

SECONDS_PER_CALL = 2
"""Of one API by one execution environment: RequestsPerSecond is 1, and two work at once."""

HALF_OF_THE_TIMEOUT = 60
MINUTE = timedelta(minutes=1)


def module_tools(operator: Operator, count: int) -> list[dict[str, Any]]:
    """Tools that each need a flow module: a grant of the risk `write`."""
    return [tool(f"Module{n}", f"aws_custom_flows__{operator.module()}_1") for n in range(count)]


def test_a_write_that_the_service_refuses_for_good(operator: Operator) -> None:
    """Told once with its reason; it holds nothing up, and is over when the service takes it."""
    agent, profile_id = operator.agent(RETRIEVE), operator.opted_in()
    refuse, faults = {"SecurityProfileId": profile_id}, operator.stack.emulator.faults
    faults.refuse(UPDATE, "InvalidParameterException", match=refuse)
    operator.attach(agent, profile_id)
    assert operator.alert(agent)["status"] == "opened"
    for _ in range(2):  # what is planned meanwhile is not told as refused once more
        operator.save(agent, RETRIEVE)

    refused = operator.alert(agent)
    assert refused["status"] == "refused"
    assert any("refused" in note for note in refused["findings"][0]["advisories"])
    operator.stack.wait_idle()
    assert operator.waiting("FixQueueUrl") == 0
    assert operator.waiting("FixDeadLetterQueueUrl") == 0

    asked = operator.stack.emulator.calls[UPDATE]
    swept(operator.stack)
    operator.silence(agent)
    assert operator.stack.emulator.calls[UPDATE] == asked

    faults.clear()
    after_the_window(operator, profile_id)
    operator.add(profile_id, OTHER)
    operator.stack.wait_idle()
    assert operator.statuses(agent) == ["fixed"]
    assert operator.permissions(profile_id) == ["BasicAgentAccess", OTHER, VIEW]


def after_the_window(operator: Operator, profile_id: str) -> None:
    """Until no write of ours can meet an edit any more."""
    sent = max(
        at for change in operator.ledger.history(profile_id).changes for at in change.sent_times
    )
    wait_until(lambda: time.time() > sent.timestamp() + BOUND + 1, 2 * BOUND, "the window's end")


def two_profiles(operator: Operator) -> tuple[Agent, list[str], Mapping[str, Any]]:
    """A fixed AI agent with two profiles that may be written to, and the alert that tells it."""
    agent, profiles = operator.agent(RETRIEVE), [operator.opted_in(), operator.opted_in()]
    for profile_id in profiles:
        operator.attach(agent, profile_id)
    fixed = operator.fixed(agent)
    operator.stack.wait_idle()
    assert len(holders(operator, profiles)) == 1
    return agent, profiles, fixed


def holders(operator: Operator, profiles: list[str]) -> list[str]:
    return [profile for profile in profiles if VIEW in operator.permissions(profile)]


def stays_away(operator: Operator, agent: Agent, profiles: list[str]) -> None:
    operator.stack.wait_idle()
    operator.save(agent, RETRIEVE)
    operator.stack.wait_idle()
    swept(operator.stack)
    assert holders(operator, profiles) == []


def comes_back_once(operator: Operator, agent: Agent, profiles: list[str]) -> None:
    answer = operator.order("reset", agent["aiAgentId"], by="ann")
    assert answer["ok"], answer
    swept(operator.stack)
    (profile_id,) = holders(operator, profiles)
    operator.take(profile_id, VIEW)
    stays_away(operator, agent, profiles)


def test_what_was_undone_comes_back_on_no_profile_until_reset(operator: Operator) -> None:
    agent, profiles, fixed = two_profiles(operator)

    assert operator.order("undo", fixed["changeId"], by="ann")["ok"]

    stays_away(operator, agent, profiles)
    comes_back_once(operator, agent, profiles)


def test_what_a_person_took_away_comes_back_on_no_profile_until_reset(operator: Operator) -> None:
    agent, profiles, _ = two_profiles(operator)

    (profile_id,) = holders(operator, profiles)
    operator.take(profile_id, VIEW)

    stays_away(operator, agent, profiles)
    comes_back_once(operator, agent, profiles)


def test_an_approved_alert_is_one_change_and_one_more_alert(operator: Operator) -> None:
    gateway = operator.gateway()
    tools = [tool(f"Tool{n}", f"gateway_{gateway}__orders___Tool{n}") for n in range(20)]
    agent, profile_id = operator.agent(*tools), operator.opted_in()
    operator.attach(agent, profile_id)
    opened = operator.alert(agent)
    assert len(opened["findings"]) == 20
    operator.stack.wait_idle()

    answer = operator.order("approve", opened["alertId"], by="ann")

    assert answer["ok"], answer
    (line,) = answer["steps"]
    fixed = operator.fixed(agent)
    assert [finding["status"] for finding in fixed["findings"]] == ["fixed"] * 20
    operator.silence(agent)
    (change,) = operator.ledger.history(profile_id).changes
    assert (change.id, change.approved_by) == (fixed["changeId"], "ann")

    approval = operator.ledger.approval(line.split()[1].rstrip(":"))
    assert approval
    written = operator.stack.emulator.calls[UPDATE]
    operator.deliver(delivery(approval.repair))
    assert operator.stack.emulator.calls[UPDATE] == written
    operator.silence(agent)


def silently(operator: Operator, operation: str, **parameters: Any) -> Mapping[str, Any]:
    """A call of which no event tells."""
    return dict(operator.stack.emulator.apply(operation, **parameters))


def three_qualifiers(operator: Operator, agent: Agent) -> list[str]:
    """The draft, `$LATEST` and a number that the assistant uses."""
    scope = {"assistantId": operator.assistant}
    made = silently(
        operator, "qconnect:CreateAIAgentVersion", **scope, aiAgentId=agent["aiAgentId"]
    )
    number = str(made["versionNumber"])
    silently(
        operator,
        "qconnect:UpdateAssistantAIAgent",
        **scope,
        aiAgentType="ORCHESTRATION",
        orchestratorUseCase="Connect.SelfService",
        configuration={"aiAgentId": f"{agent['aiAgentId']}:{number}"},
    )
    return ["$SAVED", "$LATEST", number]


@pytest.fixture
def no_live_agent(operator: Operator) -> Iterator[None]:
    """The assistant uses no AI agent afterwards."""
    yield
    scope = {"assistantId": operator.assistant, "aiAgentType": "ORCHESTRATION"}
    use = {"orchestratorUseCase": "Connect.SelfService"}
    silently(operator, "qconnect:RemoveAssistantAIAgent", **scope, **use)


@pytest.mark.usefixtures("no_live_agent")
def test_a_hundred_tools_on_five_profiles_and_three_qualifiers_are_one_alert_in_time(
    operator: Operator,
) -> None:
    """At the default pace. What counts is how often the API that is called most is called."""
    agent = silent_agent(operator, *module_tools(operator, 100))
    qualifiers = three_qualifiers(operator, agent)
    for profile_id in [operator.opted_in() for _ in range(5)]:
        for qualifier in qualifiers:
            silently(
                operator,
                "connect:AssociateSecurityProfiles",
                InstanceId=operator.instance,
                EntityType="AI_AGENT",
                EntityArn=f"{agent['aiAgentArn']}:{qualifier}",
                SecurityProfiles=[{"Id": profile_id}],
            )
    operator.stack.wait_idle()

    operator.stack.emulator.reset_calls()
    Changes(operator.stack).invoke(about(agent, age=MINUTE))
    look = dict(operator.stack.emulator.calls)

    assert max(look.values()) * SECONDS_PER_CALL <= HALF_OF_THE_TIMEOUT, look
    (opened,) = operator.new_alerts(agent)
    assert opened["agent"]["qualifiers"] == sorted(qualifiers)
    assert len(opened["findings"]) + opened["omittedFindings"] == 100

    operator.stack.emulator.reset_calls()
    operator.order("approve", opened["alertId"], by="ann")
    operator.fixed(agent)
    operator.stack.wait_idle()
    calls = dict(operator.stack.emulator.calls)
    repairs = calls[UPDATE]  # one list of each profile, which has room for ten flow modules
    assert repairs == 5
    others = calls["qconnect:GetAssistant"] - 2 * repairs  # by evaluate; a repair looks twice
    own = {api: (count - others * look.get(api, 0)) / repairs for api, count in calls.items()}
    assert max(own.values()) * SECONDS_PER_CALL <= HALF_OF_THE_TIMEOUT, (calls, look)
