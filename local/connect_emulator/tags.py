"""Tags of the resources of both services; the operations have the same names and members."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Protocol

from connect_emulator.account import Account, Handlers, Output, Params, find
from connect_emulator.agents import split_qualifier
from connect_emulator.errors import ServiceError
from connect_emulator.resources import Tags

_MAX_TAGS = 50  # tags of one resource, in both services


class Tagged(Protocol):
    """A resource that has tags."""

    id: str
    arn: str
    tags: Tags


def _every(account: Account) -> Iterator[Tagged]:
    held = account.resources
    kinds = (
        held.instances,
        held.profiles,
        held.users,
        held.flows,
        held.modules,
        held.integrations,
        held.applications,
        held.assistants,
        held.assistant_associations,
        held.agents,
        held.prompts,
        held.guardrails,
    )
    return chain.from_iterable(kind.values() for kind in kinds)


def tags_of(account: Account, arn: str) -> Tags:
    """The tags of what an ARN names, with its qualifier or without; none if there is no such."""
    wanted = split_qualifier(arn)[0]
    return next((item.tags for item in _every(account) if item.arn == wanted), {})


def _tags(account: Account, params: Params) -> Tags:
    return find(_every(account), params["resourceArn"], "Resource").tags


def _tag(too_many: str) -> Handlers:
    """The tag operations of a service that answers ``too_many`` beyond 50 tags."""

    def tag(account: Account, params: Params) -> Output:
        tags = _tags(account, params)
        if len(tags | params["tags"]) > _MAX_TAGS:
            raise ServiceError(too_many, f"A resource can have {_MAX_TAGS} tags")
        tags.update(params["tags"])
        return {}

    return {"TagResource": tag, "UntagResource": _untag, "ListTagsForResource": _list}


def _untag(account: Account, params: Params) -> Output:
    tags = _tags(account, params)
    for key in params["tagKeys"]:
        tags.pop(key, None)
    return {}


def _list(account: Account, params: Params) -> Output:
    return {"tags": _tags(account, params)}


CONNECT_HANDLERS = _tag("InvalidRequestException")
QCONNECT_HANDLERS = _tag("TooManyTagsException")
