"""SearchUsers and SearchSecurityProfiles: conditions and tag filters over a small set of fields.

Documented by the service model: the shapes, and the field names in its texts. Comparison without
regard to case is [inferred]. AWS answers both from an index that lags; see ``Faults.index_lag``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connect_emulator.account import Account, Handlers, Output, Params
from connect_emulator.errors import invalid
from connect_emulator.paging import page, with_token
from connect_emulator.profiles import profiles_of
from connect_emulator.resources import SecurityProfile, Tags, User
from connect_emulator.users import users_of

Values = Mapping[str, list[str]]

_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "EXACT": str.__eq__,
    "STARTS_WITH": str.startswith,
    "CONTAINS": str.__contains__,
}
_UNSERVED = ("HierarchyGroupCondition", "ListCondition", "UserAttributeFilter")
_SUMMARY_OF_USER = (
    "DirectoryUserId",
    "HierarchyGroupId",
    "PhoneConfig",
    "RoutingProfileId",
    "Username",
    "AutoAcceptConfigs",
    "AfterContactWorkConfigs",
    "PhoneNumberConfigs",
    "PersistentConnectionConfigs",
    "VoiceEnhancementConfigs",
)


def _matches(criteria: Params, values: Values) -> bool:
    """Whether the fields fit; the parts of one level must all hold."""
    _refuse_unserved(criteria)
    conditions = criteria.get("StringCondition")
    alternatives = criteria.get("OrConditions")
    return (
        (conditions is None or _holds(conditions, values))
        and all(_matches(part, values) for part in criteria.get("AndConditions", ()))
        and (not alternatives or any(_matches(part, values) for part in alternatives))
    )


def _refuse_unserved(given: Params) -> None:
    for name in _UNSERVED:
        if name in given:
            raise invalid(f"{name} is not served by the emulator")


def _holds(condition: Params, values: Values) -> bool:
    field = condition.get("FieldName", "").casefold()
    if field not in values:
        raise invalid(f"The FieldName '{condition.get('FieldName')}' is not supported")
    compare = _COMPARISONS[condition.get("ComparisonType", "EXACT")]
    wanted = condition.get("Value", "").casefold()
    return any(compare(value.casefold(), wanted) for value in values[field])


def _tagged(search_filter: Params, tags: Tags) -> bool:
    _refuse_unserved(search_filter)
    tag_filter = search_filter.get("TagFilter", {})
    single = tag_filter.get("TagCondition")
    alternatives = tag_filter.get("OrConditions")
    return (
        (single is None or _tag_holds(single, tags))
        and all(_tag_holds(part, tags) for part in tag_filter.get("AndConditions", ()))
        and (not alternatives or any(_all_tags(group, tags) for group in alternatives))
    )


def _all_tags(conditions: list[dict[str, str]], tags: Tags) -> bool:
    return all(_tag_holds(condition, tags) for condition in conditions)


def _tag_holds(condition: Mapping[str, str], tags: Tags) -> bool:
    """A condition without a value only asks for the key."""
    key = condition.get("TagKey", "")
    return key in tags and condition.get("TagValue", tags[key]) == tags[key]


def _search_users(account: Account, params: Params) -> Output:
    instance = account.instance(params["InstanceId"])
    criteria, search_filter = params.get("SearchCriteria", {}), params.get("SearchFilter", {})
    wanted = [
        user
        for user in users_of(account, instance)
        if _matches(criteria, _user_values(user)) and _tagged(search_filter, user.tags)
    ]
    items, token = page(account.settings, params, wanted)
    output = {"Users": [_user_summary(user) for user in items]}
    return with_token({**output, "ApproximateTotalCount": len(wanted)}, "NextToken", token)


def _user_values(user: User) -> Values:
    identity = user.fields.get("IdentityInfo", {})
    return {
        "username": [user.fields["Username"]],
        "firstname": [identity.get("FirstName", "")],
        "lastname": [identity.get("LastName", "")],
        "resourceid": [user.id],
        "routingprofileid": [user.fields["RoutingProfileId"]],
        "securityprofileid": user.profile_ids,
    }


def _user_summary(user: User) -> dict[str, Any]:
    identity = user.fields.get("IdentityInfo", {})
    names = {name: identity[name] for name in ("FirstName", "LastName") if name in identity}
    return {
        "Id": user.id,
        "Arn": user.arn,
        "IdentityInfo": names or None,
        "SecurityProfileIds": user.profile_ids,
        "Tags": user.tags or None,
        **{name: user.fields.get(name) for name in _SUMMARY_OF_USER},
    }


def _search_profiles(account: Account, params: Params) -> Output:
    instance = account.instance(params["InstanceId"])
    criteria, search_filter = params.get("SearchCriteria", {}), params.get("SearchFilter", {})
    wanted = [
        profile
        for profile in profiles_of(account, instance.id)
        if _matches(criteria, _profile_values(profile)) and _tagged(search_filter, profile.tags)
    ]
    items, token = page(account.settings, params, wanted)
    output = {"SecurityProfiles": [_profile_summary(profile) for profile in items]}
    return with_token({**output, "ApproximateTotalCount": len(wanted)}, "NextToken", token)


def _profile_values(profile: SecurityProfile) -> Values:
    return {"name": [profile.name], "description": [profile.fields.get("Description", "")]}


def _profile_summary(profile: SecurityProfile) -> dict[str, Any]:
    return {
        "Id": profile.id,
        "OrganizationResourceId": profile.instance_id,
        "Arn": profile.arn,
        "SecurityProfileName": profile.name,
        "Description": profile.fields.get("Description"),
        "Tags": profile.tags or None,
        "Type": profile.type,
    }


HANDLERS: Handlers = {
    "SearchUsers": _search_users,
    "SearchSecurityProfiles": _search_profiles,
}
