"""What every AWS adapter shares: client settings, one error mapping, pacing, pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from toolgrant.domain.service_limits import misfits
from toolgrant.errors import (
    AccessDenied,
    Conflict,
    Misconfigured,
    NotFound,
    RequestRefused,
    ServiceUnavailable,
    Throttled,
    ToolgrantError,
)

_T = TypeVar("_T")

CLIENT_CONFIG = Config(
    retries={"mode": "adaptive", "total_max_attempts": 3}, connect_timeout=3, read_timeout=10
)
"""Short time-outs: a message that fails is delivered again, a function that hangs is paid for."""

WRITER_CONFIG = CLIENT_CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))
"""A write that seemed to fail is looked into, never simply repeated."""

USER_AGENT = "toolgrant/"
"""What the writer's user agent has before the stack's name, so that another toolgrant can tell."""

ERRORS: Mapping[str, type[ToolgrantError]] = {
    "ResourceNotFoundException": NotFound,
    "NotFoundException": NotFound,
    "NotFound": NotFound,
    "ContactFlowNotPublishedException": NotFound,
    "QueueDoesNotExist": NotFound,
    "AWS.SimpleQueueService.NonExistentQueue": NotFound,
    "ThrottlingException": Throttled,
    "Throttling": Throttled,
    "ThrottledException": Throttled,
    "TooManyRequestsException": Throttled,
    "RequestLimitExceeded": Throttled,
    "RequestThrottled": Throttled,
    "KMSThrottling": Throttled,
    "ProvisionedThroughputExceededException": Throttled,
    "InternalServiceException": ServiceUnavailable,
    "InternalServerError": ServiceUnavailable,
    "InternalServerException": ServiceUnavailable,
    "InternalFailure": ServiceUnavailable,
    "InternalError": ServiceUnavailable,
    "ServiceUnavailable": ServiceUnavailable,
    "ServiceUnavailableException": ServiceUnavailable,
    "DependencyFailedException": ServiceUnavailable,
    "RequestTimeoutException": ServiceUnavailable,
    "TransactionInProgressException": ServiceUnavailable,
    "TransactionCanceledException": ServiceUnavailable,
    "AccessDeniedException": AccessDenied,
    "AccessDenied": AccessDenied,
    "AuthorizationError": AccessDenied,
    "AuthorizationErrorException": AccessDenied,
    "UnauthorizedException": AccessDenied,
    "UnrecognizedClientException": AccessDenied,
    "ExpiredTokenException": AccessDenied,
    "KMSAccessDeniedException": AccessDenied,
    "KMSAccessDenied": AccessDenied,
    "DuplicateResourceException": Conflict,
    "ResourceConflictException": Conflict,
    "ConditionalOperationFailedException": Conflict,
    "KMSDisabledException": Misconfigured,
    "KMSDisabled": Misconfigured,
    "KMSNotFoundException": Misconfigured,
    "KMSNotFound": Misconfigured,
    "KMSInvalidState": Misconfigured,
    "KMSOptInRequired": Misconfigured,
}
"""AWS error code → our tree. Not every operation models every code (AssociateSecurityProfiles and
ListAssistants model no throttling), so the code decides and never a typed exception."""


def mapped(error: ClientError) -> type[ToolgrantError]:
    """The class of our errors for an AWS error: by its code, else by its HTTP status."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    by_status = ServiceUnavailable if status >= 500 else RequestRefused
    return ERRORS.get(error.response.get("Error", {}).get("Code", ""), by_status)


@contextmanager
def translated(what: str, *, own: bool = False) -> Iterator[None]:
    """Raise AWS errors of the block as ours. `own`: the resource is part of our deployment, so
    its absence is a misconfiguration. Texts name the call and the code, never the message: it may
    quote what was sent."""
    try:
        yield
    except ClientError as error:
        kind = mapped(error)
        code = error.response.get("Error", {}).get("Code", "unknown")
        if own and kind is NotFound:
            kind = Misconfigured
        raise kind(f"{what}: {code}") from error
    except NoCredentialsError as error:
        raise AccessDenied(f"{what}: no credentials") from error
    except UnicodeEncodeError as error:  # a lone surrogate in an id: no request can carry it
        raise RequestRefused(f"{what}: UnicodeEncodeError") from error
    except BotoCoreError as error:
        raise ServiceUnavailable(f"{what}: {type(error).__name__}") from error


def checked(service: str, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameters of a request, if the service takes them. Raises RequestRefused as for a
    refusal of its own, with the names of the fields."""
    wrong = misfits(service, parameters)
    if wrong:
        raise RequestRefused(f"{service} {operation}: not taken: {', '.join(wrong)}")
    return parameters


@dataclass
class Pacer:
    """Keeps calls of one API at most `per_second`: the account's quota is shared with the
    customer's own automation. `clock` is monotonic seconds."""

    per_second: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    _free_at: dict[str, float] = field(default_factory=dict)

    def wait(self, api: str) -> None:
        """Return when the next call of `api` may start."""
        now = self.clock()
        start = max(now, self._free_at.get(api, now))
        self._free_at[api] = start + 1 / self.per_second
        if start > now:
            self.sleep(start - now)


@dataclass
class Api:
    """One service's client behind pacing and error mapping. `calls` counts what was sent."""

    client: Any
    service: str
    pacer: Pacer
    calls: dict[str, int] = field(default_factory=dict)

    def call(self, operation: str, **parameters: object) -> Mapping[str, Any]:
        """The answer of a client method such as `get_ai_agent`, called when the pacer lets it.
        Raises our errors for those of AWS."""
        checked(self.service, operation, parameters)
        self.pacer.wait(f"{self.service}:{operation}")
        self.calls[operation] = self.calls.get(operation, 0) + 1
        with translated(f"{self.service} {operation}"):
            answer: Mapping[str, Any] = getattr(self.client, operation)(**parameters)
            return answer

    def pages(self, operation: str, result: str, **parameters: object) -> Iterator[Any]:
        """Every entry of the list `result` over all pages; a page costs one call."""
        for answer in self.answers(operation, result, **parameters):
            yield from answer.get(result) or ()

    def answers(
        self, operation: str, result: str, **parameters: object
    ) -> Iterator[Mapping[str, Any]]:
        """The answers for all pages of a list; how it is written tells how the token is."""
        token_name = "nextToken" if result[0].islower() else "NextToken"
        token: dict[str, object] = {}
        while True:
            answer = self.call(operation, **parameters, **token)
            yield answer
            if not answer.get(token_name):
                return
            token = {token_name: answer[token_name]}


class Answers:
    """Answers kept for the length of one batch; that something is not there is an answer too."""

    def __init__(self) -> None:
        self._kept: dict[tuple[object, ...], Any] = {}

    def ask(self, read: Callable[[], _T], *key: object) -> _T:
        """What was read under a key, now or before. Raises NotFound, also when asked again."""
        if key not in self._kept:
            try:
                self._kept[key] = read()
            except NotFound as error:
                self._kept[key] = error
        known = self._kept[key]
        if isinstance(known, NotFound):
            raise known
        return cast("_T", known)

    def forget(self) -> None:
        """Read everything anew from now on."""
        self._kept.clear()
