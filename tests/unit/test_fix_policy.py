"""Where a grant goes: the choice of a profile, one repair per profile, live first, as text."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from tests.unit.conditions import (
    AGENT,
    BASE,
    BASE_GAP,
    BETA,
    EDIT,
    EMPTY,
    FINDING,
    GAMMA,
    NAMES,
    NOW,
    PROFILE,
    RULES,
    SITUATION,
    VIEW,
    Moment,
    broken,
    lacking,
    tools,
)

from toolgrant.domain.fixing.policy import Plan, describe_plan, plan
from toolgrant.domain.fixing.repair import Repair
from toolgrant.domain.fixing.rules import Need, ProfileFacts
from toolgrant.domain.model import Grant, GrantKind, Risk, Severity

ORDER = Grant.parse("mcp:shop/GetOrder")
CASES = Grant.parse("permission:Cases.View")
ANY = replace(RULES, most_people=9, most_agents=9, automatic_risk=Risk.WRITE)


def need(name: str, lacks: dict[str, frozenset[Grant]], severity: Severity = Severity.HIGH) -> Need:
    """A tool of this name; the id of its finding is `f-<name>`."""
    qualifiers = tuple(lacks)
    found = replace(
        FINDING, id=f"f-{name}", tool_name=name, qualifiers=qualifiers, severity=severity
    )
    return Need(found, lacks)


def decide(*needs: Need, on: tuple[ProfileFacts, ...] = (PROFILE,)) -> Plan:
    return plan(AGENT, needs, on, ANY, SITUATION)


def contents(repair: Repair) -> tuple[str, dict[str, tuple[tuple[str, ...], tuple[Grant, ...]]]]:
    """The profile, and per finding the qualifiers and grants."""
    return repair.profile_id, {i.finding_id: (i.qualifiers, i.grants) for i in repair.items}


def test_all_that_one_profile_gets_is_one_repair() -> None:
    made = decide(need("a", lacking(VIEW)), need("b", lacking(EDIT, VIEW)))
    (repair,) = made.repairs
    both = ("$SAVED", "3")
    assert contents(repair) == ("p1", {"f-a": (both, (VIEW,)), "f-b": (both, (EDIT, VIEW))})
    assert repair.grants == (EDIT, VIEW)
    assert (made.offers, made.refused) == ((), ())


def test_what_may_be_done_at_once_does_not_wait_for_what_has_to_be_approved() -> None:
    needs = [need("a", lacking(VIEW)), need("b", lacking(EDIT))]
    made = plan(AGENT, needs, (PROFILE,), replace(ANY, automatic_risk=Risk.READ), SITUATION)
    assert [repair.grants for repair in made.repairs] == [(VIEW,)]
    assert [offer.grants for offer in made.offers] == [(EDIT,)]
    assert made.repairs[0].id != made.offers[0].id


def test_a_repair_says_when_it_was_planned_who_gains_and_what_it_is_about() -> None:
    crowd = replace(PROFILE, people=2, others=frozenset({GAMMA, BETA}))
    (repair,) = decide(need("a", lacking(VIEW)), on=(crowd,)).repairs
    assert (repair.planned_at, repair.people, repair.others) == (NOW, 2, (BETA, GAMMA))
    (item,) = repair.items
    found = (item.tool_name, item.tool_id, item.opened_at)
    assert found == ("a", FINDING.tool_id, FINDING.opened_at)


def test_qualifiers_that_share_no_profile_get_a_repair_each_for_themselves() -> None:
    draft = replace(PROFILE, id="d", qualifiers=frozenset({"$SAVED"}))
    live = replace(PROFILE, id="l", qualifiers=frozenset({"3"}))
    lacks = {"$SAVED": frozenset({VIEW, CASES}), "3": frozenset({VIEW})}
    made = decide(need("a", lacks), on=(draft, live))
    assert [contents(repair) for repair in made.repairs] == [
        ("d", {"f-a": (("$SAVED",), (CASES, VIEW))}),
        ("l", {"f-a": (("3",), (VIEW,))}),
    ]
    assert made.refused == ()


def test_a_qualifier_that_no_profile_helps_is_told_and_the_others_are_repaired() -> None:
    draft = replace(PROFILE, id="d", qualifiers=frozenset({"$SAVED"}))
    live = replace(PROFILE, id="l", qualifiers=frozenset({"3"}), type="AWS_MANAGED")
    made = decide(need("a", lacking(VIEW)), on=(draft, live))
    assert [contents(repair)[0] for repair in made.repairs] == ["d"]
    ((reason,),) = [refuse.refusals for refuse in made.refused]
    assert reason.text.en == "agents: not yours to edit (Type AWS_MANAGED)"
    assert not made.refused[0].proposable


def test_a_profile_for_all_qualifiers_is_preferred_to_one_for_some() -> None:
    small = replace(PROFILE, id="small", qualifiers=frozenset({"3"}))
    wide = replace(PROFILE, id="wide", people=3)
    made = decide(need("a", lacking(VIEW)), on=(small, wide))
    assert [repair.profile_id for repair in made.repairs] == ["wide"]


def test_the_smallest_blast_radius_is_chosen_in_any_order() -> None:
    shop = {**EMPTY, GrantKind.MCP: (tools("shop", 1),)}
    best_first = [
        replace(PROFILE, id="a", name="z", lists=shop),
        replace(PROFILE, id="b", name="a"),
        replace(PROFILE, id="c", name="a"),
        replace(PROFILE, id="d", name="a", others=frozenset({BETA})),
        replace(PROFILE, id="e", name="a", people=1),
    ]
    for left in range(len(best_first)):
        for order in permutations(best_first[left:]):
            (repair,) = decide(need("a", lacking(ORDER)), on=order).repairs
            assert repair.profile_id == best_first[left].id


def test_what_is_live_comes_first_until_the_list_is_full() -> None:
    nearly = replace(PROFILE, lists={**EMPTY, GrantKind.PERMISSION: tuple(NAMES[:499])})
    draft, live = (
        need("a", lacking(VIEW), Severity.MEDIUM),
        need("b", lacking(CASES), Severity.HIGH),
    )
    for order in permutations([draft, live]):
        made = decide(*order, on=(nearly,))
        assert [repair.grants for repair in made.repairs] == [(CASES,)]
        (refuse,) = made.refused
        reasons = [reason.text.en for reason in refuse.refusals]
        assert (refuse.finding.id, reasons) == ("f-a", ["agents: no room left: permission"])


def test_what_the_nearest_profile_has_no_room_for_goes_to_the_next() -> None:
    nearly = replace(PROFILE, lists={**EMPTY, GrantKind.PERMISSION: tuple(NAMES[:499])})
    next_one = replace(PROFILE, id="p2", name="next", people=1)
    needs = (need("a", lacking(VIEW)), need("b", lacking(CASES)))

    made = decide(*needs, on=(nearly, next_one))

    given = {repair.profile_id: repair.grants for repair in made.repairs}
    assert given == {"p1": (VIEW,), "p2": (CASES,)}
    assert made.refused == ()


def test_a_profile_of_its_own_is_proposed_where_no_profile_has_room() -> None:
    full = replace(PROFILE, lists={**EMPTY, GrantKind.PERMISSION: tuple(NAMES[:500])})
    (refuse,) = decide(need("a", lacking(VIEW)), on=(full,)).refused
    assert refuse.proposable


def test_a_grant_that_two_findings_need_takes_room_once() -> None:
    nearly = replace(PROFILE, lists={**EMPTY, GrantKind.PERMISSION: tuple(NAMES[:499])})
    made = decide(need("a", lacking(VIEW)), need("b", lacking(VIEW)), on=(nearly,))
    assert [len(repair.items) for repair in made.repairs] == [2]
    assert made.refused == ()


def test_twenty_grants_are_counted_over_all_findings_of_a_profile() -> None:
    def some(first: int, last: int) -> dict[str, frozenset[Grant]]:
        return lacking(*(Grant.parse(f"permission:N{n}.View") for n in range(first, last)))

    fine = decide(need("a", some(0, 12)), need("b", some(8, 20)))
    over = decide(need("a", some(0, 12)), need("b", some(8, 21)))
    assert (len(fine.repairs), len(fine.offers)) == (1, 0)
    assert (len(over.repairs), len(over.offers)) == (0, 1)


def test_every_reason_about_every_profile_is_told() -> None:
    crowded = replace(PROFILE, id="p2", name="crowd", people=2, tags={})
    foreign = replace(PROFILE, id="p3", name="theirs", type="AWS_MANAGED")
    assert describe_plan(replace(BASE, profiles=(crowded, foreign)).planned()) == [
        "Refuse: Retrieve (theirs: not yours to edit (Type AWS_MANAGED); "
        "crowd: no opt-in: tag toolgrant:auto-fix is not true; "
        "crowd: held by people: 2, allowed: 0)"
    ]


@pytest.mark.parametrize(
    ("moment", "proposable"),
    [
        (BASE.but(profile={"people": 1}), True),
        (BASE.but(profile={"type": "AWS_MANAGED"}), True),
        (replace(BASE, profiles=()), True),
        (BASE.but(finding={"confidence": None}), False),
        (BASE.but(paused=True), False),
        (BASE.but(profile={"people": 1}, **broken("agent")), False),
        (BASE.but(profile={"people": 1}, **broken("p1")), False),
        (BASE.but(profile={"people": 1}, **broken("p1", str(EDIT))), True),
        (BASE_GAP.but(profile={"type": "AWS_MANAGED"}), False),
    ],
)
def test_a_profile_of_its_own_is_proposed_where_only_the_profiles_stand_in_the_way(
    moment: Moment, proposable: bool
) -> None:
    (refuse,) = moment.planned().refused
    assert refuse.proposable is proposable


def test_a_plan_reads_as_text() -> None:
    crowd = replace(PROFILE, people=2, others=frozenset({BETA}))
    rules = replace(ANY, automatic_risk=Risk.READ)
    needs = [need("a", lacking(VIEW)), need("b", lacking(EDIT))]
    assert describe_plan(plan(AGENT, needs, (crowd,), rules, SITUATION)) == [
        "Repair: add permission:Wisdom.View to agents (p1) for a (people: 2, other AI agents: 1)",
        "Offer: add permission:Cases.Edit to agents (p1) for b (people: 2, other AI agents: 1)",
    ]
    assert describe_plan(BASE_GAP.planned()) == [
        "Repair: attach agents (p1) for profile:p1 (people: 0, other AI agents: 0)"
    ]
