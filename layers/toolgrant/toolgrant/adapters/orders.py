"""An operator's order as JSON, and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolgrant.domain.json_fields import as_list, as_map, as_text, numbered, parse_time
from toolgrant.domain.model import Grant
from toolgrant.domain.requests import Order
from toolgrant.domain.texts import clip
from toolgrant.errors import InvalidInput

_FIELDS = ("action", "target", "by", "grants", "until", "dedicated", "dryRun")


def parse_order(data: object) -> Order:
    """The order in `{"action", "target", "by", "grants": ["permission:…"], "until", "dedicated",
    "dryRun"}`; all but `action` may be missing. Raises InvalidInput."""
    root = as_map(data, "$")
    unknown = sorted(set(root) - set(_FIELDS))
    if unknown:
        raise InvalidInput(f"$.{unknown[0]}", f"unknown field; known are {', '.join(_FIELDS)}")
    return Order(
        action=as_text(root.get("action"), "$.action"),
        target=as_text(root.get("target"), "$.target").strip(),
        by=clip(as_text(root.get("by"), "$.by")),
        grants=_grants(root),
        until=parse_time(root.get("until"), "$.until"),
        dedicated=_flag(root, "dedicated"),
        dry_run=_flag(root, "dryRun"),
    )


def _flag(root: Mapping[str, Any], name: str) -> bool:
    value = root.get(name, False)
    if not isinstance(value, bool):
        raise InvalidInput(f"$.{name}", "expected true or false")
    return value


def _grants(root: Mapping[str, Any]) -> tuple[Grant, ...]:
    grants = []
    for path, value in numbered(as_list(root.get("grants"), "$.grants"), "$.grants"):
        try:
            grants.append(Grant.parse(as_text(value, path)))
        except InvalidInput:
            raise
        except ValueError:
            raise InvalidInput(path, "expected a grant such as permission:Wisdom.View") from None
    return tuple(grants)


def answer(order: Order, steps: list[str]) -> dict[str, Any]:
    """The answer to an order; `steps` are lines that say what was done, or would be."""
    return {"ok": True, "action": order.action, "dryRun": order.dry_run, "steps": steps}


def refusal(error: Exception) -> dict[str, Any]:
    """The answer to an order that was not carried out."""
    return {"ok": False, "error": str(error)}
