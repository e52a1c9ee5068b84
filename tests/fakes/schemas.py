"""The schemas of docs/schemas: the fakes hold everything that is told or recorded against them."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from jsonschema import Draft202012Validator


def schema(name: str) -> Draft202012Validator:
    """One of docs/schemas: the fakes hold everything that is told or recorded against them."""
    path = Path(__file__).parents[2] / "docs" / "schemas" / f"{name}.schema.json"
    return Draft202012Validator(json.loads(path.read_text(encoding="utf-8")))


ALERT_SCHEMA = schema("alert-1")
AUDIT_SCHEMA = schema("audit-1")


@lru_cache(maxsize=10_000)
def valid_alert(text: str) -> bool:
    """Raises for an alert that is not as its schema says. The same text is looked at once."""
    ALERT_SCHEMA.validate(json.loads(text))
    return True


@lru_cache(maxsize=10_000)
def valid_audit(text: str) -> bool:
    """Raises for an audit record that is not as its schema says."""
    AUDIT_SCHEMA.validate(json.loads(text))
    return True
