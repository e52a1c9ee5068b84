"""`toolgrant demo`: the whole story on the local AWS, told as a timeline.

For each scene: what the admin did → the CloudTrail events → the verdicts (from the function's audit
record) → the alert as it arrived in an SQS queue subscribed to the alerts topic. The demo succeeds
only if each expected alert really arrived, and no other.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from toolgrant_local.errors import LocalError
from toolgrant_local.processes import wait_until
from toolgrant_local.scenes import SCENES, Expected, Scene
from toolgrant_local.scenes_fix import FIX_SCENES, PARAMETERS
from toolgrant_local.stack import LocalStack
from toolgrant_local.story import Stage

ALERT_WITHIN = 60.0
Alert = Mapping[str, Any]


class DemoFailed(Exception):
    """What did not happen as told."""


def run_demo(out: TextIO, err: TextIO) -> int:
    """Deploy, play every scene, tear down. 0 if every alert came as expected."""
    try:
        print("Deploying template.yaml to the local AWS …", file=out, flush=True)
        began = time.monotonic()
        with LocalStack(output=err) as stack:
            print(f"Deployed in {time.monotonic() - began:.0f} s.\n", file=out, flush=True)
            stage = Stage(stack)
            for number, scene in enumerate(SCENES, start=1):
                _play(number, scene, stage, out)
            print("The same stack is deployed again, with Mode=fix …\n", file=out, flush=True)
            stack.reconfigure(PARAMETERS)
            for number, scene in enumerate(FIX_SCENES, start=len(SCENES) + 1):
                _play(number, scene, stage, out)
    except (DemoFailed, LocalError) as error:
        print(f"\nThe demo failed: {error}", file=out, flush=True)
        return 1
    count = sum(len(scene.expected) for scene in (*SCENES, *FIX_SCENES))
    print(f"All {count} alerts arrived as expected, and no other.", file=out, flush=True)
    return 0


def _play(number: int, scene: Scene, stage: Stage, out: TextIO) -> None:
    print(f"━━ {number}. {scene.title}", file=out, flush=True)
    timeline = Timeline(out)
    known = len(stage.stack.emulator.records)
    scene.act(stage)
    for action in stage.done:
        timeline.line("admin", action)
    stage.done.clear()
    for record in stage.stack.emulator.records[known:]:
        timeline.line("event", f"{record['eventSource']} {record['eventName']}")
    inbox = Inbox(stage.stack)
    for expected in scene.expected:
        alert = inbox.next_alert()
        arrived = timeline.elapsed()
        timeline.verdicts(_audit_of(stage.stack, alert["alertId"]))
        timeline.alert(alert, arrived)
        stage.ids |= {"alert": alert["alertId"], "change": alert["changeId"] or ""}
        _check(expected, alert, stage.ids)
    stage.stack.wait_idle()
    inbox.expect_nothing()
    print(file=out, flush=True)


class Inbox:
    """Alerts in the order in which they came. Delivery is at least once: an alert that comes again
    with the same alertId is the same alert."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self._waiting: list[Alert] = []
        self._seen: set[str] = set()

    def next_alert(self) -> Alert:
        """Wait for the next alert."""
        wait_until(self._look, ALERT_WITHIN, "the alert")
        return self._waiting.pop(0)

    def expect_nothing(self) -> None:
        """No alert may be left."""
        if self._look():
            raise DemoFailed(f"an alert too many: {self._waiting[0]}")

    def _look(self) -> bool:
        for body in self._stack.drain_inbox():
            envelope = json.loads(body)
            alert = {**json.loads(envelope["Message"]), "subject": envelope.get("Subject")}
            if "AlarmName" in alert:  # the alarm of missed sweeps rings until the first one
                continue
            if alert["alertId"] not in self._seen:
                self._seen.add(alert["alertId"])
                self._waiting.append(alert)
        return bool(self._waiting)


def _audit_of(stack: LocalStack, alert_id: str) -> Mapping[str, Any]:
    """The audit record of the decision behind an alert. Logs may arrive after the alert."""
    found: list[Mapping[str, Any]] = []

    def look() -> bool:
        lines = (line for line in stack.logs("EvaluateFunction") if alert_id in line)
        audits = (json.loads(line).get("audit") for line in lines if line.startswith("{"))
        found.extend(audit for audit in audits if audit and audit.get("alertId") == alert_id)
        return bool(found)

    wait_until(look, ALERT_WITHIN, f"the audit record of alert {alert_id}")
    return found[0]


def _check(expected: Expected, alert: Alert, ids: Mapping[str, str]) -> None:
    found = {_subject(finding): json.dumps(finding) for finding in alert["findings"]}
    if alert["status"] != expected.status or set(found) != set(expected.findings):
        raise DemoFailed(f"expected {expected}, received {alert}")
    for tool, text in expected.findings.items():
        if text.format_map(ids) not in found[tool]:
            raise DemoFailed(f"the alert does not say {text} of {tool}")
    if expected.flow not in json.dumps(alert["agent"].get("flows", {})):
        raise DemoFailed(f"the alert does not say that it is live in flow {expected.flow}")


def _subject(finding: Mapping[str, Any]) -> str:
    gap = finding["kind"] == "association-gap"
    return "security profile" if gap else str(finding["toolName"])


class Timeline:
    """Prints lines with the seconds since the admin began to act."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._began = time.monotonic()

    def elapsed(self) -> float:
        """Seconds since the scene began."""
        return time.monotonic() - self._began

    def line(self, who: str, what: str, at: float | None = None) -> None:
        """`  +0.1 s  admin    UpdateAIAgent …`."""
        when = f"+{self.elapsed() if at is None else at:.1f} s"
        print(f"  {when:>7}  {who:<8} {what}", file=self._out, flush=True)

    def more(self, what: str) -> None:
        """A continuation line."""
        print(f"  {'':>7}  {'':<8} {what}", file=self._out, flush=True)

    def verdicts(self, audit: Mapping[str, Any]) -> None:
        """The verdict table of one evaluation; a refused save has none."""
        if not audit.get("verdicts"):
            return
        rows = [
            (version["qualifier"], tool["toolName"], tool["verdict"], ", ".join(tool["missing"]))
            for version in audit["verdicts"]
            for tool in version["tools"]
        ]
        self.line("verdicts", _aligned(("qualifier", "tool", "verdict", "missing"), rows)[0])
        for row in _aligned(("qualifier", "tool", "verdict", "missing"), rows)[1:]:
            self.more(row)

    def alert(self, alert: Alert, arrived: float) -> None:
        """The alert as received."""
        self.line("alert", f"{alert['severity']} {alert['status']}: {alert['subject']}", arrived)
        for version, flows in alert["agent"].get("flows", {}).items():
            self.more(f"· version {version} is LIVE in flow {', '.join(flows)}")
        for finding in alert["findings"]:
            grants = finding["missing"] or finding["granted"]
            lack = "missing" if finding["missing"] else "granted" if grants else ""
            told = f"{finding['status']} {finding['toolName']} {finding['verdict']}"
            self.more(f"· {told}  {lack} {', '.join(grants)}".rstrip())
            if finding["status"] not in ("resolved", "fixed") and finding["consolePath"]:
                self.more(f"    click: {finding['consolePath']['en']}")
            for note in finding["advisories"]:
                self.more(f"    note: {note}")


def _aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    table = [head, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    return ["  ".join(f"{c:<{w}}" for c, w in zip(r, widths, strict=True)).rstrip() for r in table]
