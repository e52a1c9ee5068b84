"""operate: what an operator may ask for. Nothing here reads or writes Connect.

A small JSON object comes in, another goes out. What has to be written to a security profile is put
into the fix queue; remediate asks the whole policy again before it writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from toolgrant.domain.fixing.ledger import profile_of
from toolgrant.domain.model import Finding, FindingKind, FindingState, Grant
from toolgrant.domain.records import AgentKey, AgentRecord, EdgeKind
from toolgrant.domain.requests import FixRequest, Order, UndoRequest
from toolgrant.errors import InvalidInput
from toolgrant.usecases.audit import order_record
from toolgrant.usecases.ports import Clock, FixQueue, Journal, Ledger, Store

APPROVAL_LASTS = timedelta(days=7)
"""How long what was told may be approved; after that the AI agent has to be looked at again."""

LONGEST_ID = 200


@dataclass(frozen=True)
class OrderPorts:
    """What orders are worked off with."""

    store: Store
    ledger: Ledger
    queue: FixQueue
    journal: Journal
    clock: Clock


def operate(order: Order, ports: OrderPorts) -> list[str]:
    """Carry out one order. Returns one line per step. Raises InvalidInput for what cannot be done,
    and from the tree of errors."""
    if order.action not in ACTIONS:
        raise InvalidInput("$.action", f"expected one of {', '.join(ACTIONS)}")
    steps = ACTIONS[order.action](order, ports)
    if not order.dry_run:
        for _, do in steps:
            do()
    lines = [line for line, _ in steps]
    ports.journal.decision(order_record(order, lines))
    return lines


Step = tuple[str, Callable[[], None]]


def _approve(order: Order, ports: OrderPorts) -> list[Step]:
    """Every open finding that the target names and that is not too old."""
    record = _agent_of(order.target, ports)
    known = record.findings
    meant = [known[order.target]] if order.target in known else list(known.values())
    findings = [finding for finding in meant if _open(finding)]
    if not findings:
        raise InvalidInput("$.target", "names no open finding that can be fixed")
    return [_approval(finding, record, order, ports) for finding in findings]


def _approval(finding: Finding, record: AgentRecord, order: Order, ports: OrderPorts) -> Step:
    now = ports.clock.now()
    if finding.opened_at is None or now - finding.opened_at > APPROVAL_LASTS:
        raise InvalidInput("$.target", "told more than 7 days ago; grant it by hand")
    fix_id = f"{finding.id}@{finding.opened_at.isoformat()}/approved {now.isoformat()}"
    request = FixRequest(
        record.key,
        finding.id,
        _first_profile(finding, record, order),
        fix_id,
        approved_by=order.by or "operator",
        dedicated=order.dedicated,
    )
    what = f"add {', '.join(map(str, finding.missing))}" if finding.missing else "attach"
    where = " by a security profile of its own" if order.dedicated else ""
    line = f"approve {finding.id}: {what} for {finding.tool_name}{where}"
    return line, lambda: ports.queue.send(request)


def _first_profile(finding: Finding, record: AgentRecord, order: Order) -> str:
    """Where to begin; remediate moves on to the best one. None for a profile to be created."""
    if order.dedicated:
        return ""
    if finding.kind is FindingKind.ASSOCIATION_GAP:
        return finding.profile_id
    profiles = sorted(edge.target for edge in record.edges if edge.kind is EdgeKind.PROFILE)
    if not profiles:
        raise InvalidInput("$.target", "no security profile is attached; approve a dedicated one")
    return profiles[0]


def _undo(order: Order, ports: OrderPorts) -> list[Step]:
    change = ports.ledger.history(profile_of(order.target)).change(order.target)
    if change is None:
        raise InvalidInput("$.target", "no such change")
    unknown = [grant for grant in order.grants if grant not in change.grants]
    if unknown:
        raise InvalidInput("$.grants", f"not part of the change: {', '.join(map(str, unknown))}")
    asked_at = ports.clock.now().isoformat()
    request = UndoRequest(change.id, order.grants, order.by, asked_at)
    grants = ", ".join(map(str, order.grants or change.grants))
    line = f"undo {change.id}: take {grants} out of security profile {change.profile_id}"
    return [(line, lambda: ports.queue.send(request))]


def _mute(order: Order, ports: OrderPorts) -> list[Step]:
    target = _target(order)
    until = f" until {order.until.isoformat()}" if order.until else ""
    return [(f"mute {target}{until}", lambda: ports.ledger.mute(target, order.until))]


def _unmute(order: Order, ports: OrderPorts) -> list[Step]:
    target = _target(order)
    return [(f"unmute {target}", lambda: ports.ledger.unmute(target))]


def _reset(order: Order, ports: OrderPorts) -> list[Step]:
    """Close the breakers of a profile: of the grants named, or all."""
    profile_id = _target(order)
    broken = ports.ledger.history(profile_id).broken
    grants = [grant for grant in sorted(broken) if not order.grants or grant in order.grants]
    if not grants:
        raise InvalidInput("$.target", "no open breaker on this security profile")
    return [_closed(profile_id, grant, ports) for grant in grants]


def _closed(profile_id: str, grant: Grant, ports: OrderPorts) -> Step:
    line = f"close the breaker of {grant} on security profile {profile_id}"
    return line, lambda: ports.ledger.close_breaker(profile_id, grant)


def _pause(order: Order, ports: OrderPorts) -> list[Step]:
    now = ports.clock.now()
    return [("pause all writes", lambda: ports.ledger.pause(True, order.by, now))]


def _resume(order: Order, ports: OrderPorts) -> list[Step]:
    now = ports.clock.now()
    return [("let writes go on", lambda: ports.ledger.pause(False, order.by, now))]


ACTIONS: Mapping[str, Callable[[Order, OrderPorts], list[Step]]] = {
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


def _agent_of(target: str, ports: OrderPorts) -> AgentRecord:
    """The AI agent whose id a finding's or alert's id begins with. An account has few assistants,
    so each is tried."""
    agent_id, _, rest = target.rpartition("-")
    for assistant_id in ports.store.assistants():
        record = ports.store.load(AgentKey(assistant_id, agent_id))
        if record.version and (target in record.findings or rest.isdecimal()):
            return record
    raise InvalidInput("$.target", "names no finding or alert on record")


def _open(finding: Finding) -> bool:
    insufficient = finding.kind is FindingKind.INSUFFICIENT and bool(finding.missing)
    gap = finding.kind is FindingKind.ASSOCIATION_GAP
    return (insufficient or gap) and finding.state is FindingState.OPEN
