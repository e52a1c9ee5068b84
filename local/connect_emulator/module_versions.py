"""Released versions of flow modules, and aliases for them."""

from __future__ import annotations

from typing import Any

from connect_emulator.account import Account, Handlers, Output, Params
from connect_emulator.errors import ServiceError, invalid, not_found
from connect_emulator.flow_content import content_hash
from connect_emulator.flow_modules import named
from connect_emulator.paging import page, with_token
from connect_emulator.resources import FlowModule, ModuleAlias


def _create_version(account: Account, params: Params) -> Output:
    module, _ = named(account, params)
    expected = params.get("FlowModuleContentSha256")
    if expected not in (None, content_hash(module.fields["Content"])):
        raise invalid("FlowModuleContentSha256 does not fit the content")  # [inferred]
    module.last_version += 1
    number = module.last_version
    described = {"VersionDescription": params.get("Description")}
    module.versions[number] = {**module.fields, **described}
    return {"ContactFlowModuleArn": f"{module.arn}:{number}", "Version": number}


def _delete_version(account: Account, params: Params) -> Output:
    module, _ = named(account, params)
    number = _existing(module, params["ContactFlowModuleVersion"])
    if any(alias.version == number for alias in module.aliases.values()):
        raise ServiceError("InvalidRequestException", "An alias names the version")  # [inferred]
    del module.versions[number]
    return {}


def _existing(module: FlowModule, number: int) -> int:
    if number not in module.versions:
        raise not_found(f"Contact flow module version not found: {module.id}:{number}")
    return number


def _list_versions(account: Account, params: Params) -> Output:
    module, _ = named(account, params)
    items, token = page(account.settings, params, sorted(module.versions))
    summaries = [
        {
            "Arn": f"{module.arn}:{number}",
            "Version": number,
            "VersionDescription": module.versions[number].get("VersionDescription"),
        }
        for number in items
    ]
    return with_token({"ContactFlowModuleVersionSummaryList": summaries}, "NextToken", token)


def _create_alias(account: Account, params: Params) -> Output:
    module, _ = named(account, params)
    _refuse_taken_name(module, params["AliasName"], None)
    number = _existing(module, params["ContactFlowModuleVersion"])
    alias_id = account.new_id()
    module.aliases[alias_id] = ModuleAlias(
        alias_id, params["AliasName"], params.get("Description"), number, account.now
    )
    return {"ContactFlowModuleArn": module.arn, "Id": alias_id}


def _refuse_taken_name(module: FlowModule, name: str | None, own: ModuleAlias | None) -> None:
    if any(alias.name == name for alias in module.aliases.values() if alias is not own):
        raise ServiceError("DuplicateResourceException", f"The alias '{name}' already exists")


def _alias(account: Account, params: Params) -> tuple[FlowModule, ModuleAlias]:
    module, _ = named(account, params)
    alias = module.aliases.get(params["AliasId"])
    if alias is None:
        raise not_found(f"Contact flow module alias not found: {params['AliasId']}")
    return module, alias


def _update_alias(account: Account, params: Params) -> Output:
    module, alias = _alias(account, params)
    _refuse_taken_name(module, params.get("Name"), alias)
    number = params.get("ContactFlowModuleVersion", alias.version)
    alias.version = _existing(module, number)
    alias.name = params.get("Name", alias.name)
    alias.description = params.get("Description", alias.description)
    alias.modified = account.now
    return {}


def _describe_alias(account: Account, params: Params) -> Output:
    module, alias = _alias(account, params)
    described: dict[str, Any] = {
        "ContactFlowModuleId": module.id,
        "ContactFlowModuleArn": module.arn,
        "AliasId": alias.id,
        "Version": alias.version,
        "Name": alias.name,
        "Description": alias.description,
        "LastModifiedTime": alias.modified,
        "LastModifiedRegion": account.region,
    }
    return {"ContactFlowModuleAlias": described}


def _delete_alias(account: Account, params: Params) -> Output:
    module, alias = _alias(account, params)
    del module.aliases[alias.id]
    return {}


def _list_aliases(account: Account, params: Params) -> Output:
    module, _ = named(account, params)
    items, token = page(account.settings, params, list(module.aliases.values()))
    summaries = [
        {
            "Arn": f"{module.arn}:{alias.name}",
            "AliasId": alias.id,
            "Version": alias.version,
            "AliasName": alias.name,
            "AliasDescription": alias.description,
            "LastModifiedTime": alias.modified,
        }
        for alias in items
    ]
    return with_token({"ContactFlowModuleAliasSummaryList": summaries}, "NextToken", token)


HANDLERS: Handlers = {
    "CreateContactFlowModuleVersion": _create_version,
    "DeleteContactFlowModuleVersion": _delete_version,
    "ListContactFlowModuleVersions": _list_versions,
    "CreateContactFlowModuleAlias": _create_alias,
    "UpdateContactFlowModuleAlias": _update_alias,
    "DescribeContactFlowModuleAlias": _describe_alias,
    "DeleteContactFlowModuleAlias": _delete_alias,
    "ListContactFlowModuleAliases": _list_aliases,
}
