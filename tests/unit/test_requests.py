"""Messages of the change queue: ours come back as they went, and no other does any harm."""

from __future__ import annotations

import copy
import dataclasses
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.fakes import refused
from tests.strategies import HOSTILE, MANY, SOME, agent_requests

from toolgrant.adapters.change_messages import MOST_BYTES, parse_message, to_message
from toolgrant.domain.causes import Actor, Cause
from toolgrant.domain.contact_flows import FlowKey
from toolgrant.domain.model import QualifiedAgent, Tool
from toolgrant.domain.records import AgentKey
from toolgrant.domain.requests import AgentRequest, FanOut, FlowRequest, Observed, RefusedSave, Skip
from toolgrant.errors import InvalidInput

EVENTS = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parents[2] / "events").glob("*.json"))
}
SECRET = "do-not-repeat-me"
SENSITIVE = (
    *("title", "description", "instruction", "examples", "overrideInputValues", "outputFilters"),
    *("inputSchema", "outputSchema", "annotations", "Content", "orchestrationAIPromptId"),
)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
AGENT = QualifiedAgent("s", "a", "$SAVED", "arn", "n", "ORCHESTRATION")
REQUEST = AgentRequest(AgentKey("s", "a"), Cause("sweep"), observed=Observed(NOW, (AGENT,)))

# --- ours


@SOME
@given(agent_requests())
def test_a_request_comes_back_as_it_went(request: AgentRequest) -> None:
    body = to_message(request)

    back = parse_message(body)
    assert body.isascii()
    assert back in (request, replace(request, observed=None))
    # Six bytes for a character at most: only what is long is left out.
    assert back == request or 6 * len(repr(request)) > MOST_BYTES


def test_a_request_says_all_it_has_to_and_no_more() -> None:
    cause = Cause("event", "e", "UpdateAIAgent", NOW, Actor("t", "n", "API"))
    request = AgentRequest(AgentKey("s", "a"), cause, "i", None, 3, NOW)

    assert json.loads(to_message(request)) == {
        "schema": "toolgrant/request/2",
        "key": {"assistant_id": "s", "ai_agent_id": "a"},
        "instance_id": "i",
        "attempt": 3,
        "saved_at": "2026-11-23T12:00:00+00:00",
        "cause": {
            "reason": "event",
            "event_id": "e",
            "event_name": "UpdateAIAgent",
            "event_time": "2026-11-23T12:00:00+00:00",
            "actor": {"type": "t", "name": "n", "via": "API", "role": "", "stack": ""},
        },
        "observed": None,
    }


@pytest.mark.parametrize(
    ("tools", "kept"),
    [
        (1, True),
        (50, True),
        (60, False),
        (5000, False),
    ],
)
def test_what_the_sweep_observed_is_left_out_where_it_would_not_fit(tools: int, kept: bool) -> None:
    many = tuple(Tool(f"tool {n}", "MODEL_CONTEXT_PROTOCOL", "x" * 4096) for n in range(tools))
    request = replace(REQUEST, observed=Observed(NOW, (replace(AGENT, tools=many),)))

    body = to_message(request)

    assert len(body) <= MOST_BYTES
    assert parse_message(body) == (request if kept else replace(request, observed=None))


def test_a_request_to_read_a_flow_comes_back_as_it_went() -> None:
    request = FlowRequest(FlowKey("i", "f"), FULL_CAUSE, (AgentKey("s", "a"),), 3)

    assert parse_message(to_message(request)) == request
    assert json.loads(to_message(request))["schema"] == "toolgrant/flow/1"


def test_lists_that_prove_no_qualifier_are_sent_with_what_is_live() -> None:
    request = replace(REQUEST, observed=Observed(NOW, (), frozenset({"$LATEST"})))

    assert parse_message(to_message(request)) == request


def set_at(path: str, value: object) -> str:
    """A request of ours with one value replaced; a path names list positions, too."""
    data: Any = json.loads(to_message(replace(REQUEST, cause=FULL_CAUSE, observed=OBSERVED)))
    inner = data
    *steps, last = [int(word) if word.isdigit() else word for word in path.split(".")]
    for step in steps:
        inner = inner[step]
    inner[last] = value
    return json.dumps(data)


FULL_CAUSE = Cause("event", "e", "UpdateAIAgent", NOW, Actor("t", "n", "API"))
OBSERVED = Observed(
    NOW, (replace(AGENT, tools=(Tool("t", "y", "i", frozenset("o")),)),), frozenset("1")
)


