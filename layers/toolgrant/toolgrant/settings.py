"""The only reader of the environment: settings of the functions, typed and validated."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from toolgrant.domain.fixing.rules import FixRules, Mode
from toolgrant.domain.model import Confidence, Risk
from toolgrant.domain.texts import LANGUAGES
from toolgrant.errors import Misconfigured

_T = TypeVar("_T")
_ASSOCIATION = {"off": Mode.WARN, "approve": Mode.APPROVE, "fix": Mode.FIX}


@dataclass(frozen=True)
class FixSettings:
    """What the template passes in the modes that may write. `emergency_stop` is the name of an SSM
    parameter, `writer_role` the ARN of the role of remediate."""

    rules: FixRules
    queue_url: str
    emergency_stop: str
    writer_role: str


@dataclass(frozen=True)
class Settings:
    """What the template passes to every function. `catalog_overrides` is the name of an SSM
    parameter; `language` is `en` or `ja`."""

    table: str
    topic_arn: str
    change_queue_url: str
    dead_letter_queue_url: str
    mode: Mode
    settle: timedelta
    requests_per_second: float
    language: str
    sweep_interval: timedelta
    catalog_overrides: str
    read_flows: bool
    fix: FixSettings | None = None


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings from the variables `TOOLGRANT_…`. Raises Misconfigured naming the first variable
    that is missing or wrong."""

    def read(name: str, convert: Callable[[str], _T]) -> _T:
        variable = f"TOOLGRANT_{name}"
        text = environment.get(variable, "")
        try:
            return convert(text)
        except ValueError as error:  # the converters raise it, as float() does
            raise Misconfigured(f"{variable}={text!r}: {error}") from None

    mode = Mode(read("MODE", _one_of(tuple(Mode))))
    return Settings(
        table=read("TABLE", _text),
        topic_arn=read("TOPIC_ARN", _text),
        change_queue_url=read("CHANGE_QUEUE_URL", _text),
        dead_letter_queue_url=read("DEAD_LETTER_QUEUE_URL", _text),
        mode=mode,
        settle=timedelta(seconds=read("SETTLE_SECONDS", _number(0, 900))),
        requests_per_second=read("REQUESTS_PER_SECOND", _number(0.1, 1000)),
        language=read("LANGUAGE", _one_of(LANGUAGES)),
        sweep_interval=timedelta(hours=read("SWEEP_INTERVAL_HOURS", _number(1, 24))),
        catalog_overrides=read("CATALOG_OVERRIDES", _text),
        read_flows=read("READ_FLOWS", _one_of(("off", "on"))) == "on",
        fix=None if mode is Mode.WARN else _fix(mode, read),
    )


def _fix(mode: Mode, read: Callable[[str, Callable[[str], Any]], Any]) -> FixSettings:
    rules = FixRules(
        mode=mode,
        tag_value=read("OPT_IN_TAG_VALUE", _text),
        least_confidence=Confidence(read("LEAST_CONFIDENCE", _one_of(tuple(Confidence)))),
        automatic_risk=Risk(read("AUTOMATIC_RISK", _one_of(tuple(Risk)))),
        most_people=int(read("MOST_PEOPLE", _number(0, 10_000))),
        most_agents=int(read("MOST_OTHER_AGENTS", _number(0, 1_000))),
        changes_per_hour=int(read("CHANGES_PER_HOUR", _number(1, 100))),
        stack=read("STACK", _text),
        association=_ASSOCIATION[read("ASSOCIATION_GAPS", _one_of(tuple(_ASSOCIATION)))],
        dedicated=read("DEDICATED_PROFILES", _one_of(("off", "approve"))) == "approve",
        bound=timedelta(seconds=read("STALENESS_SECONDS", _number(1, 900))),
    )
    return FixSettings(
        rules,
        queue_url=read("FIX_QUEUE_URL", _text),
        emergency_stop=read("EMERGENCY_STOP", _text),
        writer_role=read("WRITER_ROLE", _text),
    )


def _text(text: str) -> str:
    if not text:
        raise ValueError("missing")
    return text


def _one_of(words: tuple[str, ...]) -> Callable[[str], str]:
    def convert(text: str) -> str:
        if text not in words:
            raise ValueError(f"expected one of {', '.join(words)}")
        return text

    return convert


def _number(least: float, most: float) -> Callable[[str], float]:
    def convert(text: str) -> float:
        number = float(text) if text else float("nan")
        if not least <= number <= most:
            raise ValueError(f"expected a number from {least:g} to {most:g}")
        return number

    return convert
