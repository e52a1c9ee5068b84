"""Q in Connect: AI agents, their versions, and what assistants use. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from toolgrant.adapters.aws import Answers, Api
from toolgrant.domain.agent_shapes import parse_agent
from toolgrant.domain.model import QualifiedAgent
from toolgrant.domain.qualifiers import Place, named, proven
from toolgrant.domain.records import AgentKey

_PAGE = 100  # qconnect service model: MaxResults at most 100
_SWEEP_PAGE = 25  # small: the sweep saves its progress after each page


class QConnect:
    """`usecases.ports.Agents`. One object serves one batch: it keeps what it read."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._answers = Answers()

    def forget(self) -> None:
        """Drop the answers kept so far."""
        self._answers.forget()

    def get(self, key: AgentKey, qualifier: str) -> QualifiedAgent:
        """One version of an AI agent. Raises NotFound."""
        return self._answers.ask(lambda: self._get(key, qualifier), key, qualifier)

    def _get(self, key: AgentKey, qualifier: str) -> QualifiedAgent:
        agent_id = f"{key.ai_agent_id}:{qualifier}"
        answer = self._api.call("get_ai_agent", assistantId=key.assistant_id, aiAgentId=agent_id)
        return parse_agent(answer["aiAgent"], qualifier)

    def live(self, assistant_id: str) -> Mapping[str, frozenset[str]]:
        """What an assistant's configuration names: its defaults and its orchestrators."""
        return self._answers.ask(lambda: self._live(assistant_id), assistant_id)

    def _live(self, assistant_id: str) -> Mapping[str, frozenset[str]]:
        answer = self._api.call("get_assistant", assistantId=assistant_id)
        return live_qualifiers(answer["assistant"])

    def assistants(self) -> Iterator[str]:
        """All assistant ids."""
        for summary in self._api.pages("list_assistants", "assistantSummaries", maxResults=_PAGE):
            yield summary["assistantId"]

    def listed(
        self, assistant_id: str, token: str | None
    ) -> tuple[list[QualifiedAgent], str | None]:
        """A page of an assistant's AI agents, each under the qualifier that its summary proves, and
        the token of the next page (None after the last)."""
        more = {"nextToken": token} if token else {}
        answer = self._api.call(
            "list_ai_agents", assistantId=assistant_id, maxResults=_SWEEP_PAGE, **more
        )
        agents = [
            parse_agent(summary, proven(summary))
            for summary in answer["aiAgentSummaries"]
            if summary["type"] == "ORCHESTRATION"
        ]
        return agents, answer.get("nextToken")


def live_qualifiers(assistant: Mapping[str, Any]) -> Mapping[str, frozenset[str]]:
    """AI agent id → qualifiers that an assistant's defaults and its orchestrators name."""
    entries = [
        *(assistant.get("aiAgentConfiguration") or {}).values(),
        *(assistant.get("orchestratorConfigurationList") or ()),
    ]
    live: dict[str, frozenset[str]] = {}
    for entry in entries:
        agent_id, qualifier = named(entry.get("aiAgentId") or "", Place.CONFIGURATION)
        if agent_id:
            live[agent_id] = live.get(agent_id, frozenset()) | {qualifier}
    return live
