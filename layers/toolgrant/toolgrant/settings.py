"""The only reader of the environment: settings of the functions, typed and validated."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from toolgrant.domain.messages import LANGUAGES
from toolgrant.errors import Misconfigured

MODES = ("warn",)
_T = TypeVar("_T")


@dataclass(frozen=True)
class Settings:
    """What the template passes to every function."""

    table: str
    topic_arn: str
    change_queue_url: str
    dead_letter_queue_url: str
    mode: str
    settle: timedelta
    requests_per_second: float
    language: str
    sweep_interval: timedelta
    catalog_overrides: str


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Raises Misconfigured naming the first variable that is missing or wrong."""

    def read(name: str, convert: Callable[[str], _T]) -> _T:
        variable = f"TOOLGRANT_{name}"
        text = environment.get(variable, "")
        try:
            return convert(text)
        except ValueError as error:
            raise Misconfigured(f"{variable}={text!r}: {error}") from None

    return Settings(
        table=read("TABLE", _text),
        topic_arn=read("TOPIC_ARN", _text),
        change_queue_url=read("CHANGE_QUEUE_URL", _text),
        dead_letter_queue_url=read("DEAD_LETTER_QUEUE_URL", _text),
        mode=read("MODE", _one_of(MODES)),
        settle=timedelta(seconds=read("SETTLE_SECONDS", _number(0, 900))),
        requests_per_second=read("REQUESTS_PER_SECOND", _number(0.1, 1000)),
        language=read("LANGUAGE", _one_of(LANGUAGES)),
        sweep_interval=timedelta(hours=read("SWEEP_INTERVAL_HOURS", _number(1, 24))),
        catalog_overrides=read("CATALOG_OVERRIDES", _text),
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
