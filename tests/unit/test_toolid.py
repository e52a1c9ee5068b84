"""The tool id grammar: a table of ids seen in public, and properties that hold for any text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrant.domain.toolid import (
    FlowModuleTool,
    GatewayTool,
    OtherTool,
    ServiceTool,
    parse_tool_id,
)

UUID = "3f2b1c00-0000-4000-8000-00000000abcd"


@pytest.mark.parametrize(
    ("tool_id", "parsed", "grant"),
    [
        ("aws_service__qconnect_Retrieve", ServiceTool("aws_service__qconnect_Retrieve"), None),
        ("aws_service__a_b_c", ServiceTool("aws_service__a_b_c"), None),
        ("gateway_gw-1__t___op", GatewayTool("gw-1", "t___op"), "mcp:gw-1/t___op"),
        ("gateway_gw-1__t-x___op-y", GatewayTool("gw-1", "t-x___op-y"), "mcp:gw-1/t-x___op-y"),
        ("gateway_g__search", GatewayTool("g", "search"), "mcp:g/search"),
        ("gateway_g___op", GatewayTool("g", "_op"), "mcp:g/_op"),
        ("gateway_g__a/b", GatewayTool("g", "a/b"), "mcp:g/a/b"),
        ("gateway_a_b__t", GatewayTool("a_b", "t"), "mcp:a_b/t"),
        (f"aws_custom_flows__{UUID}_1", FlowModuleTool(UUID, "1"), f"flow-module:{UUID}"),
        (f"aws_custom_flows__{UUID}_12", FlowModuleTool(UUID, "12"), f"flow-module:{UUID}"),
        ("aws_custom_flows__a_b_c", FlowModuleTool("a_b", "c"), "flow-module:a_b"),
    ],
)
def test_each_family_is_recognised(tool_id: str, parsed: object, grant: str | None) -> None:
    found = parse_tool_id(tool_id)

    assert found == parsed
    assert (str(found.grant) if found.grant else None) == grant


@pytest.mark.parametrize(
    "tool_id",
    [
        "",
        "Retrieve",
        "qconnect_Retrieve",
        "aws_custom_analytics__get_dashboard_configuration",
        "aws_service__",
        "aws_service__qconnect",
        "aws_service__qconnect_",
        "aws_service___Retrieve",
        "aws_service_qconnect_Retrieve",
        "AWS_SERVICE__qconnect_Retrieve",
        "gateway_",
        "gateway_g",
        "gateway_g_t",
        "gateway_g__",
        "gateway___t",
        "gateway_g/x__t",
        "Gateway_g__t",
        " gateway_g__t",
        "aws_custom_flows__",
        f"aws_custom_flows__{UUID}",
        f"aws_custom_flows__{UUID}_",
        "aws_custom_flows___1",
        "aws_custom_flow__m_1",
    ],
)
def test_anything_else_gives_no_grant(tool_id: str) -> None:
    assert parse_tool_id(tool_id) == OtherTool(tool_id)
    assert parse_tool_id(tool_id).grant is None


# Texts near the grammar, so that properties meet prefixes and underscores often.
PIECES = st.sampled_from(
    ["gateway_", "aws_service__", "aws_custom_flows__", "_", "__", "/", "-", ":", "a", "B", "1"]
)
IDS = st.one_of(st.text(), st.lists(PIECES, max_size=8).map("".join))


@given(IDS)
def test_every_text_parses_and_can_be_written_back(tool_id: str) -> None:
    match parse_tool_id(tool_id):
        case GatewayTool(namespace, tool):
            assert tool_id == f"gateway_{namespace}__{tool}"
            assert namespace
            assert tool
            assert "__" not in namespace
        case FlowModuleTool(module_id, version):
            assert tool_id == f"aws_custom_flows__{module_id}_{version}"
            assert module_id
            assert version
        case ServiceTool(kept) | OtherTool(kept):
            assert tool_id == kept


NAMESPACES = st.text("abz-_.:", min_size=1).filter(lambda n: "__" not in n and n[-1] != "_")


@given(NAMESPACES, st.text(min_size=1))
def test_a_gateway_tool_survives_the_round_trip(namespace: str, tool: str) -> None:
    assert parse_tool_id(f"gateway_{namespace}__{tool}") == GatewayTool(namespace, tool)


@given(st.text(min_size=1), st.text(min_size=1).filter(lambda version: "_" not in version))
def test_a_flow_module_survives_the_round_trip(module_id: str, version: str) -> None:
    parsed = parse_tool_id(f"aws_custom_flows__{module_id}_{version}")

    assert parsed == FlowModuleTool(module_id, version)


@given(IDS, IDS)
def test_two_gateway_tools_never_share_a_grant(one: str, other: str) -> None:
    first, second = parse_tool_id(f"gateway_{one}"), parse_tool_id(f"gateway_{other}")

    if isinstance(first, GatewayTool) and isinstance(second, GatewayTool):
        assert (first.grant == second.grant) == (one == other)


@given(IDS)
def test_only_the_gateway_prefix_gives_an_mcp_grant(tool_id: str) -> None:
    grant = parse_tool_id(tool_id).grant

    if grant and grant.kind == "mcp":
        assert tool_id.startswith("gateway_")
