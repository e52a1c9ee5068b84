"""What a bare id, a summary and `$LATEST` stand for: each reading is a setting."""

from __future__ import annotations

from typing import Any

import pytest
from tests.emulator.conftest import Control
from tests.emulator.world import UNCHECKED, Client, World, mcp_tool, orchestration

DRAFT, SECOND = [], [mcp_tool("gateway_ns__second", "second")]
FIRST = [mcp_tool("gateway_ns__first", "first")]


@pytest.fixture
def switches() -> dict[str, Any]:
    return UNCHECKED


def tools_of(agent: Any) -> list[Any]:
    tools: list[Any] = agent["configuration"]["orchestrationAIAgentConfiguration"][
        "toolConfigurations"
    ]
    return tools


def save(world: World, qconnect: Client, agent_id: str, tools: Any, visibility: str) -> None:
    qconnect.update_ai_agent(
        assistantId=world.assistant_id,
        aiAgentId=agent_id,
        visibilityStatus=visibility,
        configuration=orchestration(tools),
    )


@pytest.fixture
def numbered(world: World, qconnect: Client) -> str:
    """Numbers 1 and 2, and a draft that has changed since."""
    agent_id = str(world.agent(tools=FIRST)["aiAgentId"])
    for tools in (FIRST, SECOND):
        save(world, qconnect, agent_id, tools, "SAVED")
        qconnect.create_ai_agent_version(assistantId=world.assistant_id, aiAgentId=agent_id)
    save(world, qconnect, agent_id, DRAFT, "SAVED")
    return agent_id


def got(world: World, qconnect: Client, agent_id: str) -> tuple[list[Any], str, int | None]:
    """Tools, the end of the ARN, and the number."""
    answer = qconnect.get_ai_agent(assistantId=world.assistant_id, aiAgentId=agent_id)
    agent = answer["aiAgent"]
    return tools_of(agent), agent["aiAgentArn"].rsplit(":", 1)[-1], answer.get("versionNumber")


def summary(world: World, qconnect: Client, agent_id: str) -> tuple[list[Any], str]:
    """Tools and what comes behind the id in the ARN."""
    answer = qconnect.list_ai_agents(assistantId=world.assistant_id)
    agents = {agent["aiAgentId"]: agent for agent in answer["aiAgentSummaries"]}
    agent = agents[agent_id]
    return tools_of(agent), agent["aiAgentArn"].rpartition(agent_id)[2]


@pytest.mark.parametrize("qualifier", ["$SAVED", "$LATEST", "1"])
def test_an_answer_carries_the_qualifier_that_was_asked_for(
    world: World, qconnect: Client, numbered: str, qualifier: str
) -> None:
    assert got(world, qconnect, f"{numbered}:{qualifier}")[1] == qualifier


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (None, (SECOND, "$LATEST", 2)),
        ("$LATEST", (SECOND, "$LATEST", 2)),
        ("$SAVED", (DRAFT, "$SAVED", None)),
        ("newest-number", (SECOND, "2", 2)),
    ],
)
def test_a_bare_id_is_what_the_setting_says(
    world: World, qconnect: Client, control: Control, numbered: str, reading: Any, expected: Any
) -> None:
    if reading:
        control("POST", "settings", {"bare_agent_id": reading})
    assert got(world, qconnect, numbered) == expected


@pytest.mark.parametrize("reading", ["$LATEST", "$SAVED", "newest-number"])
def test_a_bare_id_is_the_draft_where_there_is_nothing_else(
    world: World, qconnect: Client, control: Control, reading: str
) -> None:
    agent_id = world.agent(tools=FIRST)["aiAgentId"]
    control("POST", "settings", {"bare_agent_id": reading, "agent_summaries": reading})
    assert got(world, qconnect, agent_id) == (FIRST, "$SAVED", None)
    assert summary(world, qconnect, agent_id) == (FIRST, ":$SAVED")


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (None, (DRAFT, ":$SAVED")),
        ("$SAVED", (DRAFT, ":$SAVED")),
        ("$LATEST", (SECOND, ":$LATEST")),
        ("newest-number", (SECOND, ":2")),
    ],
)
def test_a_summary_describes_what_the_setting_says_and_names_it_or_not(
    world: World, qconnect: Client, control: Control, numbered: str, reading: Any, expected: Any
) -> None:
    if reading:
        control("POST", "settings", {"agent_summaries": reading})
    assert summary(world, qconnect, numbered) == expected
    control("POST", "settings", {"summaries_say_qualifier": False})
    assert summary(world, qconnect, numbered) == (expected[0], "")


def latest(world: World, qconnect: Client, agent_id: str) -> list[Any] | None:
    try:
        return got(world, qconnect, f"{agent_id}:$LATEST")[0]
    except qconnect.exceptions.ResourceNotFoundException:
        return None


@pytest.mark.parametrize(
    ("reading", "unnumbered", "published"),
    [("number", None, None), ("draft", FIRST, FIRST), ("published", None, FIRST)],
)
def test_latest_is_what_the_setting_says(
    world: World,
    qconnect: Client,
    control: Control,
    reading: str,
    unnumbered: Any,
    published: Any,
) -> None:
    control("POST", "settings", {"latest_agent": reading})
    agent_id = world.agent(tools=FIRST)["aiAgentId"]
    assert latest(world, qconnect, agent_id) == unnumbered
    save(world, qconnect, agent_id, FIRST, "PUBLISHED")
    assert latest(world, qconnect, agent_id) == published
    save(world, qconnect, agent_id, SECOND, "SAVED")
    qconnect.create_ai_agent_version(assistantId=world.assistant_id, aiAgentId=agent_id)
    assert latest(world, qconnect, agent_id) == SECOND
    save(world, qconnect, agent_id, FIRST, "PUBLISHED")
    assert latest(world, qconnect, agent_id) == (FIRST if reading == "published" else SECOND)


@pytest.mark.parametrize("name", ["bare_agent_id", "agent_summaries", "latest_agent"])
def test_a_reading_that_nobody_has_is_refused(control: Control, name: str) -> None:
    assert name in control("POST", "settings", {name: "$NEWEST"}, status=400)["message"]
