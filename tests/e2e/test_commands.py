"""`toolgrant local up` and `toolgrant demo` as a stranger runs them, with nothing but boto3."""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest

pytestmark = pytest.mark.stack
TOOLGRANT = str(Path(sys.executable).parent / "toolgrant")
START_WITHIN, ALERT_WITHIN, STOP_WITHIN = 120.0, 90.0, 15.0


def environment(tmp_path: Path) -> dict[str, str]:
    """Somebody's shell, whose own AWS settings lead nowhere."""
    nowhere = {
        "AWS_ACCESS_KEY_ID": "AKIAREALLYPRODUCTION",
        "AWS_SECRET_ACCESS_KEY": "do-not-use",
        "AWS_PROFILE": "production",
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "TMPDIR": str(tmp_path),
    }
    return {**os.environ, **nowhere}


def left_over(tmp_path: Path) -> list[str]:
    """Processes that were started below the folder and are still there, and files in it."""
    mark = str(tmp_path).encode()
    processes = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or process.name == str(os.getpid()):
            continue
        try:
            if mark in (process / "environ").read_bytes():
                processes.append((process / "cmdline").read_bytes().decode(errors="replace"))
        except OSError:
            continue
    return processes + [path.name for path in tmp_path.glob("toolgrant-*")]


def listening(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((str(parts.hostname), parts.port or 80)) == 0


@dataclass
class Client:
    """Plain boto3 against what `local up` printed."""

    told: Mapping[str, Any]

    def __post_init__(self) -> None:
        session: Any = boto3.session.Session(
            aws_access_key_id="any", aws_secret_access_key="any", region_name=self.told["region"]
        )
        self.connect = session.client("connect", endpoint_url=self.told["connectEndpoint"])
        self.qconnect = session.client("qconnect", endpoint_url=self.told["qconnectEndpoint"])
        self.sqs = session.client("sqs", endpoint_url=self.told["awsEndpoint"])

    def close(self) -> None:
        for client in (self.connect, self.qconnect, self.sqs):
            client.close()

    def save(self, agent_id: str, configuration: Mapping[str, Any]) -> None:
        self.qconnect.update_ai_agent(
            assistantId=self.told["assistantId"],
            aiAgentId=agent_id,
            visibilityStatus="SAVED",
            configuration=configuration,
        )

    def update(self, profile_id: str, **fields: Any) -> None:
        self.connect.update_security_profile(
            InstanceId=self.told["instanceId"], SecurityProfileId=profile_id, **fields
        )

    def create_profile(self, name: str, **fields: Any) -> str:
        created = self.connect.create_security_profile(
            InstanceId=self.told["instanceId"], SecurityProfileName=name, **fields
        )
        return str(created["SecurityProfileId"])

    def attach(self, entity_arn: str, profile_id: str) -> None:
        self.connect.associate_security_profiles(
            InstanceId=self.told["instanceId"],
            SecurityProfiles=[{"Id": profile_id}],
            EntityType="AI_AGENT",
            EntityArn=entity_arn,
        )

    def alert(self, within: float = ALERT_WITHIN) -> dict[str, Any] | None:
        """The next alert in the inbox, or None."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            answer = self.sqs.receive_message(QueueUrl=self.told["inbox"], WaitTimeSeconds=1)
            for message in answer.get("Messages", []):
                self.sqs.delete_message(
                    QueueUrl=self.told["inbox"], ReceiptHandle=message["ReceiptHandle"]
                )
                return dict(json.loads(json.loads(message["Body"])["Message"]))
        return None

    def told_of(self, status: str, *tools: str) -> dict[str, Any]:
        """The next alert, which must be about these tools."""
        alert = self.alert()
        assert alert is not None, f"no alert within {ALERT_WITHIN:g} s"
        assert alert["schema"] == "toolgrant/alert/1"
        assert alert["status"] == status
        assert sorted(finding["toolName"] for finding in alert["findings"]) == sorted(tools)
        return alert


@pytest.fixture
def up(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The running command."""
    with (tmp_path / "stderr").open("w") as stderr:
        process = subprocess.Popen(
            [TOOLGRANT, "local", "up"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=environment(tmp_path),
            cwd=tmp_path,
        )
    yield process
    if process.poll() is None:  # a failed test: let it clean up, but not for ever
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    assert process.stdout is not None
    process.stdout.close()


def first_line(process: subprocess.Popen[str], within: float) -> str:
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        assert selector.select(within), f"nothing on stdout within {within:g} s"
    return process.stdout.readline()


def test_local_up_is_all_that_a_stranger_needs(up: subprocess.Popen[str], tmp_path: Path) -> None:
    told = json.loads(first_line(up, START_WITHIN))
    client = Client(told)
    try:
        play(client)
    finally:
        client.close()
    began = time.monotonic()
    up.send_signal(signal.SIGINT)
    assert up.stdout is not None
    rest = up.stdout.read()
    assert up.wait(60) == 0
    assert time.monotonic() - began < STOP_WITHIN
    assert rest == "", "stdout carries one line and nothing else"
    assert left_over(tmp_path) == []
    urls = [told[name] for name in ("awsEndpoint", "connectEndpoint", "qconnectEndpoint")]
    assert [url for url in urls if listening(url)] == []


def play(client: Client) -> None:
    """The loop of design: missing, granted, unchanged, missing again."""
    told = client.told
    assert client.alert(within=1) is None, "the inbox is empty at the start"
    tools = [
        {
            "toolName": "FindAnswers",
            "toolType": "MODEL_CONTEXT_PROTOCOL",
            "toolId": "aws_service__qconnect_Retrieve",
        }
    ]
    configuration = {
        "orchestrationAIAgentConfiguration": {
            "orchestrationAIPromptId": "5b0f1d7e-0000-4000-8000-0000000000aa",
            "toolConfigurations": tools,
        }
    }
    agent = client.qconnect.create_ai_agent(
        assistantId=told["assistantId"],
        name="agent of a stranger",
        type="ORCHESTRATION",
        visibilityStatus="SAVED",
        configuration=configuration,
    )["aiAgent"]
    profile_id = client.create_profile("profile of a stranger")
    client.attach(f"{agent['aiAgentArn']}:$SAVED", profile_id)
    opened = client.told_of("opened", "FindAnswers")
    (finding,) = opened["findings"]
    assert finding["missing"] == ["permission:Wisdom.View"]
    assert finding["toolId"] == "aws_service__qconnect_Retrieve"
    assert opened["instanceId"] == told["instanceId"]
    assert opened["agent"]["aiAgentId"] == agent["aiAgentId"]

    client.update(profile_id, Permissions=["Wisdom.View"])
    (finding,) = client.told_of("resolved", "FindAnswers")["findings"]
    assert finding["granted"] == ["permission:Wisdom.View"]

    client.save(agent["aiAgentId"], configuration)
    client.update(profile_id, Description="only words")
    other = client.create_profile("changes nothing", Permissions=["BasicAgentAccess"])
    client.attach(f"{agent['aiAgentArn']}:$SAVED", other)
    assert client.alert(within=6) is None

    client.update(profile_id, Permissions=["BasicAgentAccess"])
    reopened = client.told_of("reopened", "FindAnswers")
    assert reopened["findings"][0]["findingId"] == opened["findings"][0]["findingId"]
    assert len({opened["alertId"], reopened["alertId"]}) == 2


def test_the_demo_tells_the_whole_story_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done = subprocess.run(
        [TOOLGRANT, "demo"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        env=environment(tmp_path),
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    for words in (
        "GenerateNotes",
        "Retrieve",
        "permission:Wisdom.View",
        "INSUFFICIENT",
        "UNKNOWN",
        "click: ",
        "Security profiles",
        "UpdateSecurityProfile",
        "DisassociateSecurityProfiles",
        "resolved",
        "reopened",
    ):
        assert words in done.stdout, words
    assert "alerts arrived as expected" in done.stdout.splitlines()[-1]
    assert left_over(tmp_path) == []
