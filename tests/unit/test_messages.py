"""What people read, word for word, and that no name of anything can turn it against them.

A golden is written by `python -m tests.unit.test_messages`; read the difference before you
commit it.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes import (
    ALERT_SCHEMA,
    CREATE_CASE,
    ESCALATE,
    GET_ORDER,
    MODULE,
    MYSTERY,
    RETRIEVE,
    UPDATE_CASE,
    mcp,
)
from tests.strategies import HOSTILE, SOME, texts

from toolgrant.adapters.notifier_sns import publication
from toolgrant.domain import texts as words_of
from toolgrant.domain.alerts.alert import MOST_FINDINGS, MOST_SHOWN, Alert, alert_id, machine_json
from toolgrant.domain.alerts.fix_notes import notes_of_made, notes_of_plan, notes_of_taken
from toolgrant.domain.alerts.render import Rendered, render
from toolgrant.domain.catalog import packaged
from toolgrant.domain.causes import Actor, Cause
from toolgrant.domain.evaluate import evaluate
from toolgrant.domain.findings import Change, Resolution, Status
from toolgrant.domain.fixing.gates import Refusal
from toolgrant.domain.fixing.history import ForeignEdit, TakenAway
from toolgrant.domain.fixing.ledger import ListState, ListWrite, ProfileChange
from toolgrant.domain.fixing.policy import Plan, Refuse
from toolgrant.domain.fixing.repair import Repair, RepairItem
from toolgrant.domain.model import (
    DRAFT,
    LATEST,
    Confidence,
    Finding,
    FindingKind,
    Grant,
    GrantKind,
    QualifiedAgent,
    SecurityProfile,
    Severity,
    Text,
    Tool,
    Verdict,
)
from toolgrant.domain.problems import JudgedQualifier, problems_of
from toolgrant.domain.records import AgentKey
from toolgrant.domain.refused_saves import notice
from toolgrant.domain.requests import RefusedSave
from toolgrant.domain.texts import LANGUAGES

GOLDEN = Path(__file__).parents[1] / "golden" / "messages"
AGENT = "0a1b2c3d-0000-4000-8000-000000000002"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
INSTANCE = "11111111-2222-4333-8444-555555555555"
ARN = f"arn:aws:wisdom:us-east-1:111122223333:ai-agent/0a1b2c3d-0000-4000-8000-000000000001/{AGENT}"
TARGET = Tool("handoff:billing", "AI_AGENT", "arn:aws:app-integrations:us-east-1:1:application/b")


def problems(
    *tools: Tool, live: bool = True, profiles: tuple[str, ...] = (), also: tuple[str, ...] = ()
) -> list[Finding]:
    """The findings of a draft and a live version that hold Cases.View, and nothing else unless
    named."""
    grants = frozenset(map(Grant.parse, ("permission:Cases.View", *also)))

    def judged(qualifier: str) -> JudgedQualifier:
        agent = QualifiedAgent("a", AGENT, qualifier, ARN, "Helper", "ORCHESTRATION", tools)
        result = evaluate(agent, [SecurityProfile("p", "P", grants)], packaged())
        return JudgedQualifier(result, qualifier == "3", profiles if qualifier == DRAFT else ())

    return list(problems_of(INSTANCE, [judged(q) for q in (DRAFT, *(["3"] if live else []))]))


def told(status: Status, *findings: Finding, **fields: Any) -> Alert:
    qualifiers = {qualifier for finding in findings for qualifier in finding.qualifiers}
    base = Alert(
        alert_id=alert_id(AGENT, 7),
        time=datetime(2026, 11, 23, 12, 0, 1, 500_000, tzinfo=UTC),
        instance_id=INSTANCE,
        agent_name="Helper",
        agent_arn=ARN,
        ai_agent_id=AGENT,
        qualifiers=tuple(sorted(qualifiers)),
        changes=tuple(Change(status, finding) for finding in findings),
        actor=Actor("AssumedRole", "Admin/ann", "API"),
        event_name="UpdateAIAgent",
        profiles={"p": "Agents", "q": "Back office"},
    )
    return replace(base, **fields)


def noted(finding: Finding, *notes: Text) -> Finding:
    return replace(finding, advisories=notes)


def repair(profile: str, *grants: str, finding: Finding, dedicated: str = "") -> Repair:
    """One item about a finding; no grants: the profile is attached."""
    wanted = tuple(map(Grant.parse, grants))
    item = RepairItem(finding.id, NOW, finding.tool_name, finding.tool_id, ("3",), wanted)
    key = AgentKey("a", AGENT)
    name = dedicated or profile
    return Repair("fix-7k3m9qd2aa", key, profile, name, (item,), NOW, dedicated=dedicated)


def fix_alerts() -> dict[str, Alert]:
    """What fixing adds to alerts."""
    retrieve, case = problems(RETRIEVE, UPDATE_CASE)
    view, edit = "permission:Wisdom.View", "permission:Cases.Edit"
    gap = next(f for f in problems(ESCALATE, profiles=("p",)) if f.kind == "association-gap")
    planned = Plan(
        repairs=(repair("Agents", view, finding=retrieve), repair("Agents", finding=gap)),
        offers=(
            repair("Agents", edit, finding=case),
            repair("", edit, finding=case, dedicated="toolgrant Helper 0a1b2c3d"),
        ),
        refused=(Refuse(case, (Refusal("people", {"people": 2, "most": 0}, "Back office"),)),),
    )
    notes = [noted(one, *notes_of_plan(planned, one.id)) for one in (retrieve, case, gap)]
    done = ListWrite(GrantKind.PERMISSION, (Grant.parse(view),), state=ListState.DONE)
    made = ProfileChange(
        "c-4fq8m2n7zz", "fix-7k3m9qd2aa", INSTANCE, "p", AgentKey("a", AGENT), (), NOW, (done,)
    )
    edit_by = ForeignEdit("e-1", "p", NOW, Actor("AssumedRole", "deploy", "CloudFormation"))
    losses = [
        TakenAway(what=view, change=made, since=NOW, edit=by)
        for by in (edit_by, replace(edit_by, actor=Actor("AssumedRole", "bob", "website")), None)
    ]
    taken = [noted(retrieve, *notes_of_taken([loss], retrieve)) for loss in losses]
    fixed = noted(over(retrieve, Resolution.GRANTED), *notes_of_made(made))
    return {
        "fix-planned": told(Status.OPENED, *notes),
        "fix-taken-away": told(Status.REOPENED, *taken),
        "fixed": told(Status.FIXED, fixed, change_id=made.id),
    }


def over(finding: Finding, resolution: Resolution) -> Finding:
    fine: dict[str, Any] = {"verdict": Verdict.SUFFICIENT, "missing": ()}
    granted = fine if resolution is Resolution.GRANTED else {}
    return replace(finding, resolution=resolution, **granted)


REFUSED = RefusedSave(
    AgentKey("a", AGENT),
    "Helper",
    "aws_custom_analytics__get_dashboard_configuration",
    "Dashboard",
    Cause("event"),
)
ALERTS = {
    "opened": told(
        Status.OPENED, *problems(RETRIEVE, CREATE_CASE, GET_ORDER, MODULE, TARGET, MYSTERY)
    ),
    "opened-on-draft": told(
        Status.OPENED, *problems(RETRIEVE, live=False), actor=None, event_name=""
    ),
    "opened-without-profile": told(Status.OPENED, *problems(RETRIEVE, live=False), profiles={}),
    "opened-in-a-flow": told(
        Status.OPENED, *problems(RETRIEVE), flows={"3": ("Main IVR", "夜間"), "4": ("Other",)}
    ),
    "unknown": told(Status.OPENED, *problems(MYSTERY, live=False)),
    "gap": told(Status.OPENED, *problems(ESCALATE, profiles=("p",))),
    "refused-save": told(Status.OPENED, notice(REFUSED, packaged())),
    "changed": told(Status.CHANGED, *problems(UPDATE_CASE)),
    "disputed": told(
        Status.OPENED, *problems(CREATE_CASE, also=("permission:Cases.Create",), live=False)
    ),
    "reopened": told(Status.REOPENED, *problems(RETRIEVE)),
    "resolved": told(
        Status.RESOLVED,
        *(
            over(finding, resolution)
            for finding, resolution in zip(
                problems(RETRIEVE, UPDATE_CASE, MYSTERY),
                (Resolution.GRANTED, Resolution.TOOL_REMOVED, Resolution.NOW_KNOWN),
                strict=True,
            )
        ),
    ),
}


ALERTS |= fix_alerts()


def readable(alert: Alert, language: str) -> str:
    """Subject, e-mail and chat card as one text."""
    rendered = render(alert, language)
    card = json.loads(rendered.bodies["https"])
    card = json.dumps(card, indent=2, ensure_ascii=False)
    return f"Subject: {rendered.subject}\n\n{rendered.bodies['email']}\n{card}\n"


def golden(name: str, language: str) -> Path:
    return GOLDEN / f"{name}.{language}.txt"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_reads_word_for_word(name: str, language: str) -> None:
    text = golden(name, language).read_text(encoding="utf-8")

    assert readable(ALERTS[name], language) == text


def test_no_golden_without_its_alert() -> None:
    names = {path.name for path in GOLDEN.glob("*.txt")}

    assert names == {golden(name, language).name for name in ALERTS for language in LANGUAGES}


# --- the tables of words


def words(language: str) -> dict[str, str]:
    table = words_of.texts(language)
    return {f"{part}.{key}": text for part, texts in table.items() for key, text in texts.items()}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_words_with_the_same_placeholders() -> None:
    english, japanese = words("en"), words("ja")

    assert list(english) == list(japanese)
    assert {key: placeholders(text) for key, text in english.items()} == {
        key: placeholders(text) for key, text in japanese.items()
    }


def test_japanese_is_japanese() -> None:
    left = [text for text in words("ja").values() if not re.search(r"[ぁ-んァ-ン一-龥]", text)]

    assert set(left) == {"{reason}"}  # a text of another table
    assert all(text.isascii() or text.startswith("…") for text in words("en").values())


def test_there_are_words_for_every_status_kind_resolution_and_confidence() -> None:
    known = words("en")

    assert {f"title.{status}" for status in Status} <= set(known)
    assert {f"finding.{kind}" for kind in FindingKind} <= set(known)
    assert {f"resolution.{one}" for one in Resolution} <= set(known)
    assert {f"confidence.{one}" for one in Confidence} <= set(known)


# --- title: the worst thing first, and nothing claimed that is not so

INSUFFICIENT, UNKNOWN = problems(RETRIEVE, MYSTERY, live=False)
(GAP,) = problems(ESCALATE, profiles=("p",))
OPENED, RESOLVED = Status.OPENED, Status.RESOLVED
DONE = over(INSUFFICIENT, Resolution.GRANTED)


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ([(OPENED, INSUFFICIENT)], "tools that will not work: 1"),
        ([(OPENED, INSUFFICIENT), (OPENED, UNKNOWN)], "tools that will not work: 1"),
        ([(OPENED, INSUFFICIENT), (OPENED, GAP)], "tools that will not work: 1"),
        ([(OPENED, INSUFFICIENT)] * 2, "tools that will not work: 2"),
        ([(Status.REOPENED, INSUFFICIENT)], "tools that will not work again: 1"),
        ([(OPENED, UNKNOWN)], "tools that cannot be judged: 1"),
        ([(OPENED, UNKNOWN), (RESOLVED, DONE)], "tools that cannot be judged: 1"),
        ([(OPENED, GAP)], "a live version lacks a security profile"),
        ([(OPENED, GAP), (OPENED, UNKNOWN)], "a live version lacks a security profile"),
        ([(OPENED, GAP), (RESOLVED, DONE)], "a live version lacks a security profile"),
        ([(Status.CHANGED, INSUFFICIENT)], "what does not work has changed"),
        ([(RESOLVED, DONE)], "resolved"),
    ],
)
def test_a_title_claims_only_what_is_so(changes: list[tuple[Status, Finding]], title: str) -> None:
    alert = told(OPENED, changes=tuple(Change(*change) for change in changes))

    assert render(alert, "en").bodies["email"].splitlines()[0] == f'AI agent "Helper": {title}'


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        ([OPENED, RESOLVED], OPENED),
        ([Status.CHANGED, Status.REOPENED], Status.REOPENED),
        ([RESOLVED, Status.CHANGED], Status.CHANGED),
        ([RESOLVED, Status.INTEGRITY, OPENED], Status.INTEGRITY),
    ],
)
def test_the_most_serious_status_is_the_alerts(statuses: list[Status], status: Status) -> None:
    changes = tuple(Change(one, replace(GAP, resolution="granted")) for one in statuses)

    assert told(OPENED, changes=changes).status is status


def test_severity_is_the_worst_of_what_is_not_over() -> None:
    high = replace(DONE, severity=Severity.HIGH)
    mixed = (Change(RESOLVED, high), Change(OPENED, UNKNOWN))

    assert told(OPENED, changes=mixed).severity is Severity.LOW
    assert told(RESOLVED, changes=(Change(RESOLVED, high),)).severity is Severity.HIGH


# --- forms


def test_the_chat_card_has_the_shape_of_a_custom_notification() -> None:
    card = json.loads(render(ALERTS["opened"], "en").bodies["https"])

    assert (card["version"], card["source"]) == ("1.0", "custom")
    assert set(card) == {"version", "source", "id", "content", "metadata"}
    assert set(card["content"]) == {"textType", "title", "description", "nextSteps", "keywords"}
    assert card["content"]["textType"] == "client-markdown"
    assert card["metadata"]["threadId"] == AGENT
    assert card["metadata"]["additionalContext"] == {
        "alertId": "al-7keszsgvh3",
        "instanceId": INSTANCE,
    }


def test_a_message_is_filtered_by_severity_status_and_instance() -> None:
    assert render(ALERTS["opened"], "en").attributes == {
        "severity": "HIGH",
        "status": "opened",
        "instanceId": INSTANCE,
    }


def test_the_language_changes_what_people_read_and_nothing_that_machines_do() -> None:
    english, japanese = (render(ALERTS["opened"], language) for language in ("en", "ja"))

    assert english.bodies["default"] == japanese.bodies["default"]
    assert english.subject == japanese.subject
    assert english.bodies["email"] != japanese.bodies["email"]


@pytest.mark.parametrize("alert", ALERTS.values(), ids=ALERTS)
def test_the_machine_form_keeps_to_its_schema(alert: Alert) -> None:
    data = json.loads(json.dumps(machine_json(alert)))

    ALERT_SCHEMA.validate(data)
    assert data["omittedFindings"] == 0
    for finding in data["findings"]:
        known = {*finding["missing"], *finding["granted"]}
        assert known == (set(finding["required"]) if finding["verdict"] != "UNKNOWN" else set())


# --- hostile names


def all_texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from all_texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from all_texts(one)


def size(rendered: Rendered) -> int:
    """Bytes that SNS counts: what is said, without the parameters' names."""
    request = publication(rendered)
    attributes = json.dumps(request["MessageAttributes"])
    return sum(len(text.encode()) for text in (request["Message"], request["Subject"], attributes))


