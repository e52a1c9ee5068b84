"""What an account holds: plain records, kept in memory, copied by pickling for stale reads.

Members that the APIs take and give back as they are stay in ``fields`` under their API names;
what the emulator reasons about has an attribute of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Fields = dict[str, Any]
Tags = dict[str, str]

AWS_MANAGED = "AWS_MANAGED"
CUSTOMER_MANAGED = "CUSTOMER_MANAGED"
SYSTEM = "SYSTEM"
CUSTOMER = "CUSTOMER"


@dataclass
class Instance:
    """An Amazon Connect instance."""

    id: str
    arn: str
    fields: Fields
    tags: Tags = field(default_factory=dict)


@dataclass
class SecurityProfile:
    """A security profile; ``fields`` are the members that UpdateSecurityProfile can set.

    ``list_modified``: when each of them was last sent, and for a list at least its creation.
    """

    id: str
    arn: str
    instance_id: str
    name: str
    type: str
    fields: Fields
    modified: datetime
    tags: Tags = field(default_factory=dict)
    list_modified: dict[str, datetime] = field(default_factory=dict)


@dataclass
class User:
    """A person who can log in to an instance; ``fields`` are CreateUser's members."""

    id: str
    arn: str
    instance_id: str
    fields: Fields
    modified: datetime
    tags: Tags = field(default_factory=dict)

    @property
    def profile_ids(self) -> list[str]:
        ids: list[str] = self.fields["SecurityProfileIds"]
        return ids


@dataclass
class ModuleAlias:
    """A name for one version of a flow module."""

    id: str
    name: str
    description: str | None
    version: int
    modified: datetime


@dataclass
class FlowModule:
    """A flow module with its released versions (number -> the fields as released)."""

    id: str
    arn: str
    instance_id: str
    fields: Fields
    tags: Tags = field(default_factory=dict)
    versions: dict[int, Fields] = field(default_factory=dict)
    last_version: int = 0
    aliases: dict[str, ModuleAlias] = field(default_factory=dict)


@dataclass
class ContactFlow:
    """A contact flow: its draft, and what is published of it (None: nothing)."""

    id: str
    arn: str
    instance_id: str
    fields: Fields
    draft: str
    published: str | None
    tags: Tags = field(default_factory=dict)


@dataclass
class Integration:
    """An integration association: what an instance is connected to."""

    id: str
    arn: str
    instance_id: str
    type: str
    fields: Fields
    modified: datetime
    tags: Tags = field(default_factory=dict)


@dataclass
class Application:
    """An AppIntegrations application; its ``Namespace`` is the id of a gateway or website."""

    id: str
    arn: str
    fields: Fields
    created: datetime
    tags: Tags = field(default_factory=dict)


@dataclass
class Assistant:
    """A Q in Connect assistant; ``orchestrators`` maps use case to configuration entry."""

    id: str
    arn: str
    fields: Fields
    modified: datetime
    tags: Tags = field(default_factory=dict)
    default_agents: dict[str, Fields] = field(default_factory=dict)
    orchestrators: dict[str, Fields] = field(default_factory=dict)


@dataclass
class AssistantAssociation:
    """A knowledge base behind an assistant."""

    id: str
    arn: str
    assistant_id: str
    type: str
    data: Fields
    modified: datetime
    tags: Tags = field(default_factory=dict)


@dataclass
class AIAgent:
    """An AI agent: the draft (``$SAVED``), its frozen versions, newest last, and the last save as
    PUBLISHED if it is newer than they are."""

    id: str
    arn: str
    assistant_id: str
    name: str
    type: str
    origin: str
    draft: Fields
    tags: Tags = field(default_factory=dict)
    versions: dict[int, Fields] = field(default_factory=dict)
    last_version: int = 0
    published: Fields | None = None


@dataclass
class Prompt:
    """An AI prompt or AI guardrail: the draft and its frozen versions, newest last."""

    id: str
    arn: str
    assistant_id: str
    name: str
    draft: Fields
    tags: Tags = field(default_factory=dict)
    versions: dict[int, Fields] = field(default_factory=dict)
    last_version: int = 0


@dataclass
class Resources:
    """Everything in one account and region, each kind by its id, in order of creation."""

    instances: dict[str, Instance] = field(default_factory=dict)
    profiles: dict[str, SecurityProfile] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    modules: dict[str, FlowModule] = field(default_factory=dict)
    flows: dict[str, ContactFlow] = field(default_factory=dict)
    integrations: dict[str, Integration] = field(default_factory=dict)
    applications: dict[str, Application] = field(default_factory=dict)
    assistants: dict[str, Assistant] = field(default_factory=dict)
    assistant_associations: dict[str, AssistantAssociation] = field(default_factory=dict)
    agents: dict[str, AIAgent] = field(default_factory=dict)
    prompts: dict[str, Prompt] = field(default_factory=dict)
    guardrails: dict[str, Prompt] = field(default_factory=dict)
    # (instance id, qualified agent ARN) -> ids of the security profiles associated to it.
    associations: dict[tuple[str, str], list[str]] = field(default_factory=dict)
