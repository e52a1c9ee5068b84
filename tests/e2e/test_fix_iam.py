"""Mode `fix` where every call is judged by the policies of the role that makes it, on the local AWS
and on the emulator: all that toolgrant gives and takes back is allowed, and the tag guards the rest
even where nobody asks for it.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from tests.e2e.conftest import PROMPT, RETRIEVE, tool
from tests.e2e.fixing import OPT_IN, PATIENCE, VIEW, Agent, Operator, swept
from tests.e2e.queue_messages import silent_agent

from toolgrant_local.processes import wait_until
from toolgrant_local.stack import LocalStack

pytestmark = pytest.mark.stack

MODULE = str(uuid.uuid4())
APPLICATION = f"arn:aws:app-integrations:us-east-1:111122223333:application/{uuid.uuid4()}"
TOOLS = (
    RETRIEVE,
    tool("Refund", f"aws_custom_flows__{MODULE}_1"),
    tool("GetOrder", "gateway_gw-shop__orders___GetOrder"),
)
TARGET = {"delegateAgentConfiguration": {"agentTarget": {"applicationId": APPLICATION}}}
BEFORE = {"permissions": ["BasicAgentAccess"], "modules": [], "applications": [], "agents": []}
GRANTED = {
    "permissions": ["BasicAgentAccess", VIEW],
    "modules": [{"Type": "MCP", "FlowModuleId": MODULE}],
    "applications": [
        {"Namespace": "gw-shop", "ApplicationPermissions": ["orders___GetOrder"], "Type": "MCP"}
    ],
    "agents": [{"Arn": APPLICATION, "Type": "THIRD_PARTY"}],
}


@pytest.fixture(scope="module")
def operator() -> Iterator[Operator]:
    """Of a stack whose parameters allow all that toolgrant can do in Connect."""
    everything = {"AssociationGaps": "fix", "DedicatedProfiles": "approve"}
    with LocalStack("fix", everything, output=sys.stderr, iam=True) as stack:
        swept(stack)
        operator = Operator(stack)
        operator.module(MODULE)
        operator.gateway("gw-shop")
        yield operator


def lists(operator: Operator, profile_id: str) -> dict[str, list[Any]]:
    """All four lists of a security profile."""
    where = {"InstanceId": operator.instance, "SecurityProfileId": profile_id}
    connect = operator.connect
    return {
        "permissions": operator.permissions(profile_id),
        "modules": connect.list_security_profile_flow_modules(**where)["AllowedFlowModules"],
        "applications": connect.list_security_profile_applications(**where)["Applications"],
        "agents": connect.list_security_profile_ai_agents(**where)["AllowedAIAgents"],
    }


def becomes(operator: Operator, profile_id: str, wanted: Mapping[str, list[Any]]) -> None:
    found: dict[str, list[Any]] = {}

    def there() -> bool:
        found.update(lists(operator, profile_id))
        return found == wanted

    wait_until(there, PATIENCE, "the four lists")


def agent_with_everything(operator: Operator) -> Agent:
    """It needs a grant of each kind."""
    inner = {
        "orchestrationAIPromptId": PROMPT,
        "toolConfigurations": list(TOOLS),
        "multiAgentConfigurations": [TARGET],
    }
    created = operator.qconnect.create_ai_agent(
        assistantId=operator.assistant,
        name=f"agent {uuid.uuid4().hex[:8]}",
        type="ORCHESTRATION",
        visibilityStatus="SAVED",
        configuration={"orchestrationAIAgentConfiguration": inner},
    )
    return dict(created["aiAgent"])


def test_a_grant_of_each_kind_is_written_and_undone(operator: Operator) -> None:
    agent, profile_id = agent_with_everything(operator), operator.opted_in()
    operator.attach(agent, profile_id)
    opened = operator.alert(agent)
    operator.stack.wait_idle()

    answer = operator.order("approve", opened["alertId"], by="ann")

    assert answer["ok"], answer
    becomes(operator, profile_id, GRANTED)
    operator.stack.wait_idle()
    for change in operator.ledger.history(profile_id).changes:
        answer = operator.order("undo", change.id, by="ann")
        assert answer["ok"], answer
    becomes(operator, profile_id, BEFORE)
    operator.stack.wait_idle()
    assert {"refused", "integrity"} & set(operator.statuses(agent)) == set()
    assert lists(operator, profile_id) == BEFORE


def attached(operator: Operator, agent: Agent, qualifier: str) -> list[str]:
    answer = operator.connect.list_entity_security_profiles(
        InstanceId=operator.instance,
        EntityType="AI_AGENT",
        EntityArn=f"{agent['aiAgentArn']}:{qualifier}",
    )
    return [profile["Id"] for profile in answer["SecurityProfiles"]]


def test_a_profile_is_attached_to_a_live_version_and_detached_by_undo(operator: Operator) -> None:
    agent, profile_id = operator.agent(RETRIEVE), operator.opted_in("Wisdom.View")
    operator.attach(agent, profile_id)
    named = {"assistantId": operator.assistant, "aiAgentId": agent["aiAgentId"]}
    number = str(operator.qconnect.create_ai_agent_version(**named)["versionNumber"])
    operator.attach(agent, profile_id, ":$LATEST")
    operator.qconnect.update_assistant_ai_agent(
        assistantId=operator.assistant,
        aiAgentType="ORCHESTRATION",
        orchestratorUseCase="Connect.SelfService",
        configuration={"aiAgentId": f"{agent['aiAgentId']}:{number}"},
    )

    wait_until(
        lambda: attached(operator, agent, number) == [profile_id], PATIENCE, "the attachment"
    )

    operator.stack.wait_idle()
    (change,) = operator.ledger.history(profile_id).changes
    assert operator.order("undo", change.id, by="ann")["ok"]
    wait_until(lambda: attached(operator, agent, number) == [], PATIENCE, "the detachment")


def test_a_profile_of_its_own_is_created_attached_and_taken_back(operator: Operator) -> None:
    agent = agent_with_everything(operator)
    operator.attach(agent, operator.profile(Permissions=["BasicAgentAccess"]))
    opened = operator.alert(agent)
    operator.stack.wait_idle()

    answer = operator.order("approve", opened["alertId"], by="ann", dedicated=True)

    assert answer["ok"], answer
    wait_until(lambda: len(attached(operator, agent, "$SAVED")) == 2, PATIENCE, "the profile")
    operator.stack.wait_idle()
    own = attached(operator, agent, "$SAVED")[1]
    assert lists(operator, own) == {**GRANTED, "permissions": [VIEW]}
    (change,) = operator.ledger.history(own).changes
    assert operator.order("undo", change.id, by="ann")["ok"]
    becomes(operator, own, {**BEFORE, "permissions": []})
    wait_until(lambda: own not in attached(operator, agent, "$SAVED"), PATIENCE, "the detachment")


# ------------------------------------------------------------------- a function that does not ask


@pytest.fixture(scope="module")
def careless(operator: Operator) -> Any:
    """Connect, with the credentials of remediate: what any code in its place could do."""
    stack = operator.stack
    return boto3.client(
        "connect",
        endpoint_url=stack.connect_endpoint,
        region_name=stack.region,
        aws_access_key_id=stack.roles.access_key(stack.resource("RemediateRole")),
        aws_secret_access_key="not checked by the emulator",
        config=Config(proxies={}),
    )


def is_denied(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    return str(refused.value.response["Error"]["Message"])


def an_admin_profile(operator: Operator) -> str:
    return operator.stack.seed.profiles["Admin"]


def a_profile_without_the_tag(operator: Operator) -> str:
    return operator.profile(Permissions=["BasicAgentAccess"])


def a_profile_with_another_value(operator: Operator) -> str:
    return operator.profile(Permissions=["BasicAgentAccess"], Tags={"toolgrant:auto-fix": "no"})


def a_profile_of_another_stack(operator: Operator) -> str:
    return operator.profile(Permissions=["BasicAgentAccess"], Tags={"toolgrant:stack": "another"})


NOT_OPTED_IN = [
    an_admin_profile,
    a_profile_without_the_tag,
    a_profile_with_another_value,
    a_profile_of_another_stack,
]


@pytest.mark.parametrize("kind", NOT_OPTED_IN, ids=lambda kind: kind.__name__)
def test_a_profile_without_the_tag_is_neither_changed_nor_attached_nor_detached(
    operator: Operator, careless: Any, kind: Callable[[Operator], str]
) -> None:
    profile_id, agent = kind(operator), operator.agent()
    before = lists(operator, profile_id)
    where = {"InstanceId": operator.instance, "SecurityProfileId": profile_id}
    update = careless.update_security_profile
    for given in (
        {"Permissions": ["Users.Delete"]},
        {"AllowedFlowModules": GRANTED["modules"]},
        {"Applications": GRANTED["applications"]},
        {"AllowedAIAgents": GRANTED["agents"]},
    ):
        assert "/security-profile/" in is_denied(update, **where, **given)

    association = {
        "InstanceId": operator.instance,
        "SecurityProfiles": [{"Id": profile_id}],
        "EntityType": "AI_AGENT",
        "EntityArn": f"{agent['aiAgentArn']}:$SAVED",
    }
    is_denied(careless.associate_security_profiles, **association)
    operator.attach(agent, profile_id)
    is_denied(careless.disassociate_security_profiles, **association)
    assert attached(operator, agent, "$SAVED") == [profile_id]
    assert lists(operator, profile_id) == before


def test_one_profile_without_the_tag_spoils_the_call(operator: Operator, careless: Any) -> None:
    with_tag, without = operator.opted_in(), operator.profile(Permissions=["BasicAgentAccess"])
    agent = operator.agent()
    named = {
        "InstanceId": operator.instance,
        "EntityType": "AI_AGENT",
        "EntityArn": f"{agent['aiAgentArn']}:$SAVED",
    }
    both = [{"Id": with_tag}, {"Id": without}]
    is_denied(careless.associate_security_profiles, **named, SecurityProfiles=both)
    careless.associate_security_profiles(**named, SecurityProfiles=both[:1])
    assert attached(operator, agent, "$SAVED") == [with_tag]


def test_a_new_profile_needs_the_tag_of_the_stack(operator: Operator, careless: Any) -> None:
    given = {"InstanceId": operator.instance, "SecurityProfileName": f"p {uuid.uuid4().hex[:8]}"}
    for tags in ({}, {"Tags": OPT_IN}, {"Tags": {"toolgrant:stack": "another"}}):
        is_denied(careless.create_security_profile, **given, **tags)


def test_remediate_deletes_tags_and_untags_nothing(operator: Operator, careless: Any) -> None:
    profile_id = operator.opted_in()
    named = {"InstanceId": operator.instance, "SecurityProfileId": profile_id}
    arn = operator.connect.describe_security_profile(**named)["SecurityProfile"]["Arn"]
    is_denied(careless.delete_security_profile, **named)
    is_denied(careless.tag_resource, resourceArn=arn, tags=OPT_IN)
    is_denied(careless.untag_resource, resourceArn=arn, tagKeys=list(OPT_IN))


def test_every_function_is_known_by_its_key(operator: Operator) -> None:
    """Whoever is not known as a role of the stack is refused now, and the loop still turns."""
    agent, profile_id = silent_agent(operator, RETRIEVE), operator.opted_in()
    operator.stack.emulator.apply(
        "connect:AssociateSecurityProfiles",
        InstanceId=operator.instance,
        SecurityProfiles=[{"Id": profile_id}],
        EntityType="AI_AGENT",
        EntityArn=f"{agent['aiAgentArn']}:$SAVED",
    )
    operator.stack.emulator.settings.iam = "all"
    try:
        is_denied(operator.connect.list_instances)
        operator.save_event(agent)
        fixed = operator.fixed(agent)
        swept(operator.stack)
        assert operator.order("undo", fixed["changeId"], by="ann", dryRun=True)["ok"]
    finally:
        operator.stack.emulator.reset_settings()
    assert operator.permissions(profile_id) == ["BasicAgentAccess", VIEW]
