"""The sweep: every AI agent of the account and region is asked to be looked at again.

It finds what events missed, and it is how toolgrant learns of agents that were there before it. A
list that proves which qualifier it describes saves the evaluation a GetAIAgent; whatever it does
not prove is asked for there. It works page by page and saves its progress after each, so a run that
ends early is taken up by the next one: the schedule calls more often than a sweep is due. An AI
agent or assistant that fails is told of in the log and passed over. Whether all that it asked for
was evaluated is for `sweep_proof`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from toolgrant.domain.causes import Cause
from toolgrant.domain.contact_flows import flows_naming
from toolgrant.domain.fixing.ledger import settling
from toolgrant.domain.model import QualifiedAgent
from toolgrant.domain.qualifiers import UNPROVEN
from toolgrant.domain.records import ON_RECORD, AgentKey, Edge, SweepProgress
from toolgrant.domain.requests import AgentRequest, Observed
from toolgrant.errors import (
    AccessDenied,
    NotFound,
    OtherSchema,
    RequestRefused,
    Throttled,
    reason_of,
)
from toolgrant.usecases.deps import Deps
from toolgrant.usecases.outbox import publish_pending
from toolgrant.usecases.refused_saves import NEVER_EVALUATED, settle_notices
from toolgrant.usecases.sweep_proof import prove

NOW = timedelta()
STUCK_AFTER = timedelta(minutes=15)
"""Longer than a message of the fix queue is tried."""


def sweep(deps: Deps, interval: timedelta, has_time: Callable[[], bool]) -> SweepProgress:
    """Go on with the unfinished sweep, or begin one if `interval` has passed since the last began.

    An interval of zero begins at once. Proves what can be proven of the sweeps before, and
    publishes alerts that got stuck, in any case.
    """
    progress = _current(deps, interval)
    token_may_be_old = True
    while progress.assistants and has_time():
        try:
            progress = _page(progress, token_may_be_old, deps)
        except Throttled as error:
            deps.journal.note("sweep-throttled", reason=str(error))
            break  # the next run goes on here
        deps.store.save_sweep_progress(progress)
        token_may_be_old = False
    if not progress.assistants and progress.finished_at is None:
        progress = _finish(progress, deps)
    publish_pending(None, deps)
    _settle_stuck(deps)
    return progress


def _settle_stuck(deps: Deps) -> None:
    """Changes that began long ago and did not end, because their message is gone: the writer is
    asked to find out what became of them."""
    if deps.fixing is None:
        return
    ledger, now = deps.fixing.ledger, deps.clock.now()
    for profile_id in sorted(set(ledger.open_changes().values())):
        for change in ledger.history(profile_id).changes:
            if change.open and now - change.began_at > STUCK_AFTER:
                deps.fixing.queue.send(settling(change, now))


def _current(deps: Deps, interval: timedelta) -> SweepProgress:
    known, now = _known(deps), deps.clock.now()
    if known and (known.finished_at is None or now - known.started_at < interval):
        return known
    deps.store.remember_instances(deps.profiles.instances_by_assistant())
    begun = SweepProgress(now, tuple(deps.agents.assistants()))
    if known:
        older = next(iter(known.unproven), None)
        begun = replace(begun, proven_at=known.proven_at, older=older)
    deps.store.save_sweep_progress(begun)
    return begun


def _known(deps: Deps) -> SweepProgress | None:
    """How far the newest sweep came, and what was proven meanwhile."""
    known = deps.store.sweep_progress()
    if known is None:
        return None
    checked = prove(known, deps.store)
    if checked != known:
        deps.store.save_sweep_progress(checked)
    return checked


def _page(progress: SweepProgress, token_may_be_old: bool, deps: Deps) -> SweepProgress:
    """One page of one assistant's AI agents."""
    assistant_id = progress.assistants[0]
    at = deps.clock.now()  # before the lists, or they would seem newer than they are
    try:
        live = deps.agents.live(assistant_id)
        agents, token = deps.agents.listed(assistant_id, progress.token)
    except NotFound:  # the assistant was deleted while we listed
        return _next_assistant(progress)
    except (AccessDenied, RequestRefused) as error:
        if isinstance(error, RequestRefused) and progress.token and token_may_be_old:
            return replace(progress, token=None)  # this assistant from the start
        _log_failure(error, deps, assistantId=assistant_id)
        failed = progress.assistants_failed.plus(assistant_id)
        return _next_assistant(replace(progress, assistants_failed=failed))
    flows = deps.naming_flows()
    for agent in agents:
        named = flows_naming(AgentKey(agent.assistant_id, agent.ai_agent_id), flows)
        qualifiers = frozenset((*live.get(agent.ai_agent_id, ()), *named))
        progress = _agent(progress, agent, qualifiers, at, deps)
    return replace(progress, token=token) if token else _next_assistant(progress)


