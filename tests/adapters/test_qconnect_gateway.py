"""Q in Connect through a real client: pages, qualifiers, what is kept within a batch."""

from __future__ import annotations

import pytest
from tests.adapters.gateways import Gateways
from tests.emulator.world import World, mcp_tool

from connect_emulator.agent_versions import release
from connect_emulator.meanings import DESCRIBED, LATEST_IS
from toolgrant.adapters.qconnect import live_qualifiers
from toolgrant.domain.model import DRAFT, LATEST
from toolgrant.domain.qualifiers import UNPROVEN
from toolgrant.domain.records import AgentKey
from toolgrant.errors import NotFound, RequestRefused

RETRIEVE = "aws_service__qconnect_Retrieve"


def key_of(agent: dict[str, str]) -> AgentKey:
    return AgentKey(agent["assistantId"], agent["aiAgentId"])


def publish(world: World, agent: dict[str, str], times: int = 1) -> None:
    for _ in range(times):
        world.emulator.edit(lambda a: release(a.resources.agents[agent["aiAgentId"]]))


def save(world: World, agent_id: str, visibility: str) -> None:
    """A save that takes all tools away."""
    world.emulator.apply(
        "qconnect:UpdateAIAgent",
        assistantId=world.assistant_id,
        aiAgentId=agent_id,
        visibilityStatus=visibility,
        configuration={"orchestrationAIAgentConfiguration": {"toolConfigurations": []}},
    )


def test_an_agent_is_read_with_its_tools_in_the_configured_order(
    world: World, gateways: Gateways
) -> None:
    tools = [mcp_tool(RETRIEVE, "Zebra"), mcp_tool("gateway_ns__tool", "Apple")]
    created = world.agent("Orders", tools)
    agent = gateways.qconnect().get(key_of(created), DRAFT)
    assert [(tool.name, tool.id) for tool in agent.tools] == [
        ("Zebra", RETRIEVE),
        ("Apple", "gateway_ns__tool"),
    ]
    assert (agent.name, agent.type, agent.origin) == ("Orders", "ORCHESTRATION", "CUSTOMER")
    assert agent.qualified_arn == f"{created['aiAgentArn']}:$SAVED"


def test_qualifiers_are_read_apart(world: World, gateways: Gateways) -> None:
    created = world.agent("Orders", [mcp_tool(RETRIEVE)])
    publish(world, created)
    save(world, created["aiAgentId"], "SAVED")
    qconnect = gateways.qconnect()
    found = {q: len(qconnect.get(key_of(created), q).tools) for q in (DRAFT, LATEST, "1")}
    assert found == {DRAFT: 0, LATEST: 1, "1": 1}


@pytest.mark.parametrize("qualifier", [LATEST, "7"])
def test_a_version_that_does_not_exist_is_not_found(
    world: World, gateways: Gateways, qualifier: str
) -> None:
    created = world.agent()
    qconnect = gateways.qconnect()
    for _ in range(2):
        with pytest.raises(NotFound, match="ResourceNotFoundException"):
            qconnect.get(key_of(created), qualifier)
    assert gateways.sent() == {"qconnect:GetAIAgent": 1}


@pytest.mark.usefixtures("world")
def test_an_unknown_agent_and_an_unknown_assistant_are_not_found(gateways: Gateways) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(NotFound):
        gateways.qconnect().get(AgentKey(unknown, unknown), DRAFT)
    with pytest.raises(NotFound):
        gateways.qconnect().live(unknown)
    with pytest.raises(NotFound):
        gateways.qconnect().listed(unknown, None)


def test_answers_are_kept_for_one_batch_and_no_longer(world: World, gateways: Gateways) -> None:
    created = world.agent()
    for _ in range(2):
        batch = gateways.qconnect()
        for _ in range(3):
            batch.get(key_of(created), DRAFT)
            batch.live(world.assistant_id)
    assert gateways.sent() == {"qconnect:GetAIAgent": 2, "qconnect:GetAssistant": 2}


def test_lists_are_read_to_the_last_page(world: World, gateways: Gateways) -> None:
    mine = {world.agent(f"agent {number}")["aiAgentId"] for number in range(7)}
    system = set(world.seed.system_agents.values())
    world.emulator.settings.page_size = 3
    listed = [agent.ai_agent_id for agent in gateways.listed(world.assistant_id)]
    assert sorted(listed) == sorted(mine | system)
    assert gateways.sent() == {"qconnect:ListAIAgents": 4}


def test_more_agents_than_the_largest_page_are_all_listed(world: World, gateways: Gateways) -> None:
    for number in range(101 - len(world.seed.system_agents)):
        world.agent(f"agent {number}")
    listed = {agent.ai_agent_id for agent in gateways.listed(world.assistant_id)}
    assert len(listed) == 101
    assert gateways.sent()["qconnect:ListAIAgents"] > 1


def test_a_list_is_read_no_further_than_it_is_used(world: World, gateways: Gateways) -> None:
    world.emulator.settings.page_size = 1
    agents, token = gateways.qconnect().listed(world.assistant_id, None)
    assert (len(agents), bool(token)) == (1, True)
    assert gateways.sent() == {"qconnect:ListAIAgents": 1}


