"""Settings of the functions: what is missing or wrong is named at once."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from toolgrant.domain.fixing.rules import FixRules, Mode
from toolgrant.domain.model import Confidence, Risk
from toolgrant.errors import Misconfigured
from toolgrant.settings import FixSettings, from_environment

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
    "TOOLGRANT_READ_FLOWS": "on",
}
WRITER_ROLE = "arn:aws:iam::111122223333:role/toolgrant-RemediateRole-1"
FIXING = {
    "TOOLGRANT_OPT_IN_TAG_VALUE": "yes",
    "TOOLGRANT_LEAST_CONFIDENCE": "documented",
    "TOOLGRANT_AUTOMATIC_RISK": "write",
    "TOOLGRANT_MOST_PEOPLE": "7",
    "TOOLGRANT_MOST_OTHER_AGENTS": "8",
    "TOOLGRANT_CHANGES_PER_HOUR": "9",
    "TOOLGRANT_ASSOCIATION_GAPS": "fix",
    "TOOLGRANT_DEDICATED_PROFILES": "approve",
    "TOOLGRANT_STALENESS_SECONDS": "45",
    "TOOLGRANT_STACK": "toolgrant",
    "TOOLGRANT_FIX_QUEUE_URL": "https://sqs/111122223333/fixes.fifo",
    "TOOLGRANT_EMERGENCY_STOP": "stop",
    "TOOLGRANT_WRITER_ROLE": WRITER_ROLE,
}
"""Read in the modes that may write, and only there."""
WRITING = {**GOOD, **FIXING, "TOOLGRANT_MODE": "fix"}


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
    assert settings.read_flows
    assert not from_environment({**GOOD, "TOOLGRANT_READ_FLOWS": "off"}).read_flows
    assert settings.fix is None


@pytest.mark.parametrize("mode", ["approve", "fix"])
def test_a_complete_environment_of_a_mode_that_may_write(mode: str) -> None:
    settings = from_environment({**WRITING, "TOOLGRANT_MODE": mode})
    assert settings.mode == mode
    assert settings.fix == FixSettings(
        FixRules(
            mode=Mode(mode),
            tag_value="yes",
            least_confidence=Confidence.DOCUMENTED,
            automatic_risk=Risk.WRITE,
            most_people=7,
            most_agents=8,
            changes_per_hour=9,
            stack="toolgrant",
            association=Mode.FIX,
            dedicated=True,
            bound=timedelta(seconds=45),
        ),
        queue_url="https://sqs/111122223333/fixes.fifo",
        emergency_stop="stop",
        writer_role=WRITER_ROLE,
    )


@pytest.mark.parametrize(
    ("word", "mode"), [("off", Mode.WARN), ("approve", Mode.APPROVE), ("fix", Mode.FIX)]
)
def test_association_gaps_have_a_mode_of_their_own(word: str, mode: Mode) -> None:
    fix = from_environment({**WRITING, "TOOLGRANT_ASSOCIATION_GAPS": word}).fix
    assert fix is not None
    assert fix.rules.association is mode


def test_dedicated_profiles_can_be_off() -> None:
    fix = from_environment({**WRITING, "TOOLGRANT_DEDICATED_PROFILES": "off"}).fix
    assert fix is not None
    assert fix.rules.dedicated is False


def test_in_mode_warn_nothing_about_fixing_is_read() -> None:
    nonsense = dict.fromkeys(FIXING, "nonsense")
    assert from_environment({**GOOD, **nonsense}).fix is None
    assert from_environment({**GOOD, **dict.fromkeys(FIXING, "")}).fix is None


@pytest.mark.parametrize("variable", WRITING)
def test_a_missing_variable_is_named(variable: str) -> None:
    rest = {name: value for name, value in WRITING.items() if name != variable}
    with pytest.raises(Misconfigured, match=f"^{variable}=''"):
        from_environment(rest)


@pytest.mark.parametrize("variable", WRITING)
def test_an_empty_variable_is_named(variable: str) -> None:
    with pytest.raises(Misconfigured, match=f"^{variable}=''"):
        from_environment({**WRITING, variable: ""})


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
        ("TOOLGRANT_READ_FLOWS", "yes"),
        ("TOOLGRANT_SWEEP_INTERVAL_HOURS", "0"),
        ("TOOLGRANT_SWEEP_INTERVAL_HOURS", "daily"),
        ("TOOLGRANT_SWEEP_INTERVAL_HOURS", "8760"),
        ("TOOLGRANT_LEAST_CONFIDENCE", "sure"),
        ("TOOLGRANT_AUTOMATIC_RISK", "all"),
        ("TOOLGRANT_MOST_PEOPLE", "-1"),
        ("TOOLGRANT_MOST_PEOPLE", "10001"),
        ("TOOLGRANT_MOST_PEOPLE", "many"),
        ("TOOLGRANT_MOST_PEOPLE", "inf"),
        ("TOOLGRANT_MOST_OTHER_AGENTS", "1001"),
        ("TOOLGRANT_CHANGES_PER_HOUR", "0"),
        ("TOOLGRANT_CHANGES_PER_HOUR", "101"),
        ("TOOLGRANT_STALENESS_SECONDS", "0"),
        ("TOOLGRANT_STALENESS_SECONDS", "901"),
        ("TOOLGRANT_STALENESS_SECONDS", "a minute"),
        ("TOOLGRANT_ASSOCIATION_GAPS", "warn"),
        ("TOOLGRANT_DEDICATED_PROFILES", "fix"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable(variable: str, value: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        from_environment({**WRITING, variable: value})
    assert str(raised.value).startswith(f"{variable}={value!r}: ")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TOOLGRANT_SETTLE_SECONDS", "0"),
        ("TOOLGRANT_SETTLE_SECONDS", "900"),
        ("TOOLGRANT_REQUESTS_PER_SECOND", "0.1"),
        ("TOOLGRANT_REQUESTS_PER_SECOND", "100"),
        ("TOOLGRANT_LANGUAGE", "ja"),
        ("TOOLGRANT_MOST_PEOPLE", "0"),
        ("TOOLGRANT_MOST_PEOPLE", "10000"),
        ("TOOLGRANT_MOST_OTHER_AGENTS", "0"),
        ("TOOLGRANT_MOST_OTHER_AGENTS", "1000"),
        ("TOOLGRANT_STALENESS_SECONDS", "1"),
        ("TOOLGRANT_STALENESS_SECONDS", "900"),
        ("TOOLGRANT_CHANGES_PER_HOUR", "1"),
        ("TOOLGRANT_CHANGES_PER_HOUR", "100"),
    ],
)
def test_the_limits_themselves_are_fine(variable: str, value: str) -> None:
    from_environment({**WRITING, variable: value})


def test_every_variable_of_the_template_is_read_and_no_other() -> None:
    template = (Path(__file__).parents[2] / "template.yaml").read_text()
    assert set(re.findall(r"^ +(TOOLGRANT_\w+):", template, re.MULTILINE)) == set(WRITING)


def test_only_the_first_wrong_variable_is_told() -> None:
    with pytest.raises(Misconfigured, match=r"^TOOLGRANT_MODE="):
        from_environment({})
