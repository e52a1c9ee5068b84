"""Association gaps closed, and dedicated profiles created, each only where it is allowed."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from tests.fakes import OPT_IN, RETRIEVE, Crash, Fault, FixWorld, Holder, uuid_of

from toolgrant.domain.fixing.proposal import AGENT_TAG
from toolgrant.domain.fixing.rules import Mode
from toolgrant.domain.model import DRAFT, GrantKind
from toolgrant.errors import EditedProfile, ForeignProfile, NotFound, ToolgrantError

VIEW = "permission:Wisdom.View"


def gap_world(**rules: object) -> FixWorld:
    """The draft has the profile, the live version 1 has not."""
    world = FixWorld(**rules)
    world.agent(RETRIEVE)
    world.publish()
    world.profile("agent-profile", VIEW)
    world.attach("agent-profile")
    return world


def crowded_world(**rules: object) -> FixWorld:
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
    notes = world.notifier.alerts[-1]["findings"][-1]["advisories"]
    assert any("attached before" in note for note in notes)


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


def test_an_approved_proposal_is_created_and_attached() -> None:
    world = crowded_world()
    world.look_and_fix()

    world.operate("approve", finding_of(world, "insufficient"), dedicated=True)

    assert world.fix() == ["fixed"]
    made = [one for one in world.cloud.profiles.values() if one.name.startswith("toolgrant ")]
    assert [set(map(str, one.grants)) for one in made] == [{VIEW}]
    assert world.cloud.attached[f"{world.arn()}:{DRAFT}"] == (uuid_of("crowded"), made[0].id)
    assert world.grants("crowded") == frozenset()
    assert world.told[-1] == "fixed Retrieve"


def test_a_proposal_is_not_created_unless_the_parameter_allows_it() -> None:
    world = FixWorld()
    world.agent(RETRIEVE)
    world.profile("crowded", people=12)
    world.attach("crowded")
    world.look_and_fix()

    world.operate("approve", finding_of(world, "insufficient"), dedicated=True)

    assert world.fix() == ["fix-refused"]
    assert len(world.cloud.profiles) == 1


CALLS = ("writer.create", "ledger.save", "writer.attach", "store.commit", "notifier.publish")


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("call", CALLS)
def test_a_crash_on_the_way_makes_no_second_profile(call: str, after: bool) -> None:
    world = crowded_world()
    world.look_and_fix()
    world.operate("approve", finding_of(world, "insufficient"), dedicated=True)
    world.calls.faults.append(Fault(call, 1, Crash(), after=after))
    with pytest.raises(Crash):
        world.fix()

    world.fix()
    world.later(3600)
    world.fix()

    assert len(world.cloud.profiles) == 2
    assert world.states()["insufficient Retrieve"] == "resolved"
    audited = {json.dumps(one["change"]) for one in world.journal.decisions if one.get("change")}
    assert audited


def edited(world: FixWorld, profile_id: str) -> None:
    world.set_list(profile_id, GrantKind.PERMISSION, frozenset())


def foreign(world: FixWorld, profile_id: str) -> None:
    world.holders[profile_id] = Holder()


@pytest.mark.parametrize(("change", "error"), [(edited, EditedProfile), (foreign, ForeignProfile)])
def test_a_profile_of_the_wanted_name_that_is_not_as_we_made_it_is_left_alone(
    change: Callable[[FixWorld, str], None], error: type[ToolgrantError]
) -> None:
    world = crowded_world()
    world.look_and_fix()
    world.operate("approve", finding_of(world, "insufficient"), dedicated=True)
    world.calls.faults.append(Fault("writer.attach", 1, Crash()))
    with pytest.raises(Crash):
        world.fix()
    change(world, next(id_ for id_ in world.cloud.profiles if id_ != uuid_of("crowded")))
    profiles, attached = dict(world.cloud.profiles), dict(world.cloud.attached)

    with pytest.raises(error):
        world.fix()

    assert (world.cloud.profiles, world.cloud.attached) == (profiles, attached)


def test_a_profile_that_is_not_found_right_after_its_creation_is_waited_for() -> None:
    world = crowded_world()
    world.look_and_fix()
    world.operate("approve", finding_of(world, "insufficient"), dedicated=True)
    world.calls.faults.append(Fault("writer.attach", 1, NotFound("not yet"), times=3))

    assert world.fix() == ["fixed"]


def test_undo_empties_a_dedicated_profile() -> None:
    world = crowded_world()
    world.look_and_fix()
    world.operate("approve", finding_of(world, "insufficient"), dedicated=True)
    world.fix()

    world.operate("undo", world.change_ids[-1])

    assert world.fix() == ["undone"]
    assert [one.grants for one in world.cloud.profiles.values()] == [frozenset(), frozenset()]
