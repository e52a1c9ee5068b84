"""remediate: one request of the fix queue → one verified change. Nothing else may write."""

from __future__ import annotations

from typing import Any

from toolgrant.adapters.fix_queue import from_message
from toolgrant.bootstrap import runtime
from toolgrant.usecases.writer.delivery import Delivery, work_off

MAXIMUM_CONCURRENCY = 2
"""As the event source mapping in template.yaml says; a test compares them."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A batch of one message in; its outcome out, and the message if it must be delivered again
    (ReportBatchItemFailures)."""
    del context
    run = runtime(MAXIMUM_CONCURRENCY)
    outcomes = {}
    try:
        for record in event["Records"]:
            attempt = int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
            delivery = Delivery(record["body"], attempt, record.get("receiptHandle", ""))
            deps = run.deps(run.catalog_source.catalog())
            outcome = work_off(delivery, from_message, deps, run.writer())
            outcomes[record["messageId"]] = outcome
    finally:
        run.journal.flush()
    failed = [{"itemIdentifier": key} for key, outcome in outcomes.items() if outcome is None]
    return {"outcomes": list(outcomes.values()), "batchItemFailures": failed}