def _next_assistant(progress: SweepProgress) -> SweepProgress:
    return replace(progress, assistants=progress.assistants[1:], token=None)


def _agent(
    progress: SweepProgress, agent: QualifiedAgent, live: frozenset[str], at: datetime, deps: Deps
) -> SweepProgress:
    """Enqueue one AI agent, unless it was evaluated since the sweep began."""
    key = AgentKey(agent.assistant_id, agent.ai_agent_id)
    if agent.origin == "SYSTEM" and not live:
        return progress  # read-only templates that nobody talks to
    try:
        request = _request(progress, agent, live, at, deps)
    except Throttled:
        raise
    except Exception as error:  # one AI agent's trouble must not hide those behind it
        return _agent_failed(progress, key, error, deps)
    progress = replace(progress, seen=progress.seen | {key})
    if request is None:
        return replace(progress, skipped=progress.skipped + 1)
    deps.queue.send(request, NOW)
    # Without an instance there is no security profile, and the evaluation leaves no record.
    waited_for = {key} if request.instance_id or agent.instance_arn else frozenset[AgentKey]()
    waiting = progress.waiting | waited_for
    return replace(progress, enqueued=progress.enqueued + 1, waiting=waiting)


def _request(
    progress: SweepProgress, agent: QualifiedAgent, live: frozenset[str], at: datetime, deps: Deps
) -> AgentRequest | None:
    """What to ask for one AI agent; None if it was evaluated since the sweep began."""
    key = AgentKey(agent.assistant_id, agent.ai_agent_id)
    evaluated_at = deps.store.load(key).started_at
    if evaluated_at and evaluated_at >= progress.started_at:
        return None
    proven = () if agent.qualifier == UNPROVEN else (agent,)
    observed = Observed(at, proven, live)
    instance_id = deps.store.instance_of(agent.assistant_id) or ""
    return AgentRequest(key, Cause("sweep"), instance_id, observed)


def _agent_failed(
    progress: SweepProgress, key: AgentKey, error: Exception, deps: Deps
) -> SweepProgress:
    """It counts as seen, for it is not gone, and as not evaluated."""
    _log_failure(error, deps, assistantId=key.assistant_id, aiAgentId=key.ai_agent_id)
    failed = progress.failed
    if key not in progress.seen:  # else its assistant is listed for the second time
        failed = failed.plus(f"{key.assistant_id} {key.ai_agent_id}")
    seen, waiting = progress.seen | {key}, progress.waiting | {key}
    return replace(progress, seen=seen, waiting=waiting, failed=failed)


def _log_failure(error: Exception, deps: Deps, **names: str) -> None:
    fields = {**names, "error": type(error).__name__, "reason": reason_of(error)}
    deps.journal.failure("sweep-failed", **fields)
    deps.journal.count("SweepFailures")


def _finish(progress: SweepProgress, deps: Deps) -> SweepProgress:
    gone = _ask_about_the_gone(progress, deps)
    _expire_notices(deps)
    done = replace(progress, finished_at=deps.clock.now())
    deps.store.save_sweep_progress(done)
    names = {
        "failedAgents": list(done.failed.names),
        "failedAssistants": list(done.assistants_failed.names),
    }
    deps.journal.note("swept", **counts(done), gone=gone, **names)
    if not done.missed_too_much:  # else the alarm of missed sweeps is right to ring
        deps.journal.count("SweepFinished")
    return done


def counts(progress: SweepProgress) -> dict[str, int]:
    """What a sweep did so far."""
    return {
        "agents": len(progress.seen),
        "enqueued": progress.enqueued,
        "skipped": progress.skipped,
        "failed": progress.failed.count,
        "assistantsFailed": progress.assistants_failed.count,
        "assistantsLeft": len(progress.assistants),
    }


def _ask_about_the_gone(progress: SweepProgress, deps: Deps) -> int:
    """AI agents on record that no list names any more: looking at them resolves their findings."""
    gone = {
        key
        for key in _agents_with(ON_RECORD, deps)
        if key not in progress.seen and key.assistant_id not in progress.assistants_failed.names
    }
    for key in sorted(gone):
        deps.queue.send(AgentRequest(key, Cause("sweep")), NOW)
    return len(gone)


def _expire_notices(deps: Deps) -> None:
    """Notices that no evaluation looks after, such as of a refused creation."""
    for key in _agents_with(NEVER_EVALUATED, deps):
        try:
            settle_notices(key, Cause("sweep"), deps)
        except OtherSchema as error:
            _log_failure(error, deps, assistantId=key.assistant_id, aiAgentId=key.ai_agent_id)


def _agents_with(edge: Edge, deps: Deps) -> tuple[AgentKey, ...]:
    """Nobody, if a newer toolgrant wrote one of the edges."""
    try:
        return deps.store.agents_with(edge)
    except OtherSchema as error:
        _log_failure(error, deps, edge=f"{edge.kind} {edge.target}")
        return ()
