"""Flow modules: content, metadata, and what makes one usable as a tool of an AI agent.

Documented by the service model: members and errors; external invocation can only be set at
creation. [inferred]: a new module is ACTIVE and PUBLISHED, and content that is not JSON is what
InvalidContactFlowModuleException means.
"""

from __future__ import annotations

from typing import Any

from connect_emulator.account import Account, Handlers, Output, Params, find
from connect_emulator.agents import split_qualifier
from connect_emulator.errors import not_found
from connect_emulator.flow_content import check_content, content_hash, refuse_taken_name
from connect_emulator.meanings import LATEST, SAVED
from connect_emulator.paging import page, with_token
from connect_emulator.resources import Fields, FlowModule, Instance

_KEPT = ("Name", "Description", "Content", "Settings", "ExternalInvocationConfiguration")
_NOT_VALID = ("InvalidContactFlowModuleException", "Problems")


def modules_of(account: Account, instance: Instance) -> list[FlowModule]:
    """The flow modules of one instance, oldest first."""
    every = account.resources.modules.values()
    return [module for module in every if module.instance_id == instance.id]


def named(account: Account, params: Params) -> tuple[FlowModule, str]:
    """The module that an input names, and the qualifier (version, alias) of the id."""
    instance = account.instance(params["InstanceId"])
    value, qualifier = split_qualifier(params["ContactFlowModuleId"])
    return find(modules_of(account, instance), value, "Contact flow module"), qualifier


def _create(account: Account, params: Params) -> Output:
    instance = account.instance(params["InstanceId"])
    existing = modules_of(account, instance)
    refuse_taken_name(existing, params["Name"])
    account.check_quota("flow-modules", len(existing), "LimitExceededException")
    check_content(params["Content"], *_NOT_VALID)
    module_id = account.new_id()
    fields = {name: params[name] for name in _KEPT if name in params}
    fields |= {"State": "ACTIVE", "Status": "PUBLISHED"}
    arn = f"{instance.arn}/flow-module/{module_id}"
    tags = dict(params.get("Tags", {}))
    account.resources.modules[module_id] = FlowModule(module_id, arn, instance.id, fields, tags)
    return {"Id": module_id, "Arn": arn}


def _describe(account: Account, params: Params) -> Output:
    module, qualifier = named(account, params)
    fields, version = _version(module, qualifier)
    described: dict[str, Any] = {
        "Id": module.id,
        "Arn": module.arn,
        **fields,
        "FlowModuleContentSha256": content_hash(fields["Content"]),
        "Version": version,
        "Tags": module.tags or None,
    }
    return {"ContactFlowModule": described}


def _version(module: FlowModule, qualifier: str) -> tuple[Fields, int | None]:
    """What a qualifier names: none means the working copy of the newest release [inferred]."""
    newest = max(module.versions, default=None)
    if qualifier in ("", SAVED):
        return module.fields, newest
    aliased = [alias.version for alias in module.aliases.values() if alias.name == qualifier]
    number = newest if qualifier == LATEST else next(iter(aliased), _number(qualifier))
    if number not in module.versions:
        raise not_found(f"Contact flow module version not found: {module.id}:{qualifier}")
    return module.versions[number], number


def _number(qualifier: str) -> int:
    return int(qualifier) if qualifier.isascii() and qualifier.isdigit() else 0


def _update_content(account: Account, params: Params) -> Output:
    module, _ = named(account, params)
    sent = {name: params[name] for name in ("Content", "Settings") if name in params}
    if "Content" in sent:
        check_content(sent["Content"], *_NOT_VALID)
    module.fields |= sent
    return {}


def _update_metadata(account: Account, params: Params) -> Output:
    module, _ = named(account, params)
    sent = {name: params[name] for name in ("Name", "Description", "State") if name in params}
    others = modules_of(account, account.instance(params["InstanceId"]))
    refuse_taken_name([item for item in others if item is not module], sent.get("Name", ""))
    module.fields |= sent
    return {}


def _delete(account: Account, params: Params) -> Output:
    """Profiles and agents may still name the module; nothing in the model forbids it."""
    module, _ = named(account, params)
    del account.resources.modules[module.id]
    return {}


def _list(account: Account, params: Params) -> Output:
    instance = account.instance(params["InstanceId"])
    state = params.get("ContactFlowModuleState")
    every = modules_of(account, instance)
    wanted = [module for module in every if state in (None, module.fields["State"])]
    items, token = page(account.settings, params, wanted)
    summaries = [
        {
            "Id": module.id,
            "Arn": module.arn,
            "Name": module.fields["Name"],
            "State": module.fields["State"],
        }
        for module in items
    ]
    return with_token({"ContactFlowModulesSummaryList": summaries}, "NextToken", token)


HANDLERS: Handlers = {
    "CreateContactFlowModule": _create,
    "DescribeContactFlowModule": _describe,
    "UpdateContactFlowModuleContent": _update_content,
    "UpdateContactFlowModuleMetadata": _update_metadata,
    "DeleteContactFlowModule": _delete,
    "ListContactFlowModules": _list,
}
