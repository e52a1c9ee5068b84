"""Children end whatever happens; waiting ends when it should."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from toolgrant_local.errors import LocalError, StopRequestedError
from toolgrant_local.processes import Child, StopSignal, free_port, run, wait_until

# A child that starts a grandchild, says its id, and would sleep for long.
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
"""


@pytest.fixture
def stop() -> Iterator[StopSignal]:
    stop = StopSignal()
    yield stop
    stop.close()


def start(tmp_path: Path, code: str) -> Child:
    return Child([sys.executable, "-c", code], dict(os.environ), tmp_path, tmp_path / "log")


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_stopping_a_child_ends_its_children_too(tmp_path: Path) -> None:
    child = start(tmp_path, PARENT)
    wait_until(lambda: child.said().strip().isdigit(), 60, "the grandchild")
    grandchild = int(child.said())
    assert alive(grandchild)
    child.stop()
    wait_until(lambda: not alive(grandchild), 60, "the grandchild to end")
    assert child.exit_code() == -signal.SIGTERM


def test_a_stubborn_child_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolgrant_local.processes._GRACE_SECONDS", 0.2)
    child = start(tmp_path, STUBBORN)
    wait_until(lambda: "ready" in child.said(), 60, "the child")
    child.stop()
    assert child.exit_code() == -signal.SIGKILL


def test_stopping_twice_is_fine(tmp_path: Path) -> None:
    child = start(tmp_path, "pass")
    child.stop()
    child.stop()


def test_output_goes_to_the_log_and_nowhere_else(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run(start(tmp_path, "print('hello')"), None, 10)
    assert (tmp_path / "log").read_text() == "hello\n"
    assert capfd.readouterr() == ("", "")


def test_a_child_has_no_stdin(tmp_path: Path) -> None:
    run(start(tmp_path, "import sys; assert sys.stdin.read() == ''"), None, 10)


def test_a_failure_shows_what_the_program_said(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"exit code 3:\n(.|\n)*no such template"):
        run(start(tmp_path, "print('no such template'); raise SystemExit(3)"), None, 10)


def test_a_failure_shows_every_line(tmp_path: Path) -> None:
    code = "[print('line', n) for n in range(300)]; raise SystemExit(1)"
    with pytest.raises(LocalError) as failed:
        run(start(tmp_path, code), None, 10)
    assert [line for line in str(failed.value).splitlines() if line.startswith("line")] == [
        f"line {n}" for n in range(300)
    ]


def test_a_program_that_takes_too_long_is_ended_and_shown(tmp_path: Path) -> None:
    child = start(tmp_path, "import time; print('on its way', flush=True); time.sleep(60)")
    wait_until(lambda: "way" in child.said(), 60, "the child")
    with pytest.raises(LocalError, match=r"in vain(.|\n)*on its way"):
        run(child, None, 0.3)
    assert child.exit_code() == -signal.SIGTERM


def test_a_stop_ends_the_program_that_is_waited_for(tmp_path: Path, stop: StopSignal) -> None:
    child = start(tmp_path, "import time; time.sleep(60)")
    stop.set()
    with pytest.raises(StopRequestedError):
        run(child, stop, 30)
    assert child.exit_code() == -signal.SIGTERM


def test_waiting_ends_when_the_condition_holds(stop: StopSignal) -> None:
    answers = iter([False, False, True])
    wait_until(lambda: next(answers), 60, "the third answer", stop)


def test_waiting_names_what_did_not_come() -> None:
    with pytest.raises(LocalError, match=r"0\.1 s in vain for Godot"):
        wait_until(lambda: False, 0.1, "Godot")


def test_a_stop_may_be_asked_for_in_a_signal_handler_and_twice(stop: StopSignal) -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: stop.set())
    try:
        signal.raise_signal(signal.SIGUSR1)
        signal.raise_signal(signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert stop.wait(0)


def test_no_stop_is_no_stop(stop: StopSignal) -> None:
    began = time.monotonic()
    assert not stop.wait(0.05)
    assert time.monotonic() - began >= 0.04


def test_a_free_port_can_be_bound() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", free_port()))
