"""Child processes that are certain to end, and waiting that can be cancelled."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from toolgrant_local.errors import LocalError, StopRequestedError

_GRACE_SECONDS = 5.0
_POLL_SECONDS = 0.05


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
    """A program in a process group of its own, so that its children end with it. All that it says
    goes to the file `log`."""

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        cwd: Path,
        log: Path,
    ) -> None:
        self.name = Path(command[0]).name
        self._log = log
        with log.open("wb") as said:
            self._process = subprocess.Popen(
                command,
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def exit_code(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._process.poll()

    def said(self) -> str:
        """All that it has written."""
        return self._log.read_text(errors="replace")

    def stop(self) -> None:
        """End it and all its children: by SIGTERM, after a grace period by SIGKILL."""
        self._signal_group(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_SECONDS)
        self._signal_group(signal.SIGKILL)  # also what is left of its children
        self._process.wait()

    def _signal_group(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def run(child: Child, stop: StopSignal | None, timeout: float) -> None:
    """Wait for a program to succeed; if it does not, the error shows all that it said. Whatever
    happens, it does not outlive this call."""
    try:
        wait_until(lambda: child.exit_code() is not None, timeout, f"{child.name} to end", stop)
    except StopRequestedError:
        raise
    except LocalError as error:
        raise LocalError(f"{error}\n{child.said()}") from None
    finally:
        child.stop()
    if child.exit_code() != 0:
        raise LocalError(f"{child.name} failed with exit code {child.exit_code()}:\n{child.said()}")


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
