"""Alerts as they leave: a body per protocol and attributes, received by a real subscription."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.adapters.values import NOON, alert, finding

from toolgrant.adapters.notifier_sns import SNSNotifier, publication
from toolgrant.domain.alerts.alert import Alert
from toolgrant.domain.alerts.render import Rendered, render
from toolgrant.domain.causes import Actor
from toolgrant.domain.findings import Change, Status
from toolgrant.domain.model import Finding, Grant, Text
from toolgrant.domain.texts import LANGUAGES
from toolgrant.errors import Misconfigured, RequestRefused
from toolgrant_local.clients import Clients

MOST_BYTES = 262_144
Receive = Callable[..., dict[str, Any] | None]


def subscribe(aws: Clients, topic_arn: str, queue_url: str, **attributes: str) -> None:
    asked = aws.get("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    aws.get("sns").subscribe(
        TopicArn=topic_arn,
        Protocol="sqs",
        Endpoint=asked["Attributes"]["QueueArn"],
        Attributes=attributes,
    )


@pytest.fixture
def notifier(aws: Clients, topic_arn: str) -> SNSNotifier:
    return SNSNotifier(aws.get("sns"), topic_arn)


def test_a_subscriber_without_a_body_of_its_own_gets_the_machine_form(
    aws: Clients, notifier: SNSNotifier, topic_arn: str, queue_url: str, receive: Receive
) -> None:
    subscribe(aws, topic_arn, queue_url)
    notifier.publish(alert("a-1", '{"schema": "toolgrant/alert/1", "name": "注文"}'))
    received = receive(queue_url)
    assert received is not None
    envelope = json.loads(received["Body"])
    assert json.loads(envelope["Message"]) == {"schema": "toolgrant/alert/1", "name": "注文"}
    assert envelope["Subject"] == "[toolgrant] HIGH: something"
    assert envelope["TopicArn"] == topic_arn
    assert {
        name: attribute["Value"] for name, attribute in envelope["MessageAttributes"].items()
    } == {
        "severity": "HIGH",
        "status": "opened",
        "instanceId": "instance",
    }
    assert receive(queue_url, 0) is None


def test_each_protocol_gets_its_own_body(
    aws: Clients, notifier: SNSNotifier, topic_arn: str, queue_url: str, receive: Receive
) -> None:
    subscribe(aws, topic_arn, queue_url)
    told = alert("a-1")
    notifier.publish(replace(told, bodies={**told.bodies, "sqs": "for queues"}))
    received = receive(queue_url)
    assert received is not None
    assert json.loads(received["Body"])["Message"] == "for queues"


def test_every_body_is_in_the_message() -> None:
    told = alert("a-1")
    sent = publication(told)
    assert sent["MessageStructure"] == "json"
    assert json.loads(sent["Message"]) == dict(told.bodies)


def test_subscribers_can_filter_by_attributes(
    aws: Clients, notifier: SNSNotifier, topic_arn: str, queue_url: str, receive: Receive
) -> None:
    wanted = json.dumps({"severity": ["HIGH", "CRITICAL"]})
    subscribe(aws, topic_arn, queue_url, FilterPolicy=wanted)
    told = alert("a-1")
    low = {**told.attributes, "severity": "LOW"}
    notifier.publish(replace(told, attributes=low, bodies={"default": "low"}))
    notifier.publish(replace(told, bodies={"default": "high"}))
    received = receive(queue_url)
    assert received is not None
    assert json.loads(received["Body"])["Message"] == "high"
    assert receive(queue_url, 1) is None


def test_an_empty_attribute_is_left_out(
    aws: Clients, notifier: SNSNotifier, topic_arn: str, queue_url: str, receive: Receive
) -> None:
    """SNS refuses an attribute without a value."""
    subscribe(aws, topic_arn, queue_url)
    told = alert("a-1")
    notifier.publish(replace(told, attributes={**told.attributes, "instanceId": ""}))
    received = receive(queue_url)
    assert received is not None
    assert set(json.loads(received["Body"])["MessageAttributes"]) == {"severity", "status"}


def test_a_missing_topic_is_a_misconfiguration(aws: Clients, topic_arn: str) -> None:
    notifier = SNSNotifier(aws.get("sns"), f"{topic_arn}-which-nobody-made")
    with pytest.raises(Misconfigured, match=r"^topic publish: NotFound"):
        notifier.publish(alert("a-1"))


def test_a_refused_publish_keeps_its_text_to_itself(notifier: SNSNotifier) -> None:
    secret = "x" * MOST_BYTES
    with pytest.raises(RequestRefused, match=r"^topic publish: InvalidParameter$"):
        notifier.publish(alert("a-1", secret))


# ---------------------------------------------------------------------------------- rendered alerts


def full_alert(count: int, text: str, name: str = "agent") -> Alert:
    """An alert of `count` findings whose every free text is as long as findings allow."""

    def full_finding(number: int) -> Finding:
        long = f"{number:03}{text}"[:300]
        return replace(
            finding(str(number)),
            tool_name=long,
            tool_id=long,
            required=(Grant.parse(f"mcp:{long}"[:300]),),
            missing=(Grant.parse(f"mcp:{long}"[:300]),),
            advisories=(Text(text[:300], text[:300]),),
        )

    return Alert(
        alert_id="a-1",
        time=NOON,
        instance_id="instance",
        agent_name=name,
        agent_arn="arn:aws:wisdom:us-east-1:111122223333:ai-agent/x/y",
        ai_agent_id="y",
        qualifiers=("$SAVED", "3"),
        changes=tuple(Change(Status.OPENED, full_finding(number)) for number in range(count)),
        actor=Actor("AssumedRole", "Operator/someone", "API"),
        event_name="UpdateAIAgent",
        profiles={"profile": "AI agents"},
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", ["x" * 300, "道具" * 150, "\U0001f600" * 300, '"\\' * 150])
@pytest.mark.parametrize("count", [1, 200])
def test_an_alert_of_any_size_can_be_published(
    notifier: SNSNotifier, language: str, text: str, count: int
) -> None:
    rendered = render(full_alert(count, text, name=text), language)
    assert size(rendered) <= MOST_BYTES
    notifier.publish(rendered)


def size(rendered: Rendered) -> int:
    sent = publication(rendered)
    return len(sent["Message"].encode()) + len(sent["Subject"].encode())


@pytest.mark.parametrize("name", ["注文", "line\nbreak", "tab\there", "<!channel>", "", " " * 200])
def test_any_agent_name_makes_a_subject_that_sns_takes(notifier: SNSNotifier, name: str) -> None:
    notifier.publish(render(full_alert(1, "x", name=name), "en"))
