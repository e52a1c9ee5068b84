"""What a handler works on: the resources of one account, and the circumstances of one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar
from urllib.parse import unquote

from connect_emulator.errors import ServiceError, not_found
from connect_emulator.resources import Instance, Resources

Params = Mapping[str, Any]
Output = dict[str, Any]

# Quotas page of the Connect administrator guide; assistants are counted per account.
QUOTAS = {"security-profiles": 100, "flow-modules": 200, "contact-flows": 100, "assistants": 5}

PROFILE_STAMPS = ("shared", "per-list", "absent")
ABSENT_TYPES = ("as-sent", "filled")


@dataclass
class Settings:
    """Switches of behaviour, changeable at any time.

    ``check_applications``: a gateway must be registered (``applications``) before its tools can be
    granted or used. ``check_flow_modules``: a module must be released and open to external
    invocation before it can be granted or used as a tool. ``check_tool_ids``: a tool id has its
    prefix. ``lock_mcp_descriptions``: MCP tools cannot override title, description or schemas.
    ``refused_tool_namespaces``: tools that "do not exist in this region".
    ``page_size``: upper bound of any page, to make short pages. ``profile_stamps``: whether any
    update renews the LastModifiedTime of all lists of a security profile, or each list has one of
    its own, or answers have none; ``whole_second_stamps`` cuts it. ``absent_types``: whether a flow
    module or AI agent of a profile that is sent without ``Type`` is kept so, or with the only legal
    one. ``identities``: access key id -> who calls with it (see ``identity``). ``iam``: whose calls
    IAM judges: off, roles, all (see ``access``).
    What AWS leaves open about qualifiers (see ``meanings``):
    ``bare_agent_id``, what GetAIAgent answers to an id without one; ``agent_summaries``, what
    ListAIAgents describes, and ``summaries_say_qualifier``, whether their ARNs tell;
    ``latest_agent``, what ``$LATEST`` is.
    """

    check_applications: bool = True
    check_flow_modules: bool = True
    check_tool_ids: bool = True
    lock_mcp_descriptions: bool = True
    refused_tool_namespaces: tuple[str, ...] = ("aws_custom_analytics",)
    page_size: int | None = None
    max_body_bytes: int = 2 * 1024 * 1024
    quotas: dict[str, int] = field(default_factory=lambda: dict(QUOTAS))
    profile_stamps: str = "shared"
    whole_second_stamps: bool = False
    absent_types: str = "as-sent"
    identities: dict[str, dict[str, str]] = field(default_factory=dict)
    iam: str = "off"
    bare_agent_id: str = "$LATEST"
    agent_summaries: str = "$SAVED"
    summaries_say_qualifier: bool = True
    latest_agent: str = "number"


@dataclass(frozen=True)
class Account:
    """One account and region at the moment of one call."""

    region: str
    account_id: str
    settings: Settings
    resources: Resources
    now: datetime
    new_id: Callable[[], str]

    def arn(self, service: str, path: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{path}"

    def instance(self, value: str) -> Instance:
        return find(self.resources.instances.values(), value, "Instance")

    def check_quota(self, name: str, count: int, code: str) -> None:
        """Refuse one more resource when ``count`` of them already reach the quota."""
        if count >= self.settings.quotas[name]:
            raise ServiceError(code, f"The limit for {name} has been reached")


class Identified(Protocol):
    """A resource that callers name by its id or its ARN."""

    id: str
    arn: str


R = TypeVar("R", bound=Identified)


def find(candidates: Iterable[R], value: str, kind: str) -> R:
    """The resource named by an id, an ARN, or either of them URL-encoded a second time.

    CloudTrail records of CloudFormation's calls show URL-encoded ARNs as ids; a client that repeats
    them as they stand is understood too [inferred].
    """
    wanted = unquote(value)
    for candidate in candidates:
        if wanted in (candidate.id, candidate.arn):
            return candidate
    raise not_found(f"{kind} not found: {wanted}")


Handler = Callable[[Account, Params], Output]
Handlers = dict[str, Handler]
