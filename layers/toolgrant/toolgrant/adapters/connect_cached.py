"""Amazon Connect: which security profiles an AI agent has and what they grant. Reads only."""

from __future__ import annotations

from collections.abc import Mapping

from toolgrant.adapters.aws import Api
from toolgrant.domain.model import Grant, GrantKind
from toolgrant.domain.profile_lists import PROFILE_LISTS, parse_grants
from toolgrant.errors import NotFound

LISTS = {
    GrantKind.PERMISSION: "list_security_profile_permissions",
    GrantKind.MCP: "list_security_profile_applications",
    GrantKind.FLOW_MODULE: "list_security_profile_flow_modules",
    GrantKind.AI_AGENT: "list_security_profile_ai_agents",
}


class Connect:
    """`usecases.ports.Profiles`. One object serves one batch: it keeps what it read."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._attached: dict[tuple[str, str], tuple[str, ...]] = {}
        self._grants: dict[tuple[str, str, GrantKind], frozenset[Grant] | NotFound] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._instances: dict[str, str] | None = None

    def forget(self) -> None:
        """Drop the answers kept so far, but for the map from assistants to instances."""
        self._attached.clear()
        self._grants.clear()
        self._names.clear()  # not _instances: they hardly change

    def attached(self, instance_id: str, qualified_arn: str) -> tuple[str, ...]:
        """Ids of the associated profiles, in the order of the service."""
        key = (instance_id, qualified_arn)
        if key not in self._attached:
            entries = self._api.pages(
                "list_entity_security_profiles",
                "SecurityProfiles",
                InstanceId=instance_id,
                EntityType="AI_AGENT",
                EntityArn=qualified_arn,
                MaxResults=100,
            )
            self._attached[key] = tuple(entry["Id"] for entry in entries if entry.get("Id"))
        return self._attached[key]

    def grants(self, instance_id: str, profile_id: str, kind: GrantKind) -> frozenset[Grant]:
        """The grants in one of the four lists. Raises NotFound for a deleted profile, each time
        that it is asked for."""
        key = (instance_id, profile_id, kind)
        if key not in self._grants:
            self._grants[key] = self._read(instance_id, profile_id, kind)
        known = self._grants[key]
        if isinstance(known, NotFound):
            raise known
        return known

    def _read(
        self, instance_id: str, profile_id: str, kind: GrantKind
    ) -> frozenset[Grant] | NotFound:
        name = PROFILE_LISTS[kind]
        try:
            entries = list(
                self._api.pages(
                    LISTS[kind],
                    name,
                    InstanceId=instance_id,
                    SecurityProfileId=profile_id,
                    MaxResults=1000,
                )
            )
        except NotFound as error:
            return error
        return parse_grants(kind, entries, f"$.{name}")

    def name(self, instance_id: str, profile_id: str) -> str:
        """A profile's name; its id if Connect tells none. Raises NotFound for a deleted profile."""
        key = (instance_id, profile_id)
        if key not in self._names:
            answer = self._api.call(
                "describe_security_profile", InstanceId=instance_id, SecurityProfileId=profile_id
            )
            profile = answer.get("SecurityProfile") or {}
            self._names[key] = profile.get("SecurityProfileName") or profile_id
        return self._names[key]

    def instances_by_assistant(self) -> Mapping[str, str]:
        """Assistant id → id of the Connect instance that integrates it."""
        if self._instances is None:
            self._instances = {
                association["IntegrationArn"].rsplit("/", 1)[-1]: instance["Id"]
                for instance in self._api.pages(
                    "list_instances", "InstanceSummaryList", MaxResults=10
                )
                for association in self._api.pages(
                    "list_integration_associations",
                    "IntegrationAssociationSummaryList",
                    InstanceId=instance["Id"],
                    IntegrationType="WISDOM_ASSISTANT",
                    MaxResults=100,
                )
            }
        return self._instances
