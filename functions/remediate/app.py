"""remediate: one request of the fix queue → one verified change. Nothing else may write."""

from __future__ import annotations

from typing import Any

from toolgrant.adapters.fix_queue import from_message
from toolgrant.bootstrap import Runtime, runtime
from toolgrant.domain.fixing.repair import Repair
from toolgrant.domain.requests import UndoRequest
from toolgrant.errors import InvalidInput, PutOff, ToolgrantError, reason_of
from toolgrant.usecases.writer.remediate import give_up, remediate
from toolgrant.usecases.writer.undo import give_up_undo, undo

MAXIMUM_CONCURRENCY = 2
MOST_ATTEMPTS = 5
"""As the event source mapping and the queue in template.yaml say; a test compares them."""

FIRST_DELAY = 5.0
"""Seconds before the second attempt; each further one waits twice as long."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A batch of one message in; its outcome out, and the message if it must be delivered again
    (ReportBatchItemFailures)."""
    del context
    run = runtime(MAXIMUM_CONCURRENCY)
    outcomes: list[str] = []
    failed: list[dict[str, str]] = []
    try:
        for record in event["Records"]:
            outcome = _work(record, run)
            outcomes.append(outcome or "put-off")
            failed += [] if outcome else [{"itemIdentifier": record["messageId"]}]
    finally:
        run.journal.flush()
    return {"outcomes": outcomes, "batchItemFailures": failed}


def _work(record: dict[str, Any], run: Runtime) -> str | None:
    """The outcome; None if the message must come again. It then comes soon, later each time, and
    after the last attempt people are told: no message holds its group for long."""
    attempt = int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
    try:
        request = from_message(record["body"])
    except InvalidInput as error:  # the queue sets it aside after its attempts
        run.journal.failure("unreadable-fix-request", reason=str(error))
        _come_again(record, attempt, error, run)
        return None
    try:
        return _carry_out(request, run)
    except Exception as error:
        run.journal.note("fix-put-off", reason=reason_of(error), error=type(error).__name__)
        if attempt >= MOST_ATTEMPTS and _told(request, error, run):
            return "gave-up"
        _come_again(record, attempt, error, run)
        return None


def _carry_out(request: Repair | UndoRequest, run: Runtime) -> str:
    deps = run.deps(run.catalog_source.catalog())
    if isinstance(request, UndoRequest):
        return undo(request, deps, run.writer())
    return remediate(request, deps, run.writer())


def _told(request: Repair | UndoRequest, error: Exception, run: Runtime) -> bool:
    """Tell that it is given up. True if that is all there is to it: what was only put off is no
    failure; anything else goes to the dead-letter queue too."""
    deps, reason = run.deps(run.catalog_source.catalog()), reason_of(error)
    if isinstance(request, UndoRequest):
        give_up_undo(request, reason, deps)
    else:
        give_up(request, reason, deps)
    return isinstance(error, PutOff)


def _come_again(record: dict[str, Any], attempt: int, error: Exception, run: Runtime) -> None:
    seconds = error.seconds if isinstance(error, PutOff) else FIRST_DELAY * 2 ** (attempt - 1)
    receipt = record.get("receiptHandle")
    if receipt is None:
        return
    try:
        run.fix_queue().put_off(receipt, seconds)
    except ToolgrantError as refused:  # it then comes when its time out of sight is over
        run.journal.failure("not-put-off", reason=str(refused))
