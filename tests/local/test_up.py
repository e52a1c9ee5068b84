"""`toolgrant local up` as a person or a script runs it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest

from toolgrant_local.processes import wait_until

pytestmark = pytest.mark.stack

PROGRAM = """
import sys
from toolgrant_local import run_up
sys.exit(run_up(sys.argv[1], sys.stdout, sys.stderr, iam=sys.argv[2] == "iam"))
"""
KEYS = {
    "accountId",
    "appintegrationsEndpoint",
    "assistantId",
    "awsEndpoint",
    "caBundle",
    "cloudtrailEndpoint",
    "connectEndpoint",
    "inbox",
    "instanceId",
    "qconnectEndpoint",
    "region",
    "stackName",
}
OF_MODES_THAT_WRITE = {"emergencyStop", "fixQueue", "operateFunction", "remediateFunction"}
Up = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    """Starts the command with its own temporary folder; kills what a failed test leaves."""
    started: list[subprocess.Popen[str]] = []

    def start(
        stdin: int | None = subprocess.DEVNULL, mode: str = "warn", iam: str = "no iam"
    ) -> subprocess.Popen[str]:
        close_stdin = (lambda: os.close(0)) if stdin is None else None
        with (tmp_path / "stderr").open("w") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, mode, iam],
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
                preexec_fn=close_stdin,  # noqa: PLW1509 - no threads here
            )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def left_over(folder: Path) -> list[str]:
    """Processes whose command or environment names the folder, and what is left in it."""
    files = [str(path) for path in folder.glob("toolgrant-*")]
    return files + [str(pid) for pid in Path("/proc").iterdir() if _names(pid, folder)]


def _names(process: Path, folder: Path) -> bool:
    if not re.fullmatch(r"\d+", process.name) or process.name == str(os.getpid()):
        return False
    try:
        return str(folder).encode() in (process / "environ").read_bytes()
    except OSError:
        return False


def end(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, float, str]:
    """Exit code, seconds it took, and what else it wrote to stdout."""
    began = time.monotonic()
    process.send_signal(number)
    assert process.stdout is not None
    rest = process.stdout.read()
    return process.wait(30), time.monotonic() - began, rest


@pytest.mark.parametrize(
    ("number", "stdin", "mode", "credentials"),
    [
        (signal.SIGINT, subprocess.DEVNULL, "warn", "any"),
        (signal.SIGTERM, None, "fix", "local"),
    ],
)
def test_it_says_where_it_is_and_ends_cleanly(
    up: Up,
    tmp_path: Path,
    number: signal.Signals,
    stdin: int | None,
    mode: str,
    credentials: str,
) -> None:
    process = up(stdin, mode, "iam" if credentials == "local" else "no iam")
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    assert set(told) >= KEYS | OF_MODES_THAT_WRITE
    assert {told[name] is None for name in OF_MODES_THAT_WRITE} == {mode == "warn"}
    sqs = boto3.client(
        "sqs",
        endpoint_url=told["awsEndpoint"],
        region_name=told["region"],
        aws_access_key_id=credentials,
        aws_secret_access_key=credentials,
        verify=told["caBundle"],
    )
    assert "Messages" not in sqs.receive_message(QueueUrl=told["inbox"])
    sqs.close()
    code, seconds, rest = end(process, number)
    assert (code, rest) == (0, "")
    assert seconds < 15
    assert (tmp_path / "stderr").read_text().splitlines() == [
        "Deploying template.yaml to the local AWS …",
        "Ready. Ctrl-C ends it.",
        "Stopping.",
    ]
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("sign", ["toolgrant-*/ministack.log", "toolgrant-*/sam-deploy.log"])
def test_it_can_be_stopped_while_it_starts(up: Up, tmp_path: Path, sign: str) -> None:
    process = up()
    wait_until(lambda: any(tmp_path.glob(sign)), 60, sign)
    code, seconds, rest = end(process, signal.SIGTERM)
    assert (code, rest) == (0, "")
    assert seconds < 15
    assert left_over(tmp_path) == []
