"""Who did something, and why toolgrant evaluates: an event, the sweep, or a reason of our own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Actor:
    """Who caused an event, as CloudTrail tells. `via` says by which way (website, API, …).

    `role` is the ARN of the role that an AssumedRole assumed, `stack` the toolgrant stack that the
    user agent names; both may be empty.
    """

    type: str
    name: str
    via: str
    role: str = ""
    stack: str = ""


@dataclass(frozen=True)
class Cause:
    """Why to evaluate: the event's id, name, time and actor, or only a word for our own reasons."""

    reason: str
    event_id: str = ""
    event_name: str = ""
    event_time: datetime | None = None
    actor: Actor | None = None
