"""Every text that people read comes from the tables of words, in their language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from toolgrant.domain.alerts.fix_notes import notes_of_refusal
from toolgrant.domain.fixing.gates import Refusal
from toolgrant.domain.fixing.policy import Refuse
from toolgrant.domain.model import Finding, FindingKind, FindingState, Severity, Text, Verdict
from toolgrant.domain.texts import Words, both, texts

PACKAGE = Path(__file__).parents[2] / "layers" / "toolgrant" / "toolgrant"
SOURCES = sorted(PACKAGE.rglob("*.py"))
JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
ENGLISH = re.compile(r"(?<![\w:/.-])(?!aws ssm )[A-Za-z]{2,}(?: [a-z]{2,}){2,}")
"""Three English words in a row; names, API terms and commands stand alone."""

NAMES = (
    "type name value tag owner qualifiers people most agents grants full known least change "
    "profile stack stacks reason"
)
VALUES = dict.fromkeys(NAMES.split(), "X")


def finding() -> Finding:
    kind, state = FindingKind.INSUFFICIENT, FindingState.OPEN
    return Finding(
        "f", kind, state, Severity.HIGH, "Retrieve", None, "", Verdict.INSUFFICIENT, ("$SAVED",)
    )


def literals(path: Path) -> Iterator[str]:
    """Every text in the code of a file, docstrings included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_japanese_stands_in_the_code(path: Path) -> None:
    assert [text for text in literals(path) if JAPANESE.search(text)] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_text_in_two_languages_is_made_of_literals(path: Path) -> None:
    calls = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Text"
    ]
    literal = [call for call in calls if any(isinstance(arg, ast.Constant) for arg in call.args)]
    assert literal == []


@pytest.mark.parametrize("gate", texts("en")["refusal"])
@pytest.mark.parametrize("profile", [None, "P"])
def test_why_nothing_is_fixed_is_said_in_japanese(gate: str, profile: str | None) -> None:
    refusal = Refusal(gate, VALUES, profile)
    for note in notes_of_refusal(Refuse(finding(), (refusal,)), "f"):
        assert not ENGLISH.search(note.ja), note.ja
        assert JAPANESE.search(note.ja)


@pytest.mark.parametrize("key", texts("en")["undo-reason"])
def test_why_an_undo_is_refused_is_said_in_japanese(key: str) -> None:
    reason = both("undo-reason", key, **VALUES)
    said = Words("ja")("note", "undo-refused", grants="G", change="C", reason=reason)
    assert not ENGLISH.search(said), said
    assert reason.ja in said
    assert reason.en in Words("en")("note", "undo-refused", grants="G", change="C", reason=reason)


def test_words_know_their_language() -> None:
    text = Text("yes", "はい")
    assert [Words(language).say(text) for language in ("en", "ja")] == ["yes", "はい"]
    assert both("label", "more", count=3).en.startswith("… and 3 more")


@pytest.mark.parametrize("tool", texts("en")["snippet"])
def test_where_infrastructure_as_code_needs_the_grant_is_said_in_japanese(tool: str) -> None:
    snippet = both("snippet", tool, list="permissions", value='"Wisdom.View"')
    assert JAPANESE.search(snippet.ja)
    assert '"Wisdom.View"' in snippet.ja
    assert "add" in snippet.en
    assert "add" not in snippet.ja
