"""What the functions print: one JSON line per decision, and metrics that CloudWatch can read."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from aws_lambda_powertools import Logger, Metrics

from toolgrant.adapters.observability import PowertoolsJournal

Lines = Callable[[], list[str]]


@pytest.fixture
def log() -> io.StringIO:
    """Stands for the function's standard output."""
    return io.StringIO()


@pytest.fixture
def lines(log: io.StringIO, capsys: pytest.CaptureFixture[str]) -> Lines:
    """`lines()`: what was printed since the last time it was asked for."""

    def take() -> list[str]:
        printed = log.getvalue() + capsys.readouterr().out
        log.seek(0)
        log.truncate()
        return [line for line in printed.split("\n") if line]

    return take


@pytest.fixture
def journal(log: io.StringIO) -> PowertoolsJournal:
    logger = Logger(service=f"toolgrant-{uuid.uuid4()}", level="INFO", stream=log)
    return PowertoolsJournal(logger, Metrics(namespace="toolgrant", service="toolgrant"))


RECORD = {
    "schema": "toolgrant/audit/1",
    "outcome": "evaluated",
    "cause": {"actor": {"name": "multi\nline \u2028 name"}},
    "verdicts": [{"tools": [{"toolName": "道具", "missing": ["permission:Wisdom.View"]}]}],
}


def test_a_decision_is_exactly_one_json_line(journal: PowertoolsJournal, lines: Lines) -> None:
    journal.decision(RECORD)
    (line,) = lines()
    printed = json.loads(line)
    assert printed["audit"] == RECORD
    assert (printed["level"], printed["message"]) == ("INFO", "decision")


def test_the_record_stays_as_it_was(journal: PowertoolsJournal) -> None:
    before = json.dumps(RECORD)
    journal.decision(RECORD)
    assert json.dumps(RECORD) == before


@pytest.mark.parametrize(("kind", "level"), [("note", "INFO"), ("failure", "ERROR")])
def test_notes_and_failures_are_json_lines_of_their_level(
    journal: PowertoolsJournal, lines: Lines, kind: str, level: str
) -> None:
    getattr(journal, kind)("throttled", aiAgentId="a", delay=1.5)
    (line,) = lines()
    printed = json.loads(line)
    assert printed["level"] == level
    assert (printed["message"], printed["aiAgentId"], printed["delay"]) == ("throttled", "a", 1.5)


def metrics_of(line: str) -> dict[str, Any]:
    """An EMF line as CloudWatch reads it: metric name → value."""
    printed = json.loads(line)
    (directive,) = printed["_aws"]["CloudWatchMetrics"]
    assert isinstance(printed["_aws"]["Timestamp"], int)
    assert directive["Namespace"] == "toolgrant"
    assert directive["Dimensions"] == [["service"]]
    assert printed["service"] == "toolgrant"
    assert {metric["Unit"] for metric in directive["Metrics"]} == {"Count"}
    return {metric["Name"]: printed[metric["Name"]] for metric in directive["Metrics"]}


def total(value: float | list[float]) -> float:
    return sum(value) if isinstance(value, list) else value


def test_counts_are_added_up_until_they_are_written(
    journal: PowertoolsJournal, lines: Lines
) -> None:
    journal.count("Evaluations")
    journal.count("Evaluations")
    journal.count("InsufficientTools", 0)
    journal.count("ToolsEvaluated", 7)
    assert lines() == []
    journal.flush()
    (line,) = lines()
    assert {name: total(value) for name, value in metrics_of(line).items()} == {
        "Evaluations": 2,
        "InsufficientTools": 0,
        "ToolsEvaluated": 7,
    }


def test_nothing_counted_writes_nothing(journal: PowertoolsJournal, lines: Lines) -> None:
    journal.flush()
    assert lines() == []


def test_a_second_batch_starts_from_nothing(journal: PowertoolsJournal, lines: Lines) -> None:
    for value in (5, 1):
        journal.count("Skipped", value)
        journal.flush()
    assert [total(metrics_of(line)["Skipped"]) for line in lines()] == [5, 1]


def test_many_counts_of_a_large_batch_stay_readable(
    journal: PowertoolsJournal, lines: Lines
) -> None:
    """EMF takes at most 100 values of a metric and 100 metrics in one document."""
    for _ in range(250):
        journal.count("ToolsEvaluated", 2)
    journal.flush()
    documents = [metrics_of(line) for line in lines()]
    assert sum(total(document["ToolsEvaluated"]) for document in documents) == 500
    assert all(len(document["ToolsEvaluated"]) <= 100 for document in documents)
