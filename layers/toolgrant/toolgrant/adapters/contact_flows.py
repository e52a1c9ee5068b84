"""Amazon Connect: contact flows as they run, without their drafts. Reads only."""

from __future__ import annotations

from toolgrant.adapters.aws import Api
from toolgrant.domain.contact_flows import FlowContent, FlowKey
from toolgrant.errors import NotFound

_ARCHIVED = "ARCHIVED"
_SAVED = "SAVED"


class ConnectFlows:
    """`usecases.ports.Flows`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def listed(self, instance_id: str) -> tuple[str, ...]:
        """Ids of the flows that are not archived. Those that the list calls SAVED are among them:
        whether it says so of a published flow with a newer draft is not known."""
        summaries = self._api.pages(
            "list_contact_flows", "ContactFlowSummaryList", InstanceId=instance_id, MaxResults=1000
        )
        return tuple(
            summary["Id"]
            for summary in summaries
            if summary.get("Id") and summary.get("ContactFlowState") != _ARCHIVED
        )

    def published(self, key: FlowKey) -> FlowContent | None:
        """What runs of a flow: the id without a suffix names what is published."""
        try:
            answer = self._api.call(
                "describe_contact_flow", InstanceId=key.instance_id, ContactFlowId=key.flow_id
            )
        except NotFound:
            return None
        flow = answer.get("ContactFlow") or {}
        if flow.get("State") == _ARCHIVED or flow.get("Status") == _SAVED:
            return None
        return FlowContent(flow.get("Name") or "", flow.get("Content") or "")
