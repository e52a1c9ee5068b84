"""Events for the change queue: as they should be, a little wrong, and made to hurt."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from tests.strategies import HOSTILE

SECRET = "S3CR3T-do-not-repeat"
EVENTS = Path(__file__).parents[2] / "events"
SAMPLES: list[dict[str, Any]] = [
    json.loads(path.read_text(encoding="utf-8")) for path in sorted(EVENTS.glob("*.json"))
]
SENSITIVE = ("instruction", "description", "examples", "title", "Content", "overrideInputValues")
VALUES: list[Any] = [
    *HOSTILE,
    None,
    True,
    0,
    -1,
    1e308,
    10**60,
    [],
    {},
    [[]],
    {"": {}},
    [None],
    [{"toolId": 1}],
    "arn:aws:wisdom:us-east-1:111122223333:ai-agent/../..",
    "arn%3Aaws%3Awisdom%3A%2F%2F",
    "00000000-0000-4000-8000-0000000000aa:$LATEST:$LATEST",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-11-23T10:00:00",
    "MCP tool with ID '' not found in MCP tools",
    "MCP tool with ID '" + "x" * 5000 + "' not found in MCP tools",
]


def bodies(random: Random, ids: Mapping[str, list[str]], count: int) -> Iterator[str]:
    """`count` message bodies. `ids` are the ids of what exists, by the names that records use."""
    kinds: list[Callable[[Random, Mapping[str, list[str]]], str]] = [
        lambda r, i: json.dumps(valid(r, i)),
        lambda r, i: json.dumps(mutated(r, valid(r, i))),
        lambda r, i: json.dumps(mutated(r, valid(r, i), times=6)),
        lambda r, i: torn(r, json.dumps(valid(r, i))),
        lambda r, i: json.dumps(mutated(r, request(r, i))),
        lambda r, _: nonsense(r),
    ]
    for _ in range(count):
        (kind,) = random.choices(kinds, weights=[30, 30, 15, 8, 12, 5])
        yield kind(random, ids)


def valid(random: Random, ids: Mapping[str, list[str]]) -> dict[str, Any]:
    """A sample event with an id of its own, now, about what exists, with secrets inside."""
    event = copy.deepcopy(random.choice(SAMPLES))
    detail = event["detail"]
    detail["eventID"] = str(uuid.UUID(int=random.getrandbits(128), version=4))
    detail["eventTime"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for place in ("requestParameters", "responseElements"):
        if isinstance(detail.get(place), dict):
            detail[place] = real(random, detail[place], ids)
    if isinstance(detail.get("requestParameters"), dict):
        secrets(random, detail["requestParameters"])
    if "errorCode" in detail and random.random() < 0.3:
        detail["errorMessage"] = f"1 validation error detected: Value '{SECRET}' at 'configuration'"
    return event


def real(random: Random, fields: Mapping[str, Any], ids: Mapping[str, list[str]]) -> dict[str, Any]:
    """The same fields with ids of what exists, at any depth."""

    def value(name: str, old: Any) -> Any:
        if isinstance(old, dict):
            return real(random, old, ids)
        known = ids.get(name.lower())
        return random.choice(known) if known and random.random() < 0.7 else old

    return {name: value(name, old) for name, old in fields.items()}


def secrets(random: Random, parameters: dict[str, Any]) -> None:
    """Put SECRET wherever the service marks a parameter sensitive; real records mask it."""
    tool = {
        "toolName": "Retrieve",
        "toolType": "MODEL_CONTEXT_PROTOCOL",
        "toolId": "aws_service__qconnect_Retrieve",
        "instruction": {"instruction": SECRET, "examples": [SECRET]},
        "description": SECRET,
        "title": SECRET,
        "overrideInputValues": [{"jsonPath": "$.a", "value": {"constant": {"value": SECRET}}}],
    }
    inner = {"orchestrationAIAgentConfiguration": {"toolConfigurations": [tool]}}
    parameters.update(dict.fromkeys(random.sample(SENSITIVE, 2), SECRET))
    if "aiAgentId" in parameters:
        parameters["configuration"] = {**inner, "description": SECRET}


def mutated(random: Random, data: Any, times: int = 1) -> Any:
    """The data with `times` places changed: another value, another type, gone, renamed, nested."""
    for _ in range(random.randint(1, times)):
        holder, key = random.choice(list(places(data)))
        how = random.randrange(6)
        if how < 3:
            holder[key] = copy.deepcopy(random.choice(VALUES))
        elif how == 3:
            del holder[key]
        elif how == 4:
            holder[key] = [holder[key]]
        elif isinstance(holder, dict):
            holder[key.swapcase()] = holder.pop(key)
        if not data:
            break
    return data


def places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a tree: what holds it, and its key or index. Never what is sensitive: where
    that is put under another name, nobody could know it."""
    entries = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in list(entries):
        if key not in SENSITIVE:
            yield data, key
            if isinstance(value, dict | list) and value:
                yield from places(value)


def torn(random: Random, text: str) -> str:
    """JSON that is cut off, or has a character too many or too few."""
    at = random.randrange(len(text))
    return random.choice([text[:at], text[:at] + text[at + 1 :], f'{text[:at]}"{text[at:]}'])


def request(random: Random, ids: Mapping[str, list[str]]) -> dict[str, Any]:
    """A request of toolgrant's own, as the sweep sends it."""
    assistant, agent = random.choice(ids["assistantid"]), random.choice(ids["aiagentid"])
    agents = [
        {
            "qualifier": qualifier,
            "arn": f"arn:aws:wisdom:us-east-1:111122223333:ai-agent/{assistant}/{agent}",
            "name": "agent",
            "type": "ORCHESTRATION",
            "origin": "CUSTOMER",
            "instanceArn": "",
            "tools": [["Retrieve", "MODEL_CONTEXT_PROTOCOL", "aws_service__qconnect_Retrieve", []]],
        }
        for qualifier in ("$SAVED", "1")
    ]
    now = datetime.now(UTC).isoformat()
    return {
        "schema": "toolgrant/request/1",
        "assistantId": assistant,
        "aiAgentId": agent,
        "instanceId": random.choice(ids["instanceid"]),
        "attempt": 0,
        "savedAt": now,
        "cause": {"reason": "sweep", "eventId": "", "eventName": "", "eventTime": now},
        "observed": {"at": now, "live": ["1"], "agents": agents},
    }


def nonsense(random: Random) -> str:
    return random.choice(
        [
            "",
            " ",
            "null",
            "[]",
            "NaN",
            '"text"',
            "[" * 20_000,
            '{"a":' * 5_000 + "1" + "}" * 5_000,
            "9" * 5_000,
            '{"detail-type": "AWS API Call via CloudTrail", "detail": '
            + "[" * 900
            + "]" * 900
            + "}",
            '{"schema": "toolgrant/request/2"}',
            "\ufeff{}",
            json.dumps({"detail-type": "AWS API Call via CloudTrail", "detail": {"eventName": 1}}),
            json.dumps({"detail-type": "Scheduled Event", "detail": {}}),
        ]
    )
