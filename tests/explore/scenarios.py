"""The beginnings that are explored."""

from __future__ import annotations

from collections import Counter

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


def edits(*profiles: str, seen: tuple[str, ...], told: tuple[bool, ...]) -> tuple[Edit, ...]:
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


def account(stamps: str, pace: float = 0, slow: bool = False, **rules: object) -> Account:
    world = Account(pace=pace, slow=slow, **rules)
    world.stamps = stamps
    return world


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


def start(name: str, world: Account, *actions: Action, **budget: int) -> Start:
    return Start(name, world, actions, Counter(budget))


ALL_SEEN = ("at-once", "late", "late-lists")


def in_ci() -> list[Start]:
    """One edit, one crash, one redelivery."""
    once: dict[str, int] = {"edit": 1, "crash": 1, "redeliver": 1}
    starts = []
    for stamps in ("shared", "absent"):
        seen = ALL_SEEN if stamps == "shared" else ("at-once", "late")
        for make in (one_repair, undo):
            acts = edits(P, seen=seen, told=(True, False))
            starts.append(
                start(
                    f"{make.__name__} stamps {stamps}",
                    make(account(stamps)),
                    *acts,
                    Crash(),
                    Crash(1),
                    Redeliver(),
                    **once,
                )
            )
    return starts


__all__ = ["Mode", "Other", "in_ci"]
