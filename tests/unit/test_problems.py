"""Verdicts on several versions become one problem per tool and kind."""

from __future__ import annotations

from typing import Any

from tests.fakes import ESCALATE, MYSTERY, RETRIEVE, UPDATE_CASE, mcp

from toolgrant.domain.catalog import packaged
from toolgrant.domain.evaluate import evaluate
from toolgrant.domain.model import (
    DRAFT,
    LATEST,
    Confidence,
    Finding,
    FindingKind,
    Grant,
    QualifiedAgent,
    SecurityProfile,
    Tool,
    Verdict,
)
from toolgrant.domain.problems import JudgedQualifier, finding_id, problems_of, scope_of
from toolgrant.domain.texts import CLIP


def judged(
    qualifier: str,
    *tools: Tool,
    grants: tuple[str, ...] = (),
    live: bool = False,
    profiles: tuple[str, ...] = (),
) -> JudgedQualifier:
    agent = QualifiedAgent("a", "agent", qualifier, "arn", "n", "ORCHESTRATION", tools)
    held = SecurityProfile("p", "P", frozenset(Grant.parse(text) for text in grants))
    return JudgedQualifier(evaluate(agent, [held], packaged()), live, profiles)


def seen(*versions: JudgedQualifier) -> dict[str, Finding]:
    found = problems_of("instance", versions)
    assert len({finding.id for finding in found}) == len(found)
    return {f"{finding.kind} {finding.tool_name}": finding for finding in found}


def brief(finding: Finding) -> tuple[Any, ...]:
    return finding.severity, finding.qualifiers, [str(grant) for grant in finding.missing]


def test_what_is_sufficient_is_no_problem() -> None:
    versions = judged(DRAFT, RETRIEVE, ESCALATE, grants=("permission:Wisdom.View",))

    assert seen(versions) == {}


def test_the_draft_alone_is_medium_a_live_version_high_an_unknown_tool_low() -> None:
    problems = seen(judged(DRAFT, RETRIEVE, MYSTERY), judged("1", UPDATE_CASE, MYSTERY, live=True))

    assert {name: brief(finding) for name, finding in problems.items()} == {
        "insufficient Retrieve": ("MEDIUM", (DRAFT,), ["permission:Wisdom.View"]),
        "unknown Mystery": ("LOW", (DRAFT, "1"), []),
        "insufficient UpdateCase": (
            "HIGH",
            ("1",),
            ["permission:Cases.View", "permission:Cases.Edit"],
        ),
    }


def test_the_same_tool_on_several_versions_is_one_problem_at_its_worst() -> None:
    problems = seen(
        judged(DRAFT, UPDATE_CASE, grants=("permission:Cases.View",)),
        judged(LATEST, UPDATE_CASE, grants=("permission:Cases.Edit",)),
        judged("2", UPDATE_CASE, grants=("permission:Cases.View",), live=True),
    )

    assert brief(problems["insufficient UpdateCase"]) == (
        "HIGH",
        (DRAFT, LATEST, "2"),
        ["permission:Cases.Edit", "permission:Cases.View"],
    )


def test_two_tools_of_one_name_are_one_problem_that_drops_nothing() -> None:
    same = mcp("aws_service__connect_DescribeContact", "Retrieve")

    problems = seen(judged(DRAFT, RETRIEVE, same))

    assert brief(problems["insufficient Retrieve"])[2] == [
        "permission:Wisdom.View",
        "permission:BasicAgentAccess",
    ]


def test_one_name_may_have_a_problem_of_each_kind() -> None:
    unknown = mcp("nobody-knows", "Retrieve")

    assert set(seen(judged(DRAFT, RETRIEVE, unknown))) == {
        "insufficient Retrieve",
        "unknown Retrieve",
    }


def test_a_live_version_without_a_profile_of_the_draft_is_a_gap() -> None:
    problems = seen(
        judged(DRAFT, profiles=("p", "q")),
        judged(LATEST),
        judged("1", RETRIEVE, live=True, profiles=("q",)),
        judged("2", live=True),
    )

    gaps = {f.tool_name: f for f in problems.values() if f.kind is FindingKind.ASSOCIATION_GAP}
    assert {name: brief(gap)[:2] for name, gap in gaps.items()} == {
        "profile:p": ("HIGH", ("1", "2")),
        "profile:q": ("MEDIUM", ("2",)),
    }
    assert gaps["profile:p"].verdict is Verdict.INSUFFICIENT


def test_a_gap_says_in_both_languages_how_well_it_is_known() -> None:
    (gap,) = seen(judged(DRAFT, profiles=("p",)), judged("1", live=True)).values()

    assert gap.confidence is Confidence.OBSERVED
    (why,) = gap.advisories
    assert ("Observed" in why.en, "starts without any security profile" in why.en) == (True, True)
    assert ("観測" in why.ja, "セキュリティプロファイルが 1 つも" in why.ja) == (True, True)


def test_more_profiles_than_the_draft_are_no_gap_and_a_live_draft_has_none() -> None:
    assert seen(judged(DRAFT, live=True), judged("1", live=True, profiles=("extra",))) == {}


def test_an_id_is_made_of_instance_agent_name_and_kind_and_nothing_else() -> None:
    base = ("instance", "agent", "tool", FindingKind.UNKNOWN)
    ids = {
        finding_id(*base),
        finding_id("other", *base[1:]),
        finding_id("instance", "other", "tool", FindingKind.UNKNOWN),
        finding_id("instance", "agent", "other", FindingKind.UNKNOWN),
        finding_id("instance", "agent", "tool", FindingKind.INSUFFICIENT),
    }

    assert len(ids) == 5
    assert finding_id(*base) == "f-tpw21n2cmq"  # findings on record depend on it


def test_hostile_names_make_findings_of_bounded_size() -> None:
    tool = mcp("gateway_gw__" + "名" * 4000, "\ud800\n" + "😀" * 4000)

    (finding,) = problems_of("instance", [judged(DRAFT, tool)])

    texts = (finding.tool_name, finding.tool_id or "", finding.reason, finding.missing[0].value)
    assert all(len(text.encode()) <= 4 * CLIP and text.isprintable() for text in texts)


def test_the_scope_has_every_tool_with_its_worst_verdict() -> None:
    scope = scope_of(
        [
            judged(DRAFT, RETRIEVE, ESCALATE, profiles=("p",)),
            judged("1", RETRIEVE, grants=("permission:Wisdom.View",), profiles=("q",)),
        ]
    )

    assert scope.tools == {
        ("Retrieve", RETRIEVE.id): Verdict.INSUFFICIENT,
        ("Escalate", None): Verdict.SUFFICIENT,
    }
    assert scope.qualifiers == {DRAFT, "1"}
    assert scope.draft_profiles == {"profile:p"}
