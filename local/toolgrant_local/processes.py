"""Child processes that are certain to end, and waiting that can be cancelled."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from toolgrant_local.errors import LocalError, StopRequestedError

_GRACE_SECONDS = 5.0
_POLL_SECONDS = 0.05
_TAIL_LINES = 40


class StopSignal:
    """A flag that a signal handler may set at any moment, and that wakes whoever waits for it.

    A pipe, because `threading.Event.set` can deadlock when a handler interrupts a wait.
    """

    def __init__(self) -> None:
        self._read, self._write = os.pipe()

    def set(self) -> None:
        """Ask to stop. Safe in a signal handler, and more than once."""
        os.write(self._write, b"x")

    def wait(self, timeout: float | None) -> bool:
        """Whether a stop is asked for, waiting at most `timeout` seconds for it."""
        return bool(select.select([self._read], [], [], timeout)[0])

    def close(self) -> None:
        """Give the pipe back."""
        os.close(self._read)
        os.close(self._write)


class Child:
    """A program in a process group of its own, so that its children end with it."""

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        cwd: Path,
        log: Path,
        output: TextIO | None = None,
    ) -> None:
        self.name = Path(command[0]).name
        self._log = log
        self._log.touch()
        self._process = subprocess.Popen(
            command,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._pump = threading.Thread(target=self._copy, args=(output,), name=f"{self.name}-output")
        self._pump.start()

    def exit_code(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._process.poll()

    def tail(self) -> str:
        """The last lines it has written."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])

    def stop(self) -> None:
        """End it and all its children: by SIGTERM, after a grace period by SIGKILL."""
        self._signal_group(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_SECONDS)
        self._signal_group(signal.SIGKILL)  # also what is left of its children
        self._process.wait()
        self._pump.join(_GRACE_SECONDS)

    def _signal_group(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _copy(self, output: TextIO | None) -> None:
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        with self._process.stdout as lines, self._log.open("w") as log:
            for line in lines:
                log.write(line)
                log.flush()
                if output:
                    output.write(line)
                    output.flush()


def run(child: Child, stop: StopSignal | None, timeout: float) -> None:
    """Wait for a program to succeed. Whatever happens, it does not outlive this call."""
    try:
        wait_until(lambda: child.exit_code() is not None, timeout, f"{child.name} to end", stop)
    finally:
        child.stop()
    if child.exit_code() != 0:
        raise LocalError(f"{child.name} failed with exit code {child.exit_code()}:\n{child.tail()}")


def wait_until(
    condition: Callable[[], bool], timeout: float, what: str, stop: StopSignal | None = None
) -> None:
    """Poll until `condition` holds. Raises LocalError if it does not in time or on a stop."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise LocalError(f"Waited {timeout:g} s in vain for {what}.")
        if stop is None:
            time.sleep(_POLL_SECONDS)
        elif stop.wait(_POLL_SECONDS):
            raise StopRequestedError(f"Stopped while waiting for {what}.")


def free_port() -> int:
    """A TCP port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
