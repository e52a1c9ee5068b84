"""Security profiles as a write must see them, and the one call that changes them.

Nothing is kept between calls. Only the role of remediate may call what writes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from toolgrant.adapters.aws import Api
from toolgrant.adapters.connect_cached import LISTS, Connect
from toolgrant.domain.fixing.proposal import Proposal
from toolgrant.domain.model import GrantKind
from toolgrant.domain.profile_lists import PROFILE_LISTS, Entry
from toolgrant.errors import RequestRefused
from toolgrant.usecases.fix_ports import DescribedProfile, Listed


class ConnectProfiles:
    """`usecases.ports.ProfileWriter`. `api` reads, `writing_api` writes.

    The client of `writing_api` must not retry by itself: a second write of the same list would
    lengthen the time in which somebody else's edit can be lost.
    """

    def __init__(self, api: Api, writing_api: Api) -> None:
        self._api = api
        self._writing_api = writing_api

    def describe(self, instance_id: str, profile_id: str) -> DescribedProfile:
        """Name, type and tags of a profile. Raises NotFound for a deleted one."""
        answer = self._api.call(
            "describe_security_profile", InstanceId=instance_id, SecurityProfileId=profile_id
        )
        profile = answer.get("SecurityProfile") or {}
        return DescribedProfile(
            profile.get("SecurityProfileName") or profile_id,
            profile.get("Type") or "",
            dict(profile.get("Tags") or {}),
            _stamp_of(profile),
        )

    def people(self, instance_id: str, profile_id: str) -> int:
        """How many users hold a profile, as far as the search index knows."""
        condition = {
            "FieldName": "SecurityProfileId",
            "Value": profile_id,
            "ComparisonType": "EXACT",
        }
        answer = self._api.call(
            "search_users",
            InstanceId=instance_id,
            MaxResults=500,
            SearchCriteria={"StringCondition": condition},
        )
        # The index lags, and its count is approximate: the larger number is the safe one.
        return max(len(answer.get("Users") or ()), answer.get("ApproximateTotalCount") or 0)

    def listed(self, instance_id: str, profile_id: str, kind: GrantKind) -> Listed:
        """One of the four lists as the API has it, all pages, with the newest of their stamps."""
        answers = list(
            self._api.answers(
                LISTS[kind],
                PROFILE_LISTS[kind],
                InstanceId=instance_id,
                SecurityProfileId=profile_id,
                MaxResults=1000,
            )
        )
        entries = [entry for answer in answers for entry in answer.get(PROFILE_LISTS[kind]) or ()]
        stamps = [stamp for answer in answers if (stamp := _stamp_of(answer))]
        return Listed(tuple(entries), max(stamps, default=None))

    def replace(
        self, instance_id: str, profile_id: str, kind: GrantKind, entries: Sequence[Entry]
    ) -> None:
        """Replace one list: UpdateSecurityProfile with this list and nothing else."""
        lists: dict[str, object] = {PROFILE_LISTS[kind]: list(entries)}
        self._writing_api.call(
            "update_security_profile", InstanceId=instance_id, SecurityProfileId=profile_id, **lists
        )

    def attach(self, instance_id: str, profile_id: str, qualified_arn: str) -> None:
        """Attach one profile with AssociateSecurityProfiles. Repeating it is harmless (domain
        facts, observed)."""
        self._writing_api.call(
            "associate_security_profiles",
            InstanceId=instance_id,
            SecurityProfiles=[{"Id": profile_id}],
            EntityType="AI_AGENT",
            EntityArn=qualified_arn,
        )

    def detach(self, instance_id: str, profile_id: str, qualified_arn: str) -> None:
        """Detach one profile with DisassociateSecurityProfiles. The service refuses to repeat it
        (domain facts, observed); here that is harmless."""
        try:
            self._writing_api.call(
                "disassociate_security_profiles",
                InstanceId=instance_id,
                SecurityProfiles=[{"Id": profile_id}],
                EntityType="AI_AGENT",
                EntityArn=qualified_arn,
            )
        except RequestRefused:
            if profile_id in Connect(self._api).attached(instance_id, qualified_arn):
                raise

    def create(self, proposal: Proposal) -> str:
        """Create a profile with exactly the proposed lists and tags; its id."""
        lists: dict[str, object] = {name: list(held) for name, held in proposal.lists.items()}
        answer = self._writing_api.call(
            "create_security_profile",
            InstanceId=proposal.instance_id,
            SecurityProfileName=proposal.name,
            Tags=dict(proposal.tags),
            **lists,
        )
        return str(answer["SecurityProfileId"])

    def named(self, instance_id: str, name: str) -> str | None:
        """The id of the profile with this name; None if there is none."""
        # Listed, not searched for: the search index lags.
        summaries = self._api.pages(
            "list_security_profiles",
            "SecurityProfileSummaryList",
            InstanceId=instance_id,
            MaxResults=1000,
        )
        return next(
            (str(profile["Id"]) for profile in summaries if profile.get("Name") == name), None
        )


def _stamp_of(answer: Mapping[str, Any]) -> datetime | None:
    """The LastModifiedTime of a profile or list, where the service tells it (connect service model;
    whether each list has its own is not known)."""
    stamp = answer.get("LastModifiedTime")
    return stamp if isinstance(stamp, datetime) else None
