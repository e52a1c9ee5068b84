"""What really happened in an account, noted beside the code that is judged: what people want of
their profiles, and each write of ours with all that it rested on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from toolgrant.domain.model import Grant, GrantKind

Place = tuple[str, GrantKind]
"""One list of one profile."""


@dataclass
class PersonsEdit:
    """One edit of a person, as it took effect."""

    place: Place
    at: datetime
    added: frozenset[Grant]
    removed: frozenset[Grant]
    event: str
    left: frozenset[Grant] = frozenset()
    """The list as it was then."""

    late: bool = False
    """Whether its record did not come at once."""

    recorded: bool = False
    """Whether its CloudTrail record has reached us."""

    stamped: bool = False
    """Whether an answer of the service has shown its LastModifiedTime."""

    blind: bool = False
    """Whether a write of ours rested on an answer from before it, and no stamp had told of it."""

    unverified: bool = False
    """Whether it took out what we had sent and not yet seen to be there."""


@dataclass(frozen=True)
class OurWrite:
    """One UpdateSecurityProfile of ours: what it added and removed, compared with the answer it
    rested on, and what was true at that moment."""

    place: Place
    at: datetime
    rested_on: frozenset[Grant]
    sent: frozenset[Grant]
    announced: frozenset[Grant]
    on_record: bool
    broken: frozenset[str]
    """Of what it added, that which was taken back for good before its change claimed it."""

    undoing: bool

    @property
    def added(self) -> frozenset[Grant]:
        return self.sent - self.rested_on


@dataclass
class Facts:
    """Everything noted."""

    wanted: dict[tuple[str, Grant], bool] = field(default_factory=dict)
    """Profile and grant → whether it must be there, by the last word that a person said."""

    edits: list[PersonsEdit] = field(default_factory=list)
    writes: list[OurWrite] = field(default_factory=list)
    answers: dict[Place, frozenset[Grant]] = field(default_factory=dict)
    """The last answer that the writer was given of a list."""

    seen: dict[Place, int] = field(default_factory=dict)
    """How many edits of a list that answer showed."""

    claimed: dict[str, frozenset[tuple[str, str]]] = field(default_factory=dict)
    """Change id → breakers that were open when it last claimed what it gives."""

    undone: set[tuple[str, str]] = field(default_factory=set)
    """AI agent and grant of each undo that ended."""

    given_after_undo: list[str] = field(default_factory=list)

    def edits_of(self, place: Place) -> list[PersonsEdit]:
        return [edit for edit in self.edits if edit.place == place]

    def say(self, profile_id: str, grants: frozenset[Grant], there: bool) -> None:
        self.wanted |= {(profile_id, grant): there for grant in grants}
