"""How an order gets to OperateFunction: `operate.OperateClient` with boto3."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from toolgrant_cli.operate import Unusable

OUTPUT = "OperateFunctionName"
_CONFIG = Config(connect_timeout=5, read_timeout=70, retries={"mode": "standard"})
_ERRORS = (BotoCoreError, ClientError, ValueError)  # ValueError: an endpoint that is no URL


def aws_client(service: str) -> Any:
    """A boto3 client with the credentials and the Region of the environment."""
    return boto3.client(service, config=_CONFIG)  # type: ignore[call-overload]


class OperateFunction:
    """`operate.OperateClient`. `client` makes the client of a service."""

    def __init__(self, client: Callable[[str], Any] = aws_client) -> None:
        self._client = client

    def function(self, stack_name: str) -> str:
        """The name of the stack's OperateFunction."""
        with _named(f"stack {stack_name}"):
            stacks = self._client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
        outputs = {
            output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])
        }
        if OUTPUT not in outputs:
            raise Unusable(f"stack {stack_name}: no output {OUTPUT}; is its Mode warn?")
        return str(outputs[OUTPUT])

    def invoke(self, function: str, order: Mapping[str, Any]) -> Mapping[str, Any]:
        """The function's answer to an order."""
        with _named(f"function {function}"):
            answer = self._client("lambda").invoke(
                FunctionName=function, Payload=json.dumps(order).encode()
            )
            result = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise Unusable(f"function {function}: ended with an error; its log says why")
        if not isinstance(result, dict) or "ok" not in result:
            raise Unusable(f"function {function}: takes no orders; expected that of {OUTPUT}")
        return result

    def caller(self) -> str:
        """The caller's ARN; the login name where AWS does not say."""
        try:
            return str(self._client("sts").get_caller_identity()["Arn"])
        except _ERRORS:
            return _login()


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return ""


@contextmanager
def _named(what: str) -> Iterator[None]:
    """Raise errors of the block as Unusable: one line that begins with `what`."""
    try:
        yield
    except _ERRORS as error:
        raise Unusable(f"{what}: {' '.join(str(error).split())}") from None
