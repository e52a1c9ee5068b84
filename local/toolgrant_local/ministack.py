"""AWS without Connect: ministack, as a child process on a free port.

With `iam` it knows who calls, allows what the caller's policies allow, and speaks TLS, because some
policies ask for it. Else it takes any credentials.
"""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from toolgrant_local.environment import ACCOUNT_ID, REGION, aws_environment
from toolgrant_local.errors import LocalError
from toolgrant_local.processes import Child, StopSignal, free_port, wait_until

_HOST = "127.0.0.1"
_START_SECONDS = 60.0
_ATTEMPTS = 3
_IAM = {"AUTH": "true", "USE_SSL": "1"}


class Ministack:
    """A running ministack. `endpoint` answers once `wait_healthy` has returned.

    `ca_bundle`: the certificate that clients have to trust; None without TLS.
    """

    def __init__(
        self, program: Path, work: Path, endpoints: Mapping[str, str], iam: bool = False
    ) -> None:
        self._program = program
        self._work = work
        self._endpoints = endpoints
        self.ca_bundle = work / "ministack-tls" / "server.crt" if iam else None
        self._start()

    def wait_healthy(self, stop: StopSignal | None) -> None:
        """Wait until it answers. A port that was taken meanwhile is replaced by another."""
        for _ in range(_ATTEMPTS):
            wait_until(self._healthy_or_gone, _START_SECONDS, "ministack to answer", stop)
            if self._child.exit_code() is None:
                return
            self._start()
        raise LocalError(f"ministack does not start:\n{self._child.said()}")

    def stop(self) -> None:
        """End it and the functions it runs."""
        self._child.stop()

    def _start(self) -> None:
        port = free_port()
        self.endpoint = f"{'https' if self.ca_bundle else 'http'}://{_HOST}:{port}"
        env = _environment(self._work, port, self._endpoints) | (_IAM if self.ca_bundle else {})
        self._child = Child([str(self._program)], env, self._work, self._work / "ministack.log")

    def _healthy_or_gone(self) -> bool:
        return self._child.exit_code() is not None or self._answers()

    def _answers(self) -> bool:
        try:
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), *self._tls())
            with opener.open(f"{self.endpoint}/_ministack/health", timeout=2) as response:
                return bool(response.status == 200)
        except (OSError, urllib.error.URLError):
            return False  # the certificate may not be there yet either

    def _tls(self) -> list[urllib.request.HTTPSHandler]:
        if self.ca_bundle is None:
            return []
        trusting = ssl.create_default_context(cafile=str(self.ca_bundle))
        return [urllib.request.HTTPSHandler(context=trusting)]


def _environment(work: Path, port: int, endpoints: Mapping[str, str]) -> dict[str, str]:
    """Functions inherit this environment, and with it the endpoints of the emulated services."""
    return {
        **aws_environment(work),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": _HOST,
        "MINISTACK_HOST": _HOST,
        "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
        "MINISTACK_REGION": REGION,
        "LAMBDA_EXECUTOR": "local",
        "PERSIST_STATE": "0",
        **{f"AWS_ENDPOINT_URL_{service.upper()}": url for service, url in endpoints.items()},
    }
