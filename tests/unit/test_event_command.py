"""`toolgrant event`: one JSON object per record, by the code of the evaluate function."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from toolgrant.adapters.events import matches, parse_event
from toolgrant.domain.requests import AgentRequest, FanOut, FlowRequest, RefusedSave, Skip
from toolgrant_cli.main import main

ROOT = Path(__file__).parents[2]
EVENTS = sorted((ROOT / "events").glob("*.json"))
CASES = sorted((ROOT / "tests" / "data" / "events").glob("*.json"))
SAMPLES = json.loads((ROOT / "tests" / "data" / "cloudtrail_samples.json").read_text("utf-8"))
MATCHES = json.loads((ROOT / "tests" / "golden" / "event_matches.json").read_text("utf-8"))
KEYS = ["file", "matches", "outcome", "aiAgents", "targets", "actor", "reason", "remedy"]
AGENT = "00000000-0000-4000-8000-0000000000bb"
PROFILE = "99999999-8888-4777-8666-555555555555"
OUTCOMES = {
    AgentRequest: "look",
    FanOut: "fan-out",
    FlowRequest: "fan-out",
    RefusedSave: "notice",
    Skip: "skip",
}
SAVE: dict[str, Any] = json.loads(
    (ROOT / "events" / "update-ai-agent--role.json").read_text("utf-8")
)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Runs the command on files, or on contents that become files; returns what it printed."""

    def command(*inputs: object) -> list[dict[str, Any]]:
        paths = []
        for number, given in enumerate(inputs):
            path = given if isinstance(given, Path) else tmp_path / f"{number}.json"
            if not isinstance(given, Path):
                path.write_text(json.dumps(given), encoding="utf-8")
            paths.append(str(path))
        assert main(["event", *paths]) == 0
        printed = capsys.readouterr()
        assert printed.err == ""
        return [json.loads(line) for line in printed.out.splitlines()]

    return command


def told(answer: dict[str, Any]) -> tuple[str, list[str], list[tuple[str, str]], str, str]:
    targets = [(target["kind"], target["id"]) for target in answer["targets"]]
    actor = answer["actor"]
    return answer["outcome"], answer["aiAgents"], targets, actor["name"], actor["via"]


EXPECTED = {
    "create-version-arn-qualified": ("look", [AGENT], [], "ContactCentreAdmin/admin", "AWS CLI"),
    "identity-identity-center": (
        *("look", [AGENT], []),
        *("544894e8-0000-4000-8000-000000000001", "AWS CLI"),
    ),
    "omitted-request-response-there": ("look", [AGENT], [], "ContactCentreAdmin/admin", "AWS CLI"),
    "refused-gateway-tool-not-discovered": (
        *("notice", [AGENT], [("tool", "query-transactions___query_transactions")]),
        *("ContactCentreAdmin/admin", "AWS CLI"),
    ),
    "sync-role": (
        *("fan-out", [], [("profile", PROFILE)]),
        "AWSServiceRoleForAmazonConnectSynchronization_11111111-2222-3333/ResourceSynchronization",
        "Global Resiliency copy",
    ),
    "terraform-user-agent": (
        *("fan-out", [], [("profile", PROFILE)]),
        *("ci-deploy/GitHubActions", "Terraform"),
    ),
}


def test_every_case_has_an_expectation() -> None:
    assert {path.stem for path in CASES} == set(EXPECTED)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_cases(run: Any, path: Path) -> None:
    (answer,) = run(path)
    assert told(answer) == EXPECTED[path.stem]
    assert (list(answer), answer["file"], answer["matches"]) == (KEYS, str(path), True)


def test_all_samples_are_read_as_the_evaluate_function_reads_them(run: Any) -> None:
    answers = run(*EVENTS)
    assert [answer["file"] for answer in answers] == [str(path) for path in EVENTS]
    for path, answer in zip(EVENTS, answers, strict=True):
        request = parse_event(json.loads(path.read_text("utf-8")))
        assert answer["outcome"] == OUTCOMES[type(request)], path.name
        assert answer["matches"] is MATCHES[path.name], path.name
        assert "HIDDEN" not in json.dumps(answer), path.name


