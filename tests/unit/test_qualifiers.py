"""The table of what is taken for which qualifier, and what a summary proves."""

from __future__ import annotations

from typing import Any

import pytest

from toolgrant.domain.model import Confidence
from toolgrant.domain.qualifiers import READINGS, UNPROVEN, Place, named, proven

ARN = "arn:aws:wisdom:us-east-1:111122223333:ai-agent/assistant/agent"
ORCHESTRATION = {"orchestrationAIAgentConfiguration": {"orchestrationAIPromptId": "p:1"}}


def test_every_place_has_a_reading_with_its_evidence() -> None:
    assert set(READINGS) == set(Place)
    assert all(len(reading.evidence) > 60 for reading in READINGS.values())
    assert {place: reading.means for place, reading in READINGS.items()} == {
        Place.CONFIGURATION: "$LATEST",
        Place.SUMMARY: UNPROVEN,
        Place.LATEST_WITHOUT_NUMBER: UNPROVEN,
        Place.FILE: "$SAVED",
    }
    assert READINGS[Place.CONFIGURATION].confidence is Confidence.OBSERVED


@pytest.mark.parametrize(
    ("identifier", "agent", "qualifier"),
    [
        ("agent", "agent", "$LATEST"),
        (ARN, "agent", "$LATEST"),
        ("agent:3", "agent", "3"),
        (f"{ARN}:$SAVED", "agent", "$SAVED"),
        ("", "", "$LATEST"),
    ],
)
def test_an_id_in_an_assistants_configuration_is_latest_unless_it_says_otherwise(
    identifier: str, agent: str, qualifier: str
) -> None:
    assert named(identifier, Place.CONFIGURATION) == (agent, qualifier)


@pytest.mark.parametrize(
    ("arn", "visibility", "qualifier"),
    [
        (f"{ARN}:$SAVED", "SAVED", "$SAVED"),
        (f"{ARN}:$LATEST", "PUBLISHED", "$LATEST"),
        # it says one thing by its ARN and another by its visibility
        (f"{ARN}:$SAVED", "PUBLISHED", UNPROVEN),
        (f"{ARN}:$LATEST", "SAVED", UNPROVEN),
        (f"{ARN}:$SAVED", None, UNPROVEN),
        # a number is asked for where it is live; a bare ARN says nothing
        (f"{ARN}:3", "PUBLISHED", UNPROVEN),
        (ARN, "SAVED", UNPROVEN),
        (ARN, "PUBLISHED", UNPROVEN),
        (None, None, UNPROVEN),
    ],
)
def test_a_summary_proves_what_its_own_arn_and_visibility_say(
    arn: str | None, visibility: str | None, qualifier: str
) -> None:
    summary: dict[str, Any] = {
        "aiAgentArn": arn,
        "visibilityStatus": visibility,
        "configuration": ORCHESTRATION,
    }
    assert proven(summary) == qualifier


@pytest.mark.parametrize("configuration", [None, {}, {"orchestrationAIAgentConfiguration": {}}])
def test_a_summary_without_its_configuration_proves_nothing(configuration: Any) -> None:
    summary = {"aiAgentArn": f"{ARN}:$SAVED", "visibilityStatus": "SAVED"}
    assert proven(summary | {"configuration": configuration}) == UNPROVEN
