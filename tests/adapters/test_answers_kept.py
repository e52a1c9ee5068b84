"""What reading adapters keep for a batch is dropped by `forget`: a look after a fix is new."""

from __future__ import annotations

import pytest
from tests.adapters.gateways import Gateways
from tests.emulator.world import World

from toolgrant.domain.model import DRAFT, GrantKind
from toolgrant.domain.records import AgentKey
from toolgrant.errors import NotFound


def attach(world: World, arn: str, profile: str) -> None:
    world.emulator.apply(
        "connect:AssociateSecurityProfiles",
        InstanceId=world.instance_id,
        SecurityProfiles=[{"Id": profile}],
        EntityType="AI_AGENT",
        EntityArn=arn,
    )


def test_attached_profiles_and_grants_are_read_anew(world: World, gateways: Gateways) -> None:
    arn, profile = f"{world.agent()['aiAgentArn']}:$SAVED", world.profile("agents")
    connect = gateways.connect()

    def seen() -> tuple[int, int]:
        grants = connect.grants(world.instance_id, profile, GrantKind.PERMISSION)
        return len(connect.attached(world.instance_id, arn)), len(grants)

    assert seen() == (0, 0)
    attach(world, arn, profile)
    world.emulator.apply(
        "connect:UpdateSecurityProfile",
        InstanceId=world.instance_id,
        SecurityProfileId=profile,
        Permissions=["Wisdom.View"],
    )
    assert seen() == (0, 0)
    connect.forget()
    assert seen() == (1, 1)


def test_an_ai_agent_that_was_deleted_is_seen_to_be_gone(world: World, gateways: Gateways) -> None:
    created = world.agent("Orders")
    key = AgentKey(world.assistant_id, created["aiAgentId"])
    qconnect = gateways.qconnect()
    assert qconnect.get(key, DRAFT).name == "Orders"
    world.emulator.apply(
        "qconnect:DeleteAIAgent", assistantId=key.assistant_id, aiAgentId=key.ai_agent_id
    )
    assert qconnect.get(key, DRAFT).name == "Orders"
    qconnect.forget()
    with pytest.raises(NotFound):
        qconnect.get(key, DRAFT)
