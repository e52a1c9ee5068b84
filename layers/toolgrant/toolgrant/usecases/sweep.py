"""The sweep: every AI agent of the account and region is asked to be looked at again.

It finds what events missed, and it is how toolgrant learns of agents that were there before it.
Lists carry the configuration, so evaluating what it enqueues needs no GetAIAgent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from toolgrant.domain.model import LATEST, QualifiedAgent
from toolgrant.domain.records import AgentKey, AgentRequest, Cause, Edge, EdgeKind, Observed
from toolgrant.errors import NotFound
from toolgrant.usecases.review import Deps, publish_pending


@dataclass(frozen=True)
class SweepResult:
    """What one sweep did."""

    instances: int
    assistants: int
    agents: int
    gone: int
    republished: int


def sweep(deps: Deps) -> SweepResult:
    """Enqueue every AI agent that exists or is on record, and publish alerts that got stuck."""
    instances = deps.profiles.instances_by_assistant()
    deps.store.remember_instances(instances)
    assistants = list(deps.agents.assistants())
    seen: set[AgentKey] = set()
    for assistant_id in assistants:
        for request in _requests(assistant_id, instances.get(assistant_id, ""), deps):
            deps.queue.send(request, timedelta())
            seen.add(request.key)
    result = SweepResult(
        instances=len(set(instances.values())),
        assistants=len(assistants),
        agents=len(seen),
        gone=_ask_about_the_gone(seen, set(instances.values()), deps),
        republished=publish_pending(None, deps),
    )
    deps.journal.note("swept", **vars(result))
    deps.journal.count("SweepFinished")
    return result


def _requests(assistant_id: str, instance_id: str, deps: Deps) -> Iterator[AgentRequest]:
    try:
        live = deps.agents.live(assistant_id)
    except NotFound:
        return  # deleted while we listed
    at = deps.clock.now()
    for draft in deps.agents.listed(assistant_id):
        key = AgentKey(assistant_id, draft.ai_agent_id)
        qualifiers = live.get(draft.ai_agent_id, frozenset())
        if draft.origin == "SYSTEM" and not qualifiers:
            continue  # read-only templates that nobody talks to
        agents = (draft, *_judged_versions(key, qualifiers, deps))
        yield AgentRequest(key, Cause("sweep"), instance_id, Observed(at, agents, qualifiers))


def _judged_versions(key: AgentKey, live: frozenset[str], deps: Deps) -> Iterator[QualifiedAgent]:
    """The newest version as `$LATEST`, and the live numbers."""
    try:
        versions = sorted(deps.agents.versions(key), key=lambda agent: int(agent.qualifier))
    except NotFound:
        return
    if versions:
        yield _as_latest(versions[-1])
    yield from (version for version in versions if version.qualifier in live)


def _as_latest(version: QualifiedAgent) -> QualifiedAgent:
    return QualifiedAgent(**{**vars(version), "qualifier": LATEST})


def _ask_about_the_gone(seen: set[AgentKey], instance_ids: set[str], deps: Deps) -> int:
    """AI agents on record that no list names any more: their findings resolve."""
    on_record = {
        key
        for instance_id in instance_ids
        for key in deps.store.agents_with(Edge(EdgeKind.INSTANCE, instance_id))
    }
    for key in sorted(on_record - seen):
        deps.queue.send(AgentRequest(key, Cause("sweep")), timedelta())
    return len(on_record - seen)
