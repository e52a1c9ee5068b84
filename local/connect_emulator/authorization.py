"""What a call has to be allowed: IAM actions on resources, by the table ``authorization.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jmespath

from connect_emulator.account import Account, Params
from connect_emulator.agents import split_qualifier
from connect_emulator.instances import APPLICATION, integrations_of, names_of
from connect_emulator.policy import PolicyError, Question
from connect_emulator.resources import Tags
from connect_emulator.tags import tags_of

Row = Mapping[str, Any]
_SERVICES = ("connect", "wisdom", "app-integrations")
_TABLE = Path(__file__).with_name("authorization.toml")


@cache
def table() -> Row:
    """The whole table."""
    return tomllib.loads(_TABLE.read_text(encoding="utf-8"))


def questions(account: Account, service: str, operation: str, params: Params) -> Iterator[Question]:
    """Everything that IAM is asked before a call: each resource by itself."""
    row = table()["operations"].get(service, {}).get(operation)
    if row is None:
        raise PolicyError(f"{service}:{operation} has no row in {_TABLE.name}")
    yield from _questions(account, f"{table()['prefixes'][service]}:{operation}", row, params)
    for besides in row.get("also", ()):
        if jmespath.search(besides["where"], params):
            yield from _questions(account, besides["action"], besides, params)


def _questions(account: Account, action: str, row: Row, params: Params) -> Iterator[Question]:
    kinds = {**row.get("required", {}), **row.get("optional", {})}
    for kind, path in kinds.items():
        for value in _values(jmespath.search(path, params)):
            arn = _Names(account, params).arn(kind, value)
            yield Question(action, arn, _keys(row, tags_of(account, arn), params))
    if not kinds:
        yield Question(action, "*", _keys(row, {}, params))


def _values(found: Any) -> list[str]:
    return [value for value in (found if isinstance(found, list) else [found]) if value]


def _keys(row: Row, tags: Tags, params: Params) -> dict[str, tuple[str, ...]]:
    """The condition keys of the request, as far as the action has them."""
    sent: Tags = params.get("Tags") or params.get("tags") or {}
    every = {
        **{f"aws:resourcetag/{name.lower()}": (value,) for name, value in tags.items()},
        **{f"aws:requesttag/{name.lower()}": (value,) for name, value in sent.items()},
        "aws:tagkeys": tuple(sent or params.get("tagKeys") or ()),
    }
    known = tuple(key.lower() for key in row.get("keys", ()))
    return {key: values for key, values in every.items() if values and key.startswith(known)}


@dataclass(frozen=True)
class _Names:
    """The ARNs of what a request names by ids."""

    account: Account
    params: Params

    def arn(self, kind: str, value: str) -> str:
        """Of an id or an ARN, either perhaps URL-encoded; what is made anew has * for an id."""
        given = unquote(value)
        if kind == "application":
            given = self._application(given)
        if kind == "unqualified":
            return split_qualifier(given)[0]
        pattern = str(table()["arns"][kind])
        if given.startswith("arn:") and "{id}" in pattern:
            return given
        return pattern.format(id=given, **self._parts())

    def _parts(self) -> dict[str, str]:
        services = {name: self.account.arn(name, "")[:-1] for name in _SERVICES}
        assistant = unquote(self.params.get("assistantId", "")).rsplit("/", 1)[-1]
        return {**services, "instance": self._instance(), "assistant": assistant}

    def _instance(self) -> str:
        given = unquote(self.params.get("InstanceId", ""))
        return (
            given if given.startswith("arn:") else self.account.arn("connect", f"instance/{given}")
        )

    def _application(self, namespace: str) -> str:
        """The ARN of the application of a namespace, or of the integration that stands for it;
        else the namespace for an id."""
        instance_id = self._instance().rsplit("/", 1)[-1]
        made = self.account.resources.applications.values()
        found = (
            *(item.arn for item in made if item.fields["Namespace"] == namespace),
            *(
                str(item.fields["IntegrationArn"])
                for item in integrations_of(self.account, instance_id)
                if item.type == APPLICATION and namespace in names_of(self.account, item)
            ),
        )
        return next(iter(found), namespace)
