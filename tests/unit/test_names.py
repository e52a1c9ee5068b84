"""Whatever a record hides, an id that it names in any place is found, in any form."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import SOME

from toolgrant.adapters.events import parse_event
from toolgrant.adapters.triggers import TRIGGERS
from toolgrant.domain.records import ON_RECORD, AgentKey, Edge, EdgeKind
from toolgrant.domain.requests import AgentRequest, FanOut, FlowRequest, Request, Skip

DATA = Path(__file__).parents[1] / "data" / "events"
ASSISTANT = "00000000-0000-4000-8000-0000000000aa"
AGENT = "00000000-0000-4000-8000-0000000000bb"
INSTANCE = "11111111-2222-4333-8444-555555555555"
PROFILE = "99999999-8888-4777-8666-555555555555"
AGENT_ARN = f"arn:aws:wisdom:us-east-1:111122223333:ai-agent/{ASSISTANT}/{AGENT}"
ASSISTANT_ARN = f"arn:aws:wisdom:us-east-1:111122223333:assistant/{ASSISTANT}"
INSTANCE_ARN = f"arn:aws:connect:us-east-1:111122223333:instance/{INSTANCE}"
PROFILE_ARN = f"{INSTANCE_ARN}/security-profile/{PROFILE}"
OMITTED = {"reason": "requestParameters too large", "omitted": True, "originalSize": 149893}
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
KEY = AgentKey(ASSISTANT, AGENT)
SAVE = json.loads((DATA / "omitted-request-response-there.json").read_text("utf-8"))


def asked(name: str = "UpdateAIAgent", **detail: Any) -> Request:
    """What a successful write asks for whose record has these fields and no other that names."""
    source = (
        "connect" if "Profile" in name or "Flow" in name or "Integration" in name else "qconnect"
    )
    record = {**SAVE["detail"], "eventName": name, "eventSource": f"{source}.amazonaws.com"}
    record |= {"requestParameters": OMITTED, "responseElements": None}
    return parse_event({**SAVE, "source": f"aws.{source}", "detail": {**record, **detail}})


def touched(*arns: str) -> list[dict[str, str]]:
    return [{"ARN": arn, "accountId": "111122223333"} for arn in arns]


def key_of(request: Request) -> AgentKey | None:
    return request.key if isinstance(request, AgentRequest) else None


def edge_of(request: Request) -> Edge | None:
    return request.edge if isinstance(request, FanOut) else None


def test_the_answer_names_the_ai_agent_where_the_request_was_too_large() -> None:
    request = parse_event(SAVE)
    assert key_of(request) == KEY
    assert isinstance(request, AgentRequest)
    assert request.saved_at == request.cause.event_time


@pytest.mark.parametrize(
    "answer",
    [
        {"aiAgent": {"aiAgentArn": f"{AGENT_ARN}:4"}},
        {"aiAgent": {"assistantId": ASSISTANT, "aiAgentId": AGENT}},
        {"AiAgent": {"AssistantArn": ASSISTANT_ARN, "AssistantId": ASSISTANT, "AiAgentId": AGENT}},
    ],
)
@pytest.mark.parametrize("name", ["UpdateAIAgent", "CreateAIAgent", "CreateAIAgentVersion"])
def test_ids_are_sought_in_the_answer(name: str, answer: dict[str, Any]) -> None:
    assert key_of(asked(name, responseElements=answer)) == KEY


@pytest.mark.parametrize("name", ["UpdateAIAgent", "DeleteAIAgent", "DeleteAIAgentVersion"])
def test_then_among_the_resources(name: str) -> None:
    listed = touched(ASSISTANT_ARN, f"{AGENT_ARN}:$SAVED")
    assert key_of(asked(name, resources=listed)) == KEY


def test_the_request_goes_before_the_answer_and_this_before_the_resources() -> None:
    other = AGENT_ARN.replace("bb", "cc")
    answer = {"aiAgent": {"aiAgentArn": AGENT_ARN}}
    request = {"assistantId": ASSISTANT, "aiAgentId": AGENT}
    wrong = {"aiAgent": {"aiAgentArn": other}}
    assert key_of(asked(responseElements=answer, resources=touched(other))) == KEY
    assert key_of(asked(requestParameters=request, responseElements=wrong)) == KEY


@pytest.mark.parametrize("name", ["UpdateSecurityProfile", "DeleteSecurityProfile"])
def test_a_security_profile_is_found_among_the_resources(name: str) -> None:
    listed = touched(INSTANCE_ARN, PROFILE_ARN)
    assert edge_of(asked(name, resources=listed)) == Edge(EdgeKind.PROFILE, PROFILE)


def test_an_edit_whose_lists_are_hidden_may_have_changed_each() -> None:
    request = asked("UpdateSecurityProfile", resources=touched(PROFILE_ARN))
    assert isinstance(request, FanOut)
    assert request.replaced is None


@pytest.mark.parametrize("name", ["UpdateAIAgent", "AssociateSecurityProfiles"])
def test_where_only_the_assistant_or_instance_is_named_all_of_it_is_looked_at(name: str) -> None:
    kind, arn, target = (
        (EdgeKind.ASSISTANT, ASSISTANT_ARN, ASSISTANT)
        if name == "UpdateAIAgent"
        else (EdgeKind.INSTANCE, INSTANCE_ARN, INSTANCE)
    )
    assert edge_of(asked(name, resources=touched(arn))) == Edge(kind, target)


def test_an_ai_agent_of_an_unknown_assistant_means_all_that_are_on_record() -> None:
    request = asked(requestParameters={"aiAgentId": AGENT, "assistantId": HIDDEN})
    assert edge_of(request) == ON_RECORD


def test_an_ai_agent_that_is_named_in_passing_does_not_hide_the_one_that_was_made() -> None:
    """A collaborator in the configuration; the answer with the new one is masked."""
    target = {"agentTarget": {"aiAgentId": AGENT}}
    request = {"assistantId": ASSISTANT, "configuration": {"delegateAgentConfiguration": target}}
    found = asked("CreateAIAgent", requestParameters=request, responseElements=HIDDEN)
    assert isinstance(found, FanOut)
    assert (found.edge, found.also) == (Edge(EdgeKind.ASSISTANT, ASSISTANT), (KEY,))


def test_an_association_with_a_person_looks_at_who_uses_the_security_profile() -> None:
    user = f"{INSTANCE_ARN}/agent/66666666-7777-4888-9999-aaaaaaaaaaaa"
    request = {"InstanceId": INSTANCE, "EntityType": "USER", "EntityArn": user}
    request |= {"SecurityProfiles": [{"Id": PROFILE}]}  # type: ignore[dict-item]
    found = asked("AssociateSecurityProfiles", requestParameters=request)
    assert edge_of(found) == Edge(EdgeKind.PROFILE, PROFILE)


def test_what_names_nothing_at_all_is_skipped() -> None:
    assert isinstance(asked(), Skip)
    assert isinstance(asked(requestParameters=HIDDEN, responseElements=HIDDEN), Skip)


def test_a_record_that_is_nested_without_end_is_read() -> None:
    deep: Any = PROFILE_ARN
    for _ in range(50_000):
        deep = [deep]
    request = asked("UpdateSecurityProfile", responseElements={"x": deep})
    assert edge_of(request) == Edge(EdgeKind.PROFILE, PROFILE)


# -------------------------------------------------------------------------------- in any form


def cased(draw: st.DrawFn, name: str) -> str:
    """`aiAgentId`, `AiAgentId` or `aiagentid`."""
    return draw(st.sampled_from([name, name[0].upper() + name[1:], name.lower()]))


@st.composite
def agents_named(draw: st.DrawFn) -> tuple[dict[str, str], bool]:
    """Fields that name the AI agent, and whether they say of which assistant."""
    qualifier = draw(st.sampled_from(["", ":$SAVED", ":$LATEST", ":4", ":12"]))
    form = draw(st.sampled_from(["id", "arn", "coded"]))
    arn = AGENT_ARN + qualifier
    value = {"id": AGENT + qualifier, "arn": arn, "coded": quote(arn, safe="")}[form]
    if draw(st.booleans()):
        value = value.replace(AGENT, AGENT.upper())
    key = cased(draw, draw(st.sampled_from(["aiAgentId", "aiAgentArn"])))
    assistant = draw(st.sampled_from([None, ASSISTANT, ASSISTANT_ARN, quote(ASSISTANT_ARN, "")]))
    fields = {key: value}
    if assistant:
        fields[cased(draw, "assistantId")] = assistant
    return fields, bool(assistant) or form != "id"


@st.composite
def profiles_named(draw: st.DrawFn) -> dict[str, str]:
    value = draw(st.sampled_from([PROFILE, PROFILE.upper(), PROFILE_ARN, quote(PROFILE_ARN, "")]))
    return {cased(draw, draw(st.sampled_from(["securityProfileId", "securityProfileArn"]))): value}


WAYS = ("requestParameters", "responseElements", "resources", "additionalEventData", "envelope")


def placed(way: str, wrap: list[str], fields: dict[str, str], name: str) -> dict[str, Any]:
    """An event that names nothing but by these fields, in one place."""
    inner: Any = fields
    for key in wrap:
        inner = {key: inner} if key != "[]" else [inner]
    event = copy.deepcopy(SAVE)
    service = "connect" if "Profile" in name else "qconnect"
    event["source"] = f"aws.{service}"
    event["detail"] |= {
        "eventName": name,
        "eventSource": f"{service}.amazonaws.com",
        "requestParameters": OMITTED,
        "responseElements": None,
    }
    (event if way == "envelope" else event["detail"])["resources" if way == "envelope" else way] = (
        inner if isinstance(inner, dict) and way != "resources" else [inner]
    )
    return event


wraps = st.lists(st.sampled_from(["configuration", "aiAgent", "[]", "x", "result"]), max_size=3)


@SOME
@given(agents_named(), st.sampled_from(WAYS), wraps, st.sampled_from(sorted(TRIGGERS)))
def test_a_successful_write_that_names_an_ai_agent_is_never_skipped(
    named: tuple[dict[str, str], bool], way: str, wrap: list[str], name: str
) -> None:
    fields, whole = named
    request = parse_event(placed(way, wrap, fields, name))
    assert not isinstance(request, Skip)
    if isinstance(request, AgentRequest):
        assert request.key == KEY
    elif TRIGGERS[name].flow:  # what the flow names is read from the flow
        assert isinstance(request, FlowRequest)
        assert KEY in request.also or not whole
    elif TRIGGERS[name].edge is None and whole:
        assert isinstance(request, FanOut)
        assert KEY in request.also


@SOME
@given(profiles_named(), st.sampled_from(WAYS), wraps, st.sampled_from(sorted(TRIGGERS)))
def test_a_successful_write_that_names_a_security_profile_is_never_skipped(
    fields: dict[str, str], way: str, wrap: list[str], name: str
) -> None:
    request = parse_event(placed(way, wrap, fields, name))
    assert isinstance(request, FlowRequest if TRIGGERS[name].flow else FanOut)
    if isinstance(request, FanOut) and TRIGGERS[name].edge is EdgeKind.PROFILE:
        assert request.edge == Edge(EdgeKind.PROFILE, PROFILE)


# ------------------------------------------------------------------------------- in odd forms

AS_TEXT = json.dumps({"assistantId": ASSISTANT, "aiAgentId": AGENT})


@pytest.mark.parametrize(
    "request_parameters",
    [
        AS_TEXT,
        f" {AS_TEXT}",
        json.dumps(AS_TEXT),
        {"body": AS_TEXT},
        {"aiAgent": json.dumps({"assistantId": ASSISTANT, "id": AGENT})},
        {"assistantId": {"value": ASSISTANT}, "aiAgentId": {"value": AGENT}},
        {"assistantId": {"S": ASSISTANT}, "aiAgentIds": {"SS": [AGENT]}},
        {"assistant_id": ASSISTANT, "ai_agent_id": AGENT},
        {"assistant-id": ASSISTANT, "ai-agent-arn": AGENT},
        {"assistant.assistantId": ASSISTANT, "aiAgent.aiAgentId": AGENT},
        {"assistantIdentifier": ASSISTANT, "aiAgentIdentifier": AGENT},
        {"assistant": {"id": ASSISTANT}, "aiAgentSummaries": [{"id": AGENT}]},
        {"uri": f"/assistants/{ASSISTANT}/aiagents/{AGENT}?x=1"},
        {AGENT_ARN: True},
        {"aiAgents": {AGENT: {"assistantId": ASSISTANT}}},
    ],
)
def test_an_ai_agent_is_found_in_odd_forms(request_parameters: object) -> None:
    found = asked(requestParameters=request_parameters)
    whole = isinstance(found, FanOut) and KEY in found.also
    assert key_of(found) == KEY or whole


@pytest.mark.parametrize(
    "request_parameters",
    [
        json.dumps({"SecurityProfileId": PROFILE}),
        {"security_profile_id": PROFILE},
        {"securityProfileIdentifier": PROFILE},
        {"securityProfileSummary": {"Id": PROFILE}},
        {"SecurityProfileId": {"value": PROFILE}},
        {"SecurityProfiles": {PROFILE: "Agent"}},
        {"uri": f"/security-profiles/{INSTANCE}/{PROFILE}"},
    ],
)
def test_a_security_profile_is_found_in_odd_forms(request_parameters: object) -> None:
    found = asked("UpdateSecurityProfile", requestParameters=request_parameters)
    assert edge_of(found) == Edge(EdgeKind.PROFILE, PROFILE)


@pytest.mark.parametrize("name", ["UpdateAIAgent", "UpdateSecurityProfile"])
@pytest.mark.parametrize("key", ["targetAiAgent", "newSecurityProfile", "aiAgentVersionId"])
def test_what_may_name_one_means_all_that_are_on_record(name: str, key: str) -> None:
    found = asked(name, requestParameters={key: {"x": f"see {AGENT}!"}})
    assert edge_of(found) == ON_RECORD


@pytest.mark.parametrize("text", [AS_TEXT[:-3], f"x {AS_TEXT}", f"security profile {PROFILE}"])
def test_text_that_was_cut_short_means_all_that_are_on_record(text: str) -> None:
    assert edge_of(asked(requestParameters=text)) == ON_RECORD


def test_an_association_of_an_assistant_is_not_the_assistant() -> None:
    odd = {"assistantAssociationId": AGENT, "assistantId": ASSISTANT}
    found = asked("DeleteAssistantAssociation", requestParameters=json.dumps(odd))
    assert edge_of(found) == Edge(EdgeKind.ASSISTANT, ASSISTANT)


@pytest.mark.parametrize("text", ["{", "[" * 100_000, '{"n": ' + "9" * 5000 + "}", "[1", '"'])
def test_text_that_only_looks_like_json_is_read_as_text(text: str) -> None:
    assert isinstance(asked(requestParameters=text), Skip)
    assert KEY in getattr(asked(requestParameters=f"{text} {AGENT_ARN}"), "also", ())
