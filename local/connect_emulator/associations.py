"""Which security profiles an entity has: kept per qualified ARN of an AI agent, or per user.

``…/<agent>:$SAVED``, ``…:$LATEST``, ``…:3`` and the bare ARN are four records. Public reports
disagree on whether they share anything; here a listing for ``:$SAVED`` answers the bare record too
[inferred: this fits every report], the others only their own.
"""

from __future__ import annotations

from connect_emulator.account import Account, Handlers, Output, Params
from connect_emulator.agents import agent_by_arn, qualified
from connect_emulator.errors import ServiceError, invalid
from connect_emulator.meanings import SAVED
from connect_emulator.paging import page, with_token
from connect_emulator.profiles import profile_of
from connect_emulator.resources import Instance
from connect_emulator.users import user_of

USER = "USER"
_NOT_ASSOCIATED = "Can only disassociate security profiles associated to the entity"
_PROFILES_PER_USER = 10  # service model: SecurityProfileIds of a user


def _associate(account: Account, params: Params) -> Output:
    instance = account.instance(params["InstanceId"])
    wanted = _profile_ids(account, instance, params)
    associated = _associated(account, instance, params)
    # Reported in public: repeating an association is harmless.
    new = [profile_id for profile_id in wanted if profile_id not in associated]
    if params["EntityType"] == USER and len(associated) + len(new) > _PROFILES_PER_USER:
        raise invalid(f"A user can have {_PROFILES_PER_USER} security profiles")
    associated.extend(new)
    return {}


def _disassociate(account: Account, params: Params) -> Output:
    instance = account.instance(params["InstanceId"])
    unwanted = _profile_ids(account, instance, params)
    associated = _associated(account, instance, params)
    if not set(unwanted) <= set(associated):
        raise ServiceError("InvalidParameterException", _NOT_ASSOCIATED)
    for profile_id in set(unwanted):
        associated.remove(profile_id)
    return {}


def _list(account: Account, params: Params) -> Output:
    instance = account.instance(params["InstanceId"])
    profile_ids = _seen(account, instance, params)
    items, token = page(account.settings, params, list(dict.fromkeys(profile_ids)))
    return with_token({"SecurityProfiles": [{"Id": item} for item in items]}, "NextToken", token)


def _seen(account: Account, instance: Instance, params: Params) -> list[str]:
    """What a listing answers; for the draft, the bare record too."""
    if params["EntityType"] == USER:
        return user_of(account, instance, params["EntityArn"]).profile_ids
    agent, qualifier = agent_by_arn(account, params["EntityArn"])
    qualifiers = (SAVED, "") if qualifier == SAVED else (qualifier,)
    known = account.resources.associations
    return [
        profile_id
        for each in qualifiers
        for profile_id in known.get((instance.id, qualified(agent, each)), ())
    ]


def _profile_ids(account: Account, instance: Instance, params: Params) -> list[str]:
    given = [item.get("Id") for item in params["SecurityProfiles"]]
    if not all(given):
        raise invalid("Each security profile needs an Id")
    return [profile_of(account, instance, value).id for value in dict.fromkeys(given)]


def _associated(account: Account, instance: Instance, params: Params) -> list[str]:
    """The live list of profile ids of the entity, which must exist."""
    if params["EntityType"] == USER:
        return user_of(account, instance, params["EntityArn"]).profile_ids
    agent, qualifier = agent_by_arn(account, params["EntityArn"])
    key = (instance.id, qualified(agent, qualifier))
    return account.resources.associations.setdefault(key, [])


HANDLERS: Handlers = {
    "AssociateSecurityProfiles": _associate,
    "DisassociateSecurityProfiles": _disassociate,
    "ListEntitySecurityProfiles": _list,
}
