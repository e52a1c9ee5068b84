"""The local AWS with IAM: known credentials over TLS, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from toolgrant_local.clients import Clients
from toolgrant_local.environment import REGION
from toolgrant_local.ministack import Ministack
from toolgrant_local.stack import PROJECT

PROGRAM = PROJECT / ".venv-ministack" / "bin" / "ministack"


@pytest.fixture
def ministack(tmp_path: Path) -> Iterator[Ministack]:
    running = Ministack(PROGRAM, tmp_path, {}, iam=True)
    try:
        running.wait_healthy(None)
        yield running
    finally:
        running.stop()


def test_with_iam_it_takes_the_local_credentials_over_tls_and_no_others(
    ministack: Ministack,
) -> None:
    assert ministack.endpoint.startswith("https://")
    clients = Clients(ministack.endpoint, {}, ministack.ca_bundle)
    assert clients.get("sts").get_caller_identity()["Arn"].endswith(":root")
    clients.close()

    stranger = boto3.client(
        "sts",
        endpoint_url=ministack.endpoint,
        region_name=REGION,
        aws_access_key_id="AKIASTRANGER",
        aws_secret_access_key="any",
        verify=str(ministack.ca_bundle),
    )
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        stranger.get_caller_identity()
    stranger.close()
