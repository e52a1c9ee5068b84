"""The beginnings that are explored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from tests.explore.account import Account
from tests.explore.actions import Action, Crash, Edit, Other, Redeliver
from tests.explore.explorer import Start
from tests.fakes import RETRIEVE

from toolgrant.domain.fixing.rules import Mode
from toolgrant.domain.model import LATEST

VIEW = "permission:Wisdom.View"
OLD = "permission:Tasks.View"
KEPT = "permission:Queues.View"
GATEWAY = "mcp:gw-1a2b/orders-api___GetOrder"
MORE = "permission:Users.View"
OTHER_LIST = "mcp:gw-1a2b/orders-api___ListOrders"
P, SECOND = "agent-profile", "second-profile"


def edits(
    *profiles: str, seen: tuple[str, ...] = ("at-once",), told: tuple[bool, ...]
) -> tuple[Edit, ...]:
    """What a person may do to each profile: in the same list, to the very grant, elsewhere."""
    kinds: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
        ((MORE,), ()),
        ((), (OLD,)),
        ((), (VIEW,)),
        ((VIEW,), ()),
        ((OTHER_LIST,), ()),
    )
    return tuple(
        Edit(profile, add, remove, how, at_once)
        for profile in profiles
        for add, remove in kinds
        for how in seen
        for at_once in told
    )


def one_repair(world: Account) -> Account:
    """A fix of one missing grant was planned and not delivered yet."""
    world.agent(RETRIEVE)
    world.profile(P, OLD, KEPT, GATEWAY)
    world.attach(P)
    world.look()
    return begin(world)


def approved(world: Account) -> Account:
    """The same, which an operator approved."""
    one_repair(world)
    world.operate("approve", world.finding_id())
    return begin(world)


def undo(world: Account) -> Account:
    """The fix was made, and an operator has asked for its undo."""
    one_repair(world)
    world.work_all()
    world.clock.advance(600)
    world.operate("undo", world.change_ids[0])
    return begin(world)


def two_profiles(world: Account) -> Account:
    """The draft and what is published have a profile each: two repairs, of two groups."""
    world.agent(RETRIEVE)
    world.publish()
    world.profile(P, OLD, KEPT)
    world.profile(SECOND, OLD, KEPT)
    world.attach(P)
    world.attach(SECOND, on=("1", LATEST))
    world.look()
    return begin(world)


def undo_of_one(world: Account) -> Account:
    """One of the two repairs was made and is to be undone while the other is still to come."""
    two_profiles(world)
    first = world.heads()[0]
    world.deliver_fix(first)
    world.clock.advance(600)
    world.operate("undo", world.change_ids[0])
    return begin(world)


def other_first(world: Account) -> Account:
    """The same queue, the other way round."""
    world.messages.reverse()
    return world


def begin(world: Account) -> Account:
    """Everything is on its way; what people find in the profiles is what they want there."""
    world.collect()
    world.calls.forget()
    ours = {grant for write in world.facts.writes for grant in write.added}
    for profile in world.cloud.profiles.values():
        world.facts.say(profile.id, profile.grants - ours, True)
    return world


def start(
    make: Callable[[Account], Account],
    actions: Iterable[Action],
    budget: str,
    stamps: str = "shared",
    **how: Any,
) -> Start:
    """One beginning. The budget is written `edit crash crash`: what may happen, each once."""
    world = Account(**how)
    world.stamps = stamps
    return Start(make(world), tuple(actions), Counter(budget.split()))


ALL_SEEN = ("at-once", "late", "late-lists")
DIES = (Crash(), Crash(1), Redeliver(), Other())
APPROVE: dict[str, Any] = {"mode": Mode.APPROVE}


def of_the_grant(told: tuple[bool, ...]) -> list[Edit]:
    """Edits of the very grant."""
    return [edit for edit in edits(P, told=told) if VIEW in (*edit.add, *edit.remove)]


def undo_first(world: Account) -> Account:
    return other_first(undo_of_one(world))


def other_profile_first(world: Account) -> Account:
    return other_first(two_profiles(world))


BOTH = (True, False)
IN_CI: dict[str, tuple[Callable[[], Start], int]] = {
    "a fix, an edit, a redelivery": (
        lambda: start(
            one_repair, [*edits(P, seen=ALL_SEEN, told=BOTH), Redeliver()], "edit redeliver"
        ),
        700,
    ),
    "a fix, an edit, a crash, no stamps": (
        lambda: start(one_repair, [*edits(P, told=BOTH), Crash()], "edit crash", "absent"),
        500,
    ),
    "a fix, its grant edited, a quick crash, a redelivery": (
        lambda: start(
            one_repair,
            [*of_the_grant((True,)), Crash(1), Redeliver()],
            "edit crash redeliver",
            "absent",
        ),
        200,
    ),
    "a slow service, a crash, a redelivery": (
        lambda: start(one_repair, DIES, "crash redeliver", pace=1, slow=True),
        20,
    ),
    "an approved fix, a crash, a redelivery": (
        lambda: start(approved, DIES, "crash redeliver", **APPROVE),
        20,
    ),
    "an undo, an edit": (
        lambda: start(undo, edits(P, seen=("at-once", "late-lists"), told=BOTH), "edit"),
        200,
    ),
    "an undo, its grant edited, a crash, no stamps": (
        lambda: start(undo, [*of_the_grant(BOTH), Crash()], "edit crash", "absent"),
        200,
    ),
    "an undo, a crash, a redelivery": (lambda: start(undo, DIES, "crash redeliver"), 30),
    "two profiles, a crash": (lambda: start(two_profiles, [Other(), Crash()], "other crash"), 200),
    "two profiles, the other way round": (lambda: start(other_profile_first, DIES, "other"), 10),
    "an undo beside a fix": (lambda: start(undo_of_one, DIES, "other"), 10),
    "a fix beside an undo": (lambda: start(undo_first, DIES, "other"), 10),
}
"""In the fast tests, with the number of runs that each has at least."""

EVERY = [*edits(P, seen=ALL_SEEN, told=BOTH), *DIES]
EVERY_OF_TWO = [*edits(P, SECOND, seen=("at-once", "late"), told=BOTH), *DIES]
TWICE = "edit edit crash crash redeliver"

AT_LENGTH: dict[str, Callable[[], Start]] = {
    f"{make.__name__} {stamps} pace {pace}": partial(
        start, make, actions, budget, stamps, pace=pace, **how
    )
    for make, actions, budget, how in (
        (one_repair, EVERY, TWICE, {}),
        (undo, EVERY, TWICE, {}),
        (approved, EVERY, TWICE, APPROVE),
        (two_profiles, EVERY_OF_TWO, f"{TWICE} other", {}),
        (other_profile_first, EVERY_OF_TWO, f"{TWICE} other", {}),
        (undo_of_one, EVERY_OF_TWO, f"{TWICE} other", {}),
        (undo_first, EVERY_OF_TWO, f"{TWICE} other", {}),
    )
    for stamps in ("shared", "absent", "per-list", "whole-seconds")
    for pace in (0, 1)
}
"""What `make explore` goes through."""
