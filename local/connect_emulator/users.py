"""People with access to an instance, as far as they hold security profiles."""

from __future__ import annotations

from typing import Any

from connect_emulator.account import Account, Handlers, Output, Params, find
from connect_emulator.errors import ServiceError
from connect_emulator.paging import page, with_token
from connect_emulator.profiles import profile_of
from connect_emulator.resources import Instance, User

# CreateUser's members that DescribeUser does not give back as they are.
_NOT_KEPT = {"InstanceId", "Password", "Tags"}


def users_of(account: Account, instance: Instance) -> list[User]:
    """The users of one instance, oldest first."""
    every = account.resources.users.values()
    return [user for user in every if user.instance_id == instance.id]


def user_of(account: Account, instance: Instance, value: str) -> User:
    """The user named by an id or ARN, or ``ResourceNotFoundException``."""
    return find(users_of(account, instance), value, "User")


def _named(account: Account, params: Params) -> User:
    return user_of(account, account.instance(params["InstanceId"]), params["UserId"])


def _create(account: Account, params: Params) -> Output:
    instance = account.instance(params["InstanceId"])
    name = params["Username"]
    if any(user.fields["Username"] == name for user in users_of(account, instance)):
        raise ServiceError("DuplicateResourceException", f"The name '{name}' is already in use")
    fields = {key: value for key, value in params.items() if key not in _NOT_KEPT}
    fields["SecurityProfileIds"] = _profile_ids(account, instance, params)
    user_id = account.new_id()
    arn = f"{instance.arn}/agent/{user_id}"
    tags = dict(params.get("Tags", {}))
    account.resources.users[user_id] = User(user_id, arn, instance.id, fields, account.now, tags)
    return {"UserId": user_id, "UserArn": arn}


def _profile_ids(account: Account, instance: Instance, params: Params) -> list[str]:
    given = dict.fromkeys(params["SecurityProfileIds"])
    return [profile_of(account, instance, value).id for value in given]


def _describe(account: Account, params: Params) -> Output:
    user = _named(account, params)
    described = {
        "Id": user.id,
        "Arn": user.arn,
        **user.fields,
        "SecurityProfileIds": user.profile_ids or None,
        "Tags": user.tags or None,
        **_modified(account, user),
    }
    return {"User": described}


def _modified(account: Account, user: User) -> dict[str, Any]:
    return {"LastModifiedTime": user.modified, "LastModifiedRegion": account.region}


def _update_profiles(account: Account, params: Params) -> Output:
    user = _named(account, params)
    instance = account.instance(params["InstanceId"])
    user.fields["SecurityProfileIds"] = _profile_ids(account, instance, params)
    user.modified = account.now
    return {}


def _delete(account: Account, params: Params) -> Output:
    del account.resources.users[_named(account, params).id]
    return {}


def _list(account: Account, params: Params) -> Output:
    instance = account.instance(params["InstanceId"])
    items, token = page(account.settings, params, users_of(account, instance))
    summaries = [
        {
            "Id": user.id,
            "Arn": user.arn,
            "Username": user.fields["Username"],
            **_modified(account, user),
        }
        for user in items
    ]
    return with_token({"UserSummaryList": summaries}, "NextToken", token)


HANDLERS: Handlers = {
    "CreateUser": _create,
    "DescribeUser": _describe,
    "UpdateUserSecurityProfiles": _update_profiles,
    "DeleteUser": _delete,
    "ListUsers": _list,
}
