"""A clock that calls of the fakes cost: each API at the ceiling of the template, and an answer
takes its time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.cloud import NOON
from tests.fakes.fix_world import FixWorld

from toolgrant.adapters.aws import Pacer
from toolgrant.adapters.connect_cached import LISTS

ANSWER = 0.12
"""Seconds until Connect or Q in Connect answers."""

TABLE_ANSWER = 0.01
"""Seconds until the table, a queue or the topic answers."""

_APIS = {
    "agents.get": "get_ai_agent",
    "agents.live": "get_assistant",
    "profiles.attached": "list_entity_security_profiles",
    "profiles.name": "describe_security_profile",
    "profiles.instances": "list_integration_associations",
    "profiles.every_instance": "list_instances",
    "writer.describe": "describe_security_profile",
    "writer.people": "search_users",
    "writer.named": "list_security_profiles",
    "writer.replace": "update_security_profile",
    "writer.create": "create_security_profile",
    "writer.attach": "associate_security_profiles",
    "writer.detach": "disassociate_security_profiles",
}
"""Call of a port → the API that its adapter calls; lists go by their kind."""

_OURS = ("store.", "ledger.", "fixes.", "queue.", "notifier.", "flow_table.")


@dataclass
class Paced:
    """Lets a world's clock pass as its calls are made, `per_second` of each API."""

    world: FixWorld
    per_second: float
    apis: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.world.calls.on_call = self.made
        self.invoked()

    def invoked(self) -> None:
        """Another execution environment: nothing was called yet."""
        self.began = self.world.clock.now()
        self.apis.clear()
        self.pacer = Pacer(self.per_second, self._monotonic, self.world.clock.advance)

    def _monotonic(self) -> float:
        return (self.world.clock.now() - NOON).total_seconds()

    @property
    def seconds(self) -> float:
        """How long the invocation takes so far."""
        return (self.world.clock.now() - self.began).total_seconds()

    def made(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name.startswith(_OURS):
            self.world.clock.advance(TABLE_ANSWER)
            return
        api = LISTS[arguments[-1]] if name in ("profiles.grants", "writer.listed") else _APIS[name]
        self.apis[api] += 1
        self.pacer.wait(api)
        self.world.clock.advance(ANSWER)
