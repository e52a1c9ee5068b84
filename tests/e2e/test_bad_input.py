"""Whatever arrives is processed, skipped with a reason, tried again, or put aside with a reason."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from tests.e2e.conftest import NOTES, RETRIEVE, Admin, names, tool
from tests.e2e.queue_messages import Changes, about, event, event_id, new_id, silent_agent

from connect_emulator.account import Account
from connect_emulator.faults import Faults
from toolgrant.adapters.dynamodb.store import OUTBOX
from toolgrant_local.stack import PROJECT, LocalStack

pytestmark = pytest.mark.stack
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def changes(stack: LocalStack) -> Iterator[Changes]:
    """The change queue; nothing that these tests send may end the function with an exception."""
    queue = Changes(stack)
    before = len(queue.crashes())
    yield queue
    assert queue.crashes()[before:] == []


@pytest.fixture
def faults(stack: LocalStack) -> Iterator[Faults]:
    """The faults of the emulator, with nothing under way that could meet them by accident."""
    stack.wait_idle()
    yield stack.emulator.faults
    stack.emulator.faults.clear()


# -------------------------------------------------------------- what nobody can read: dead letters


def own(**fields: object) -> str:
    """A request of our own."""
    cause = {"reason": "x", "event_id": "", "event_name": "", "event_time": None, "actor": None}
    rest = {"cause": cause, "instance_id": "", "observed": None, "attempt": 0, "saved_at": None}
    return json.dumps({"schema": "toolgrant/request/2", **rest, **fields})


UNREADABLE: dict[str, tuple[Callable[[str], str], str]] = {
    "no JSON": (lambda m: "{" + m, "not JSON"),
    "JSON cut off": (lambda m: json.dumps(event(requestParameters={"x": m}))[:-3], "not JSON"),
    "nested too deeply": (lambda m: f'{{"m": "{m}", "x": ' + "[" * 50_000, "not JSON"),
    "a list": (lambda m: json.dumps([m]), "expected an object"),
    "text": (json.dumps, "expected an object"),
    "neither event nor request": (lambda m: json.dumps({"hello": m}), "neither"),
    "detail is text": (
        lambda m: json.dumps({"detail-type": "AWS API Call via CloudTrail", "detail": m}),
        "$.detail: expected an object",
    ),
    "no detail": (
        lambda m: json.dumps({"id": m, "detail-type": "AWS API Call via CloudTrail"}),
        "$.detail.eventName: missing",
    ),
    "no eventName": (lambda m: json.dumps(event("", eventID=m)), "$.detail.eventName: missing"),
    "eventName is a number": (
        lambda m: json.dumps(event(eventID=m) | {"detail": {"eventName": 7, "eventID": m}}),
        "$.detail.eventName",
    ),
    "a request of another schema": (
        lambda m: json.dumps({"schema": "toolgrant/request/1", "aiAgentId": m}),
        "$.schema: expected toolgrant/request/2",
    ),
    "a request without ids": (
        lambda m: json.dumps({"schema": "toolgrant/request/2", "aiAgentId": m}),
        "$.key: missing",
    ),
    "a request with ids of a wrong type": (
        lambda m: own(key={"assistant_id": ["x"], "ai_agent_id": m}),
        "$.key.assistant_id: expected text",
    ),
    "a request with an unreadable time": (
        lambda m: own(key={"assistant_id": m, "ai_agent_id": m}, saved_at="yesterday"),
        "$.saved_at: expected an ISO 8601 time",
    ),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_nobody_can_read_is_put_aside_with_its_reason(changes: Changes, case: str) -> None:
    make, reason = UNREADABLE[case]
    marker = new_id()
    body = make(marker)
    changes.send(body)
    letter = changes.dead_letter(marker)
    assert letter["Body"] == body
    told = letter["MessageAttributes"]["reason"]["StringValue"]
    assert reason in told
    assert marker not in told
    assert changes.wait_for_lines(
        lambda line: line.get("message") == "dead-lettered" and line.get("reason") == told
    )


def test_a_bad_message_does_not_hold_up_a_good_one_of_its_batch(
    changes: Changes, admin: Admin
) -> None:
    agent = silent_agent(admin, RETRIEVE)
    good, marker = about(agent), new_id()
    _, answer = changes.invoke("{" + marker, good)
    assert answer == {"error": None, "batchItemFailures": []}
    assert changes.outcomes(good)[0]["outcome"] == "evaluated"
    assert "not JSON" in changes.dead_letter(marker)["MessageAttributes"]["reason"]["StringValue"]
    admin.alert(agent)


# ---------------------------------------------------------------- what asks for nothing: skipped

ENTITY = {
    "InstanceId": UNKNOWN,
    "EntityArn": f"arn:aws:wisdom:us-east-1:1:ai-agent/{UNKNOWN}/{UNKNOWN}",
}
SKIPPED: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown eventName": (event("PaintAIAgent"), "not a trigger"),
    "a read": (event("GetAIAgent"), "not a trigger"),
    "another service": (event("UpdateSecurityProfile", "iot.amazonaws.com"), "another service"),
    "another kind of event": ({**event(), "detail-type": "Scheduled Event"}, "not a CloudTrail"),
    "a call that failed": (
        about({"assistantId": UNKNOWN, "aiAgentId": UNKNOWN}, errorCode="ConflictException"),
        "the call failed (ConflictException)",
    ),
    "no requestParameters": (event(requestParameters=None), "the next sweep looks at"),
    "masked requestParameters": (
        event(requestParameters="HIDDEN_DUE_TO_SECURITY_REASONS"),
        "the next sweep looks at",
    ),
    "ids of a wrong type": (
        event(requestParameters={"assistantId": 1, "aiAgentId": ["x"]}),
        "the next sweep looks at",
    ),
    "an id that is none": (
        event(requestParameters={"assistantId": "x", "aiAgentId": "'; DROP TABLE"}),
        "the next sweep looks at",
    ),
    "an assistant that nobody has": (
        event(requestParameters={"assistantId": UNKNOWN, "aiAgentId": "'; DROP TABLE"}),
        f"no AI agent on record uses assistant {UNKNOWN}",
    ),
    "a created agent that is hidden": (
        event("CreateAIAgent", responseElements="HIDDEN_DUE_TO_SECURITY_REASONS"),
        "the next sweep looks at",
    ),
    "profiles of a person": (
        event(
            "AssociateSecurityProfiles",
            "connect.amazonaws.com",
            requestParameters={
                "InstanceId": UNKNOWN,
                "EntityType": "USER",
                "EntityArn": f"arn:aws:connect:us-east-1:111122223333:instance/{UNKNOWN}/agent/u",
                "SecurityProfiles": [{"Id": UNKNOWN}],
            },
        ),
        f"no AI agent on record uses profile {UNKNOWN}",
    ),
    "no profile": (
        event("UpdateSecurityProfile", "connect.amazonaws.com", requestParameters={}),
        "the next sweep looks at",
    ),
    "a profile that nobody has": (
        event(
            "UpdateSecurityProfile",
            "connect.amazonaws.com",
            requestParameters={"InstanceId": UNKNOWN, "SecurityProfileId": UNKNOWN},
        ),
        f"no AI agent on record uses profile {UNKNOWN}",
    ),
}


@pytest.mark.parametrize("case", SKIPPED)
def test_what_asks_for_nothing_is_skipped_with_its_reason(changes: Changes, case: str) -> None:
    message, reason = SKIPPED[case]
    detail = {**message["detail"], "eventID": new_id()}
    if message["detail-type"] != "AWS API Call via CloudTrail":
        message = {**message, "id": detail["eventID"]}
    sent = {**message, "detail": detail}
    changes.send(sent)
    (audit,) = changes.outcomes(sent)
    assert audit["outcome"] == "skipped"
    assert reason in audit["reason"]
    changes.no_dead_letter(event_id(sent))


# --------------------------------------------------------------------------- what is not judged


def test_a_forged_agent_id_is_not_judged(changes: Changes, admin: Admin) -> None:
    for assistant in (UNKNOWN, admin.assistant):
        message = about({"assistantId": assistant, "aiAgentId": new_id()})
        changes.send(message)
        (audit,) = changes.outcomes(message)
        assert (audit["outcome"], audit["reason"]) == ("not-judged", "the AI agent is gone")


def test_an_agent_of_another_type_is_not_judged(changes: Changes, admin: Admin) -> None:
    agent = admin.stack.emulator.apply(
        "qconnect:CreateAIAgent",
        assistantId=admin.assistant,
        name=f"search {new_id()}",
        type="MANUAL_SEARCH",
        visibilityStatus="SAVED",
        configuration={"manualSearchAIAgentConfiguration": {}},
    )["aiAgent"]  # no event of its own, which would be merged with the message
    message = about(agent)
    changes.send(message)
    (audit,) = changes.outcomes(message)
    assert audit["outcome"] == "not-judged"
    assert "MANUAL_SEARCH" in audit["reason"]
    admin.silence(agent)


def test_a_system_agent_that_nobody_uses_is_not_judged(changes: Changes, admin: Admin) -> None:
    agent_id = admin.stack.seed.system_agents["SelfServiceOrchestrator"]
    message = about({"assistantId": admin.assistant, "aiAgentId": agent_id})
    changes.send(message)
    (audit,) = changes.outcomes(message)
    assert audit["outcome"] == "not-judged"
    admin.silence(agent_id)


# ------------------------------------------------------------------------ odd, but to be judged


def test_an_agent_without_tools_lacks_nothing(changes: Changes, admin: Admin) -> None:
    agent = silent_agent(admin)
    message = about(agent)
    changes.send(message)
    (audit,) = changes.outcomes(message)
    assert audit["outcome"] == "evaluated"
    assert [verdict["tools"] for verdict in audit["verdicts"]] == [[]]
    admin.silence(agent)


def test_an_mcp_tool_without_a_tool_id_is_unknown(changes: Changes, admin: Admin) -> None:
    agent = silent_agent(admin)
    odd = {"toolName": "Odd", "toolType": "MODEL_CONTEXT_PROTOCOL"}

    def put(account: Account) -> None:  # the service refuses to save it
        draft = account.resources.agents[agent["aiAgentId"]].draft
        draft["configuration"] = admin.configuration(odd)

    admin.stack.emulator.edit(put)
    changes.send(about(agent))
    alert = admin.alert(agent)
    assert alert["severity"] == "LOW"
    assert [(f["toolName"], f["toolId"], f["verdict"]) for f in alert["findings"]] == [
        ("Odd", None, "UNKNOWN")
    ]


def test_an_event_of_256_kb_is_judged_like_any_other(changes: Changes, admin: Admin) -> None:
    agent = silent_agent(admin, RETRIEVE)
    message = about(agent)
    message["detail"]["requestParameters"]["configuration"] = {"filler": "x" * 1000}
    room = 256 * 1024 - len(json.dumps(message))
    message["detail"]["requestParameters"]["configuration"]["filler"] += "x" * room
    assert len(json.dumps(message)) == 256 * 1024
    changes.send(message)
    assert changes.outcomes(message)[0]["outcome"] == "evaluated"
    assert admin.alert(agent)["status"] == "opened"


def test_names_of_4096_characters_are_judged_and_told_in_short(admin: Admin) -> None:
    long = "T" + "道" * 4095
    tool_id = f"gateway_{admin.gateway()}__" + "x" * 4000
    agent = admin.agent(*(tool(f"{long[:4090]}{n}", tool_id) for n in range(9)))
    alert = admin.alert(agent)
    assert len(alert["findings"]) == 9
    assert all(len(finding["toolName"]) <= 300 for finding in alert["findings"])
    admin.qconnect.delete_ai_agent(assistantId=admin.assistant, aiAgentId=agent["aiAgentId"])
    assert len(admin.alert(agent)["findings"]) == 9


@pytest.mark.parametrize("age", [timedelta(hours=-1), timedelta(days=4000)])
def test_a_clock_that_is_wrong_does_not_keep_a_finding_back(
    changes: Changes, admin: Admin, age: timedelta
) -> None:
    agent = silent_agent(admin, NOTES)
    changes.send(about(agent, age=age))
    assert names(admin.alert(agent)) == {"GenerateNotes": ["permission:Wisdom.View"]}


# ------------------------------------------------------------------- services that do not answer


def test_throttled_work_is_asked_for_again_and_is_no_failure(
    changes: Changes, admin: Admin, faults: Faults
) -> None:
    agent = silent_agent(admin, RETRIEVE)
    faults.throttle("qconnect:GetAIAgent", times=3)  # every attempt of the first evaluation
    message = about(agent)
    _, answer = changes.invoke(message)
    assert answer == {"error": None, "batchItemFailures": []}
    changes.wait_for_lines(
        lambda line: (
            line.get("message") == "throttled" and line.get("aiAgentId") == agent["aiAgentId"]
        )
    )
    assert [audit["outcome"] for audit in changes.outcomes(message)][:1] == ["evaluated"]
    assert admin.alert(agent)["status"] == "opened"


def test_a_server_error_is_tried_again_until_it_ends(
    changes: Changes, admin: Admin, faults: Faults
) -> None:
    agent = silent_agent(admin, RETRIEVE)
    faults.error("connect:ListEntitySecurityProfiles", 500, times=3, message="secret text")
    message = about(agent)
    with changes.impatient():
        changes.send(message)
        changes.outcomes(message)
    failed = [line for line in changes.lines() if line.get("subject") == agent["aiAgentId"]]
    assert [(line["message"], line["error"]) for line in failed] == [
        ("failed", "ServiceUnavailable")
    ]
    assert "secret text" not in json.dumps(failed)
    assert admin.alert(agent)["status"] == "opened"
    changes.no_dead_letter(event_id(message))


def test_an_answer_beyond_the_read_timeout_is_asked_for_again_at_once(
    changes: Changes, admin: Admin, faults: Faults
) -> None:
    agent = silent_agent(admin, RETRIEVE)
    faults.latency("qconnect:GetAssistant", seconds=11, times=1)
    message = about(agent)
    changes.send(message)
    assert changes.outcomes(message)[0]["outcome"] == "evaluated"
    assert [line for line in changes.lines() if line.get("subject") == agent["aiAgentId"]] == []
    assert admin.alert(agent)["status"] == "opened"


def test_what_fails_five_times_is_put_aside_and_the_function_lives_on(
    changes: Changes, admin: Admin, faults: Faults
) -> None:
    agent = silent_agent(admin, RETRIEVE)
    message = about(agent)
    faults.error(
        "qconnect:GetAIAgent", 400, times=None, code="ValidationException", message="secret text"
    )
    with changes.impatient():
        changes.send(message)
        letter = changes.dead_letter(event_id(message))
    assert json.loads(letter["Body"]) == message
    failed = [line for line in changes.lines() if line.get("subject") == agent["aiAgentId"]]
    assert len(failed) == 5
    assert {line["reason"] for line in failed} == {"qconnect get_ai_agent: ValidationException"}
    faults.clear()
    changes.send(message)  # an operator redrives it
    assert changes.outcomes(message)[0]["outcome"] == "evaluated"
    assert admin.alert(agent)["status"] == "opened"


def test_one_agent_s_trouble_is_not_the_others_of_its_batch(
    changes: Changes, admin: Admin, faults: Faults
) -> None:
    troubled, fine = silent_agent(admin, RETRIEVE), silent_agent(admin, RETRIEVE)
    faults.error("qconnect:GetAIAgent", 400, code="ValidationException", times=1)
    ids, answer = changes.invoke(about(troubled), about(fine), about(troubled))
    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == sorted(
        [ids[0], ids[2]]
    ), "every message that the failed evaluation stood for"
    assert admin.alert(fine)["status"] == "opened"
    admin.silence(troubled)


def test_a_profile_deleted_between_two_calls_grants_nothing(
    changes: Changes, admin: Admin, faults: Faults
) -> None:
    agent, profile_id = silent_agent(admin, RETRIEVE), admin.profile(Permissions=["Wisdom.View"])
    admin.attach(agent, profile_id)
    admin.silence(agent)

    def delete() -> None:
        admin.detach(agent, profile_id)
        admin.connect.delete_security_profile(
            InstanceId=admin.instance, SecurityProfileId=profile_id
        )

    faults.before("connect:ListSecurityProfilePermissions", delete)
    changes.send(about(agent))
    assert admin.alert(agent)["status"] == "opened"


# ------------------------------------------------------------------ a deployment that is incomplete

Broken = Callable[..., str]


@pytest.fixture
def broken(stack: LocalStack) -> Iterator[Broken]:
    """Deploy the evaluate function once more, with some settings replaced; its name. One that lacks
    a setting, and so must end with an exception, has a log of its own."""
    client, made = stack.client("lambda"), []

    def deploy(**settings: str) -> str:
        deployed = client.get_function_configuration(
            FunctionName=stack.outputs["EvaluateFunctionName"]
        )
        name, log_group = f"broken-{new_id()}", deployed["LoggingConfig"]["LogGroup"]
        variables = {**deployed["Environment"]["Variables"], **settings}
        client.create_function(
            FunctionName=name,
            Code={"ZipFile": function_code()},
            Role=deployed["Role"],
            Runtime=deployed["Runtime"],
            Handler=deployed["Handler"],
            Timeout=deployed["Timeout"],
            Layers=[layer["Arn"] for layer in deployed["Layers"]],
            Environment={"Variables": {k: v for k, v in variables.items() if v}},
            **({"LoggingConfig": {"LogGroup": log_group}} if all(settings.values()) else {}),
        )
        made.append(name)
        return name

    yield deploy
    for name in made:
        client.delete_function(FunctionName=name)


def function_code() -> bytes:
    """The function as `sam build` would zip it."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.write(PROJECT / "functions" / "evaluate" / "app.py", "app.py")
    return memory.getvalue()


