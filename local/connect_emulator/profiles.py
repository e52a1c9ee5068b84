"""Security profiles: create, describe, list, delete, and the partial update.

Documented by the service model: the members, their limits and errors. Reported by several users,
not stated by AWS: UpdateSecurityProfile keeps what a request omits and replaces each list that it
sends. There is no condition on the update, so the last writer wins.
"""

from __future__ import annotations

from connect_emulator.account import Account, Handler, Handlers, Output, Params, find
from connect_emulator.errors import ServiceError
from connect_emulator.grants import check_grants, stored
from connect_emulator.paging import page, with_token
from connect_emulator.resources import (
    AWS_MANAGED,
    CUSTOMER_MANAGED,
    Fields,
    Instance,
    SecurityProfile,
)

# Everything that UpdateSecurityProfile can set; CreateSecurityProfile takes the same and a name.
UPDATABLE = (
    "Description",
    "Permissions",
    "AllowedAccessControlTags",
    "TagRestrictedResources",
    "Applications",
    "HierarchyRestrictedResources",
    "AllowedAccessControlHierarchyGroupId",
    "AllowedFlowModules",
    "AllowedAIAgents",
    "GranularAccessControlConfiguration",
)
# The grants that DescribeSecurityProfile leaves out; each has a list operation of its own.
_LISTED = ("Permissions", "Applications", "AllowedFlowModules", "AllowedAIAgents")


def profiles_of(account: Account, instance_id: str) -> list[SecurityProfile]:
    """The security profiles of one instance, oldest first."""
    every = account.resources.profiles.values()
    return [profile for profile in every if profile.instance_id == instance_id]


def profile_of(account: Account, instance: Instance, value: str) -> SecurityProfile:
    """The profile named by an id or ARN, or ``ResourceNotFoundException``."""
    return find(profiles_of(account, instance.id), value, "Security profile")


def _named(account: Account, params: Params) -> SecurityProfile:
    instance = account.instance(params["InstanceId"])
    return profile_of(account, instance, params["SecurityProfileId"])


def add_profile(
    account: Account, instance: Instance, name: str, fields: Fields, kind: str = CUSTOMER_MANAGED
) -> SecurityProfile:
    """Put a profile into the account; only this way can it be AWS-managed."""
    profile_id = account.new_id()
    arn = f"{instance.arn}/security-profile/{profile_id}"
    profile = SecurityProfile(profile_id, arn, instance.id, name, kind, fields, account.now)
    profile.list_modified = dict.fromkeys(_LISTED, account.now)
    account.resources.profiles[profile_id] = profile
    return profile


def _create(account: Account, params: Params) -> Output:
    instance = account.instance(params["InstanceId"])
    existing = profiles_of(account, instance.id)
    name = params["SecurityProfileName"]
    if any(profile.name == name for profile in existing):
        raise ServiceError("DuplicateResourceException", f"The name '{name}' is already in use")
    account.check_quota("security-profiles", len(existing), "LimitExceededException")
    check_grants(account, instance, params)
    profile = add_profile(account, instance, name, _sent(account, params))
    profile.tags = dict(params.get("Tags", {}))
    return {"SecurityProfileId": profile.id, "SecurityProfileArn": profile.arn}


def _update(account: Account, params: Params) -> Output:
    profile = _named(account, params)
    if profile.type == AWS_MANAGED:
        # [inferred] Whether AWS-managed profiles accept updates is not known.
        message = "AWS managed security profiles cannot be updated"
        raise ServiceError("InvalidRequestException", message)
    check_grants(account, account.instance(params["InstanceId"]), params)
    sent = _sent(account, params)
    profile.fields |= sent
    profile.modified = account.now
    profile.list_modified |= dict.fromkeys(sent, account.now)
    return {}


def _sent(account: Account, params: Params) -> Fields:
    return {name: stored(account, name, params[name]) for name in UPDATABLE if name in params}


def _delete(account: Account, params: Params) -> Output:
    profile = _named(account, params)
    if profile.type == AWS_MANAGED:
        message = "AWS managed security profiles cannot be deleted"  # [inferred]
        raise ServiceError("InvalidRequestException", message)
    if _in_use(account, profile.id):
        details = {"ResourceType": "SECURITY_PROFILE", "ResourceId": profile.id}
        message = "The security profile is in use"
        raise ServiceError("ResourceInUseException", message, details=details)
    del account.resources.profiles[profile.id]
    return {}


def _in_use(account: Account, profile_id: str) -> bool:
    users = account.resources.users.values()
    by_user = any(profile_id in user.profile_ids for user in users)
    return by_user or any(profile_id in ids for ids in account.resources.associations.values())


def _describe(account: Account, params: Params) -> Output:
    profile = _named(account, params)
    fields = {name: value for name, value in profile.fields.items() if name not in _LISTED}
    described = {
        "Id": profile.id,
        "OrganizationResourceId": profile.instance_id,
        "Arn": profile.arn,
        "SecurityProfileName": profile.name,
        **fields,
        "Tags": profile.tags or None,
        "Type": profile.type,
        **_stamp(account, profile),
    }
    return {"SecurityProfile": described}


def _stamp(account: Account, profile: SecurityProfile, member: str | None = None) -> Output:
    """When and where the profile, or one list of it, was last changed.

    [inferred] AWS does not say whether the lists share one time, nor how finely it is kept.
    """
    settings = account.settings
    if settings.profile_stamps == "absent":
        return {}
    of_list = member if settings.profile_stamps == "per-list" else None
    time = profile.list_modified[of_list] if of_list else profile.modified
    if settings.whole_second_stamps:
        time = time.replace(microsecond=0)
    return {"LastModifiedTime": time, "LastModifiedRegion": account.region}


def _list(account: Account, params: Params) -> Output:
    instance = account.instance(params["InstanceId"])
    items, token = page(account.settings, params, profiles_of(account, instance.id))
    summaries = [
        {
            "Id": item.id,
            "Arn": item.arn,
            "Name": item.name,
            "Type": item.type,
            **_stamp(account, item),
        }
        for item in items
    ]
    return with_token({"SecurityProfileSummaryList": summaries}, "NextToken", token)


def _list_grants(member: str) -> Handler:
    """The list operation of one kind of grant."""

    def handler(account: Account, params: Params) -> Output:
        profile = _named(account, params)
        items, token = page(account.settings, params, profile.fields.get(member, []))
        output = {member: items, **_stamp(account, profile, member)}
        return with_token(output, "NextToken", token)

    return handler


HANDLERS: Handlers = {
    "CreateSecurityProfile": _create,
    "UpdateSecurityProfile": _update,
    "DeleteSecurityProfile": _delete,
    "DescribeSecurityProfile": _describe,
    "ListSecurityProfiles": _list,
    "ListSecurityProfilePermissions": _list_grants("Permissions"),
    "ListSecurityProfileApplications": _list_grants("Applications"),
    "ListSecurityProfileFlowModules": _list_grants("AllowedFlowModules"),
    "ListSecurityProfileAIAgents": _list_grants("AllowedAIAgents"),
}
