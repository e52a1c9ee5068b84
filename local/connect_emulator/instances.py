"""Instances and their integration associations."""

from __future__ import annotations

import re
from typing import Any

from connect_emulator.account import Account, Handlers, Output, Params, find
from connect_emulator.errors import ServiceError
from connect_emulator.paging import page, with_token
from connect_emulator.resources import Instance, Integration

WISDOM_ASSISTANT = "WISDOM_ASSISTANT"
APPLICATION = "APPLICATION"
# What may name the gateway of an APPLICATION integration, and what its parts stand between.
_NAMING = ("IntegrationArn", "SourceApplicationName", "SourceApplicationUrl")
_SEPARATORS = re.compile(r"[/:.?=&]+")


def add_instance(account: Account, alias: str) -> Instance:
    """Put an ACTIVE instance into the account; CreateInstance itself is not served."""
    instance_id = account.new_id()
    arn = account.arn("connect", f"instance/{instance_id}")
    fields = {
        "IdentityManagementType": "CONNECT_MANAGED",
        "InstanceAlias": alias,
        "CreatedTime": account.now,
        "ServiceRole": _service_role(account, instance_id),
        "InstanceStatus": "ACTIVE",
        "InboundCallsEnabled": True,
        "OutboundCallsEnabled": True,
        "InstanceAccessUrl": f"https://{alias}.my.connect.aws",
    }
    instance = Instance(instance_id, arn, fields)
    account.resources.instances[instance_id] = instance
    return instance


def _service_role(account: Account, instance_id: str) -> str:
    """The service-linked role, under which edits in the admin website are made."""
    suffix = instance_id.replace("-", "")[:20]
    path = "role/aws-service-role/connect.amazonaws.com/AWSServiceRoleForAmazonConnect"
    return f"arn:aws:iam::{account.account_id}:{path}_{suffix}"


def _list_instances(account: Account, params: Params) -> Output:
    items, token = page(account.settings, params, list(account.resources.instances.values()), 10)
    summaries = [{"Id": item.id, "Arn": item.arn, **item.fields} for item in items]
    return with_token({"InstanceSummaryList": summaries}, "NextToken", token)


def _describe_instance(account: Account, params: Params) -> Output:
    item = account.instance(params["InstanceId"])
    described = {"Id": item.id, "Arn": item.arn, **item.fields, "Tags": item.tags or None}
    return {"Instance": described}


def integrations_of(account: Account, instance_id: str) -> list[Integration]:
    """The integration associations of one instance."""
    every = account.resources.integrations.values()
    return [item for item in every if item.instance_id == instance_id]


def _create_integration(account: Account, params: Params) -> Output:
    instance = account.instance(params["InstanceId"])
    kind, arn = params["IntegrationType"], params["IntegrationArn"]
    _refuse_duplicate(integrations_of(account, instance.id), kind, arn)
    new_id = account.new_id()
    copied = ("IntegrationArn", "SourceApplicationUrl", "SourceApplicationName", "SourceType")
    integration = Integration(
        new_id,
        f"{instance.arn}/integration-association/{new_id}",
        instance.id,
        kind,
        {name: params[name] for name in copied if name in params},
        account.now,
        dict(params.get("Tags", {})),
    )
    account.resources.integrations[new_id] = integration
    return {"IntegrationAssociationId": new_id, "IntegrationAssociationArn": integration.arn}


def _refuse_duplicate(existing: list[Integration], kind: str, arn: str) -> None:
    same_kind = [item for item in existing if item.type == kind]
    if kind == WISDOM_ASSISTANT and same_kind:
        # Quotas page: one assistant per instance. Which error says so is [inferred].
        raise ServiceError("DuplicateResourceException", "The instance already has an assistant")
    if any(item.fields["IntegrationArn"] == arn for item in same_kind):
        raise ServiceError("DuplicateResourceException", "The integration already exists")


def _delete_integration(account: Account, params: Params) -> Output:
    instance = account.instance(params["InstanceId"])
    candidates = integrations_of(account, instance.id)
    item = find(candidates, params["IntegrationAssociationId"], "Integration association")
    if account.settings.check_applications and _granted(account, item):
        message = "The application is still in use by a security profile"
        raise ServiceError("InvalidRequestException", message)
    del account.resources.integrations[item.id]
    return {}


def integration_names(account: Account, instance_id: str | None) -> set[str]:
    """The gateways that APPLICATION integrations of an instance (None: of any) may stand for."""
    every = account.resources.integrations.values()
    chosen = [item for item in every if instance_id in (None, item.instance_id)]
    return {name for item in chosen if item.type == APPLICATION for name in names_of(account, item)}


def names_of(account: Account, item: Integration) -> set[str]:
    """The namespace of the integration's application or, for one that was not made here, every
    part of its ARN, name and URL [inferred: one of them is meant]."""
    application = account.resources.applications.get(item.fields["IntegrationArn"][-36:])
    if application is not None:
        return {application.fields["Namespace"]}
    texts = (str(item.fields.get(member, "")) for member in _NAMING)
    return {part for text in texts for part in (text, *_SEPARATORS.split(text)) if part}


def mcp_namespaces(account: Account, instance_id: str | None) -> set[str]:
    """The gateways that security profiles of an instance (None: of any) grant tools of."""
    return {
        application["Namespace"]
        for profile in account.resources.profiles.values()
        for application in profile.fields.get("Applications", ())
        if instance_id in (None, profile.instance_id) and application.get("Type") == "MCP"
    }


def _granted(account: Account, item: Integration) -> bool:
    """Reported in public: such an integration cannot be deleted while profiles name it."""
    granted = mcp_namespaces(account, item.instance_id)
    return item.type == APPLICATION and bool(granted & names_of(account, item))


def _list_integrations(account: Account, params: Params) -> Output:
    instance = account.instance(params["InstanceId"])
    kind, arn = params.get("IntegrationType"), params.get("IntegrationArn")
    wanted = [
        item
        for item in integrations_of(account, instance.id)
        if kind in (None, item.type) and arn in (None, item.fields["IntegrationArn"])
    ]
    items, token = page(account.settings, params, wanted)
    summaries = [_summary(account, item) for item in items]
    return with_token({"IntegrationAssociationSummaryList": summaries}, "NextToken", token)


def _summary(account: Account, item: Integration) -> dict[str, Any]:
    return {
        "IntegrationAssociationId": item.id,
        "IntegrationAssociationArn": item.arn,
        "InstanceId": item.instance_id,
        "IntegrationType": item.type,
        **item.fields,
        "LastModifiedTime": item.modified,
        "LastModifiedRegion": account.region,
    }


HANDLERS: Handlers = {
    "ListInstances": _list_instances,
    "DescribeInstance": _describe_instance,
    "CreateIntegrationAssociation": _create_integration,
    "DeleteIntegrationAssociation": _delete_integration,
    "ListIntegrationAssociations": _list_integrations,
}
