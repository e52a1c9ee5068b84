"""Which refusals of a save are worth a notice, and what to do by the form of the tool's id."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from toolgrant.domain.catalog import packaged
from toolgrant.domain.causes import Cause
from toolgrant.domain.model import Finding, Text
from toolgrant.domain.records import AgentKey
from toolgrant.domain.refused_saves import CALLER, notice, refused_tool, with_remedy
from toolgrant.domain.requests import RefusedSave

MODULE = "173961ce-6a13-43ad-b869-dd82b2437a23"
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
DENIED = "Insufficient permissions to perform this action"
MCP = "MCP tool with ID {} not found in MCP tools"
FLOW = "Flow module for MCP tool with ID {} not found"
BARE = "Tool {} not found"
NAMED = "tool with id {} not found"


@pytest.mark.parametrize("form", [MCP, FLOW, BARE, NAMED, MCP.upper()])
@pytest.mark.parametrize(
    "tool_id", ["gateway_gw-1__orders___get", f"aws_custom_flows__{MODULE}_1", MODULE]
)
@pytest.mark.parametrize("quotes", ["''", '""', "``", "‘’", "“”", ""])
@pytest.mark.parametrize("around", ["{}", "1 error: {}.", "line\n{}"])
def test_the_tool_of_a_refusal_is_read_with_and_without_quotes(
    form: str, tool_id: str, quotes: str, around: str
) -> None:
    message = around.format(form.format(quotes[:1] + tool_id + quotes[1:]))
    assert refused_tool(message) == tool_id


def test_in_quotes_an_id_may_hold_anything() -> None:
    assert refused_tool(MCP.format("'a b — c'")) == "a b — c"
    assert refused_tool(MCP.format("'it's'")) == "it's"


def test_a_message_of_any_length_is_read_at_once() -> None:
    assert refused_tool(MCP.format("'" + "x" * 4096 + "'") + " x" * 100_000) == "x" * 4096
    assert refused_tool("Tool '" * 500_000) is None


def test_of_several_refusals_the_first_counts() -> None:
    assert refused_tool(MCP.format("'a___b'") + "; " + MCP.format("'c___d'")) == "a___b"


def test_the_callers_own_rights_are_told_apart_from_a_tool() -> None:
    assert refused_tool(DENIED) == refused_tool(f"{DENIED}.") == CALLER
    assert refused_tool(DENIED.lower()) == CALLER


@pytest.mark.parametrize(
    "message",
    [
        "",
        "MCP tool with ID '' not found in MCP tools",
        "Tool not found",
        "Toolbox x not found",
        "1 validation error detected",
        "User: arn:aws:sts::1:x is not authorized to perform: wisdom:CreateAIAgent",
    ],
)
def test_any_other_text_is_no_notice(message: str) -> None:
    assert refused_tool(message) is None


# ---------------------------------------------------------------------------------- what to do


def told(tool_id: str, name: str = "") -> Finding:
    cause = Cause("event", event_time=NOW)
    return notice(RefusedSave(AgentKey("a", "b"), "Helper", tool_id, name, cause), packaged())


def remedy(finding: Finding) -> Text:
    assert finding.console_path
    return finding.console_path


FORMS = [
    ("aws_custom_analytics__get_dashboard_configuration", "remove the tool", "ツールを削除"),
    ("aws_service__new_Thing", "remove the tool", "ツールを削除"),
    ("gateway_gw-1__orders___get", "open the tool picker once", "一度開いて"),
    ("gateway_gw-1__orders___get", "MCP server is associated", "MCP サーバーがこのインスタンスに"),
    ("gateway_gw-1__x_amz_bedrock_agentcore_search", "open the tool picker once", "一度開いて"),
    (
        "orders___get",
        "gateway_<gateway id>__orders___get",
        "gateway_<ゲートウェイ ID>__orders___get",
    ),
    ("gw-1__orders___get", "prefix: gateway_gw-1__orders___get", "gateway_gw-1__orders___get"),
    (MODULE, f"aws_custom_flows__{MODULE}_<version>", f"aws_custom_flows__{MODULE}_<バージョン>"),
    (f"{MODULE}_7", f"prefix: aws_custom_flows__{MODULE}_7", f"aws_custom_flows__{MODULE}_7"),
    (f"aws_custom_flows__{MODULE}_1", "release a version", "バージョンのリリース"),
    ("connect_DescribeContact", "aws_service__connect_DescribeContact", "aws_service__connect_De"),
    ("get_order", "Choose the tool in the AI agent designer", "ツールを選び直す"),
    ("gateway_gw-1", "Choose the tool in the AI agent designer", "ツールを選び直す"),
    (CALLER, "bedrock-agentcore", "bedrock-agentcore"),
    (CALLER, "IAM", "IAM ポリシー"),
]


@pytest.mark.parametrize(("tool_id", "en", "ja"), FORMS)
def test_the_remedy_follows_the_form_of_the_id(tool_id: str, en: str, ja: str) -> None:
    found = remedy(told(tool_id))
    assert en in found.en
    assert ja in found.ja


@pytest.mark.parametrize("tool_id", sorted({form[0] for form in FORMS}))
def test_a_notice_says_why_in_both_languages(tool_id: str) -> None:
    (why,) = told(tool_id).advisories
    for japanese in (why.ja, remedy(told(tool_id)).ja):
        assert re.search(r"[ぁ-んァ-ン一-龥]", japanese)
    assert why.en.isascii()


def test_the_callers_rights_are_never_blamed_on_a_security_profile() -> None:
    found = told(CALLER)
    assert (found.tool_id, found.tool_name) == (None, "IAM")
    assert "security profiles have nothing to do with it" in found.advisories[0].en
    assert "permission" not in remedy(found).en.lower()


@pytest.mark.parametrize("tool_id", [form[0] for form in FORMS])
def test_what_a_record_has_lost_is_there_again_when_it_is_told(tool_id: str) -> None:
    """The record keeps no texts."""
    whole = told(tool_id)
    lost: dict[str, Any] = {"advisories": (), "console_path": None}
    assert with_remedy(replace(whole, **lost), packaged()) == whole


def test_a_tool_goes_by_its_name_where_the_request_shows_it() -> None:
    assert told("orders___get", "Get order").tool_name == "Get order"
    assert told("orders___get").tool_name == "orders___get"
