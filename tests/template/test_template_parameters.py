"""What an operator can set, and cannot set wrongly."""

from __future__ import annotations

import pytest
from tests.template.reading import Tree

RANGES = {
    "SettleSeconds": (60, 0, 900),
    "ChangeDelaySeconds": (10, 0, 900),
    "BatchingWindowSeconds": (5, 0, 300),
    "RequestsPerSecond": (1, 0.1, 100),
    "SweepIntervalHours": (6, 2, 12),
}
CHOICES = {
    "Mode": ("warn", ["warn"]),
    "AlertLanguage": ("en", ["en", "ja"]),
    "LogLevel": ("INFO", ["DEBUG", "INFO"]),
}


def test_the_only_mode_is_warn(template: Tree) -> None:
    assert template["Parameters"]["Mode"]["AllowedValues"] == ["warn"]


@pytest.mark.parametrize("name", RANGES)
def test_numbers_have_a_range(template: Tree, name: str) -> None:
    entry = template["Parameters"][name]
    assert (entry["Default"], entry["MinValue"], entry["MaxValue"]) == RANGES[name]


@pytest.mark.parametrize("name", CHOICES)
def test_words_have_choices(template: Tree, name: str) -> None:
    entry = template["Parameters"][name]
    assert (entry["Default"], entry["AllowedValues"]) == CHOICES[name]


@pytest.mark.parametrize(("name", "days"), [("LogRetentionDays", 30), ("AuditRetentionDays", 365)])
def test_retention_is_one_that_cloudwatch_knows(template: Tree, name: str, days: int) -> None:
    entry = template["Parameters"][name]
    assert entry["Default"] == days
    assert {1, 7, 30, 90, 365, 3653} <= set(entry["AllowedValues"])
    assert not {2, 31, 366} & set(entry["AllowedValues"])


def test_the_e_mail_address_may_be_empty(template: Tree) -> None:
    assert template["Parameters"]["AlertEmail"]["Default"] == ""
    assert template["Parameters"]["AlertEmail"]["AllowedPattern"].startswith("^$|")


def test_every_parameter_is_described_and_grouped(template: Tree) -> None:
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    assert sorted(grouped) == sorted(template["Parameters"])
    assert all(entry["Description"] for entry in template["Parameters"].values())
