"""The evaluate function in a process of its own: a batch per line in, its answer per line out.

`python -m tests.e2e.function_runner`; everything else that it prints is the function's log.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

ANSWER = "ANSWER "
APP = Path(__file__).parents[2] / "functions" / "evaluate" / "app.py"


@dataclass
class Context:
    """The Lambda context, as far as the function looks at it."""

    deadline: float

    def get_remaining_time_in_millis(self) -> int:
        return int((self.deadline - time.monotonic()) * 1000)


def load_handler() -> Any:
    """The handler of functions/evaluate."""
    spec = spec_from_file_location("evaluate_app", APP)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.handler


def main() -> None:
    """Answer until the input ends."""
    handler = load_handler()
    for line in sys.stdin:
        try:
            answer = handler(json.loads(line), Context(time.monotonic() + 120))
        except Exception:
            answer = {"crashed": traceback.format_exc()}
        print(f"{ANSWER}{json.dumps(answer)}", flush=True)


if __name__ == "__main__":
    main()
