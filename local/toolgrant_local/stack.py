"""Everything at once: emulator, ministack, the deployed template, relay, an inbox for alerts."""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from connect_emulator import Emulator, seed, serve
from toolgrant_local.clients import Clients
from toolgrant_local.environment import ACCOUNT_ID, REGION
from toolgrant_local.errors import LocalError
from toolgrant_local.idle import Idle
from toolgrant_local.ministack import Ministack
from toolgrant_local.processes import StopSignal
from toolgrant_local.relay import Relay
from toolgrant_local.roles import StackRoles
from toolgrant_local.sam import Sam

PROJECT = Path(__file__).resolve().parents[2]
SETTLE_TIMEOUT = 120.0
_JUDGED = {False: "off", True: "roles"}

# Change to alert within seconds; the emulator has no quota that anyone else shares.
FAST = {
    "SettleSeconds": "2",
    "ChangeDelaySeconds": "0",
    "BatchingWindowSeconds": "1",
    "RequestsPerSecond": "100",
    "StalenessSeconds": "8",
}


class LocalStack:
    """A context manager: inside, the stack is deployed, its seeded agents are evaluated and the
    inbox is empty.

    `parameters` override FAST and the template's defaults. `output` hears of what goes wrong on
    the way of an event. With `iam` each function may do what its role allows, on the local AWS as
    on the emulator.
    """

    region = REGION
    account_id = ACCOUNT_ID

    def __init__(
        self,
        mode: str = "warn",
        parameters: Mapping[str, str] | None = None,
        stack_name: str = "toolgrant",
        output: TextIO | None = None,
        stop: StopSignal | None = None,
        iam: bool = False,
    ) -> None:
        self.stack_name = stack_name
        self._iam = iam
        self.roles = StackRoles(self.client)
        self.emulator = Emulator(REGION, ACCOUNT_ID, roles=self.roles, iam=_JUDGED[iam])
        self.seed = seed(self.emulator)
        self._parameters = {"Mode": mode, **FAST, **(parameters or {})}
        self._output = output or sys.stderr
        self._stop = stop
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        _require_environments()
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End everything, last started first, and remove all files."""
        self._cleanup.close()

    @property
    def aws_variables(self) -> dict[str, str]:
        """The variables with which a program finds the local AWS."""
        trust = {"AWS_CA_BUNDLE": str(self.ca_bundle)} if self.ca_bundle else {}
        return {"AWS_ENDPOINT_URL": self.aws_endpoint, **trust}

    def client(self, service: str) -> Any:
        """The boto3 client of a service (`sqs`, `connect`, …), usable by several threads."""
        return self._clients.get(service)

    def deploy(
        self, template: Path, stack_name: str, parameters: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Build and deploy a template of the project, or update its stack; the outputs."""
        built = self._sam.build(template)
        self._sam.deploy(built, stack_name, self.aws_variables, parameters or {})
        self.relay.refresh()
        self.roles.refresh()
        outputs = self._read_outputs(stack_name)
        self._let_write(outputs)
        return outputs

    def reconfigure(self, parameters: Mapping[str, str]) -> None:
        """Deploy the stack again with other parameters, and let a full sweep run."""
        self.wait_idle()
        self._parameters |= parameters
        self.outputs = self.deploy(PROJECT / "template.yaml", self.stack_name, self._parameters)
        self._idle = Idle(self.client("sqs"), self.client("dynamodb"), self.relay, self.outputs)
        self.sweep()
        self.wait_idle()

    def sweep(self) -> None:
        """Run the sweep function once and wait for its end."""
        answer = self.client("lambda").invoke(FunctionName=self.outputs["SweepFunctionName"])
        if "FunctionError" in answer:
            raise LocalError(f"The sweep failed: {answer['Payload'].read().decode()}")

    def wait_idle(self, timeout: float = SETTLE_TIMEOUT) -> None:
        """Wait until every change is evaluated and every alert is published."""
        self._idle.wait(timeout, self._stop)

    def drain_inbox(self) -> list[str]:
        """Take all messages out of the inbox; their bodies."""
        return list(iter(self._take_one, None))

    def logs(self, function: str) -> list[str]:
        """The log lines of a function, by its logical id in the template."""
        name = self.resource(function)
        config = self.client("lambda").get_function_configuration(FunctionName=name)
        pages = self.client("logs").get_paginator("filter_log_events")
        found = pages.paginate(logGroupName=config["LoggingConfig"]["LogGroup"])
        return [event["message"] for page in found for event in page["events"]]

    def resource(self, logical_id: str) -> str:
        """The physical id of a resource of the stack."""
        detail = self.client("cloudformation").describe_stack_resource(
            StackName=self.stack_name, LogicalResourceId=logical_id
        )
        return str(detail["StackResourceDetail"]["PhysicalResourceId"])

    def _start(self) -> None:
        self._start_services()
        self.outputs = self.deploy(PROJECT / "template.yaml", self.stack_name, self._parameters)
        self._idle = Idle(self.client("sqs"), self.client("dynamodb"), self.relay, self.outputs)
        self.inbox_url = self._subscribe_inbox("inbox")
        self._settle()

    def _start_services(self) -> None:
        work = Path(self._cleanup.enter_context(tempfile.TemporaryDirectory(prefix="toolgrant-")))
        endpoints = self._serve_emulator()
        program = PROJECT / ".venv-ministack" / "bin" / "ministack"
        ministack = Ministack(program, work, endpoints, self._iam)
        self._cleanup.callback(ministack.stop)
        ministack.wait_healthy(self._stop)
        self.aws_endpoint = ministack.endpoint
        self.ca_bundle = ministack.ca_bundle
        self._sam = Sam(PROJECT, work, self._stop)
        self._connect_relay(endpoints)

    def _serve_emulator(self) -> dict[str, str]:
        server = serve(self.emulator)
        self._cleanup.callback(server.close)
        self.connect_endpoint = server.connect_url
        self.qconnect_endpoint = server.qconnect_url
        self.cloudtrail_endpoint = server.cloudtrail_url
        return {
            "connect": server.connect_url,
            "qconnect": server.qconnect_url,
            "cloudtrail": server.cloudtrail_url,
            "appintegrations": server.connect_url,
        }

    def _connect_relay(self, endpoints: Mapping[str, str]) -> None:
        self._clients = Clients(self.aws_endpoint, endpoints, self.ca_bundle)
        self._cleanup.callback(self._clients.close)
        self.relay = Relay(self.client("events"), self.client("sqs"), self._output)
        self._cleanup.callback(self.relay.close)
        self.emulator.on_record(self.relay.accept)

    def _let_write(self, outputs: Mapping[str, str]) -> None:
        """What an operator does once: without an emergency stop that says `false` nothing is
        written. One that is there stays as it is."""
        name, ssm = outputs.get("EmergencyStopParameter"), self.client("ssm")
        if name:
            with contextlib.suppress(ssm.exceptions.ParameterAlreadyExists):
                ssm.put_parameter(Name=name, Value="false", Type="String")

    def _settle(self) -> None:
        self.sweep()
        self.wait_idle()
        self.drain_inbox()

    def _subscribe_inbox(self, name: str) -> str:
        sqs = self.client("sqs")
        url = str(sqs.create_queue(QueueName=name)["QueueUrl"])
        asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        arn, topic = asked["Attributes"]["QueueArn"], self.outputs["AlertsTopicArn"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": _inbox_policy(arn, topic)})
        self.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return url

    def _take_one(self) -> str | None:
        sqs = self.client("sqs")
        for message in sqs.receive_message(QueueUrl=self.inbox_url).get("Messages", []):
            sqs.delete_message(QueueUrl=self.inbox_url, ReceiptHandle=message["ReceiptHandle"])
            return str(message["Body"])
        return None

    def _read_outputs(self, stack_name: str) -> dict[str, str]:
        stacks = self.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
        return {o["OutputKey"]: o["OutputValue"] for o in stacks[0].get("Outputs", [])}


def _inbox_policy(queue_arn: str, topic_arn: str) -> str:
    """A topic sends to a queue only if the policy of the queue says so."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _require_environments() -> None:
    for program in (".venv/bin/uv", ".venv-sam/bin/sam", ".venv-ministack/bin/ministack"):
        if not (PROJECT / program).exists():
            raise LocalError(f"{program} is missing. Run `make setup` first.")
