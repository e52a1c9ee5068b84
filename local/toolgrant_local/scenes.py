"""The demo's scenes: one thing the admin does, and the alerts that must follow it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from toolgrant_local.story import (
    DASHBOARD,
    UNKNOWN_TOOL,
    Stage,
    add_gateway_tool,
    add_module_tool,
    add_tool,
    associate_live,
    copy_sales_agent,
    copy_sales_agent_without,
    copy_system_agent,
    dissociate,
    grant,
    name_in_flow,
    publish,
)


@dataclass(frozen=True)
class Expected:
    """An alert: its status, per finding (tool name) what it must say somewhere, and the contact
    flow in which the AI agent is live. `{name}` in a text stands for an id that the stage
    remembers."""

    status: str
    findings: Mapping[str, str]
    flow: str = ""


@dataclass(frozen=True)
class Scene:
    """One thing the admin does, and the alerts that must follow, in this order."""

    title: str
    act: Callable[[Stage], None]
    expected: tuple[Expected, ...]


VIEW = "permission:Wisdom.View"
_ASSISTANCE = {"GenerateNotes": VIEW, "Retrieve": VIEW}
_CUSTOMER_PROFILES = dict.fromkeys(
    (
        "GetDomainName",
        "GetProfileSummary",
        "GetRecommendedForYouRecommendation",
        "GetFrequentlyPairedTogetherItemsRecommendation",
        "GetSemanticallySimilarItemsRecommendation",
        "GetTrendingItemsRecommendation",
        "GetPopularItemsRecommendation",
        "GetRecentActivities",
        "ListRecommenders",
    ),
    "permission:CustomerProfiles.View",
)
_SALES = {**_CUSTOMER_PROFILES, "GetProfileId": "permission:BasicAgentAccess"}
_GAP = {"security profile": "association-gap"}

SCENES = (
    Scene(
        "An AI agent copied from AgentAssistanceOrchestrator, with an empty security profile",
        copy_system_agent,
        (Expected("opened", _ASSISTANCE),),
    ),
    Scene(
        "The missing permission is granted",
        grant("Wisdom.View"),
        (Expected("resolved", _ASSISTANCE),),
    ),
    Scene(
        "A flow module becomes a tool, but the profile does not allow it",
        add_module_tool,
        (Expected("opened", {"CheckOrderStatus": "flow-module:{module}"}),),
    ),
    Scene(
        "A tool of an MCP server is added, but the profile does not allow it",
        add_gateway_tool,
        (
            Expected(
                "opened", {"orders_api___CancelOrder": "mcp:gw-retail/orders-api___CancelOrder"}
            ),
        ),
    ),
    Scene(
        "A tool that the catalog does not know",
        add_tool(UNKNOWN_TOOL),
        (Expected("opened", {"SearchTheWeb": "UNKNOWN"}),),
    ),
    Scene(
        "The security profile is taken away from the AI agent",
        dissociate,
        (Expected("reopened", _ASSISTANCE),),
    ),
    Scene(
        "SalesAgent is copied as it is: the service refuses one of its tools",
        copy_sales_agent,
        (Expected("opened", {DASHBOARD: "remove the tool"}),),
    ),
    Scene(
        "Copied without that tool, on a security profile without Customer Profiles",
        copy_sales_agent_without,
        (Expected("resolved", {DASHBOARD: "saved"}), Expected("opened", _CUSTOMER_PROFILES)),
    ),
    Scene(
        "Customer Profiles - View is granted",
        grant("BasicAgentAccess", "CustomerProfiles.View"),
        (Expected("resolved", _CUSTOMER_PROFILES),),
    ),
    Scene(
        "A version is published and made the default, but nobody attaches the security profile",
        publish,
        (Expected("opened", {**_SALES, **_GAP}),),
    ),
    Scene(
        "The security profile is attached to the published version",
        associate_live,
        (Expected("resolved", {**_SALES, **_GAP}),),
    ),
    Scene(
        "A contact flow names a version, and that version loses its security profile",
        name_in_flow,
        (Expected("reopened", {**_SALES, **_GAP}, "Main IVR"),),
    ),
)
