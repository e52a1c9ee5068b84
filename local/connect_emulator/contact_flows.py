"""Contact flows: what is published, and the draft beside it (``$SAVED``).

Documented by the service model: members, errors, and that a published flow shows its unpublished
content under ``$SAVED`` only. [inferred]: a new flow is published unless SAVED is said, content
without ``$SAVED`` replaces both, any content that is JSON is valid, a list calls a flow PUBLISHED
as soon as something of it is. Versions and aliases of flows are not served.
"""

from __future__ import annotations

from typing import Any

from connect_emulator.account import Account, Handlers, Output, Params, find
from connect_emulator.agents import split_qualifier
from connect_emulator.errors import ServiceError
from connect_emulator.flow_content import check_content, content_hash, refuse_taken_name
from connect_emulator.meanings import SAVED
from connect_emulator.paging import page, with_token
from connect_emulator.resources import ContactFlow, Instance

_KEPT = ("Name", "Type", "Description")
_SAVED, _PUBLISHED = "SAVED", "PUBLISHED"
_NOT_VALID = ("InvalidContactFlowException", "problems")


def _flows_of(account: Account, instance: Instance) -> list[ContactFlow]:
    every = account.resources.flows.values()
    return [flow for flow in every if flow.instance_id == instance.id]


def _named(account: Account, params: Params) -> tuple[ContactFlow, bool]:
    """The flow that an input names, and whether it means the draft."""
    instance = account.instance(params["InstanceId"])
    value, qualifier = split_qualifier(params["ContactFlowId"])
    flow = find(_flows_of(account, instance), value, "Contact flow")
    return flow, qualifier == SAVED


def _create(account: Account, params: Params) -> Output:
    instance = account.instance(params["InstanceId"])
    existing = _flows_of(account, instance)
    refuse_taken_name(existing, params["Name"])
    account.check_quota("contact-flows", len(existing), "LimitExceededException")
    check_content(params["Content"], *_NOT_VALID)
    flow_id, content = account.new_id(), params["Content"]
    fields = {name: params[name] for name in _KEPT if name in params} | {"State": "ACTIVE"}
    published = None if params.get("Status") == _SAVED else content
    arn, tags = f"{instance.arn}/contact-flow/{flow_id}", dict(params.get("Tags", {}))
    flow = ContactFlow(flow_id, arn, instance.id, fields, content, published, tags)
    account.resources.flows[flow_id] = flow
    return {
        "ContactFlowId": flow_id,
        "ContactFlowArn": arn,
        "FlowContentSha256": content_hash(content),
    }


def _describe(account: Account, params: Params) -> Output:
    flow, draft = _named(account, params)
    content = flow.draft if draft else flow.published
    if content is None:
        message = f"The contact flow is not published: {flow.id}"
        raise ServiceError("ContactFlowNotPublishedException", message)
    described: dict[str, Any] = {
        "Id": flow.id,
        "Arn": flow.arn,
        **flow.fields,
        "Status": _SAVED if draft else _PUBLISHED,
        "Content": content,
        "FlowContentSha256": content_hash(content),
        "Tags": flow.tags or None,
    }
    return {"ContactFlow": described}


def _update_content(account: Account, params: Params) -> Output:
    flow, draft = _named(account, params)
    check_content(params["Content"], *_NOT_VALID)
    flow.draft = params["Content"]
    if not draft:
        flow.published = params["Content"]
    return {}


def _update_metadata(account: Account, params: Params) -> Output:
    flow, _ = _named(account, params)
    sent = {name: params[name] for name in ("Name", "Description") if name in params}
    others = _flows_of(account, account.instance(params["InstanceId"]))
    refuse_taken_name([other for other in others if other is not flow], sent.get("Name", ""))
    flow.fields |= sent
    flow.fields["State"] = params.get("ContactFlowState", flow.fields["State"])
    return {}


def _delete(account: Account, params: Params) -> Output:
    flow, _ = _named(account, params)
    del account.resources.flows[flow.id]
    return {}


def _list(account: Account, params: Params) -> Output:
    instance = account.instance(params["InstanceId"])
    types = params.get("ContactFlowTypes")
    every = _flows_of(account, instance)
    wanted = [flow for flow in every if not types or flow.fields["Type"] in types]
    items, token = page(account.settings, params, wanted)
    summaries = [
        {
            "Id": flow.id,
            "Arn": flow.arn,
            "Name": flow.fields["Name"],
            "ContactFlowType": flow.fields["Type"],
            "ContactFlowState": flow.fields["State"],
            "ContactFlowStatus": _SAVED if flow.published is None else _PUBLISHED,
        }
        for flow in items
    ]
    return with_token({"ContactFlowSummaryList": summaries}, "NextToken", token)


HANDLERS: Handlers = {
    "CreateContactFlow": _create,
    "DescribeContactFlow": _describe,
    "UpdateContactFlowContent": _update_content,
    "UpdateContactFlowMetadata": _update_metadata,
    "DeleteContactFlow": _delete,
    "ListContactFlows": _list,
}
