"""Read one AI agent, with what is attached to it, by the fewest calls, and judge it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from toolgrant.domain.catalog import Catalog
from toolgrant.domain.contact_flows import NamingFlow, flows_naming
from toolgrant.domain.evaluate import evaluate, grant_kinds
from toolgrant.domain.findings import Resolution
from toolgrant.domain.model import DRAFT, LATEST, Grant, GrantKind, QualifiedAgent, SecurityProfile
from toolgrant.domain.problems import JudgedQualifier
from toolgrant.domain.records import ON_RECORD, AgentKey, Edge, EdgeKind
from toolgrant.domain.requests import AgentRequest
from toolgrant.domain.service_limits import most
from toolgrant.domain.toolid import FlowModuleTool, GatewayTool, parse_tool_id
from toolgrant.errors import InvalidInput, NotFound, RequestRefused, ServiceUnavailable
from toolgrant.usecases.deps import Deps
from toolgrant.usecases.ports import Agents, Profiles, Store

ORCHESTRATION = "ORCHESTRATION"
LONGEST_TARGET = most("connect", "Applications[].Namespace")
"""Longest namespace or module id that exists; others no event can name."""


@dataclass(frozen=True)
class JudgedAgent:
    """An AI agent as it is now. `flows`: qualifier → contact flows that name it."""

    instance_id: str
    judged: tuple[JudgedQualifier, ...]
    flows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def first(self) -> QualifiedAgent:
        """The draft, or what there is in its place: it gives name and ARN."""
        return self.judged[0].result.agent

    @property
    def key(self) -> AgentKey:
        """Names the AI agent."""
        return AgentKey(self.first.assistant_id, self.first.ai_agent_id)

    @property
    def profile_ids(self) -> tuple[str, ...]:
        """The security profiles attached to any of its qualifiers, each once."""
        return tuple(
            dict.fromkeys(profile for judged in self.judged for profile in judged.profile_ids)
        )

    def qualifiers_with(self, profile_id: str) -> frozenset[str]:
        """The qualifiers that a security profile is attached to."""
        return frozenset(
            judged.qualifier for judged in self.judged if profile_id in judged.profile_ids
        )

    @property
    def not_there(self) -> dict[str, tuple[str, ...]]:
        """What contact flows name and the AI agent does not have."""
        there = {judged.qualifier for judged in self.judged}
        return {name: flows for name, flows in self.flows.items() if name not in there}

    @property
    def edges(self) -> frozenset[Edge]:
        """What events may name to mean this AI agent."""
        return frozenset(edge for edge in _edges(self) if len(edge.target) <= LONGEST_TARGET)


@dataclass(frozen=True)
class OutOfScope:
    """Why an AI agent is none of our business, and what becomes of findings it had."""

    reason: str
    resolution: Resolution = Resolution.NOT_JUDGED


@dataclass(frozen=True)
class AgentReader:
    """Reads and judges. `profiles` and `agents` keep their answers for one batch."""

    agents: Agents
    profiles: Profiles
    store: Store
    catalog: Catalog
    naming_flows: Callable[[], tuple[NamingFlow, ...]]

    def look(self, request: AgentRequest) -> JudgedAgent | OutOfScope:
        """As `read`; an AI agent that is gone is out of scope, too."""
        try:
            return self.read(request)
        except NotFound:
            return OutOfScope("the AI agent is gone", Resolution.AGENT_DELETED)

    def read(self, request: AgentRequest) -> JudgedAgent | OutOfScope:
        """All qualifiers of the requested AI agent. Raises NotFound if the agent is gone."""
        first = self._first(request)
        if first.type != ORCHESTRATION:
            return OutOfScope(f"AI agents of type {first.type} have no tools")
        observed = request.observed
        flows = flows_naming(request.key, self.naming_flows())
        live = frozenset((*(observed.live if observed else self._live(request.key)), *flows))
        if first.origin == "SYSTEM" and not live:
            return OutOfScope("a system AI agent that nothing uses")
        instance_id = self._instance(first, request)
        if instance_id is None:
            return OutOfScope(f"no Connect instance integrates assistant {first.assistant_id}")
        others = self._others(request, {LATEST, *live} - {DRAFT, first.qualifier})
        attached = [(agent, self._attached(instance_id, agent)) for agent in (first, *others)]
        if self._is_gone(instance_id, (ids for _, ids in attached)):
            return OutOfScope(f"Connect instance {instance_id} does not exist here")
        judged = (self._judge(instance_id, agent, ids or (), live) for agent, ids in attached)
        return JudgedAgent(instance_id, tuple(judged), flows)

    def profile_names(self, seen: JudgedAgent) -> dict[str, str]:
        """Id → name of the attached profiles, for an alert. One that is gone keeps its id."""
        return {profile: self._name(seen.instance_id, profile) for profile in seen.profile_ids}

    def _live(self, key: AgentKey) -> frozenset[str]:
        return self.agents.live(key.assistant_id).get(key.ai_agent_id, frozenset())

    def _first(self, request: AgentRequest) -> QualifiedAgent:
        """The draft; `$LATEST` of an AI agent that shows none. Neither: it is gone."""
        try:
            return self._one(request, DRAFT)
        except NotFound:
            return self._one(request, LATEST)

    def _others(self, request: AgentRequest, qualifiers: set[str]) -> Iterator[QualifiedAgent]:
        for qualifier in sorted(qualifiers):
            try:
                yield self._one(request, qualifier)
            except NotFound:
                continue  # never published, or the version was deleted

    def _one(self, request: AgentRequest, qualifier: str) -> QualifiedAgent:
        """What a list proved of this very qualifier, else asked for by its name."""
        observed = request.observed.agents if request.observed else ()
        seen = [agent for agent in observed if agent.qualifier == qualifier]
        return seen[0] if seen else self.agents.get(request.key, qualifier)

    def _instance(self, agent: QualifiedAgent, request: AgentRequest) -> str | None:
        """The agent's own instance, else the one that integrates its assistant."""
        if agent.instance_arn:
            return agent.instance_arn.rsplit("/", 1)[-1]
        if request.observed and request.instance_id:
            return request.instance_id
        remembered = self.store.instance_of(agent.assistant_id)
        if remembered is None:
            found = self._instances()
            self.store.remember_instances(found)
            remembered = found.get(agent.assistant_id)
        return remembered

    def _instances(self) -> Mapping[str, str]:
        try:
            return self.profiles.instances_by_assistant()
        except NotFound as error:  # an instance went away while listing; the AI agent did not
            raise ServiceUnavailable(str(error)) from error

    def _judge(
        self,
        instance_id: str,
        agent: QualifiedAgent,
        profile_ids: tuple[str, ...],
        live: frozenset[str],
    ) -> JudgedQualifier:
        kinds = grant_kinds([agent], self.catalog)
        profiles = [self._profile(instance_id, profile_id, kinds) for profile_id in profile_ids]
        result = evaluate(agent, profiles, self.catalog)
        return JudgedQualifier(result, agent.qualifier in live, profile_ids)

    def _attached(self, instance_id: str, agent: QualifiedAgent) -> tuple[str, ...] | None:
        """None where the instance or this version is unknown to Connect."""
        try:
            return self.profiles.attached(instance_id, agent.qualified_arn)
        except NotFound:
            return None

    def _is_gone(self, instance_id: str, attached: Iterable[tuple[str, ...] | None]) -> bool:
        """Whether the instance is what Connect does not know: the answer does not say which."""
        return None in attached and instance_id not in self.profiles.instances()

    def _profile(
        self, instance_id: str, profile_id: str, kinds: frozenset[GrantKind]
    ) -> SecurityProfile:
        """A deleted profile grants nothing; what a list holds that cannot be read is not known."""
        grants: set[Grant] = set()
        unread: set[GrantKind] = set()
        for kind in sorted(kinds):
            try:
                grants |= self.profiles.grants(instance_id, profile_id, kind)
            except NotFound:
                return SecurityProfile(profile_id, profile_id)
            except (InvalidInput, RequestRefused):
                unread.add(kind)
        return SecurityProfile(profile_id, profile_id, frozenset(grants), frozenset(unread))

    def _name(self, instance_id: str, profile_id: str) -> str:
        try:
            return self.profiles.name(instance_id, profile_id)
        except NotFound:
            return profile_id


def agent_reader(deps: Deps) -> AgentReader:
    """The reading half of `deps`."""
    return AgentReader(deps.agents, deps.profiles, deps.store, deps.catalog, deps.naming_flows)


def _edges(seen: JudgedAgent) -> Iterator[Edge]:
    yield ON_RECORD
    yield Edge(EdgeKind.INSTANCE, seen.instance_id)
    yield Edge(EdgeKind.ASSISTANT, seen.first.assistant_id)
    for judged in seen.judged:
        for profile_id in judged.profile_ids:
            yield Edge(EdgeKind.PROFILE, profile_id)
        for tool in judged.result.agent.tools:
            match parse_tool_id(tool.id or ""):
                case FlowModuleTool(module_id=module_id):
                    yield Edge(EdgeKind.FLOW_MODULE, module_id)
                case GatewayTool(namespace=namespace):
                    yield Edge(EdgeKind.APPLICATION, namespace)
