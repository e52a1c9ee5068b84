"""What contact flows and flow modules have in common: names that are taken, and content in JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from connect_emulator.errors import ServiceError
from connect_emulator.resources import ContactFlow, FlowModule


def refuse_taken_name(others: Iterable[ContactFlow | FlowModule], name: str) -> None:
    """Refuse a name that another one of the instance has."""
    if any(other.fields["Name"] == name for other in others):
        raise ServiceError("DuplicateResourceException", f"The name '{name}' is already in use")


def check_content(content: str, code: str, member: str) -> None:
    """Refuse what is not JSON with an error of the model, and the member that holds its problems
    there."""
    try:
        json.loads(content)
    except (ValueError, RecursionError) as error:
        problems = {member: [{"message": "The content is not JSON"}]}
        raise ServiceError(code, "The content is not valid", details=problems) from error


def content_hash(content: str) -> str:
    """The digest by which a caller can name the content that it means."""
    return hashlib.sha256(content.encode()).hexdigest()
