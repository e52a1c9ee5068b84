"""What the commands do on AWS, with boto3: `operate.OperateClient` and `operate.Deployed`."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from toolgrant_cli.operate import Unusable

OUTPUT = "OperateFunctionName"
_CONFIG = Config(connect_timeout=5, read_timeout=70, retries={"mode": "standard"})
_ERRORS = (BotoCoreError, ClientError, ValueError)  # ValueError: an endpoint that is no URL


def clients(region: str | None, profile: str | None) -> Callable[[str], Any]:
    """Makes boto3 clients; the environment decides what is None."""

    def client(service: str) -> Any:
        session = boto3.session.Session(region_name=region, profile_name=profile)
        return session.client(service, config=_CONFIG)  # type: ignore[call-overload]

    return client


class DeployedStack:
    """`operate.Deployed` and `operate.OperateClient`. `client` makes the client of a service."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self._client = client

    def where(self) -> str:
        """The account and Region that are talked to; empty if AWS does not say."""
        account, region = self._identity.get("Account"), self._identity.get("Region")
        return f"account {account}, Region {region}" if account else ""

    def caller(self) -> str:
        """The caller's ARN; the login name where AWS does not say."""
        return self._identity.get("Arn") or _login()

    @cached_property
    def _identity(self) -> Mapping[str, str]:
        try:
            sts = self._client("sts")
            return {**sts.get_caller_identity(), "Region": sts.meta.region_name}
        except _ERRORS:
            return {}

    def output(self, stack_name: str, name: str, missing: str) -> str:
        """An output of a stack; `missing` says what it means that there is none."""
        with _named(f"stack {stack_name}"):
            stacks = self._client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
        outputs = {
            output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])
        }
        if name not in outputs:
            raise Unusable(f"stack {stack_name}: no output {name}; {missing}")
        return str(outputs[name])

    def function(self, stack_name: str) -> str:
        """The name of the stack's OperateFunction."""
        return self.output(stack_name, OUTPUT, "is its Mode warn?")

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

    def put(self, parameter: str, text: str) -> str:
        """Store the text of a parameter; the tier that it got. Above 4 KB only the advanced tier
        takes it, which the account's own default may not choose."""
        with _named(f"parameter {parameter}"):
            answer = self._client("ssm").put_parameter(
                Name=parameter,
                Value=text,
                Type="String",
                Tier="Intelligent-Tiering",
                Overwrite=True,
            )
        return str(answer.get("Tier", "Standard"))


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
