"""Audit records, the operational log and EMF metrics, all on standard output as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit


def log_line(record: Mapping[str, Any]) -> str:
    """One JSON line in the letters of its language. A lone surrogate, which no stream can write,
    is escaped, so that no text from outside can lose a record."""
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"), default=str)
    return text.encode("utf-8", "backslashreplace").decode()


class PowertoolsJournal:
    """`usecases.ports.Journal`. Metrics carry the service as their only dimension."""

    def __init__(self, logger: Logger, metrics: Metrics) -> None:
        self._logger = logger
        self._metrics = metrics

    def decision(self, record: Mapping[str, Any]) -> None:
        """Write an audit record as an INFO line, under the key `audit`."""
        self._logger.info("decision", extra={"audit": dict(record)})

    def note(self, event: str, **fields: object) -> None:
        """Write an INFO line."""
        self._logger.info(event, extra=fields)

    def failure(self, event: str, **fields: object) -> None:
        """Write an ERROR line."""
        self._logger.error(event, extra=fields)

    def count(self, metric: str, value: float = 1) -> None:
        """Keep a value of a metric until `flush`."""
        self._metrics.add_metric(name=metric, unit=MetricUnit.Count, value=value)

    def flush(self) -> None:
        """Write the values that were kept, as EMF lines."""
        if self._metrics.metric_set:
            self._metrics.flush_metrics()
