"""The change ledger in the table.

| pk                  | sk                | holds                                                |
|---------------------|-------------------|------------------------------------------------------|
| PROFILE#<id>        | CHANGE#<changeId> | one repair that was begun, to its undo               |
| PROFILE#<id>        | EDIT#<eventId>    | one UpdateSecurityProfile of somebody else           |
| CHANGES             | <changeId>        | the profile of a change                              |
| OPEN                | <changeId>        | the same, as long as the change is not ended         |
| WROTE#<agent>       | <profile>         | that we wrote to a profile because of an AI agent    |
| CLAIM#<agent>       | <grant>           | the open change that gives a grant to an AI agent    |
| BREAKERS            | <subject> <grant> | what is not given again: to an agent, by a profile   |
| APPROVALS           | <fixId>           | what an operator approved                            |
| MUTES               | <id>              | a muted finding, AI agent or security profile        |
| PAUSE               | PAUSE             | whether an operator has paused all writes            |
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from toolgrant.adapters.dataclass_json import from_json, to_json
from toolgrant.adapters.dynamodb.table import Table, condition_of, key_of, typed
from toolgrant.domain.fixing.history import Breaker, ForeignEdit, ProfileHistory
from toolgrant.domain.fixing.ledger import ProfileChange
from toolgrant.domain.fixing.repair import Approval
from toolgrant.domain.records import AgentKey

_MUTES = "MUTES"
CHANGES, OPEN, BREAKERS, APPROVALS = "CHANGES", "OPEN", "BREAKERS", "APPROVALS"
_PAUSE = ("PAUSE", "PAUSE")
KEEP_EDITS = timedelta(days=30)
"""How long foreign edits are kept: much longer than an intent can stay open."""

KEEP_APPROVALS = timedelta(days=30)
KEEP_CLAIMS = timedelta(days=1)


class DynamoDBLedger:
    """`usecases.ports.Ledger`."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table)

    def history(self, profile_id: str) -> ProfileHistory:
        """Everything on record of one profile, changes in the order of their beginning."""
        changes, edits = [], []
        for item in self._table.query(_profile_pk(profile_id)):
            if item["sk"].startswith("CHANGE#"):
                changes.append(from_json(ProfileChange, item))
            else:
                edits.append(from_json(ForeignEdit, item))
        in_order = sorted(changes, key=lambda change: (change.began_at, change.id))
        return ProfileHistory(profile_id, tuple(in_order), tuple(edits))

    def profiles_of(self, agent: AgentKey) -> tuple[str, ...]:
        """The profiles that a change of an AI agent was ever about."""
        return tuple(item["sk"] for item in self._table.query(_wrote_pk(agent)))

    def changes(self) -> dict[str, str]:
        """Change id → profile id, of all changes."""
        return {item["sk"]: item["profileId"] for item in self._table.query(CHANGES)}

    def open_changes(self) -> dict[str, str]:
        """Change id → profile id, of those that are not ended."""
        return {item["sk"]: item["profileId"] for item in self._table.query(OPEN)}

    def save(self, change: ProfileChange) -> ProfileChange:
        """Write a change in place of the state that it was read in, with all that points to it, in
        one transaction. One that ends uses up the approval it came from. Raises Conflict."""
        saved, where = replace(change, version=change.version + 1), {"profileId": change.profile_id}
        put = self._table.put_of(
            _profile_pk(change.profile_id), f"CHANGE#{change.id}", to_json(saved)
        )
        put["Put"] |= condition_of("version", change.version or None)
        pointer = self._table.put_of(OPEN, change.id, where)
        parts = [
            put,
            self._table.put_of(CHANGES, change.id, where),
            self._table.put_of(_wrote_pk(change.agent), change.profile_id, {}),
            pointer if change.open else self._table.delete_of(OPEN, change.id),
        ]
        used = change.approved_by and not change.open
        if used and self.approval(change.fix_id):  # unless the table has forgotten it by now
            parts.append(self._use(change.fix_id))
        self._table.transact(parts)
        return saved

    def _use(self, repair_id: str) -> dict[str, Any]:
        return {
            "Update": {
                "TableName": self._table.name,
                "Key": key_of(APPROVALS, repair_id),
                "UpdateExpression": "SET used = :used",
                "ConditionExpression": "attribute_exists(pk)",
                "ExpressionAttributeValues": typed({":used": True}),
            }
        }

    def claim(self, change: ProfileChange, whats: Iterable[str]) -> bool:
        """Claim each thing for the change's AI agent. A claim of a change that has ended is taken
        over."""
        return all(self._claim(change, what) for what in sorted(whats))

    def _claim(self, change: ProfileChange, what: str) -> bool:
        pk = _claim_pk(change.agent.ai_agent_id)
        held = self._table.get(pk, what)
        if held and held["changeId"] != change.id and self._is_open(held["changeId"]):
            return False
        expires = int((change.began_at + KEEP_CLAIMS).timestamp())
        item = {"changeId": change.id, "expiresAt": expires}
        return self._table.put_if(pk, what, item, "changeId", held["changeId"] if held else None)

    def claimed(self, agent_ids: Iterable[str], whats: Iterable[str], but: str) -> bool:
        """Whether a change that is open, another than `but`, claims one of these things."""
        wanted = frozenset(whats)
        holders = {
            item["changeId"]
            for agent_id in agent_ids
            for item in self._table.query(_claim_pk(agent_id))
            if item["sk"] in wanted
        }
        return any(self._is_open(change_id) for change_id in holders - {but})

    def _is_open(self, change_id: str) -> bool:
        return self._table.get(OPEN, change_id) is not None

    def remember(self, edit: ForeignEdit) -> None:
        """Record a foreign edit; it is kept for KEEP_EDITS."""
        expires = {"expiresAt": int((edit.at + KEEP_EDITS).timestamp())}
        item = {**to_json(edit), **expires}
        self._table.put(_profile_pk(edit.profile_id), f"EDIT#{edit.event_id}", item)

    def forget_others(self, profile_id: str) -> None:
        """Delete the edits that a toolgrant made."""
        for edit in self.history(profile_id).edits:
            if edit.actor.stack:
                self._table.delete(_profile_pk(profile_id), f"EDIT#{edit.event_id}")

    def breakers(self) -> frozenset[Breaker]:
        """Every open breaker."""
        return frozenset(from_json(Breaker, item) for item in self._table.query(BREAKERS))

    def open_breakers(self, breakers: Iterable[Breaker]) -> None:
        """Keep things from being given again. Repeating it only renews reason and time."""
        for breaker in breakers:
            self._table.put(BREAKERS, _breaker_sk(breaker), to_json(breaker))

    def close_breakers(self, breakers: Iterable[Breaker]) -> None:
        """Let things be given again; without an open breaker nothing happens."""
        for breaker in breakers:
            self._table.delete(BREAKERS, _breaker_sk(breaker))

    def approve(self, approval: Approval) -> None:
        """Store an approval; it is kept for KEEP_APPROVALS."""
        expires = {"expiresAt": int((approval.at + KEEP_APPROVALS).timestamp())}
        item = {**to_json(approval), **expires}
        self._table.put(APPROVALS, approval.repair.id, item)

    def approval(self, repair_id: str) -> Approval | None:
        """The approval of a repair; None where nobody gave one."""
        item = self._table.get(APPROVALS, repair_id)
        return from_json(Approval, item) if item else None

    def muted(self, now: datetime) -> frozenset[str]:
        """Ids of the findings, AI agents and profiles that are muted at `now`."""
        return frozenset(
            item["sk"]
            for item in self._table.query(_MUTES)
            if not item["until"] or datetime.fromisoformat(item["until"]) > now
        )

    def mute(self, target: str, until: datetime | None) -> None:
        """Mute an id until a time; with None until `unmute`."""
        self._table.put(_MUTES, target, {"until": until.isoformat() if until else None})

    def unmute(self, target: str) -> None:
        """End a mute; without one nothing happens."""
        self._table.delete(_MUTES, target)

    def paused(self) -> bool:
        """Whether an operator has paused all writes."""
        item = self._table.get(*_PAUSE)
        return bool(item and item["paused"])

    def pause(self, paused: bool, by: str, at: datetime) -> None:
        """Pause (True) or resume all writes, and remember who did and when."""
        self._table.put(*_PAUSE, {"paused": paused, "by": by, "at": at.isoformat()})


def _profile_pk(profile_id: str) -> str:
    return f"PROFILE#{profile_id}"


def _wrote_pk(agent: AgentKey) -> str:
    return f"WROTE#{agent.assistant_id}#{agent.ai_agent_id}"


def _claim_pk(ai_agent_id: str) -> str:
    return f"CLAIM#{ai_agent_id}"


def _breaker_sk(breaker: Breaker) -> str:
    return f"{breaker.subject} {breaker.what}"