LOOKED_AT = {
    "SYNTHETIC: security-profile edit from the admin website": ("fan-out", True, "admin website"),
    "qconnect default-agent change, agent missing": ("skip", True, "API"),
    "qconnect default-agent change, denied": ("skip", True, "API"),
    "Connect call made by CloudFormation, failed": ("skip", True, "CloudFormation"),
    "Global Resiliency replication": ("skip", False, "Global Resiliency copy"),
    "Admin-website edit identity": ("fan-out", True, "admin website"),
    "qconnect call made by CloudFormation, name clash": ("skip", False, "CloudFormation"),
}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["label"])
def test_bare_records_are_read(run: Any, sample: dict[str, Any]) -> None:
    (answer,) = run(sample["record"])
    outcome, matched, via = LOOKED_AT.get(sample["label"], ("skip", False, answer["actor"]["via"]))
    assert (answer["outcome"], answer["actor"]["via"]) == (outcome, via)
    assert answer["matches"] is matched


RECORD = SAVE["detail"]
SHAPES: dict[str, Any] = {
    "an event": SAVE,
    "a bare record": RECORD,
    "a log file": {"Records": [RECORD]},
    "an answer of LookupEvents": {"Events": [{"CloudTrailEvent": json.dumps(RECORD)}]},
    "one entry of such an answer": {"EventName": "x", "CloudTrailEvent": json.dumps(RECORD)},
    "a list": [SAVE],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_that_a_record_comes_in_is_the_same(run: Any, shape: str) -> None:
    (expected,) = run(SAVE)
    assert run(SHAPES[shape]) == [expected]
    assert (expected["outcome"], expected["matches"]) == ("look", True)


def test_several_records_are_several_lines_in_their_order(run: Any) -> None:
    other = {**RECORD, "eventName": "GetAIAgent"}
    answers = run({"Records": [RECORD, other]}, SAVE)
    assert [answer["outcome"] for answer in answers] == ["look", "skip", "look"]
    assert run({"Records": []}) == []


def test_a_notice_says_why_and_what_to_do(run: Any) -> None:
    (answer,) = run(ROOT / "events" / "update-ai-agent--refused-tool.json")
    assert answer["outcome"] == "notice"
    assert "does not offer" in answer["reason"]
    assert answer["remedy"] == "AI agent designer > the agent > remove the tool"


def test_a_refused_creation_names_no_ai_agent(run: Any) -> None:
    (answer,) = run(ROOT / "events" / "create-ai-agent--refused-tool.json")
    assert (answer["outcome"], answer["aiAgents"]) == ("notice", [])


def test_the_callers_missing_rights_are_a_notice_with_its_own_remedy(run: Any) -> None:
    failed = {
        "eventName": "CreateAIAgent",
        "errorCode": "AccessDeniedException",
        "errorMessage": "Insufficient permissions to perform this action",
        "requestParameters": {"assistantId": "00000000-0000-4000-8000-0000000000aa", "name": "A"},
    }
    (answer,) = run({**RECORD, **failed})
    assert (answer["outcome"], answer["targets"]) == ("notice", [])
    assert "bedrock-agentcore" in answer["remedy"]


def test_the_text_of_a_refusal_may_be_the_whole_answer(run: Any) -> None:
    answer = "MCP tool with ID 'orders___get' not found in MCP tools"
    failed = {"errorCode": "ValidationException", "responseElements": answer}
    (told,) = run({**RECORD, **failed})
    assert (told["outcome"], told["targets"]) == (
        "notice",
        [{"kind": "tool", "id": "orders___get"}],
    )


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_text(json.dumps(RECORD), encoding="utf-8-sig")
    assert main(["event", str(path)]) == 0


# ------------------------------------------------------------------------------- what is no input


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "$: not JSON"),
        ("{", "$: not JSON"),
        ("[" * 100_000, "$: not JSON"),
        ("3", "$: expected an object, found a number"),
        ("{}", "$: neither a CloudTrail record nor an EventBridge event"),
        ('{"detail-type": "AWS API Call via CloudTrail"}', "$.detail.eventName: missing"),
        ('{"Records": {}}', "$.Records: expected a list"),
        ('{"Records": [3]}', "$.Records[0]: expected an object"),
        ('{"Events": [{"CloudTrailEvent": "{"}]}', "$.Events[0].CloudTrailEvent: not JSON"),
    ],
)
def test_an_unreadable_file_is_one_line_that_names_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, problem: str
) -> None:
    bad, good = tmp_path / "bad.json", ROOT / "events" / "update-ai-agent--role.json"
    bad.write_text(text, encoding="utf-8")
    code = main(["event", str(good), str(bad)])
    printed = capsys.readouterr()
    assert (code, printed.out) == (2, "")
    (line,) = printed.err.splitlines()
    assert f"{bad}: {problem}" in line


