"""operate: an operator's order in, what follows from it out. It never writes to Connect."""

from __future__ import annotations

from typing import Any

from toolgrant.adapters.orders import answer, parse_order, refusal
from toolgrant.bootstrap import runtime
from toolgrant.errors import ToolgrantError
from toolgrant.usecases.orders import operate


def handler(event: object, context: Any) -> dict[str, Any]:
    """One order as JSON; `{"ok": false, "error": …}` for one that cannot be carried out."""
    del context
    run = runtime()
    try:
        order = parse_order(event)
        deps = run.deps(run.catalog_source.catalog())
        return answer(order, operate(order, deps))
    except ToolgrantError as error:
        run.journal.failure("order-refused", reason=str(error))
        return refusal(error)
    finally:
        run.journal.flush()
