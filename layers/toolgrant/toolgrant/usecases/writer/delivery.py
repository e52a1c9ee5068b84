"""One delivery of the fix queue: worked off, or asked for again soon, a bounded number of times.

No message holds those behind it for long: what is put off or fails comes back after seconds, later
each time, and after the last attempt people are told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from toolgrant.domain.fixing.repair import Repair
from toolgrant.domain.requests import UndoRequest
from toolgrant.errors import InvalidInput, PutOff, ToolgrantError, reason_of
from toolgrant.usecases.deps import Deps
from toolgrant.usecases.writer.remediate import give_up, remediate
from toolgrant.usecases.writer.undo import give_up_undo, undo
from toolgrant.usecases.writer.write import GrantWriter

MOST_ATTEMPTS = 5
"""As the redrive policy of the queue in template.yaml says; a test compares them."""

_FIRST_DELAY = 11.0
"""Seconds before the second attempt after a failure; each further one waits twice as long. Longer
than an alert's claim (`outbox.CLAIM`), or the second attempt would find its own and pass by."""

_Request = Repair | UndoRequest


@dataclass(frozen=True)
class Delivery:
    """A message as it came: `attempt` counts its deliveries from 1, `receipt` is the handle by
    which it is put off; empty where it did not come from the queue."""

    body: str
    attempt: int
    receipt: str


def work_off(
    delivery: Delivery, parse: Callable[[str], _Request], deps: Deps, writer: GrantWriter
) -> str | None:
    """The outcome; None if the message must come again. Raises from the tree of errors only where
    even that cannot be told."""
    try:
        request = parse(delivery.body)
    except InvalidInput as error:  # the queue sets it aside after its attempts
        deps.journal.failure("unreadable-fix-request", reason=str(error))
        _put_off(delivery, error, deps)
        return None
    try:
        return _carry_out(request, deps, writer)
    except Exception as error:  # one message's trouble must not hold up its group
        fields = {"error": type(error).__name__, "reason": reason_of(error)}
        deps.journal.note("fix-put-off", attempt=delivery.attempt, **fields)
        if delivery.attempt >= MOST_ATTEMPTS:
            _give_up(request, reason_of(error), deps)
            if isinstance(error, PutOff):  # no failure: there is nothing to look into
                return "gave-up"
        _put_off(delivery, error, deps)
        return None


def _carry_out(request: _Request, deps: Deps, writer: GrantWriter) -> str:
    if isinstance(request, UndoRequest):
        return undo(request, deps, writer)
    return remediate(request, deps, writer)


def _give_up(request: _Request, reason: str, deps: Deps) -> None:
    if isinstance(request, UndoRequest):
        give_up_undo(request, reason, deps)
    else:
        give_up(request, reason, deps)


def _put_off(delivery: Delivery, error: Exception, deps: Deps) -> None:
    if not delivery.receipt:
        return
    wait = _FIRST_DELAY * 2 ** (delivery.attempt - 1)
    try:
        seconds = error.seconds if isinstance(error, PutOff) else wait
        deps.fix_ports.queue.put_off(delivery.receipt, seconds)
    except ToolgrantError as refused:  # it then comes when its time out of sight is over
        deps.journal.failure("not-put-off", reason=str(refused))
