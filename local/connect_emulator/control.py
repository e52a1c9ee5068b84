"""The control surface, under ``/_emulator/`` on every listener, for tests in other processes.

====================  ======  ================================================================
``calls``             GET     how often each operation was called; DELETE counts from zero
``records``           GET     CloudTrail records; ``?since=N`` leaves out the first N
``faults``            GET     faults still to come; DELETE clears; POST switches one on:
                              ``{"kind": …, "operation": …}`` with the members of ``Fault``
                              (kinds: ``documents``), or ``{"kind": "rate_limit"}``
``landings``          GET     late writes on their way; POST lets them land now
``settings``          GET     the switches of behaviour; POST changes those it names; DELETE
                              goes back to those of the start
``instances``         POST    add an instance: ``{"alias": …}``
``seed``              POST    the sample instance, assistant, agents and profiles
``health``            GET     that the emulator is up
====================  ======  ================================================================
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qs

from connect_emulator.documents import Document, change_settings, fault_from
from connect_emulator.emulator import Emulator
from connect_emulator.exchange import Request, Response, json_response
from connect_emulator.instances import add_instance
from connect_emulator.seeding import seed

CONTROL_PATH = "/_emulator/"


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
    if document["kind"] == "rate_limit":
        emulator.faults.rate_limit(bool(document.get("enabled", True)))
    else:
        emulator.faults.add(fault_from(document))
    return {}


def _landings(emulator: Emulator, _request: Request) -> list[Document]:
    return emulator.faults.landings.describe()


def _land(emulator: Emulator, _request: Request) -> Document:
    return {"landed": emulator.land()}


def _settings(emulator: Emulator, _request: Request) -> Document:
    return asdict(emulator.settings)


def _change_settings(emulator: Emulator, request: Request) -> Document:
    return change_settings(emulator.settings, _document(request))


def _reset_settings(emulator: Emulator, _request: Request) -> Document:
    emulator.reset_settings()
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
    ("DELETE", "settings"): _reset_settings,
    ("GET", "landings"): _landings,
    ("POST", "landings"): _land,
    ("POST", "instances"): _add_instance,
    ("POST", "seed"): _seed,
    ("GET", "health"): _health,
}
