"""Settings and faults as JSON: read, checked by name, type and value, and taken over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields
from types import NoneType
from typing import Any

from connect_emulator.access import IAM
from connect_emulator.account import ABSENT_TYPES, PROFILE_STAMPS, Settings
from connect_emulator.fault import STAMPS, Fault
from connect_emulator.faults import REFUSED
from connect_emulator.identity import KINDS
from connect_emulator.meanings import DESCRIBED, LATEST_IS

Document = dict[str, Any]

FAULT_KINDS = ("throttle", "error", "refuse", "reset", "latency", "late", "stale")
_LASTING = ("refuse", "latency", "stale")
_LONGEST = 86_400
_SETTINGS = {member.name for member in fields(Settings)}
_ENTRY = {"type", "name", "session", "account"}
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
    "stamp": (str,),
    "match": (dict, NoneType),
    "armed_by": (str, NoneType),
}


def fault_from(document: Document) -> Fault:
    """A fault from JSON; lasting kinds stay until cleared unless ``times`` is said."""
    _only("fault", document, {"kind", *_FAULT_TYPES})
    for name, types in _FAULT_TYPES.items():
        _check_type(name, document.get(name, _DEFAULT_FAULT[name]), types)
    _texts("match", document.get("match") or {})
    _one_of("kind", document["kind"], FAULT_KINDS)
    _one_of("stamp", document.get("stamp", "old"), STAMPS)
    if not 0 <= (document.get("seconds") or 0) <= _LONGEST:
        raise ValueError(f"seconds must be from 0 to {_LONGEST}")
    return _completed(document)


def _completed(document: Document) -> Fault:
    lasting = document["kind"] in _LASTING
    fault = Fault(**{"times": None if lasting else 1, **document})
    if fault.kind == "stale" and fault.versions is None and fault.seconds is None:
        fault.versions = 1
    if fault.kind == "refuse":
        _check_type("code", fault.code, (str,))
        fault.message = document.get("message", REFUSED)
    return fault


def change_settings(settings: Settings, document: Document) -> Document:
    """Change the settings that a document names, all or none; the settings as they are then."""
    given = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in _only("setting", document, _SETTINGS).items()
    }
    for name, value in given.items():
        current = type(getattr(settings, name))
        _check_type(name, value, (int, NoneType) if name == "page_size" else (current,))
        _VALUES.get(name, lambda _: None)(value)
    for name, value in given.items():
        setattr(settings, name, value)
    return asdict(settings)


def _check_type(name: str, value: Any, types: tuple[type, ...]) -> None:
    # A bool is an int to Python, but not to a person who writes JSON.
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise TypeError(f"{name} has the wrong type")


def _only(what: str, document: Document, known: set[str]) -> Document:
    unknown = sorted(set(document) - known)
    if unknown:
        raise ValueError(f"unknown members of a {what}: {', '.join(unknown)}")
    return document


def _one_of(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}, but must be one of {', '.join(allowed)}")


def _texts(name: str, document: Document) -> None:
    for member, value in document.items():
        _check_type(f"{name}.{member}", value, (str,))


def _check_identities(identities: Document) -> None:
    for key, entry in identities.items():
        _check_type(f"identities.{key}", entry, (dict,))
        _texts(f"identities.{key}", _only("identity", entry, _ENTRY))
        _one_of(f"identities.{key}.type", entry.get("type"), tuple(KINDS))
        _check_type(f"identities.{key}.name", entry.get("name"), (str,))


_VALUES: dict[str, Callable[[Any], None]] = {
    "profile_stamps": lambda value: _one_of("profile_stamps", value, PROFILE_STAMPS),
    "absent_types": lambda value: _one_of("absent_types", value, ABSENT_TYPES),
    "identities": _check_identities,
    "iam": lambda value: _one_of("iam", value, IAM),
    "bare_agent_id": lambda value: _one_of("bare_agent_id", value, DESCRIBED),
    "agent_summaries": lambda value: _one_of("agent_summaries", value, DESCRIBED),
    "latest_agent": lambda value: _one_of("latest_agent", value, LATEST_IS),
}
