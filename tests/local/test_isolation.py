"""Nothing of the person at the keyboard gets in, and nothing gets out to a real account."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolgrant_local.clients import Clients
from toolgrant_local.environment import aws_environment, build_environment
from toolgrant_local.ministack import _environment

FOREIGN = {
    "AWS_PROFILE": "production",
    "AWS_DEFAULT_PROFILE": "production",
    "AWS_SESSION_TOKEN": "secret-token",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_ROLE_ARN": "arn:aws:iam::999988887777:role/real",
    "AWS_ENDPOINT_URL": "https://elsewhere.example",
    "AWS_ENDPOINT_URL_SQS": "https://elsewhere.example",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "PYTHONPATH": "/somewhere",
    "MINISTACK_REGION": "eu-west-1",
}


@pytest.fixture(autouse=True)
def foreign(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in FOREIGN.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("UV_CACHE_DIR", "/cache")


@pytest.mark.parametrize("make", [aws_environment, build_environment])
def test_children_see_no_foreign_variable(make: object, tmp_path: Path) -> None:
    env = make(tmp_path)  # type: ignore[operator]
    assert not set(FOREIGN.values()) & set(env.values())
    assert "AWS_PROFILE" not in env
    assert not Path(env["AWS_CONFIG_FILE"]).exists()
    assert not Path(env["AWS_SHARED_CREDENTIALS_FILE"]).exists()
    assert env["AWS_EC2_METADATA_DISABLED"] == "true"


def test_only_the_build_may_download(tmp_path: Path) -> None:
    assert build_environment(tmp_path)["HTTP_PROXY"] == "http://proxy.example:3128"
    assert build_environment(tmp_path)["https_proxy"] == "http://proxy.example:3128"
    assert build_environment(tmp_path)["UV_CACHE_DIR"] == "/cache"
    assert not {"HTTP_PROXY", "https_proxy", "UV_CACHE_DIR"} & set(aws_environment(tmp_path))


def test_programs_that_talk_to_aws_have_a_home_of_their_own(tmp_path: Path) -> None:
    env = aws_environment(tmp_path)
    assert env["HOME"] == env["TMPDIR"] == str(tmp_path)


def test_functions_inherit_the_endpoints_of_the_emulated_services(tmp_path: Path) -> None:
    env = _environment(tmp_path, 1234, {"connect": "http://c", "qconnect": "http://q"})
    assert env["AWS_ENDPOINT_URL_CONNECT"] == "http://c"
    assert env["AWS_ENDPOINT_URL_QCONNECT"] == "http://q"
    assert env["GATEWAY_PORT"] == "1234"
    assert env["BIND_HOST"] == "127.0.0.1"
    assert env["MINISTACK_REGION"] == "us-east-1"


def test_clients_ignore_profile_endpoint_and_region() -> None:
    clients = Clients("http://127.0.0.1:1", {"connect": "http://127.0.0.1:2"})
    assert clients.get("sqs").meta.endpoint_url == "http://127.0.0.1:1"
    assert clients.get("connect").meta.endpoint_url == "http://127.0.0.1:2"
    assert clients.get("sqs").meta.region_name == "us-east-1"
    assert clients.get("sqs")._request_signer._credentials.access_key == "local"
    assert clients.get("sqs")._request_signer._credentials.token is None


def test_a_client_is_made_once() -> None:
    clients = Clients("http://127.0.0.1:1", {})
    assert clients.get("sqs") is clients.get("sqs")
    clients.close()
