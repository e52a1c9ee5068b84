"""What stands beside a verdict: only where what was read says that it could apply, in both
languages, and never with another verdict."""

from __future__ import annotations

from typing import Any

import pytest

from toolgrant.domain.catalog import packaged
from toolgrant.domain.evaluate import judge
from toolgrant.domain.model import GrantKind, SecurityProfile, Text, Tool, ToolType
from toolgrant.domain.texts import CLIP, both, texts
from toolgrant_cli.snapshot import evaluate_snapshot, parse_snapshot

RETRIEVE = "aws_service__qconnect_Retrieve"
PROFILES = "aws_service__customerprofiles_ListProfileObjects"
MODULE = "aws_custom_flows__m_1"
CONTACT = "aws_service__connect_DescribeContact"
HELD: dict[str, Any] = {
    "Permissions": ["Wisdom.View", "CustomerProfiles.View", "BasicAgentAccess"],
    "AllowedFlowModules": [{"FlowModuleId": "m"}],
}
TAGGED = {"AllowedAccessControlTags": {"team": "orders"}}
KNOWLEDGE = "retrievalConfiguration.knowledgeSource.assistantAssociationIds"


def said(
    tool_id: str | None,
    entry: dict[str, Any] | None = None,
    described: dict[str, Any] | None = None,
    target: dict[str, Any] | None = None,
    **lists: Any,
) -> tuple[str, str]:
    """Verdict, and all that is said beside it, in English and Japanese."""
    tool = {"toolName": "t", "toolType": "MODEL_CONTEXT_PROTOCOL", "toolId": tool_id}
    inner = {
        "toolConfigurations": [tool | (entry or {})] if tool_id else [],
        "multiAgentConfigurations": [target] if target else [],
    }
    profile = {"SecurityProfile": {"Id": "p", "SecurityProfileName": "Agents", **(described or {})}}
    snapshot = {
        "aiAgent": {"name": "a", "configuration": {"orchestrationAIAgentConfiguration": inner}},
        "securityProfiles": [profile | lists],
    }
    (result,) = evaluate_snapshot(parse_snapshot(snapshot), packaged()).tools
    return result.verdict, "\n".join(f"{text.en}\n{text.ja}" for text in result.advisories)


@pytest.mark.parametrize(
    ("tool_id", "words"),
    [
        (RETRIEVE, "AmazonConnectEnabled"),
        ("aws_service__qconnect_QueryAssistant", "AmazonConnectEnabled"),
        (PROFILES, "amazon-connect-"),
        (MODULE, "invokes other modules"),
    ],
)
def test_why_a_tool_may_fail_whose_grant_is_right_is_said_only_then(
    tool_id: str, words: str
) -> None:
    verdict, notes = said(tool_id, **HELD)
    assert (verdict, words in notes) == ("SUFFICIENT", True)
    verdict, notes = said(tool_id)
    assert (verdict, words in notes) == ("INSUFFICIENT", False)
    assert words not in said(CONTACT, **HELD)[1]


def test_a_flow_module_that_still_looks_insufficient_is_told_of_in_any_case() -> None:
    for lists in ({}, HELD):
        _, notes = said(MODULE, **lists)
        assert "reload" in notes
        assert "再読み込み" in notes


@pytest.mark.parametrize(
    ("described", "shown"),
    [
        ({}, False),
        ({"AllowedAccessControlTags": {}, "TagRestrictedResources": []}, False),
        ({"AllowedAccessControlHierarchyGroupId": "g", "Tags": {"team": "orders"}}, False),
        (TAGGED, True),
        ({"TagRestrictedResources": ["User"]}, True),
    ],
)
def test_access_control_tags_are_told_of_where_a_profile_shows_them(
    described: dict[str, Any], shown: bool
) -> None:
    verdict, notes = said(CONTACT, described=described, **HELD)
    assert verdict == "SUFFICIENT"
    assert ("Security profile Agents has access control tags" in notes) is shown
    assert ("アクセスコントロールタグ" in notes) is shown


def test_access_control_tags_say_nothing_of_a_tool_that_the_profile_does_not_grant() -> None:
    assert said(CONTACT, described=TAGGED) == ("INSUFFICIENT", "")
    complete = {"toolType": "RETURN_TO_CONTROL"}
    assert said("Complete", complete, described=TAGGED) == ("SUFFICIENT", "")


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        ({}, None),
        ({"outputFilters": None, "overrideInputValues": None}, None),
        ({"outputFilters": [{"jsonPath": "$.a"}]}, None),
        ({"outputFilters": []}, "(outputFilters)"),
        ({"overrideInputValues": []}, "(overrideInputValues)"),
        (
            {"outputFilters": [], "overrideInputValues": []},
            "(outputFilters, overrideInputValues)",
        ),
    ],
)
def test_empty_lists_as_cloudformation_sends_them_are_told_of(
    entry: dict[str, Any], named: str | None
) -> None:
    verdict, notes = said(CONTACT, entry, **HELD)
    assert verdict == "SUFFICIENT"
    assert ("AWS::Wisdom::AIAgent" in notes) is (named is not None)
    assert named is None or notes.count(named) == 2
    assert "AWS::Wisdom::AIAgent" not in said(CONTACT, entry)[1]


@pytest.mark.parametrize("path", [KNOWLEDGE, f"$.{KNOWLEDGE}"])
def test_a_chosen_knowledge_base_is_seen_with_and_without_the_root_of_its_path(path: str) -> None:
    chosen = {"overrideInputValues": [{"jsonPath": path, "value": {"constant": {}}}]}
    assert "knowledge base" in said(RETRIEVE, **HELD)[1]
    assert "knowledge base" not in said(RETRIEVE, chosen, **HELD)[1]


@pytest.mark.parametrize("kind", ["delegate", "handoff"])
def test_an_ai_agent_as_target_is_unknown_because_aws_names_no_step_on_a_profile(
    kind: str,
) -> None:
    configured = {f"{kind}AgentConfiguration": {"agentTarget": {"aiAgentId": "agent:3"}}}
    verdict, notes = said(None, target=configured, **HELD)
    assert verdict == "UNKNOWN"
    assert "names no step on a security profile" in notes
    assert "セキュリティプロファイルの手順がなく" in notes


def test_a_target_whose_list_could_not_be_read_is_another_matter() -> None:
    target = Tool("handoff:x", ToolType.AI_AGENT, "arn:aws:app-integrations:::application/x")
    profile = SecurityProfile("p", "Agents", unread=frozenset({GrantKind.AI_AGENT}))
    result = judge(target, [profile], packaged().requirement(target))
    assert result.verdict == "UNKNOWN"
    assert [text.en for text in result.advisories] == [
        "The security profile may hold it, but could not be read: Agents (ai-agent)."
    ]


def test_no_remark_is_cut_where_alerts_show_it() -> None:
    values = {"profiles": "AI agents - orders", "lists": "outputFilters, overrideInputValues"}
    own = [both("note", key, **values) for key in ("ai-agent-target", "access-tags", "empty-lists")]
    rows = (*packaged().rows, *packaged().families)
    of_rows = [Text(a.text_en, a.text_ja) for row in rows for a in row.advisories]
    said_ = [text.say(language) for text in (*own, *of_rows) for language in ("en", "ja")]
    assert [text for text in said_ if len(text) > CLIP] == []
    assert texts("en")["note"].keys() == texts("ja")["note"].keys()
