"""From a CloudTrail event to evaluate, and from schedule to sweep: nothing is lost on the way."""

from __future__ import annotations

import json
import re

import pytest
from tests.template.reading import PROJECT, Tree, arn, of_type, ref

from toolgrant.adapters.events import DETAIL_TYPE, SOURCES
from toolgrant.adapters.fix_queue import LONGEST_WAIT
from toolgrant.adapters.triggers import TRIGGERS
from toolgrant.usecases.writer.delivery import MOST_ATTEMPTS

QUEUES = (
    "ChangeQueue",
    "ChangeDeadLetterQueue",
    "EventDeadLetterQueue",
    "SweepDeadLetterQueue",
    "FixDeadLetterQueue",
    "FixQueue",
)
DEAD_LETTER_QUEUES = QUEUES[1:5]
WORK_QUEUES = {"ChangeQueue": "ChangeDeadLetterQueue", "FixQueue": "FixDeadLetterQueue"}
TWO_WEEKS = 14 * 24 * 3600


def policy_of(resources: Tree, queue: str) -> list[Tree]:
    policies = of_type({"Resources": resources}, "AWS::SQS::QueuePolicy").values()
    (policy,) = (p for p in policies if p["Queues"] == [ref(queue)])
    return policy["PolicyDocument"]["Statement"]


def test_the_rule_matches_the_services_that_matter(resources: Tree) -> None:
    pattern = resources["ChangeRule"]["Properties"]["EventPattern"]
    assert pattern["source"] == ["aws.connect", "aws.qconnect", "aws.wisdom"]
    assert pattern["detail-type"] == [DETAIL_TYPE]
    assert pattern["detail"]["eventSource"] == list(SOURCES)
    assert set(pattern) == {"source", "detail-type", "detail"}
    assert set(pattern["detail"]) == {"eventSource", "eventName"}


def test_the_rule_matches_exactly_the_calls_that_evaluate_understands(resources: Tree) -> None:
    names = resources["ChangeRule"]["Properties"]["EventPattern"]["detail"]["eventName"]
    assert names == sorted(TRIGGERS)


def test_the_rule_hands_to_the_change_queue_and_keeps_what_it_cannot_hand_over(
    resources: Tree,
) -> None:
    (target,) = resources["ChangeRule"]["Properties"]["Targets"]
    assert target["Arn"] == arn("ChangeQueue")
    assert target["DeadLetterConfig"] == {"Arn": arn("EventDeadLetterQueue")}
    assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0
    assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] >= 60


def test_there_are_no_other_queues(template: Tree) -> None:
    assert set(of_type(template, "AWS::SQS::Queue")) == set(QUEUES)


@pytest.mark.parametrize("queue", QUEUES)
def test_queues_use_sse_sqs_which_eventbridge_can_write_to(resources: Tree, queue: str) -> None:
    properties = resources[queue]["Properties"]
    assert properties["SqsManagedSseEnabled"] is True
    assert "KmsMasterKeyId" not in properties


@pytest.mark.parametrize("queue", QUEUES)
def test_queues_refuse_plain_http(resources: Tree, queue: str) -> None:
    (deny,) = (s for s in policy_of(resources, queue) if s["Effect"] == "Deny")
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert deny["Principal"] == "*"
    assert deny["Resource"] == arn(queue)


@pytest.mark.parametrize("queue", ["ChangeQueue", "EventDeadLetterQueue"])
def test_only_the_rule_may_send_from_outside(resources: Tree, queue: str) -> None:
    (allow,) = (s for s in policy_of(resources, queue) if s["Effect"] == "Allow")
    assert allow["Principal"] == {"Service": "events.amazonaws.com"}
    assert allow["Action"] == "sqs:SendMessage"
    assert allow["Resource"] == arn(queue)
    assert allow["Condition"] == {"ArnEquals": {"aws:SourceArn": arn("ChangeRule")}}


@pytest.mark.parametrize(
    "queue", ["ChangeDeadLetterQueue", "SweepDeadLetterQueue", "FixQueue", "FixDeadLetterQueue"]
)
def test_nobody_outside_may_send_to_the_other_queues(resources: Tree, queue: str) -> None:
    assert [s["Effect"] for s in policy_of(resources, queue)] == ["Deny"]


@pytest.mark.parametrize("queue", DEAD_LETTER_QUEUES)
def test_dead_letters_are_kept_as_long_as_possible(resources: Tree, queue: str) -> None:
    assert resources[queue]["Properties"]["MessageRetentionPeriod"] == TWO_WEEKS


@pytest.mark.parametrize("queue", WORK_QUEUES)
def test_work_gets_five_attempts(resources: Tree, queue: str) -> None:
    assert resources[queue]["Properties"]["RedrivePolicy"] == {
        "deadLetterTargetArn": arn(WORK_QUEUES[queue]),
        "maxReceiveCount": 5,
    }


def test_the_writer_knows_how_many_attempts_a_fix_gets(resources: Tree) -> None:
    """After the last one it tells people; the queue then sets the message aside."""
    policy = resources["FixQueue"]["Properties"]["RedrivePolicy"]
    assert policy["maxReceiveCount"] == MOST_ATTEMPTS


def test_the_delay_of_changes_is_a_parameter(resources: Tree) -> None:
    assert resources["ChangeQueue"]["Properties"]["DelaySeconds"] == ref("ChangeDelaySeconds")


