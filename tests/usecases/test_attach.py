"""Association gaps closed, and dedicated profiles created, each only where it is allowed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes import GET_ORDER, OPT_IN, RETRIEVE, Crash, Fault, FixWorld, Holder, uuid_of
from tests.usecases.fix_cases import HOUR, ORDER, VIEW, broken, is_quiet, notes, refused

from toolgrant.domain.fixing.proposal import AGENT_TAG
from toolgrant.domain.fixing.rules import Mode
from toolgrant.domain.model import DRAFT, Grant, GrantKind, Risk, SecurityProfile
from toolgrant.domain.service_limits import takes
from toolgrant.errors import (
    AccessDenied,
    InvalidInput,
    NotFound,
    RequestRefused,
    ServiceUnavailable,
)


def gap_world(**rules: Any) -> FixWorld:
    """The draft has the profile, the live version 1 has not."""
    world = FixWorld(**rules)
    world.agent(RETRIEVE)
    world.publish()
    world.profile("agent-profile", VIEW)
    world.attach("agent-profile")
    return world


def crowded_world(**rules: Any) -> FixWorld:
    """The only attached profile is held by people."""
    world = FixWorld(dedicated=True, **rules)
    world.agent(RETRIEVE)
    world.profile("crowded", people=12)
    world.attach("crowded")
    return world


def finding_of(world: FixWorld, kind: str) -> str:
    return next(one.id for name, one in world.findings().items() if name.startswith(kind))


def test_a_gap_waits_for_approval_and_is_then_closed() -> None:
    world = gap_world()
    assert world.look_and_fix() == []

    world.operate("approve", finding_of(world, "association-gap"))

    assert world.fix() == ["fixed"]
    assert world.cloud.attached[f"{world.arn()}:1"] == (uuid_of("agent-profile"),)
    assert "fixed profile:" + uuid_of("agent-profile") in world.told


def test_a_gap_is_closed_at_once_where_that_is_allowed() -> None:
    world = gap_world(association=Mode.FIX)
    assert world.look_and_fix() == ["fixed"]


def test_a_gap_of_a_version_that_only_a_contact_flow_names_is_closed() -> None:
    world = gap_world(association=Mode.FIX)
    world.make_live()
    world.flow("Main IVR", "agent:1")
    world.handle(world.flow_event("Main IVR"))
    world.later(2)

    assert world.look_and_fix() == ["fixed"]
    assert world.cloud.attached[f"{world.arn()}:1"] == (uuid_of("agent-profile"),)


@pytest.mark.parametrize(
    ("tags", "type_", "rules"),
    [
        ({}, "CUSTOMER_MANAGED", {"association": Mode.FIX}),
        (OPT_IN, "AWS_MANAGED", {"association": Mode.FIX}),
        ({**OPT_IN, "toolgrant:stack": "another"}, "CUSTOMER_MANAGED", {"association": Mode.FIX}),
        (OPT_IN, "CUSTOMER_MANAGED", {"association": Mode.WARN}),
    ],
)
def test_a_gap_that_must_not_be_closed(
    tags: dict[str, str], type_: str, rules: dict[str, object]
) -> None:
    world = gap_world(**rules)
    world.profile("agent-profile", VIEW, tags=dict(tags), type=type_)

    assert world.look_and_fix() == []
    assert f"{world.arn()}:1" not in world.cloud.attached


def test_a_gap_that_somebody_opens_again_is_left_open() -> None:
    world = gap_world(association=Mode.FIX)
    world.look_and_fix()
    del world.cloud.attached[f"{world.arn()}:1"]
    world.clock.advance(3600)

    assert world.look_and_fix() == []
    assert "breaker is open" in notes(world.notifier.alerts[-1])
    assert is_quiet(world)


def test_reset_lets_a_gap_be_closed_once_more() -> None:
    world = gap_world(association=Mode.FIX)
    world.look_and_fix()
    del world.cloud.attached[f"{world.arn()}:1"]
    world.clock.advance(HOUR)
    assert world.look_and_fix() == []

    world.operate("reset", world.change_ids[0])

    world.later(HOUR)
    assert world.look_and_fix() == ["fixed"]
    assert is_quiet(world)


def test_an_attachment_that_is_refused_for_good_is_told_and_not_repeated() -> None:
    world = gap_world(association=Mode.FIX)
    world.look()
    world.later(HOUR)
    world.calls.faults.append(Fault("writer.attach", 1, AccessDenied("no"), times=10_000))

    assert world.fix() == ["fix-refused"]

    assert len(refused(world)) == 1
    assert "(AccessDenied)" in notes(*refused(world))
    assert not any(change.open for change in world.ledger.all_changes())
    assert is_quiet(world)
    world.calls.faults.clear()
    world.later(24 * HOUR)
    assert world.look_and_fix() == ["fixed"]


def test_the_refusal_proposes_a_profile_with_exactly_the_grants() -> None:
    world = crowded_world()
    assert world.look_and_fix() == []

    (alert,) = world.notifier.alerts
    proposal = alert["proposal"]
    assert proposal["grants"] == [VIEW]
    assert proposal["tags"][AGENT_TAG] == uuid_of("agent")
    assert proposal["qualifiers"] == [DRAFT]
    assert len(proposal["cli"]) == 2
    assert "create-security-profile" in proposal["cli"][0]
    assert '"Wisdom.View"' in proposal["cloudFormation"]
    assert '"Wisdom.View"' in proposal["terraform"]
    email = world.notifier.sent[0].bodies["email"]
    assert "held by people: 12, allowed: 0" in email
    assert 'resource "aws_connect_security_profile"' in email


def ordered(**rules: Any) -> FixWorld:
    """The proposed profile was approved, and that waits in the queue."""
    world = crowded_world(**rules)
    world.look_and_fix()
    world.operate("approve", finding_of(world, "insufficient"), dedicated=True)
    return world


def made(world: FixWorld) -> list[SecurityProfile]:
    """The profiles of toolgrant's making."""
    return [one for one in world.cloud.profiles.values() if one.name.startswith("toolgrant ")]


