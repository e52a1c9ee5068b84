"""A security profile of an AI agent's own: found exactly as proposed, or created."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from toolgrant.domain.fixing.gates import Refusal
from toolgrant.domain.fixing.ledger import ProfileChange
from toolgrant.domain.fixing.proposal import Proposal, names_of
from toolgrant.domain.model import GrantKind
from toolgrant.domain.profile_lists import granted
from toolgrant.domain.texts import both
from toolgrant.errors import Conflict, EditedProfile, NotFound
from toolgrant.usecases.agent_reader import JudgedAgent
from toolgrant.usecases.deps import Deps
from toolgrant.usecases.plan_fixes import proposal_for
from toolgrant.usecases.writer.check import Checked
from toolgrant.usecases.writer.write import VERIFY_WAITS, GrantWriter


def with_profile(
    checked: Checked,
    agent: JudgedAgent,
    known: ProfileChange | None,
    writer: GrantWriter,
    deps: Deps,
) -> Checked:
    """The same with the id of the dedicated profile, which is created if need be. Nothing has it
    yet. A repair of an attached profile comes back as it is. Raises EditedProfile, Conflict."""
    repair = checked.repair
    if not repair.dedicated:
        return checked
    proposal = proposal_for(repair.items, agent, deps.fix_ports.rules)
    proposal = replace(proposal, name=repair.dedicated)
    if known and not _is(known.profile_id, proposal, writer, names_of(proposal)):
        raise EditedProfile(f"security profile {known.profile_id} was changed since it was made")
    profile_id = known.profile_id if known else _made(proposal, writer)
    return replace(checked, repair=replace(repair, profile_id=profile_id))


def not_made(name: str, error: Exception) -> Refusal:
    """Why there is no profile of the AI agent's own."""
    if isinstance(error, Conflict):
        return Refusal("names-taken", {"name": name})
    return Refusal("service", {"reason": both("service-reason", type(error).__name__)})


def _made(proposal: Proposal, writer: GrantWriter) -> str:
    """The profile that is exactly the proposed one, or a new one under a name that is free."""
    profiles, instance_id = writer.profiles, proposal.instance_id
    for name in names_of(proposal):
        found = profiles.named(instance_id, name)
        if found and _is(found, proposal, writer, [name]):
            return found
        if found is None:
            try:
                return _visible(profiles.create(replace(proposal, name=name)), proposal, writer)
            except Conflict:
                continue  # made by somebody else this moment, or not listed
    raise Conflict(f"security profile {proposal.name}: the names are taken")


def _visible(profile_id: str, proposal: Proposal, writer: GrantWriter) -> str:
    """Just after its creation a profile may not be found yet (domain facts, observed)."""
    for seconds in VERIFY_WAITS:
        try:
            if _is(profile_id, proposal, writer, names_of(proposal)):
                break
        except NotFound:
            pass
        writer.wait(seconds)
    return profile_id


def _is(profile_id: str, proposal: Proposal, writer: GrantWriter, names: Iterable[str]) -> bool:
    """Whether a profile is exactly the proposed one: one of the names, tags and all four lists."""
    profiles, instance_id = writer.profiles, proposal.instance_id
    described = profiles.describe(instance_id, profile_id)
    held = {
        grant
        for kind in GrantKind
        for grant in granted(kind, profiles.listed(instance_id, profile_id, kind).entries)
    }
    return (
        described.name in names
        and described.tags == dict(proposal.tags)
        and held == set(proposal.grants)
    )
