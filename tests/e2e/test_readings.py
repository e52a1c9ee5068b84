"""The deployed stack under every reading of bare ids, summaries and `$LATEST` (record 39).

One reading is that of public sources by which a bare id means the newest number, ListAIAgents
included: a sweep that takes its summaries for drafts then resolves what the draft lacks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.e2e.conftest import RETRIEVE, Admin, tool

pytestmark = pytest.mark.stack
COMPLETE = tool("Complete", None, "RETURN_TO_CONTROL")


@dataclass(frozen=True)
class Readings:
    """Settings of the emulator of these names."""

    agent_summaries: str
    summaries_say_qualifier: bool
    latest_agent: str

    def __str__(self) -> str:
        said = "said" if self.summaries_say_qualifier else "unsaid"
        return f"{self.agent_summaries}-{said}-latest-is-{self.latest_agent}"


EVERY = [
    Readings("$SAVED", True, "number"),
    Readings("$SAVED", False, "draft"),
    Readings("$LATEST", True, "draft"),
    Readings("$LATEST", False, "published"),
    Readings("newest-number", True, "published"),
    Readings("newest-number", False, "number"),
]
"""Each summary with and without its qualifier, and each `$LATEST` with two of them."""


@pytest.fixture(params=EVERY, ids=str)
def readings(admin: Admin, request: pytest.FixtureRequest) -> Iterator[Readings]:
    chosen: Readings = request.param
    admin.stack.wait_idle()
    for name, value in vars(chosen).items():
        setattr(admin.stack.emulator.settings, name, value)
    admin.stack.emulator.settings.bare_agent_id = chosen.agent_summaries
    yield chosen
    admin.stack.wait_idle()
    admin.stack.emulator.reset_settings()


@pytest.mark.usefixtures("readings")
def test_no_sweep_resolves_what_the_draft_still_lacks(admin: Admin) -> None:
    agent, held = admin.agent(COMPLETE), admin.profile()
    admin.qconnect.create_ai_agent_version(
        assistantId=admin.assistant, aiAgentId=agent["aiAgentId"]
    )
    for qualifier in ("", ":1", ":$LATEST", ":$SAVED"):
        admin.attach(agent, held, qualifier)
    admin.silence(agent)

    admin.save(agent, COMPLETE, RETRIEVE)
    opened = admin.alert(agent)
    assert (opened["status"], opened["agent"]["qualifiers"]) == ("opened", ["$SAVED"])
    for _ in range(2):
        admin.stack.sweep()
        admin.silence(agent)

    admin.grant(held, Permissions=["Wisdom.View"])
    assert admin.alert(agent)["status"] == "resolved"
    admin.silence(agent)


def test_a_sweep_judges_the_qualifiers_that_an_event_does(admin: Admin, readings: Readings) -> None:
    """An AI agent without numbers runs as `$LATEST`, or has none."""
    agent = admin.agent(RETRIEVE)
    judged = ["$LATEST", "$SAVED"] if readings.latest_agent == "draft" else ["$SAVED"]
    assert admin.alert(agent)["agent"]["qualifiers"] == judged

    admin.stack.sweep()

    admin.silence(agent)
