"""Each condition of a write by itself, in planning and right before the write; and that the policy
and the table of the tests know the same conditions, none of which can be dropped unnoticed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes import RETRIEVE
from tests.fakes.fix_world import FixWorld
from tests.fakes.writer import FakeLedger
from tests.unit.conditions import CONDITIONS, Condition, Moment

from toolgrant.domain.fixing import gates, policy, profile_gates, recheck
from toolgrant.domain.fixing.repair import Approval, Repair
from toolgrant.domain.fixing.rules import FixRules, Mode
from toolgrant.domain.texts import texts
from toolgrant.usecases.writer import check

JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
STEPS = ("plan", "again")
OUTSIDE = frozenset({"room", "many", "approval", "moved-on", "no-profile"})
"""Conditions that are not of one finding, or of one finding and one profile."""

OF_DELIVERY = frozenset({"used-before", "dedicated-off", "gave-up", "names-taken", "service"})
"""Conditions that only a delivery to the writer can know; their tests are below, and with it."""


def wanted(moment: Moment) -> tuple[frozenset[str], frozenset[str]]:
    """What would be granted, and the qualifiers that would get the profile."""
    need = moment.need
    grants = frozenset(str(grant) for lacks in need.lacks.values() for grant in lacks)
    return grants, frozenset() if grants else frozenset(need.finding.qualifiers)


def gives(*repairs: Repair) -> tuple[frozenset[str], frozenset[str]]:
    return (
        frozenset(str(grant) for repair in repairs for grant in repair.grants),
        frozenset(qualifier for repair in repairs for qualifier in repair.attaches),
    )


NOTHING = gives()
Outcome = tuple[object, object, tuple[str, ...]]
"""What is written, what is offered, and what people read."""


def planned(moment: Moment) -> Outcome:
    made = moment.planned()
    reasons = tuple(reason.text.en for one in made.refused for reason in one.refusals)
    return gives(*made.repairs), gives(*made.offers), reasons


def again(moment: Moment, announced: Repair) -> Outcome:
    kept, reasons = moment.asked_again(announced)
    return gives(kept), NOTHING, tuple(reasons)


def announced(condition: Condition) -> Repair:
    """What was told when all was well, of what the refused moment is about."""
    told = condition.allowed.announced()
    grants = tuple(sorted(condition.refused.need.grants)) or told.items[0].grants
    return told.of([replace(told.items[0], grants=grants)])


def breaches(condition: Condition, step: str) -> list[tuple[Outcome, Outcome]]:
    """What is, and what should be, where the two differ."""
    good, bad = condition.allowed, condition.refused
    if step == "plan":
        offer = wanted(bad) if condition.offered else NOTHING
        said = () if condition.offered else (condition.sentence,)
        pairs = [
            (planned(good), (wanted(good), NOTHING, ())),
            (planned(bad), (NOTHING, offer, said)),
        ]
    else:
        said = () if condition.silent else (condition.sentence,)
        pairs = [
            (again(good, good.announced()), (wanted(good), NOTHING, ())),
            (again(bad, announced(condition)), (NOTHING, NOTHING, said)),
        ]
    return [pair for pair in pairs if pair[0] != pair[1]]


def case(condition: Condition) -> str:
    return f"{'gap-' * condition.gap}{condition.name}"


CASES = [
    pytest.param(condition, step, id=f"{step}-{case(condition)}")
    for condition in CONDITIONS
    for step in STEPS
    if step in condition.when
]


@pytest.mark.parametrize(("condition", "step"), CASES)
def test_one_change_of_what_is_written_refuses_it_and_says_why(
    condition: Condition, step: str
) -> None:
    assert breaches(condition, step) == []


# ------------------------------------------------------------------------ both know the same


def names(gap: bool) -> frozenset[str]:
    return frozenset(one.name for one in CONDITIONS if one.gap is gap) - OUTSIDE


def test_the_policy_and_this_table_know_the_same_conditions_of_a_grant() -> None:
    assert names(gap=False) == {*gates.GATES, *profile_gates.PROFILE_GATES}


def test_the_policy_and_this_table_know_the_same_conditions_of_an_attachment() -> None:
    assert names(gap=True) == {*gates.GAP_GATES, *profile_gates.PROFILE_GAP_GATES}


def test_no_sentence_is_left_without_a_condition() -> None:
    known = {condition.name for condition in CONDITIONS} | OF_DELIVERY
    for language in ("en", "ja"):
        assert texts(language)["refusal"].keys() == known


def test_each_sentence_takes_the_same_values_in_japanese() -> None:
    english, japanese = (texts(language)["refusal"] for language in ("en", "ja"))
    for name, text in english.items():
        assert JAPANESE.search(japanese[name]), name
        assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", japanese[name]))


# --------------------------------------------------------------------- none of them is idle

Patch = pytest.MonkeyPatch


def _without_gate(name: str, gap: bool, patch: Patch) -> None:
    module, table = next(
        (module, table)
        for module, table in (
            (gates, "GAP_GATES" if gap else "GATES"),
            (profile_gates, "PROFILE_GAP_GATES" if gap else "PROFILE_GATES"),
        )
        if name in getattr(module, table)
    )
    rest = {known: gate for known, gate in getattr(module, table).items() if known != name}
    patch.setattr(module, table, rest)


def _in_both(name: str, value: object) -> Callable[[Patch], None]:
    def drop(patch: Patch) -> None:
        for module in (policy, recheck):
            patch.setattr(module, name, value)

    return drop


DROPPED: dict[str, Callable[[Patch], None]] = {
    "room": _in_both("no_room", lambda *_: None),
    "many": _in_both("MOST_UNASKED", 1_000),
    "approval": _in_both("needs_approval", lambda *_: False),
    "moved-on": lambda patch: patch.setattr(recheck, "_moved", lambda *_: False),
}


def failing(name: str, step: str) -> set[str]:
    rows = [one for one in CONDITIONS if one.name == name and step in one.when]
    return {case(one) for one in rows if breaches(one, step)}


@pytest.mark.parametrize(
    ("name", "gap", "step"),
    [
        (name, gap, step)
        for gap in (False, True)
        for name in sorted(names(gap))
        for step in STEPS
        if (name, step)
        not in (("gap", "again"), ("disputed", "again"))  # silent: the need itself is gone
    ],
)
def test_a_condition_that_is_dropped_is_missed(
    name: str, gap: bool, step: str, monkeypatch: Patch
) -> None:
    _without_gate(name, gap, monkeypatch)
    assert failing(name, step) == {f"{'gap-' * gap}{name}"}


@pytest.mark.parametrize(
    ("name", "step"),
    [(name, step) for name in DROPPED for step in STEPS if (name, step) != ("moved-on", "plan")],
)
def test_a_condition_outside_the_tables_that_is_dropped_is_missed(
    name: str, step: str, monkeypatch: Patch
) -> None:
    DROPPED[name](monkeypatch)
    assert name in failing(name, step)


# ----------------------------------------------------------------- what only a delivery knows


def offered(mode: Mode, dedicated: bool, **holder: Any) -> tuple[FixWorld, Repair]:
    """An AI agent without Wisdom.View, and what its alert offers."""
    world = FixWorld(mode=mode, dedicated=dedicated)
    world.agent(RETRIEVE)
    world.profile("p", **holder)
    world.attach("p")
    world.look()
    ((offer,),) = [shown.offers for shown in world.store.shown()]
    return world, offer


USED = "this approval was used up before"
OFF = "security profiles are not created (DedicatedProfiles)"


def notes(world: FixWorld) -> str:
    return "\n".join(str(alert) for alert in world.notifier.alerts)


@pytest.mark.parametrize("used", [False, True])
def test_an_approval_serves_once(used: bool) -> None:
    world, offer = offered(Mode.APPROVE, dedicated=False)
    world.operate("approve", offer.id)
    asked = world.fixes.waiting[0]
    assert isinstance(asked, Repair)
    approval = world.ledger.approval(asked.id)
    assert approval
    world.ledger.approve(replace(approval, used=used))
    assert world.fix() == ["fix-refused" if used else "fixed"]
    assert world.grants("p") == (frozenset() if used else {"permission:Wisdom.View"})
    assert (USED in notes(world)) is used


@pytest.mark.parametrize("on", [True, False])
def test_a_profile_is_created_only_where_that_is_switched_on(on: bool) -> None:
    world, offer = offered(Mode.FIX, dedicated=True, people=3)
    assert offer.dedicated
    world.operate("approve", offer.id, dedicated=True)
    world.rules = replace(world.rules, dedicated=on)
    assert world.fix() == ["fixed" if on else "fix-refused"]
    assert (len(world.cloud.profiles) == 2) is on
    assert (OFF in notes(world)) is not on


def test_what_only_a_delivery_knows_is_missed_when_it_is_dropped(monkeypatch: Patch) -> None:
    real = FakeLedger.approval

    def unused(ledger: FakeLedger, repair_id: str) -> Approval | None:
        known = real(ledger, repair_id)
        return known and replace(known, used=False)

    monkeypatch.setattr(FakeLedger, "approval", unused)
    with pytest.raises(AssertionError):
        test_an_approval_serves_once(used=True)

    def always(*args: Any) -> Any:
        repair, needs, profile, rules, moment = args
        rest = FixRules(**{**vars(rules), "dedicated": True})
        return recheck.still_allowed(repair, needs, profile, rest, moment)

    monkeypatch.setattr(check, "still_allowed", always)
    test_a_profile_is_created_only_where_that_is_switched_on(on=False)
