"""The sweep: every AI agent of the account and region is asked to be looked at again.

It finds what events missed, and it is how toolgrant learns of agents that were there before it.
Lists carry the configuration, so evaluating what it enqueues needs no GetAIAgent. It works page by
page and saves its progress after each, so a run that ends early is taken up by the next one: the
schedule calls more often than a sweep is due.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from toolgrant.domain.causes import Cause
from toolgrant.domain.model import LATEST, QualifiedAgent
from toolgrant.domain.records import AgentKey, Edge, EdgeKind, SweepProgress
from toolgrant.domain.requests import AgentRequest, Observed
from toolgrant.errors import NotFound, RequestRefused, Throttled
from toolgrant.usecases.deps import Deps
from toolgrant.usecases.outbox import publish_pending
from toolgrant.usecases.refused_saves import expire_notices

NOW = timedelta()


def sweep(deps: Deps, interval: timedelta, has_time: Callable[[], bool]) -> SweepProgress:
    """Go on with the unfinished sweep, or begin one if `interval` has passed since the last began.

    An interval of zero begins at once. Publishes alerts that got stuck in any case.
    """
    progress = _current(deps, interval)
    while progress.assistants and has_time():
        try:
            progress = _page(progress, deps)
        except Throttled as error:
            deps.journal.note("sweep-throttled", reason=str(error))
            break  # the next run goes on here
        deps.store.save_sweep_progress(progress)
    if not progress.assistants and progress.finished_at is None:
        progress = _finish(progress, deps)
    publish_pending(None, deps)
    return progress


def _current(deps: Deps, interval: timedelta) -> SweepProgress:
    known, now = deps.store.sweep_progress(), deps.clock.now()
    if known and (known.finished_at is None or now - known.started_at < interval):
        return known
    deps.store.remember_instances(deps.profiles.instances_by_assistant())
    before = known.proven_at if known else None
    begun = SweepProgress(now, tuple(deps.agents.assistants()), last_finished_at=before)
    deps.store.save_sweep_progress(begun)
    return begun


def _page(progress: SweepProgress, deps: Deps) -> SweepProgress:
    """One page of one assistant's AI agents."""
    assistant_id, *others = progress.assistants
    at = deps.clock.now()  # before the lists, or they would seem newer than they are
    try:
        live = deps.agents.live(assistant_id)
        drafts, token = deps.agents.listed(assistant_id, progress.token)
    except NotFound:  # the assistant was deleted while we listed
        return replace(progress, assistants=tuple(others), token=None)
    except RequestRefused:
        if progress.token is None:
            raise
        return replace(progress, token=None)  # the token is too old: this assistant from the start
    for draft in drafts:
        qualifiers = live.get(draft.ai_agent_id, frozenset())
        progress = _agent(progress, draft, qualifiers, at, deps)
    if token:
        return replace(progress, token=token)
    return replace(progress, assistants=tuple(others), token=None)


def _agent(
    progress: SweepProgress, draft: QualifiedAgent, live: frozenset[str], at: datetime, deps: Deps
) -> SweepProgress:
    """Enqueue one AI agent, unless it was evaluated since the sweep began."""
    key = AgentKey(draft.assistant_id, draft.ai_agent_id)
    if draft.origin == "SYSTEM" and not live:
        return progress  # read-only templates that nobody talks to
    progress = replace(progress, seen=progress.seen | {key})
    evaluated_at = deps.store.load(key).started_at
    if evaluated_at and evaluated_at >= progress.started_at:
        return replace(progress, skipped=progress.skipped + 1)
    observed = Observed(at, (draft, *_judged_versions(key, live, deps)), live)
    instance_id = deps.store.instance_of(draft.assistant_id) or ""
    deps.queue.send(AgentRequest(key, Cause("sweep"), instance_id, observed), NOW)
    return replace(progress, enqueued=progress.enqueued + 1)


def _judged_versions(key: AgentKey, live: frozenset[str], deps: Deps) -> Iterator[QualifiedAgent]:
    """The newest version as `$LATEST`, and the live numbers."""
    try:
        versions = sorted(deps.agents.versions(key), key=lambda agent: int(agent.qualifier))
    except NotFound:
        return
    if versions:
        yield replace(versions[-1], qualifier=LATEST)
    yield from (version for version in versions if version.qualifier in live)


def _finish(progress: SweepProgress, deps: Deps) -> SweepProgress:
    gone = _ask_about_the_gone(progress, deps)
    expire_notices(deps)
    done = replace(progress, finished_at=deps.clock.now())
    deps.store.save_sweep_progress(done)
    deps.journal.note("swept", **counts(done), gone=gone)
    deps.journal.count("SweepFinished")
    return done


def counts(progress: SweepProgress) -> dict[str, int]:
    """What a sweep did so far."""
    return {
        "agents": len(progress.seen),
        "enqueued": progress.enqueued,
        "skipped": progress.skipped,
        "assistantsLeft": len(progress.assistants),
    }


def _ask_about_the_gone(progress: SweepProgress, deps: Deps) -> int:
    """AI agents on record that no list names any more: looking at them resolves their findings."""
    instances = set(deps.profiles.instances_by_assistant().values())
    on_record = {
        key
        for instance_id in instances
        for key in deps.store.agents_with(Edge(EdgeKind.INSTANCE, instance_id))
    }
    for key in sorted(on_record - progress.seen):
        deps.queue.send(AgentRequest(key, Cause("sweep")), NOW)
    return len(on_record - progress.seen)
