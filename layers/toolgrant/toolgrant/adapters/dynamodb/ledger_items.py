"""Values of the change ledger ↔ items of the table and messages of the fix queue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from toolgrant.domain.causes import Actor
from toolgrant.domain.fixing.ledger import ChangeState, ForeignEdit, ProfileChange
from toolgrant.domain.model import Grant, GrantKind
from toolgrant.domain.records import AgentKey
from toolgrant.domain.requests import FixRequest, UndoRequest

Item = dict[str, Any]


def change_to_item(change: ProfileChange) -> Item:
    """The item of a change, without its keys: the sort key holds the id."""
    return {
        "instanceId": change.instance_id,
        "profileId": change.profile_id,
        "assistantId": change.agent.assistant_id,
        "aiAgentId": change.agent.ai_agent_id,
        "findingId": change.finding_id,
        "kind": str(change.kind),
        "grants": [str(grant) for grant in change.grants],
        "before": [str(grant) for grant in sorted(change.before)],
        "undone": [str(grant) for grant in sorted(change.undone)],
        "undoing": [str(grant) for grant in sorted(change.undoing)],
        "state": str(change.state),
        "beganAt": change.began_at.isoformat(),
        "verifiedAt": change.verified_at.isoformat() if change.verified_at else None,
        "approvedBy": change.approved_by,
    }


def change_from_item(change_id: str, item: Mapping[str, Any]) -> ProfileChange:
    """The reverse of `change_to_item`."""
    return ProfileChange(
        id=change_id,
        instance_id=item["instanceId"],
        profile_id=item["profileId"],
        agent=AgentKey(item["assistantId"], item["aiAgentId"]),
        finding_id=item["findingId"],
        kind=GrantKind(item["kind"]),
        grants=tuple(Grant.parse(text) for text in item["grants"]),
        before=frozenset(Grant.parse(text) for text in item["before"]),
        undone=frozenset(Grant.parse(text) for text in item["undone"]),
        undoing=frozenset(Grant.parse(text) for text in item["undoing"]),
        state=ChangeState(item["state"]),
        began_at=datetime.fromisoformat(item["beganAt"]),
        verified_at=datetime.fromisoformat(item["verifiedAt"]) if item["verifiedAt"] else None,
        approved_by=item["approvedBy"],
    )


def edit_to_item(edit: ForeignEdit) -> Item:
    """The item of a foreign edit, without its keys: the sort key holds the event id."""
    return {
        "at": edit.at.isoformat(),
        "actor": [edit.actor.type, edit.actor.name, edit.actor.via],
        "kinds": None if edit.kinds is None else sorted(edit.kinds),
    }


def edit_from_item(profile_id: str, event_id: str, item: Mapping[str, Any]) -> ForeignEdit:
    """The reverse of `edit_to_item`."""
    kinds = item["kinds"]
    return ForeignEdit(
        event_id=event_id,
        profile_id=profile_id,
        at=datetime.fromisoformat(item["at"]),
        actor=Actor(*item["actor"]),
        kinds=None if kinds is None else frozenset(GrantKind(kind) for kind in kinds),
    )


def fix_to_item(request: FixRequest) -> Item:
    """A fix request, in the table and in a message."""
    return {
        "assistantId": request.agent.assistant_id,
        "aiAgentId": request.agent.ai_agent_id,
        "findingId": request.finding_id,
        "profileId": request.profile_id,
        "fixId": request.fix_id,
        "attempt": request.attempt,
        "approvedBy": request.approved_by,
        "dedicated": request.dedicated,
    }


def fix_from_item(item: Mapping[str, Any]) -> FixRequest:
    """The reverse of `fix_to_item`."""
    return FixRequest(
        agent=AgentKey(item["assistantId"], item["aiAgentId"]),
        finding_id=item["findingId"],
        profile_id=item["profileId"],
        fix_id=item["fixId"],
        attempt=int(item["attempt"]),
        approved_by=item["approvedBy"],
        dedicated=bool(item["dedicated"]),
    )


def undo_to_item(request: UndoRequest) -> Item:
    """An undo request, in a message."""
    return {
        "changeId": request.change_id,
        "grants": [str(grant) for grant in request.grants],
        "askedBy": request.asked_by,
        "askedAt": request.asked_at,
    }


def undo_from_item(item: Mapping[str, Any]) -> UndoRequest:
    """The reverse of `undo_to_item`."""
    grants = tuple(Grant.parse(text) for text in item["grants"])
    return UndoRequest(item["changeId"], grants, item["askedBy"], item["askedAt"])
