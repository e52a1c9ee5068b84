"""AppIntegrations applications, on the listener of Connect."""

from __future__ import annotations

from typing import Any

import pytest
from tests.emulator.world import Client, World


def application(namespace: str, **more: Any) -> dict[str, Any]:
    source = {"ExternalUrlConfig": {"AccessUrl": "https://example.com"}}
    return {
        "Name": f"The {namespace}",
        "Namespace": namespace,
        "ApplicationSourceConfig": source,
    } | more


@pytest.mark.usefixtures("world")
def test_an_application_is_kept_as_it_was_sent(appintegrations: Client) -> None:
    sent = application("gw", ApplicationType="MCP_SERVER", Description="d", Permissions=["A.b"])
    made = appintegrations.create_application(**sent, Tags={"team": "a"})
    assert (
        made["Arn"] == f"arn:aws:app-integrations:us-east-1:111122223333:application/{made['Id']}"
    )
    for value in (made["Id"], made["Arn"]):
        found = appintegrations.get_application(Arn=value)
        assert {name: found[name] for name in sent} == sent
        assert (found["Arn"], found["Id"], found["Tags"]) == (
            made["Arn"],
            made["Id"],
            {"team": "a"},
        )


@pytest.mark.usefixtures("world")
def test_applications_are_listed_by_type_and_deleted(appintegrations: Client) -> None:
    made = appintegrations.create_application(**application("gw", ApplicationType="MCP_SERVER"))
    appintegrations.create_application(**application("web"))
    listed = appintegrations.list_applications(ApplicationType="MCP_SERVER")["Applications"]
    assert [item["Namespace"] for item in listed] == ["gw"]
    assert len(appintegrations.list_applications()["Applications"]) == 2
    appintegrations.delete_application(Arn=made["Id"], Force=True)
    with pytest.raises(appintegrations.exceptions.ResourceNotFoundException):
        appintegrations.get_application(Arn=made["Arn"])


@pytest.mark.usefixtures("world")
def test_bad_applications_are_refused_with_the_services_own_errors(
    appintegrations: Client,
) -> None:
    appintegrations.create_application(**application("gw"))
    with pytest.raises(appintegrations.exceptions.DuplicateResourceException):
        appintegrations.create_application(**application("gw"))
    with pytest.raises(appintegrations.exceptions.InvalidRequestException):
        appintegrations.create_application(**application("not valid"))


def test_the_record_of_an_application_has_its_own_source(
    world: World, appintegrations: Client
) -> None:
    made = appintegrations.create_application(**application("gw"))
    record = world.emulator.records[-1]
    assert record["eventSource"] == "app-integrations.amazonaws.com"
    assert record["eventName"] == "CreateApplication"
    assert record["requestParameters"]["Namespace"] == "gw"
    assert record["responseElements"] == {"Arn": made["Arn"], "Id": made["Id"]}


def test_tags_of_an_application(world: World, connect: Client) -> None:
    arn = world.gateway()
    connect.tag_resource(resourceArn=arn, tags={"a": "b"})
    assert connect.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "b"}


def test_an_injected_server_error_has_the_services_own_name(
    world: World, appintegrations: Client
) -> None:
    world.emulator.faults.error("appintegrations:ListApplications")
    with pytest.raises(appintegrations.exceptions.InternalServiceError):
        appintegrations.list_applications()
