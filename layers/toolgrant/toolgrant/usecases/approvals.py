"""The order to approve: exactly what an alert showed, if it is still so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from toolgrant.domain.fixing.repair import Approval, Repair, RepairItem
from toolgrant.domain.fixing.rules import APPROVAL_LASTS
from toolgrant.domain.ids import meant
from toolgrant.domain.model import Finding, FindingState
from toolgrant.domain.requests import Order
from toolgrant.errors import InvalidInput
from toolgrant.usecases.deps import Deps
from toolgrant.usecases.dry_run import preview

Step = tuple[str, Callable[[], None]]
"""What is said of a step, and the step itself."""


def nothing() -> None:
    """The step of a line that only informs."""


def approve(order: Order, deps: Deps) -> list[Step]:
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
            steps += [(line, nothing) for line in preview(approval, deps)]
    return steps


def _approval_line(repair: Repair) -> str:
    tools = ", ".join(dict.fromkeys(item.tool_name for item in repair.items))
    what = f"add {', '.join(map(str, repair.grants))}" if repair.grants else "attach"
    where = f"security profile {repair.profile_name}"
    if repair.dedicated:
        where = f"a security profile of its own, {repair.dedicated}"
    return f"approve {repair.id}: {what} {'to ' if repair.grants else ''}{where} for {tools}"


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
    target = meant(order.target, names)
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
