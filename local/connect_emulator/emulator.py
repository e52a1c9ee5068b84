"""The emulator: one account and region of Amazon Connect, Q in Connect and CloudTrail.

A request goes: route -> decode -> faults -> validate -> handler (under the lock) -> record ->
answer. Everything about shapes comes from botocore's models (``model``, ``wire``,
``constraints``); everything about behaviour sits in the handlers that ``operations`` lists.
"""

from __future__ import annotations

import copy
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

from connect_emulator import model
from connect_emulator.account import Account, Handler, Output, Params, Settings
from connect_emulator.answers import failure, success, unserved
from connect_emulator.call import Call, route
from connect_emulator.errors import INVALID, THROTTLED, UNAVAILABLE, ServiceError, resolve_code
from connect_emulator.exchange import RESET, Request, Response
from connect_emulator.faults import Fault, Faults
from connect_emulator.history import History, restore, snapshot
from connect_emulator.operations import handlers
from connect_emulator.records import Journal, Listener, Record, build_record
from connect_emulator.resources import Resources
from connect_emulator.tokens import Answered, Token, once
from connect_emulator.wire import iso8601

Clock = Callable[[], datetime]
Ids = Callable[[], str]


class _AnsweredOtherwise(Exception):
    """The call took effect and is on record, but its answer is another one or none."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class Emulator:
    """State and behaviour, without any network; ``serve`` puts it on one.

    ``now`` and ``new_id`` replace the clock and the ids; ``id_seed`` makes ids repeatable.
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
        **settings: Any,
    ) -> None:
        self.region = region
        self.account_id = account_id
        self.settings = Settings(**settings)
        self.faults = Faults()
        self.calls: Counter[str] = Counter()
        self.closing = threading.Event()
        self._now = now or (lambda: datetime.now(UTC))
        self._new_id = new_id or _ids(id_seed)
        self._resources = Resources()
        self._answered: Answered = {}
        self._history = History()
        self._journal = Journal()
        self._handlers = handlers(self._journal)
        self._lock = threading.RLock()

    @property
    def records(self) -> list[Record]:
        """A copy of all CloudTrail records so far, oldest first."""
        with self._lock:
            return copy.deepcopy(self._journal.records)

    def on_record(self, listener: Listener) -> None:
        """Call ``listener`` with each further record, in order, outside the emulator's lock."""
        self._journal.subscribe(listener)

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
            output = self._change(self._handlers[service][name], params)
            return copy.deepcopy(output)

    def edit(self, change: Callable[[Account], Any]) -> Any:
        """Change the account directly, for what no operation can make (SYSTEM agents)."""
        with self._lock:
            return change(self._account(self._resources))

    def handle(self, service_name: str, request: Request) -> Response:
        """Answer one request; whatever it is, the answer is one that the service could give."""
        service = model.load(service_name)
        match = route(service, request)
        if match is None or match.operation not in self._handlers[service_name]:
            return unserved(service, request, match)
        call = Call(service, match, request, self.account_id, self._new_id())
        try:
            return self._answer(call)
        finally:
            self._journal.deliver()

    def _answer(self, call: Call) -> Response:
        with self._lock:
            self.calls[call.name] += 1
        try:
            return success(call, self._perform(call))
        except _AnsweredOtherwise as answered:
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
        self._front_door(call)
        call.validate()
        with self._lock:
            output = copy.deepcopy(self._execute(call))
        self._after(call)
        return output

    def _front_door(self, call: Call) -> None:
        """What happens to a call before anybody looks at it."""
        late = self.faults.take(["latency"], call.name)
        if late:
            self.closing.wait(late.seconds)
        self._run_hooks("before", call)
        if self.faults.over_limit(call.name, self._now()):
            raise ServiceError(THROTTLED, "Rate exceeded")
        fault = self.faults.take(["throttle", "error", "reset"], call.name)
        if fault and fault.kind == "reset":
            raise _AnsweredOtherwise(RESET)
        if fault:
            raise _injected(fault)

    def _after(self, call: Call) -> None:
        """What happens between the effect of a call and its answer."""
        self._run_hooks("after", call)
        fault = self.faults.take(["error", "reset"], call.name, after=True)
        if fault is None:
            return
        error = _injected(fault)
        error.code = resolve_code(error.code, call.service.name, call.modelled_errors)
        raise _AnsweredOtherwise(RESET if fault.kind == "reset" else failure(call, error))

    def _run_hooks(self, kind: str, call: Call) -> None:
        for hook in self.faults.take_all([kind], call.name):
            if hook.callback:
                hook.callback()

    def _execute(self, call: Call) -> Output:
        handler = self._handlers[call.service.name][call.operation]
        params = call.params or {}
        if call.reads:
            return handler(self._account(self._seen_by(call)), params)
        output = self._change(handler, params, call.token_key())
        self._record(call, output=output)
        return output

    def _seen_by(self, call: Call) -> Resources:
        fault = self.faults.take(["stale"], call.name)
        past = self._history.as_of(fault, self._now()) if fault else None
        return past or self._resources

    def _change(self, handler: Handler, params: Params, token: Token | None = None) -> Output:
        """Run a handler so that it changes all or nothing, and the same token only once."""
        before = snapshot(self._resources)
        account = self._account(self._resources)
        try:
            output = once(self._answered, token, handler, account, params)
        except ServiceError:
            self._resources = restore(before)
            raise
        self._history.push(account.now, before)
        return output

    def _account(self, resources: Resources) -> Account:
        return Account(
            self.region, self.account_id, self.settings, resources, self._now(), self._new_id
        )

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


def _injected(fault: Fault) -> ServiceError:
    if fault.kind == "throttle":
        return ServiceError(THROTTLED, "Rate exceeded")
    default = "ServiceUnavailableException" if fault.status == 503 else UNAVAILABLE
    return ServiceError(fault.code or default, fault.message, fault.status)


def _ids(seed: int | None) -> Ids:
    """Random UUIDs; repeatable ones with a seed."""
    random = Random(seed)  # noqa: S311 - names of made-up resources, not secrets
    return lambda: str(uuid.UUID(int=random.getrandbits(128), version=4))
