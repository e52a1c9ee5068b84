"""CloudTrail LookupEvents over the emulator's own records.

Documented: newest first, 50 events per page at most, one lookup attribute per call, event time
bounds inclusive. ``ResourceName``, ``ResourceType`` and ``AccessKeyId`` find nothing here, except
the access key of a caller.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from connect_emulator.account import Account, Handler, Output, Params
from connect_emulator.errors import INVALID, ServiceError
from connect_emulator.paging import page, with_token
from connect_emulator.records import Journal, Record

_PAGE = 50


def _user_name(record: Record) -> str:
    """The user name, which for an assumed role is the name of its session."""
    identity = record["userIdentity"]
    return str(identity.get("userName") or str(identity.get("arn", "")).rsplit("/", 1)[-1])


def _nothing(_record: Record) -> str:
    return ""


_ATTRIBUTES: dict[str, Callable[[Record], str]] = {
    "EventId": lambda record: str(record["eventID"]),
    "EventName": lambda record: str(record["eventName"]),
    "EventSource": lambda record: str(record["eventSource"]),
    "ReadOnly": lambda record: str(record["readOnly"]).lower(),
    "AccessKeyId": lambda record: str(record["userIdentity"].get("accessKeyId", "")),
    "Username": _user_name,
}


def lookup_events(journal: Journal) -> Handler:
    """The operation over the records of ``journal``."""

    def handler(account: Account, params: Params) -> Output:
        wanted = _predicate(params)
        found = [record for record in reversed(journal.records) if wanted(record)]
        items, token = _page(account, params, found)
        return with_token({"Events": [_event(record) for record in items]}, "NextToken", token)

    return handler


def _page(account: Account, params: Params, found: list[Record]) -> tuple[list[Record], str | None]:
    try:
        return page(account.settings, params, found, _PAGE)
    except ServiceError as error:
        if error.code == INVALID:
            raise ServiceError("InvalidNextTokenException", error.message) from error
        raise


def _predicate(params: Params) -> Callable[[Record], bool]:
    attributes = params.get("LookupAttributes", [])
    start, end = params.get("StartTime"), params.get("EndTime")
    if len(attributes) > 1:
        message = "You can only use one lookup attribute"
        raise ServiceError("InvalidLookupAttributesException", message)
    if start and end and end < start:
        message = "The start time must be before the end time"
        raise ServiceError("InvalidTimeRangeException", message)
    return lambda record: _in_time(record, start, end) and _fits(record, attributes)


def _in_time(record: Record, start: datetime | None, end: datetime | None) -> bool:
    time = event_time(record)
    return (start is None or start <= time) and (end is None or time <= end)


def _fits(record: Record, attributes: list[dict[str, str]]) -> bool:
    return all(
        _ATTRIBUTES.get(attribute["AttributeKey"], _nothing)(record) == attribute["AttributeValue"]
        for attribute in attributes
    )


def event_time(record: Record) -> datetime:
    """The time of a record as a datetime."""
    return datetime.fromisoformat(record["eventTime"].replace("Z", "+00:00"))


def _event(record: Record) -> dict[str, Any]:
    return {
        "EventId": record["eventID"],
        "EventName": record["eventName"],
        "ReadOnly": str(record["readOnly"]).lower(),
        "AccessKeyId": record["userIdentity"].get("accessKeyId"),
        "EventTime": event_time(record),
        "EventSource": record["eventSource"],
        "Username": _user_name(record),
        "Resources": [],
        "CloudTrailEvent": json.dumps(record),
    }
