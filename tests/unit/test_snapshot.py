"""The API's own shapes: lenient where keys are missing, strict where types are wrong."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from toolgrant.domain.agent_shapes import parse_agent
from toolgrant.domain.model import DRAFT, Grant, GrantKind, QualifiedAgent, SecurityProfile, Tool
from toolgrant.domain.profile_lists import parse_grants
from toolgrant.domain.qualifiers import split_qualifier
from toolgrant.errors import InvalidInput
from toolgrant_cli.snapshot import parse_snapshot

ARN = "arn:aws:wisdom:us-east-1:111122223333:ai-agent/assistant/agent"
MODEL = "$.aiAgent.configuration.orchestrationAIAgentConfiguration"
FULL: dict[str, Any] = {
    "aiAgent": {
        "assistantId": "assistant",
        "aiAgentId": "agent:$SAVED",
        "aiAgentArn": f"{ARN}:$SAVED",
        "name": "Helper",
        "type": "ORCHESTRATION",
        "origin": "CUSTOMER",
        "configuration": {
            "orchestrationAIAgentConfiguration": {
                "connectInstanceArn": "arn:aws:connect:us-east-1:111122223333:instance/i",
                "toolConfigurations": [
                    {
                        "toolName": "Retrieve",
                        "toolType": "MODEL_CONTEXT_PROTOCOL",
                        "toolId": "aws_service__qconnect_Retrieve",
                        "overrideInputValues": [{"jsonPath": "$.a", "value": {"constant": {}}}],
                        "instruction": {"instruction": "secret"},
                    },
                    {"toolName": "Escalate", "toolType": "RETURN_TO_CONTROL"},
                ],
                "multiAgentConfigurations": [
                    {"delegateAgentConfiguration": {"agentTarget": {"applicationId": "arn:app/1"}}},
                    {"handoffAgentConfiguration": {"agentTarget": {"aiAgentId": "other"}}},
                    {
                        "delegateAgentConfiguration": {"agentTarget": {}},
                        "handoffAgentConfiguration": {"agentTarget": {"applicationId": "app"}},
                    },
                ],
            }
        },
    },
    "securityProfiles": [
        {
            "SecurityProfile": {"Id": "p", "SecurityProfileName": "Agents"},
            "Permissions": ["Wisdom.View"],
            "Applications": [
                {"Namespace": "gw", "ApplicationPermissions": ["a", "b"], "Type": "MCP"}
            ],
            "AllowedFlowModules": [{"Type": "MCP", "FlowModuleId": "m"}],
            "AllowedAIAgents": [{"Type": "THIRD_PARTY", "Arn": "arn:app/1"}],
        }
    ],
}


def with_value(path: str, value: object) -> Any:
    """FULL with the value at a JSON path replaced."""
    data = copy.deepcopy(FULL)
    steps = [
        int(s) if s.isdigit() else s for s in path[2:].replace("[", ".").replace("]", "").split(".")
    ]
    inner: Any = data
    for step in steps[:-1]:
        inner = inner[step]
    inner[steps[-1]] = value
    return data


def paths(value: object, path: str = "$") -> list[str]:
    """Every JSON path in a value that toolgrant reads."""
    if isinstance(value, dict):
        inner = [one for key, item in value.items() for one in paths(item, f"{path}.{key}")]
    elif isinstance(value, list):
        inner = [one for n, item in enumerate(value) for one in paths(item, f"{path}[{n}]")]
    else:
        inner = []
    return [path, *inner]


READ = [
    path for path in paths(FULL) if not any(w in path for w in (".instruction", ".value", "$SAVED"))
]


def test_everything_that_matters_is_read_and_nothing_else() -> None:
    snapshot = parse_snapshot(FULL)

    assert snapshot.agent == QualifiedAgent(
        "assistant",
        "agent",
        DRAFT,
        ARN,
        "Helper",
        "ORCHESTRATION",
        (
            Tool("Retrieve", "MODEL_CONTEXT_PROTOCOL", FULL_ID, frozenset({"$.a"})),
            Tool("Escalate", "RETURN_TO_CONTROL", None),
            Tool("delegate:arn:app/1", "AI_AGENT", "arn:app/1"),
            Tool("handoff:other", "AI_AGENT", None),
            Tool("delegate:unknown", "AI_AGENT", None),
            Tool("handoff:app", "AI_AGENT", "app"),
        ),
        "arn:aws:connect:us-east-1:111122223333:instance/i",
    )
    assert snapshot.profiles == (
        SecurityProfile(
            "p",
            "Agents",
            frozenset(
                {
                    Grant(GrantKind.PERMISSION, "Wisdom.View"),
                    Grant(GrantKind.MCP, "gw/a"),
                    Grant(GrantKind.MCP, "gw/b"),
                    Grant(GrantKind.FLOW_MODULE, "m"),
                    Grant(GrantKind.AI_AGENT, "arn:app/1"),
                }
            ),
        ),
    )


FULL_ID = "aws_service__qconnect_Retrieve"


@pytest.mark.parametrize("path", READ)
@pytest.mark.parametrize("wrong", [True, 7, 1.5], ids=repr)
def test_a_wrong_type_is_named_by_its_json_path(path: str, wrong: object) -> None:
    data = wrong if path == "$" else with_value(path, wrong)

    with pytest.raises(InvalidInput) as caught:
        parse_snapshot(data)

    assert caught.value.field == path
    assert caught.value.problem.startswith("expected ")


@pytest.mark.parametrize("path", [path for path in READ if path not in ("$", "$.aiAgent")])
def test_a_missing_value_is_empty(path: str) -> None:
    parse_snapshot(with_value(path, None))


@pytest.mark.parametrize(
    ("data", "field", "problem"),
    [
        ({}, "$.aiAgent", "missing"),
        ({"aiAgent": None}, "$.aiAgent", "missing"),
        ({"aiAgent": {"aiAgent": {}}}, "$.aiAgent.aiAgent", "holds a whole GetAIAgent answer"),
        (
            {"aiAgent": {}, "securityProfiles": {}},
            "$.securityProfiles",
            "expected a list, found an object",
        ),
        ({"aiAgent": []}, "$.aiAgent", "expected an object, found a list"),
        ({"aiAgent": {"name": False}}, "$.aiAgent.name", "expected text, found a boolean"),
        ("text", "$", "expected an object, found text"),
    ],
)
def test_the_problem_is_said_in_words(data: object, field: str, problem: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_snapshot(data)

    assert (caught.value.field, caught.value.problem) == (field, problem)
    assert str(caught.value) == f"{field}: {problem}"


def test_an_empty_agent_is_a_draft_without_tools() -> None:
    agent = parse_snapshot({"aiAgent": {}}).agent

    assert (agent.qualifier, agent.type, agent.tools, agent.origin) == (
        DRAFT,
        "ORCHESTRATION",
        (),
        "CUSTOMER",
    )


def test_a_masked_override_counts_as_none() -> None:
    data = with_value(f"{MODEL}.toolConfigurations[0].overrideInputValues", "***")

    assert parse_snapshot(data).agent.tools[0].overrides == frozenset()


@pytest.mark.parametrize(
    ("arn", "identifier", "asked", "qualifier"),
    [
        (f"{ARN}:3", "agent", None, "3"),
        (ARN, "agent:$LATEST", None, "$LATEST"),
        (ARN, "agent", None, DRAFT),
        (f"{ARN}:3", "agent:4", None, "3"),
        (f"{ARN}:3", "agent:3", "$LATEST", "$LATEST"),
    ],
)
def test_the_qualifier_is_what_was_asked_for_else_what_the_ids_carry(
    arn: str, identifier: str, asked: str | None, qualifier: str
) -> None:
    agent = parse_agent({"aiAgentArn": arn, "aiAgentId": identifier}, asked)

    assert (agent.qualifier, agent.arn, agent.ai_agent_id) == (qualifier, ARN, "agent")


def test_an_agent_without_an_id_has_that_of_its_arn() -> None:
    assert parse_agent({"aiAgentArn": f"{ARN}:7"}, None).ai_agent_id == "agent"


@pytest.mark.parametrize(
    ("identifier", "bare", "qualifier"),
    [
        ("agent", "agent", None),
        ("agent:$SAVED", "agent", "$SAVED"),
        (f"{ARN}:12", ARN, "12"),
        (ARN, ARN, None),
        ("agent:", "agent", None),
        ("arn:aws:iam", "arn:aws:iam", None),
        ("", "", None),
    ],
)
def test_an_id_is_split_from_its_qualifier(
    identifier: str, bare: str, qualifier: str | None
) -> None:
    assert split_qualifier(identifier) == (bare, qualifier)


# --- the four lists of a profile: the Type decides, exactly

MCP = {"Namespace": "gw", "ApplicationPermissions": ["t"], "Type": "MCP"}
MODULE = {"FlowModuleId": "m", "Type": "MCP"}
AGENT = {"Arn": "arn:app/1", "Type": "THIRD_PARTY"}


@pytest.mark.parametrize(
    ("kind", "entry", "values"),
    [
        (GrantKind.MCP, MCP, ["gw/t"]),
        (GrantKind.MCP, {**MCP, "ApplicationPermissions": ["t", "u___V"]}, ["gw/t", "gw/u___V"]),
        (GrantKind.MCP, {**MCP, "Type": "mcp"}, []),
        (GrantKind.MCP, {**MCP, "Type": None}, []),
        (GrantKind.MCP, {**MCP, "Type": "THIRD_PARTY_APPLICATION"}, []),
        (GrantKind.MCP, {**MCP, "Namespace": ""}, []),
        (GrantKind.MCP, {**MCP, "Namespace": "a/b"}, []),
        (GrantKind.FLOW_MODULE, MODULE, ["m"]),
        (GrantKind.FLOW_MODULE, {**MODULE, "Type": "MCP "}, []),
        (GrantKind.FLOW_MODULE, {**MODULE, "Type": ""}, []),
        (GrantKind.FLOW_MODULE, {**MODULE, "Type": None}, ["m"]),  # one legal value: it is that
        (GrantKind.FLOW_MODULE, {**MODULE, "FlowModuleId": None}, []),
        (GrantKind.AI_AGENT, AGENT, ["arn:app/1"]),
        (GrantKind.AI_AGENT, {**AGENT, "Type": "MCP"}, []),
        (GrantKind.AI_AGENT, {**AGENT, "Type": ""}, []),
        (GrantKind.AI_AGENT, {**AGENT, "Type": None}, ["arn:app/1"]),
        (GrantKind.AI_AGENT, {**AGENT, "Arn": ""}, []),
        (GrantKind.PERMISSION, "Wisdom.View", ["Wisdom.View"]),
        (GrantKind.PERMISSION, "", []),
        (GrantKind.PERMISSION, " Wisdom.View", [" Wisdom.View"]),
    ],
)
def test_an_entry_grants_only_with_its_exact_type_or_the_only_legal_one(
    kind: GrantKind, entry: object, values: list[str]
) -> None:
    granted = parse_grants(kind, [entry], "$.list")

    assert granted == frozenset(Grant(kind, value) for value in values)
