"""operate: what an operator may ask for. It writes to the table and the fix queue only.

A small JSON object comes in, another goes out. What has to be written to a security profile is put
into the fix queue; remediate asks the whole policy again before it writes. A dry run of an approval
or of an undo reads Connect and asks the same policy now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from toolgrant.domain.fixing.history import Breaker
from toolgrant.domain.fixing.ledger import ProfileChange
from toolgrant.domain.fixing.repair import Approval, Repair, RepairItem
from toolgrant.domain.fixing.rules import APPROVAL_LASTS
from toolgrant.domain.ids import meant, short_id
from toolgrant.domain.model import Finding, FindingState
from toolgrant.domain.requests import Order, UndoRequest
from toolgrant.errors import InvalidInput
from toolgrant.usecases.audit import order_record
from toolgrant.usecases.deps import Deps
from toolgrant.usecases.dry_run import losers, preview

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


Step = tuple[str, Callable[[], None]]


def _nothing() -> None:
    """A line of a dry run does nothing."""


def _approve(order: Order, deps: Deps) -> list[Step]:
    """Exactly what was shown, of everything that the target names."""
    now, by = deps.clock.now(), order.by or "operator"
    offers = [_current(offer, deps) for offer in _offered(order, now, deps)]
    asked = [offer for offer in offers if offer.items]
    if not asked:
        raise InvalidInput("$.target", "nothing of it is missing any more")
    approvals = [Approval(offer.asked(now), by, now) for offer in asked]
    steps: list[Step] = []
    for approval in approvals:
        steps.append((_approval_line(approval.repair), partial(_ask, approval, deps)))
        if order.dry_run:
            steps += [(line, _nothing) for line in preview(approval, deps)]
    return steps


def _approval_line(repair: Repair) -> str:
    tools = ", ".join(dict.fromkeys(item.tool_name for item in repair.items))
    what = f"add {', '.join(map(str, repair.grants))}" if repair.grants else "attach"
    where = f"security profile {repair.profile_name}"
    if repair.dedicated:
        where = f"a security profile of its own, {repair.dedicated}"
    return f"approve {repair.id}: {what} for {tools} by {where}"


def _ask(approval: Approval, deps: Deps) -> None:
    """The approval is there before anybody can work on what it allows."""
    deps.fix_ports.ledger.approve(approval)
    deps.fix_ports.queue.send(approval.repair)


def _offered(order: Order, now: datetime, deps: Deps) -> list[Repair]:
    """The newest offer of what the target names: an alert, a finding, or the offer itself. Raises
    InvalidInput."""
    shown = sorted(deps.store.shown(), key=lambda shown: shown.at, reverse=True)
    fresh = [show for show in shown if now - show.at <= APPROVAL_LASTS]
    names = {show.alert_id for show in fresh}
    names |= {offer.id for show in fresh for offer in show.offers}
    names |= {i.finding_id for show in fresh for offer in show.offers for i in offer.items}
    target = meant(_target(order), names)
    if target is None:
        old = meant(order.target, [show.alert_id for show in shown])
        why = "told more than 7 days ago; grant it by hand" if old else _unknown(order.target)
        raise InvalidInput("$.target", why)
    for show in fresh:
        named = target if show.alert_id != target else ""
        parts = [_part(offer, named) for offer in show.offers]
        found = [part for part in parts if part.items and bool(part.dedicated) is order.dedicated]
        if found and (named or show.alert_id == target):
            return found
    raise InvalidInput("$.target", "was not offered so; see the alert")


def _part(offer: Repair, named: str) -> Repair:
    """Of an offer, what is about a finding; all of it where the offer or its alert is named."""
    if named in ("", offer.id):
        return offer
    return offer.of(item for item in offer.items if item.finding_id == named)


def _unknown(target: str) -> str:
    kinds = {"c-": "is a change; undo or reset it", "fix-": "is not an offer that is still open"}
    known = next((why for start, why in kinds.items() if target.startswith(start)), None)
    return known or "names no finding or alert that was offered within 7 days"


def _current(offer: Repair, deps: Deps) -> Repair:
    """The offer without what is over. Raises InvalidInput if a finding is another one by now."""
    known = deps.store.load(offer.agent).findings
    kept = []
    for item in offer.items:
        finding = known.get(item.finding_id)
        if finding is None or finding.state is FindingState.RESOLVED:
            continue
        moved = _moved(item, finding)
        if moved:
            raise InvalidInput("$.target", f"{item.finding_id} has changed since: {moved}")
        kept.append(item)
    return offer.of(kept)


def _moved(item: RepairItem, finding: Finding) -> str:
    if finding.opened_at != item.opened_at:
        return "it was resolved and opened again"
    if finding.tool_id != item.tool_id:
        return f"the tool id is now {finding.tool_id}"
    more = [grant for grant in item.grants if grant not in finding.missing]
    return f"{', '.join(map(str, more))} is not missing any more" if more else ""


def _undo(order: Order, deps: Deps) -> list[Step]:
    ledger = deps.fix_ports.ledger
    known = ledger.changes()
    change_id = meant(_as_change(_target(order)), known)
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
        steps += [(said, _nothing) for said in losers(change, deps)]
    return steps


def _as_change(target: str) -> str:
    """A repair's id names its change."""
    return short_id("c", target) if target.startswith("fix-") else target


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
    named = meant(_as_change(target), names)
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
    return [("let writes go on", lambda: ledger.pause(False, order.by, now))]


ACTIONS: Mapping[str, Callable[[Order, Deps], list[Step]]] = {
    "approve": _approve,
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
