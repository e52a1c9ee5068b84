"""Nothing that a name, an id or a file holds can act on a terminal or forge a line."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import MANY

from toolgrant_cli.main import main
from toolgrant_cli.operate import give
from toolgrant_cli.terminal import shown

ESCAPES = {
    "\x1b]0;title\x07": r"\x1b]0;title\x07",
    "a\rb": r"a\rb",
    "a\n  SUFFICIENT    Forged": r"a\n  SUFFICIENT    Forged",
    "a\u202eb": r"a\u202eb",
    "a\u2066b": r"a\u2066b",
    "a\u200bb": r"a\u200bb",
    "a\u2028b": r"a\u2028b",
    "a\x9b31mb": r"a\x9b31mb",
    "a\u3164b": r"a\u3164b",
    "a\ud800b": r"a\ud800b",
    "a\U000e0041b": r"a\U000e0041b",
}
ENDLESS = "".join(ESCAPES)
"""All of them in one text."""


def harmless(printed: str) -> bool:
    """Whether a terminal shows all of it as it is: only our own line ends act."""
    kinds = {unicodedata.category(character) for character in printed.replace("\n", "")}
    return not kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"} and "\u3164" not in printed


@pytest.mark.parametrize(("text", "seen"), ESCAPES.items())
def test_what_acts_on_a_terminal_is_shown_as_an_escape(text: str, seen: str) -> None:
    assert shown(text) == seen


@pytest.mark.parametrize("text", ["", "Retrieve v2", "注文を検索", "Ü – “x”", r"C:\new", "e\u0301"])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert shown(text) == text


@MANY
@given(st.text(alphabet=st.characters()))
def test_any_text_is_one_harmless_line_and_stays_so(text: str) -> None:
    line = shown(text)

    assert harmless(line)
    assert "\n" not in line
    assert shown(line) == line


# --- the commands


def snapshot(path: Path, hostile: str) -> str:
    """A file in which every free text is hostile, with a verdict of each kind."""
    tools = [
        {"toolName": f"{n}{hostile}", "toolType": kind, **({"toolId": tool_id} if tool_id else {})}
        for n, (kind, tool_id) in enumerate(
            [
                ("RETURN_TO_CONTROL", ""),
                ("MODEL_CONTEXT_PROTOCOL", f"gateway_gw__{hostile}"),
                ("MODEL_CONTEXT_PROTOCOL", f"aws_none__{hostile}"),
                (f"ODD{hostile}", ""),
                ("MODEL_CONTEXT_PROTOCOL", "aws_service__qconnect_Retrieve"),
            ]
        )
    ]
    agent = {
        "aiAgentArn": f"arn:aws:wisdom:us-east-1:1:ai-agent/a/b{hostile}:$SAVED",
        "name": hostile,
        "type": "ORCHESTRATION",
        "configuration": {"orchestrationAIAgentConfiguration": {"toolConfigurations": tools}},
    }
    profile = {"SecurityProfile": {"Id": "p", "SecurityProfileName": hostile}}
    data = {"aiAgent": agent, "securityProfiles": [profile]}
    path.write_text(json.dumps(data), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("hostile", [*ESCAPES, ENDLESS])
def test_a_table_has_exactly_its_own_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], hostile: str
) -> None:
    plain = main(["evaluate", "--format", "table", snapshot(tmp_path / "plain", "x")])
    expected = capsys.readouterr().out.splitlines()

    assert main(["evaluate", "--format", "table", snapshot(tmp_path / "odd", hostile)]) == plain
    out = capsys.readouterr().out

    assert harmless(out)
    assert [line[:14] for line in out.split("\n")[1:-1]] == [line[:14] for line in expected[1:]]
    assert out.count(shown(hostile)) >= 5


def test_columns_are_aligned_by_what_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["evaluate", "--format", "table", snapshot(tmp_path / "odd", "\x1b\u202e")])

    lines = capsys.readouterr().out.splitlines()
    assert {line.index("missing") for line in lines if "missing" in line} == {
        2 + 12 + 2 + len(r"0\x1b\u202e") + 2
    }


@pytest.mark.parametrize("hostile", [one for one in ESCAPES if "\ud800" not in one])
def test_json_stays_exact(tmp_path: Path, capsys: pytest.CaptureFixture[str], hostile: str) -> None:
    main(["evaluate", snapshot(tmp_path / "odd", hostile)])

    assert json.loads(capsys.readouterr().out)["agent"]["name"] == hostile


@pytest.mark.parametrize("hostile", [one for one in ESCAPES if "\ud800" not in one])
@pytest.mark.parametrize(
    "arguments",
    [
        ["evaluate", "no {}"],
        ["evaluate", "--format", "{}", "file"],
        ["catalog", "more {}"],
        ["pause", "--by", "x", "more {}"],
        ["{}"],
        ["mute", "id", "--until", "{}"],
        ["approve", "{}", "--function-name", "f"],
    ],
)
def test_an_error_is_one_harmless_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], hostile: str
) -> None:
    try:
        code = main([argument.format(hostile) for argument in arguments])
    except SystemExit as error:
        code = int(error.code or 0)

    printed = capsys.readouterr()
    *usage, line = printed.err.removesuffix("\n").split("\n")
    assert (code, printed.out) == (2, "")
    assert line.startswith("toolgrant")
    assert all(text.startswith(("usage:", " ")) for text in usage)
    assert harmless(printed.err)


def test_an_error_names_the_field_of_a_file_without_what_acts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a\x1b[31m\nb"
    path.write_text('{"aiAgent": 3}', encoding="utf-8")

    assert main(["evaluate", str(path)]) == 2
    assert r"a\x1b[31m\nb: $.aiAgent" in capsys.readouterr().err


@pytest.mark.parametrize("hostile", [*ESCAPES, ENDLESS])
@pytest.mark.parametrize("form", ["{}", "gateway_gw__{}", "aws_service__{}", "connect_{}"])
def test_an_explanation_shows_the_name_that_was_asked_for(
    capsys: pytest.CaptureFixture[str], hostile: str, form: str
) -> None:
    assert main(["explain", form.format(hostile)]) == 0

    out = capsys.readouterr().out
    assert harmless(out)
    assert out.startswith(shown(form.format(hostile)))
    assert all(line.startswith("  ") or not line for line in out.split("\n")[1:])


class Answers:
    """`operate.OperateClient` with an answer of its own."""

    def __init__(self, **answer: Any) -> None:
        self.answer = answer

    def function(self, _: str) -> str:
        return "operate"

    def invoke(self, _function: str, _order: Any) -> Any:
        return self.answer

    def caller(self) -> str:
        return "ann"

    def where(self) -> str:
        return ""


@pytest.mark.parametrize("dry_run", [True, False])
def test_what_the_operate_function_answers_is_one_harmless_line_each(
    capsys: pytest.CaptureFixture[str], dry_run: bool
) -> None:
    steps = [f"mute {text}" for text in ESCAPES]

    done = give(asked(), Answers(ok=True, dryRun=dry_run, steps=steps))
    refused = give(asked(), Answers(ok=False, error=f"no {ENDLESS}"))

    printed = capsys.readouterr()
    assert (done, refused) == (0, 1)
    assert harmless(printed.out)
    assert harmless(printed.err)
    assert printed.out.count("\n") == len(steps)
    assert printed.err == f"toolgrant: refused: no {shown(ENDLESS)}\n"


def asked() -> Any:
    from toolgrant_cli.main import parser  # noqa: PLC0415

    return parser().parse_args(["pause", "--by", "x"])
