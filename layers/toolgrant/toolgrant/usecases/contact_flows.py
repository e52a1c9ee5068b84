"""Contact flows name versions of AI agents, too: one is read when an event tells of it, all of them
once a day.

The AI agents that a flow named before or names now are asked for first, then it is remembered what
it names: dying in between leads to the same messages again, never to fewer. The daily reading goes
on with the next run where one ends early, and passes over a flow that cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from toolgrant.domain.causes import Cause
from toolgrant.domain.contact_flows import (
    FlowKey,
    FlowProgress,
    NamedAgent,
    NamingFlow,
    read_content,
)
from toolgrant.domain.records import ON_RECORD, AgentKey, Edge, EdgeKind
from toolgrant.domain.requests import AgentRequest, FlowRequest, Skip
from toolgrant.domain.texts import on_record
from toolgrant.errors import NotFound, OtherSchema, Throttled, reason_of
from toolgrant.usecases.deps import Deps, FlowPorts

A_DAY = timedelta(days=1)
SAVE_EVERY = 25
"""After how many flows the progress is saved: as many are read again where a run dies."""

REMEMBERED = timedelta(seconds=2)
"""By then what a flow names is on record, and those who are asked for see it."""


def look_at_flow(request: FlowRequest, deps: Deps) -> Skip | None:
    """Read the flow of an event and ask for its AI agents. Skip says why nobody is asked for."""
    if deps.flows is None:
        return _unread(request, "contact flows are not read (ReadFlows)", deps)
    if not request.key.flow_id:
        deps.flows.table.ask_for_all(deps.clock.now())
        return _unread(request, "names no contact flow: the next run reads them all", deps)
    before, now = _read(request.key, deps.flows, deps)
    # As of the reading: an evaluation that began after the event may not have known of it.
    cause = replace(request.cause, event_time=now.read_at)
    asked = {*_keys(before.agents | now.agents, now.key.instance_id, deps), *request.also}
    _remember(before, now, asked, cause, deps)
    if asked:
        return None
    return Skip(f"contact flow {request.key.flow_id} names no AI agent on record", request.cause)


def _unread(request: FlowRequest, reason: str, deps: Deps) -> Skip | None:
    """Only what the event names beside the flow is asked for."""
    _ask(request.also, request.cause, deps)
    return None if request.also else Skip(reason, request.cause)


def read_flows(deps: Deps, interval: timedelta, has_time: Callable[[], bool]) -> None:
    """Go on with the unfinished reading of all flows, or begin one if `interval` has passed since
    the last began."""
    if deps.flows is None:
        return
    progress = begun = _current(deps.flows, deps, interval)
    steps = 0
    while progress.instances and has_time():
        try:
            progress = _step(progress, deps.flows, deps)
        except Throttled as error:
            deps.journal.note("flows-throttled", reason=str(error))
            break  # the next run goes on here
        steps += 1
        if steps % SAVE_EVERY == 0:
            deps.flows.table.save_progress(progress)
    if progress.finished_at is None and not progress.instances:
        progress = _finish(progress, deps.flows, deps)
    if progress != begun:
        deps.flows.table.save_progress(progress)


def _current(flows: FlowPorts, deps: Deps, interval: timedelta) -> FlowProgress:
    known, now = flows.table.progress(), deps.clock.now()
    if known and (known.finished_at is None or not _is_due(known, now - interval, flows)):
        return known
    unseen = frozenset(flow.key for flow in flows.table.naming())
    instances = {*_instances(deps), *(key.instance_id for key in unseen)}
    begun = FlowProgress(now, tuple(sorted(instances)), unseen=unseen)
    flows.table.save_progress(begun)
    return begun


def _instances(deps: Deps) -> Iterator[str]:
    """Those that integrate an assistant, and those of AI agents whose assistant none integrates."""
    assistants = deps.store.assistants()
    yield from filter(None, map(deps.store.instance_of, assistants))
    try:
        for key in deps.store.agents_with(ON_RECORD):
            if key.assistant_id not in assistants and (own := deps.store.load(key).instance_id):
                yield own
    except OtherSchema as error:  # what a newer version wrote: the others are read
        _failed(error, deps)


def _is_due(known: FlowProgress, oldest: datetime, flows: FlowPorts) -> bool:
    """Whether the last reading began too long ago, or before an event hid which flow it is about,
    as one too large for its parameters."""
    asked = flows.table.asked_at()
    return known.started_at <= oldest or bool(asked and known.started_at <= asked)


def _step(progress: FlowProgress, flows: FlowPorts, deps: Deps) -> FlowProgress:
    """List one instance, read one flow, or go on to the next instance."""
    instance_id = progress.instances[0]
    if progress.flows is None:
        return _list(progress, instance_id, flows, deps)
    if not progress.flows:
        return replace(progress, instances=progress.instances[1:], flows=None)
    after = replace(progress, flows=progress.flows[1:])
    if _refresh(FlowKey(instance_id, progress.flows[0]), flows, deps):
        return replace(after, read=after.read + 1)
    return replace(after, failed=after.failed + 1)


def _list(progress: FlowProgress, instance_id: str, flows: FlowPorts, deps: Deps) -> FlowProgress:
    """The flows of an instance. Of one that cannot be listed everything stays as it is known."""
    try:
        listed = flows.source.listed(instance_id)
    except NotFound:
        listed = ()
    except Throttled:
        raise
    except Exception as error:  # as for one flow
        _failed(error, deps, instanceId=instance_id)
        kept = frozenset(key for key in progress.unseen if key.instance_id != instance_id)
        return replace(progress, flows=(), unseen=kept, failed=progress.failed + 1)
    seen = {FlowKey(instance_id, flow_id) for flow_id in listed}
    return replace(progress, flows=listed, unseen=progress.unseen - seen)


def _refresh(key: FlowKey, flows: FlowPorts, deps: Deps) -> bool:
    """Read one flow again; AI agents are asked for where it names others. False: it failed."""
    try:
        before, now = _read(key, flows, deps)
        news = _keys(before.agents ^ now.agents, key.instance_id, deps)
        _remember(before, now, news, Cause("sweep"), deps)
    except Throttled:
        raise
    except Exception as error:  # one flow's trouble must not hide those behind it
        _failed(error, deps, instanceId=key.instance_id, flowId=key.flow_id)
        return False
    return True


def _finish(progress: FlowProgress, flows: FlowPorts, deps: Deps) -> FlowProgress:
    """What no list named is deleted or archived, unless an event led to it meanwhile."""
    for key in sorted(progress.unseen):
        before = flows.table.get(key)
        if before and before.read_at <= progress.started_at:
            gone = NamingFlow(key, deps.clock.now())
            asked = _keys(before.agents, key.instance_id, deps)
            _remember(before, gone, asked, Cause("sweep"), deps)
    counts = {"read": progress.read, "failed": progress.failed, "gone": len(progress.unseen)}
    deps.journal.note("flows-read", **counts)
    return replace(progress, unseen=frozenset(), finished_at=deps.clock.now())


def _read(key: FlowKey, flows: FlowPorts, deps: Deps) -> tuple[NamingFlow, NamingFlow]:
    """What a flow named before, and what it names now; the same where it cannot be read."""
    at = deps.clock.now()
    before = flows.table.get(key) or NamingFlow(key, at)
    content = flows.source.published(key)
    if content is None:
        return before, NamingFlow(key, at)
    reading = read_content(content.content)
    notes = reading.notes if reading else ("its content is not JSON: what it named before stays",)
    for note in notes:
        fields = {"instanceId": key.instance_id, "flowId": key.flow_id}
        deps.journal.note("flow-not-understood", **fields, reason=note)
    agents = reading.agents if reading else before.agents
    return before, NamingFlow(key, at, on_record(content.name), agents)


def _remember(
    before: NamingFlow, now: NamingFlow, asked: Iterable[AgentKey], cause: Cause, deps: Deps
) -> None:
    """Ask for AI agents, then keep what the flow names."""
    _ask(asked, cause, deps)
    if deps.flows and (before.agents or now.agents):
        deps.flows.table.keep(now)


def _ask(keys: Iterable[AgentKey], cause: Cause, deps: Deps) -> None:
    for key in sorted(set(keys)):
        deps.queue.send(AgentRequest(key, cause), REMEMBERED)


def _keys(agents: frozenset[NamedAgent], instance_id: str, deps: Deps) -> Iterator[AgentKey]:
    """The AI agents; a mere id is one of those that the instance is known to have."""
    bare = {agent.ai_agent_id for agent in agents if not agent.assistant_id}
    known = deps.store.agents_with(Edge(EdgeKind.INSTANCE, instance_id)) if bare else ()
    yield from (key for key in known if key.ai_agent_id in bare)
    for agent in agents:
        if agent.assistant_id:
            yield AgentKey(agent.assistant_id, agent.ai_agent_id)


def _failed(error: Exception, deps: Deps, **names: str) -> None:
    fields = {**names, "error": type(error).__name__, "reason": reason_of(error)}
    deps.journal.failure("flow-not-read", **fields)
