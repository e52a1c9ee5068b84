"""The control surface, under ``/_emulator/`` on every listener, for tests in other processes.

====================  ======  ================================================================
``calls``             GET     how often each operation was called; DELETE counts from zero
``records``           GET     CloudTrail records; ``?since=N`` leaves out the first N
``faults``            GET     faults still to come; DELETE clears; POST switches one on:
                              ``{"kind": "throttle|error|reset|latency|stale", "operation": …}``
                              with the members of ``Fault``, or ``{"kind": "rate_limit"}``
``settings``          GET     the switches of behaviour; POST changes those it names
``instances``         POST    add an instance: ``{"alias": …}``
``seed``              POST    the sample instance, assistant, agents and profiles
``health``            GET     that the emulator is up
====================  ======  ================================================================
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, fields
from types import NoneType
from typing import Any
from urllib.parse import parse_qs

from connect_emulator.account import Settings
from connect_emulator.emulator import Emulator
from connect_emulator.exchange import Request, Response, json_response
from connect_emulator.faults import Fault
from connect_emulator.instances import add_instance
from connect_emulator.seeding import seed

CONTROL_PATH = "/_emulator/"

Document = dict[str, Any]
_FAULT_KINDS = ("throttle", "error", "reset", "latency", "stale")
_SETTINGS = {member.name for member in fields(Settings)}
_DEFAULT_FAULT = vars(Fault("", ""))
_FAULT_TYPES: dict[str, tuple[type, ...]] = {
    "operation": (str,),
    "times": (int, NoneType),
    "skip": (int,),
    "after": (bool,),
    "status": (int, NoneType),
    "code": (str, NoneType),
    "message": (str,),
    "seconds": (int, float, NoneType),
    "versions": (int, NoneType),
}


def control(emulator: Emulator, request: Request) -> Response:
    """Answer a request of the control surface; bad ones get 4xx and a message."""
    name = request.path.removeprefix(CONTROL_PATH).rstrip("/")
    action = _ACTIONS.get((request.method, name))
    if action is None:
        return json_response(404, {"message": f"No control for {request.method} {name}"})
    try:
        return json_response(200, action(emulator, request))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        return json_response(400, {"message": f"{type(error).__name__}: {error}"})


def _document(request: Request) -> Document:
    document = json.loads(request.body or b"{}")
    if not isinstance(document, dict):
        raise TypeError("a JSON object is needed")
    return document


def _check_type(name: str, value: Any, types: tuple[type, ...]) -> None:
    # A bool is an int to Python, but not to a person who writes JSON.
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise TypeError(f"{name} has the wrong type")


def _only(document: Document, known: set[str]) -> Document:
    unknown = sorted(set(document) - known)
    if unknown:
        raise ValueError(f"unknown members: {', '.join(unknown)}")
    return document


def _calls(emulator: Emulator, _request: Request) -> Document:
    return dict(emulator.calls)


def _reset_calls(emulator: Emulator, _request: Request) -> Document:
    emulator.reset_calls()
    return {}


def _records(emulator: Emulator, request: Request) -> list[Document]:
    since = parse_qs(request.query).get("since", ["0"])[-1]
    return emulator.records[max(0, int(since)) :]


def _faults(emulator: Emulator, _request: Request) -> list[Document]:
    return emulator.faults.describe()


def _clear_faults(emulator: Emulator, _request: Request) -> Document:
    emulator.faults.clear()
    return {}


def _add_fault(emulator: Emulator, request: Request) -> Document:
    document = _document(request)
    kind = document["kind"]
    if kind == "rate_limit":
        emulator.faults.rate_limit(bool(document.get("enabled", True)))
    elif kind in _FAULT_KINDS:
        emulator.faults.add(_fault(_only(document, {"kind", *_FAULT_TYPES})))
    else:
        raise ValueError(f"unknown kind: {kind}")
    return {}


def _fault(document: Document) -> Fault:
    """A fault from JSON; latency and staleness last until cleared unless ``times`` is said."""
    for name, types in _FAULT_TYPES.items():
        _check_type(name, document.get(name, _DEFAULT_FAULT[name]), types)
    lasting = document["kind"] in ("latency", "stale")
    fault = Fault(**{"times": None if lasting else 1, **document})
    if fault.kind == "stale" and fault.versions is None and fault.seconds is None:
        fault.versions = 1
    return fault


def _settings(emulator: Emulator, _request: Request) -> Document:
    return asdict(emulator.settings)


def _change_settings(emulator: Emulator, request: Request) -> Document:
    for name, value in _only(_document(request), _SETTINGS).items():
        given = tuple(value) if isinstance(value, list) else value
        current = getattr(emulator.settings, name)
        _check_type(name, given, (int, NoneType) if name == "page_size" else (type(current),))
        setattr(emulator.settings, name, given)
    return asdict(emulator.settings)


def _add_instance(emulator: Emulator, request: Request) -> Document:
    alias = str(_document(request)["alias"])
    instance = emulator.edit(lambda account: add_instance(account, alias))
    return {"instance_id": instance.id, "instance_arn": instance.arn}


def _seed(emulator: Emulator, _request: Request) -> Document:
    return asdict(seed(emulator))


def _health(_emulator: Emulator, _request: Request) -> Document:
    return {"status": "up"}


_ACTIONS: dict[tuple[str, str], Callable[[Emulator, Request], Any]] = {
    ("GET", "calls"): _calls,
    ("DELETE", "calls"): _reset_calls,
    ("GET", "records"): _records,
    ("GET", "faults"): _faults,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "faults"): _add_fault,
    ("GET", "settings"): _settings,
    ("POST", "settings"): _change_settings,
    ("POST", "instances"): _add_instance,
    ("POST", "seed"): _seed,
    ("GET", "health"): _health,
}
