"""One batch of messages from the change queue: parse, fan out, coalesce by AI agent or contact
flow, review.

Whatever happens to a message is one of: processed, skipped with a logged reason, asked for again
later (throttled), failed (the queue retries, then dead-letters), dead-lettered with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from toolgrant.domain.contact_flows import FlowKey
from toolgrant.domain.records import AgentKey
from toolgrant.domain.requests import (
    AgentRequest,
    FanOut,
    FlowRequest,
    Outcome,
    RefusedSave,
    Request,
    Skip,
    again,
)
from toolgrant.errors import InvalidInput, Throttled, reason_of
from toolgrant.usecases.audit import skip_record
from toolgrant.usecases.contact_flows import look_at_flow
from toolgrant.usecases.deps import Deps
from toolgrant.usecases.foreign_edits import note_edit
from toolgrant.usecases.refused_saves import RECHECK, record_refusal, settle_notices
from toolgrant.usecases.review import review

LONGEST_DELAY = timedelta(minutes=15)
"""The longest that SQS delays a message."""

FIRST_DELAY = timedelta(seconds=15)

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Message:
    """One queue message: its id in this batch and its body."""

    id: str
    body: str


Parse = Callable[[str], Request]
Look = AgentRequest | FlowRequest


def handle_batch(
    messages: Iterable[Message], parse: Parse, deps: Deps, has_time: Callable[[], bool]
) -> set[str]:
    """Work through a batch. Returns the ids of the messages that the queue must deliver again.

    `has_time` says whether there is time for one more AI agent; the rest is asked for again.
    """
    started_at = deps.clock.now()
    failed: set[str] = set()
    groups: dict[AgentKey | FlowKey, list[tuple[str, Look]]] = {}
    for message in messages:
        try:
            request = _read(message, parse, deps)
        except Exception as error:  # one message's trouble must not fail the others
            _fail([message.id], "message", error, failed, deps)
            continue
        if request:
            groups.setdefault(request.key, []).append((message.id, request))
    asked = {key: _one([request for _, request in group]) for key, group in groups.items()}
    for key in sorted(asked, key=lambda key: -asked[key].attempt):  # who was put off most, first
        ids = [message_id for message_id, _ in groups[key]]
        try:
            _look(asked[key], deps, started_at, has_time)
        except Exception as error:  # one AI agent's trouble must not fail the others' messages
            _fail(ids, " ".join(_named(key).values()), error, failed, deps)
    return failed


def _one(group: list[Look]) -> Look:
    """One request for all of one AI agent or contact flow."""
    agents = [request for request in group if isinstance(request, AgentRequest)]
    return coalesce(agents) if agents else _one_reading(group)


def _look(request: Look, deps: Deps, started_at: datetime, has_time: Callable[[], bool]) -> None:
    if not has_time():
        deps.queue.send(again(request, "out of time"), timedelta())
        deps.journal.note("deferred", **_named(request.key), reason="out of time")
        deps.journal.count("Deferred")
        return
    try:
        _review(request, deps, started_at)
    except Throttled as error:
        _later(request, error, deps)


def _named(key: AgentKey | FlowKey) -> dict[str, str]:
    if isinstance(key, AgentKey):
        return {"aiAgentId": key.ai_agent_id}
    return {"flowId": key.flow_id}


def _event_time(request: Look) -> datetime:
    return request.cause.event_time or _LONG_AGO


def _one_reading(group: list[Look]) -> FlowRequest:
    """Many requests for one contact flow → the newest, with what any of them names beside it."""
    requests = [request for request in group if isinstance(request, FlowRequest)]
    return replace(
        max(requests, key=_event_time),
        also=tuple(dict.fromkeys(key for request in requests for key in request.also)),
        attempt=max(request.attempt for request in requests),
    )


def coalesce(requests: Iterable[AgentRequest]) -> AgentRequest:
    """Many requests for one AI agent → one: the newest event's, read afresh unless all come from
    the sweep."""
    ordered = sorted(requests, key=_event_time)
    newest = ordered[-1]
    fresh = [request for request in ordered if request.observed is None]
    return replace(
        fresh[-1] if fresh else max(ordered, key=_observed_at),
        attempt=max(request.attempt for request in ordered),
        saved_at=max((r.saved_at for r in ordered if r.saved_at), default=None),
        instance_id=newest.instance_id
        or next((r.instance_id for r in ordered if r.instance_id), ""),
    )


def _observed_at(request: AgentRequest) -> datetime:
    return request.observed.at if request.observed else _LONG_AGO


def _read(message: Message, parse: Parse, deps: Deps) -> Look | None:
    """The request for an AI agent or contact flow, if the message is one; anything else is dealt
    with here."""
    try:
        request = parse(message.body)
    except InvalidInput as error:
        deps.queue.dead_letter(message.body, str(error))
        deps.journal.failure("dead-lettered", reason=str(error), messageId=message.id)
        deps.journal.count("DeadLettered")
        return None
    match request:
        case AgentRequest() if request.cause.reason == RECHECK:
            settle_notices(request.key, request.cause, deps)
        case AgentRequest() | FlowRequest():
            return request
        case FanOut():
            _fan_out(request, deps)
        case RefusedSave():
            record_refusal(request, deps)
        case Skip():
            _skip(request, deps)
    return None


def _skip(skip: Skip, deps: Deps) -> None:
    deps.journal.decision(skip_record(skip.reason, skip.cause))
    deps.journal.count("Skipped")


def _fan_out(request: FanOut, deps: Deps) -> None:
    note_edit(request, deps)
    if request.instances_changed:
        _remember_instances(deps)
    keys = dict.fromkeys((*request.also, *deps.store.agents_with(request.edge)))
    if not keys:
        edge = request.edge
        _skip(Skip(f"no AI agent on record uses {edge.kind} {edge.target}", request.cause), deps)
    for key in keys:
        deps.queue.send(AgentRequest(key, request.cause), timedelta())


def _remember_instances(deps: Deps) -> None:
    """Throttling is no reason to fail: the sweep, and a look that misses, read the map again."""
    try:
        deps.store.remember_instances(deps.profiles.instances_by_assistant())
    except Throttled as error:
        deps.journal.note("instances-not-read", reason=str(error))


def _review(request: Look, deps: Deps, started_at: datetime) -> None:
    if isinstance(request, FlowRequest):
        skipped = look_at_flow(request, deps)
        if skipped:
            _skip(skipped, deps)
        return
    outcome = review(request, deps, started_at)
    deps.journal.count("Evaluations" if outcome == Outcome.EVALUATED else "Skipped")


def _later(request: Look, error: Throttled, deps: Deps) -> None:
    """Throttled work is sent again with a growing delay and does not count as a failure."""
    delay = min(FIRST_DELAY * 2**request.attempt, LONGEST_DELAY)
    deps.queue.send(again(request, error), delay)
    deps.journal.note("throttled", **_named(request.key), delay=delay.total_seconds())
    deps.journal.count("Throttled")


def _fail(ids: Iterable[str], subject: str, error: Exception, failed: set[str], deps: Deps) -> None:
    failed.update(ids)
    fields: Mapping[str, object] = {"error": type(error).__name__, "reason": reason_of(error)}
    deps.journal.failure("failed", subject=subject, **fields)
    deps.journal.count("Failed")