def test_a_missing_topic_fails_the_message_and_keeps_the_alert(
    changes: Changes, admin: Admin, broken: Broken
) -> None:
    agent = silent_agent(admin, RETRIEVE)
    message = about(agent, age=timedelta(minutes=1))
    topic = f"{admin.stack.outputs['AlertsTopicArn']}-gone"
    ids, answer = changes.invoke(message, function=broken(TOOLGRANT_TOPIC_ARN=topic))
    assert answer["batchItemFailures"] == [{"itemIdentifier": ids[0]}]
    (line,) = changes.wait_for_lines(lambda line: line.get("subject") == agent["aiAgentId"])
    assert (line["error"], line["reason"]) == ("Misconfigured", "topic publish: NotFound")
    end_claims(admin.stack, agent)
    changes.send(message)  # the queue delivers it again
    assert admin.alert(agent)["status"] == "opened"
    admin.silence(agent)


def end_claims(stack: LocalStack, agent: Mapping[str, Any]) -> None:
    """As if the time had passed for which a publisher may hold an alert."""
    table = stack.outputs["TableName"]
    dynamodb = stack.client("dynamodb")
    waiting = dynamodb.query(
        TableName=table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :agent)",
        ExpressionAttributeValues={
            ":pk": {"S": OUTBOX},
            ":agent": {"S": agent["aiAgentId"]},
        },
    )["Items"]
    assert waiting
    for item in waiting:
        dynamodb.update_item(
            TableName=table,
            Key={"pk": item["pk"], "sk": item["sk"]},
            UpdateExpression="REMOVE claimedUntil",
        )