@pytest.mark.parametrize(
    ("path", "value", "refusal"),
    [
        (
            "schema",
            "toolgrant/request/1",
            "$.schema: expected toolgrant/request/2 or toolgrant/flow/1",
        ),
        ("schema", None, "$.schema: expected toolgrant/request/2 or toolgrant/flow/1"),
        ("key", None, "$.key.assistant_id: missing"),
        ("key.assistant_id", "", "$.key: expected the ids of an assistant and an AI agent"),
        ("key.assistant_id", 7, "$.key.assistant_id: expected text"),
        ("key.ai_agent_id", None, "$.key.ai_agent_id: expected text"),
        ("instance_id", [], "$.instance_id: expected text"),
        ("attempt", "1", "$.attempt: expected int"),
        ("attempt", True, "$.attempt: expected int"),
        ("attempt", -1, "$.attempt: expected 0 or more"),
        ("attempt", 1.5, "$.attempt: expected int"),
        ("saved_at", "yesterday", "$.saved_at: expected an ISO 8601 time"),
        ("saved_at", "9999-12-31T23:59:59Z", "$.saved_at: expected a time of this age"),
        ("cause", "x", "$.cause: expected an object, found text"),
        ("cause.reason", {}, "$.cause.reason: expected text"),
        ("cause.event_time", "2026-11-23T12:00:00", "$.cause.event_time: expected a time zone"),
        ("cause.event_time", 5, "$.cause.event_time: expected text"),
        ("cause.actor", "x", "$.cause.actor: expected an object, found text"),
        ("cause.actor.via", 5, "$.cause.actor.via: expected text"),
        ("observed", [], "$.observed: expected an object, found a list"),
        ("observed.at", None, "$.observed.at: expected text"),
        ("observed.agents", {}, "$.observed.agents: expected a list, found an object"),
        ("observed.agents.0", "x", "$.observed.agents[0]: expected an object, found text"),
        ("observed.agents.0.arn", 1, "$.observed.agents[0].arn: expected text"),
        (
            "observed.agents.0.tools.0",
            {"name": "t"},
            "$.observed.agents[0].tools[0].type: missing",
        ),
        (
            "observed.agents.0.tools.0.overrides",
            "o",
            "$.observed.agents[0].tools[0].overrides: expected a list, found text",
        ),
        ("observed.live.0", 1, "$.observed.live[0]: expected text"),
    ],
)
def test_a_wrong_request_is_refused_naming_the_field(
    path: str, value: object, refusal: str
) -> None:
    assert refused(set_at(path, value)) == refusal


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ("", "$: not JSON"),
        ("not json", "$: not JSON"),
        ("[" * 100_000, "$: not JSON"),
        ("1" * 5000, "$: not JSON"),
        ("null", "$: neither an EventBridge event nor a request of toolgrant"),
        ("[]", "$: expected an object, found a list"),
        ("true", "$: expected an object, found a boolean"),
        ("{}", "$: neither an EventBridge event nor a request of toolgrant"),
    ],
    ids=range(8),
)
def test_what_is_no_message_is_refused(body: str, refusal: str) -> None:
    assert refused(body) == refusal


# --- events, valid, mutated, hostile


def outcome(body: str) -> object:
    """What a message leads to: a request or a refusal, and never anything else."""
    try:
        parsed = parse_message(body)
    except InvalidInput as error:
        return str(error)
    assert isinstance(parsed, AgentRequest | FlowRequest | FanOut | RefusedSave | Skip)
    return parsed


def with_secrets(value: Any) -> Any:
    """A copy in which every field that the service calls sensitive holds SECRET."""
    if isinstance(value, dict):
        known = {key: with_secrets(item) for key, item in value.items() if key not in SENSITIVE}
        return {**known, **{key: {"text": SECRET, "list": [SECRET]} for key in SENSITIVE}}
    return [with_secrets(item) for item in value] if isinstance(value, list) else value


leaf: st.SearchStrategy[object] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(HOSTILE) | st.text()
)


def around(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Values, and lists and maps of them."""
    return inner | st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)


junk = around(around(leaf))


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside a value."""
    inner: list[tuple[Any, object]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [one for key, item in inner for one in ((*path, key), *places(item, (*path, key)))]


@st.composite
def mutated_events(draw: st.DrawFn) -> dict[str, Any]:
    """A sample event with up to three values replaced, removed or renamed."""
    event = copy.deepcopy(draw(st.sampled_from(list(EVENTS.values()))))
    for _ in range(draw(st.integers(0, 3))):
        *steps, last = draw(st.sampled_from(places(event)))
        inner: Any = event
        for step in steps:
            inner = inner[step]
        if isinstance(last, str) and draw(st.booleans()):
            value = inner.pop(last)
            if draw(st.booleans()):
                inner[draw(st.sampled_from([last.lower(), last.upper(), last.title()]))] = value
        else:
            inner[last] = draw(junk)
        if not places(event):
            break
    return event


@MANY
@given(mutated_events())
@example({"detail-type": "AWS API Call via CloudTrail", "detail": {"eventName": "\ud800"}})
def test_no_event_does_any_harm_or_gives_away_what_is_sensitive(event: dict[str, Any]) -> None:
    parsed = outcome(json.dumps(with_secrets(event)))

    assert SECRET not in repr(parsed)
    if isinstance(parsed, AgentRequest | FlowRequest):
        assert parse_message(to_message(parsed)) == parsed


@MANY
@given(st.dictionaries(st.sampled_from(["schema", "detail-type", "detail", "id"]), junk))
def test_no_made_up_message_does_any_harm(data: dict[str, object]) -> None:
    outcome(json.dumps(data))


@pytest.mark.parametrize("name", EVENTS)
def test_a_sample_event_gives_away_nothing_sensitive(name: str) -> None:
    assert SECRET not in repr(outcome(json.dumps(with_secrets(EVENTS[name]))))


@pytest.mark.parametrize("field", ["eventName", "eventID", "userIdentity", "errorCode", "name"])
def test_an_event_of_256_kb_leads_to_small_requests(field: str) -> None:
    huge = "名" * 80_000
    event = copy.deepcopy(EVENTS["update-ai-agent--role"])
    detail = event["detail"]
    if field == "userIdentity":
        detail[field] = {"type": huge, "arn": f"arn:{huge}/{huge}", "invokedBy": huge}
    elif field == "name":
        tool = f"MCP tool with ID '{'x' * 4096}' not found in MCP tools"
        detail |= {"eventName": "CreateAIAgent", "errorCode": "x", "errorMessage": tool}
        detail["requestParameters"]["name"] = huge
    else:
        detail[field] = huge

    parsed = outcome(json.dumps(event))

    size = len(json.dumps(dataclasses.asdict(parsed), default=str))  # type: ignore[call-overload]
    assert size < 20_000
