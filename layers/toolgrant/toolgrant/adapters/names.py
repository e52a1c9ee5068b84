"""What parts of a CloudTrail record name, whatever the field: by the ARN or the path of a request
in a text, and by an id under a key that says what it is (`aiAgentId`, `SecurityProfiles[].Id`).

CloudTrail leaves out requests and answers that are too large (`"omitted": true`), and services mask
values; an id that stands elsewhere is as good, in JSON that is written as text as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote

from toolgrant.adapters.record_fields import UUID, plain_id, uuid_of
from toolgrant.domain.records import AgentKey, EdgeKind

_AGENT_ARN = re.compile(
    rf"\b(?:ai-agent|assistants)/({UUID})/(?:aiagents/)?({UUID})", re.IGNORECASE
)
_ARNS: Mapping[EdgeKind, re.Pattern[str]] = {
    EdgeKind.ASSISTANT: re.compile(rf"\b(?:assistants?|ai-agent)/({UUID})", re.IGNORECASE),
    EdgeKind.INSTANCE: re.compile(rf"\binstance/({UUID})", re.IGNORECASE),
    EdgeKind.PROFILE: re.compile(rf"\bsecurity-profile(?:s/{UUID})?/({UUID})", re.IGNORECASE),
    EdgeKind.FLOW_MODULE: re.compile(rf"\bflow-module/({UUID})", re.IGNORECASE),
}


def _keys(word: str) -> re.Pattern[str]:
    """The keys that say that a text is the id of such a thing, as `aiagents.id`."""
    thing = rf"{word}(?:s|summary|summaries)?"
    return re.compile(rf"(?:.*\.)?{thing}(?:\.?(?:id|arn|identifier)s?)?(?:\.(?:value|s|ss))?")


_AGENT = _keys("aiagent")
_KEYS: Mapping[EdgeKind, re.Pattern[str]] = {
    EdgeKind.ASSISTANT: _keys("assistant"),
    EdgeKind.INSTANCE: _keys("instance"),
    EdgeKind.PROFILE: _keys("securityprofile"),
    EdgeKind.FLOW_MODULE: _keys("contactflowmodule"),
}
_LOOSE = re.compile("ai[-_ ]?agent|security[-_ ]?profile", re.IGNORECASE)
_ANY_ID = re.compile(UUID, re.IGNORECASE)


@dataclass(frozen=True)
class Named:
    """`agents` whose assistant is known, `edges` by their kind, the first of each; `stray` if an AI
    agent or a security profile may be named at all, as one whose assistant is not."""

    agents: tuple[AgentKey, ...]
    edges: Mapping[EdgeKind, str]
    stray: bool


class _Leaf(NamedTuple):
    """A text, and the last two keys that it stands under, as `aiagents.id`."""

    keys: str
    text: str


def named_in(*parts: object) -> Named:
    """What some parts of a record name; what comes first goes first."""
    leaves = [leaf for part in parts for leaf in _leaves(part)]
    edges = {
        kind: next(found, "")
        for kind, found in ((kind, _ids(leaves, _KEYS[kind], arn)) for kind, arn in _ARNS.items())
    }
    whole = [
        AgentKey(found[1].lower(), found[2].lower())
        for leaf in leaves
        for found in _AGENT_ARN.finditer(leaf.text)
    ]
    known = {key.ai_agent_id for key in whole}
    bare = [agent for agent in _ids(leaves, _AGENT) if agent not in known]
    assistant = edges[EdgeKind.ASSISTANT]
    keys = [AgentKey(assistant, agent) for agent in bare] if assistant else []
    stray = any(_ANY_ID.search(leaf.text) and _LOOSE.search(" ".join(leaf)) for leaf in leaves)
    return Named(tuple(dict.fromkeys([*whole, *keys])), edges, stray)


def _ids(
    leaves: list[_Leaf], keys: re.Pattern[str], arn: re.Pattern[str] | None = None
) -> Iterator[str]:
    for leaf in leaves:
        yield from (found[1].lower() for found in arn.finditer(leaf.text)) if arn else ()
        if keys.fullmatch(leaf.keys) and (own := uuid_of(plain_id(leaf.text))):
            yield own


def _leaves(part: object) -> Iterator[_Leaf]:
    """Every text below a value, in its order. No recursion: a record may be nested deeply."""
    waiting: list[tuple[str, str, object]] = [("", "", part)]
    while waiting:
        parent, key, value = waiting.pop()
        if isinstance(value, str):
            text = unquote(value)
            yield _Leaf(f"{parent}.{key}", text)
            waiting.append((parent, key, _json_in(text)))
        elif isinstance(value, Mapping):
            yield from (_Leaf(f"{parent}.{key}", unquote(str(name))) for name in value)
            waiting += reversed([(key, _plain(str(name)), item) for name, item in value.items()])
        elif isinstance(value, list):
            waiting += [(parent, key, item) for item in reversed(value)]


def _plain(key: str) -> str:
    """`ai_agent_id` and `aiAgent.aiAgentId` → `aiagentid`."""
    return re.sub(r"[^a-z0-9]", "", key.lower().rpartition(".")[2])


def _json_in(text: str) -> object:
    """The value that a text holds as JSON; None for any other text."""
    if text.lstrip()[:1] not in ("{", "[", '"'):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
