"""Where sources disagree on what a tool needs, only what all of them ask for is ever written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.fakes import CREATE_CASE, UPDATE_CASE, FixWorld
from tests.usecases.fix_cases import BEFORE, PROFILE, notes, ready, refused

from toolgrant.domain.fixing.rules import Mode
from toolgrant.domain.model import Confidence, Risk
from toolgrant.errors import InvalidInput

VIEW, EDIT, CREATE = (f"permission:Cases.{box}" for box in ("View", "Edit", "Create"))
SECOND_SOURCE = json.dumps(
    {
        "schema": 1,
        "version": "2026-11-25",
        "tool": [
            {
                "id": "aws_service__connectcases_UpdateCase",
                "console_path": {"en": "Cases > Cases", "ja": "ケース > ケース"},
                "confidence": dict.fromkeys(("tool_id", "permission", "box"), "observed"),
                "evidence": ["https://example.com/why"],
                "checked": "2026-11-25",
                "claim": [
                    {
                        "requires": list(grants),
                        "source": {"en": source, "ja": source},
                        "confidence": "observed",
                        "evidence": [f"https://example.com/{source}"],
                    }
                    for source, grants in (("one", (VIEW, EDIT)), ("two", (VIEW, CREATE)))
                ],
            }
        ],
    }
)
"""An override by which a second source has UpdateCase need something else."""

GUESSES = {"least_confidence": Confidence.INFERRED, "automatic_risk": Risk.WRITE}


def creating(*held: str, **rules: Any) -> FixWorld:
    """An AI agent that creates cases, and a profile that may be written to."""
    world = ready(CREATE_CASE, **{**GUESSES, **rules})
    world.profile(PROFILE, BEFORE, *held)
    return world


def test_only_what_all_sources_share_is_written_and_the_finding_stays_open() -> None:
    world = creating()

    world.look_and_fix()
    world.later(3600)
    world.look_and_fix()

    assert world.grants(PROFILE) == {BEFORE, VIEW}
    finding = world.store.record(world.key("agent")).findings[world.finding_id("CreateCase")]
    assert (finding.state, finding.verdict) == ("open", "INSUFFICIENT")
    assert [str(grant) for grant in finding.missing] == [EDIT]
    assert "fixed" not in {alert["status"] for alert in world.notifier.alerts}


@pytest.mark.parametrize("held", [(VIEW,), (VIEW, EDIT), (VIEW, CREATE), (VIEW, EDIT, CREATE)])
@pytest.mark.parametrize("mode", [Mode.FIX, Mode.APPROVE])
def test_nothing_is_written_or_offered_once_they_share_no_more(
    held: tuple[str, ...], mode: Mode
) -> None:
    world = creating(*held, mode=mode)

    assert world.look_and_fix() == []

    assert world.grants(PROFILE) == {BEFORE, *held}
    assert not world.store.shown()


def test_people_are_told_why_the_rest_is_not_written() -> None:
    world = creating(VIEW)

    world.look_and_fix()

    said = notes(*world.notifier.alerts)
    assert f"sources disagree on whether the tool needs {EDIT}" in said
    assert "the AWS page on Cases" in said
    assert f"{VIEW}, {EDIT}, {CREATE}" in said


def test_an_approval_gives_what_all_share_and_no_profile_of_its_own_gives_more() -> None:
    world = creating(mode=Mode.APPROVE, dedicated=True)
    world.look()
    ((offer,),) = (shown.offers for shown in world.store.shown())
    assert [str(grant) for grant in offer.grants] == [VIEW]

    world.operate("approve", world.finding_id("CreateCase"))
    world.fix()

    assert world.grants(PROFILE) == {BEFORE, VIEW}


def test_a_profile_of_its_own_is_offered_for_what_all_share_only() -> None:
    world = ready(CREATE_CASE, holder={"tags": {}}, dedicated=True, **GUESSES)
    world.look()

    proposals = [alert["proposal"] for alert in world.notifier.alerts if alert.get("proposal")]
    assert [proposal["grants"] for proposal in proposals] == [[VIEW]]
    with pytest.raises(InvalidInput):
        world.operate("approve", world.finding_id("CreateCase"))  # not offered on this profile


def test_what_another_tool_surely_needs_is_written_for_that_one() -> None:
    world = ready(CREATE_CASE, UPDATE_CASE, **GUESSES)

    world.look_and_fix()

    assert world.grants(PROFILE) == {BEFORE, VIEW, EDIT}
    world.later(3600)
    world.look_and_fix()
    assert world.grants(PROFILE) == {BEFORE, VIEW, EDIT}
    assert "now-known" not in str(world.notifier.alerts)


def test_what_became_disputed_after_it_was_approved_is_refused_and_told() -> None:
    """An override may bring a second source between approval and write."""
    world = ready(UPDATE_CASE, mode=Mode.APPROVE, **GUESSES)
    world.profile(PROFILE, BEFORE, VIEW)
    world.look()
    world.operate("approve", world.finding_id("UpdateCase"))
    world.catalog = world.catalog.with_overrides(SECOND_SOURCE)

    world.fix()

    assert EDIT not in world.grants(PROFILE)
    assert f"sources disagree on whether the tool needs {EDIT}" in notes(*refused(world))
