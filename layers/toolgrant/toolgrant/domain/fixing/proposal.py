"""A dedicated security profile for one AI agent, for when none that is attached may be written to.

Grants are a union over the attached profiles (domain facts, observed), so a profile that only this
AI agent has gives nobody else anything. The texts let a person make it with their own tools.
"""

from __future__ import annotations

import json
import re
import shlex
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from toolgrant.domain.fixing.rules import STACK_TAG, TAG_NAME, FixRules
from toolgrant.domain.json_fields import JsonObject
from toolgrant.domain.model import Grant, GrantKind
from toolgrant.domain.profile_lists import PROFILE_LISTS, Entry, with_grants
from toolgrant.domain.service_limits import most

AGENT_TAG = "toolgrant:ai-agent"
"""Tag on a dedicated profile that names the AI agent it is for."""

MOST_NAMES = 5
"""How many names of a dedicated profile are tried: the name, then ` 2` to ` 5` behind it."""

_NAME_LENGTH = most("connect", "SecurityProfileName") - len(" 5")


@dataclass(frozen=True)
class Proposal:
    """What a dedicated profile would be: name, exact grants, tags, and whom it is for.

    `agent_arn` is the bare ARN, `qualifiers` those that it is to be attached to.
    """

    name: str
    instance_id: str
    ai_agent_id: str
    agent_arn: str
    qualifiers: tuple[str, ...]
    grants: tuple[Grant, ...]
    tags: Mapping[str, str]

    @property
    def lists(self) -> dict[str, tuple[Entry, ...]]:
        """Name of the list in the API → its entries."""
        kinds = sorted({grant.kind for grant in self.grants})
        return {
            PROFILE_LISTS[kind]: with_grants(kind, (), [g for g in self.grants if g.kind is kind])
            for kind in kinds
        }


def propose(
    grants: tuple[Grant, ...],
    instance_id: str,
    agent_name: str,
    agent_arn: str,
    qualifiers: tuple[str, ...],
    rules: FixRules,
) -> Proposal:
    """The profile that would grant all of this. Its name is the same whatever the grants, because
    one dedicated profile is enough for an AI agent."""
    agent_id = agent_arn.rsplit("/", 1)[-1]
    return Proposal(
        name=_name(agent_name, f" {agent_id[:8]}"),
        instance_id=instance_id,
        ai_agent_id=agent_id,
        agent_arn=agent_arn,
        qualifiers=qualifiers,
        grants=grants,
        tags={TAG_NAME: rules.tag_value, STACK_TAG: rules.stack, AGENT_TAG: agent_id},
    )


def _name(agent_name: str, ending: str) -> str:
    """What the service takes of the AI agent's name (ASCII; accents and width are dropped), and an
    ending that tells AI agents of one name apart."""
    ascii_name = unicodedata.normalize("NFKD", agent_name).encode("ascii", "ignore").decode()
    readable = re.sub(r"[^ \w@-]+", "-", ascii_name, flags=re.ASCII).strip(" -") or "AI agent"
    return f"toolgrant {readable}"[: _NAME_LENGTH - len(ending)] + ending


def names_of(proposal: Proposal) -> Iterator[str]:
    """The names that its profile may have: its own, and others where somebody else has that."""
    yield proposal.name
    yield from (f"{proposal.name} {number}" for number in range(2, MOST_NAMES + 1))


def proposal_json(proposal: Proposal) -> JsonObject:
    """A proposal as JSON, for an alert's machine form."""
    return {
        "name": proposal.name,
        "grants": [str(grant) for grant in proposal.grants],
        "tags": dict(proposal.tags),
        "qualifiers": list(proposal.qualifiers),
        "cli": cli_lines(proposal),
        "cloudFormation": cloudformation(proposal),
        "terraform": terraform(proposal),
    }


def cli_lines(proposal: Proposal) -> list[str]:
    """AWS CLI commands: create the profile, then attach it to each qualifier."""
    lists = [
        part
        for name, entries in proposal.lists.items()
        for part in (_OPTIONS[name], shlex.quote(json.dumps(list(entries))))
    ]
    tags = shlex.quote(json.dumps(dict(proposal.tags)))
    create = [
        *("aws", "connect", "create-security-profile", "--instance-id", proposal.instance_id),
        *("--security-profile-name", shlex.quote(proposal.name), *lists, "--tags", tags),
        *("--query", "SecurityProfileId", "--output", "text"),
    ]
    attach = [
        "aws connect associate-security-profiles --instance-id "
        f"{proposal.instance_id} --security-profiles Id=$PROFILE --entity-type AI_AGENT "
        f"--entity-arn {shlex.quote(f'{proposal.agent_arn}:{qualifier}')}"
        for qualifier in proposal.qualifiers
    ]
    return [f"PROFILE=$({' '.join(create)})", *attach]


def cloudformation(proposal: Proposal) -> str:
    """A resource of a CloudFormation template (YAML). Only permissions: one author saw that the
    resource does not keep the applications (domain facts)."""
    lines = [
        "DedicatedSecurityProfile:",
        "  Type: AWS::Connect::SecurityProfile",
        "  Properties:",
        f"    SecurityProfileName: {json.dumps(proposal.name)}",
        f"    InstanceArn: !Sub arn:${{AWS::Partition}}:connect:${{AWS::Region}}:"
        f"${{AWS::AccountId}}:instance/{proposal.instance_id}",
        f"    Permissions: {json.dumps(_permissions(proposal))}",
        "    Tags:",
        *(
            f"      - {{ Key: {json.dumps(key)}, Value: {json.dumps(value)} }}"
            for key, value in proposal.tags.items()
        ),
    ]
    return "\n".join(lines)


def terraform(proposal: Proposal) -> str:
    """A resource of the Terraform AWS provider. Only permissions, which is what it manages."""
    tags = "\n".join(f"    {_hcl(key)} = {_hcl(value)}" for key, value in proposal.tags.items())
    return "\n".join(
        [
            'resource "aws_connect_security_profile" "dedicated" {',
            f"  instance_id = {_hcl(proposal.instance_id)}",
            f"  name        = {_hcl(proposal.name)}",
            f"  permissions = [{', '.join(map(_hcl, _permissions(proposal)))}]",
            "  tags = {",
            tags,
            "  }",
            "}",
        ]
    )


_OPTIONS = {
    "Permissions": "--permissions",
    "Applications": "--applications",
    "AllowedFlowModules": "--allowed-flow-modules",
    "AllowedAIAgents": "--allowed-ai-agents",
}
"""Options of `aws connect create-security-profile` for the four lists."""


def _permissions(proposal: Proposal) -> list[str]:
    return [grant.value for grant in proposal.grants if grant.kind is GrantKind.PERMISSION]


def _hcl(text: str) -> str:
    """A string literal of HCL: JSON's escapes, and `${`, `%{` taken as text."""
    return json.dumps(text).replace("${", "$${").replace("%{", "%%{")
