"""What parts of a CloudTrail record name, whatever the field: by the ARN in a text, and by an id
under a key that says what it is (`aiAgentId`, `SecurityProfiles[].Id`).

CloudTrail leaves out requests and answers that are too large (`"omitted": true`), and services mask
values; an id that stands elsewhere is as good.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote

from toolgrant.adapters.record_fields import UUID, plain_id, uuid_of
from toolgrant.domain.records import AgentKey, EdgeKind

_AGENT_ARN = re.compile(rf"\bai-agent/({UUID})/({UUID})", re.IGNORECASE)
_ARNS: Mapping[EdgeKind, re.Pattern[str]] = {
    EdgeKind.ASSISTANT: re.compile(rf"\b(?:assistant|ai-agent)/({UUID})", re.IGNORECASE),
    EdgeKind.INSTANCE: re.compile(rf"\binstance/({UUID})", re.IGNORECASE),
    EdgeKind.PROFILE: re.compile(rf"\bsecurity-profile/({UUID})", re.IGNORECASE),
    EdgeKind.FLOW_MODULE: re.compile(rf"\bflow-module/({UUID})", re.IGNORECASE),
}
_AGENT = "aiagent"
_KEYS: Mapping[EdgeKind, str] = {
    EdgeKind.ASSISTANT: "assistant",
    EdgeKind.INSTANCE: "instance",
    EdgeKind.PROFILE: "securityprofile",
    EdgeKind.FLOW_MODULE: "contactflowmodule",
}


@dataclass(frozen=True)
class Named:
    """`agents` whose assistant is known, `edges` by their kind, the first of each; `stray` if an AI
    agent is named whose assistant is not."""

    agents: tuple[AgentKey, ...]
    edges: Mapping[EdgeKind, str]
    stray: bool


class _Leaf(NamedTuple):
    """A text, and the keys that it stands under, in lower case."""

    parent: str
    key: str
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
    return Named(tuple(dict.fromkeys([*whole, *keys])), edges, bool(bare) and not assistant)


def _ids(leaves: list[_Leaf], word: str, arn: re.Pattern[str] | None = None) -> Iterator[str]:
    for leaf in leaves:
        yield from (found[1].lower() for found in arn.finditer(leaf.text)) if arn else ()
        if _says(leaf, word) and (own := uuid_of(plain_id(leaf.text))):
            yield own


def _says(leaf: _Leaf, word: str) -> bool:
    """Whether the keys of a text say that it is the id of such a thing."""
    if leaf.key in ("id", "arn"):
        return leaf.parent in (word, f"{word}s")
    return leaf.key in (word, *(f"{word}{end}" for end in ("s", "id", "ids", "arn", "arns")))


def _leaves(part: object) -> Iterator[_Leaf]:
    """Every text below a value, in its order. No recursion: a record may be nested deeply."""
    waiting: list[tuple[str, str, object]] = [("", "", part)]
    while waiting:
        parent, key, value = waiting.pop()
        if isinstance(value, str):
            yield _Leaf(parent, key, unquote(value))
        elif isinstance(value, Mapping):
            inner = [(key, str(name).lower(), item) for name, item in value.items()]
            waiting += reversed(inner)
        elif isinstance(value, list):
            waiting += [(parent, key, item) for item in reversed(value)]
