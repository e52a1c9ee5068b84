"""operate: what an operator may ask for. It writes to the table and the fix queue only.

A small JSON object comes in, another goes out. What has to be written to a security profile is put
into the fix queue; remediate asks the whole policy again before it writes. A dry run of an approval
or of an undo reads Connect and asks the same policy now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from toolgrant.domain.fixing.history import Breaker
from toolgrant.domain.fixing.ledger import ProfileChange
from toolgrant.domain.ids import meant, short_id
from toolgrant.domain.requests import Order, UndoRequest
from toolgrant.domain.texts import both
from toolgrant.errors import InvalidInput
from toolgrant.usecases.approvals import Step, approve, nothing
from toolgrant.usecases.audit import order_record
from toolgrant.usecases.deps import Deps
from toolgrant.usecases.dry_run import preview_undo

LONGEST_ID = 200


def operate(order: Order, deps: Deps) -> list[str]:
    """Carry out one order. Returns one line per step. Raises InvalidInput for what cannot be done,
    and from the tree of errors. What was done before a failure is on the audit record."""
    if order.action not in ACTIONS:
        raise InvalidInput("$.action", f"expected one of {', '.join(ACTIONS)}")
    steps = ACTIONS[order.action](order, deps)
    done: list[str] = []
    try:
        for line, do in steps:
            if not order.dry_run:
                do()
            done.append(line)
    finally:
        deps.journal.decision(order_record(order, done))
    return done


def _undo(order: Order, deps: Deps) -> list[Step]:
    ledger = deps.fix_ports.ledger
    known = ledger.changes()
    change_id = meant(_as_change(_target(order), deps), known)
    if change_id is None:
        raise InvalidInput("$.target", "no such change")
    change = ledger.history(known[change_id]).change(change_id)
    if change is None:
        raise InvalidInput("$.target", "no such change")
    unknown = [grant for grant in order.grants if grant not in change.grants]
    if unknown:
        raise InvalidInput("$.grants", f"not part of the change: {', '.join(map(str, unknown))}")
    now = deps.clock.now()
    asked = short_id("undo", change.id, now.isoformat(), order.grants)
    request = UndoRequest(change.id, change.profile_id, asked, order.grants, order.by)
    line = f"undo {change.id}: {_undone(change, order)}"
    steps: list[Step] = [(line, lambda: deps.fix_ports.queue.send(request))]
    if order.dry_run:
        steps += [(said, nothing) for said in preview_undo(request, change, deps)]
    return steps


def _as_change(target: str, deps: Deps) -> str:
    """A repair's id, or a beginning of it, names its change."""
    if not target.startswith("fix-"):
        return target
    ledger = deps.fix_ports.ledger
    histories = map(ledger.history, sorted(set(ledger.changes().values())))
    repairs = [change.fix_id for history in histories for change in history.changes]
    return short_id("c", meant(target, repairs) or target)


def _undone(change: ProfileChange, order: Order) -> str:
    grants = ", ".join(map(str, order.grants or change.grants))
    parts = [f"take {grants} out of security profile {change.profile_id}"] if grants else []
    if change.attached and not order.grants:
        parts.append(f"detach {change.profile_id} from {', '.join(sorted(change.attached))}")
    return " and ".join(parts)


def _mute(order: Order, deps: Deps) -> list[Step]:
    target, ledger = _mutable(order), deps.fix_ports.ledger
    until = f" until {order.until.isoformat()}" if order.until else ""
    return [(f"mute {target}{until}", lambda: ledger.mute(target, order.until))]


def _unmute(order: Order, deps: Deps) -> list[Step]:
    target, ledger = _mutable(order), deps.fix_ports.ledger
    return [(f"unmute {target}", lambda: ledger.unmute(target))]


def _mutable(order: Order) -> str:
    """Findings, AI agents and profiles can be muted."""
    target = _target(order)
    if target.startswith(("al-", "fix-", "c-")):
        raise InvalidInput("$.target", "mute a finding (f-…), an AI agent or a security profile")
    return target


def _reset(order: Order, deps: Deps) -> list[Step]:
    """Close breakers: of an AI agent, a profile, a change, or of a grant everywhere."""
    target, ledger = _target(order), deps.fix_ports.ledger
    breakers = sorted(ledger.breakers(), key=lambda b: (b.what, b.subject))
    names = {n for b in breakers for n in (b.subject, b.what, b.change_id)}
    named = meant(_as_change(target, deps), names)
    wanted = set(map(str, order.grants))
    found = [
        breaker
        for breaker in breakers
        if named in (breaker.subject, breaker.what, breaker.change_id)
        and (not wanted or breaker.what in wanted)
    ]
    steps: list[Step] = [
        (f"close the breaker of {b.what} on {b.subject}", partial(ledger.close_breakers, (b,)))
        for b in _together(found, breakers)
    ]
    others = {edit.actor.stack for edit in ledger.history(target).edits} - {"", _stack(deps)}
    if others:
        line = f"forget that {', '.join(sorted(others))} wrote to security profile {target}"
        steps.append((line, lambda: ledger.forget_others(target)))
    if not steps:
        raise InvalidInput("$.target", "no open breaker on it")
    return steps


def _together(found: list[Breaker], known: list[Breaker]) -> list[Breaker]:
    """Of one loss there is a breaker on the profile and one on each AI agent. Closing one of them
    alone would let nothing through, so what belongs together goes together."""
    causes = {(breaker.change_id, breaker.what) for breaker in found}
    return [breaker for breaker in known if (breaker.change_id, breaker.what) in causes]


def _stack(deps: Deps) -> str:
    return deps.fix_ports.rules.stack


def _pause(order: Order, deps: Deps) -> list[Step]:
    now, ledger = deps.clock.now(), deps.fix_ports.ledger
    return [("pause all writes", lambda: ledger.pause(True, order.by, now))]


def _resume(order: Order, deps: Deps) -> list[Step]:
    now, ledger = deps.clock.now(), deps.fix_ports.ledger
    resume: Step = ("let writes go on", lambda: ledger.pause(False, order.by, now))
    return [resume, *((line, nothing) for line in _held_back(deps))]


def _held_back(deps: Deps) -> list[str]:
    """The other switch, which is not ours to turn."""
    pulled = deps.fix_ports.stop.pulled()
    if pulled is None:
        return [f"  but {both('refusal', 'pause-unreadable', stack=_stack(deps)).en}"]
    return ["  but the emergency stop is pulled: nothing is written"] if pulled else []


ACTIONS: Mapping[str, Callable[[Order, Deps], list[Step]]] = {
    "approve": approve,
    "undo": _undo,
    "mute": _mute,
    "unmute": _unmute,
    "reset": _reset,
    "pause": _pause,
    "resume": _resume,
}


def _target(order: Order) -> str:
    if not 0 < len(order.target) <= LONGEST_ID:
        raise InvalidInput("$.target", f"expected an id of 1 to {LONGEST_ID} characters")
    return order.target
