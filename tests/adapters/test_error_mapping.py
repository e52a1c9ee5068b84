"""AWS error codes → our tree, held against the service models that botocore ships."""

from __future__ import annotations

import botocore.session
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from toolgrant.adapters.aws import ERRORS, mapped, translated
from toolgrant.errors import (
    AccessDenied,
    Conflict,
    Misconfigured,
    NotFound,
    RequestRefused,
    ServiceUnavailable,
    Throttled,
    ToolgrantError,
)

MODELS = botocore.session.Session()

READS = {
    "connect": (
        "DescribeSecurityProfile",
        "ListEntitySecurityProfiles",
        "ListInstances",
        "ListIntegrationAssociations",
        "ListSecurityProfileAIAgents",
        "ListSecurityProfileApplications",
        "ListSecurityProfileFlowModules",
        "ListSecurityProfilePermissions",
    ),
    "qconnect": (
        "GetAIAgent",
        "GetAssistant",
        "ListAIAgents",
        "ListAssistants",
    ),
}
OWN = {
    "dynamodb": ("DeleteItem", "GetItem", "PutItem", "Query", "TransactWriteItems"),
    "sns": ("Publish",),
    "sqs": ("SendMessage",),
}

# Every code that the two models know. What is not listed here must be refused.
INTENDED: dict[str, type[ToolgrantError]] = {
    "AccessDeniedException": AccessDenied,
    "UnauthorizedException": AccessDenied,
    "ContactFlowNotPublishedException": NotFound,
    "ResourceNotFoundException": NotFound,
    "ConditionalOperationFailedException": Conflict,
    "DuplicateResourceException": Conflict,
    "ResourceConflictException": Conflict,
    "ThrottlingException": Throttled,
    "TooManyRequestsException": Throttled,
    "InternalServiceException": ServiceUnavailable,
    "DependencyFailedException": ServiceUnavailable,
    "RequestTimeoutException": ServiceUnavailable,
}

# Codes of table, topic and queues that mean something to us beyond "refused".
INTENDED_OWN: dict[str, type[ToolgrantError]] = {
    "AuthorizationError": AccessDenied,
    "InternalError": ServiceUnavailable,
    "InternalServerError": ServiceUnavailable,
    "KMSAccessDenied": AccessDenied,
    "KMSDisabled": Misconfigured,
    "KMSInvalidState": Misconfigured,
    "KMSNotFound": Misconfigured,
    "KMSOptInRequired": Misconfigured,
    "KMSThrottling": Throttled,
    "NotFound": NotFound,
    "ProvisionedThroughputExceededException": Throttled,
    "QueueDoesNotExist": NotFound,
    "RequestLimitExceeded": Throttled,
    "RequestThrottled": Throttled,
    "ResourceNotFoundException": NotFound,
    "ThrottlingException": Throttled,
    "TransactionInProgressException": ServiceUnavailable,
    "TransactionCanceledException": ServiceUnavailable,
}
SECRET = "customer said: my card is 4111 1111"


def client_error(code: str, status: int = 400) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": SECRET},
            "ResponseMetadata": {"HTTPStatusCode": status},
        },
        "AnyOperation",
    )


def modelled(service: str, operations: tuple[str, ...] | None = None) -> set[tuple[str, int]]:
    """Code and HTTP status of every error shape, of the whole service or of some operations."""
    model = MODELS.get_service_model(service)
    shapes = (
        model.error_shapes
        if operations is None
        else [shape for name in operations for shape in model.operation_model(name).error_shapes]
    )
    return {
        (shape.error_code, shape.metadata.get("error", {}).get("httpStatusCode", 400))
        for shape in shapes
    }


@pytest.mark.parametrize("service", READS)
def test_every_code_of_the_service_models_is_mapped_as_intended(service: str) -> None:
    found = {code: mapped(client_error(code, status)) for code, status in modelled(service)}
    assert found == {code: INTENDED.get(code, RequestRefused) for code in found}


@pytest.mark.parametrize("service", OWN)
def test_every_code_of_our_own_resources_is_mapped_as_intended(service: str) -> None:
    codes = modelled(service, OWN[service])
    found = {code: mapped(client_error(code, status)) for code, status in codes}
    assert found == {code: INTENDED_OWN.get(code, RequestRefused) for code in found}


@pytest.mark.parametrize("service", READS)
def test_the_table_names_no_code_that_only_looks_like_the_service_s(service: str) -> None:
    known = {code for code, _ in modelled(service)}
    assert known & set(INTENDED) <= set(ERRORS)


def test_every_read_that_we_make_is_in_its_model() -> None:
    for service, operations in READS.items():
        assert set(operations) <= set(MODELS.get_service_model(service).operation_names)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_unknown_code_with_a_5xx_is_the_service_s_failure(status: int) -> None:
    assert mapped(client_error("NeverHeardOf", status)) is ServiceUnavailable
    assert mapped(client_error(str(status), status)) is ServiceUnavailable


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_an_unknown_code_with_a_4xx_is_a_refusal(status: int) -> None:
    assert mapped(client_error("NeverHeardOf", status)) is RequestRefused


@pytest.mark.parametrize("code", [*ERRORS, "NeverHeardOf"])
def test_texts_name_call_and_code_and_never_the_service_s_message(code: str) -> None:
    with pytest.raises(ToolgrantError) as raised, translated("qconnect get_ai_agent"):
        raise client_error(code)
    assert str(raised.value) == f"qconnect get_ai_agent: {code}"


@pytest.mark.parametrize("code", [code for code, kind in ERRORS.items() if kind is NotFound])
def test_a_missing_resource_of_our_own_is_a_misconfiguration(code: str) -> None:
    with pytest.raises(Misconfigured, match=f"topic publish: {code}"):  # noqa: SIM117
        with translated("topic publish", own=True):
            raise client_error(code)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NoCredentialsError(), AccessDenied),
        (ReadTimeoutError(endpoint_url="http://here"), ServiceUnavailable),
        (ConnectTimeoutError(endpoint_url="http://here"), ServiceUnavailable),
        (EndpointConnectionError(endpoint_url="http://here"), ServiceUnavailable),
    ],
)
def test_errors_of_the_client_are_ours_too(
    error: Exception, expected: type[ToolgrantError]
) -> None:
    with pytest.raises(expected, match=r"^connect list_instances: ") as raised:  # noqa: SIM117
        with translated("connect list_instances"):
            raise error
    assert "http://here" not in str(raised.value)


def test_other_exceptions_pass_unchanged() -> None:
    with pytest.raises(KeyError), translated("connect list_instances"):
        raise KeyError("a bug of ours")
