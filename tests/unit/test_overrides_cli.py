"""`toolgrant overrides push`: good rows are stored, bad ones never leave."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.unit.override_rows import ROW, changed, override

from toolgrant_cli.deployed import DeployedStack
from toolgrant_cli.main import parser
from toolgrant_cli.overrides import push

NAME = "/toolgrant/toolgrant/catalog-overrides"
PLACE = "toolgrant: account 111122223333, Region eu-west-1\n"
DENIED = ClientError(
    {"Error": {"Code": "AccessDeniedException", "Message": "not yours"}}, "PutParameter"
)


@dataclass
class FakeAws:
    """The clients of three services."""

    outputs: dict[str, str] = field(default_factory=lambda: {"CatalogOverridesParameter": NAME})
    error: Exception | None = None
    asked: list[str] = field(default_factory=list)
    stored: list[dict[str, Any]] = field(default_factory=list)
    meta: Any = field(default_factory=lambda: SimpleNamespace(region_name="eu-west-1"))

    def client(self, service: str) -> FakeAws:
        self.asked.append(service)
        return self

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "111122223333"}

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        outputs = [{"OutputKey": k, "OutputValue": v} for k, v in self.outputs.items()]
        return {"Stacks": [{"Outputs": outputs}]}

    def put_parameter(self, **given: Any) -> dict[str, Any]:
        if self.error:
            raise self.error
        self.stored.append(given)
        return {"Version": 1, "Tier": "Advanced"}


def run(aws: FakeAws, path: Path) -> int:
    return push(parser().parse_args(["overrides", "push", str(path)]), DeployedStack(aws.client))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rows.json"
    path.write_text(override(ROW), encoding="utf-8")
    return path


def test_good_rows_are_stored_whatever_the_account_s_default_tier_is(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    aws = FakeAws()
    assert run(aws, file) == 0
    assert aws.stored == [
        {
            "Name": NAME,
            "Value": override(ROW),
            "Type": "String",
            "Tier": "Intelligent-Tiering",
            "Overwrite": True,
        }
    ]
    told = f"{file} is in {NAME} (tier Advanced); it counts within a minute\n"
    assert capsys.readouterr() == (told, PLACE)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "JSON"),
        (b"\xff", "not UTF-8 text"),
        (override(changed("requires", to=["permission:Tasks.Create"])).encode(), ROW["id"]),
        (override({**ROW, "note": "n" * 8192}).encode(), "bytes; a parameter holds 8192"),
        (None, "No such file"),
    ],
    ids=["no JSON", "no text", "bad row", "too long", "no file"],
)
def test_what_cannot_be_used_is_one_line_and_never_leaves(
    tmp_path: Path, content: bytes | None, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    aws, path = FakeAws(), tmp_path / "rows.json"
    if content is not None:
        path.write_bytes(content)
    assert run(aws, path) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), aws.asked) == ("", 1, [])
    assert err.startswith(f"toolgrant: {path}: ")
    assert told in err


@pytest.mark.parametrize(
    ("aws", "told"),
    [
        (FakeAws(outputs={}), "stack toolgrant: no output CatalogOverridesParameter"),
        (FakeAws(error=DENIED), f"parameter {NAME}: An error occurred (AccessDeniedException)"),
    ],
    ids=["another stack", "denied"],
)
def test_what_is_wrong_out_there_is_named(
    file: Path, aws: FakeAws, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(aws, file) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"{PLACE}toolgrant: {told}")
    assert aws.stored == []
