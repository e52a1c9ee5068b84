"""Events say when to look, never what to conclude: twice, late, in any order, all at once."""

from __future__ import annotations

import random
import threading
from datetime import timedelta

import pytest
from tests.e2e.conftest import NOTES, RETRIEVE, Admin, names
from tests.e2e.queue_messages import Changes, about, silent_agent

from toolgrant_local.stack import LocalStack

pytestmark = pytest.mark.stack
VIEW = ["permission:Wisdom.View"]


@pytest.fixture
def changes(stack: LocalStack) -> Changes:
    return Changes(stack)


def test_the_same_event_many_times_is_told_once(admin: Admin, changes: Changes) -> None:
    agent = silent_agent(admin, RETRIEVE)
    message = about(agent)
    for _ in range(6):
        changes.send(message)
    assert admin.alert(agent)["status"] == "opened"
    admin.silence(agent)
    changes.send(message)
    admin.silence(agent)


def test_events_in_any_order_lead_to_what_is_true_now(admin: Admin, changes: Changes) -> None:
    agent, profile = silent_agent(admin, RETRIEVE, NOTES), admin.profile()
    admin.attach(agent, profile)
    assert names(admin.alert(agent)) == {"Retrieve": VIEW, "GenerateNotes": VIEW}
    admin.stack.emulator.apply(
        "connect:UpdateSecurityProfile",
        InstanceId=admin.instance,
        SecurityProfileId=profile,
        Permissions=["Wisdom.View"],
    )
    events = [about(agent, age=timedelta(seconds=number)) for number in range(0, 40, 4)]
    for message in random.Random(7).sample(events, len(events)):
        changes.send(message)
    assert admin.alert(agent)["status"] == "resolved"
    admin.silence(agent)


def test_a_very_old_event_changes_nothing(admin: Admin, changes: Changes) -> None:
    agent = silent_agent(admin, RETRIEVE)
    changes.send(about(agent))
    admin.alert(agent)
    admin.stack.wait_idle()
    old = about(agent, age=timedelta(days=30))
    changes.send(old)
    (audit,) = changes.outcomes(old)
    assert audit["outcome"] == "stale"
    admin.silence(agent)


def test_an_old_event_of_an_agent_never_seen_is_looked_at(admin: Admin, changes: Changes) -> None:
    agent = silent_agent(admin, RETRIEVE)
    old = about(agent, age=timedelta(days=30))
    changes.send(old)
    assert changes.outcomes(old)[0]["outcome"] == "evaluated"
    assert admin.alert(agent)["status"] == "opened"


def test_a_grant_right_after_the_save_is_told_to_nobody(admin: Admin) -> None:
    """Within the settle time, a new problem that is gone again was none."""
    profile = admin.profile()
    agent = admin.agent()
    admin.attach(agent, profile)
    admin.stack.wait_idle()
    admin.save(agent, RETRIEVE)
    admin.grant(profile, Permissions=["Wisdom.View"])
    admin.silence(agent)


def test_a_deleted_profile_is_no_longer_counted(admin: Admin) -> None:
    agent, profile = admin.agent(RETRIEVE), admin.profile(Permissions=["Wisdom.View"])
    admin.attach(agent, profile)
    admin.silence(agent)
    admin.detach(agent, profile)
    opened = admin.alert(agent)
    assert (opened["status"], names(opened)) == ("opened", {"Retrieve": VIEW})
    admin.connect.delete_security_profile(InstanceId=admin.instance, SecurityProfileId=profile)
    admin.silence(agent)


def test_eight_functions_at_once_tell_one_alert(admin: Admin, changes: Changes) -> None:
    agent = silent_agent(admin, RETRIEVE, NOTES)
    message = about(agent, age=timedelta(minutes=1))  # settled, so that it is told at once
    start, errors = threading.Barrier(8), []

    def invoke() -> None:
        start.wait(10)
        _, answer = changes.invoke(message)
        if answer["error"] or answer["batchItemFailures"]:
            errors.append(answer)

    threads = [threading.Thread(target=invoke) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    alert = admin.alert(agent)
    assert alert["status"] == "opened"
    assert names(alert) == {"Retrieve": VIEW, "GenerateNotes": VIEW}
    admin.silence(agent)
    outcomes = {audit["outcome"] for audit in changes.outcomes(message)}
    assert "evaluated" in outcomes
    assert outcomes <= {"evaluated", "superseded", "stale"}


def test_many_changes_of_one_profile_are_told_once_for_each_agent(admin: Admin) -> None:
    profile = admin.profile()
    agents = [silent_agent(admin, RETRIEVE) for _ in range(6)]
    for agent in agents:
        admin.attach(agent, profile)
    for agent in agents:
        assert admin.alert(agent)["status"] == "opened"
    threads = [
        threading.Thread(target=admin.grant, args=(profile,), kwargs={"Permissions": [name]})
        for name in ("Wisdom.View",) * 3
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for agent in agents:
        assert admin.alert(agent)["status"] == "resolved"
        admin.silence(agent)
