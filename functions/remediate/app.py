"""remediate: one request of the fix queue → one verified write. Nothing else may write."""

from __future__ import annotations

from typing import Any

from toolgrant.adapters.fix_queue import from_json
from toolgrant.bootstrap import Runtime, runtime
from toolgrant.domain.requests import UndoRequest
from toolgrant.errors import InvalidInput
from toolgrant.usecases.writer.remediate import remediate
from toolgrant.usecases.writer.undo import undo

MAXIMUM_CONCURRENCY = 2
"""As the event source mapping in template.yaml says; a test compares them."""


def handler(event: dict[str, Any], context: Any) -> dict[str, list[str]]:
    """A batch of one message in; its outcome out. An error makes the queue deliver it again."""
    del context
    run = runtime(MAXIMUM_CONCURRENCY)
    try:
        return {"outcomes": [_work(record["body"], run) for record in event["Records"]]}
    finally:
        run.journal.flush()


def _work(body: str, run: Runtime) -> str:
    try:
        request = from_json(body)
    except InvalidInput as error:  # the queue sets it aside after five attempts
        run.journal.failure("unreadable-fix-request", reason=str(error))
        raise
    deps = run.deps(run.catalog_source.catalog())
    if isinstance(request, UndoRequest):
        return undo(request, deps, run.writer())
    return remediate(request, deps, run.writer())
