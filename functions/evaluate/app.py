"""evaluate: messages of the change queue → verdicts, findings, alerts."""

from __future__ import annotations

from typing import Any

from toolgrant.adapters.change_messages import parse_message
from toolgrant.bootstrap import has_time, runtime
from toolgrant.usecases.batch import Message, handle_batch

MAXIMUM_CONCURRENCY = 2
"""As the event source mapping in template.yaml says; a test compares them."""

RESERVE_MILLISECONDS = 60_000
"""Time kept back for one AI agent; with less left the rest of the batch is asked for again."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """An SQS batch in; the messages that must be delivered again out (ReportBatchItemFailures)."""
    run = runtime(MAXIMUM_CONCURRENCY)
    messages = [Message(record["messageId"], record["body"]) for record in event["Records"]]
    try:
        deps = run.deps(run.catalog_source.catalog())
        failed = handle_batch(
            messages, parse_message, deps, has_time(context, RESERVE_MILLISECONDS)
        )
    finally:
        run.journal.flush()
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in sorted(failed)]}
