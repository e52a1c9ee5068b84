"""Amazon Connect: which security profiles an AI agent has and what they grant. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from toolgrant.adapters.aws import Answers, Api
from toolgrant.domain.model import Grant, GrantKind
from toolgrant.domain.profile_lists import PROFILE_LISTS, parse_grants

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
        self._answers = Answers()
        self._by_assistant: dict[str, str] | None = None

    def forget(self) -> None:
        """Drop the answers kept so far; which instance integrates an assistant hardly changes."""
        self._answers.forget()

    def attached(self, instance_id: str, qualified_arn: str) -> tuple[str, ...]:
        """Ids of the associated profiles, in the order of the service. Raises NotFound."""
        return self._answers.ask(
            lambda: self._attached(instance_id, qualified_arn), instance_id, qualified_arn
        )

    def _attached(self, instance_id: str, qualified_arn: str) -> tuple[str, ...]:
        entries = self._api.pages(
            "list_entity_security_profiles",
            "SecurityProfiles",
            InstanceId=instance_id,
            EntityType="AI_AGENT",
            EntityArn=qualified_arn,
            MaxResults=100,
        )
        return tuple(entry["Id"] for entry in entries if entry.get("Id"))

    def grants(self, instance_id: str, profile_id: str, kind: GrantKind) -> frozenset[Grant]:
        """One of the four lists. Raises NotFound for a deleted profile."""
        key = (instance_id, profile_id, kind)
        return self._answers.ask(lambda: self._grants(*key), *key)

    def _grants(self, instance_id: str, profile_id: str, kind: GrantKind) -> frozenset[Grant]:
        name = PROFILE_LISTS[kind]
        profile = {"InstanceId": instance_id, "SecurityProfileId": profile_id}
        entries = self._api.pages(LISTS[kind], name, **profile, MaxResults=1000)
        return parse_grants(kind, list(entries), f"$.{name}")

    def name(self, instance_id: str, profile_id: str) -> str:
        """A profile's name. Raises NotFound."""
        return self._answers.ask(
            lambda: self._name(instance_id, profile_id), "name", instance_id, profile_id
        )

    def _name(self, instance_id: str, profile_id: str) -> str:
        answer = self._api.call(
            "describe_security_profile", InstanceId=instance_id, SecurityProfileId=profile_id
        )
        return str((answer.get("SecurityProfile") or {}).get("SecurityProfileName") or profile_id)

    def instances_by_assistant(self) -> Mapping[str, str]:
        """Assistant id → id of the Connect instance that integrates it."""
        if self._by_assistant is None:
            self._by_assistant = {
                association["IntegrationArn"].rsplit("/", 1)[-1]: instance_id
                for instance_id in self._instances()
                for association in self._api.pages(
                    "list_integration_associations",
                    "IntegrationAssociationSummaryList",
                    InstanceId=instance_id,
                    IntegrationType="WISDOM_ASSISTANT",
                    MaxResults=100,
                )
            }
        return self._by_assistant

    def instances(self) -> frozenset[str]:
        """Ids of the instances that ListInstances names."""
        return self._answers.ask(lambda: frozenset(self._instances()), "instances")

    def _instances(self) -> Iterator[str]:
        listed = self._api.pages("list_instances", "InstanceSummaryList", MaxResults=10)
        return (instance["Id"] for instance in listed)
