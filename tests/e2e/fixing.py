"""A stack in mode `fix`, and what an operator and its admin do with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.e2e.conftest import Admin

from toolgrant_local.processes import wait_until
from toolgrant_local.stack import LocalStack

OPT_IN = {"toolgrant:auto-fix": "true"}
VIEW = "Wisdom.View"


class Operator(Admin):
    """An admin who also gives orders to toolgrant."""

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

    def permissions(self, profile_id: str) -> list[str]:
        """The permissions of a security profile."""
        answer = self.connect.list_security_profile_permissions(
            InstanceId=self.instance, SecurityProfileId=profile_id
        )
        return list(answer["Permissions"])

    def wait_for(self, profile_id: str, permission: str, there: bool = True) -> None:
        """Wait until a security profile has a permission, or no longer has it."""
        wait_until(
            lambda: (permission in self.permissions(profile_id)) is there,
            20,
            f"{permission} on {profile_id}: {there}",
        )


def swept(stack: LocalStack) -> None:
    """A full sweep has finished and all that it asked for is done."""
    stack.sweep()
    stack.wait_idle()
