"""The emergency stop in a local SSM: only the exact word lets writes go on."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from tests.fakes import FakeJournal

from toolgrant.adapters.emergency_stop import SSMEmergencyStop
from toolgrant_local.clients import Clients


class Parameter:
    """A parameter in the local AWS, and the stop that reads it."""

    def __init__(self, ssm: Any) -> None:
        self.name = f"stop-{uuid.uuid4()}"
        self.journal = FakeJournal()
        self.stop = SSMEmergencyStop(ssm, self.name, self.journal)
        self._ssm = ssm

    def put(self, text: str) -> None:
        self._ssm.put_parameter(Name=self.name, Value=text, Type="String", Overwrite=True)

    def delete(self) -> None:
        self._ssm.delete_parameter(Name=self.name)


@pytest.fixture
def parameter(aws: Clients) -> Parameter:
    return Parameter(aws.get("ssm"))


@pytest.mark.parametrize("word", ["true", "True", "TRUE", " true ", "true\n"])
def test_true_stops_however_it_is_written(parameter: Parameter, word: str) -> None:
    parameter.put(word)
    assert parameter.stop.pulled() is True


@pytest.mark.parametrize("word", ["false", "False", " false\n"])
def test_false_lets_writes_go_on(parameter: Parameter, word: str) -> None:
    parameter.put(word)
    assert parameter.stop.pulled() is False
    assert parameter.journal.failures == []


@pytest.mark.parametrize("word", ["stop", "yes", "1", "0", "no", "off", "-", "falsee", "not false"])
def test_any_other_word_is_no_answer(parameter: Parameter, word: str) -> None:
    parameter.put(word)
    assert parameter.stop.pulled() is None


def test_it_is_read_each_time(parameter: Parameter) -> None:
    seen = []
    for word in ("false", "true", "false", "stop"):
        parameter.put(word)
        seen.append(parameter.stop.pulled())
    assert seen == [False, True, False, None]


def test_a_missing_parameter_is_no_answer_and_logged(parameter: Parameter) -> None:
    assert parameter.stop.pulled() is None
    ((event, fields),) = parameter.journal.failures
    assert event == "emergency-stop-unreadable"
    assert fields == {"parameter": parameter.name, "error": "ParameterNotFound"}


def test_a_parameter_that_is_deleted_lets_nothing_go_on(parameter: Parameter) -> None:
    parameter.put("false")
    parameter.delete()
    assert parameter.stop.pulled() is None


class Failing:
    """An SSM client that only fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def get_parameter(self, **_: object) -> None:
        raise self._error


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetParameter"),
        ClientError({"Error": {"Code": "ThrottlingException", "Message": "no"}}, "GetParameter"),
        ClientError({"Error": {"Code": "InternalServerError", "Message": "no"}}, "GetParameter"),
        EndpointConnectionError(endpoint_url="http://nowhere"),
        ReadTimeoutError(endpoint_url="http://nowhere"),
    ],
    ids=["denied", "throttled", "broken", "unreachable", "slow"],
)
def test_a_parameter_that_cannot_be_read_is_no_answer(error: Exception) -> None:
    journal = FakeJournal()
    assert SSMEmergencyStop(Failing(error), "stop", journal).pulled() is None
    assert [event for event, _ in journal.failures] == ["emergency-stop-unreadable"]
    assert "nowhere" not in str(journal.failures)
