"""Never a false SUFFICIENT, against an oracle that shares nothing with the product.

Random agents and profiles in the API's own shapes, full of near misses. The oracle reads the same
JSON: what a built-in tool needs is in tests/catalog/required_mapping.json, the rest is in its id.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from toolgrant.domain.catalog import packaged
from toolgrant_cli.snapshot import evaluate_snapshot, parse_snapshot

MAPPING = Path(__file__).parents[1] / "catalog" / "required_mapping.json"
NEEDS: dict[str, list[str]] = {
    tool["toolId"]: tool["requires"]
    for row in json.loads(MAPPING.read_text(encoding="utf-8"))
    for tool in row["tools"]
    if tool["toolId"] and row["row"] < 12
}
CLAIMS: dict[str, list[list[str]]] = {
    tool["toolId"]: tool["claims"]
    for row in json.loads(MAPPING.read_text(encoding="utf-8"))
    for tool in row["tools"]
    if "claims" in tool
}
"""What each source says, where they disagree: all met, none met, or not known."""

MODULES = ["3f2b1c00-0000-4000-8000-00000000abcd", "3f2b1c00-0000-4000-8000-00000000abce"]
NAMESPACES = ["gw-1", "gw-10", "gw-1_a", "GW-1"]
NAMES = ["t___op", "t___op-2", "search", "t__op", "op"]
PERMISSIONS = ["Wisdom.View", "BasicAgentAccess", "CustomerProfiles.View", "TaskTemplates.View"] + [
    f"Cases.{box}" for box in ("View", "Edit", "Create", "Delete")
]
ARNS = [
    f"arn:aws:app-integrations:us-east-1:{account}:application/a2a"
    for account in ("111122223333", "444455556666")
]
ELSEWHERE = [f"{NAMESPACES[0]}/{name}" for name in NAMES] + MODULES + ARNS
"""The right value in the wrong list."""

UNKNOWN_IDS = [
    None,
    "",
    "nothing",
    "aws_service__",
    "aws_service__tasks_Mystery",
    "aws_service__qconnect_retrieve",
    "connect_Describecontact",
    "aws_custom_analytics__get_dashboard_configuration",
    "aws_custom_flows__",
    "aws_custom_flows__x",
    "AWS_SERVICE__qconnect_Retrieve",
    "gateway_",
    "gateway_gw-1_t_op",
    "gateway___t",
    "Gateway_gw-1__t___op",
]


@pytest.mark.parametrize(
    "examples", [3_000, pytest.param(200_000, marks=pytest.mark.stress)], ids=str
)
def test_every_verdict_is_the_oracles(examples: int) -> None:
    catalog, seen = packaged(), {"SUFFICIENT": 0, "INSUFFICIENT": 0, "UNKNOWN": 0}
    for seed in range(examples):
        snapshot = random_snapshot(Random(seed))
        result = evaluate_snapshot(parse_snapshot(snapshot), catalog)
        got = [(str(one.verdict), {str(grant) for grant in one.missing}) for one in result.tools]
        expected = oracle(snapshot)
        assert got == expected, f"seed {seed}: {json.dumps(snapshot)}"
        for verdict, _ in got:
            seen[verdict] += 1
    assert min(seen.values()) > examples / 10, f"the examples are one-sided: {seen}"


def oracle(snapshot: Mapping[str, Any]) -> list[tuple[str, set[str]]]:
    """(verdict, missing) of each tool, then of each target."""
    held = {grant for profile in snapshot["securityProfiles"] for grant in grants_in(profile)}
    inner = snapshot["aiAgent"]["configuration"]["orchestrationAIAgentConfiguration"]
    tools = [tool_verdict(tool, held) for tool in inner["toolConfigurations"]]
    targets = [target_needs(target) for target in inner["multiAgentConfigurations"]]
    return [*tools, *(judged(need, held) for need in targets)]


def tool_verdict(tool: Mapping[str, Any], held: set[str]) -> tuple[str, set[str]]:
    needs = tool_needs(tool)
    claims = [claim for of, claim in CLAIMS.items() if needs is not None and NEEDS[of] is needs]
    verdicts = {judged(claim, held)[0] for claim in (claims[0] if claims else [])}
    return judged(needs, held) if len(verdicts) < 2 else ("UNKNOWN", set())


def judged(needs: list[str] | None, held: set[str]) -> tuple[str, set[str]]:
    if needs is None:
        return "UNKNOWN", set()
    missing = {need for need in needs if need not in held and not named_bare(need, held)}
    return ("INSUFFICIENT" if missing else "SUFFICIENT"), missing


def named_bare(need: str, held: set[str]) -> bool:
    """Whether an AI agent named by its bare id is allowed by an ARN that ends with it."""
    kind, _, value = need.partition(":")
    ends = {grant.split("/")[-1] for grant in held if grant.startswith("ai-agent:")}
    return kind == "ai-agent" and not value.startswith("arn:") and value in ends


def grants_in(profile: Mapping[str, Any]) -> list[str]:
    return [
        *(f"permission:{name}" for name in profile.get("Permissions", [])),
        *(
            f"mcp:{entry['Namespace']}/{name}"
            for entry in profile.get("Applications", [])
            for name in entry["ApplicationPermissions"]
            if entry.get("Type") == "MCP"
        ),
        *(
            f"flow-module:{entry['FlowModuleId']}"
            for entry in profile.get("AllowedFlowModules", [])
            if entry.get("Type", "MCP") == "MCP"  # the only legal value
        ),
        *(
            f"ai-agent:{entry['Arn']}"
            for entry in profile.get("AllowedAIAgents", [])
            if entry.get("Type", "THIRD_PARTY") == "THIRD_PARTY"  # the only legal value
        ),
    ]


def tool_needs(tool: Mapping[str, Any]) -> list[str] | None:
    """The grants that a tool needs; None where that is not known."""
    if tool["toolType"] in ("RETURN_TO_CONTROL", "CONSTANT"):
        return []
    tool_id = tool.get("toolId") or ""
    if tool["toolType"] != "MODEL_CONTEXT_PROTOCOL" or tool_id in UNKNOWN_IDS:
        return None
    if tool_id in NEEDS:
        return NEEDS[tool_id]
    if f"aws_service__{tool_id}" in NEEDS:  # as the admin website lists it
        return NEEDS[f"aws_service__{tool_id}"]
    if tool_id.startswith("gateway_"):
        namespace, name = tool_id[8:].split("__", 1)
        return [f"mcp:{namespace}/{name}"]
    return [f"flow-module:{tool_id.split('__')[1][: len(MODULES[0])]}"]


def target_needs(target: Mapping[str, Any]) -> list[str] | None:
    (kind,) = target.values()
    application = kind["agentTarget"].get("applicationId")
    return [f"ai-agent:{application}"] if application else None


# --- examples


def random_snapshot(random: Random) -> dict[str, Any]:
    inner = {
        "toolConfigurations": [random_tool(random, at) for at in range(random.randint(1, 5))],
        "multiAgentConfigurations": [random_target(random) for _ in range(random.randint(0, 1))],
    }
    return {
        "aiAgent": {"name": "a", "configuration": {"orchestrationAIAgentConfiguration": inner}},
        "securityProfiles": [random_profile(random, at) for at in range(random.randint(0, 3))],
    }


def random_tool(random: Random, at: int) -> dict[str, Any]:
    tool_id = random.choice(
        [
            random.choice(list(NEEDS)).removeprefix(random.choice(["", "", "aws_service__"])),
            f"gateway_{random.choice(NAMESPACES)}__{random.choice(NAMES)}",
            f"aws_custom_flows__{random.choice(MODULES)}_{random.randint(1, 12)}",
            random.choice(UNKNOWN_IDS),
        ]
    )
    kinds = ["RETURN_TO_CONTROL", "CONSTANT", "SOMETHING_NEW"]
    kind = random.choice(kinds) if random.random() < 0.15 else "MODEL_CONTEXT_PROTOCOL"
    tool = {"toolName": random.choice(["Retrieve", f"tool{at}"]), "toolType": kind}
    return tool if tool_id is None else {**tool, "toolId": tool_id}


def random_target(random: Random) -> dict[str, Any]:
    kind = random.choice(["delegate", "handoff"])
    named = random.choice(
        [{"applicationId": random.choice([*ARNS, "a2a", "2a"])}, {"aiAgentId": MODULES[0]}]
    )
    return {f"{kind}AgentConfiguration": {"agentTarget": named}}


def random_profile(random: Random, at: int) -> dict[str, Any]:
    """Lists of right and nearly right entries; any of them may be left out."""
    lists = {
        "Permissions": [near(random, name) for name in some(random, PERMISSIONS + ELSEWHERE)],
        "Applications": [
            {
                "Namespace": near(random, namespace),
                "ApplicationPermissions": [near(random, name) for name in some(random, NAMES)],
                **kind(random, "MCP"),
            }
            for namespace in some(random, NAMESPACES)
        ],
        "AllowedFlowModules": [
            {"FlowModuleId": near(random, module), **kind(random, "MCP")}
            for module in some(random, [*MODULES, *PERMISSIONS[:2], *ARNS])
        ],
        "AllowedAIAgents": [
            {"Arn": near(random, arn), **kind(random, "THIRD_PARTY")} for arn in some(random, ARNS)
        ],
    }
    profile: dict[str, Any] = {"SecurityProfile": {"Id": f"p{at}", "SecurityProfileName": "P"}}
    return profile | {name: held for name, held in lists.items() if random.random() < 0.9}


def some(random: Random, values: list[str]) -> list[str]:
    return random.sample(values, random.randint(0, len(values)))


def near(random: Random, text: str) -> str:
    """The text, now and then spoiled in a way that is easily overlooked."""
    if random.random() < 0.9:
        return text
    return random.choice([text.lower(), text.upper(), f"{text} ", text[:-1], f"{text}*", "*"])


def kind(random: Random, right: str) -> dict[str, str]:
    """The entry's Type: mostly right, else another one or none."""
    if random.random() < 0.85:
        return {"Type": right}
    return random.choice([{}, {"Type": right.lower()}, {"Type": "ACCESS"}])
