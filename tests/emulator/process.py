"""The emulator as a process of its own, and the AWS CLI against it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
AWS = Path(sys.executable).parent / "aws"


@dataclass
class Process:
    """A running ``python -m connect_emulator`` and the line that it printed."""

    child: subprocess.Popen[str]
    line: dict[str, Any]

    def control(self, method: str, name: str, document: Any = None) -> Any:
        data = None if document is None else json.dumps(document).encode()
        url = f"{self.line['connectUrl']}/_emulator/{name}"
        request = urllib.request.Request(url, data, method=method)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
            return json.load(response)

    def aws(self, service: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the AWS CLI against the emulator, away from any configuration of the machine."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.devnull,
            "AWS_ACCESS_KEY_ID": "AKIACLI",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        command = [str(AWS), service, *arguments, "--output", "json"]
        endpoint = ["--endpoint-url", self.line[f"{service}Url"]]
        return subprocess.run(
            [*command, *endpoint],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def aws_json(self, service: str, *arguments: str) -> Any:
        done = self.aws(service, *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None


def start(*arguments: str) -> Process:
    child = subprocess.Popen(
        [sys.executable, "-m", "connect_emulator", *arguments],
        cwd=ROOT / "local",
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    return Process(child, json.loads(child.stdout.readline()))


def stop(process: Process, number: int) -> float:
    started = time.monotonic()
    process.child.send_signal(number)
    try:
        assert process.child.wait(timeout=15) == 0
    finally:
        process.child.kill()
        process.child.wait()
        assert process.child.stdout is not None
        process.child.stdout.close()
    return time.monotonic() - started
