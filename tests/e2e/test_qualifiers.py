"""Draft, `$LATEST` and the numbered versions that an assistant uses, on the deployed stack.

These tests have an instance and an assistant of their own, because they change which AI agent the
assistant uses.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from tests.e2e.conftest import RETRIEVE, Admin
from tests.emulator.world import USE_CASE

from connect_emulator.instances import add_instance

pytestmark = pytest.mark.stack
Agent = Mapping[str, Any]
Use = Callable[["Agent | None", str], None]


@pytest.fixture(scope="module")
def theirs(admin: Admin) -> Admin:
    """The same admin at work in another instance; alerts are shared with the first."""
    other = copy.copy(admin)
    alias = f"other-{uuid.uuid4().hex[:8]}"
    made = admin.stack.emulator.edit(lambda account: add_instance(account, alias))
    other.instance = made.id
    assistant = admin.qconnect.create_assistant(name=alias, type="AGENT")["assistant"]
    other.assistant = assistant["assistantId"]
    other.connect.create_integration_association(
        InstanceId=other.instance,
        IntegrationType="WISDOM_ASSISTANT",
        IntegrationArn=assistant["assistantArn"],
    )
    admin.stack.wait_idle()
    return other


@pytest.fixture
def use(theirs: Admin) -> Use:
    """Sets the AI agent that the assistant uses (None: none)."""

    def set_agent(agent: Agent | None, qualifier: str) -> None:
        scope = {
            "assistantId": theirs.assistant,
            "aiAgentType": "ORCHESTRATION",
            "orchestratorUseCase": USE_CASE,
        }
        if agent is None:
            theirs.qconnect.remove_assistant_ai_agent(**scope)
            return
        configuration = {"aiAgentId": f"{agent['aiAgentId']}:{qualifier}"}
        theirs.qconnect.update_assistant_ai_agent(**scope, configuration=configuration)

    return set_agent


def publish(theirs: Admin, agent: Agent) -> str:
    answer = theirs.qconnect.create_ai_agent_version(
        assistantId=theirs.assistant, aiAgentId=agent["aiAgentId"]
    )
    return str(answer["versionNumber"])


def pass_over(theirs: Admin, agent: Agent) -> None:
    """Take the alerts of an evaluation that came between publishing and the association after it:
    another test is about them."""
    theirs.stack.wait_idle()
    for _ in theirs.new_alerts(agent):
        assert theirs.alert(agent)["severity"] == "MEDIUM"
    theirs.silence(agent)


def told(alert: Mapping[str, Any]) -> dict[str, tuple[str, list[str]]]:
    """Kind of finding → status and qualifiers."""
    return {
        finding["kind"]: (finding["status"], finding["qualifiers"]) for finding in alert["findings"]
    }


def granted_draft(theirs: Admin) -> tuple[Agent, str]:
    """An AI agent whose draft has all it needs."""
    agent, profile_id = theirs.agent(), theirs.profile(Permissions=["Wisdom.View"])
    theirs.attach(agent, profile_id)
    theirs.save(agent, RETRIEVE)
    return agent, profile_id


def test_a_draft_is_medium_and_a_number_that_is_live_is_high(theirs: Admin, use: Use) -> None:
    agent, profile_id = granted_draft(theirs)
    number = publish(theirs, agent)
    theirs.attach(agent, profile_id, ":$LATEST")
    pass_over(theirs, agent)

    use(agent, number)
    opened = theirs.alert(agent)
    assert opened["severity"] == "HIGH"
    assert told(opened) == {
        "insufficient": (opened["status"], [number]),
        "association-gap": ("opened", [number]),
    }
    (gap,) = [finding for finding in opened["findings"] if finding["kind"] == "association-gap"]
    assert gap["toolName"].endswith(profile_id)

    theirs.attach(agent, profile_id, f":{number}")
    resolved = theirs.alert(agent)
    assert resolved["status"] == "resolved"
    assert {kind: status for kind, (status, _) in told(resolved).items()} == {
        "insufficient": "resolved",
        "association-gap": "resolved",
    }
    theirs.silence(agent)
    use(None, "")


def test_the_draft_alone_is_medium(theirs: Admin) -> None:
    agent = theirs.agent(RETRIEVE)

    alert = theirs.alert(agent)

    assert (alert["severity"], alert["agent"]["qualifiers"]) == ("MEDIUM", ["$SAVED"])


def test_latest_is_judged_by_its_own_profiles_as_soon_as_it_is_published(theirs: Admin) -> None:
    agent, profile_id = granted_draft(theirs)
    theirs.silence(agent)

    publish(theirs, agent)
    opened = theirs.alert(agent)
    assert (opened["severity"], told(opened)) == (
        "MEDIUM",
        {"insufficient": ("opened", ["$LATEST"])},
    )

    theirs.attach(agent, profile_id, ":$LATEST")
    assert told(theirs.alert(agent))["insufficient"][0] == "resolved"
    theirs.silence(agent)


def test_switching_the_agent_in_use_looks_at_both(theirs: Admin, use: Use) -> None:
    agents = [theirs.agent(RETRIEVE), theirs.agent(RETRIEVE)]
    for agent in agents:
        assert theirs.alert(agent)["severity"] == "MEDIUM"
        publish(theirs, agent)
        assert theirs.alert(agent)["severity"] == "MEDIUM"  # `$LATEST` fails as well
    theirs.stack.wait_idle()

    use(agents[0], "$LATEST")
    first = theirs.alert(agents[0])
    assert (first["status"], first["severity"]) == ("changed", "HIGH")

    use(agents[1], "$LATEST")
    assert theirs.alert(agents[1])["severity"] == "HIGH"
    assert theirs.alert(agents[0])["severity"] == "MEDIUM"

    use(None, "")
    assert theirs.alert(agents[1])["severity"] == "MEDIUM"
    for agent in agents:
        theirs.silence(agent)


def test_a_version_that_is_deleted_takes_its_findings_along(theirs: Admin, use: Use) -> None:
    agent, profile_id = granted_draft(theirs)
    old = publish(theirs, agent)
    theirs.attach(agent, profile_id, ":$LATEST")
    pass_over(theirs, agent)
    use(agent, old)
    assert theirs.alert(agent)["severity"] == "HIGH"

    publish(theirs, agent)
    use(agent, "$LATEST")
    gone = theirs.alert(agent)

    assert gone["status"] == "resolved"
    assert {finding["resolution"] for finding in gone["findings"]} == {"version-deleted"}
    theirs.qconnect.delete_ai_agent_version(
        assistantId=theirs.assistant, aiAgentId=agent["aiAgentId"], versionNumber=int(old)
    )
    theirs.silence(agent)
    use(None, "")


def test_the_only_version_that_is_deleted_takes_its_findings_along(theirs: Admin) -> None:
    agent, _ = granted_draft(theirs)
    number = publish(theirs, agent)
    assert theirs.alert(agent)["agent"]["qualifiers"] == ["$LATEST"]

    theirs.qconnect.delete_ai_agent_version(
        assistantId=theirs.assistant, aiAgentId=agent["aiAgentId"], versionNumber=int(number)
    )

    gone = theirs.alert(agent)
    assert [finding["resolution"] for finding in gone["findings"]] == ["version-deleted"]
    theirs.silence(agent)


def test_a_standing_finding_of_a_version_that_nobody_uses_does_not_hide_the_draft(
    theirs: Admin,
) -> None:
    agent, profile_id = granted_draft(theirs)
    publish(theirs, agent)
    assert theirs.alert(agent)["agent"]["qualifiers"] == ["$LATEST"]

    theirs.detach(agent, profile_id)

    broke = theirs.alert(agent)
    assert (broke["status"], broke["severity"]) == ("changed", "MEDIUM")
    assert broke["agent"]["qualifiers"] == ["$LATEST", "$SAVED"]
    theirs.attach(agent, profile_id)
    theirs.silence(agent)  # it is still open on `$LATEST`: one qualifier less is no news


def test_a_deleted_agent_takes_the_findings_of_all_its_versions_along(theirs: Admin) -> None:
    agent = theirs.agent(RETRIEVE)
    theirs.alert(agent)
    publish(theirs, agent)
    spread = theirs.alert(agent)
    assert (spread["status"], spread["agent"]["qualifiers"]) == ("changed", ["$LATEST", "$SAVED"])
    publish(theirs, agent)
    theirs.silence(agent)  # `$LATEST` lacks it as before

    theirs.qconnect.delete_ai_agent(assistantId=theirs.assistant, aiAgentId=agent["aiAgentId"])

    closed = theirs.alert(agent)
    assert closed["status"] == "resolved"
    (finding,) = closed["findings"]
    assert finding["resolution"] == "agent-deleted"
    assert sorted(finding["qualifiers"]) == ["$LATEST", "$SAVED"]
    theirs.silence(agent)