def test_a_missing_table_fails_the_message_and_names_the_table_call(
    changes: Changes, admin: Admin, broken: Broken
) -> None:
    agent = silent_agent(admin, RETRIEVE)
    function = broken(TOOLGRANT_TABLE="no-such-table")
    ids, answer = changes.invoke(about(agent), function=function)
    assert answer["batchItemFailures"] == [{"itemIdentifier": ids[0]}]
    (line,) = changes.wait_for_lines(lambda line: line.get("subject") == agent["aiAgentId"])
    assert line["error"] == "Misconfigured"
    assert line["reason"] == "table get: ResourceNotFoundException"
    admin.silence(agent)


def test_a_missing_queue_fails_the_message_too(
    changes: Changes, admin: Admin, broken: Broken
) -> None:
    url = f"{admin.stack.outputs['ChangeDeadLetterQueueUrl']}-gone"
    marker = new_id()
    ids, answer = changes.invoke("{" + marker, function=broken(TOOLGRANT_DEAD_LETTER_QUEUE_URL=url))
    assert answer["batchItemFailures"] == [{"itemIdentifier": ids[0]}]
    assert changes.wait_for_lines(
        lambda line: str(line.get("reason", "")).startswith("dead-letter queue send: ")
    )


def test_a_missing_setting_stops_the_function_by_name(
    changes: Changes, admin: Admin, broken: Broken
) -> None:
    agent = silent_agent(admin, RETRIEVE)
    _, answer = changes.invoke(about(agent), function=broken(TOOLGRANT_TABLE=""))
    assert answer["error"]
    assert "TOOLGRANT_TABLE=''" in answer["errorMessage"]
