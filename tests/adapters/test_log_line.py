"""Whatever a record says, its line can be written, and read again."""

from __future__ import annotations

import io
import json
import uuid

import pytest
from aws_lambda_powertools import Logger, Metrics
from tests.strategies import HOSTILE

from toolgrant.adapters.observability import PowertoolsJournal, log_line


@pytest.mark.parametrize("text", [*HOSTILE, "注文アシスタント"], ids=lambda text: ascii(text[:12]))
def test_every_text_survives_a_stream_of_utf_8(text: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n")
    logger = Logger(service=f"toolgrant-{uuid.uuid4()}", stream=stream, json_serializer=log_line)
    journal = PowertoolsJournal(logger, Metrics(namespace="toolgrant"))

    journal.failure("failed", subject=text)
    stream.flush()

    (line,) = stream.buffer.getvalue().decode("utf-8").splitlines()  # type: ignore[attr-defined]
    assert json.loads(line)["subject"] == text


def test_japanese_stays_readable() -> None:
    assert log_line({"agent": "注文"}) == '{"agent":"注文"}'
