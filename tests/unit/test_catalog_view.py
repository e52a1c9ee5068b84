"""The catalog as JSON and as `toolgrant explain` shows it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from toolgrant.domain.catalog import packaged
from toolgrant_cli.catalog_view import catalog_json, explain_text


def test_the_json_form_carries_every_row_and_is_json() -> None:
    view: Any = json.loads(json.dumps(catalog_json(packaged())))

    assert [tool["toolId"] for tool in view["tools"]] == [row.key for row in packaged().rows]
    assert view["tools"][0] == {
        "toolId": "aws_service__qconnect_Retrieve",
        "aliases": ["Retrieve"],
        "requires": ["permission:Wisdom.View"],
        "claims": [],
        "verdict": None,
        "consolePath": {
            "en": "Agent applications > Connect assistant (also: Connect AI agents)",
            "ja": "エージェントアプリケーション > 接続アシスタント (別名: Connect AI agents)",
        },
        "confidence": "observed",
        "confidenceParts": {"toolId": "observed", "permission": "documented", "box": "observed"},
        "evidence": view["tools"][0]["evidence"],
        "checked": "2026-11-25",
        "advisories": view["tools"][0]["advisories"],
        "remedy": None,
        "note": view["tools"][0]["note"],
    }


def test_the_json_form_carries_claims_and_the_best_known_one_as_what_is_required() -> None:
    view: Any = catalog_json(packaged())
    (tool,) = [tool for tool in view["tools"] if tool["claims"]]

    assert tool["toolId"] == "aws_service__connectcases_CreateCase"
    assert tool["requires"] == tool["claims"][0]["requires"]
    assert tool["claims"][1] == {
        "requires": ["permission:Cases.View", "permission:Cases.Create"],
        "source": {
            "en": "the AWS page on Cases (for people)",
            "ja": "ケースに関する AWS のページ (担当者向け)",
        },
        "confidence": "inferred",
        "evidence": [
            "https://docs.aws.amazon.com/connect/latest/adminguide/assign-security-profile-cases.html"
        ],
    }


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "aws_service__qconnect_Retrieve",
            ["permission:Wisdom.View", "接続アシスタント", "https://"],
        ),
        ("connect_DescribeContact", ["aws_service__connect_DescribeContact", "BasicAgentAccess"]),
        ("GetProfileId", ["proves nothing: the toolId", "aws_service__connect_DescribeContact"]),
        ("gateway_gw__t-x___y", ["mcp:gw/t-x___y", "ツール", "gateway"]),
        ("aws_custom_flows__m_3", ["flow-module:m", "セキュリティプロファイル > ツール"]),
        ("get_dashboard_configuration", ["UNKNOWN", "Remove this tool", "削除"]),
        ("connect_StartTaskContact", ["Sources conflict", "RestrictTaskCreation.Access"]),
        (
            "connectcases_CreateCase",
            [
                "sources disagree",
                "permission:Cases.View, permission:Cases.Edit (documented)",
                "permission:Cases.View, permission:Cases.Create (inferred)",
                "the AWS page on Cases",
                "ケースに関する AWS のページ",
                "assign-security-profile-cases.html",
            ],
        ),
        ("customerprofiles_ListProfileObjects", ["where SUFFICIENT:", "amazon-connect-"]),
        ("Complete", ["RETURN_TO_CONTROL", "nothing", "不要"]),
        ("ai-agent", ["ai-agent:<ARN>", "not shown in the admin website"]),
        ("aws_tasks__x", ["UNKNOWN", "not in the catalog: aws_tasks__x"]),
        ("", ["UNKNOWN", "no toolId"]),
    ],
)
def test_explain_says(name: str, said: list[str]) -> None:
    text = explain_text(packaged(), name)

    assert [words for words in said if words not in " ".join(text.split())] == []


def test_explain_does_not_doubt_an_id() -> None:
    assert "proves nothing" not in explain_text(packaged(), "aws_service__qconnect_Retrieve")
