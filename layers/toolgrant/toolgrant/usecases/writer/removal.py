"""Taking grants out of one list, step by step on record: removing → removed → verified.

A redelivery goes on only where the list is as it was stored; once removed, nothing is removed
again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from toolgrant.domain.fixing.ledger import (
    ListWrite,
    ProfileChange,
    Removal,
    RemovalStep,
)
from toolgrant.domain.model import Grant, GrantKind
from toolgrant.domain.profile_lists import granted, without_grants
from toolgrant.errors import REFUSED_FOR_GOOD, EditedProfile, PutOff, ServiceUnavailable, Throttled
from toolgrant.usecases.writer.write import (
    READ_ATTEMPTS,
    VERIFY_WAITS,
    GrantWriter,
)


@dataclass(frozen=True)
class Remover:
    """Carries out one order on the lists of one change."""

    writer: GrantWriter
    order: str

    def remove(
        self, change: ProfileChange, write: ListWrite, grants: frozenset[Grant]
    ) -> ProfileChange:
        """The change once these grants are gone from the list. Where its removal is in doubt, it
        comes back so. Raises EditedProfile (the list is not as we left it, nothing was changed),
        PutOff, ServiceUnavailable, and what the service refuses with."""
        known = self._known(write)
        if known is None:
            return self._begin(change, write, grants)
        if known.step is RemovalStep.IN_DOUBT:
            return change
        listed = self.writer.profiles.listed(*_where(change, write))
        held = granted(write.kind, listed.entries)
        if known.step is RemovalStep.REMOVED or held == known.held - known.grants:
            return self._verify(change, write)
        same = (held, listed.stamp) == (known.held, known.stamp)
        if same and not self._edited_since(change, write, known):
            self._wait_for(known)
            return self._begin(change, write, grants)
        doubt = replace(known, step=RemovalStep.IN_DOUBT)
        return self._save(change.with_list(replace(write, removal=doubt)))

    def _edited_since(self, change: ProfileChange, write: ListWrite, known: Removal) -> bool:
        """Whether somebody may have put back what we removed: the list is then as it was."""
        history = self.writer.ledger.history(change.profile_id)
        return bool(history.edits_since(known.at, write.kind))

    def _wait_for(self, known: Removal) -> None:
        """What was sent and not answered may still land, over an edit that comes meanwhile."""
        left = known.at + self.writer.bound - self.writer.clock.now()
        if left > timedelta():
            raise PutOff("a removal that was not answered may still land", left.total_seconds())

    def _known(self, write: ListWrite) -> Removal | None:
        """What an earlier delivery of this very order began."""
        return write.removal if write.removal and write.removal.order == self.order else None

    def _begin(
        self, change: ProfileChange, write: ListWrite, grants: frozenset[Grant]
    ) -> ProfileChange:
        """Read, put on record, read last, send: as a write does it."""
        profiles, where = self.writer.profiles, _where(change, write)
        plain = replace(write, removal=None)
        for _ in range(READ_ATTEMPTS):
            at, first = self.writer.clock.now(), profiles.listed(*where)
            held = granted(write.kind, first.entries)
            if not grants <= held:
                self._save(change.with_list(plain))
                raise EditedProfile(f"change {change.id}: the profile is not as toolgrant left it")
            step = RemovalStep.REMOVING
            begun = replace(write, removal=Removal(self.order, grants, step, held, at, first.stamp))
            change = self._save(change.with_list(begun))
            if profiles.listed(*where) == first:
                entries = without_grants(write.kind, first.entries, grants)
                try:
                    profiles.replace(*where, entries)
                except (Throttled, *REFUSED_FOR_GOOD):  # nothing was done
                    self._save(change.with_list(plain))
                    raise
                return self._verify(change, begun)
            change = self._save(change.with_list(plain))
        raise PutOff(f"security profile {change.profile_id}: others keep writing", 5)

    def _verify(self, change: ProfileChange, write: ListWrite) -> ProfileChange:
        """From now on nothing is removed again, whatever is found."""
        if write.removal is None:
            return change
        removal = replace(write.removal, step=RemovalStep.REMOVED)
        change = self._save(change.with_list(replace(write, removal=removal)))
        for seconds in (0.0, *VERIFY_WAITS):
            if seconds:
                self.writer.wait(seconds)
            listed = self.writer.profiles.listed(*_where(change, write))
            if granted(write.kind, listed.entries).isdisjoint(removal.grants):
                break
        else:
            raise ServiceUnavailable(f"change {change.id}: still to be seen in the profile")
        now = self.writer.clock.now()
        verified = replace(removal, step=RemovalStep.VERIFIED, ended_at=now)
        gone = write.gone | removal.grants
        return self._save(change.with_list(replace(write, removal=verified, gone=gone)))

    def _save(self, change: ProfileChange) -> ProfileChange:
        return self.writer.ledger.save(change)


def _where(change: ProfileChange, write: ListWrite) -> tuple[str, str, GrantKind]:
    return change.instance_id, change.profile_id, write.kind
