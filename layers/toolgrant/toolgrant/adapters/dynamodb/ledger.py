"""The change ledger in the table.

| pk            | sk                | holds                                              |
|---------------|-------------------|----------------------------------------------------|
| PROFILE#<id>  | CHANGE#<changeId> | one write of ours, from its intent to its undo     |
| PROFILE#<id>  | EDIT#<eventId>    | one UpdateSecurityProfile of somebody else         |
| PROFILE#<id>  | BREAKER#<grant>   | a grant that is not added again                    |
| PROFILE#<id>  | ATTACHED#<finding>| when we attached it because of a finding           |
| MUTES         | <id>              | a muted finding, AI agent or security profile      |
| PAUSE         | PAUSE             | whether an operator has paused all writes          |
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from toolgrant.adapters.dynamodb import ledger_items
from toolgrant.adapters.dynamodb.table import Table
from toolgrant.domain.fixing.ledger import ForeignEdit, ProfileChange, ProfileHistory
from toolgrant.domain.model import Grant

MUTES = "MUTES"
_WORDS = ("CHANGE", "EDIT", "BREAKER", "ATTACHED")
_PAUSE = ("PAUSE", "PAUSE")
KEEP_EDITS = timedelta(days=30)
"""How long foreign edits are kept: much longer than an intent can stay open."""


class DynamoDBLedger:
    """`usecases.ports.Ledger`."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table)

    def history(self, profile_id: str) -> ProfileHistory:
        """Everything on record of one profile, changes in the order of their beginning."""
        parts: dict[str, list[tuple[str, Any]]] = {word: [] for word in _WORDS}
        for item in self._table.query(_pk(profile_id)):
            word, _, rest = item["sk"].partition("#")
            parts.get(word, []).append((rest, item))
        changes = [ledger_items.change_from_item(key, item) for key, item in parts["CHANGE"]]
        return ProfileHistory(
            profile_id,
            tuple(sorted(changes, key=lambda change: (change.began_at, change.id))),
            tuple(
                ledger_items.edit_from_item(profile_id, key, item) for key, item in parts["EDIT"]
            ),
            frozenset(Grant.parse(text) for text, _ in parts["BREAKER"]),
            {key: datetime.fromisoformat(item["at"]) for key, item in parts["ATTACHED"]},
        )

    def save(self, change: ProfileChange) -> None:
        """Write a change, in place of its earlier state."""
        item = ledger_items.change_to_item(change)
        self._table.put(_pk(change.profile_id), f"CHANGE#{change.id}", item)

    def remember(self, edit: ForeignEdit) -> None:
        """Record a foreign edit; it is kept for KEEP_EDITS."""
        expires = {"expiresAt": int((edit.at + KEEP_EDITS).timestamp())}
        item = {**ledger_items.edit_to_item(edit), **expires}
        self._table.put(_pk(edit.profile_id), f"EDIT#{edit.event_id}", item)

    def open_breaker(self, profile_id: str, grant: Grant, reason: str, at: datetime) -> None:
        """Keep a grant from being added again. Repeating it only renews reason and time."""
        item = {"reason": reason, "at": at.isoformat()}
        self._table.put(_pk(profile_id), f"BREAKER#{grant}", item)

    def close_breaker(self, profile_id: str, grant: Grant) -> None:
        """Let a grant be added again; without an open breaker nothing happens."""
        self._table.delete(_pk(profile_id), f"BREAKER#{grant}")

    def record_attachment(self, profile_id: str, finding_id: str, at: datetime) -> None:
        """Remember that we attached a profile because of a finding, and when."""
        self._table.put(_pk(profile_id), f"ATTACHED#{finding_id}", {"at": at.isoformat()})

    def muted(self, now: datetime) -> frozenset[str]:
        """Ids of the findings, AI agents and profiles that are muted at `now`."""
        return frozenset(
            item["sk"]
            for item in self._table.query(MUTES)
            if not item["until"] or datetime.fromisoformat(item["until"]) > now
        )

    def mute(self, target: str, until: datetime | None) -> None:
        """Mute an id until a time; with None until `unmute`."""
        self._table.put(MUTES, target, {"until": until.isoformat() if until else None})

    def unmute(self, target: str) -> None:
        """End a mute; without one nothing happens."""
        self._table.delete(MUTES, target)

    def paused(self) -> bool:
        """Whether an operator has paused all writes."""
        item = self._table.get(*_PAUSE)
        return bool(item and item["paused"])

    def pause(self, paused: bool, by: str, at: datetime) -> None:
        """Pause (True) or resume all writes, and remember who did and when."""
        self._table.put(*_PAUSE, {"paused": paused, "by": by, "at": at.isoformat()})


def _pk(profile_id: str) -> str:
    return f"PROFILE#{profile_id}"
