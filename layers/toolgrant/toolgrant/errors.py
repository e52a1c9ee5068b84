"""Everything that toolgrant raises on purpose, as one tree.

    ToolgrantError
    ├── InvalidInput          a message or file that can never be processed: dead-letter it
    ├── NotFound              an AI agent, profile or version is gone: a normal outcome
    ├── Throttled             ask again later; not a failure
    ├── ServiceUnavailable    5xx, time-out, broken connection: retry
    ├── AccessDenied          a permission of ours is missing: retry, then dead-letter and alarm
    ├── RequestRefused        the service calls our request wrong: retry, then dead-letter and alarm
    ├── Misconfigured         a setting, table, topic or queue of ours is missing or unreadable
    ├── CatalogError          a catalog, or an override of it, cannot be used
    ├── OtherSchema           an item was written by another version: never touched
    ├── Conflict              somebody else wrote first: read again
    ├── EditedProfile         a security profile is not as we left it: never touched
    ├── PutOff                not now: ask again at a time that it names
    └── GaveUp                tried often enough: left to the queue, then dead-letter and alarm

Adapters translate into this tree; functions decide by it what becomes of a message. A test holds
every AWS error code that we expect against the mapping in `adapters/aws.py`, and another holds the
package to this tree: nothing else is raised, and never the base itself.
"""

from __future__ import annotations


class ToolgrantError(Exception):
    """Base of the tree, to be caught and never raised: a class below says what happened."""


class InvalidInput(ToolgrantError, ValueError):
    """Input that can never be processed. `field` is its JSON path, `problem` says what is wrong.

    The text carries no value from the input unless the caller put it into `problem`: a record may
    hold sensitive fields.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class NotFound(ToolgrantError):
    """A resource of Connect or Q in Connect does not exist (any more)."""


class Throttled(ToolgrantError):
    """The service asks us to slow down."""


class ServiceUnavailable(ToolgrantError):
    """The service failed or did not answer in time."""


class AccessDenied(ToolgrantError):
    """Our role lacks a permission."""


class RequestRefused(ToolgrantError):
    """The service refused the request itself."""


class Misconfigured(ToolgrantError):
    """Our own deployment is incomplete. The text names what is missing."""


class CatalogError(ToolgrantError):
    """A catalog, or an override of it, that cannot be used. The text says where and what."""


class OtherSchema(ToolgrantError):
    """A stored item has a schema number that this code does not know, older or newer."""


class Conflict(ToolgrantError):
    """An optimistic write lost against another one."""


class EditedProfile(ToolgrantError):
    """A security profile is not as we left it: others have changed it since."""


class PutOff(ToolgrantError):
    """Not now, for a reason that passes. `seconds` is how long to wait before the next attempt."""

    def __init__(self, reason: str, seconds: float) -> None:
        super().__init__(reason)
        self.seconds = seconds


class GaveUp(ToolgrantError):
    """Tried as often as is worth while."""


REFUSED_FOR_GOOD = (AccessDenied, InvalidInput, NotFound, RequestRefused)
"""Answers of a service that asking again does not better."""


def reason_of(error: Exception) -> str:
    """What a log may say of an error. Our own speak; a foreign one may quote a record's sensitive
    fields, so only its type is told."""
    return str(error) if isinstance(error, ToolgrantError) else f"unexpected {type(error).__name__}"
