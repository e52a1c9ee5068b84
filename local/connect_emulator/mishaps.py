"""Where the faults of a call happen: before it is validated, and between effect and answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from connect_emulator.answers import failure
from connect_emulator.call import Call
from connect_emulator.errors import THROTTLED, UNAVAILABLE, ServiceError, resolve_code
from connect_emulator.exchange import RESET, Response
from connect_emulator.fault import Fault
from connect_emulator.faults import Faults


class AnsweredOtherwise(Exception):
    """The call is answered otherwise than by its output or refusal, or not at all."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class Mishaps:
    """Lets the faults happen; waits end when ``closing`` is set."""

    def __init__(
        self, faults: Faults, now: Callable[[], datetime], closing: threading.Event
    ) -> None:
        self._faults = faults
        self._now = now
        self._closing = closing

    def before(self, call: Call) -> None:
        """What happens to a call before it is validated; raises ServiceError or AnsweredOtherwise
        where it goes no further."""
        self._hold(call)
        self._run_hooks("before", call)
        if self._faults.over_limit(call.name, self._now()):
            raise ServiceError(THROTTLED, "Rate exceeded")
        fault = self._faults.take(["throttle", "error", "refuse", "reset"], call)
        if fault and fault.kind == "reset":
            raise AnsweredOtherwise(RESET)
        if fault:
            raise _injected(fault)

    def after(self, call: Call) -> None:
        """What happens between the effect of a call and its answer; may raise AnsweredOtherwise."""
        self._hold(call, after=True)
        self._run_hooks("after", call)
        fault = self._faults.take(["error", "reset"], call, after=True)
        if fault is None:
            return
        error = _injected(fault)
        error.code = resolve_code(error.code, call.service.name, call.modelled_errors)
        raise AnsweredOtherwise(RESET if fault.kind == "reset" else failure(call, error))

    def _hold(self, call: Call, after: bool = False) -> None:
        held = self._faults.take(["latency"], call, after)
        if held:
            self._closing.wait(held.seconds)

    def _run_hooks(self, kind: str, call: Call) -> None:
        for hook in self._faults.take_all([kind], call):
            if hook.callback:
                hook.callback()


def _injected(fault: Fault) -> ServiceError:
    if fault.kind == "throttle":
        return ServiceError(THROTTLED, "Rate exceeded")
    default = "ServiceUnavailableException" if fault.status == 503 else UNAVAILABLE
    return ServiceError(fault.code or default, fault.message, fault.status)
