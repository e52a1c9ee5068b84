"""The emulator: one account and region of Amazon Connect, Q in Connect and CloudTrail.

A request goes: route -> decode -> faults -> validate -> IAM -> handler (under the lock) -> record
-> answer. A write that is to land late waits in ``faults.landings`` before its handler. Everything
about shapes comes from botocore's models (``model``, ``wire``, ``constraints``); everything about
behaviour sits in the handlers that ``operations`` lists.
"""

from __future__ import annotations

import copy
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from connect_emulator.access import NoRoles, Roles, check, policies_of
from connect_emulator.account import Account, Output, Settings
from connect_emulator.answers import failure, success, unserved
from connect_emulator.call import Call, route
from connect_emulator.errors import INVALID, ServiceError, resolve_code
from connect_emulator.exchange import RESET, Request, Response
from connect_emulator.fault import Fault
from connect_emulator.faults import Faults
from connect_emulator.identity import Entry, caller_of
from connect_emulator.mishaps import AnsweredOtherwise, Mishaps
from connect_emulator.operations import handlers
from connect_emulator.records import Journal, Listener, Record, build_record
from connect_emulator.state import Clock, Ids, State
from connect_emulator.wire import iso8601

# Seconds after which a late write has its time even if the clocks of waiting and of dates differ.
_MARGIN = 0.02


