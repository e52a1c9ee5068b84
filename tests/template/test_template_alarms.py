"""Alarms: what they watch, and that somebody is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_lambda_powertools import Logger, Metrics
from tests.template.reading import Tree, of_type, ref

from toolgrant.adapters.observability import PowertoolsJournal

VISIBLE = "ApproximateNumberOfMessagesVisible"
AGE = "ApproximateAgeOfOldestMessage"
DEAD_LETTER_QUEUES = (
    "ChangeDeadLetterQueue",
    "EventDeadLetterQueue",
    "SweepDeadLetterQueue",
    "FixDeadLetterQueue",
)
FUNCTIONS = ("EvaluateFunction", "SweepFunction", "RemediateFunction", "OperateFunction")
ONE_DAY = 24 * 3600


@pytest.fixture
def alarms(template: Tree) -> dict[str, Tree]:
    return of_type(template, "AWS::CloudWatch::Alarm")


def watching(alarms: dict[str, Tree], metric: str, value: Any) -> Tree:
    (found,) = (
        alarm
        for alarm in alarms.values()
        if alarm["MetricName"] == metric and alarm["Dimensions"][0]["Value"] == value
    )
    return found


def queue_name(queue: str) -> Tree:
    return {"Fn::GetAtt": [queue, "QueueName"]}


def test_every_alarm_rings_on_the_alerts_topic(alarms: dict[str, Tree]) -> None:
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == [ref("AlertsTopic")]


def test_an_alarm_says_ok_only_where_it_cannot_be_ok_for_lack_of_data(
    alarms: dict[str, Tree],
) -> None:
    """CloudWatch acts on OK also when a new alarm leaves INSUFFICIENT_DATA. Where missing data
    count as fine, that says nothing, and each alarm of a new deployment would mail it."""
    for name, alarm in alarms.items():
        told = alarm.get("OKActions", [])
        missing = alarm["TreatMissingData"]
        assert told == ([ref("AlertsTopic")] if missing == "breaching" else []), name


def test_every_alarm_says_what_it_means_and_what_to_do_first(alarms: dict[str, Tree]) -> None:
    for alarm in alarms.values():
        meaning, _, action = alarm["AlarmDescription"].partition("First ")
        assert len(meaning) > 30
        assert len(action) > 20
        assert len(alarm["AlarmDescription"]) <= 1024


def test_no_alarm_counts_sent_messages_which_misses_redrives(alarms: dict[str, Tree]) -> None:
    assert {a["MetricName"] for a in alarms.values() if a["Namespace"] == "AWS/SQS"} == {
        VISIBLE,
        AGE,
    }


@pytest.mark.parametrize("queue", DEAD_LETTER_QUEUES)
def test_one_dead_letter_is_enough(alarms: dict[str, Tree], queue: str) -> None:
    alarm = watching(alarms, VISIBLE, queue_name(queue))
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert alarm["Threshold"] == 0
    assert alarm["EvaluationPeriods"] == 1


@pytest.mark.parametrize("queue", DEAD_LETTER_QUEUES)
def test_a_forgotten_dead_letter_rings_again_well_before_it_is_lost(
    template: Tree, alarms: dict[str, Tree], queue: str
) -> None:
    kept = template["Resources"][queue]["Properties"]["MessageRetentionPeriod"]
    assert watching(alarms, AGE, queue_name(queue))["Threshold"] <= kept / 2


def test_no_dead_letter_queue_function_or_work_queue_is_left_unwatched(template: Tree) -> None:
    queues = of_type(template, "AWS::SQS::Queue")
    redrive = (queue["RedrivePolicy"] for queue in queues.values() if "RedrivePolicy" in queue)
    targets = {policy["deadLetterTargetArn"]["Fn::GetAtt"][0] for policy in redrive}
    assert targets < set(DEAD_LETTER_QUEUES)
    assert set(queues) == {*DEAD_LETTER_QUEUES, "ChangeQueue", "FixQueue"}
    assert set(of_type(template, "AWS::Serverless::Function")) == set(FUNCTIONS)


def test_an_alarm_exists_exactly_where_what_it_watches_does(template: Tree) -> None:
    resources = template["Resources"]
    for alarm in of_type(template, "AWS::CloudWatch::Alarm"):
        watched = resources[alarm]["Properties"]["Dimensions"][0]["Value"]
        if isinstance(watched, dict):
            ((_, name),) = watched.items()
            name = name if isinstance(name, str) else name[0]
            if name != "AWS::StackName":
                assert resources[alarm].get("Condition") == resources[name].get("Condition"), alarm


def test_stuck_fixes_ring_after_one_failed_attempt_but_before_the_last(
    template: Tree, alarms: dict[str, Tree]
) -> None:
    alarm = watching(alarms, AGE, queue_name("FixQueue"))
    queue = template["Resources"]["FixQueue"]["Properties"]
    attempts = queue["RedrivePolicy"]["maxReceiveCount"]
    assert queue["VisibilityTimeout"] < alarm["Threshold"]
    assert alarm["Threshold"] <= attempts * queue["VisibilityTimeout"]


def test_stuck_work_rings(template: Tree, alarms: dict[str, Tree]) -> None:
    alarm = watching(alarms, AGE, queue_name("ChangeQueue"))
    longest_wait = template["Parameters"]["ChangeDelaySeconds"]["MaxValue"]
    assert longest_wait < alarm["Threshold"] <= 3600


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_functions_are_watched(alarms: dict[str, Tree], function: str, metric: str) -> None:
    alarm = watching(alarms, metric, ref(function))
    assert (alarm["Namespace"], alarm["Statistic"]) == ("AWS/Lambda", "Sum")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
    assert alarm["TreatMissingData"] == "notBreaching"


def test_refused_catalog_rows_ring(alarms: dict[str, Tree]) -> None:
    alarm = watching(alarms, "CatalogOverridesRefused", ref("AWS::StackName"))
    assert alarm["Namespace"] == "toolgrant"
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)


def test_a_missed_sweep_rings_after_two_intervals(alarms: dict[str, Tree]) -> None:
    alarm = watching(alarms, "SweepFinished", ref("AWS::StackName"))
    assert alarm["Namespace"] == "toolgrant"
    assert alarm["Period"] == 2 * 3600
    assert alarm["EvaluationPeriods"] == ref("SweepIntervalHours")
    assert alarm["TreatMissingData"] == "breaching"
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)


@pytest.mark.parametrize("function", ["EvaluateFunction", "RemediateFunction"])
def test_a_loop_that_lambda_cut_rings(alarms: dict[str, Tree], function: str) -> None:
    """These two send to the queue that feeds them, which must not be stopped."""
    alarm = watching(alarms, "RecursiveInvocationsDropped", ref(function))
    assert (alarm["Namespace"], alarm["Statistic"]) == ("AWS/Lambda", "Sum")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)


def test_own_metrics_are_written_with_the_dimensions_that_their_alarms_watch(
    template: Tree,
    alarms: dict[str, Tree],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As two stacks of one account print them: neither may hide what the other lacks."""
    told = template["Globals"]["Function"]["Environment"]["Variables"]
    own = [alarm for alarm in alarms.values() if alarm["Namespace"] == "toolgrant"]
    seen = []
    for stack in ("one", "two"):
        for name in ("POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"):
            monkeypatch.setenv(name, filled(told[name], stack))
        journal = PowertoolsJournal(Logger(), Metrics())
        for alarm in own:
            journal.count(alarm["MetricName"])
        journal.flush()
        printed = json.loads(capsys.readouterr().out)
        (directive,) = printed["_aws"]["CloudWatchMetrics"]
        (names,) = directive["Dimensions"]
        assert directive["Namespace"] == "toolgrant"
        for alarm in own:
            watched = {d["Name"]: filled(d["Value"], stack) for d in alarm["Dimensions"]}
            assert watched == {name: printed[name] for name in names}
            seen.append(watched)
    assert len(own) == 2
    assert seen[:2] != seen[2:]


def filled(value: Any, stack: str) -> str:
    """A value of the template in a stack of that name."""
    return stack if value == ref("AWS::StackName") else str(value)


def test_alarms_look_back_no_further_than_cloudwatch_allows(
    template: Tree, alarms: dict[str, Tree]
) -> None:
    longest = template["Parameters"]["SweepIntervalHours"]["MaxValue"]
    for alarm in alarms.values():
        periods = alarm["EvaluationPeriods"]
        assert alarm["Period"] * (periods if isinstance(periods, int) else longest) <= ONE_DAY
