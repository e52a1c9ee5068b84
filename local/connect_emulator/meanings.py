"""What a qualifier of an AI agent stands for, where AWS says it and where it does not.

Not documented, so each is a setting. A bare id: seen to answer as ``:$LATEST``, elsewhere read as
the draft or the newest number. A summary of ListAIAgents: nobody says which qualifier it describes.
``$LATEST``: the newest number; before the first one nothing or, as one public project has it, the
draft; or the last save with visibility PUBLISHED, where that is newer.
"""

from __future__ import annotations

from connect_emulator.account import Account
from connect_emulator.errors import not_found
from connect_emulator.resources import AIAgent, Fields

SAVED = "$SAVED"
LATEST = "$LATEST"
NEWEST_NUMBER = "newest-number"
DESCRIBED = (SAVED, LATEST, NEWEST_NUMBER)
"""What a bare id or a summary can stand for: the draft in place of what does not exist yet."""

LATEST_IS = ("number", "draft", "published")

Version = tuple[Fields, int | None]
"""The fields of a version and, unless it is a save without one, its number."""


def version_of(account: Account, agent: AIAgent, qualifier: str) -> Version:
    """What a qualifier stands for; one that is empty only has to exist."""
    if qualifier in ("", SAVED):
        return agent.draft, None
    found = _latest(account, agent) if qualifier == LATEST else _numbered(agent, qualifier)
    if found is None:
        raise not_found(f"AI agent version not found: {agent.id}:{qualifier}")
    return found


def meant(account: Account, agent: AIAgent, reading: str) -> str:
    """The qualifier that a bare id or a summary stands for under one of DESCRIBED."""
    if reading == LATEST and _latest(account, agent):
        return LATEST
    if reading == NEWEST_NUMBER and agent.versions:
        return str(max(agent.versions))
    return SAVED


def _latest(account: Account, agent: AIAgent) -> Version | None:
    reading = account.settings.latest_agent
    if reading == "published" and agent.published:
        return agent.published, None
    if agent.versions:
        return _numbered(agent, str(max(agent.versions)))
    return (agent.draft, None) if reading == "draft" else None


def _numbered(agent: AIAgent, qualifier: str) -> Version | None:
    number = int(qualifier) if qualifier.isascii() and qualifier.isdigit() else 0
    return (agent.versions[number], number) if number in agent.versions else None
