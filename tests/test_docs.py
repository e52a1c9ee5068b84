"""The documentation says what is there: commands, parameters, alarms, links and examples."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.template.reading import of_type, read_template

from toolgrant.domain.alerts.alert import Alert, machine_json
from toolgrant.domain.alerts.render import render
from toolgrant.domain.catalog import packaged
from toolgrant.domain.causes import Actor
from toolgrant.domain.findings import Change, Status
from toolgrant.domain.model import (
    Confidence,
    Finding,
    FindingKind,
    FindingState,
    Grant,
    Severity,
    Text,
    Verdict,
)
from toolgrant_cli.main import main, parser

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
ALERTS = DOCS / "alerts.md"
CLI = DOCS / "cli.md"
COST = DOCS / "cost.md"
DECISIONS = DOCS / "decisions"
FIX_MODE = DOCS / "fix-mode.md"
OVERRIDES = DOCS / "catalog-overrides.md"
PARAMETERS = DOCS / "parameters.md"
RUNBOOK = DOCS / "runbook.md"
FOLDERS = (DOCS, ROOT / "events", ROOT / "local")
PAGES = sorted([*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in folder.rglob("*.md"))])
MOST_DECISION_LINES = 40

_FENCE = re.compile(
    r"(?:<!-- (?P<mark>[^\n]+) -->\n)?^ *```(?P<language>\w*)\n(?P<text>.*?)^ *```$", re.M | re.S
)
_COMMAND = re.compile(r"(?:`|\$ |bin/)toolgrant ([a-z]+)")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def links(page: Path) -> Iterator[tuple[str, Path, str]]:
    """Each link of a page that stays in the project: as written, its file, its fragment."""
    for link in _LINK.findall(prose(page)):
        if not link.startswith("https://"):
            name, _, fragment = link.partition("#")
            yield link, (page.parent / name).resolve() if name else page, fragment


def blocks(path: Path, language: str) -> Iterator[tuple[str, str]]:
    """The mark above and the text of each code block in a language."""
    for fence in _FENCE.finditer(read(path)):
        if fence["language"] == language:
            yield fence["mark"] or "", fence["text"]


def marked(path: Path, mark: str) -> str:
    """The one code block below a mark."""
    (text,) = [fence["text"] for fence in _FENCE.finditer(read(path)) if fence["mark"] == mark]
    return text


def prose(path: Path) -> str:
    return _FENCE.sub("", read(path))


def table(path: Path, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, its head left out."""
    section = f"\n{read(path)}".split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def anchors(path: Path) -> set[str]:
    """What a `#fragment` may name."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.M)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def commands_of(text: str) -> list[tuple[str, str]]:
    """`$ command` lines of a console block, each with the output that follows."""
    parts = re.split(r"^\$ ", text, flags=re.M)[1:]
    return [(command, output) for command, _, output in (part.partition("\n") for part in parts)]


# --- commands and targets


def test_make_targets_are_those_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z]+):.*##", read(ROOT / "Makefile"), re.M))
    for page in PAGES:
        named = re.findall(r"(?:^|`)make ([a-z]+)", read(page), re.M)
        assert set(named) <= targets, page
    assert set(re.findall(r"make ([a-z]+)", read(README))) >= targets - {"help"}


def test_what_every_change_has_to_pass_is_what_is_said() -> None:
    steps = re.findall(r"^make .+$", read(ROOT / ".ci" / "run"), re.M)
    said = " and ".join(f"`{step}`" for step in steps)
    assert f"pass `.ci/run`, which runs {said}." in " ".join(read(README).split())


def test_commands_are_those_of_the_parser() -> None:
    (actions,) = [one for one in parser()._actions if one.choices and one.metavar == "COMMAND"]
    choices: Any = actions.choices
    named = {page: set(_COMMAND.findall(read(page))) for page in PAGES}
    assert named[CLI] == set(choices)
    for page, commands in named.items():
        assert commands <= set(choices), page


def offline_commands() -> Iterator[Any]:
    for page in PAGES:
        for _, text in blocks(page, "console"):
            commands = commands_of(text)
            for number, (command, output) in enumerate(commands):
                if command.startswith("toolgrant "):
                    after = commands[number + 1 : number + 2]
                    code = int(after[0][1]) if after and after[0][0] == "echo $?" else None
                    yield pytest.param(command, output, code, id=f"{name_of(page)}: {command}")


@pytest.mark.parametrize(("command", "shown", "code"), list(offline_commands()))
def test_commands_print_what_is_shown(
    command: str,
    shown: str,
    code: int | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A line `…` stands for any lines."""
    monkeypatch.chdir(ROOT)
    returned = main(shlex.split(command)[1:])
    pattern = "".join(
        "(?s:.*)" if line == "…\n" else re.escape(line) for line in shown.splitlines(keepends=True)
    )
    assert re.fullmatch(pattern, capsys.readouterr().out)
    assert code is None or returned == code


# --- the template


def test_parameter_table_equals_the_template() -> None:
    parameters = read_template()["Parameters"]
    shown = {
        name.strip("`"): default.strip("`")
        for name, default, _ in table(PARAMETERS, "# Parameters")
    }
    assert shown == {name: str(one["Default"]) or "(empty)" for name, one in parameters.items()}
    assert [name.strip("`") for name, *_ in table(PARAMETERS, "# Parameters")] == list(parameters)