def hostile(name: str, count: int = 1) -> Alert:
    """Everything that somebody may name is named `name`."""
    tools = [mcp(f"gateway_{name}__{name}{n}", f"{name}{n}") for n in range(count)]
    return told(
        OPENED,
        *problems(*tools, profiles=(name,)),
        agent_name=name,
        actor=Actor(name, name, name),
        event_name=name,
        profiles={name: name},
        flows={"3": (name,) * 200, name: (name,)},
    )


@SOME
@given(texts, st.sampled_from(LANGUAGES))
def test_no_name_breaks_out_of_its_line_its_card_or_its_schema(name: str, language: str) -> None:
    rendered = render(hostile(name), language)

    assert rendered.subject.isascii()
    assert rendered.subject.isprintable()
    assert len(rendered.subject) <= 100
    mail = rendered.bodies["email"]
    assert mail.splitlines() == mail.removesuffix("\n").split("\n")
    assert all(line.isprintable() for line in mail.split("\n"))
    card = json.loads(rendered.bodies["https"])
    for text in (*all_texts(card["content"]), card["metadata"]["summary"]):
        assert "<" not in text
        assert ">" not in text
        assert all(line.isprintable() for line in text.split("\n"))
    ALERT_SCHEMA.validate(json.loads(rendered.bodies["default"]))
    rendered.bodies["email"].encode()  # no lone surrogate: the message must be sendable


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hundred_findings_with_hostile_names_fit_one_message(name: str, language: str) -> None:
    rendered = render(hostile(name, 100), language)

    assert size(rendered) < 256 * 1024
    machine = json.loads(rendered.bodies["default"])
    assert machine["findings"]
    assert len(machine["findings"]) + machine["omittedFindings"] >= 100


