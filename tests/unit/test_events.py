"""Every file of events/ against its golden: what toolgrant takes from the event, and nothing else.

A golden is written by `python -m tests.unit.test_events`; read the difference before committing it.
"""

from __future__ import annotations

import copy
import dataclasses
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from toolgrant.adapters.events import parse_event
from toolgrant.adapters.triggers import TRIGGERS
from toolgrant.domain.causes import Actor
from toolgrant.domain.requests import FanOut, Request

ROOT = Path(__file__).parents[2]
EVENTS = sorted((ROOT / "events").glob("*.json"))
GOLDEN = ROOT / "tests" / "golden" / "events"
PEOPLE = {"UpdateUserSecurityProfiles", "CreateUser", "DeleteUser"}


def outcome(request: Request) -> dict[str, object]:
    """A request as plain JSON."""

    def plain(value: object) -> object:
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, frozenset):
            return sorted(map(str, value))
        if isinstance(value, dict):
            return {str(name): plain(one) for name, one in value.items()}
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
        if parsed(path)["request"] in ("AgentRequest", "FanOut", "FlowRequest")
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


# ------------------------------------------------------------------ what an edit of a profile tells


def edited(**detail: Any) -> FanOut:
    """An UpdateSecurityProfile with other parameters (`lists`) or other fields of its record."""
    event = json.loads((ROOT / "events" / "update-security-profile--role.json").read_text("utf-8"))
    lists, record = detail.pop("lists", None), copy.deepcopy(event["detail"])
    if lists is not None:
        del record["requestParameters"]["Permissions"]
        record["requestParameters"] |= lists
    asked = parse_event({**event, "detail": {**record, **detail}})
    assert isinstance(asked, FanOut)
    return asked


APPLICATION = {"Namespace": "orders", "ApplicationPermissions": ["a___b", "c"], "Type": "MCP"}
THIRD_PARTY = {"Namespace": "crm", "ApplicationPermissions": ["ACCESS"]}
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"


@pytest.mark.parametrize(
    ("lists", "told"),
    [
        ({}, None),
        ({"Description": "x"}, None),
        ({"Permissions": []}, {"permission": set()}),
        ({"permissions": ["A.View", "B.Edit"]}, {"permission": {"A.View", "B.Edit"}}),
        ({"Permissions": HIDDEN}, {"permission": None}),
        ({"Permissions": {"A.View": True}}, {"permission": None}),
        ({"Permissions": ["A.View", None]}, {"permission": None}),
        ({"Permissions": ["A.View", 3]}, {"permission": None}),
        ({"Applications": [APPLICATION]}, {"mcp": {"orders/a___b", "orders/c"}}),
        ({"Applications": [APPLICATION, THIRD_PARTY]}, {"mcp": None}),
        ({"Applications": [{**APPLICATION, "Type": "OTHER"}]}, {"mcp": None}),
        ({"Applications": [{**APPLICATION, "ApplicationPermissions": HIDDEN}]}, {"mcp": None}),
        ({"applications": [{n.lower(): v for n, v in APPLICATION.items()}]}, {"mcp": None}),
        ({"AllowedFlowModules": [{"Type": "MCP", "FlowModuleId": "m"}]}, {"flow-module": {"m"}}),
        ({"AllowedFlowModules": [HIDDEN]}, {"flow-module": None}),
        (
            {"AllowedAIAgents": [], "Permissions": HIDDEN, "Applications": [APPLICATION]},
            {"ai-agent": set(), "permission": None, "mcp": {"orders/a___b", "orders/c"}},
        ),
    ],
)
def test_an_edit_tells_its_lists_and_their_grants_where_these_are_all_of_it(
    lists: dict[str, Any], told: dict[str, set[str] | None] | None
) -> None:
    """A list that holds more than the grants that can be read may be another one than it looks."""
    replaced = edited(lists=lists).replaced
    plain = replaced and {
        str(kind): None if grants is None else {grant.value for grant in grants}
        for kind, grants in replaced.items()
    }
    assert plain == told


def actor(**detail: Any) -> Actor:
    found = edited(**detail).cause.actor
    assert found is not None
    return found


ROLE = "arn:aws:iam::111122223333:role/path/toolgrant-RemediateRole-1"


def session(issuer: object) -> dict[str, Any]:
    arn = "arn:aws:sts::111122223333:assumed-role/toolgrant-RemediateRole-1/session"
    return {"type": "AssumedRole", "arn": arn, "sessionContext": {"sessionIssuer": issuer}}


def test_the_role_is_the_one_that_issued_the_session() -> None:
    """A role's path is only in the issuer's ARN, and the session's name is free text."""
    assert actor(userIdentity=session({"type": "Role", "arn": ROLE})).role == ROLE


@pytest.mark.parametrize("issuer", [None, {}, HIDDEN, [ROLE], {"arn": None}, {"arn": [ROLE]}])
def test_without_an_issuer_there_is_no_role(issuer: object) -> None:
    assert actor(userIdentity=session(issuer)).role == ""


@pytest.mark.parametrize(
    ("agent", "stack"),
    [
        ("Boto3/1.44.5 md/Botocore#1.44.5 toolgrant/toolgrant-prod", "toolgrant-prod"),
        ("toolgrant/my_stack-2 Boto3/1.44.5", "my_stack-2"),
        ("[Boto3/1.44.5 toolgrant/prod]", "prod"),
        ("aws-cli/2 https://example.org/toolgrant/prod", ""),
        ("aws-cli/2 nottoolgrant/prod", ""),
        ("toolgrant/", ""),
        ("toolgrant", ""),
        ("", ""),
        (None, ""),
        (3, ""),
        (["toolgrant/prod"], ""),
    ],
)
def test_the_stack_is_what_the_user_agent_names(agent: object, stack: str) -> None:
    assert actor(userAgent=agent).stack == stack


def _write() -> None:
    for path in EVENTS:
        text = json.dumps(parsed(path), indent=2, ensure_ascii=False)
        (GOLDEN / path.name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    _write()
