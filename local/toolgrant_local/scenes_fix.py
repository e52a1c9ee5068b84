"""The demo's scenes in mode `fix`."""

from __future__ import annotations

from collections.abc import Mapping

from toolgrant_local.scenes import Expected, Scene
from toolgrant_local.story import Stage
from toolgrant_local.story_fix import (
    agent_on_profile,
    order,
    permissions,
    remember_first,
    take_away,
)

PARAMETERS = {"Mode": "fix", "DedicatedProfiles": "approve"}


def _both(text: str) -> Mapping[str, str]:
    return {"GenerateNotes": text, "Retrieve": text}


def _look_and_remember(stage: Stage) -> None:
    remember_first(stage)
    stage.say(f"ListSecurityProfilePermissions: {', '.join(permissions(stage))}")


FIX_SCENES = (
    Scene(
        "An AI agent on a security profile that is opted in: toolgrant adds what is missing",
        agent_on_profile("returns"),
        (
            Expected("opened", _both("toolgrant adds permission:Wisdom.View")),
            Expected("fixed", _both("toolgrant undo")),
        ),
    ),
    Scene("What the security profile grants now", _look_and_remember, ()),
    Scene(
        "The same on a security profile that people hold: refused, with a proposal",
        agent_on_profile("billing", people=2),
        (Expected("opened", _both("held by people: 2, allowed: 0")),),
    ),
    Scene(
        "An operator looks at what approving the proposal would do",
        order("approve", "alert", "--dedicated", "--dry-run"),
        (),
    ),
    Scene(
        "An operator approves the proposal: a security profile of its own is made and attached",
        order("approve", "alert", "--dedicated"),
        (Expected("fixed", _both("granted")),),
    ),
    Scene(
        "The operator takes that back",
        order("undo", "change"),
        (
            Expected("changed", _both("took back")),
            Expected("reopened", _both("the breaker is open")),
        ),
    ),
    Scene(
        "Somebody takes away what toolgrant added in the first scene: no fight, the breaker opens",
        take_away,
        (Expected("reopened", _both("took away permission:Wisdom.View")),),
    ),
    Scene(
        "Paused: toolgrant still warns, and writes nothing",
        agent_on_profile("shipping", act=order("pause")),
        (Expected("opened", _both("toolgrant is paused")),),
    ),
    Scene("Writes may go on", order("resume"), ()),
)
