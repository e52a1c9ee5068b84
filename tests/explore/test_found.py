"""Orders that were once found to break something, each by its name."""

from __future__ import annotations

from collections.abc import Callable

from tests.explore.account import Account
from tests.explore.actions import Action, Crash, Decision, Edit, Redeliver
from tests.explore.explorer import Found, Run, Start, try_one
from tests.explore.scenarios import MORE, VIEW, P, one_repair, start, undo

from toolgrant.domain.fixing.ledger import settling
from toolgrant.usecases.writer.remediate import give_up

TAKEN = Edit(P, remove=(VIEW,), told=True)
PUT_BACK = Edit(P, add=(VIEW,), told=True)

Moment = tuple[str, int, Action]
"""Right after the nth call of a name, counted from what happened before, something happens."""


def beginning(make: Callable[[Account], Account] = one_repair, stamps: str = "absent") -> Start:
    return start(make, (), "", stamps)


def broken(begin: Start, *moments: Moment) -> list[str]:
    """What does not hold at the end of one run."""
    decisions: tuple[Decision, ...] = ()
    for name, nth, action in moments:
        run = Run(begin, decisions, Found())
        run.go()
        since = decisions[-1][0] if decisions else 0
        places = [at for at, call in enumerate(run.calls) if at >= since and call[0] == name]
        decisions = (*decisions, (places[nth - 1] + 1, action))
    found = Found()
    try_one(begin, decisions, found)
    assert found.runs == 1
    return [what for _, what in found.broken]


def test_an_edit_that_names_its_list_meets_a_write_that_was_sent() -> None:
    more = Edit(P, add=(MORE,), told=True)

    assert broken(beginning(), ("writer.replace", 1, Crash(1)), ("ledger.history", 1, more)) == []


def test_a_removal_before_the_write_was_verified_is_not_written_over_silently() -> None:
    assert broken(beginning(), ("writer.replace", 1, TAKEN)) == []


def test_a_removal_long_after_a_write_that_was_not_answered_is_not_written_over_silently() -> None:
    for nth in (1, 2):
        begin = beginning()
        assert broken(begin, ("writer.replace", 1, Crash()), ("ledger.history", nth, TAKEN)) == []


def test_a_removal_right_after_the_verification_is_a_loss_once_the_bound_is_over() -> None:
    died = ("ledger.claim", 1, Crash(1))

    assert broken(beginning(), died, ("ledger.save", 4, TAKEN)) == []


def test_an_undo_rests_on_no_answer_that_a_young_stamp_contradicts() -> None:
    more = Edit(P, add=(MORE,), seen="late-lists")

    assert broken(beginning(undo, "shared"), ("ledger.paused", 1, more)) == []


def test_a_redelivered_undo_does_not_remove_what_a_person_put_back() -> None:
    died = ("writer.replace", 1, Crash())

    assert broken(beginning(undo), died, ("ledger.history", 1, PUT_BACK)) == []


def test_an_undo_that_is_delivered_twice_is_told_once() -> None:
    begin = beginning(undo)
    run = Run(begin, (), Found())
    run.go()
    found = Found()

    try_one(begin, ((len(run.calls), Redeliver()),), found)

    assert found.runs == 1
    assert found.broken == []


def test_a_settling_request_that_gives_up_ends() -> None:
    """Its change stays in doubt as long as the service fails; then there is nobody to tell of."""
    world = one_repair(Account())
    world.deliver_fix(world.heads()[0])
    change = next(iter(world.ledger.all_changes()))

    assert give_up(settling(change, world.clock.now()), "503", world.deps()) == "fix-refused"