def test_a_change_stays_invisible_for_six_timeouts_and_the_longest_window(template: Tree) -> None:
    visibility = template["Resources"]["ChangeQueue"]["Properties"]["VisibilityTimeout"]
    timeout = template["Resources"]["EvaluateFunction"]["Properties"]["Timeout"]
    assert visibility >= 6 * timeout + template["Parameters"]["BatchingWindowSeconds"]["MaxValue"]


def test_a_fix_stays_invisible_for_six_timeouts(resources: Tree) -> None:
    visibility = resources["FixQueue"]["Properties"]["VisibilityTimeout"]
    assert visibility >= 6 * resources["RemediateFunction"]["Properties"]["Timeout"]


def test_a_fix_that_is_put_off_is_never_out_of_sight_longer_than_one_that_was_lost(
    resources: Tree,
) -> None:
    assert resources["FixQueue"]["Properties"]["VisibilityTimeout"] > LONGEST_WAIT


def test_a_fix_can_be_put_off_until_an_edit_is_old_enough(template: Tree) -> None:
    """The default bound and the first waits fit into one; a longer bound takes several."""
    assert template["Parameters"]["StalenessSeconds"]["Default"] <= LONGEST_WAIT
    longest = template["Parameters"]["StalenessSeconds"]["MaxValue"]
    assert longest <= LONGEST_WAIT * (MOST_ATTEMPTS - 1)


def test_fixes_come_in_the_order_of_their_security_profile(resources: Tree) -> None:
    """A FIFO queue may hand its dead letters only to another one. The sender makes the
    deduplication id, so that a request asked anew is not taken for the old one."""
    for queue in WORK_QUEUES["FixQueue"], "FixQueue":
        properties = resources[queue]["Properties"]
        assert properties["FifoQueue"] is True
        assert "ContentBasedDeduplication" not in properties
    assert "DelaySeconds" not in resources["FixQueue"]["Properties"]


@pytest.mark.parametrize("name", WORK_QUEUES)
def test_work_outlives_its_attempts(resources: Tree, name: str) -> None:
    queue = resources[name]["Properties"]
    attempts = queue["VisibilityTimeout"] * queue["RedrivePolicy"]["maxReceiveCount"]
    assert queue["MessageRetentionPeriod"] > 10 * attempts


def test_evaluate_is_fed_in_batches_two_at_a_time(translated: Tree) -> None:
    mapping = mappings(translated)["EvaluateFunction"]
    assert mapping["EventSourceArn"] == arn("ChangeQueue")
    assert mapping["BatchSize"] >= 10
    assert mapping["MaximumBatchingWindowInSeconds"] == ref("BatchingWindowSeconds")
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}


def test_remediate_is_fed_one_fix_at_a_time(translated: Tree) -> None:
    """One message a batch, which is left in the queue by being told as failed: it comes back when
    the function said, and no failure of the function is counted for it."""
    mapping = mappings(translated)["RemediateFunction"]
    assert mapping["EventSourceArn"] == arn("FixQueue")
    assert mapping["BatchSize"] == 1
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert "MaximumBatchingWindowInSeconds" not in mapping  # FIFO queues know none
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}


def test_nothing_else_is_fed_by_a_queue(translated: Tree) -> None:
    assert set(mappings(translated)) == {"EvaluateFunction", "RemediateFunction"}


@pytest.mark.parametrize("function", ["Evaluate", "Remediate"])
def test_functions_know_how_many_of_them_share_the_ceiling_of_requests(
    translated: Tree, function: str
) -> None:
    most = mappings(translated)[f"{function}Function"]["ScalingConfig"]["MaximumConcurrency"]
    source = (PROJECT / "functions" / function.lower() / "app.py").read_text("utf-8")
    assert re.findall(r"^MAXIMUM_CONCURRENCY = (\d+)$", source, re.M) == [str(most)]
    assert "runtime(MAXIMUM_CONCURRENCY)" in source


def mappings(translated: Tree) -> dict[str, Tree]:
    """Name of the function → what feeds it."""
    every = of_type(translated, "AWS::Lambda::EventSourceMapping").values()
    return {mapping["FunctionName"]["Ref"]: mapping for mapping in every}


def test_whoever_sends_to_its_own_queue_is_not_stopped_as_a_loop(translated: Tree) -> None:
    """Lambda stops a message after some 16 rounds of queue and function unless it is told that they
    are meant; the code bounds them by a count in each message."""
    every = of_type(translated, "AWS::Lambda::Function")
    allowed = {name for name, entry in every.items() if entry.get("RecursiveLoop") == "Allow"}
    assert allowed == set(mappings(translated))


def test_no_function_reserves_concurrency(translated: Tree) -> None:
    for function in of_type(translated, "AWS::Lambda::Function").values():
        assert "ReservedConcurrentExecutions" not in function


def test_the_sweep_is_called_several_times_while_one_is_due(template: Tree) -> None:
    schedule = template["Resources"]["SweepSchedule"]["Properties"]
    shortest = template["Parameters"]["SweepIntervalHours"]["MinValue"] * 60
    assert schedule["ScheduleExpression"] == "rate(15 minutes)"
    assert shortest >= 4 * 15
    assert json.loads(schedule["Target"]["Input"]) == {"trigger": "schedule"}


def test_the_sweep_is_scheduled_and_a_failed_start_is_kept(resources: Tree) -> None:
    schedule = resources["SweepSchedule"]["Properties"]
    target = schedule["Target"]
    assert target["Arn"] == arn("SweepFunction")
    assert target["RoleArn"] == arn("SweepScheduleRole")
    assert target["DeadLetterConfig"] == {"Arn": arn("SweepDeadLetterQueue")}
    assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0
