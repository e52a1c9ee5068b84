"""Whatever bare ids, summaries and `$LATEST` without a number mean: findings say what is so.

After every sweep and every event the open finding names exactly the qualifiers that the service
really runs without their grant: none is resolved unread, none is called SUFFICIENT wrongly.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes import ESCALATE, EVERY_READING, RETRIEVE, Readings, World
from tests.strategies import SOME

from toolgrant.domain.model import DRAFT, LATEST
from toolgrant.errors import NotFound

VIEW = "permission:Wisdom.View"
FINDING = "insufficient Retrieve"
EVERYWHERE = (DRAFT, LATEST, "1", "2", "3")


class Truth:
    """One AI agent that people edit, beside what a sweep or an event makes of it."""

    def __init__(self, readings: Readings) -> None:
        self.world = World(timedelta(), readings)
        self.world.profile("Agents", VIEW)
        self.numbers = 0
        self.save(needs_grant=False)

    def save(self, needs_grant: bool) -> None:
        self.world.agent(*([RETRIEVE] if needs_grant else [ESCALATE]))

    def publish(self, live: bool) -> None:
        self.numbers += 1
        self.world.publish(self.numbers, live=live)

    def use(self, *qualifiers: str) -> None:
        self.world.make_live(*qualifiers)

    def attach(self, on: str, held: bool) -> None:
        self.world.attach(*(["Agents"] if held else []), on=(on,))

    def sweep(self) -> None:
        self.world.clock.advance(1)
        self.world.sweep()
        self.world.drain()

    def event(self) -> None:
        self.world.clock.advance(5)
        self.world.look()

    @property
    def judged(self) -> dict[str, bool]:
        """Qualifier → whether its tool lacks its grant, as the service would run it."""
        cloud, key = self.world.cloud, self.world.key()
        live = cloud.live[key.assistant_id].get(key.ai_agent_id, frozenset())
        versions = {q: cloud.version(key, q) for q in {DRAFT, LATEST, *live}}
        return {
            q: RETRIEVE in agent.tools and not cloud.attached.get(f"{self.world.arn()}:{q}")
            for q, agent in versions.items()
            if agent
        }

    def check(self) -> None:
        broken = {qualifier for qualifier, lacks in self.judged.items() if lacks}
        finding = self.world.findings().get(FINDING)
        told = set(finding.qualifiers) if finding and finding.state == "open" else set()
        assert told == broken
        verdicts = self.world.journal.decisions[-1]["verdicts"]
        assert {one["qualifier"] for one in verdicts} == set(self.judged)
        for one in verdicts:
            sufficient = all(tool["verdict"] == "SUFFICIENT" for tool in one["tools"])
            assert sufficient is not self.judged[one["qualifier"]], one["qualifier"]


@pytest.mark.parametrize("readings", EVERY_READING, ids=str)
def test_a_sweep_does_not_resolve_what_the_draft_still_lacks(readings: Readings) -> None:
    truth = Truth(readings)
    truth.publish(live=True)
    for qualifier in EVERYWHERE:
        truth.attach(qualifier, held=False)
    truth.save(needs_grant=True)
    truth.event()
    truth.check()

    for _ in range(2):
        truth.sweep()
        truth.check()

    assert truth.world.told == ["opened Retrieve"]


@pytest.mark.parametrize("readings", EVERY_READING, ids=str)
def test_what_events_and_sweeps_say_is_the_same(readings: Readings) -> None:
    """Nobody is told anything when a sweep looks at what an event has just looked at."""
    truth = Truth(readings)
    truth.save(needs_grant=True)
    truth.publish(live=False)
    truth.save(needs_grant=False)
    truth.event()
    before = list(truth.world.told)

    truth.sweep()

    truth.check()
    assert truth.world.told == before


@pytest.mark.parametrize("readings", EVERY_READING, ids=str)
def test_an_agent_without_numbers_is_judged_as_latest_where_it_runs_as_such(
    readings: Readings,
) -> None:
    truth = Truth(readings)
    truth.use(LATEST)
    truth.save(needs_grant=True)
    truth.attach(DRAFT, held=True)

    truth.sweep()

    truth.check()
    assert ("opened Retrieve" in truth.world.told) is (readings.latest != "number")


@pytest.mark.parametrize("readings", EVERY_READING, ids=str)
def test_an_agent_that_shows_no_draft_is_not_gone(readings: Readings) -> None:
    """As of a SYSTEM agent: whether those have a `$SAVED` is not known."""
    world = World(timedelta(), readings)
    key = world.agent(RETRIEVE, origin="SYSTEM")
    world.publish(1, live=False)
    world.make_live(LATEST)

    def on_call(name: str, arguments: tuple[object, ...]) -> None:
        if name == "agents.get" and arguments == (key, DRAFT):
            raise NotFound("qconnect get_ai_agent: ResourceNotFoundException")

    world.sweep()
    if not (readings.says_so and readings.described == "draft"):
        world.calls.on_call = on_call
    world.drain()

    assert world.states() == {FINDING: "open"}
    assert LATEST in world.findings()[FINDING].qualifiers


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("save"), st.booleans()),
        st.tuples(st.just("publish"), st.booleans()),
        st.tuples(st.just("use"), st.sampled_from(EVERYWHERE)),
        st.tuples(st.just("attach"), st.sampled_from(EVERYWHERE), st.booleans()),
        st.tuples(st.just("look"), st.sampled_from(["sweep", "event"])),
    ),
    max_size=12,
)


@settings(SOME)
@given(readings=st.sampled_from(EVERY_READING), steps=STEPS)
def test_findings_are_true_after_any_edits(
    readings: Readings, steps: list[tuple[str, str | bool] | tuple[str, str, bool]]
) -> None:
    truth = Truth(readings)
    for name, *arguments in [*steps, ("look", "sweep")]:
        if name == "look":
            getattr(truth, str(arguments[0]))()
            truth.check()
        else:
            getattr(truth, name)(*arguments)