def test_a_file_that_is_nested_deeply_ends_without_a_traceback(tmp_path: Path) -> None:
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 900 + "]" * 900, encoding="utf-8")
    assert main(["event", str(deep)]) in (0, 2)


def test_a_missing_file_is_one_line_that_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["event", "no/such.json"]) == 2
    assert capsys.readouterr().err == "toolgrant: no/such.json: No such file or directory\n"


# ------------------------------------------------------------------------------ the deployed rule


def pattern() -> dict[str, Any]:
    class Loader(yaml.SafeLoader):
        """Reads CloudFormation's short tags as nothing."""

    Loader.add_multi_constructor("!", lambda *_: None)
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    rule = yaml.load(text, Loader)["Resources"]["ChangeRule"]  # noqa: S506 - a SafeLoader
    found: dict[str, Any] = rule["Properties"]["EventPattern"]
    return found


def let_in(wanted: dict[str, Any], event: object) -> bool:
    """EventBridge's matching, as far as the rule uses it: a list of values per field."""
    return isinstance(event, dict) and all(
        let_in(inner, event.get(key)) if isinstance(inner, dict) else event.get(key) in inner
        for key, inner in wanted.items()
    )


ODD = [
    {},
    {"source": "com.example"},
    {"source": "aws.iot"},
    {"source": "aws.wisdom"},
    {"source": None},
    {"detail-type": "Amazon Connect Contact Event"},
    {"detail": "text"},
    {"detail": {**RECORD, "eventSource": "iot.amazonaws.com"}},
    {"detail": {**RECORD, "eventName": "updateaiagent"}},
    {"detail": {**RECORD, "eventName": None}},
    {"detail": {**RECORD, "eventName": "GetAIAgent"}},
]


def test_what_matches_is_what_the_pattern_of_the_template_lets_in() -> None:
    wanted = pattern()
    assert set(wanted) == {"source", "detail-type", "detail"}
    assert set(wanted["detail"]) == {"eventSource", "eventName"}
    events = [json.loads(path.read_text("utf-8")) for path in EVENTS]
    names = [{**SAVE, "detail": {**RECORD, "eventName": n}} for n in wanted["detail"]["eventName"]]
    sources = [
        {**SAVE, "source": source, "detail": {**RECORD, "eventSource": service}}
        for source in wanted["source"]
        for service in wanted["detail"]["eventSource"]
    ]
    for event in [*events, *names, *sources, *({**SAVE, **odd} for odd in ODD)]:
        assert matches(event) is let_in(wanted, event)
    assert all(map(matches, [*names, *sources]))


def test_an_event_of_a_contact_flow_says_which_one_is_read(run: Any) -> None:
    (known,) = run(ROOT / "events" / "update-contact-flow-content--role.json")
    (hidden,) = run(ROOT / "events" / "delete-contact-flow--masked-request.json")

    assert (known["outcome"], known["aiAgents"]) == ("fan-out", [])
    assert known["targets"] == [
        {"kind": "contact-flow", "id": "5d1c7e20-6a4b-4f3d-8c2e-9b0a1d2e3f40"}
    ]
    assert (hidden["outcome"], hidden["targets"]) == ("fan-out", [])
    assert "all of them are read" in hidden["reason"]
