"""What a contact flow names, read off its content: observed shapes, and anything else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes import AI_AGENT_ARN, AI_AGENT_ID, content_naming, uuid_of
from tests.strategies import MANY, texts

from toolgrant.domain.contact_flows import (
    FlowKey,
    NamedAgent,
    NamingFlow,
    Reading,
    flows_naming,
    read_content,
)
from toolgrant.domain.records import AgentKey

ASSISTANT, AGENT = uuid_of("assistant"), uuid_of("agent")
ARN = f"arn:aws:wisdom:us-east-1:111122223333:ai-agent/{ASSISTANT}/{AGENT}"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def named(qualifier: str, assistant: str = ASSISTANT) -> frozenset[NamedAgent]:
    return frozenset({NamedAgent(assistant, AGENT, qualifier)})


def reading(content: str) -> Reading:
    found = read_content(content)
    assert found is not None
    return found


def flow(**parts: Any) -> str:
    return json.dumps({"Version": "2019-10-30", "StartAction": "1", "Actions": [], **parts})


@pytest.mark.parametrize(
    ("value", "qualifier"),
    [
        (f"{ARN}:3", "3"),
        (f"{ARN}:$LATEST", "$LATEST"),
        (f"{ARN}:$SAVED", "$SAVED"),
        (ARN, "$LATEST"),
        (f" {ARN}:12 ", "12"),
        (f"{ARN}:3".replace("arn:aws:", "arn:aws-us-gov:"), "3"),
    ],
)
def test_the_arn_of_a_lex_block_names_a_version(value: str, qualifier: str) -> None:
    assert reading(content_naming(value)) == Reading(named(qualifier))


@pytest.mark.parametrize(
    ("value", "qualifier"), [(f"{AGENT}:7", "7"), (AGENT, "$LATEST"), (f"{AGENT}:$SAVED", "$SAVED")]
)
def test_the_id_of_a_lex_block_names_a_version_of_some_assistant(
    value: str, qualifier: str
) -> None:
    assert reading(content_naming(value, key=AI_AGENT_ID)) == Reading(named(qualifier, ""))


@pytest.mark.parametrize(
    "action",
    [
        {"aiAgentVersionArn": f"{ARN}:3", "aiAgentName": "Orders"},
        {"parameters": {"WisdomAssistantArn": {"aiAgentVersionArn": f"{ARN}:3"}}},
    ],
    ids=["beside the block", "in its parameters"],
)
def test_the_metadata_of_a_block_names_a_version(action: Any) -> None:
    content = flow(Metadata={"ActionMetadata": {"block-1": action}})

    assert reading(content) == Reading(named("3"))


def test_a_session_that_is_created_with_an_ai_agent_names_it() -> None:
    parameters = {
        "WisdomAssistantArn": "arn:aws:wisdom:us-east-1:111122223333:assistant/a",
        "OrchestrationAIAgentConfiguration": {"AgentAssistanceAgentVersionArn": f"{ARN}:2"},
    }
    content = flow(Actions=[{"Type": "CreateWisdomSession", "Parameters": parameters}])

    assert reading(content) == Reading(named("2"))


def test_each_version_is_named_once_however_often_a_flow_says_so() -> None:
    content = content_naming(f"{ARN}:3", f"{ARN}:3", f"{ARN}:4")

    assert reading(content) == Reading(named("3") | named("4"))


@pytest.mark.parametrize("value", ["$.Attributes.agent", f"{ARN}:$.Attributes.version"])
def test_what_a_contact_decides_is_noted(value: str) -> None:
    found = reading(content_naming(value, f"{ARN}:3"))

    assert found.agents == named("3")
    assert found.notes == (f"names an AI agent that only a contact decides: {value}",)


@pytest.mark.parametrize(
    "value",
    [
        f"arn:aws:wisdom:us-east-1:111122223333:assistant/{ASSISTANT}",
        f"{ARN}:0",
        f"{ARN}:latest version",
        "Order assistant",
    ],
)
def test_what_is_no_version_of_an_ai_agent_is_noted(value: str) -> None:
    note = f"names what is no version of an AI agent: {value}"

    assert reading(content_naming(value)) == Reading(notes=(note,))


def test_of_one_ai_agent_a_flow_names_only_so_many_versions_that_they_can_be_judged_in_time() -> (
    None
):
    versions = ["$SAVED", "$LATEST", *map(str, range(1, 600))]
    found = reading(content_naming(*(f"{ARN}:{version}" for version in versions)))

    assert {named.qualifier for named in found.agents} == {*versions[:20]}
    assert found.notes == ("names 581 more versions of AI agents than are kept",)


def test_more_ai_agents_than_an_item_holds_are_noted() -> None:
    agents = [f"{ARN[: -len(AGENT)]}{uuid_of(f'agent {number}')}:1" for number in range(600)]
    found = reading(content_naming(*agents))

    assert len(found.agents) == 500
    assert found.notes == ("names 100 more versions of AI agents than are kept",)


def test_other_blocks_name_nothing() -> None:
    parameters = {"LexSessionAttributes": {AI_AGENT_ARN: ARN}}
    actions = [{"Type": "MessageParticipant", "Parameters": parameters}]

    assert reading(flow(Actions=actions)) == Reading()


@pytest.mark.parametrize("content", ["", "not json", "{", "[" * 100_000])
def test_content_that_is_not_json_cannot_be_read(content: str) -> None:
    assert read_content(content) is None


@pytest.mark.parametrize(
    "content",
    [
        "null",
        "[]",
        '"text"',
        "{}",
        flow(Actions="***", Metadata="***"),
        flow(Actions=[None, 1, "x", []], Metadata={"ActionMetadata": []}),
        flow(Actions=[{"Type": "ConnectParticipantWithLexBot", "Parameters": None}]),
        content_naming("").replace('""', "{}"),
        flow(Metadata={"ActionMetadata": {"a": "x", "b": {"parameters": []}}}),
    ],
)
def test_what_has_another_shape_names_nothing(content: str) -> None:
    assert reading(content) == Reading()


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("Actions", "Type", "Parameters", "LexSessionAttributes", AI_AGENT_ARN),
                    *("Metadata", "ActionMetadata", "parameters", "WisdomAssistantArn"),
                    *("aiAgentVersionArn", "OrchestrationAIAgentConfiguration"),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
)


@MANY
@given(json_values)
def test_no_content_does_any_harm(value: Any) -> None:
    found = reading(json.dumps(value))

    assert not found.agents


def test_flows_are_told_by_the_qualifier_that_they_name() -> None:
    flows = [
        NamingFlow(FlowKey("i", name), NOON, name, frozenset(NamedAgent(*one) for one in agents))
        for name, agents in {
            "Night": [(ASSISTANT, AGENT, "3")],
            "Day": [("", AGENT, "3"), (ASSISTANT, AGENT, "$LATEST")],
            "Other": [(ASSISTANT, uuid_of("other"), "3")],
        }.items()
    ]

    assert flows_naming(AgentKey(ASSISTANT, AGENT), flows) == {
        "3": ("Day", "Night"),
        "$LATEST": ("Day",),
    }
    assert flows_naming(AgentKey(uuid_of("other"), AGENT), flows) == {"3": ("Day",)}
    assert flows_naming(AgentKey(ASSISTANT, uuid_of("nobody")), flows) == {}
