"""The words of the domain as frozen values; the other modules turn one kind into another."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

DRAFT = "$SAVED"
LATEST = "$LATEST"
GAP_PREFIX = "profile:"
"""What the tool name of an association gap begins with; the profile's id follows."""


class ToolType(StrEnum):
    """`toolType` of a tool configuration (qconnect service model), plus our word for targets."""

    MODEL_CONTEXT_PROTOCOL = "MODEL_CONTEXT_PROTOCOL"
    RETURN_TO_CONTROL = "RETURN_TO_CONTROL"
    CONSTANT = "CONSTANT"
    AI_AGENT = "AI_AGENT"  # an entry of multiAgentConfigurations, shown as a tool


class Verdict(StrEnum):
    """What can be said of one tool, worst first."""

    INSUFFICIENT = "INSUFFICIENT"
    UNKNOWN = "UNKNOWN"
    SUFFICIENT = "SUFFICIENT"


class Confidence(StrEnum):
    """How well a catalog row is known, best first. The weakest part of a row counts."""

    DOCUMENTED = "documented"
    OBSERVED = "observed"
    INFERRED = "inferred"

    @property
    def rank(self) -> int:
        """0 for the best known."""
        return list(Confidence).index(self)


class Risk(StrEnum):
    """What a grant lets its holder do."""

    READ = "read"
    WRITE = "write"


class GrantKind(StrEnum):
    """The four lists of a security profile that can grant a tool."""

    PERMISSION = "permission"
    MCP = "mcp"
    FLOW_MODULE = "flow-module"
    AI_AGENT = "ai-agent"


@dataclass(frozen=True, order=True)
class Grant:
    """One entry of a security profile, written `permission:Wisdom.View` everywhere.

    `value` is the permission name, `<namespace>/<tool>`, the flow module's id, or the ARN (in a
    requirement also the bare id) of an AI agent application.
    """

    kind: GrantKind
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"

    @classmethod
    def parse(cls, text: str) -> Grant:
        """The grant that `str()` wrote. Raises ValueError for anything else."""
        kind, colon, value = text.partition(":")
        # A ValueError as of int(): only the caller knows the field that an error has to name.
        if not colon or not value or kind not in set(GrantKind):
            raise ValueError(f"not a grant: {text!r}")
        return cls(GrantKind(kind), value)

    @property
    def namespace(self) -> str:
        """Of an MCP grant: the namespace that its tool belongs to."""
        return self.value.partition("/")[0]

    @property
    def risk(self) -> Risk:
        """`*.View` only lets its holder read; anything else may change something."""
        reads = self.kind is GrantKind.PERMISSION and self.value.endswith(".View")
        return Risk.READ if reads else Risk.WRITE


@dataclass(frozen=True)
class Tool:
    """One `toolConfigurations` entry, or one target of `multiAgentConfigurations`.

    `id` may be missing. `overrides` are the JSON paths of overrideInputValues (the values are
    sensitive and stay behind), `empty_lists` the members that are there as empty lists."""

    name: str
    type: str
    id: str | None
    overrides: frozenset[str] = frozenset()
    empty_lists: tuple[str, ...] = ()


@dataclass(frozen=True)
class QualifiedAgent:
    """One version of an AI agent as read from the service. `arn` is the bare ARN."""

    assistant_id: str
    ai_agent_id: str
    qualifier: str
    arn: str
    name: str
    type: str
    tools: tuple[Tool, ...] = ()
    instance_arn: str | None = None
    origin: str = "CUSTOMER"

    @property
    def qualified_arn(self) -> str:
        """The ARN that security profiles are associated with."""
        return f"{self.arn}:{self.qualifier}"


@dataclass(frozen=True)
class SecurityProfile:
    """What one attached security profile grants, as far as it was read. `unread` are the lists that
    could not be; `access_tags`: it was seen to have tags that limit access."""

    id: str
    name: str
    grants: frozenset[Grant] = frozenset()
    unread: frozenset[GrantKind] = frozenset()
    access_tags: bool = False


@dataclass(frozen=True)
class Text:
    """One text in both languages."""

    en: str
    ja: str

    def say(self, language: str) -> str:
        """`language` is `en` or `ja`."""
        return self.ja if language == "ja" else self.en


@dataclass(frozen=True)
class ToolResult:
    """The verdict on one tool. `granted_by` names, per grant that any source asks for, the profiles
    that hold it. `disputed` are missing grants that not every source asks for. `console_path` is
    where a person grants what is missing; None where the admin website has none."""

    tool: Tool
    verdict: Verdict
    required: tuple[Grant, ...] = ()
    missing: tuple[Grant, ...] = ()
    granted_by: dict[Grant, tuple[str, ...]] = field(default_factory=dict)
    confidence: Confidence | None = None
    reason: str = ""
    advisories: tuple[Text, ...] = ()
    console_path: Text | None = None
    disputed: frozenset[Grant] = frozenset()


class FindingKind(StrEnum):
    """What is wrong."""

    INSUFFICIENT = "insufficient"
    UNKNOWN = "unknown"
    ASSOCIATION_GAP = "association-gap"
    REFUSED_SAVE = "refused-save"


class FindingState(StrEnum):
    """Where a finding is in its life."""

    SUSPECTED = "suspected"
    OPEN = "open"
    MUTED = "muted"
    FIXING = "fixing"
    RESOLVED = "resolved"


class Severity(StrEnum):
    """How bad, mildest first."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"

    @property
    def rank(self) -> int:
        """0 for the mildest."""
        return list(Severity).index(self)


@dataclass(frozen=True)
class Finding:
    """What is wrong with one tool of one AI agent, over all qualifiers it is wrong on.

    Identity is (instance, AI agent, tool name, kind); `id` is made from it and stays the same for
    the finding's whole life. Times are UTC. `missing_digest` is of a `missing` that found no room
    in the record (`record_budget`), `refused_at` when a save was refused last."""

    id: str
    kind: FindingKind
    state: FindingState
    severity: Severity
    tool_name: str
    tool_id: str | None
    tool_type: str
    verdict: Verdict
    qualifiers: tuple[str, ...]
    required: tuple[Grant, ...] = ()
    missing: tuple[Grant, ...] = ()
    confidence: Confidence | None = None
    reason: str = ""
    advisories: tuple[Text, ...] = ()
    console_path: Text | None = None
    suspected_until: datetime | None = None
    opened_at: datetime | None = None
    resolved_at: datetime | None = None
    resolution: str = ""
    missing_digest: str = ""
    refused_at: datetime | None = None

    @property
    def profile_id(self) -> str:
        """Of an association gap: the security profile that is not attached."""
        return self.tool_name.removeprefix(GAP_PREFIX)

    @property
    def told(self) -> bool:
        """Whether people were ever told of this finding."""
        return self.opened_at is not None

    @property
    def granted(self) -> tuple[Grant, ...]:
        """The required grants that are held on every affected qualifier, where that is known."""
        if self.verdict is Verdict.UNKNOWN:
            return ()
        return tuple(grant for grant in self.required if grant not in self.missing)