def test_what_does_not_fit_is_counted_and_said() -> None:
    findings = problems(*(mcp(f"aws_service__x_T{n}") for n in range(150)), live=False)
    rendered = render(told(OPENED, *findings), "en")
    machine = json.loads(rendered.bodies["default"])

    assert len(machine["findings"]) == MOST_FINDINGS
    assert machine["omittedFindings"] == 150 - MOST_FINDINGS
    assert f"and {150 - MOST_SHOWN} more" in rendered.bodies["email"]
    assert (
        f"and {150 - MOST_SHOWN} more"
        in json.loads(rendered.bodies["https"])["content"]["description"]
    )


def test_each_step_is_said_once() -> None:
    findings = problems(RETRIEVE, mcp(RETRIEVE.id, "Again"), MYSTERY, mcp("nobody", "Nobody"))
    steps = json.loads(render(told(OPENED, *findings), "en").bodies["https"])["content"][
        "nextSteps"
    ]

    assert len(steps) == len(set(steps))
    assert sum("Wisdom.View" in step for step in steps) == 1


def test_versions_are_named_as_draft_or_published() -> None:
    alert = told(OPENED, INSUFFICIENT, qualifiers=(DRAFT, LATEST, "3"))

    assert (
        "Affects: $SAVED (draft), $LATEST (published), 3 (published)"
        in render(alert, "en").bodies["email"]
    )


def test_many_flows_are_counted() -> None:
    flows = {LATEST: tuple(f"flow {number}" for number in range(30)), DRAFT: ("Trial",)}
    alert = told(OPENED, INSUFFICIENT, qualifiers=(DRAFT, LATEST, "3"), flows=flows)

    assert (
        "Affects: $SAVED (draft, LIVE in flow Trial), "
        "$LATEST (published, LIVE in flow flow 0, flow 1, flow 2 +27), 3 (published)"
        in render(alert, "en").bodies["email"]
    )
    machine = json.loads(render(alert, "en").bodies["default"])
    assert len(machine["agent"]["flows"][LATEST]) == 20


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name, alert in ALERTS.items():
        for language in LANGUAGES:
            golden(name, language).write_text(readable(alert, language), encoding="utf-8")
