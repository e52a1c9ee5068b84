"""The alerts topic: one publish per alert, with a body per protocol."""

from __future__ import annotations

import json
from typing import Any

from toolgrant.adapters.aws import checked, translated
from toolgrant.domain.alerts.render import Rendered


class SNSNotifier:
    """`usecases.ports.Notifier`."""

    def __init__(self, client: Any, topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def publish(self, alert: Rendered) -> None:
        """Publish an alert. Raises Misconfigured for a missing topic, and what else SNS
        refuses or fails at."""
        request = {"TopicArn": self._topic_arn, **publication(alert)}
        with translated("topic publish", own=True):
            self._client.publish(**checked("sns", "publish", request))


def publication(alert: Rendered) -> dict[str, Any]:
    """The parameters of SNS Publish, without the topic."""
    return {
        "Subject": alert.subject,
        "Message": json.dumps(dict(alert.bodies)),
        "MessageStructure": "json",
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value}
            for name, value in alert.attributes.items()
            if value
        },
    }
