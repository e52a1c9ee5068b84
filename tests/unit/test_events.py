"""Every file of events/ against its golden: what toolgrant takes from the event, and nothing else.

A golden is written by `python -m tests.unit.test_events`; read the difference before committing it.
"""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from toolgrant.adapters.events import parse_event
from toolgrant.adapters.triggers import TRIGGERS
from toolgrant.domain.requests import Request

ROOT = Path(__file__).parents[2]
EVENTS = sorted((ROOT / "events").glob("*.json"))
GOLDEN = ROOT / "tests" / "golden" / "events"
PEOPLE = {"UpdateUserSecurityProfiles", "CreateUser", "DeleteUser"}


def outcome(request: Request) -> dict[str, object]:
    """A request as plain JSON."""

    def plain(value: object) -> object:
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, dict):
            return {name: plain(one) for name, one in value.items()}
        return [plain(one) for one in value] if isinstance(value, list | tuple) else value

    fields = plain(dataclasses.asdict(request))
    assert isinstance(fields, dict)
    return {"request": type(request).__name__, **fields}


def parsed(path: Path) -> dict[str, object]:
    """What the event in a file asks for."""
    return outcome(parse_event(json.loads(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_an_event_is_parsed_as_its_golden_says(path: Path) -> None:
    golden = GOLDEN / path.name
    assert golden.exists(), f"{path.name} has no golden file"
    assert parsed(path) == json.loads(golden.read_text(encoding="utf-8"))


def test_no_golden_without_its_event() -> None:
    assert {path.name for path in GOLDEN.glob("*.json")} == {path.name for path in EVENTS}


def test_every_trigger_has_an_event_file_that_leads_to_a_look() -> None:
    events = {path: json.loads(path.read_text(encoding="utf-8")) for path in EVENTS}
    looked = {
        event["detail"]["eventName"]
        for path, event in events.items()
        if parsed(path)["request"] in ("AgentRequest", "FanOut")
    }
    assert looked == set(TRIGGERS)


def test_the_rule_lists_exactly_the_triggers() -> None:
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")

    class Loader(yaml.SafeLoader):
        """Reads CloudFormation's short tags as nothing."""

    Loader.add_multi_constructor("!", lambda *_: None)
    rule = yaml.load(text, Loader)["Resources"]["ChangeRule"]  # noqa: S506 - a SafeLoader
    names = rule["Properties"]["EventPattern"]["detail"]["eventName"]
    assert sorted(names) == sorted(TRIGGERS)
    assert PEOPLE.isdisjoint(names)


def test_no_text_that_the_service_marks_sensitive_is_taken_over() -> None:
    for path in EVENTS:
        assert "HIDDEN" not in json.dumps(parsed(path)), path.name


def _write() -> None:
    for path in EVENTS:
        text = json.dumps(parsed(path), indent=2, ensure_ascii=False)
        (GOLDEN / path.name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    _write()
