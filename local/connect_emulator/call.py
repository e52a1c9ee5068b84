"""One request on its way through the emulator."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from connect_emulator.constraints import violations
from connect_emulator.errors import invalid
from connect_emulator.exchange import Request
from connect_emulator.identity import Caller
from connect_emulator.model import Match, Service, is_read, load
from connect_emulator.records import Happening
from connect_emulator.tokens import Token
from connect_emulator.wire import decode_request

# AppIntegrations has no listener of its own; no path of its operations is one of Connect's, but for
# tags, which Connect then answers.
_BESIDE = {"connect": ("appintegrations",)}


def route(listener: str, request: Request) -> tuple[Service, Match | None]:
    """The operation that a request names, and its service (the listener's own if there is none)."""
    own = load(listener)
    for service in (own, *map(load, _BESIDE.get(listener, ()))):
        match = _match(service, request)
        if match is not None:
            return service, match
    return own, None


def _match(service: Service, request: Request) -> Match | None:
    """By its path, or by its target for CloudTrail."""
    if service.name != "cloudtrail":
        return service.match(request.method, request.path)
    operation = request.headers.get("x-amz-target", "").rsplit(".", 1)[-1]
    known = request.method == "POST" and operation in service.model.operation_names
    return Match(operation, {}) if known else None


class Call:
    """A routed request; ``params`` is None until ``decode`` has made sense of it."""

    def __init__(
        self, service: Service, match: Match, request: Request, caller: Caller, request_id: str
    ) -> None:
        self.service = service
        self.operation = match.operation
        self.name = f"{service.name}:{match.operation}"
        self.reads = is_read(match.operation)
        self.request_id = request_id
        self.params: dict[str, Any] | None = None
        self._match = match
        self._request = request
        self.caller = caller

    @cached_property
    def modelled_errors(self) -> dict[str, int]:
        return self.service.error_statuses(self.operation)

    def decode(self, max_body_bytes: int) -> None:
        """Read the input; raises ``ServiceError`` where it cannot be read at all."""
        if len(self._request.body) > max_body_bytes:
            raise invalid("The request body is too large")
        model = self.service.operation(self.operation)
        self.params = decode_request(
            model, self._match.uri, self._request.query, self._request.body
        )

    def validate(self) -> None:
        """Hold the input against the model; raises ``ServiceError`` naming all that is wrong."""
        shape = self.service.operation(self.operation).input_shape
        found = violations(shape, self.params) if shape is not None else []
        if found:
            plural = "errors" if len(found) > 1 else "error"
            raise invalid(f"{len(found)} validation {plural} detected: {'; '.join(found)}")

    def token_key(self) -> Token | None:
        """What makes a repeated call the same call: the operation and its client token."""
        for name in self.service.operation(self.operation).idempotent_members:
            token = (self.params or {}).get(name)
            if token:
                return self.name, str(token)
        return None

    def happening(self) -> Happening:
        """What a CloudTrail record tells of the call."""
        return Happening(
            self.service,
            self.operation,
            self._match.uri,
            self.params,
            self.caller,
            self.request_id,
        )
