"""What an operator can set, and cannot set wrongly."""

from __future__ import annotations

import re
from enum import StrEnum

import pytest
from tests.template.reading import Tree

from toolgrant.domain.fixing.rules import FixRules, Mode
from toolgrant.domain.model import Confidence, Risk

RANGES = {
    "SettleSeconds": (60, 0, 900),
    "ChangeDelaySeconds": (10, 0, 900),
    "BatchingWindowSeconds": (5, 0, 300),
    "RequestsPerSecond": (1, 0.1, 100),
    "SweepIntervalHours": (6, 2, 12),
    "MostPeople": (0, 0, 10_000),
    "MostOtherAgents": (0, 0, 1_000),
    "ChangesPerHour": (5, 1, 100),
    "StalenessSeconds": (60, 30, 900),
}
CHOICES = {
    "Mode": ("warn", ["warn", "approve", "fix"]),
    "LeastConfidence": ("observed", ["documented", "observed", "inferred"]),
    "AutomaticRisk": ("read", ["read", "write"]),
    "AssociationGaps": ("approve", ["off", "approve", "fix"]),
    "DedicatedProfiles": ("off", ["off", "approve"]),
    "AlertLanguage": ("en", ["en", "ja"]),
    "ReadFlows": ("on", ["on", "off"]),
    "LogLevel": ("INFO", ["DEBUG", "INFO"]),
}


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


def test_the_key_of_the_assistants_may_be_empty_or_is_one_key(template: Tree) -> None:
    entry = template["Parameters"]["AssistantKeyArn"]
    pattern = re.compile(entry["AllowedPattern"])
    assert entry["Default"] == ""
    key = "arn:aws:kms:eu-central-1:111122223333:key/"
    good = ["", f"{key}0a1b2c3d-0000-4000-8000-000000000000", f"{key}mrk-0123456789abcdef"]
    assert all(pattern.fullmatch(text) for text in good)
    alias = "arn:aws:kms:eu-central-1:111122223333:alias/q"
    assert not any(pattern.fullmatch(text) for text in ["*", f"{key}*", alias, "0a1b2c3d"])


def test_every_number_and_word_is_held_against_its_table(template: Tree) -> None:
    parameters = template["Parameters"].items()
    ranged = {name for name, entry in parameters if "MinValue" in entry}
    chosen = {name for name, entry in parameters if "AllowedValues" in entry}
    assert ranged == set(RANGES)
    assert chosen == {*CHOICES, "LogRetentionDays", "AuditRetentionDays"}


@pytest.mark.parametrize("words", [Mode, Confidence, Risk], ids=lambda words: words.__name__)
def test_words_are_those_of_the_code(template: Tree, words: type[StrEnum]) -> None:
    name = {Mode: "Mode", Confidence: "LeastConfidence", Risk: "AutomaticRisk"}[words]
    assert set(template["Parameters"][name]["AllowedValues"]) == set(words)


def test_the_value_of_the_opt_in_tag_is_one_of_a_tag(template: Tree) -> None:
    pattern = re.compile(template["Parameters"]["OptInTagValue"]["AllowedPattern"])
    assert all(pattern.fullmatch(text) for text in ["true", "1", "Team/x y_z.=+-@", "y" * 256])
    assert not any(pattern.fullmatch(text) for text in ["", "y" * 257, "a*", "${x}", "a\n"])


def test_the_default_of_the_bound_is_that_of_the_rules(template: Tree) -> None:
    default = template["Parameters"]["StalenessSeconds"]["Default"]
    assert FixRules().bound.total_seconds() == default


def test_every_parameter_is_described_and_grouped(template: Tree) -> None:
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    assert sorted(grouped) == sorted(template["Parameters"])
    assert all(entry["Description"] for entry in template["Parameters"].values())