def test_an_approved_proposal_is_created_and_attached() -> None:
    world = ordered()

    assert world.fix() == ["fixed"]

    (profile,) = made(world)
    assert set(map(str, profile.grants)) == {VIEW}
    assert world.cloud.attached[f"{world.arn()}:{DRAFT}"] == (uuid_of("crowded"), profile.id)
    assert world.grants("crowded") == frozenset()
    assert world.told[-1] == "fixed Retrieve"


def test_an_approval_of_the_finding_alone_is_not_one_of_a_profile_of_its_own() -> None:
    """Nothing was offered but the profile, so the order says so."""
    world = crowded_world()
    world.look_and_fix()

    with pytest.raises(InvalidInput, match="was not offered so"):
        world.operate("approve", finding_of(world, "insufficient"))


def test_a_proposal_is_not_created_unless_the_parameter_allows_it() -> None:
    world = ordered()
    world.rules = replace(world.rules, dedicated=False)

    assert world.fix() == ["fix-refused"]
    assert made(world) == []
    assert "DedicatedProfiles" in notes(*refused(world))


def test_an_approved_profile_is_never_moved_to_an_attached_one_that_became_eligible() -> None:
    world = ordered()
    world.holders[uuid_of("crowded")].people = 0

    assert world.fix() == ["fixed"]

    assert world.grants("crowded") == frozenset()
    assert [set(map(str, one.grants)) for one in made(world)] == [{VIEW}]


def test_an_unused_latest_version_does_not_matter() -> None:
    world = crowded_world()
    world.publish(1, live=False)
    world.attach("crowded", on=("$LATEST",))
    world.look_and_fix()
    world.operate("approve", finding_of(world, "insufficient"), dedicated=True)

    assert world.fix() == ["fixed"]
    assert is_quiet(world)
    (profile,) = made(world)
    assert profile.id not in world.cloud.attached[f"{world.arn()}:$LATEST"]


def test_a_second_finding_gets_its_own_approval_and_no_error() -> None:
    world = ordered(automatic_risk=Risk.READ)
    assert world.fix() == ["fixed"]
    world.agent(RETRIEVE, GET_ORDER)
    world.later(HOUR)

    world.look()
    world.operate("approve", world.finding_id("GetOrder"))

    assert world.fix() == ["fixed"]
    assert {str(g) for one in made(world) for g in one.grants} == {VIEW, ORDER}
    assert world.journal.failures == []


