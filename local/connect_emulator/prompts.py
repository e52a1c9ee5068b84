"""AI prompts and AI guardrails: two resources of one form, a draft with numbered versions.

Documented by the service model: members and errors. [inferred], by analogy with AI agents: a bare
id is the draft, ``$LATEST`` the newest version, and an ARN carries the qualifier that was asked
for. An AI agent may name a prompt or guardrail that is not here: it is accepted unseen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from connect_emulator.account import Account, Handlers, Output, Params, find
from connect_emulator.agents import split_qualifier
from connect_emulator.assistants import assistant_of
from connect_emulator.errors import ServiceError, invalid, not_found
from connect_emulator.meanings import LATEST, SAVED
from connect_emulator.paging import page, with_token
from connect_emulator.resources import CUSTOMER, Assistant, Fields, Prompt, Resources

_NOT_KEPT = {"assistantId", "name", "tags", "clientToken"}


@dataclass(frozen=True)
class Kind:
    """What tells the two resources apart; ``detail`` is left out of summaries."""

    name: str
    member: str
    path: str
    held: Callable[[Resources], dict[str, Prompt]]
    always: Fields
    detail: frozenset[str]

    @property
    def id(self) -> str:
        return f"{self.member}Id"


PROMPT = Kind(
    "AIPrompt",
    "aiPrompt",
    "ai-prompt",
    lambda resources: resources.prompts,
    {"origin": CUSTOMER},
    frozenset({"templateConfiguration", "inferenceConfiguration"}),
)
GUARDRAIL = Kind(
    "AIGuardrail",
    "aiGuardrail",
    "ai-guardrail",
    lambda resources: resources.guardrails,
    {},
    frozenset(
        {
            "blockedInputMessaging",
            "blockedOutputsMessaging",
            "topicPolicyConfig",
            "contentPolicyConfig",
            "wordPolicyConfig",
            "sensitiveInformationPolicyConfig",
            "contextualGroundingPolicyConfig",
        }
    ),
)


def prompts_of(kind: Kind, account: Account, assistant: Assistant) -> list[Prompt]:
    """What one assistant has of a kind, oldest first."""
    every = kind.held(account.resources).values()
    return [item for item in every if item.assistant_id == assistant.id]


def _named(kind: Kind, account: Account, params: Params) -> tuple[Prompt, str]:
    assistant = assistant_of(account, params["assistantId"])
    value, qualifier = split_qualifier(params[kind.id])
    return find(prompts_of(kind, account, assistant), value, kind.name), qualifier


def _draft_of(kind: Kind, account: Account, params: Params) -> Prompt:
    item, qualifier = _named(kind, account, params)
    if qualifier not in ("", SAVED):
        raise invalid(f"Only the draft can be changed, not {qualifier}")
    return item


def _version_of(kind: Kind, item: Prompt, qualifier: str) -> tuple[Fields, int | None]:
    if qualifier in ("", SAVED):
        return item.draft, None
    number = max(item.versions, default=0) if qualifier == LATEST else _number(qualifier)
    return item.versions[_existing(kind, item, number)], number


def _number(qualifier: str) -> int:
    return int(qualifier) if qualifier.isascii() and qualifier.isdigit() else 0


def _existing(kind: Kind, item: Prompt, number: int) -> int:
    if number not in item.versions:
        raise not_found(f"{kind.name} version not found: {item.id}:{number}")
    return number


def _describe(
    kind: Kind, account: Account, item: Prompt, fields: Fields, qualifier: str | int = ""
) -> dict[str, Any]:
    return {
        "assistantId": item.assistant_id,
        "assistantArn": account.resources.assistants[item.assistant_id].arn,
        kind.id: item.id,
        f"{kind.member}Arn": f"{item.arn}:{qualifier}" if qualifier else item.arn,
        "name": item.name,
        "status": "ACTIVE",
        "lastModifiedTime": fields["modifiedTime"],
        "lastModifiedRegion": account.region,
        "tags": item.tags or None,
        **fields,
    }


def _summary(
    kind: Kind, account: Account, item: Prompt, fields: Fields, qualifier: str | int = ""
) -> dict[str, Any]:
    described = _describe(kind, account, item, fields, qualifier)
    return {name: value for name, value in described.items() if name not in kind.detail}


def _kept(kind: Kind, account: Account, params: Params) -> Fields:
    left_out = _NOT_KEPT | {kind.id}
    sent = {name: value for name, value in params.items() if name not in left_out}
    return {**sent, "modifiedTime": account.now}


def _create(kind: Kind, account: Account, params: Params) -> Output:
    assistant, name = assistant_of(account, params["assistantId"]), params["name"]
    if any(item.name == name for item in prompts_of(kind, account, assistant)):
        message = f"An {kind.name} with name '{name}' already exists"
        raise ServiceError("ConflictException", message)
    new_id = account.new_id()
    arn = account.arn("wisdom", f"{kind.path}/{assistant.id}/{new_id}")
    draft = kind.always | _kept(kind, account, params)
    item = Prompt(new_id, arn, assistant.id, name, draft, dict(params.get("tags", {})))
    kind.held(account.resources)[new_id] = item
    return {kind.member: _describe(kind, account, item, item.draft)}


def _get(kind: Kind, account: Account, params: Params) -> Output:
    item, qualifier = _named(kind, account, params)
    fields, number = _version_of(kind, item, qualifier)
    described = _describe(kind, account, item, fields, qualifier)
    return {kind.member: described, "versionNumber": number}


def _update(kind: Kind, account: Account, params: Params) -> Output:
    item = _draft_of(kind, account, params)
    item.draft = item.draft | _kept(kind, account, params)
    return {kind.member: _describe(kind, account, item, item.draft)}


def _delete(kind: Kind, account: Account, params: Params) -> Output:
    del kind.held(account.resources)[_draft_of(kind, account, params).id]
    return {}


def _list(kind: Kind, account: Account, params: Params) -> Output:
    assistant, origin = assistant_of(account, params["assistantId"]), params.get("origin")
    every = prompts_of(kind, account, assistant)
    wanted = [item for item in every if origin in (None, item.draft.get("origin"))]
    items, token = page(account.settings, params, wanted)
    summaries = [_summary(kind, account, item, item.draft) for item in items]
    return with_token({f"{kind.member}Summaries": summaries}, "nextToken", token)


def _create_version(kind: Kind, account: Account, params: Params) -> Output:
    item = _draft_of(kind, account, params)
    _check_unmodified(item, params)
    item.last_version += 1
    number = item.last_version
    fields = item.versions[number] = dict(item.draft)
    described = _describe(kind, account, item, fields, number)
    return {kind.member: described, "versionNumber": number}


def _check_unmodified(item: Prompt, params: Params) -> None:
    expected, actual = params.get("modifiedTime"), item.draft["modifiedTime"]
    if expected is not None and int(expected.timestamp()) != int(actual.timestamp()):
        raise ServiceError("ConflictException", "It was modified in the meantime")


def _delete_version(kind: Kind, account: Account, params: Params) -> Output:
    item = _draft_of(kind, account, params)
    del item.versions[_existing(kind, item, params["versionNumber"])]
    return {}


def _list_versions(kind: Kind, account: Account, params: Params) -> Output:
    item, _ = _named(kind, account, params)
    items, token = page(account.settings, params, sorted(item.versions))
    summaries = [
        {
            f"{kind.member}Summary": _summary(kind, account, item, item.versions[number], number),
            "versionNumber": number,
        }
        for number in items
    ]
    return with_token({f"{kind.member}VersionSummaries": summaries}, "nextToken", token)


def _handlers(kind: Kind) -> Handlers:
    served = {
        f"Create{kind.name}": _create,
        f"Get{kind.name}": _get,
        f"Update{kind.name}": _update,
        f"Delete{kind.name}": _delete,
        f"List{kind.name}s": _list,
        f"Create{kind.name}Version": _create_version,
        f"Delete{kind.name}Version": _delete_version,
        f"List{kind.name}Versions": _list_versions,
    }
    return {name: partial(handler, kind) for name, handler in served.items()}


HANDLERS: Handlers = {**_handlers(PROMPT), **_handlers(GUARDRAIL)}
