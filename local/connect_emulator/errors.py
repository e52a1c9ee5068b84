"""The one error that operations raise, and how its code becomes one that the service models.

A handler names an AWS error (``ResourceNotFoundException``) or one of the three *kinds* below, for
which every service and operation has its own name: a bad value is a ``ValidationException`` in
Q in Connect, but an ``InvalidParameterException`` or ``InvalidRequestException`` in Connect.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

INVALID = "kind:invalid"
THROTTLED = "kind:throttled"
UNAVAILABLE = "kind:unavailable"

NOT_FOUND = "ResourceNotFoundException"
ACCESS_DENIED = "AccessDeniedException"

# For each kind, the first name that the operation models wins; else the service's default.
_CANDIDATES = {
    INVALID: ("ValidationException", "InvalidParameterException", "InvalidRequestException"),
    THROTTLED: ("ThrottlingException", "TooManyRequestsException"),
    UNAVAILABLE: (
        "InternalServiceException",
        "InternalServerException",
        "InternalServiceError",
    ),
}
_DEFAULTS = {
    ("connect", INVALID): "InvalidParameterException",
    # Q in Connect models no server error at all: this name is [inferred].
    ("qconnect", UNAVAILABLE): "InternalServerException",
    ("cloudtrail", INVALID): "InvalidParameterCombinationException",
}
# Statuses of codes that a service may answer without modelling them.
_STATUSES = {
    "AccessDeniedException": 403,
    "ConflictException": 409,
    "InternalServerException": 500,
    "InternalServiceError": 500,
    "InternalServiceException": 500,
    "RequestEntityTooLargeException": 413,
    "ResourceNotFoundException": 404,
    "ServiceUnavailableException": 503,
    "ThrottlingException": 429,
    "TooManyRequestsException": 429,
    "UnknownOperationException": 404,
}


class ServiceError(Exception):
    """An answer other than success.

    ``code`` is an AWS error name or a kind; ``status`` overrides the modelled HTTP status;
    ``details`` are further members of the error's shape (``ResourceId``, ``Problems``).
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.details = dict(details or {})


def invalid(message: str) -> ServiceError:
    """The service's own error for a value that it refuses."""
    return ServiceError(INVALID, message)


def not_found(message: str) -> ServiceError:
    """``ResourceNotFoundException``, which both services share."""
    return ServiceError(NOT_FOUND, message)


def resolve_code(code: str, service: str, modelled: Mapping[str, int]) -> str:
    """Turn a kind into an error name; ``modelled`` maps the operation's errors to statuses."""
    if code not in _CANDIDATES:
        return code
    default = _DEFAULTS.get((service, code), _CANDIDATES[code][0])
    return next((name for name in _CANDIDATES[code] if name in modelled), default)


def resolve_status(error: ServiceError, modelled: Mapping[str, int], service_wide: int) -> int:
    """The HTTP status: the injected one, else the operation's, the usual one, the service's.

    The error's code must be resolved already; ``service_wide`` is 0 where no operation models it.
    """
    usual = modelled.get(error.code) or _STATUSES.get(error.code)
    return error.status or usual or service_wide or 400
