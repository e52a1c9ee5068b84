"""Tools that several tests give their AI agents."""

from __future__ import annotations

from tests.fakes.cloud import uuid_of

from toolgrant.domain.model import (
    Tool,
    ToolType,
)


def mcp(tool_id: str | None, name: str = "") -> Tool:
    """An MCP tool, named after the last part of its id."""
    return Tool(
        name or (tool_id or "nameless").split("_")[-1], ToolType.MODEL_CONTEXT_PROTOCOL, tool_id
    )


RETRIEVE = mcp("aws_service__qconnect_Retrieve")
CREATE_CASE = mcp("aws_service__connectcases_CreateCase")
UPDATE_CASE = mcp("aws_service__connectcases_UpdateCase")
DESCRIBE_CONTACT = mcp("aws_service__connect_DescribeContact")
GET_ORDER = mcp("gateway_gw-1a2b__orders-api___GetOrder")
MODULE = mcp(f"aws_custom_flows__{uuid_of('module')}_3", "RefundModule")
DASHBOARD = "aws_custom_analytics__get_dashboard_configuration"
MYSTERY = mcp("aws_service__tasks_Mystery")
ESCALATE = Tool("Escalate", ToolType.RETURN_TO_CONTROL, None)
