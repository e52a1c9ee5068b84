"""What became of what an earlier delivery sent, and of what nobody goes on with."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from toolgrant.domain.fixing.history import (
    Attribution,
    ForeignEdit,
    ProfileHistory,
    Written,
    attribute,
)
from toolgrant.domain.fixing.ledger import ListState, ListWrite, ProfileChange
from toolgrant.domain.model import Grant
from toolgrant.errors import NotFound, PutOff
from toolgrant.usecases.ports import Profiles
from toolgrant.usecases.writer.write import GrantWriter

_FOUND = {
    Attribution.OURS: ListState.DONE,
    Attribution.UNATTRIBUTED: ListState.UNATTRIBUTED,
    Attribution.ABSENT: ListState.ABANDONED,
}


def settled(change: ProfileChange, writer: GrantWriter) -> Written:
    """The change with every list that was sent in its new state.

    DONE: it was our write. UNATTRIBUTED: the grants are there, and it cannot be said who added
    them. ABANDONED: somebody else's edit took their place. PLANNED again: not there, and too old to
    land any more. Raises PutOff while it still may land.
    """
    met: list[ForeignEdit] = []
    for write in change.lists:
        if write.state is ListState.SENT:
            found, edits = _found(change, write, writer)
            change = change.with_list(found)
            met += [edit for edit in edits if edit not in met]
    return Written(change, tuple(met))


def _found(
    change: ProfileChange, write: ListWrite, writer: GrantWriter
) -> tuple[ListWrite, tuple[ForeignEdit, ...]]:
    """A list that was sent in its new state, and the edits that may have met it."""
    now = writer.clock.now()
    try:
        held = writer.held(change, write.kind)
    except NotFound:  # the profile was deleted, and what we added with it
        return replace(write, state=ListState.ABANDONED, ended_at=now), ()
    # Read last: of an edit that the list shows, the record may have come a moment ago.
    history = writer.ledger.history(change.profile_id)
    edits = history.met(write, writer.bound) or _taken(write, held, history)
    found = attribute(write, held, edits)
    if found is not Attribution.ABSENT or edits:
        return replace(write, state=_FOUND[found], ended_at=now, unanswered=True), edits
    left = (write.sent_at or now) + writer.bound - now
    if left > timedelta():
        raise PutOff("a write that was not answered may still land", left.total_seconds())
    return replace(write, state=ListState.PLANNED), ()


def _taken(
    write: ListWrite, held: frozenset[Grant], history: ProfileHistory
) -> tuple[ForeignEdit, ...]:
    """Edits that may have taken out what we sent, at whatever time: the list is then as it was."""
    if held & frozenset(write.grants):
        return ()
    return history.edits_since(write.sent_at, write.kind)


def given_up(change: ProfileChange, profiles: Profiles, writer: GrantWriter) -> ProfileChange:
    """The change without what is only planned. Where the profile is attached now, it was most
    likely us."""
    now = writer.clock.now()
    for write in change.lists:
        if write.state is ListState.PLANNED:
            change = change.with_list(replace(write, state=ListState.ABANDONED, ended_at=now))
    there = [name for name in change.to_attach if is_attached(change, name, profiles)]
    at = now if there else change.attached_at
    return replace(change, to_attach=(), attached=(*change.attached, *there), attached_at=at)


def is_attached(change: ProfileChange, qualifier: str, profiles: Profiles) -> bool:
    """Whether a qualifier has the profile now."""
    try:
        attached = profiles.attached(change.instance_id, f"{change.agent_arn}:{qualifier}")
    except NotFound:
        return False
    return change.profile_id in attached