class Emulator:
    """State and behaviour, without any network; ``serve`` puts it on one.

    ``now`` and ``new_id`` replace the clock and the ids; ``id_seed`` makes ids repeatable;
    ``roles`` are those of a deployed stack, whose calls can be judged by their policies.
    Further keyword arguments are members of ``Settings``.
    """

    def __init__(
        self,
        region: str = "us-east-1",
        account_id: str = "111122223333",
        *,
        now: Clock | None = None,
        new_id: Ids | None = None,
        id_seed: int | None = None,
        roles: Roles | None = None,
        **settings: Any,
    ) -> None:
        self.region = region
        self.account_id = account_id
        self.faults = Faults()
        self.calls: Counter[str] = Counter()
        self.closing = threading.Event()
        self.roles = roles or NoRoles()
        self._now = now or (lambda: datetime.now(UTC))
        self._new_id = new_id or _ids(id_seed)
        self._state = State(region, account_id, Settings(**settings), self._now, self._new_id)
        self._mishaps = Mishaps(self.faults, self._now, self.closing)
        self._journal = Journal()
        self._handlers = handlers(self._journal)
        self._lock = threading.RLock()

    @property
    def settings(self) -> Settings:
        """The switches of behaviour; changes of its members count from the next call on."""
        return self._state.settings

    @property
    def records(self) -> list[Record]:
        """A copy of all CloudTrail records so far, oldest first."""
        self.land(every=False)
        with self._lock:
            return copy.deepcopy(self._journal.records)

    def on_record(self, listener: Listener) -> None:
        """Call ``listener`` with each further record, in order, outside the emulator's lock."""
        self._journal.subscribe(listener)

    def reset_settings(self) -> None:
        """Go back to the settings that the emulator began with."""
        with self._lock:
            self._state.reset_settings()

    def land(self, every: bool = True) -> int:
        """Let late writes take effect: all, or those whose time has come; how many there were."""
        landings = self.faults.landings
        with self._lock:
            calls = landings.take_all() if every else landings.take_due(self._now)
            for call in calls:
                self._land(call)
        if calls:
            self._journal.deliver()
        return len(calls)

    def reset_calls(self) -> None:
        """Count calls from zero again."""
        with self._lock:
            self.calls.clear()

    def served(self) -> set[str]:
        """The operations that are served, as ``service:Operation``."""
        return {f"{service}:{name}" for service, table in self._handlers.items() for name in table}

    def apply(self, operation: str, **params: Any) -> Output:
        """Carry out an operation in process: checked by its handler, not counted, not recorded.

        For preparing state. Raises ``ServiceError``; the input must have the shape's own types.
        """
        service, name = operation.split(":")
        with self._lock:
            output = self._state.change(self._handlers[service][name], params)
            return copy.deepcopy(output)

    def edit(self, change: Callable[[Account], Any]) -> Any:
        """Change the account directly, for what no operation can make (SYSTEM agents)."""
        with self._lock:
            return change(self._state.account())

    def handle(self, service_name: str, request: Request) -> Response:
        """Answer one request; whatever it is, the answer is one that the service could give."""
        self.land(every=False)
        service, match = route(service_name, request)
        if match is None or match.operation not in self._handlers[service.name]:
            return unserved(service, request, match)
        caller = caller_of(request, self.account_id, self._entry)
        call = Call(service, match, request, caller, self._new_id())
        try:
            return self._answer(call)
        finally:
            self._journal.deliver()

    def _entry(self, access_key: str) -> Entry | None:
        return self.settings.identities.get(access_key) or self.roles.entry(access_key)

    def _answer(self, call: Call) -> Response:
        with self._lock:
            self.calls[call.name] += 1
        try:
            return success(call, self._perform(call))
        except AnsweredOtherwise as answered:
            return answered.response
        except ServiceError as error:
            return self._refuse(call, error)
        except RecursionError:
            return self._refuse(call, ServiceError(INVALID, "The request is nested too deeply"))

    def _refuse(self, call: Call, error: ServiceError) -> Response:
        """The answer to a call that had no effect, which is on record all the same."""
        error.code = resolve_code(error.code, call.service.name, call.modelled_errors)
        with self._lock:
            self._record(call, error=error)
        return failure(call, error)

    def _perform(self, call: Call) -> Output:
        call.decode(self.settings.max_body_bytes)
        self._mishaps.before(call)
        call.validate()
        self._authorize(call)
        late = None if call.reads else self.faults.take(["late"], call)
        if late:
            self._postpone(call, late)
            self._mishaps.after(call)
            raise AnsweredOtherwise(RESET)
        output = self._take_effect(call)
        self._mishaps.after(call)
        return output

    def _authorize(self, call: Call) -> None:
        """After validation, because resources follow from members [inferred: AWS's order]."""
        policies = policies_of(call.caller.identity, self._state.account(), self.roles)
        if policies is not None:
            with self._lock:
                check(call, self._state.account(), policies)

    def _take_effect(self, call: Call) -> Output:
        with self._lock:
            return copy.deepcopy(self._execute(call))

    def _postpone(self, call: Call, fault: Fault) -> None:
        """Keep a write until its time, for whoever comes first then, or for a thread that waits."""
        if fault.seconds is None:
            self.faults.landings.add(None, call)
            return
        self.faults.landings.add(self._now() + timedelta(seconds=fault.seconds), call)
        waits = (fault.seconds + _MARGIN,)
        threading.Thread(target=self._land_after, args=waits, daemon=True).start()

    def _land_after(self, seconds: float) -> None:
        if not self.closing.wait(seconds):
            self.land(every=False)

    def _land(self, call: Call) -> None:
        """Carry out a write that nobody waits for any more; a refusal is on record only."""
        try:
            self._execute(call)
        except ServiceError as error:
            self._refuse(call, error)

    def _execute(self, call: Call) -> Output:
        handler = self._handlers[call.service.name][call.operation]
        params = call.params or {}
        if call.reads:
            output = self._state.read(handler, params, self.faults.take(["stale"], call))
        else:
            output = self._state.change(handler, params, call.token_key())
            self._record(call, output=output)
        self.faults.arm(call)
        return output

    def _record(
        self, call: Call, output: Output | None = None, error: ServiceError | None = None
    ) -> None:
        if call.reads:
            return
        frame = {
            "eventTime": iso8601(self._now()),
            "eventID": self._new_id(),
            "awsRegion": self.region,
            "recipientAccountId": self.account_id,
        }
        self._journal.append(build_record(call.happening(), frame, output, error))


def _ids(seed: int | None) -> Ids:
    """Random UUIDs; repeatable ones with a seed."""
    random = Random(seed)  # noqa: S311 - names of made-up resources, not secrets
    return lambda: str(uuid.UUID(int=random.getrandbits(128), version=4))
