"""AppIntegrations applications, and which gateways of MCP servers are registered.

The namespace of an application of type MCP_SERVER is the id of its gateway. AWS knows a gateway
once its application is there and associated with the instance; here it is enough that anything
names it, as programs register gateways in more ways than are emulated (the README lists them).
"""

from __future__ import annotations

from connect_emulator.account import Account, Handlers, Output, Params, find
from connect_emulator.errors import ServiceError
from connect_emulator.instances import integration_names, mcp_namespaces
from connect_emulator.paging import page, with_token
from connect_emulator.resources import Application

_NOT_KEPT = {"ClientToken", "Tags"}
_SUMMARIZED = ("Name", "Namespace", "IsService", "ApplicationType")
_LONGEST_PAGE = 50  # service model


def registered(account: Account, namespace: str, instance_id: str | None = None) -> bool:
    """Whether a gateway is known: by an application of the account, or by an APPLICATION
    integration or an MCP grant of the instance (None: of any)."""
    held = account.resources
    return (
        any(item.fields["Namespace"] == namespace for item in held.applications.values())
        or namespace in integration_names(account, instance_id)
        or namespace in mcp_namespaces(account, instance_id)
    )


def _create(account: Account, params: Params) -> Output:
    existing = account.resources.applications.values()
    if any(item.fields["Namespace"] == params["Namespace"] for item in existing):
        # The model has the error; that the namespace is its cause is [inferred].
        message = f"The namespace '{params['Namespace']}' is already in use"
        raise ServiceError("DuplicateResourceException", message)
    new_id = account.new_id()
    arn = account.arn("app-integrations", f"application/{new_id}")
    fields = {name: value for name, value in params.items() if name not in _NOT_KEPT}
    tags = dict(params.get("Tags", {}))
    account.resources.applications[new_id] = Application(new_id, arn, fields, account.now, tags)
    return {"Arn": arn, "Id": new_id}


def _named(account: Account, params: Params) -> Application:
    return find(account.resources.applications.values(), params["Arn"], "Application")


def _stamps(account: Account, item: Application) -> Output:
    return {
        "CreatedTime": item.created,
        "LastModifiedTime": item.created,
        "LastModifiedRegion": account.region,
    }


def _get(account: Account, params: Params) -> Output:
    item = _named(account, params)
    identity = {"Arn": item.arn, "Id": item.id, "Tags": item.tags or None}
    return {**identity, **item.fields, **_stamps(account, item)}


def _list(account: Account, params: Params) -> Output:
    kind = params.get("ApplicationType")
    every = account.resources.applications.values()
    wanted = [item for item in every if kind in (None, item.fields.get("ApplicationType"))]
    items, token = page(account.settings, params, wanted, _LONGEST_PAGE)
    summaries = [
        {"Arn": item.arn, "Id": item.id}
        | {name: item.fields[name] for name in _SUMMARIZED if name in item.fields}
        | _stamps(account, item)
        for item in items
    ]
    return with_token({"Applications": summaries}, "NextToken", token)


def _delete(account: Account, params: Params) -> Output:
    """Integrations and profiles may still name it; what AWS does then is not known."""
    del account.resources.applications[_named(account, params).id]
    return {}


HANDLERS: Handlers = {
    "CreateApplication": _create,
    "GetApplication": _get,
    "ListApplications": _list,
    "DeleteApplication": _delete,
}