def test_the_statement_shown_is_that_of_the_template() -> None:
    shown = [
        line.strip() for line in marked(FIX_MODE, "statement: add-missing-grants").splitlines()
    ]
    lines = [line.strip() for line in read(ROOT / "template.yaml").splitlines()]
    start = lines.index(shown[0])
    assert lines[start : start + len(shown)] == shown


def test_parameter_limits_equal_the_template() -> None:
    parameters = read_template()["Parameters"]
    for name, _, meaning in table(PARAMETERS, "# Parameters"):
        one = parameters[name.strip("`")]
        if "MinValue" in one:
            assert f"{one['MinValue']} to {one['MaxValue']}" in meaning


def test_every_alarm_has_a_section_in_the_runbook() -> None:
    alarms = list(of_type(read_template(), "AWS::CloudWatch::Alarm"))
    assert re.findall(r"^### (\w+Alarm)$", read(RUNBOOK), re.M) == alarms
    assert f"{len(alarms)} alarms" in read(COST)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_outputs_and_resources_exist(page: Path) -> None:
    template = read_template()
    known = {*template["Outputs"], *template["Resources"], *template["Parameters"]}
    endings = (
        "Url|TopicArn|RuleName|GroupName|TableName|FunctionName|OverridesParameter|Queue|Alarm"
    )
    named = re.findall(rf"`([A-Z][A-Za-z]+(?:{endings}))`", read(page))
    assert set(named) <= known


# --- examples


def test_files_shown_are_the_files() -> None:
    for page in PAGES:
        for mark, text in blocks(page, "json"):
            if mark.startswith("file: "):
                assert text == read(ROOT / mark.removeprefix("file: ")), mark


def test_overrides_shown_are_accepted() -> None:
    for _, text in blocks(OVERRIDES, "json"):
        assert packaged().with_overrides(text).rows


def test_the_alert_shown_follows_the_schema() -> None:
    schema = json.loads(read(ROOT / "docs" / "schemas" / "alert-1.schema.json"))
    jsonschema.validate(json.loads(marked(ALERTS, "alert: machine form")), schema)


def test_the_email_shown_is_that_of_the_alert() -> None:
    data = json.loads(marked(ALERTS, "alert: machine form"))
    alert = alert_of(data)
    assert machine_json(alert) == data
    rendered = render(alert, "en")
    expected = f"Subject: {rendered.subject}\n\n{rendered.bodies['email']}"
    assert marked(README, "alert: e-mail") == expected


def alert_of(data: Any) -> Alert:
    """The alert that `machine_json` wrote, as far as the example needs it."""
    return Alert(
        alert_id=data["alertId"],
        time=datetime.fromisoformat(data["time"]),
        instance_id=data["instanceId"],
        agent_name=data["agent"]["name"],
        agent_arn=data["agent"]["arn"],
        ai_agent_id=data["agent"]["aiAgentId"],
        qualifiers=tuple(data["agent"]["qualifiers"]),
        changes=tuple(Change(Status(one["status"]), finding_of(one)) for one in data["findings"]),
        actor=Actor(**data["actor"]),
        event_name="CreateAIAgent",
        profiles={"1": "AI agents - orders"},
    )


def finding_of(data: Any) -> Finding:
    return Finding(
        id=data["findingId"],
        kind=FindingKind(data["kind"]),
        state=FindingState.OPEN,
        severity=Severity.MEDIUM,
        tool_name=data["toolName"],
        tool_id=data["toolId"],
        tool_type="MODEL_CONTEXT_PROTOCOL",
        verdict=Verdict(data["verdict"]),
        qualifiers=tuple(data["qualifiers"]),
        required=tuple(map(Grant.parse, data["required"])),
        missing=tuple(map(Grant.parse, data["missing"])),
        confidence=Confidence(data["confidence"]),
        advisories=tuple(Text(text, text) for text in data["advisories"]),
        console_path=Text(**data["consolePath"]),
    )


# --- links, decisions


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_resolve(page: Path) -> None:
    for link, target, fragment in links(page):
        assert target.exists(), link
        assert not fragment or fragment in anchors(target), link


@pytest.mark.parametrize("contents", [README, DOCS / "README.md"], ids=name_of)
def test_contents_name_every_page(contents: Path) -> None:
    """The decisions have a list of their own."""
    pages = set(DOCS.rglob("*.md")) - set(DECISIONS.glob("[0-9]*.md"))
    assert pages <= {target for _, target, _ in links(contents)} | {contents}


def test_decisions_are_numbered_short_and_listed() -> None:
    records = sorted(DECISIONS.glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        text = read(path)
        assert text.startswith(f"# {int(path.name[:4])}. "), path.name
        assert re.findall(r"^## (\w+)", text, re.M) == ["Context", "Decision", "Consequences"]
        assert len(text.splitlines()) <= MOST_DECISION_LINES, path.name
        assert f"({path.name})" in read(DECISIONS / "README.md"), path.name