CALLS = (
    "writer.named",
    "writer.create",
    "ledger.save",
    "ledger.claim",
    "writer.attach",
    "store.commit",
    "notifier.publish",
)


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("call", CALLS)
def test_a_crash_on_the_way_makes_no_second_profile(call: str, after: bool, nth: int) -> None:
    world = ordered()
    world.calls.faults.append(Fault(call, nth, Crash(), after=after))
    try:
        world.fix()
    except Crash:
        world.fix()
    world.calls.faults.clear()
    world.later(HOUR)
    world.sweep()
    world.drain()
    world.fix()

    assert len(made(world)) == 1
    assert world.states()["insufficient Retrieve"] == "resolved"
    audited = {one["change"]["changeId"] for one in world.journal.decisions if one.get("change")}
    assert audited == set(world.change_ids)


def more_grants(world: FixWorld, profile_id: str) -> None:
    world.set_list(profile_id, GrantKind.MCP, frozenset({Grant.parse("mcp:gw-9z9z/other___Tool")}))


def fewer_grants(world: FixWorld, profile_id: str) -> None:
    world.set_list(profile_id, GrantKind.PERMISSION, frozenset())


def other_tags(world: FixWorld, profile_id: str) -> None:
    world.holders[profile_id] = Holder()


def more_tags(world: FixWorld, profile_id: str) -> None:
    world.holders[profile_id].tags["team"] = "x"


SPOILT = [more_grants, fewer_grants, other_tags, more_tags]


@pytest.mark.parametrize("spoil", SPOILT, ids=lambda spoil: spoil.__name__)
def test_a_premade_profile_of_that_name_that_is_not_exactly_it_is_not_used(
    spoil: Callable[[FixWorld, str], None],
) -> None:
    world = crowded_world()
    world.look_and_fix()
    proposal = world.notifier.alerts[-1]["proposal"]
    theirs = world.profile(proposal["name"], *proposal["grants"], tags=dict(proposal["tags"]))
    spoil(world, theirs)
    before = world.cloud.profiles[theirs]
    world.operate("approve", finding_of(world, "insufficient"), dedicated=True)

    assert world.fix() == ["fixed"]

    assert world.cloud.profiles[theirs] == before
    attached = world.cloud.attached[f"{world.arn()}:{DRAFT}"]
    assert theirs not in attached
    (profile,) = [one for one in made(world) if one.id in attached]
    assert profile.name == f"{proposal['name']} 2"
    assert set(map(str, profile.grants)) == {VIEW}


@pytest.mark.parametrize("spoil", SPOILT, ids=lambda spoil: spoil.__name__)
def test_a_profile_that_was_changed_since_it_was_made_is_not_attached(
    spoil: Callable[[FixWorld, str], None],
) -> None:
    world = ordered()
    world.calls.faults.append(Fault("writer.attach", 1, Crash()))
    with pytest.raises(Crash):
        world.fix()
    (profile,) = made(world)
    spoil(world, profile.id)
    profiles, attached = dict(world.cloud.profiles), dict(world.cloud.attached)

    assert world.fix() == ["dead-lettered"]

    assert (world.cloud.profiles, world.cloud.attached) == (profiles, attached)
    assert "tried several times" in notes(*refused(world))


@pytest.mark.parametrize("landed", [False, True])
def test_an_undo_of_an_attachment_that_is_given_up_leaves_a_breaker_only_if_it_was_taken(
    landed: bool,
) -> None:
    world = gap_world(association=Mode.FIX)
    world.look_and_fix()
    world.later(HOUR)
    failing = Fault("writer.detach", 1, ServiceUnavailable("503"), after=landed, times=10_000)
    world.operate("undo", world.change_ids[-1])
    world.calls.faults.append(failing)

    assert world.fix() == ["dead-lettered"]

    assert "tried several times" in notes(*refused(world))
    assert {what for _, what in broken(world)} == (
        {f"profile:{uuid_of('agent-profile')}"} if landed else set()
    )


JAPANESE = "注文"


