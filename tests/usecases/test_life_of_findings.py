"""What people are told, and when, as agents, profiles and attachments change."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.fakes import (
    ASSISTANT,
    ESCALATE,
    GET_ORDER,
    INSTANCE,
    MODULE,
    MYSTERY,
    NOON,
    RETRIEVE,
    UPDATE_CASE,
    Fault,
    World,
    mcp,
    uuid_of,
)

from toolgrant.domain.alerts.render import Rendered
from toolgrant.domain.causes import Cause
from toolgrant.domain.fixing.repair import Repair, Shown
from toolgrant.domain.model import DRAFT, LATEST
from toolgrant.domain.record_budget import BUDGET, size_of
from toolgrant.domain.records import AgentKey, AgentRecord, Edge, EdgeKind
from toolgrant.domain.requests import AgentRequest
from toolgrant.errors import NotFound
from toolgrant.usecases.review import review

ALL = (DRAFT, LATEST, "1")


@pytest.fixture
def world() -> World:
    """An agent that uses Retrieve; its only profile grants nothing."""
    world = World()
    world.agent(RETRIEVE)
    world.profile("Agents")
    world.attach("Agents")
    return world


# --- settling


def test_a_new_problem_is_suspected_first_and_told_once_after_it_settled(world: World) -> None:
    world.handle(world.event())

    assert world.states() == {"insufficient Retrieve": "suspected"}
    assert world.told == []
    assert [waiting.delay for waiting in world.queue.waiting] == [timedelta(seconds=60)]

    world.later(60)
    world.later(600)

    assert world.states() == {"insufficient Retrieve": "open"}
    assert world.told == ["opened Retrieve"]
    assert world.queue.waiting == []


def test_a_problem_that_is_mended_while_it_settles_is_never_told(world: World) -> None:
    world.handle(world.event())
    world.profile("Agents", "permission:Wisdom.View")

    world.later(60)

    assert world.states() == {}
    assert world.told == []


def test_more_events_while_it_settles_ask_for_no_second_look(world: World) -> None:
    for _ in range(5):
        world.handle(world.event())
        world.clock.advance(5)

    assert len(world.queue.waiting) == 1


def test_a_second_problem_while_the_first_settles_gets_its_own_look(world: World) -> None:
    world.handle(world.event())
    world.clock.advance(30)
    world.agent(RETRIEVE, UPDATE_CASE)
    world.handle(world.event())

    world.later(30)
    assert world.told == ["opened Retrieve"]
    world.later(30)
    assert world.told == ["opened Retrieve", "opened UpdateCase"]


def test_a_problem_older_than_the_settle_time_is_told_at_once(world: World) -> None:
    world.handle(world.event(at=NOON - timedelta(seconds=60)))

    assert world.told == ["opened Retrieve"]


def test_an_event_from_the_future_still_settles_by_our_own_clock(world: World) -> None:
    world.handle(world.event(at=NOON + timedelta(days=400)))
    world.later(60)

    assert world.told == ["opened Retrieve"]


def test_a_problem_found_by_the_sweep_is_told_at_once(world: World) -> None:
    world.sweep()
    world.drain()

    assert world.told == ["opened Retrieve"]
    assert world.notifier.alerts[0]["actor"] is None


# --- told once


def test_an_unchanged_problem_is_told_once_however_often_it_is_seen(world: World) -> None:
    for _ in range(5):
        world.look()
        world.sweep()
        world.drain()

    assert world.told == ["opened Retrieve"]
    assert world.journal.decisions[-1]["plan"] == ["StaySilent (no finding changed)"]


def test_attaching_another_useless_profile_is_no_news(world: World) -> None:
    world.look()
    world.profile("Spare", "permission:Cases.View")
    world.attach("Agents", "Spare")

    world.look()

    assert world.told == ["opened Retrieve"]
    assert Edge(EdgeKind.PROFILE, uuid_of("Spare")) in world.store.record(world.key()).edges


def test_what_spreads_is_told_once_and_a_release_after_release_is_not(world: World) -> None:
    """A version that nobody uses lacks its grant; then the draft does too."""
    world.profile("Granting", "permission:Wisdom.View")
    world.publish(1, live=False)
    world.attach("Granting")
    world.look()
    assert world.told == ["opened Retrieve"]
    assert world.findings()["insufficient Retrieve"].qualifiers == (LATEST,)

    world.attach("Agents")  # the draft has lost its profile
    for number in range(2, 5):
        world.look()
        world.sweep()
        world.drain()
        world.publish(number, live=False)

    assert world.told == ["opened Retrieve", "changed Retrieve"]
    assert world.findings()["insufficient Retrieve"].qualifiers == (DRAFT, LATEST)

    world.attach("Granting")  # one qualifier less is no news
    world.look()
    assert world.told == ["opened Retrieve", "changed Retrieve"]


def test_a_tool_that_nobody_knows_is_not_told_of_again_with_each_live_number() -> None:
    world = World()
    world.agent(MYSTERY)
    world.look()
    for number in range(1, 4):
        world.publish(number)
        world.look()

    assert world.told == ["opened Mystery"]


def test_a_problem_that_goes_live_is_told_again_as_changed(world: World) -> None:
    world.look()
    world.publish(1)
    world.attach("Agents", on=ALL)

    world.look()

    assert world.told == ["opened Retrieve", "changed Retrieve"]
    assert [alert["severity"] for alert in world.notifier.alerts] == ["MEDIUM", "HIGH"]


def test_a_smaller_missing_set_is_told_as_changed(world: World) -> None:
    world.agent(UPDATE_CASE)
    world.look()
    world.profile("Agents", "permission:Cases.View")

    world.look()

    assert world.told == ["opened UpdateCase", "changed UpdateCase"]
    assert world.notifier.alerts[1]["findings"][0]["missing"] == ["permission:Cases.Edit"]
    assert world.notifier.alerts[1]["findings"][0]["granted"] == ["permission:Cases.View"]


# --- resolved, and why


def grant(world: World) -> None:
    world.profile("Agents", "permission:Wisdom.View")


def remove_tool(world: World) -> None:
    world.agent(ESCALATE)


def delete_agent(world: World) -> None:
    world.delete_agent()


def replace_by_another_tool_of_the_same_name(world: World) -> None:
    world.agent(mcp("aws_service__connect_DescribeContact", "Retrieve"))
    world.profile("Agents", "permission:BasicAgentAccess")


def replace_by_a_tool_that_nobody_knows(world: World) -> None:
    world.agent(mcp("aws_service__tasks_Mystery", "Retrieve"))


@pytest.mark.parametrize(
    ("mend", "resolution", "granted"),
    [
        (grant, "granted", ["permission:Wisdom.View"]),
        (remove_tool, "tool-removed", []),
        (delete_agent, "agent-deleted", []),
        (replace_by_another_tool_of_the_same_name, "tool-removed", []),
        (replace_by_a_tool_that_nobody_knows, "tool-removed", []),
    ],
)
def test_a_problem_that_is_gone_is_told_with_its_reason(
    world: World, mend: Callable[[World], None], resolution: str, granted: list[str]
) -> None:
    world.look()
    mend(world)

    world.look()

    told = [f for alert in world.notifier.alerts for f in alert["findings"]]
    assert [(f["toolName"], f["status"]) for f in told[:2]] == [
        ("Retrieve", "opened"),
        ("Retrieve", "resolved"),
    ]
    assert told[1]["resolution"] == resolution
    assert told[1]["granted"] == granted
    assert told[1]["findingId"] == told[0]["findingId"]
    assert (told[1]["verdict"] == "SUFFICIENT") == (resolution == "granted")


def test_a_problem_that_comes_back_is_told_as_reopened(world: World) -> None:
    world.look()
    grant(world)
    world.look()
    world.profile("Agents")
    world.look()

    assert world.told == ["opened Retrieve", "resolved Retrieve", "reopened Retrieve"]
    assert len({f["findingId"] for a in world.notifier.alerts for f in a["findings"]}) == 1


def test_an_unknown_tool_that_becomes_known_is_told_as_resolved(world: World) -> None:
    world.agent(MYSTERY)
    world.look()
    world.agent(mcp(RETRIEVE.id, MYSTERY.name))
    grant(world)

    world.look()

    assert world.told == ["opened Mystery", "resolved Mystery"]


def test_tools_without_an_id_are_unknown_and_do_no_harm(world: World) -> None:
    world.agent(mcp(None, "NoId"), ESCALATE)

    world.look()

    assert {name: f.verdict for name, f in world.findings().items()} == {"unknown NoId": "UNKNOWN"}
    assert world.notifier.alerts[0]["findings"][0]["toolId"] is None
    assert world.notifier.alerts[0]["severity"] == "LOW"


def test_an_agent_without_tools_is_fine(world: World) -> None:
    world.agent()

    world.look()

    assert world.outcomes == ["evaluated"]
    assert world.told == []


def test_an_agent_without_profiles_lacks_everything(world: World) -> None:
    world.agent(RETRIEVE, GET_ORDER, MODULE)
    world.attach()

    world.look()

    missing = [finding["missing"] for finding in world.notifier.alerts[0]["findings"]]
    assert missing == [
        ["permission:Wisdom.View"],
        ["mcp:gw-1a2b/orders-api___GetOrder"],
        [f"flow-module:{uuid_of('module')}"],
    ]


def test_a_deleted_profile_that_is_still_attached_grants_nothing(world: World) -> None:
    grant(world)
    world.look()
    assert world.told == []
    del world.cloud.profiles[uuid_of("Agents")]

    world.look()

    assert world.told == ["opened Retrieve"]
    assert uuid_of("Agents") in world.notifier.sent[0].bodies["email"]  # no name to be had


def test_a_deleted_agent_has_no_edges_left_and_stays_quiet(world: World) -> None:
    world.look()
    world.delete_agent()
    world.look()
    world.look()

    record = world.store.record(world.key())
    assert (record.edges, record.qualifiers) == (frozenset(), ())
    assert world.told == ["opened Retrieve", "resolved Retrieve"]


def test_an_agent_that_comes_back_is_judged_anew(world: World) -> None:
    world.look()
    world.delete_agent()
    world.look()
    world.agent(RETRIEVE)
    world.look()

    assert world.told == ["opened Retrieve", "resolved Retrieve", "reopened Retrieve"]


# --- published versions


def test_publishing_and_forgetting_to_associate_is_told_at_its_worst(world: World) -> None:
    grant(world)
    world.publish(1)

    world.look()

    (alert,) = world.notifier.alerts
    assert {(f["kind"], tuple(f["qualifiers"])) for f in alert["findings"]} == {
        ("insufficient", (LATEST, "1")),
        ("association-gap", ("1",)),
    }
    assert (alert["severity"], alert["status"]) == ("HIGH", "opened")
    assert alert["agent"]["qualifiers"] == [LATEST, "1"]


def test_associating_the_published_version_resolves_gap_and_tool(world: World) -> None:
    grant(world)
    world.publish(1)
    world.look()

    world.attach("Agents", on=ALL)
    world.look()

    resolved = {f["kind"]: f["resolution"] for f in world.notifier.alerts[1]["findings"]}
    assert resolved == {"insufficient": "granted", "association-gap": "associated"}


def test_taking_the_profile_off_the_draft_ends_the_gap_without_calling_it_associated(
    world: World,
) -> None:
    world.agent(ESCALATE)
    world.publish(1)
    world.look()
    world.attach()

    world.look()

    (finding,) = world.notifier.alerts[1]["findings"]
    assert (finding["kind"], finding["resolution"]) == ("association-gap", "detached")


def test_a_gap_that_is_closed_says_nothing_of_tools_that_still_lack_a_grant(world: World) -> None:
    world.publish(1)
    world.look()
    world.attach("Agents", on=ALL)

    world.look()

    told = {f["kind"]: f for f in world.notifier.alerts[-1]["findings"]}
    assert told["association-gap"]["resolution"] == "associated"
    assert told["association-gap"]["verdict"] == "INSUFFICIENT"


def test_a_version_that_is_no_longer_used_ends_its_gap(world: World) -> None:
    grant(world)
    world.publish(1)
    world.attach("Agents", on=(DRAFT, LATEST))
    world.look()
    world.make_live()

    world.look()

    resolved = {f["kind"]: f["resolution"] for f in world.notifier.alerts[1]["findings"]}
    assert resolved == {
        "insufficient": "version-deleted",
        "association-gap": "version-deleted",
    }


def test_a_version_that_nobody_uses_has_no_gap(world: World) -> None:
    grant(world)
    world.publish(1, live=False)
    world.attach("Agents", on=(DRAFT, LATEST))

    world.look()

    assert world.told == []


def test_each_version_is_judged_by_its_own_profiles(world: World) -> None:
    grant(world)
    world.publish(1)
    world.profile("Live", "permission:Wisdom.View")
    world.attach("Live", "Agents", on=("1",))
    world.attach(on=(LATEST,))
    world.attach("Agents", on=(DRAFT,))

    world.look()

    (finding,) = world.findings().values()
    assert (finding.qualifiers, finding.severity) == ((LATEST,), "MEDIUM")


def test_a_live_version_that_is_deleted_is_left_out(world: World) -> None:
    grant(world)
    world.make_live("7")

    world.look()

    assert world.told == []
    assert world.store.record(world.key()).qualifiers == (DRAFT,)


# --- none of our business


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"type": "MANUAL_SEARCH"}, "AI agents of type MANUAL_SEARCH have no tools"),
        ({"origin": "SYSTEM"}, "a system AI agent that nothing uses"),
    ],
)
def test_other_agents_are_left_alone_with_a_reason(
    world: World, fields: dict[str, str], reason: str
) -> None:
    world.agent(RETRIEVE, **fields)

    world.look()

    assert world.outcomes == ["not-judged"]
    assert world.reasons == [reason]
    assert world.store.records == {}


def test_a_system_agent_that_an_assistant_uses_is_judged(world: World) -> None:
    world.agent(RETRIEVE, origin="SYSTEM")
    world.make_live(DRAFT)

    world.look()

    assert world.told == ["opened Retrieve"]
    assert world.notifier.alerts[0]["severity"] == "HIGH"


def test_a_system_agent_that_an_assistant_stops_using_is_closed_with_a_reason(
    world: World,
) -> None:
    world.agent(RETRIEVE, origin="SYSTEM")
    world.make_live(DRAFT)
    world.look()
    world.make_live()

    world.look()
    world.look()

    assert world.told == ["opened Retrieve", "resolved Retrieve"]
    assert world.notifier.alerts[1]["findings"][0]["resolution"] == "not-judged"


def test_an_agent_whose_assistant_no_instance_integrates_is_left_alone(world: World) -> None:
    world.cloud.instances.clear()

    world.look()

    assert world.reasons == [f"no Connect instance integrates assistant {ASSISTANT}"]


def test_an_agent_that_is_gone_and_was_never_on_record_is_left_alone(world: World) -> None:
    world.delete_agent()

    world.look()

    assert (world.outcomes, world.reasons) == (["not-judged"], ["the AI agent is gone"])


def test_an_instance_that_goes_away_while_listing_never_looks_like_a_deleted_agent(
    world: World,
) -> None:
    world.look()
    world.store.instances.clear()
    world.calls.faults.append(Fault("profiles.instances", 1, NotFound("no such instance")))

    assert world.handle(world.event()) == {"m0"}
    assert world.states() == {"insufficient Retrieve": "open"}


# --- who and where


def test_an_alert_says_who_where_and_what(world: World) -> None:
    world.look()

    (alert,) = world.notifier.alerts
    assert alert["actor"] == {"type": "AssumedRole", "name": "Admin/ann", "via": "API"}
    assert alert["instanceId"] == INSTANCE
    assert alert["threadId"] == uuid_of("agent")
    assert re.fullmatch("al-[0-9a-z]{10}", alert["alertId"])
    assert "Agents" in world.notifier.sent[0].bodies["email"]


def test_one_alert_tells_of_all_changed_findings_of_one_look(world: World) -> None:
    world.agent(RETRIEVE, UPDATE_CASE)
    world.look()
    world.agent(UPDATE_CASE, MYSTERY)
    world.look()

    assert [len(alert["findings"]) for alert in world.notifier.alerts] == [2, 1, 1]
    assert world.told[2:] == ["resolved Retrieve", "opened Mystery"]


# --- looks that come too early, problems that find no room


@pytest.mark.parametrize("early", [0.005, 30])
def test_a_second_look_that_comes_early_is_not_the_last(world: World, early: float) -> None:
    world.handle(world.event())
    (waiting,) = world.queue.waiting
    world.queue.waiting = [replace(waiting, visible_at=NOON + timedelta(seconds=60 - early))]

    world.later(60 - early)
    world.later(early + 1)

    assert world.states() == {"insufficient Retrieve": "open"}
    assert world.told == ["opened Retrieve"]
    assert world.queue.waiting == []


def test_tools_beyond_three_hundred_are_counted_and_never_told_as_resolved(world: World) -> None:
    tools = [mcp(RETRIEVE.id, f"T{n}") for n in range(301)]
    world.agent(*tools)
    world.look()
    world.agent(tools[300], on="1")
    world.make_live("1")
    world.attach("Agents", on=("1",))
    world.look()

    omitted = [decision.get("problemsOmitted") for decision in world.journal.decisions]
    assert omitted == [1, 1, None, None]
    assert "resolved" not in {told.split()[0] for told in world.told}
    assert set(world.states().values()) == {"open"}
    assert len(world.states()) == 301


def test_sixty_tools_renamed_at_each_of_fourteen_saves_leave_room_in_the_record(
    world: World,
) -> None:
    for save in range(15):
        world.agent(*(mcp(RETRIEVE.id, f"{save}-{n}" + "名" * 4000) for n in range(60)))
        world.look()

    assert size_of(world.store.record(world.key())) <= BUDGET
    states = list(world.states().values())
    assert states.count("open") == 60
    assert 60 < states.count("resolved") < 840


# --- newer wins


def test_an_older_look_never_overwrites_a_newer_one(world: World) -> None:
    deps = world.deps()
    began = world.clock.now()
    world.clock.advance(5)
    grant(world)
    world.handle(world.event())  # the newer look: all is well
    old = AgentRequest(world.key(), Cause("event"))

    assert review(old, deps, began) == "superseded"
    assert world.store.record(world.key()).started_at == began + timedelta(seconds=5)


def test_a_look_that_loses_the_race_reads_the_record_again_and_counts(world: World) -> None:
    key = world.agent(RETRIEVE)
    racing = _RacingStore(world, losses=3)

    world.store.commit = racing.commit  # type: ignore[method-assign]
    assert world.handle(world.event()) == set()

    record = world.store.record(key)
    assert record.version == 4
    assert world.states() == {"insufficient Retrieve": "suspected"}


def test_a_look_that_keeps_losing_is_delivered_again(world: World) -> None:
    racing = _RacingStore(world, losses=99)
    world.store.commit = racing.commit  # type: ignore[method-assign]

    assert world.handle(world.event()) == {"m0"}
    assert racing.losses == 99 - 5


class _RacingStore:
    """Before each commit somebody else commits the record unchanged."""

    def __init__(self, world: World, losses: int) -> None:
        self.store, self.losses = world.store, losses
        self._commit = world.store.commit

    def commit(
        self,
        record: AgentRecord,
        previous: AgentRecord,
        alert: Rendered | None,
        repairs: Sequence[Repair] = (),
        shown: Shown | None = None,
    ) -> None:
        if self.losses:
            self.losses -= 1
            now = self.store.record(record.key)
            self._commit(replace(now, version=now.version + 1), now, None)
        self._commit(record, previous, alert, repairs, shown)


def test_records_of_two_assistants_do_not_mix(world: World) -> None:
    other = AgentKey(uuid_of("other assistant"), world.key().ai_agent_id)

    world.look()

    assert world.store.record(other).version == 0
