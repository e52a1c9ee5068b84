"""The grammar of tool ids: which family a `toolId` belongs to, and the grant its text alone gives.

    aws_service__<namespace>_<Operation>   a built-in tool; the catalog row says what it needs
    gateway_<namespace>__<tool>            a tool of an MCP server → mcp:<namespace>/<tool>
    aws_custom_flows__<module>_<version>   a flow module used as a tool → flow-module:<module>
    anything else                          no grant follows from the text

The service model sets no pattern on toolId, so the grammar is read off the ids seen in public
configurations and is deliberately loose inside each part: grants are compared exactly anyway.
Prefixes are case-sensitive. Nothing here raises.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from toolgrant.domain.model import Grant, GrantKind

SERVICE_PREFIX = "aws_service__"
GATEWAY_PREFIX = "gateway_"
FLOW_MODULE_PREFIX = "aws_custom_flows__"


@dataclass(frozen=True)
class ServiceTool:
    """`aws_service__<namespace>_<Operation>`, kept whole: rows are found by exact id."""

    id: str
    grant: ClassVar[Grant | None] = None
    """Only a catalog row can say."""


@dataclass(frozen=True)
class GatewayTool:
    """A tool behind an MCP server. Neither part is empty; the namespace has no `__` and no `/`."""

    namespace: str
    tool: str

    @property
    def grant(self) -> Grant | None:
        """The Applications entry (Type MCP) that allows it."""
        return Grant(GrantKind.MCP, f"{self.namespace}/{self.tool}")


@dataclass(frozen=True)
class FlowModuleTool:
    """A flow module pinned to one version. The grant is per module, so the version is not in it."""

    module_id: str
    version: str

    @property
    def grant(self) -> Grant | None:
        """The AllowedFlowModules entry that allows it."""
        return Grant(GrantKind.FLOW_MODULE, self.module_id)


@dataclass(frozen=True)
class OtherTool:
    """Any other text: another `aws_…` namespace, a malformed id, an empty part."""

    id: str
    grant: ClassVar[Grant | None] = None
    """Nothing follows from the text."""


ToolId = ServiceTool | GatewayTool | FlowModuleTool | OtherTool


def parse_tool_id(tool_id: str) -> ToolId:
    """The family and parts of any text."""
    if tool_id.startswith(SERVICE_PREFIX):
        return _service(tool_id)
    if tool_id.startswith(GATEWAY_PREFIX):
        return _gateway(tool_id)
    if tool_id.startswith(FLOW_MODULE_PREFIX):
        return _flow_module(tool_id)
    return OtherTool(tool_id)


def _service(tool_id: str) -> ToolId:
    namespace, _, operation = tool_id.removeprefix(SERVICE_PREFIX).partition("_")
    return ServiceTool(tool_id) if namespace and operation else OtherTool(tool_id)


def _gateway(tool_id: str) -> ToolId:
    # The first `__` ends the namespace: the tool part may hold `___` (target and operation), or
    # no target at all, as the search tool that a gateway adds by itself.
    namespace, _, tool = tool_id.removeprefix(GATEWAY_PREFIX).partition("__")
    # A "/" in the namespace would let two different pairs write the same grant.
    if not namespace or not tool or "/" in namespace:
        return OtherTool(tool_id)
    return GatewayTool(namespace, tool)


def _flow_module(tool_id: str) -> ToolId:
    module_id, _, version = tool_id.removeprefix(FLOW_MODULE_PREFIX).rpartition("_")
    return FlowModuleTool(module_id, version) if module_id and version else OtherTool(tool_id)
