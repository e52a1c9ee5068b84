"""Catalog rows of operators, read from SSM: used when good, refused as a whole otherwise."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from tests.fakes import FakeJournal
from tests.unit.override_rows import ROW, changed, override

from toolgrant.adapters.overrides import CatalogSource
from toolgrant.domain.catalog import Catalog, packaged
from toolgrant.domain.model import Tool, ToolType
from toolgrant_local.clients import Clients

TOOL = Tool("Count", ToolType.MODEL_CONTEXT_PROTOCOL, ROW["id"])


class Parameter:
    """A parameter in the local AWS, and the source that reads it."""

    def __init__(self, ssm: Any) -> None:
        self.name = f"overrides-{uuid.uuid4()}"
        self.journal = FakeJournal()
        self._ssm = ssm

    def put(self, text: str) -> None:
        self._ssm.put_parameter(Name=self.name, Value=text, Type="String", Overwrite=True)

    def source(self) -> CatalogSource:
        return CatalogSource.over(self._ssm, self.name, self.journal)

    def refusals(self) -> list[str]:
        assert self.journal.metrics["CatalogOverridesRefused"] == len(self.journal.failures)
        assert {event for event, _ in self.journal.failures} <= {"catalog-overrides-refused"}
        return [str(fields["reason"]) for _, fields in self.journal.failures]


@pytest.fixture
def parameter(aws: Clients) -> Parameter:
    return Parameter(aws.get("ssm"))


def knows(catalog: Catalog) -> bool:
    return not catalog.requirement(TOOL).unknown


def test_without_rows_of_their_own_the_packaged_catalog_is_in_force(parameter: Parameter) -> None:
    parameter.put(override())

    assert parameter.source().catalog().rows == packaged().rows
    assert parameter.refusals() == []


def test_a_row_of_their_own_is_known(parameter: Parameter) -> None:
    assert not knows(packaged())
    parameter.put(override(ROW))

    catalog = parameter.source().catalog()

    needed = catalog.requirement(TOOL)
    assert [str(grant) for grant in needed.grants] == ROW["requires"]
    assert len(catalog.rows) == len(packaged().rows) + 1
    assert parameter.refusals() == []


def test_a_row_may_replace_a_packaged_one(parameter: Parameter) -> None:
    start_task = "aws_service__connect_StartTaskContact"
    grants = ["permission:BasicAgentAccess", "permission:TaskTemplates.View"]
    parameter.put(override({**ROW, "id": start_task, "aliases": [], "requires": grants}))

    needed = parameter.source().catalog().requirement(Tool("Start", TOOL.type, start_task))

    assert [str(grant) for grant in needed.grants] == grants


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["JSON"]),
        ("tool = []", ["JSON"]),
        ("[" * 100_000, ["JSON"]),
        (override(changed("requires", to=["permission:Tasks.Create"])), [ROW["id"], "requires"]),
        (override(changed("confidence", "box", to="sure")), [ROW["id"], "confidence"]),
        (override(changed("checked", to="2999-01-01")), [ROW["id"], "checked"]),
        (override(ROW, ROW), [ROW["id"], "id"]),
        (override(schema=2), ["schema"]),
    ],
    ids=["empty", "TOML", "deep", "permission", "confidence", "checked", "twice", "schema"],
)
def test_bad_content_is_refused_with_row_and_field_and_the_packaged_catalog_stays(
    parameter: Parameter, text: str, words: list[str]
) -> None:
    parameter.put(text or " ")

    assert parameter.source().catalog() == packaged()
    (reason,) = parameter.refusals()
    assert [word for word in words if word not in reason] == []
    assert parameter.journal.failures[0][1]["parameter"] == parameter.name


def test_one_bad_row_takes_the_good_ones_with_it(parameter: Parameter) -> None:
    bad = {**changed("requires", to=["permission:Nothing"]), "id": "aws_service__tasks_Other"}
    parameter.put(override(ROW, bad))

    assert not knows(parameter.source().catalog())
    assert "aws_service__tasks_Other" in parameter.refusals()[0]


def test_a_parameter_that_nobody_has_made_is_nothing_to_report(parameter: Parameter) -> None:
    assert parameter.source().catalog() == packaged()
    assert parameter.journal.failures == []
    assert "CatalogOverridesRefused" not in parameter.journal.metrics


class Failing:
    """An SSM client that only fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error
        self.meta = None

    def get_parameter(self, **_: object) -> None:
        raise self._error


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetParameter"),
        ClientError({"Error": {"Code": "ThrottlingException", "Message": "no"}}, "GetParameter"),
        EndpointConnectionError(endpoint_url="http://nowhere"),
    ],
    ids=["denied", "throttled", "unreachable"],
)
def test_a_parameter_that_cannot_be_read_leaves_the_packaged_catalog(error: Exception) -> None:
    journal = FakeJournal()

    assert CatalogSource.over(Failing(error), "overrides", journal).catalog() == packaged()

    assert journal.metrics["CatalogOverridesRefused"] == 1
    ((_, fields),) = journal.failures
    assert "cannot be read" in str(fields["reason"])


def test_an_edit_is_seen_by_a_fresh_source_and_spared_by_one_that_has_just_read(
    parameter: Parameter,
) -> None:
    parameter.put(override())
    source = parameter.source()
    assert not knows(source.catalog())

    parameter.put(override(ROW))

    assert not knows(source.catalog())
    assert knows(parameter.source().catalog())


def test_a_good_edit_ends_the_refusals(parameter: Parameter) -> None:
    parameter.put("{}")
    parameter.source().catalog()
    parameter.put(override(ROW))

    assert knows(parameter.source().catalog())
    assert len(parameter.refusals()) == 1
