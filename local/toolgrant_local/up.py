"""`toolgrant local up`: start everything, say where it is, run until told to stop."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from toolgrant_local.errors import LocalError, StopRequestedError
from toolgrant_local.processes import StopSignal
from toolgrant_local.stack import LocalStack

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run_up(mode: str, out: TextIO, err: TextIO, iam: bool = False) -> int:
    """Run until SIGINT or SIGTERM. `out` gets one JSON object, `err` all else. The exit code.
    With `iam` roles count, and clients need the local credentials and the certificate.

    Must be called on the main thread, which alone may handle signals.
    """
    print("Deploying template.yaml to the local AWS …", file=err, flush=True)
    try:
        with (
            _stop_on_signals() as stop,
            LocalStack(mode, output=err, stop=stop, iam=iam) as stack,
        ):
            print(json.dumps(describe(stack)), file=out, flush=True)
            print("Ready. Ctrl-C ends it.", file=err, flush=True)
            stop.wait(None)
            print("Stopping.", file=err, flush=True)
    except StopRequestedError:
        return 0
    except LocalError as error:
        print(error, *getattr(error, "__notes__", ()), sep="\n", file=err)
        return 1
    return 0


def describe(stack: LocalStack) -> dict[str, Any]:
    """What a client needs to know of a running stack."""
    return {
        "awsEndpoint": stack.aws_endpoint,
        "caBundle": stack.aws_variables.get("AWS_CA_BUNDLE"),
        "connectEndpoint": stack.connect_endpoint,
        "qconnectEndpoint": stack.qconnect_endpoint,
        "cloudtrailEndpoint": stack.cloudtrail_endpoint,
        "appintegrationsEndpoint": stack.connect_endpoint,
        "region": stack.region,
        "accountId": stack.account_id,
        "stackName": stack.stack_name,
        "instanceId": stack.seed.instance_id,
        "assistantId": stack.seed.assistant_id,
        "agents": stack.seed.system_agents,
        "securityProfiles": stack.seed.profiles,
        "inbox": stack.inbox_url,
        "topicArn": stack.outputs["AlertsTopicArn"],
        "changeQueue": stack.outputs["ChangeQueueUrl"],
        "table": stack.outputs["TableName"],
        "fixQueue": stack.outputs.get("FixQueueUrl"),
        "operateFunction": stack.outputs.get("OperateFunctionName"),
        "remediateFunction": stack.outputs.get("RemediateFunctionName"),
        "emergencyStop": stack.outputs.get("EmergencyStopParameter"),
        "outputs": stack.outputs,
    }


@contextmanager
def _stop_on_signals() -> Iterator[StopSignal]:
    stop = StopSignal()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        stop.close()
