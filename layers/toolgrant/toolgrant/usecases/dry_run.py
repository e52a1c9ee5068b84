"""What an approval or an undo would do now: the real policy asked, nothing written."""

from __future__ import annotations

from collections.abc import Iterator

from toolgrant.domain.causes import Cause
from toolgrant.domain.fixing.ledger import ProfileChange
from toolgrant.domain.fixing.policy import describe_refusal
from toolgrant.domain.fixing.repair import Approval
from toolgrant.domain.fixing.rules import ProfileFacts
from toolgrant.domain.model import GrantKind
from toolgrant.domain.profile_lists import PROFILE_LISTS, Entry, with_grants
from toolgrant.domain.records import Edge, EdgeKind
from toolgrant.domain.requests import AgentRequest, UndoRequest
from toolgrant.domain.texts import clip
from toolgrant.errors import NotFound
from toolgrant.usecases.agent_reader import OutOfScope, agent_reader
from toolgrant.usecases.deps import Deps
from toolgrant.usecases.fix_facts import seconds_to_wait
from toolgrant.usecases.writer.check import Checked, check
from toolgrant.usecases.writer.undo import obstacle


def preview(approval: Approval, deps: Deps) -> list[str]:
    """The repair as it would be made now: profile, lists before and after, who else gains, and
    every condition that stands in the way."""
    repair = approval.repair
    agent = agent_reader(deps).look(AgentRequest(repair.agent, Cause("order")))
    if isinstance(agent, OutOfScope):
        return [f"  in the way: {agent.reason}"]
    return list(_lines(check(repair, agent, approval, deps), deps))


def _lines(checked: Checked, deps: Deps) -> Iterator[str]:
    profile, repair = checked.profile, checked.repair
    yield f"  profile: {clip(profile.name)} ({profile.id or 'to be created'})"
    for kind in sorted({grant.kind for grant in repair.grants}):
        before = (profile.lists or {}).get(kind, ())
        after = with_grants(kind, before, [g for g in repair.grants if g.kind is kind])
        yield f"  {PROFILE_LISTS[kind]} before ({len(before)}): {_shown(kind, before)}"
        yield f"  {PROFILE_LISTS[kind]} after ({len(after)}): {_shown(kind, after)}"
    if checked.attaches:
        yield f"  attached to: {', '.join(checked.attaches)}"
    yield f"  who else gains: {_who(profile)}"
    yield from (f"  in the way: {describe_refusal(refuse)}" for refuse in checked.refused)
    bound = deps.fix_ports.rules.bound
    seconds = seconds_to_wait(profile, deps.clock.now(), bound)
    if seconds:
        yield f"  waits {seconds:.0f} s: somebody else has just changed the profile"
    if not repair.items and not checked.refused:
        yield "  in the way: nothing of it is missing any more"
    if repair.items:
        yield f"  would add: {', '.join(map(str, repair.grants)) or 'nothing'}"


def _shown(kind: GrantKind, entries: tuple[Entry, ...]) -> str:
    if kind is GrantKind.PERMISSION:
        return ", ".join(map(clip, map(str, entries))) or "-"
    if kind is GrantKind.MCP:
        return (
            ", ".join(
                f"{clip(str(e.get('Namespace')))}: {', '.join(e.get('ApplicationPermissions', ()))}"
                for e in entries
            )
            or "-"
        )
    return ", ".join(clip(str(e.get("FlowModuleId") or e.get("Arn"))) for e in entries) or "-"


def _who(profile: ProfileFacts) -> str:
    people = "unknown" if profile.people is None else str(profile.people)
    others = sorted(key.ai_agent_id for key in profile.others or ())
    named = f": {', '.join(others)}" if others else ""
    return f"people: {people}, other AI agents: {len(others)}{named}"


def preview_undo(request: UndoRequest, change: ProfileChange, deps: Deps) -> list[str]:
    """Who has the profile and would lose what a change gave, and what stands in the way."""
    reader, store = deps.fix_ports.reader, deps.store
    agents = sorted(
        key.ai_agent_id for key in store.agents_with(Edge(EdgeKind.PROFILE, change.profile_id))
    )
    try:
        people = str(reader.people(change.instance_id, change.profile_id))
    except NotFound:
        people = "none: the profile is gone"
    against = obstacle(request, change, deps)
    return [
        f"  who loses: people: {people}; AI agents: {', '.join(agents) or 'none'}",
        *([f"  in the way: {against.en}"] if against else []),
    ]
