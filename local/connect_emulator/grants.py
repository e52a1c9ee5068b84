"""What a security profile may be granted: the refusals beyond the model's own limits.

The rules and both messages were reported in public by people who ran into them; which of several
modelled errors carries them is [inferred] where AWS does not say.
"""

from __future__ import annotations

from typing import Any

from connect_emulator.account import Account, Params
from connect_emulator.applications import registered
from connect_emulator.errors import ServiceError
from connect_emulator.resources import Fields, FlowModule, Instance

MCP = "MCP"
_ONLY_ACCESS = ["ACCESS"]
_ONLY_TYPE = {"AllowedFlowModules": MCP, "AllowedAIAgents": "THIRD_PARTY"}


def check_grants(account: Account, instance: Instance, params: Params) -> None:
    """Refuse applications and flow modules that cannot be granted."""
    for application in params.get("Applications", ()):
        _check_application(application)
    if account.settings.check_applications:
        _check_namespaces(account, instance, params.get("Applications", ()))
    if account.settings.check_flow_modules:
        for module in params.get("AllowedFlowModules", ()):
            _check_module(account, instance, module)


def stored(account: Account, member: str, value: Any) -> Any:
    """A sent member as it is kept. [inferred] AWS does not say what becomes of an absent Type."""
    if account.settings.absent_types != "filled" or member not in _ONLY_TYPE:
        return value
    return [{"Type": _ONLY_TYPE[member], **entry} for entry in value]


def _refuse(message: str) -> ServiceError:
    return ServiceError("InvalidParameterException", message)


def _check_application(application: Fields) -> None:
    if not application.get("Namespace") or not application.get("ApplicationPermissions"):
        # [inferred] The model requires neither, but an entry without them grants nothing.
        raise _refuse("An application needs a namespace and permissions")
    third_party = application.get("Type") != MCP
    if third_party and application["ApplicationPermissions"] != _ONLY_ACCESS:
        # Service model: ACCESS is all that a third-party application can have.
        raise _refuse("Invalid application permission found")


def _check_namespaces(account: Account, instance: Instance, applications: list[Fields]) -> None:
    for application in applications:
        namespace = application["Namespace"]
        unknown = application.get("Type") == MCP and not registered(account, namespace, instance.id)
        if unknown:
            permissions = ", ".join(application["ApplicationPermissions"])
            raise _refuse(
                f"Application namespace {namespace} or Application permission {permissions}"
                " is not valid"
            )


def _check_module(account: Account, instance: Instance, granted: Fields) -> None:
    module = account.resources.modules.get(granted.get("FlowModuleId", ""))
    usable = module is not None and module.instance_id == instance.id and invocable(module)
    if not usable or module is None or not module.fields.get("Description"):
        raise _refuse(
            f"Flow module {granted.get('FlowModuleId')} does not exist, has no description or"
            " released version, or is not enabled for external invocation"
        )


def invocable(module: FlowModule, version: int | None = None) -> bool:
    """Whether a module can serve as a tool: released (in that version) and open to outside."""
    enabled = bool(module.fields.get("ExternalInvocationConfiguration", {}).get("Enabled"))
    released = bool(module.versions) if version is None else version in module.versions
    return enabled and released
