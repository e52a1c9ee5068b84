"""A stack in mode `fix`, and what an operator and its admin do with it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import pytest
from tests.e2e.conftest import RETRIEVE, Admin

from toolgrant.adapters.dynamodb.ledger import DynamoDBLedger
from toolgrant.adapters.dynamodb.store import DynamoDBStore
from toolgrant.adapters.fix_queue import to_message
from toolgrant.domain.fixing.repair import Repair, RepairItem
from toolgrant.domain.ids import short_id
from toolgrant.domain.records import AgentKey
from toolgrant_local.processes import wait_until
from toolgrant_local.stack import FAST, LocalStack

OPT_IN = {"toolgrant:auto-fix": "true"}
VIEW = "Wisdom.View"
OTHER = "Users.View"
BOUND = int(FAST["StalenessSeconds"])
PATIENCE = 90.0
UPDATE = "connect:UpdateSecurityProfile"
Agent = Mapping[str, Any]


class Operator(Admin):
    """An admin who also gives orders to toolgrant. Fixes wait, and may be refused for a while."""

    patience = PATIENCE

    def order(self, action: str, target: str = "", **fields: Any) -> dict[str, Any]:
        """One order; its answer."""
        return self.invoke("OperateFunctionName", {"action": action, "target": target, **fields})

    def invoke(self, function: str, payload: Mapping[str, Any]) -> Any:
        """Call a function of the stack by the name of its output."""
        answer = self.stack.client("lambda").invoke(
            FunctionName=self.stack.outputs[function], Payload=json.dumps(payload)
        )
        text = answer["Payload"].read().decode()
        assert "FunctionError" not in answer, text
        return json.loads(text)

    @cached_property
    def store(self) -> DynamoDBStore:
        """The findings on record."""
        return DynamoDBStore(self.stack.client("dynamodb"), self.stack.outputs["TableName"])

    @cached_property
    def ledger(self) -> DynamoDBLedger:
        """The writes on record."""
        return DynamoDBLedger(self.stack.client("dynamodb"), self.stack.outputs["TableName"])

    def key(self, agent: Agent) -> AgentKey:
        """How the table names an AI agent."""
        return AgentKey(self.assistant, agent["aiAgentId"])

    def opted_in(self, *permissions: str) -> str:
        """A new profile that may be written to."""
        return self.profile(Permissions=list(permissions) or ["BasicAgentAccess"], Tags=OPT_IN)

    def permissions(self, profile_id: str) -> list[str]:
        """The permissions of a security profile."""
        answer = self.connect.list_security_profile_permissions(
            InstanceId=self.instance, SecurityProfileId=profile_id
        )
        return list(answer["Permissions"])

    def add(self, profile_id: str, permission: str) -> None:
        """A person gives one more permission."""
        self.grant(profile_id, Permissions=[*self.permissions(profile_id), permission])

    def take(self, profile_id: str, permission: str) -> None:
        """A person takes one permission away."""
        held = self.permissions(profile_id)
        self.grant(profile_id, Permissions=[name for name in held if name != permission])

    def fixed(self, agent: Agent) -> Mapping[str, Any]:
        """The alert that an AI agent is fixed; what is told before it is passed over."""
        while (alert := self.alert(agent))["status"] != "fixed":
            assert alert["status"] in ("opened", "reopened"), alert
        return alert

    def statuses(self, agent: Agent) -> list[str]:
        """Of all alerts that have not been taken."""
        return [alert["status"] for alert in self.new_alerts(agent)]

    def deliver(self, payload: Mapping[str, Any]) -> str:
        """Deliver a message of the fix queue again and again, until it is done; its outcome."""
        outcomes: list[str | None] = []

        def done() -> bool:
            outcomes[:] = self.invoke("RemediateFunctionName", payload)["outcomes"]
            return outcomes != [None]

        wait_until(done, PATIENCE, "the fix")
        return str(outcomes[0])

    def waiting(self, queue: str) -> int:
        """How many messages a queue has, by the name of its output, in sight or not."""
        names = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesDelayed",
            "ApproximateNumberOfMessagesNotVisible",
        ]
        asked = self.stack.client("sqs").get_queue_attributes(
            QueueUrl=self.stack.outputs[queue], AttributeNames=names
        )
        return sum(int(asked["Attributes"][name]) for name in names)


@pytest.fixture(scope="session")
def operator(fix_stack: LocalStack) -> Operator:
    """Admin and operator of the stack in mode fix."""
    swept(fix_stack)
    return Operator(fix_stack)


@pytest.fixture
def quiet(operator: Operator) -> Iterator[None]:
    """No fault and no setting is left behind, nor are writes paused."""
    yield
    operator.stack.emulator.faults.clear()
    operator.stack.emulator.reset_settings()
    operator.order("resume")


def swept(stack: LocalStack) -> None:
    """A full sweep has finished and all that it asked for is done."""
    stack.sweep()
    stack.wait_idle()


def silent_gaps(operator: Operator, count: int = 1) -> list[tuple[Agent, str, dict[str, Any]]]:
    """AI agents that each lack Wisdom.View on an opted-in profile of their own. They are told while
    toolgrant is paused, so nothing is fixed by itself; each comes with a message of the fix queue.
    """
    operator.order("pause")
    gaps = [(operator.agent(RETRIEVE), operator.opted_in()) for _ in range(count)]
    for agent, profile_id in gaps:
        operator.attach(agent, profile_id)
    for agent, _ in gaps:
        assert operator.alert(agent)["status"] == "opened"
    operator.stack.wait_idle()
    operator.order("resume")
    return [(agent, profile, message_for(operator, agent, profile)) for agent, profile in gaps]


def message_for(operator: Operator, agent: Agent, profile_id: str) -> dict[str, Any]:
    """A delivery of the fix queue that asks for all that an AI agent lacks now."""
    return delivery(repair_for(operator, agent, profile_id))


def repair_for(operator: Operator, agent: Agent, profile_id: str) -> Repair:
    """The repair of one profile as an evaluation would plan it."""
    record = operator.store.load(operator.key(agent))
    items = tuple(
        RepairItem(
            found.id,
            found.opened_at,
            found.tool_name,
            found.tool_id,
            found.qualifiers,
            found.missing,
        )
        for found in record.findings.values()
        if found.opened_at and found.missing
    )
    planned_at = items[0].opened_at
    repair_id = short_id("fix", agent["aiAgentId"], profile_id, "by hand")
    return Repair(repair_id, operator.key(agent), profile_id, "profile", items, planned_at)


def delivery(repair: Repair) -> dict[str, Any]:
    """A repair as the function gets it."""
    return {"Records": [{"messageId": "1", "body": to_message(repair)}]}