def test_other_types_are_not_listed(world: World, gateways: Gateways) -> None:
    other = world.emulator.apply(
        "qconnect:CreateAIAgent",
        assistantId=world.assistant_id,
        name="search",
        type="MANUAL_SEARCH",
        visibilityStatus="SAVED",
        configuration={"manualSearchAIAgentConfiguration": {}},
    )["aiAgent"]
    listed = {agent.ai_agent_id for agent in gateways.listed(world.assistant_id)}
    assert other["aiAgentId"] not in listed
    assert listed == set(world.seed.system_agents.values())


@pytest.mark.parametrize("latest", LATEST_IS)
@pytest.mark.parametrize("described", DESCRIBED)
@pytest.mark.parametrize("said", [True, False], ids=["said", "unsaid"])
@pytest.mark.parametrize("visibility", ["SAVED", "PUBLISHED"])
def test_a_summary_is_taken_for_a_qualifier_only_if_it_is_what_a_get_of_it_would_tell(
    world: World, gateways: Gateways, latest: str, described: str, said: bool, visibility: str
) -> None:
    settings = world.emulator.settings
    settings.latest_agent, settings.agent_summaries = latest, described
    settings.summaries_say_qualifier = said
    keys = [key_of(world.agent("none", [mcp_tool(RETRIEVE)]))]
    for name in ("published", "edited"):
        created = world.agent(name, [mcp_tool(RETRIEVE)])
        publish(world, created)
        keys.append(key_of(created))
    save(world, created["aiAgentId"], visibility)

    listed = {agent.ai_agent_id: agent for agent in gateways.listed(world.assistant_id)}

    for key in keys:
        summary = listed[key.ai_agent_id]
        assert summary.qualifier in (UNPROVEN, DRAFT, LATEST)
        assert said or summary.qualifier == UNPROVEN
        if summary.qualifier != UNPROVEN:
            assert summary == gateways.qconnect().get(key, summary.qualifier)


def test_a_draft_that_says_so_is_proven(world: World, gateways: Gateways) -> None:
    created = world.agent("Orders", [mcp_tool(RETRIEVE)])
    listed = {agent.ai_agent_id: agent for agent in gateways.listed(world.assistant_id)}
    assert listed[created["aiAgentId"]].qualifier == DRAFT


@pytest.mark.parametrize("token", ["made up", ""])
def test_a_token_that_is_not_valid_any_more_is_a_refusal_or_the_start(
    world: World, gateways: Gateways, token: str
) -> None:
    if token:
        with pytest.raises(RequestRefused):
            gateways.qconnect().listed(world.assistant_id, token)
    else:
        assert gateways.qconnect().listed(world.assistant_id, token)[0]


def test_all_assistants_are_listed(world: World, gateways: Gateways) -> None:
    others = [
        world.emulator.apply("qconnect:CreateAssistant", name=name, type="AGENT")["assistant"]
        for name in ("second", "third")
    ]
    world.emulator.settings.page_size = 1
    found = list(gateways.qconnect().assistants())
    assert found == [world.assistant_id, *(assistant["assistantId"] for assistant in others)]


def test_live_is_the_agent_of_each_use_case(world: World, gateways: Gateways) -> None:
    orders, sales = world.agent("Orders"), world.agent("Sales")
    publish(world, orders, times=2)
    publish(world, sales)
    for agent, qualifier, use_case in (
        (orders, "1", "Connect.SelfService.Voice"),
        (orders, "2", "Connect.AgentAssistance"),
        (sales, "$LATEST", "Connect.SelfService"),
    ):
        world.emulator.apply(
            "qconnect:UpdateAssistantAIAgent",
            assistantId=world.assistant_id,
            aiAgentType="ORCHESTRATION",
            configuration={"aiAgentId": f"{agent['aiAgentId']}:{qualifier}"},
            orchestratorUseCase=use_case,
        )
    assert gateways.qconnect().live(world.assistant_id) == {
        orders["aiAgentId"]: frozenset({"1", "2"}),
        sales["aiAgentId"]: frozenset({"$LATEST"}),
    }


@pytest.mark.parametrize(
    ("assistant", "expected"),
    [
        ({}, {}),
        ({"aiAgentConfiguration": None, "orchestratorConfigurationList": None}, {}),
        ({"aiAgentConfiguration": {"ORCHESTRATION": {"aiAgentId": "a:3"}}}, {"a": {"3"}}),
        ({"aiAgentConfiguration": {"ORCHESTRATION": {"aiAgentId": "a"}}}, {"a": {"$LATEST"}}),
        ({"aiAgentConfiguration": {"ORCHESTRATION": {}}}, {}),
        ({"orchestratorConfigurationList": [{"aiAgentId": "a:$SAVED"}]}, {"a": {"$SAVED"}}),
        (
            {
                "orchestratorConfigurationList": [
                    {"aiAgentId": "arn:aws:wisdom:us-east-1:111122223333:ai-agent/x/a:4"},
                    {"aiAgentId": "a:5"},
                ]
            },
            {"a": {"4", "5"}},
        ),
    ],
)
def test_live_qualifiers(assistant: dict[str, object], expected: dict[str, set[str]]) -> None:
    assert live_qualifiers(assistant) == expected
