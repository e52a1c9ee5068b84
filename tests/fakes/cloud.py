"""What Connect and Q in Connect hold, the clock, and the two reading ports over them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fakes.calls import Calls
from tests.fakes.readings import USUAL, Readings

from toolgrant.domain.model import (
    DRAFT,
    LATEST,
    Grant,
    GrantKind,
    QualifiedAgent,
    SecurityProfile,
)
from toolgrant.domain.qualifiers import UNPROVEN
from toolgrant.domain.records import AgentKey
from toolgrant.errors import NotFound

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def uuid_of(word: str) -> str:
    """The same made-up UUID for the same word."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, word))


ASSISTANT = uuid_of("assistant")
INSTANCE = uuid_of("instance")


@dataclass
class Cloud:
    """What Connect and Q in Connect hold."""

    agents: dict[tuple[AgentKey, str], QualifiedAgent] = field(default_factory=dict)
    live: dict[str, dict[str, frozenset[str]]] = field(default_factory=dict)
    profiles: dict[str, SecurityProfile] = field(default_factory=dict)
    attached: dict[str, tuple[str, ...]] = field(default_factory=dict)
    instances: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    """Instances that were deleted, whatever else still names them."""
    page: int = 100
    readings: Readings = USUAL

    def version(self, key: AgentKey, qualifier: str) -> QualifiedAgent | None:
        """What a qualifier stands for; None if there is no such version."""
        found, draft = self.agents.get((key, qualifier)), self.agents.get((key, DRAFT))
        if found is None and qualifier == LATEST and self.readings.latest == "draft" and draft:
            return replace(draft, qualifier=LATEST)
        return found

    def summary(self, key: AgentKey) -> QualifiedAgent:
        """An AI agent as a list shows it."""
        latest = self.version(key, LATEST) if self.readings.described == "latest" else None
        shown = latest or self.agents[key, DRAFT]
        return shown if self.readings.says_so else replace(shown, qualifier=UNPROVEN)


class FakeClock:
    def __init__(self, now: datetime = NOON) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class _Cache:
    """Answers and refusals, kept for one batch."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._kept: dict[tuple[Any, ...], Any] = {}

    def ask(self, name: str, arguments: tuple[Any, ...], answer: Callable[[], Any]) -> Any:
        key = (name, *arguments)
        if key not in self._kept:
            with self._calls.made(name, *arguments):
                try:
                    self._kept[key] = answer()
                except NotFound as error:
                    self._kept[key] = error
        if isinstance(self._kept[key], NotFound):
            raise self._kept[key]
        return self._kept[key]


class FakeAgents:
    def __init__(self, cloud: Cloud, calls: Calls) -> None:
        self._cloud, self._calls, self._cache = cloud, calls, _Cache(calls)

    def forget(self) -> None:
        self._cache = _Cache(self._calls)

    def get(self, key: AgentKey, qualifier: str) -> QualifiedAgent:
        answer = self._cache.ask("agents.get", (key, qualifier), lambda: self._get(key, qualifier))
        assert isinstance(answer, QualifiedAgent)
        return answer

    def _get(self, key: AgentKey, qualifier: str) -> QualifiedAgent:
        found = self._cloud.version(key, qualifier)
        if found is None:
            raise NotFound("qconnect get_ai_agent: ResourceNotFoundException")
        return found

    def live(self, assistant_id: str) -> Mapping[str, frozenset[str]]:
        def answer() -> Mapping[str, frozenset[str]]:
            if assistant_id not in self._cloud.live:
                raise NotFound("qconnect get_assistant: ResourceNotFoundException")
            return dict(self._cloud.live[assistant_id])

        kept: Mapping[str, frozenset[str]] = self._cache.ask("agents.live", (assistant_id,), answer)
        return kept

    def assistants(self) -> list[str]:
        with self._calls.made("agents.assistants"):
            return list(self._cloud.live)

    def listed(
        self, assistant_id: str, token: str | None
    ) -> tuple[list[QualifiedAgent], str | None]:
        with self._calls.made("agents.listed", assistant_id, token):
            if assistant_id not in self._cloud.live:
                raise NotFound("qconnect list_ai_agents: ResourceNotFoundException")
            found = [
                self._cloud.summary(key)
                for (key, qualifier), agent in self._cloud.agents.items()
                if key.assistant_id == assistant_id
                and qualifier == DRAFT
                and agent.type == "ORCHESTRATION"
            ]
            start, page = int(token or 0), self._cloud.page
            more = start + page < len(found)
            return found[start : start + page], str(start + page) if more else None


class FakeProfiles:
    def __init__(self, cloud: Cloud, calls: Calls) -> None:
        self._cloud, self._calls, self._cache = cloud, calls, _Cache(calls)

    def forget(self) -> None:
        self._cache = _Cache(self._calls)

    def attached(self, instance_id: str, qualified_arn: str) -> tuple[str, ...]:
        return tuple(
            self._cache.ask(
                "profiles.attached",
                (instance_id, qualified_arn),
                lambda: self._attached(instance_id, qualified_arn),
            )
        )

    def _attached(self, instance_id: str, qualified_arn: str) -> tuple[str, ...]:
        if instance_id in self._cloud.gone:
            raise NotFound("connect list_entity_security_profiles: ResourceNotFoundException")
        return self._cloud.attached.get(qualified_arn, ())

    def instances(self) -> frozenset[str]:
        ids = frozenset(self._cloud.instances.values()) - self._cloud.gone
        return frozenset(self._cache.ask("profiles.every_instance", (), lambda: ids))

    def grants(self, instance_id: str, profile_id: str, kind: GrantKind) -> frozenset[Grant]:
        return frozenset(
            self._cache.ask(
                "profiles.grants",
                (instance_id, profile_id, kind),
                lambda: [g for g in self._profile(profile_id).grants if g.kind is kind],
            )
        )

    def name(self, instance_id: str, profile_id: str) -> str:
        return str(
            self._cache.ask(
                "profiles.name", (instance_id, profile_id), lambda: self._profile(profile_id).name
            )
        )

    def _profile(self, profile_id: str) -> SecurityProfile:
        try:
            return self._cloud.profiles[profile_id]
        except KeyError:
            raise NotFound("connect: ResourceNotFoundException") from None

    def instances_by_assistant(self) -> Mapping[str, str]:
        return dict(self._cache.ask("profiles.instances", (), lambda: dict(self._cloud.instances)))
