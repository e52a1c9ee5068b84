"""The words of the domain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import HOSTILE, MANY

from toolgrant.domain.model import (
    Confidence,
    Grant,
    GrantKind,
    QualifiedAgent,
    Risk,
    Severity,
    Text,
)
from toolgrant.domain.texts import CLIP, clip, on_record


@MANY
@given(st.sampled_from(GrantKind), st.text(min_size=1))
def test_a_grant_is_written_and_read_back(kind: GrantKind, value: str) -> None:
    grant = Grant(kind, value)

    assert Grant.parse(str(grant)) == grant
    assert str(grant) == f"{kind.value}:{value}"


@pytest.mark.parametrize("text", ["", "permission", "permission:", "Permission:x", "other:x", ":x"])
def test_what_is_no_grant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a grant"):
        Grant.parse(text)


@pytest.mark.parametrize(
    ("grant", "risk"),
    [
        ("permission:Wisdom.View", Risk.READ),
        ("permission:Cases.View", Risk.READ),
        ("permission:Cases.Edit", Risk.WRITE),
        ("permission:BasicAgentAccess", Risk.WRITE),
        ("permission:View", Risk.WRITE),
        ("permission:Cases.view", Risk.WRITE),
        ("mcp:gateway/tool.View", Risk.WRITE),
        ("flow-module:m.View", Risk.WRITE),
        ("ai-agent:a.View", Risk.WRITE),
    ],
)
def test_only_a_view_permission_is_harmless(grant: str, risk: Risk) -> None:
    assert Grant.parse(grant).risk is risk


def test_severities_and_confidences_have_their_order() -> None:
    assert [severity.rank for severity in Severity] == [0, 1, 2, 3]
    assert min(Severity, key=lambda one: one.rank) is Severity.LOW
    assert max(Confidence, key=lambda one: one.rank) is Confidence.INFERRED


def test_profiles_are_associated_with_the_qualified_arn() -> None:
    agent = QualifiedAgent("a", "b", "$SAVED", "arn:x/a/b", "n", "ORCHESTRATION")

    assert agent.qualified_arn == "arn:x/a/b:$SAVED"


def test_a_text_is_said_in_the_language_asked_for() -> None:
    assert [Text("yes", "はい").say(language) for language in ("en", "ja")] == ["yes", "はい"]


@pytest.mark.parametrize(
    ("text", "clipped"),
    [
        ("plain", "plain"),
        ("two\nlines\t\x00\u2028\u202e", "two lines    "),
        ("a" * 300, "a" * 300),
        ("a" * 301, "a" * 299 + "…"),
        ("\ud800", " "),
    ],
)
def test_free_text_is_put_on_one_printable_line(text: str, clipped: str) -> None:
    assert clip(text) == clipped


@MANY
@given(st.text(max_size=700) | st.sampled_from(HOSTILE))
def test_clipping_is_bounded_printable_and_done_once(text: str) -> None:
    line = clip(text)

    assert len(line) <= CLIP
    assert line.isprintable()
    assert clip(line) == line
    assert (line == text) == (len(text) <= CLIP and text.isprintable())


@MANY
@given(st.text(max_size=700) | st.sampled_from(HOSTILE))
def test_what_is_kept_on_record_is_bounded_in_bytes_too(text: str) -> None:
    kept = on_record(text)

    assert len(kept.encode()) <= CLIP + 2
    assert on_record(kept) == kept
    assert kept.removesuffix("…") == clip(text)[: len(kept.removesuffix("…"))]
