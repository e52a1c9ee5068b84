"""Ids that cannot be sent at all: a refusal like the service's own, not a crash."""

from __future__ import annotations

import pytest
from tests.adapters.gateways import Gateways
from tests.emulator.world import World

from toolgrant.domain.model import DRAFT
from toolgrant.domain.records import AgentKey
from toolgrant.errors import RequestRefused


def test_a_lone_surrogate_in_a_path_is_refused(gateways: Gateways) -> None:
    refusal = r"^qconnect get_ai_agent: not taken: assistantId, aiAgentId$"
    with pytest.raises(RequestRefused, match=refusal):
        gateways.qconnect().get(AgentKey("\ud800", "\ud800"), DRAFT)


def test_a_lone_surrogate_in_a_query_is_refused(world: World, gateways: Gateways) -> None:
    with pytest.raises(RequestRefused, match="list_entity_security_profiles"):
        gateways.connect().attached(world.instance_id, "arn:\ud800")
