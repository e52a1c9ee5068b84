"""Live means what contact flows name, too: by events, by the daily reading, and what goes wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.fakes import (
    AI_AGENT_ID,
    ASSISTANT,
    INSTANCE,
    RETRIEVE,
    Crash,
    Fault,
    World,
    content_naming,
    uuid_of,
)

from toolgrant.domain.contact_flows import FlowContent
from toolgrant.domain.model import DRAFT
from toolgrant.errors import (
    AccessDenied,
    InvalidInput,
    OtherSchema,
    RequestRefused,
    ServiceUnavailable,
    Throttled,
)

VIEW = "permission:Wisdom.View"
DAY = timedelta(days=1)


@pytest.fixture
def world() -> World:
    """An AI agent with versions 1 and 2 that have all they need; the assistant names neither."""
    world = World()
    world.store.remember_instances({ASSISTANT: INSTANCE})
    world.agent(RETRIEVE)
    world.profile("p", VIEW)
    for version in (1, 2):
        world.publish(version, live=False)
    world.attach("p", on=(DRAFT, "$LATEST", "1", "2"))
    world.look()
    return world


def tell(world: World, flow: str, name: str = "UpdateContactFlowContent") -> None:
    """An event of a contact flow comes in, and all that follows from it happens."""
    world.queue.put(world.flow_event(flow, name))
    world.drain()
    world.later(world.settle.total_seconds() + 10)


def judged(world: World) -> dict[str, bool]:
    """Qualifier → whether it is live, of the newest evaluation."""
    audit = next(record for record in reversed(world.journal.decisions) if "verdicts" in record)
    return {verdict["qualifier"]: verdict["live"] for verdict in audit["verdicts"]}


def looks(world: World) -> int:
    return world.outcomes.count("evaluated")


# --- by events


def test_a_version_that_a_flow_names_is_judged_as_live(world: World) -> None:
    world.flow("Main IVR", "agent:2")

    tell(world, "Main IVR")

    assert judged(world) == {DRAFT: False, "$LATEST": False, "2": True}
    assert world.on_record() == {"Main IVR": [f"{uuid_of('agent')}:2"]}


def test_what_is_wrong_with_it_is_high_and_the_alert_names_the_flow(world: World) -> None:
    world.flow("Main IVR", "agent:2")
    tell(world, "Main IVR")
    world.attach(on=("2",))

    world.look()

    alert = world.notifier.alerts[-1]
    assert alert["severity"] == "HIGH"
    assert alert["agent"]["qualifiers"] == ["2"]
    assert alert["agent"]["flows"] == {"2": ["Main IVR"]}
    assert "2 (published, LIVE in flow Main IVR)" in world.notifier.sent[-1].bodies["email"]
    assert "LIVE in flow Main IVR" in world.notifier.sent[-1].bodies["https"]


@pytest.mark.parametrize("named", ["agent", "agent:$LATEST"])
def test_without_a_qualifier_a_flow_names_the_latest(world: World, named: str) -> None:
    world.flow("Main IVR", named)

    tell(world, "Main IVR")

    assert judged(world) == {DRAFT: False, "$LATEST": True}


def test_a_flow_may_name_the_draft(world: World) -> None:
    world.flow("Trial", f"agent:{DRAFT}")
    world.attach()

    tell(world, "Trial")

    assert judged(world)[DRAFT]
    assert world.notifier.alerts[-1]["severity"] == "HIGH"
    email = world.notifier.sent[-1].bodies["email"]
    assert "$SAVED (draft, LIVE in flow Trial)" in email


def test_a_mere_id_is_that_of_an_ai_agent_on_record(world: World) -> None:
    world.flow("Main IVR", f"{uuid_of('agent')}:1", key=AI_AGENT_ID)

    tell(world, "Main IVR")

    assert judged(world)["1"]


def test_a_system_ai_agent_that_only_a_flow_names_is_judged(world: World) -> None:
    world.agent(RETRIEVE, name="system", origin="SYSTEM")
    world.publish(1, name="system", live=False)
    world.flow("Main IVR", "system:1")

    tell(world, "Main IVR")

    assert world.notifier.alerts[-1]["agent"]["qualifiers"] == ["$LATEST", "$SAVED", "1"]


def test_those_named_before_and_those_named_now_are_asked_for_once_each(world: World) -> None:
    world.agent(RETRIEVE, name="other")
    world.flow("Main IVR", "agent:1", "agent:2")
    tell(world, "Main IVR")
    world.flow("Main IVR", "agent:2", "other:3")
    world.calls.forget()

    world.handle(world.flow_event("Main IVR"))

    asked = [request.key for request, _ in world.calls.to("queue.send")]
    assert sorted(asked) == sorted([world.key("agent"), world.key("other")])


@pytest.mark.parametrize("end", ["deleted", "unpublished", "names another"])
def test_what_a_flow_no_longer_names_is_no_longer_live(world: World, end: str) -> None:
    key = world.flow("Main IVR", "agent:2")
    world.attach(on=("2",))
    tell(world, "Main IVR")
    assert world.notifier.alerts[-1]["severity"] == "HIGH"

    if end == "deleted":
        world.delete_flow("Main IVR")
    elif end == "unpublished":
        world.flows.published_flows[key] = None
    else:
        world.flow("Main IVR")
    tell(world, "Main IVR", "DeleteContactFlow")

    assert judged(world) == {DRAFT: False, "$LATEST": False}
    assert world.on_record() == {}
    assert {change["status"] for change in world.notifier.alerts[-1]["findings"]} == {"resolved"}


def test_one_look_follows_from_an_event_though_the_ai_agent_was_just_evaluated(
    world: World,
) -> None:
    """The evaluation after the event did not know what the flow names."""
    event = world.flow_event("Main IVR")
    world.clock.advance(300)
    world.look()
    world.flow("Main IVR", "agent:2")

    world.queue.put(event)
    world.drain()
    world.later(10)

    assert judged(world)["2"]


def test_many_events_of_one_flow_are_one_reading(world: World) -> None:
    world.flow("Main IVR", "agent:2")
    world.calls.forget()

    assert world.handle(*[world.flow_event("Main IVR")] * 4) == set()

    assert len(world.calls.to("flows.published")) == 1
    assert len(world.calls.to("queue.send")) == 1


def test_a_flow_that_names_nothing_is_skipped_with_its_reason(world: World) -> None:
    world.flow("Greeting")

    world.handle(world.flow_event("Greeting"))

    assert world.reasons[-1] == f"contact flow {uuid_of('Greeting')} names no AI agent on record"


def test_another_assistant_s_ai_agent_is_another_one(world: World) -> None:
    """Also where its id is the same, as after a copy by hand."""
    key = world.flow("Main IVR", "agent:2")
    named = world.named("agent:2").replace(ASSISTANT, uuid_of("another assistant"))
    world.flows.published_flows[key] = FlowContent("Main IVR", content_naming(named))
    tell(world, "Main IVR")

    world.look()

    assert judged(world) == {DRAFT: False, "$LATEST": False}


def test_a_version_that_does_not_exist_is_told_in_the_audit_record(world: World) -> None:
    world.flow("Main IVR", "agent:9", "agent:2")

    tell(world, "Main IVR")

    assert judged(world) == {DRAFT: False, "$LATEST": False, "2": True}
    audit = world.journal.decisions[-1]
    assert audit["namedNotThere"] == {"9": ["Main IVR"]}
    assert audit["flows"] == {"2": ["Main IVR"], "9": ["Main IVR"]}


def test_what_cannot_be_resolved_is_noted_and_the_rest_counts(world: World) -> None:
    world.flow("Main IVR", "$.Attributes.agent", "agent:2")

    tell(world, "Main IVR")

    assert judged(world)["2"]
    (note,) = [fields for name, fields in world.journal.notes if name == "flow-not-understood"]
    assert "only a contact decides" in str(note["reason"])


def test_content_that_cannot_be_read_changes_nothing(world: World) -> None:
    key = world.flow("Main IVR", "agent:2")
    tell(world, "Main IVR")
    world.flows.published_flows[key] = FlowContent("Main IVR", "not json")

    tell(world, "Main IVR")

    assert world.on_record() == {"Main IVR": [f"{uuid_of('agent')}:2"]}
    assert [name for name, _ in world.journal.notes].count("flow-not-understood") == 1


def test_an_event_without_the_flow_s_id_leads_to_a_reading_of_all(world: World) -> None:
    world.read_flows(DAY)
    world.flow("Main IVR", "agent:2")
    omitted = {"reason": "requestParameters too large", "omitted": True}

    world.handle(world.flow_event("Main IVR", requestParameters=omitted))
    world.clock.advance(60)
    world.read_flows(DAY)
    world.later(70)

    assert judged(world)["2"]
    world.calls.forget()
    world.read_flows(DAY)
    assert world.calls.to("flows.listed") == []


def test_a_hidden_flow_that_is_told_of_while_all_are_read_leads_to_another_reading(
    world: World,
) -> None:
    world.flow("Main IVR", "agent:1")
    world.read_flows(DAY)
    world.clock.advance(DAY.total_seconds())

    def meanwhile(name: str, _arguments: tuple[Any, ...]) -> None:
        if name == "flows.published":  # the list has been read
            world.calls.on_call = lambda *_: None
            world.flow("New", "agent:2")
            world.handle(world.flow_event("New", requestParameters={"omitted": True}))

    world.calls.on_call = meanwhile
    world.read_flows(DAY)
    world.clock.advance(900)
    world.read_flows(DAY)

    assert sorted(world.on_record()) == ["Main IVR", "New"]


@pytest.mark.parametrize("hidden", ["requestParameters too large", ""])
@pytest.mark.parametrize("read", [True, False], ids=["flows are read", "flows are not read"])
def test_ai_agents_that_a_record_names_beside_the_flow_are_looked_at(
    world: World, hidden: str, read: bool
) -> None:
    """A successful write that names an AI agent in any place is never skipped."""
    world.agent(RETRIEVE, name="other")
    world.reads_flows = read
    world.flow("Main IVR")
    named = {
        name: {
            "resources": [{"type": "AWS::Wisdom::AIAgent", "ARN": world.arn(name)}],
            **({"requestParameters": {"omitted": True, "reason": hidden}} if hidden else {}),
        }
        for name in ("agent", "other")
    }
    world.calls.forget()

    events = [world.flow_event("Main IVR", **fields) for fields in named.values()]
    assert world.handle(*events) == set()

    asked = {request.key for request, _ in world.calls.to("queue.send")}
    assert asked == {world.key("agent"), world.key("other")}
    assert "skipped" not in world.outcomes


def test_throttled_readings_come_back_later_and_are_no_failure(world: World) -> None:
    world.flow("Main IVR", "agent:2")
    world.calls.faults = [Fault("flows.published", 1, Throttled("slow down"))]

    assert world.handle(world.flow_event("Main IVR")) == set()
    world.later(15)
    world.later(70)

    assert judged(world)["2"]
    assert world.journal.metrics["Failed"] == 0


def test_a_reading_that_fails_is_delivered_again(world: World) -> None:
    world.flow("Main IVR", "agent:2")
    world.calls.faults = [Fault("flows.published", 1, ServiceUnavailable("down"))]

    assert world.handle(world.flow_event("Main IVR"), world.event()) == {"m0"}


def test_without_time_a_reading_is_put_off(world: World) -> None:
    world.flow("Main IVR", "agent:2")
    world.has_time = lambda: False

    assert world.handle(world.flow_event("Main IVR")) == set()
    assert world.calls.to("flows.published") == []

    world.has_time = lambda: True
    world.drain()
    world.later(70)
    assert judged(world)["2"]


@pytest.mark.parametrize("call", ["queue.send", "flow_table.keep"])
@pytest.mark.parametrize("after", [False, True])
def test_dying_in_between_loses_nobody(world: World, call: str, after: bool) -> None:
    world.flow("Main IVR", "agent:1")
    tell(world, "Main IVR")
    world.flow("Main IVR", "agent:2")
    world.calls.faults = [Fault(call, 1, Crash(), after)]
    world.queue.put(world.flow_event("Main IVR"))

    with pytest.raises(Crash):
        world.deliver()
    for _ in range(12):
        world.later(90)

    assert judged(world) == {DRAFT: False, "$LATEST": False, "2": True}


def test_the_older_of_two_readings_does_not_win(world: World) -> None:
    key = world.flow("Main IVR", "agent:1")

    def meanwhile(name: str, _arguments: tuple[Any, ...]) -> None:
        if name == "flow_table.keep":  # the second reading ends first
            world.calls.on_call = lambda *_: None
            world.clock.advance(1)
            world.flow("Main IVR", "agent:2")
            world.handle(world.flow_event("Main IVR"))

    world.calls.on_call = meanwhile
    world.handle(world.flow_event("Main IVR"))

    assert world.on_record() == {"Main IVR": [f"{uuid_of('agent')}:2"]}
    assert key in world.flow_table.items


# --- by the daily reading


def test_the_sweep_finds_a_flow_that_no_event_told_of(world: World) -> None:
    world.flow("Main IVR", "agent:2")

    world.sweep()
    world.read_flows(DAY)
    world.drain()
    world.later(10)

    assert judged(world)["2"]
    assert world.on_record() == {"Main IVR": [f"{uuid_of('agent')}:2"]}


def test_the_sweep_s_own_messages_judge_what_flows_name(world: World) -> None:
    world.flow("Main IVR", "agent:1")
    world.read_flows()
    world.later(10)
    world.clock.advance(60)
    world.calls.forget()

    world.sweep()
    world.drain()

    assert judged(world) == {DRAFT: False, "$LATEST": False, "1": True}
    assert [qualifier for _, qualifier in world.calls.to("agents.get")] == ["$LATEST", "1"]


def test_a_reading_without_news_asks_for_nobody(world: World) -> None:
    world.flow("Main IVR", "agent:2")
    world.read_flows()
    world.later(10)
    seen = looks(world)

    world.clock.advance(DAY.total_seconds())
    world.read_flows(DAY)
    world.later(10)

    assert looks(world) == seen
    assert len(world.calls.to("flows.published")) == 2


def test_flows_are_read_once_a_day(world: World) -> None:
    world.flow("Main IVR", "agent:2")
    for _ in range(95):  # the schedule calls every 15 minutes
        world.read_flows(DAY)
        world.clock.advance(900)

    assert len(world.calls.to("flows.published")) == 1
    world.clock.advance(900)
    world.read_flows(DAY)
    assert len(world.calls.to("flows.published")) == 2


def test_a_call_by_hand_reads_at_once(world: World) -> None:
    world.flow("Main IVR", "agent:2")
    world.read_flows()
    world.read_flows()

    assert len(world.calls.to("flows.published")) == 2


def test_what_no_list_names_is_forgotten_and_its_ai_agents_are_asked_for(world: World) -> None:
    world.flow("Main IVR", "agent:2")
    world.flow("Night", "agent:1")
    world.read_flows()
    world.later(10)
    assert judged(world)["2"]
    world.delete_flow("Main IVR")

    world.clock.advance(DAY.total_seconds())
    world.read_flows(DAY)
    world.later(10)

    assert judged(world) == {DRAFT: False, "$LATEST": False, "1": True}
    assert list(world.on_record()) == ["Night"]


def test_a_reading_goes_on_where_it_ended(world: World) -> None:
    for number in range(5):
        world.flow(f"flow {number}", f"agent:{number + 1}")
    budget = iter([True] * 3 + [False])

    world.read_flows(DAY, lambda: next(budget))
    read = {key for (key,) in world.calls.to("flows.published")}
    assert len(read) == 2
    world.clock.advance(900)
    world.read_flows(DAY)

    assert len(world.calls.to("flows.listed")) == 1
    assert len(world.calls.to("flows.published")) == 5
    assert len(world.on_record()) == 5
    progress = world.flow_table.progress()
    assert progress
    assert (progress.read, progress.failed) == (5, 0)


def test_throttling_ends_a_run_and_not_the_reading(world: World) -> None:
    for number in range(3):
        world.flow(f"flow {number}", "agent:1")
    world.calls.faults = [Fault("flows.published", 2, Throttled("slow down"))]

    world.read_flows(DAY)
    assert len(world.on_record()) == 1
    world.clock.advance(900)
    world.read_flows(DAY)

    assert len(world.on_record()) == 3


@pytest.mark.parametrize(
    "error", [AccessDenied("no"), RequestRefused("odd"), ServiceUnavailable("down")]
)
def test_a_flow_that_fails_hides_none_and_is_not_forgotten(world: World, error: Exception) -> None:
    world.flow("one", "agent:1")
    world.flow("two", "agent:1")
    world.read_flows()
    world.flow("two", "agent:2")
    world.calls.faults = [Fault("flows.published", 1, error)]

    world.read_flows()

    assert world.on_record() == {
        "one": [f"{uuid_of('agent')}:1"],
        "two": [f"{uuid_of('agent')}:2"],
    }
    (failure,) = [fields for name, fields in world.journal.failures if name == "flow-not-read"]
    assert failure["flowId"] == uuid_of("one")


def test_flows_of_an_instance_that_cannot_be_listed_stay_as_they_are_known(world: World) -> None:
    world.flow("Main IVR", "agent:1")
    world.read_flows()
    world.calls.faults = [Fault("flows.listed", 1, AccessDenied("no"))]

    world.read_flows()

    assert list(world.on_record()) == ["Main IVR"]
    assert [name for name, _ in world.journal.failures] == ["flow-not-read"]


@pytest.mark.parametrize("error", [ServiceUnavailable("down"), InvalidInput("$", "no list")])
def test_an_instance_whose_list_fails_hides_none_behind_it(world: World, error: Exception) -> None:
    world.flow("Main IVR", "agent:1")
    world.read_flows()
    world.calls.faults = [Fault("flows.listed", 1, error)]

    world.read_flows()

    assert list(world.on_record()) == ["Main IVR"]
    assert [name for name, _ in world.journal.failures] == ["flow-not-read"]
    assert world.flow_table.progress().finished_at  # type: ignore[union-attr]


def test_what_an_event_read_meanwhile_is_not_forgotten_at_the_end(world: World) -> None:
    """As of a flow that was archived when they were listed, and put back right after."""
    again, _ = world.flow("Main IVR", "agent:1"), world.flow("Other", "agent:1")
    world.read_flows()
    world.clock.advance(DAY.total_seconds())
    content = world.flows.published_flows.pop(again)

    def meanwhile(name: str, _arguments: tuple[Any, ...]) -> None:
        if name == "flows.published":
            world.calls.on_call = lambda *_: None
            world.flows.published_flows[again] = content
            world.clock.advance(1)
            world.handle(world.flow_event("Main IVR"))

    world.calls.on_call = meanwhile
    world.read_flows(DAY)

    assert sorted(world.on_record()) == ["Main IVR", "Other"]


def test_flows_of_an_instance_that_is_gone_are_forgotten(world: World) -> None:
    world.flow("Main IVR", "agent:1")
    world.read_flows()
    world.flows.gone.add(INSTANCE)

    world.read_flows()

    assert world.on_record() == {}


def test_dying_at_any_call_loses_no_flow(world: World) -> None:
    for number in range(3):
        world.flow(f"flow {number}", f"agent:{number + 1}")
    world.calls.forget()
    world.read_flows()
    calls = len(world.calls.log)
    for nth in range(1, calls + 1):
        again = World()
        again.store.remember_instances({ASSISTANT: INSTANCE})
        for number in range(3):
            again.flow(f"flow {number}", f"agent:{number + 1}")
        again.calls.faults = [Fault("", nth, Crash())]
        with pytest.raises(Crash):
            again.read_flows(DAY)
        again.read_flows(DAY)
        assert len(again.on_record()) == 3
        assert {request.key for request, _ in again.calls.to("queue.send")} == {again.key()}


# --- turned off


def test_where_flows_are_not_read_none_counts_and_no_call_is_made(world: World) -> None:
    world.flow("Main IVR", "agent:2")
    tell(world, "Main IVR")
    assert judged(world)["2"]
    world.reads_flows = False
    world.calls.forget()

    tell(world, "Main IVR")
    world.read_flows()
    world.look()

    assert judged(world) == {DRAFT: False, "$LATEST": False}
    assert world.calls.count("flows.") == {}
    assert "contact flows are not read (ReadFlows)" in world.reasons


def test_a_flow_that_an_event_told_of_is_read_on_wherever_it_is(world: World) -> None:
    world.flow("Main IVR", "agent:2", instance=uuid_of("elsewhere"))
    requests = {"InstanceId": uuid_of("elsewhere"), "ContactFlowId": uuid_of("Main IVR")}
    world.handle(world.flow_event("Main IVR", requestParameters=requests))

    world.read_flows()

    assert list(world.on_record()) == ["Main IVR"]


def test_flows_of_an_ai_agent_s_own_instance_are_read_though_it_integrates_no_assistant() -> None:
    world, own = World(), uuid_of("own instance")
    world.cloud.instances = {}
    world.agent(RETRIEVE, instance_arn=f"arn:aws:connect:us-east-1:111122223333:instance/{own}")
    world.publish(1, live=False)
    world.look()
    world.flow("Main IVR", "agent:1", instance=own)

    world.read_flows()
    world.later(70)

    assert judged(world)["1"]


@pytest.mark.parametrize("call", ["store.load", "store.agents_with"])
def test_a_record_that_a_newer_version_wrote_does_not_stop_the_reading(
    world: World, call: str
) -> None:
    world.cloud.instances = {}
    world.store.remember_instances({uuid_of("another assistant"): INSTANCE})
    world.flow("Main IVR", "agent:1")
    world.calls.faults = [Fault(call, 1, OtherSchema("item AGENT#… has schema 3"))]

    world.read_flows()

    assert list(world.on_record()) == ["Main IVR"]


def test_flows_of_instances_without_an_assistant_are_not_read(world: World) -> None:
    world.flow("Main IVR", "agent:2", instance=uuid_of("elsewhere"))

    world.read_flows()

    assert world.calls.to("flows.published") == []
