"""What toolgrant is asked to do: evaluate an AI agent, fix, undo, an operator's order.

Values only; `adapters/change_messages.py`, `fix_queue.py` and `orders.py` give them their form as
messages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from toolgrant.domain.causes import Cause
from toolgrant.domain.contact_flows import FlowKey
from toolgrant.domain.model import Grant, GrantKind, QualifiedAgent
from toolgrant.domain.records import AgentKey, Edge
from toolgrant.domain.texts import clip
from toolgrant.errors import GaveUp

MOST_ATTEMPTS = 20
"""How often one request is sent again before it is put aside: some four hours of constant
throttling."""


class Outcome(StrEnum):
    """What became of a request; a resolution of all findings is one too (`findings.Resolution`)."""

    EVALUATED = "evaluated"
    NOT_JUDGED = "not-judged"
    STALE = "stale"
    SUPERSEDED = "superseded"
    SKIPPED = "skipped"
    NOTICE = "notice"
    ORDER = "order"
    GRANTED = "granted"
    UNATTRIBUTED = "unattributed"
    FIXED = "fixed"
    NOT_NEEDED = "not-needed"
    FIX_REFUSED = "fix-refused"
    IN_DOUBT = "in-doubt"
    UNDONE = "undone"
    UNDO_REFUSED = "undo-refused"


@dataclass(frozen=True)
class Observed:
    """What the sweep's lists prove, so that evaluating need not ask for it.

    `agents` are under the qualifiers that they prove, often none; `live` are those that the
    assistant's configuration or a contact flow names; `at` is when it was read.
    """

    at: datetime
    agents: tuple[QualifiedAgent, ...]
    live: frozenset[str] = frozenset()


@dataclass(frozen=True)
class AgentRequest:
    """Evaluate this AI agent. `attempt` counts how often it was sent again, for whatever reason.

    `saved_at` is set where an event says that the AI agent was saved.
    """

    key: AgentKey
    cause: Cause
    instance_id: str = ""
    observed: Observed | None = None
    attempt: int = 0
    saved_at: datetime | None = None


@dataclass(frozen=True)
class FlowRequest:
    """Read this contact flow, and evaluate the AI agents that it named or names.

    `also` are AI agents that the event names in any place: they are evaluated whatever comes of the
    flow.
    """

    key: FlowKey
    cause: Cause
    also: tuple[AgentKey, ...] = ()
    attempt: int = 0


_Look = TypeVar("_Look", bound=AgentRequest | FlowRequest)


def again(request: _Look, why: object) -> _Look:
    """The request as it is sent again. Raises GaveUp where that was done often enough, so that
    nothing goes round between queue and function for ever."""
    if request.attempt >= MOST_ATTEMPTS:
        raise GaveUp(f"put off {MOST_ATTEMPTS} times: {why}")
    return replace(request, attempt=request.attempt + 1)


@dataclass(frozen=True)
class FanOut:
    """Evaluate every AI agent that has this edge, and those in `also`.

    `instances_changed`: the map from assistants to instances must be read again first. `replaced`:
    the lists that an UpdateSecurityProfile sent, with the grants in them where the record shows
    them; None where it names no list.
    """

    edge: Edge
    cause: Cause
    also: tuple[AgentKey, ...] = ()
    instances_changed: bool = False
    replaced: Mapping[GrantKind, frozenset[Grant] | None] | None = None


@dataclass(frozen=True)
class RefusedSave:
    """A save of an AI agent that the service refused because of one tool.

    A refused CreateAIAgent made no AI agent: its `key` is made from the name (`created_key`).
    """

    key: AgentKey
    agent_name: str
    tool_id: str
    tool_name: str
    cause: Cause


@dataclass(frozen=True)
class Skip:
    """A message that asks for nothing; `reason` says why."""

    reason: str
    cause: Cause


Request = AgentRequest | FlowRequest | FanOut | RefusedSave | Skip


@dataclass(frozen=True)
class UndoRequest:
    """Take back what one change gave: these grants, or all of it where there are none.

    `order` is the id of the order: one that is given again is another one.
    """

    change_id: str
    profile_id: str
    order: str
    grants: tuple[Grant, ...] = ()
    by: str = ""

    @property
    def group(self) -> str:
        """What must not happen at the same time: writes to one profile."""
        return self.profile_id


@dataclass(frozen=True)
class Order:
    """What an operator asks for. `target` is an id: of a finding or alert (approve), of a change
    (undo), of a finding, AI agent or profile (mute, unmute), of an AI agent, profile or change, or
    a grant itself (reset), empty for pause and resume. `by` names the operator, as far as the
    caller says. `dedicated`: approve a security profile of its own, as proposed."""

    action: str
    target: str
    by: str
    grants: tuple[Grant, ...] = ()
    until: datetime | None = None
    dedicated: bool = False
    dry_run: bool = False


def created_key(assistant_id: str, agent_name: str) -> AgentKey:
    """Stands for an AI agent whose creation was refused; no real AI agent has such a key."""
    digest = hashlib.sha256(clip(agent_name).encode()).hexdigest()[:12]
    return AgentKey(assistant_id, f"create-{digest}")
