"""Settings of the functions: what is missing or wrong is named at once."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from toolgrant.errors import Misconfigured
from toolgrant.settings import from_environment

GOOD = {
    "TOOLGRANT_TABLE": "table",
    "TOOLGRANT_TOPIC_ARN": "arn:aws:sns:us-east-1:111122223333:topic",
    "TOOLGRANT_CHANGE_QUEUE_URL": "https://sqs/111122223333/changes",
    "TOOLGRANT_DEAD_LETTER_QUEUE_URL": "https://sqs/111122223333/dead",
    "TOOLGRANT_MODE": "warn",
    "TOOLGRANT_SETTLE_SECONDS": "60",
    "TOOLGRANT_REQUESTS_PER_SECOND": "1",
    "TOOLGRANT_LANGUAGE": "en",
    "TOOLGRANT_SWEEP_INTERVAL_HOURS": "6",
    "TOOLGRANT_CATALOG_OVERRIDES": "parameter",
}


def test_a_complete_environment() -> None:
    settings = from_environment(GOOD)
    assert settings.table == "table"
    assert settings.change_queue_url.endswith("/changes")
    assert settings.dead_letter_queue_url.endswith("/dead")
    assert settings.topic_arn.endswith(":topic")
    assert settings.mode == "warn"
    assert settings.settle == timedelta(minutes=1)
    assert settings.requests_per_second == 1.0
    assert settings.language == "en"
    assert settings.sweep_interval == timedelta(hours=6)
    assert settings.catalog_overrides == "parameter"


@pytest.mark.parametrize("variable", GOOD)
def test_a_missing_variable_is_named(variable: str) -> None:
    rest = {name: value for name, value in GOOD.items() if name != variable}
    with pytest.raises(Misconfigured, match=f"^{variable}=''"):
        from_environment(rest)


@pytest.mark.parametrize("variable", GOOD)
def test_an_empty_variable_is_named(variable: str) -> None:
    with pytest.raises(Misconfigured, match=f"^{variable}=''"):
        from_environment({**GOOD, variable: ""})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TOOLGRANT_MODE", "Warn"),
        ("TOOLGRANT_MODE", "delete-everything"),
        ("TOOLGRANT_SETTLE_SECONDS", "-1"),
        ("TOOLGRANT_SETTLE_SECONDS", "901"),
        ("TOOLGRANT_SETTLE_SECONDS", "soon"),
        ("TOOLGRANT_SETTLE_SECONDS", "nan"),
        ("TOOLGRANT_SETTLE_SECONDS", "inf"),
        ("TOOLGRANT_REQUESTS_PER_SECOND", "0"),
        ("TOOLGRANT_REQUESTS_PER_SECOND", "-1"),
        ("TOOLGRANT_REQUESTS_PER_SECOND", "1/s"),
        ("TOOLGRANT_REQUESTS_PER_SECOND", "1001"),
        ("TOOLGRANT_LANGUAGE", "fr"),
        ("TOOLGRANT_LANGUAGE", "EN"),
        ("TOOLGRANT_SWEEP_INTERVAL_HOURS", "0"),
        ("TOOLGRANT_SWEEP_INTERVAL_HOURS", "daily"),
        ("TOOLGRANT_SWEEP_INTERVAL_HOURS", "8760"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable(variable: str, value: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        from_environment({**GOOD, variable: value})
    assert str(raised.value).startswith(f"{variable}={value!r}: ")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TOOLGRANT_SETTLE_SECONDS", "0"),
        ("TOOLGRANT_SETTLE_SECONDS", "900"),
        ("TOOLGRANT_REQUESTS_PER_SECOND", "0.1"),
        ("TOOLGRANT_REQUESTS_PER_SECOND", "100"),
        ("TOOLGRANT_LANGUAGE", "ja"),
    ],
)
def test_the_limits_themselves_are_fine(variable: str, value: str) -> None:
    from_environment({**GOOD, variable: value})


def test_every_variable_of_the_template_is_read_and_no_other() -> None:
    template = (Path(__file__).parents[2] / "template.yaml").read_text()
    assert set(re.findall(r"^ +(TOOLGRANT_\w+):", template, re.MULTILINE)) == set(GOOD)


def test_only_the_first_wrong_variable_is_told() -> None:
    with pytest.raises(Misconfigured, match=r"^TOOLGRANT_TABLE="):
        from_environment({})
