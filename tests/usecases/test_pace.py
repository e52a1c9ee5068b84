"""However much is missing: at the default pace a look and a write take at most half their time."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes import Fault, FixWorld, mcp, uuid_of
from tests.fakes.pace import Paced
from tests.template.reading import read_template

from toolgrant.adapters.fix_queue import from_message, to_message
from toolgrant.domain.fixing.rules import Mode
from toolgrant.domain.model import DRAFT, LATEST, Risk, Tool
from toolgrant.errors import Conflict
from toolgrant.usecases.writer.delivery import MOST_ATTEMPTS, Delivery, work_off

TEMPLATE = read_template()
WORK_AT_ONCE = 2
"""Execution environments of evaluate and of remediate, which share the ceiling."""

PACE = TEMPLATE["Parameters"]["RequestsPerSecond"]["Default"] / WORK_AT_ONCE
QUALIFIERS = (DRAFT, LATEST, "1")
PROFILES = [f"profile-{number}" for number in range(5)]
BUILT_IN = [mcp("aws_service__qconnect_Retrieve"), mcp("aws_service__connect_StartTaskContact")]
APPLICATION = "arn:aws:app-integrations:us-east-1:111122223333:application"
HOUR = 3600


def half_the_timeout(function: str) -> float:
    return float(TEMPLATE["Resources"][function]["Properties"]["Timeout"]) / 2


def tools() -> list[Tool]:
    """A hundred, of all four kinds of grants; more flow modules than a profile has room for."""
    gateways = [mcp(f"gateway_gw-{n % 8}__api___Op{n}", f"Op{n}") for n in range(40)]
    modules = [mcp(f"aws_custom_flows__{uuid_of(f'm{n}')}_1", f"Module{n}") for n in range(40)]
    agents = [
        Tool(f"handoff:a{n}", "AI_AGENT", f"{APPLICATION}/{uuid_of(f'a{n}')}") for n in range(18)
    ]
    return [*BUILT_IN, *gateways, *modules, *agents]


def large(holder: dict[str, Any] | None = None, **rules: Any) -> tuple[FixWorld, Paced]:
    """An AI agent whose draft, `$LATEST` and live version have five profiles, and lack all."""
    world = FixWorld(automatic_risk=Risk.WRITE, **rules)
    world.agent(*tools())
    world.publish(1)
    for name in PROFILES:
        world.profile(name, "permission:Tasks.View", **(holder or {}))
    world.attach(*PROFILES, on=QUALIFIERS)
    return world, Paced(world, PACE)


def looked_at(**fields: Any) -> tuple[FixWorld, Paced]:
    """The same, told."""
    world, paced = large(**fields)
    world.look()
    world.clock.advance(HOUR)
    paced.invoked()
    return world, paced


def worked_off(world: FixWorld, paced: Paced) -> list[str]:
    """The fix queue, each delivery in time; the outcomes."""
    outcomes: list[str] = []
    attempt = 0
    while world.fixes.waiting:
        attempt += 1
        delivery = Delivery(to_message(world.fixes.waiting[0]), attempt, "receipt")
        paced.invoked()
        outcome = work_off(delivery, from_message, world.deps(), world.grant_writer)
        assert paced.seconds <= half_the_timeout("RemediateFunction"), dict(paced.apis)
        if outcome is None:
            assert attempt < MOST_ATTEMPTS
            world.clock.advance(world.fixes.seconds)
        else:
            outcomes.append(outcome)
            world.fixes.waiting.pop(0)
            attempt = 0
    assert len(outcomes) <= 2 * len(PROFILES)  # a repair of each, and what it put off
    return outcomes


def test_there_are_a_hundred_tools_on_three_qualifiers() -> None:
    world, _ = looked_at()
    assert {finding.qualifiers for finding in world.findings().values()} == {QUALIFIERS}
    assert len(world.findings()) == 100


@pytest.mark.parametrize("mode", list(Mode))
def test_both_looks_of_evaluate_end_in_half_the_time(mode: Mode) -> None:
    world, paced = large(mode=mode)
    world.handle(world.event())
    assert paced.seconds <= half_the_timeout("EvaluateFunction"), dict(paced.apis)

    world.clock.advance(world.settle.total_seconds() + 2)
    paced.invoked()
    world.deliver()

    assert paced.seconds <= half_the_timeout("EvaluateFunction"), dict(paced.apis)
    assert len(world.notifier.alerts) == 1


def test_a_look_that_meets_another_one_reads_no_profile_again() -> None:
    world, paced = large()
    world.handle(world.event())
    world.clock.advance(world.settle.total_seconds() + 2)
    paced.invoked()
    lost = Conflict("store commit: ConditionalCheckFailed")
    world.calls.faults.append(Fault("store.commit", 1, lost, times=2))

    world.deliver()

    assert paced.apis["search_users"] == len(PROFILES)
    assert paced.seconds <= half_the_timeout("EvaluateFunction"), dict(paced.apis)


@pytest.mark.parametrize("mode", [Mode.APPROVE, Mode.FIX])
def test_an_approved_repair_of_all_four_lists_ends_in_half_the_time(mode: Mode) -> None:
    world, paced = looked_at(mode=mode)
    world.operate("approve", world.notifier.alerts[-1]["alertId"])

    assert worked_off(world, paced)[0] == "fixed"

    given = {grant.partition(":")[0] for grant in world.grants(PROFILES[0])}
    assert given == {"permission", "mcp", "flow-module", "ai-agent"}
    assert "fixed Op0" in world.told
    assert world.told.count("fixed Op0") == 1


def test_a_profile_of_its_own_is_made_and_attached_in_half_the_time() -> None:
    world, paced = looked_at(holder={"people": 1}, dedicated=True)
    world.operate("approve", world.notifier.alerts[-1]["alertId"], dedicated=True)

    assert worked_off(world, paced)[0] == "fixed"

    (made,) = [one for one in world.cloud.profiles.values() if one.name.startswith("toolgrant ")]
    assert len(made.grants) > 50
    for qualifier in (DRAFT, "1"):
        assert made.id in world.cloud.attached[f"{world.arn()}:{qualifier}"]
    assert "changed Op0" in world.told  # not on $LATEST, which nobody uses


def test_an_undo_of_all_four_lists_ends_in_half_the_time() -> None:
    world, paced = looked_at()
    world.operate("approve", world.notifier.alerts[-1]["alertId"])
    worked_off(world, paced)
    world.later(HOUR)
    change = max(world.ledger.all_changes(), key=lambda change: len(change.lists))
    assert len(change.lists) == 4
    world.operate("undo", change.id)

    assert worked_off(world, paced)[0] == "undone"

    assert world.grants(PROFILES[0]).isdisjoint(map(str, change.grants))


def test_what_is_put_off_is_told_once_also_if_it_dies_in_between() -> None:
    world, paced = looked_at()
    world.operate("approve", world.notifier.alerts[-1]["alertId"])
    requests = list(world.fixes.waiting)
    request = max(requests, key=lambda one: len(one.grants))
    paced.invoked()

    world.work(request)
    rest = world.fixes.waiting.pop()
    assert rest not in requests
    paced.invoked()
    world.work(request)  # delivered again: it never said that it was done
    paced.invoked()
    world.work(rest)

    assert world.told.count("fixed Op0") == 1
    assert [one for one in world.fixes.waiting if one.id == request.id] == [request]
    assert len(world.change_ids) == 1
