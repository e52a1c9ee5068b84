"""A snapshot file: one AI agent with the security profiles attached to it, in the API's shapes."""

from __future__ import annotations

from dataclasses import dataclass

from toolgrant.domain.agent_shapes import parse_agent
from toolgrant.domain.catalog import Catalog
from toolgrant.domain.evaluate import AgentResult, evaluate
from toolgrant.domain.json_fields import Json, as_list, as_map, as_text, numbered
from toolgrant.domain.model import QualifiedAgent, SecurityProfile
from toolgrant.domain.profile_lists import PROFILE_LISTS, parse_grants
from toolgrant.errors import InvalidInput


@dataclass(frozen=True)
class Snapshot:
    """One AI agent with the security profiles attached to it (docs/cli.md has the file's shape)."""

    agent: QualifiedAgent
    profiles: tuple[SecurityProfile, ...]


def parse_snapshot(data: object) -> Snapshot:
    """A snapshot file's content. Raises InvalidInput naming the JSON path of what is wrong."""
    root = as_map(data, "$")
    if root.get("aiAgent") is None:
        raise InvalidInput("$.aiAgent", "missing")
    if "aiAgent" in as_map(root["aiAgent"], "$.aiAgent"):
        raise InvalidInput("$.aiAgent.aiAgent", "holds a whole GetAIAgent answer")
    agent = parse_agent(as_map(root["aiAgent"], "$.aiAgent"), None, "$.aiAgent")
    entries = as_list(root.get("securityProfiles"), "$.securityProfiles")
    profiles = (
        parse_profile(as_map(entry, path), path)
        for path, entry in numbered(entries, "$.securityProfiles")
    )
    return Snapshot(agent, tuple(profiles))


def parse_profile(data: Json, path: str) -> SecurityProfile:
    """`{"SecurityProfile": {…}, "Permissions": […], "Applications": […], …}` of a snapshot."""
    described = as_map(data.get("SecurityProfile"), f"{path}.SecurityProfile")
    profile_id = as_text(described.get("Id"), f"{path}.SecurityProfile.Id")
    name = as_text(
        described.get("SecurityProfileName"), f"{path}.SecurityProfile.SecurityProfileName"
    )
    grants = frozenset(
        grant
        for kind, key in PROFILE_LISTS.items()
        for grant in parse_grants(kind, data.get(key), f"{path}.{key}")
    )
    tagged = any(
        described.get(key) for key in ("AllowedAccessControlTags", "TagRestrictedResources")
    )
    return SecurityProfile(profile_id, name or profile_id, grants, access_tags=tagged)


def evaluate_snapshot(snapshot: Snapshot, catalog: Catalog) -> AgentResult:
    """The verdicts on a snapshot's AI agent, by the profiles in it."""
    return evaluate(snapshot.agent, snapshot.profiles, catalog)
