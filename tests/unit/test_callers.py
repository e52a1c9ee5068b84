"""Who called, and by which way: the whole role, the best name, and tools by what proves them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import SOME

from toolgrant.adapters.callers import SERVICES, TOOLS, actor_of
from toolgrant.domain.causes import Actor

DATA = Path(__file__).parents[1] / "data"
STS = "arn:aws:sts::111122223333:assumed-role"
USER = "66666666-7777-4888-9999-aaaaaaaaaaaa"
SITE = "AWSServiceRoleForAmazonConnect_EXAMPLESUFFIX"
SYNC = "AWSServiceRoleForAmazonConnectSynchronization_11111111-2222-3333"
ROLE = "arn:aws:iam::111122223333:role"
TERRAFORM = (
    "APN/1.0 HashiCorp/1.0 Terraform/1.9.5 (+https://www.terraform.io) "
    "terraform-provider-aws/5.80.0 (+https://registry.terraform.io/providers/hashicorp/aws) "
    "aws-sdk-go-v2/1.32.7"
)


def called(agent: object = "", console: object = None, **identity: Any) -> Actor:
    base = {"type": "AssumedRole", "accountId": "111122223333", **identity}
    return actor_of(
        {"userIdentity": base, "userAgent": agent, "sessionCredentialFromConsole": console}
    )


def of_file(name: str) -> Actor:
    event = json.loads((DATA / "events" / f"{name}.json").read_text("utf-8"))
    return actor_of(event["detail"])


# ------------------------------------------------------------------------------ the admin website


def test_a_session_of_the_service_linked_role_is_a_user_of_the_website() -> None:
    actor = called(arn=f"{STS}/{SITE}/{USER}")
    assert (actor.type, actor.name, actor.via) == ("connect-user", USER, "admin website")


@pytest.mark.parametrize("role", ["AWSServiceRoleForAmazonConnect", SITE])
def test_the_website_may_say_that_connect_calls(role: str) -> None:
    actor = called(arn=f"{STS}/{role}/{USER}", invokedBy="connect.amazonaws.com")
    assert (actor.type, actor.name) == ("connect-user", USER)


def test_the_copy_of_global_resiliency_is_no_user_of_the_website() -> None:
    actor = of_file("sync-role")
    assert (actor.type, actor.via) == ("AssumedRole", "Global Resiliency copy")
    assert actor.name == f"{SYNC}/ResourceSynchronization"


@pytest.mark.parametrize(
    "arn",
    [
        f"{STS}/{SYNC}/ResourceSynchronization",
        f"{STS}/Admin/{SITE}",
        f"{STS}/Admin/AWSServiceRoleForAmazonConnect",
        f"{STS}/My{SITE}/{USER}",
        f"{STS}/{SITE}-mine/{USER}",
        f"{STS}/{SITE}",
        "arn:aws:sts::111122223333:federated-user/AWSServiceRoleForAmazonConnect",
        f"arn:aws:iam::111122223333:user/{SITE}/{USER}",
        f"arn:aws:iam::111122223333:user/x:assumed-role/{SITE}/{USER}",
        f"{STS}/AWSServiceRoleForAmazonConnectCampaigns_abc/{USER}",
    ],
)
def test_who_is_only_called_like_it_is_not(arn: str) -> None:
    actor = called(arn=arn)
    assert (actor.type, actor.via) == ("AssumedRole", "API")


@pytest.mark.parametrize(("principal", "name"), SERVICES.items())
def test_the_service_that_calls_goes_before_the_role(principal: str, name: str) -> None:
    assert called(arn=f"{STS}/{SITE}/{USER}", invokedBy=principal).via == name


# ------------------------------------------------------------------------------------------ names


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        ({"arn": f"{STS}/Admin/ann"}, "Admin/ann"),
        ({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ops/ann"}, "ops/ann"),
        ({"type": "Root", "arn": "arn:aws:iam::111122223333:root"}, "root"),
        ({"principalId": "AROAEXAMPLE:ann@example.com"}, "AROAEXAMPLE:ann@example.com"),
        ({"sessionContext": {"sessionIssuer": {"userName": "Deployer"}}}, "Deployer"),
        (
            {
                "principalId": "AROAEXAMPLE:ann@example.com",
                "sessionContext": {"sessionIssuer": {"userName": "Deployer"}},
            },
            "Deployer/ann@example.com",
        ),
        (
            {
                "principalId": "AROAEXAMPLE",
                "sessionContext": {"sessionIssuer": {"arn": f"{ROLE}/x/Deployer"}},
            },
            "x/Deployer",
        ),
        ({"type": "SAMLUser", "principalId": "p", "userName": "ann"}, "ann"),
        ({"userName": "***", "principalId": "AIDAEXAMPLE"}, "AIDAEXAMPLE"),
        ({"userName": "HIDDEN_DUE_TO_SECURITY_REASONS", "principalId": "p"}, "p"),
        (
            {"type": "AWSAccount", "accountId": "444455556666", "principalId": "AIDAEXAMPLE"},
            "444455556666",
        ),
        (
            {"type": "AWSService", "accountId": None, "invokedBy": "x.amazonaws.com"},
            "x.amazonaws.com",
        ),
        ({"type": "Unknown"}, "111122223333"),
        ({"type": "Unknown", "accountId": None}, "Unknown"),
        ({"type": None, "accountId": 3}, "unknown"),
    ],
)
def test_a_caller_goes_by_the_best_name_there_is(identity: dict[str, Any], name: str) -> None:
    assert called(**identity).name == name


def test_a_user_of_identity_center_goes_by_their_id() -> None:
    actor = of_file("identity-identity-center")
    assert (actor.type, actor.name) == (
        "IdentityCenterUser",
        "544894e8-0000-4000-8000-000000000001",
    )


SECRETS = ("accessKeyId", "credentialId", "sourceIPAddress", "vpcEndpointId")


@SOME
@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: st.sampled_from([None, 3, "", [], {}, "***"])
            for name in ("type", "arn", "userName", "principalId", "onBehalfOf", "accountId")
        },
    )
)
def test_no_credential_or_address_is_ever_a_name(identity: dict[str, Any]) -> None:
    secrets = dict.fromkeys(SECRETS, "SECRET")
    actor = actor_of({"userIdentity": {**identity, **secrets}, **secrets})
    assert "SECRET" not in repr(actor)
    assert actor.name


# ------------------------------------------------------------------------------------------ tools


@pytest.mark.parametrize(
    ("agent", "tool"),
    [
        (TERRAFORM, "Terraform"),
        (TERRAFORM.replace("provider-aws/", "provider-awscc/"), "Terraform"),
        (
            "aws-sdk-go/1.44.12 (go1.19.1) APN/1.0 HashiCorp/1.0 Terraform/ (+https://x)",
            "Terraform",
        ),
        (
            "APN/1.0 Pulumi/1.0 Pulumi-Aws/4.17.0 (+https://www.pulumi.com) aws-sdk-go/1.40",
            "Pulumi",
        ),
        ("APN/1.0 Pulumi/1.0 PulumiAwsNative/1.12", "Pulumi"),
        ("aws-cdk/2.170.0 aws-sdk-js/3.1 os/linux", "CDK"),
        ("aws-cli/2.34.0 md/awscrt#0.31 exec-env/CloudShell", "AWS CLI"),
        ("[aws-cli/1.16 Python/3.9 botocore/1.12]", "AWS CLI"),
        ("signin.amazonaws.com", "AWS console"),
        ("Boto3/1.44.5 md/Botocore#1.44.5", "API"),
        ("my-terraform/1 notaws-cli/2", "API"),
        ("x https://example.org/terraform/1 md/x#terraform/1", "API"),
        ("terraform", "API"),
        ("cloudformation.amazonaws.com", "API"),
        ("synchronization.connect.amazonaws.com", "API"),
        ("", "API"),
        (None, "API"),
        (3, "API"),
        (["Terraform/1"], "API"),
    ],
)
def test_a_tool_is_known_by_its_product_in_the_user_agent(agent: object, tool: str) -> None:
    assert called(agent, arn=f"{STS}/ci/GitHubActions").via == tool


def test_terraform_is_known_by_its_user_agent_alone() -> None:
    actor = of_file("terraform-user-agent")
    assert (actor.name, actor.via) == ("ci-deploy/GitHubActions", "Terraform")


@pytest.mark.parametrize(("principal", "name"), SERVICES.items())
def test_the_address_that_aws_writes_names_the_service_as_well(principal: str, name: str) -> None:
    """A caller cannot make it up, as they can a user agent."""
    identity = {"type": "AssumedRole", "arn": f"{STS}/ci/run"}
    assert actor_of({"userIdentity": identity, "sourceIPAddress": principal}).via == name
    assert actor_of({"userIdentity": identity, "userAgent": principal}).via == "API"


def test_a_name_alone_makes_nobody_a_tool() -> None:
    assert called(arn=f"{STS}/Terraform/terraform-provider-aws").via == "API"


@pytest.mark.parametrize("console", ["true", "True", True])
def test_cloudtrail_says_that_it_was_the_console(console: object) -> None:
    assert called("Mozilla/5.0", console, arn=f"{STS}/Admin/ann").via == "AWS console"
    assert called("aws-cli/2.34.0", console, arn=f"{STS}/Admin/ann").via == "AWS CLI"


def test_awscc_comes_through_cloud_control() -> None:
    actor = called("cloudcontrolapi.amazonaws.com", invokedBy="cloudcontrolapi.amazonaws.com")
    assert actor.via == "Cloud Control"


@SOME
@given(st.text(max_size=400))
def test_of_a_user_agent_nothing_but_a_known_name_is_taken(agent: str) -> None:
    known = {"API", "AWS console", *(name for name, _ in TOOLS)}
    assert called(agent, arn=f"{STS}/ci/run").via in known