@pytest.mark.parametrize("name", [JAPANESE, "é" * 300, "🛒", "Orders (north)"])
def test_an_agent_of_any_name_gets_a_profile_under_a_name_that_is_taken(name: str) -> None:
    world = crowded_world()
    world.agent(RETRIEVE)
    key = world.key()
    world.cloud.agents[key, DRAFT] = replace(world.cloud.agents[key, DRAFT], name=name)
    world.look_and_fix()
    world.operate("approve", finding_of(world, "insufficient"), dedicated=True)

    assert world.fix() == ["fixed"]

    (profile,) = made(world)
    assert takes("connect", "SecurityProfileName", profile.name)
    assert profile.name.endswith(uuid_of("agent")[:8])


def test_names_that_are_all_taken_are_told_at_once_with_what_to_do() -> None:
    world = crowded_world()
    world.look_and_fix()
    name = world.notifier.alerts[-1]["proposal"]["name"]
    for taken in (name, *(f"{name} {number}" for number in range(2, 6))):
        world.profile(taken, "permission:Users.View")
    world.operate("approve", finding_of(world, "insufficient"), dedicated=True)
    before = world.clock.now()

    assert world.fix() == ["fix-refused"]

    assert (world.clock.now() - before).total_seconds() <= 60
    assert f"delete or rename security profile {name}" in notes(*refused(world))


def test_a_profile_that_is_not_found_right_after_its_creation_is_waited_for() -> None:
    world = ordered()
    world.calls.faults.append(Fault("writer.attach", 1, NotFound("not yet"), times=3))

    assert world.fix() == ["fixed"]


@pytest.mark.parametrize("times", [1, 4])
def test_the_tag_of_a_new_profile_that_iam_does_not_know_yet_is_waited_for(times: int) -> None:
    world = ordered()
    world.later(HOUR)
    world.calls.faults.append(Fault("writer.attach", 1, AccessDenied("no"), times=times))

    assert world.fix() == ["fixed"]

    assert refused(world) == []
    (profile,) = made(world)
    assert profile.id in world.cloud.attached[f"{world.arn()}:{DRAFT}"]


def test_an_old_profile_that_may_not_be_attached_is_asked_once() -> None:
    world = gap_world(association=Mode.FIX)
    world.look()
    world.later(HOUR)
    world.calls.faults.append(Fault("writer.attach", 1, AccessDenied("no"), times=10_000))

    assert world.fix() == ["fix-refused"]

    assert len(world.calls.to("writer.attach")) == 1


def test_undo_empties_a_dedicated_profile_and_detaches_it() -> None:
    world = ordered()
    world.fix()
    world.later(HOUR)

    world.operate("undo", world.change_ids[-1])

    assert world.fix() == ["undone"]
    assert [one.grants for one in world.cloud.profiles.values()] == [frozenset(), frozenset()]
    assert world.cloud.attached[f"{world.arn()}:{DRAFT}"] == (uuid_of("crowded"),)
    assert is_quiet(world)


def test_a_profile_under_another_name_is_attached_after_a_crash() -> None:
    world = crowded_world()
    world.look_and_fix()
    world.profile(world.notifier.alerts[-1]["proposal"]["name"], VIEW, "permission:Users.View")
    world.operate("approve", finding_of(world, "insufficient"), dedicated=True)
    world.calls.faults.append(Fault("writer.attach", 1, Crash()))
    with pytest.raises(Crash):
        world.fix()

    assert world.fix() == ["fixed"]
    assert len(made(world)) == 2


def test_a_profile_that_may_not_be_attached_was_given_to_nobody() -> None:
    """So nobody took it away: no breaker opens."""
    world = ordered()
    world.calls.faults.append(Fault("writer.attach", 1, AccessDenied("no"), times=10_000))

    assert world.fix()[0] == "fix-refused"

    said = notes(*refused(world))
    assert "refused to attach security profile" in said
    assert "to take" not in said
    world.later(HOUR)
    world.look()
    assert world.ledger.broken == {}
    assert "took away" not in notes(*world.notifier.alerts)


@pytest.mark.parametrize(
    "error", [AccessDenied("no"), RequestRefused("no"), InvalidInput("$", "x")]
)
def test_a_profile_that_may_not_be_created_is_told_at_once(error: Exception) -> None:
    world = ordered()
    world.calls.faults.append(Fault("writer.create", 1, error, times=10_000))
    before = world.clock.now()

    assert world.fix() == ["fix-refused"]

    assert (world.clock.now() - before).total_seconds() <= 60
    assert "Amazon Connect refused it. It said that" in notes(*refused(world))
    assert made(world) == []
