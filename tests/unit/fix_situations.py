"""Generated situations: what is allowed, with a few things changed; and, written from the design,
what forbids a write in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any

from tests.unit.conditions import (
    AGENT,
    ARN,
    BETA,
    DAY,
    EMPTY,
    FINDING,
    GAMMA,
    GAP,
    HOUR,
    NOW,
    OPENED,
    PROFILE,
    RULES,
    SECOND,
    SITUATION,
    TICK,
    apps,
    broken,
    changed,
    edited,
    refusal,
    tools,
)

from toolgrant.domain.fixing.rules import FixRules, Mode, Need, ProfileFacts, Situation
from toolgrant.domain.model import (
    Confidence,
    FindingKind,
    FindingState,
    Grant,
    GrantKind,
    Risk,
    Severity,
)
from toolgrant.domain.profile_lists import Entry

QUALIFIERS = ("$SAVED", "3", "5")
READ = [Grant(GrantKind.PERMISSION, f"N{number}.View") for number in range(6)]
RISKY = [
    Grant.parse(text)
    for text in ("permission:Cases.Edit", "mcp:shop/T", "flow-module:m", f"ai-agent:{ARN}")
]
MANY = [Grant(GrantKind.PERMISSION, f"M{number}.View") for number in range(21)]
BAD_FORM = [Grant.parse(text) for text in ("mcp:shop", "ai-agent:bare")]


@dataclass(frozen=True)
class Scene:
    """The needs of one AI agent, its profiles, the rules, and what holds now."""

    needs: tuple[Need, ...]
    profiles: tuple[ProfileFacts, ...]
    rules: FixRules
    situation: Situation


def some(rng: Random, things: Sequence[Any], least: int = 1) -> list[Any]:
    """At least so many of some things."""
    return rng.sample(things, rng.randint(least, len(things)))


def allowed(rng: Random) -> Scene:
    """A situation that nothing forbids; some of it may have to be approved."""
    rules = replace(
        RULES,
        mode=rng.choice([Mode.FIX] * 4 + [Mode.APPROVE]),
        automatic_risk=rng.choice(list(Risk)),
        association=rng.choice([Mode.APPROVE, Mode.FIX]),
        most_people=3,
        most_agents=2,
    )
    profiles = tuple(_profile(rng, number) for number in range(rng.randint(1, 3)))
    needs = [_need(rng, number) for number in range(rng.randint(1, 3))]
    if rng.random() < 0.4:
        found = replace(GAP, tool_name=f"profile:p{rng.randrange(len(profiles))}")
        needs.append(Need(found, dict.fromkeys(found.qualifiers, frozenset())))
    return Scene(tuple(needs), profiles, rules, SITUATION)


def _profile(rng: Random, number: int) -> ProfileFacts:
    return replace(
        PROFILE,
        id=f"p{number}",
        name=f"profile {number}",
        people=rng.randint(0, 3),
        others=frozenset(some(rng, [BETA, GAMMA], 0)),
        qualifiers=frozenset(some(rng, QUALIFIERS)),
    )


def _need(rng: Random, number: int) -> Need:
    pool = some(rng, READ + RISKY) if rng.random() < 0.4 else some(rng, READ)
    lacks = {name: frozenset(some(rng, pool)) for name in some(rng, QUALIFIERS)}
    found = replace(
        FINDING,
        id=f"f-{number}",
        tool_name=f"tool {number}",
        qualifiers=tuple(sorted(lacks)),
        missing=tuple(sorted(pool)),
        severity=rng.choice(list(Severity)),
        confidence=rng.choice([Confidence.DOCUMENTED, Confidence.OBSERVED]),
    )
    return Need(found, lacks)


# ------------------------------------------------------------------------- a few changes

Change = Callable[[Scene, Random], Scene]


def _needed(scene: Scene) -> list[Grant]:
    """What the needs lack, and something besides."""
    return [*(grant for need in scene.needs for grant in need.grants), READ[0]]


def _of_rules(scene: Scene, rng: Random) -> Scene:
    fields: dict[str, Any] = rng.choice(
        [
            {"mode": Mode.WARN},
            {"mode": Mode.APPROVE},
            {"least_confidence": Confidence.DOCUMENTED},
            {"automatic_risk": Risk.READ},
            {"most_people": 1},
            {"most_agents": 0},
            {"changes_per_hour": 2},
            {"association": Mode.WARN},
            {"stack": "that"},
            {"tag_value": "yes"},
        ]
    )
    return replace(scene, rules=replace(scene.rules, **fields))


def _of_moment(scene: Scene, rng: Random) -> Scene:
    subject = rng.choice(["agent", "beta", "p0", "p1", "f-0", GAP.id])
    what = rng.choice([*map(str, _needed(scene)), "profile:p0"])
    fields: dict[str, Any] = rng.choice(
        [
            {"paused": rng.choice([None, True])},
            {"muted": None},
            {"muted": frozenset({subject})},
            *[broken(name, what) for name in ("agent", "p0", subject)],
            {"swept_at": rng.choice([None, NOW - DAY, NOW - DAY - TICK, NOW + SECOND])},
        ]
    )
    return replace(scene, situation=replace(scene.situation, **fields))


def _of_need(scene: Scene, rng: Random) -> Scene:
    at = rng.randrange(len(scene.needs))
    need = scene.needs[at]
    only = frozenset(rng.choice([MANY, BAD_FORM, READ[:1], RISKY[:1]]))
    lacks = need.lacks if need.finding.kind is GAP.kind else dict.fromkeys(need.lacks, only)
    brought = frozenset(some(rng, READ + RISKY))
    kept = {name: grants - brought for name, grants in need.lacks.items()}
    changes: list[Callable[[], Need]] = [
        lambda: replace(need, altered=True),
        lambda: replace(need, lacks=lacks),
        lambda: replace(need, supplied=brought & frozenset(need.grants), lacks=kept),
        *(
            lambda fields=fields: replace(need, finding=replace(need.finding, **fields))  # type: ignore[misc]
            for fields in (
                {"state": rng.choice(list(FindingState))},
                {"confidence": rng.choice([None, *Confidence])},
                {"tool_id": "another"},
                {"opened_at": OPENED + SECOND},
                {"kind": FindingKind.UNKNOWN},
            )
        ),
    ]
    needs = list(scene.needs)
    needs[at] = rng.choice(changes)()
    return replace(scene, needs=tuple(needs))


def _names(count: int) -> tuple[Entry, ...]:
    return tuple(f"Held{number}" for number in range(count))


def _of_profile(scene: Scene, rng: Random) -> Scene:
    at = rng.randrange(len(scene.profiles))
    opt_in = {"toolgrant:auto-fix": "true"}
    fields: dict[str, Any] = rng.choice(
        [
            {"type": rng.choice([None, "AWS_MANAGED"])},
            {"tags": rng.choice([None, {}, {**opt_in, "toolgrant:stack": "that"}])},
            {"tags": {**opt_in, "toolgrant:stack": "this"}},
            {"people": rng.choice([None, 0, 3, 4])},
            {"others": rng.choice([None, frozenset({BETA, GAMMA, AGENT})])},
            {"lists": None},
            {"lists": {**EMPTY, GrantKind.PERMISSION: _names(rng.randint(492, 500))}},
            {"lists": {**EMPTY, GrantKind.MCP: tuple(apps(rng.randint(9, 10)))}},
            {"lists": {**EMPTY, GrantKind.MCP: (tools("shop", rng.randint(49, 50)),)}},
            {"qualifiers": frozenset(some(rng, QUALIFIERS, 0))},
            edited(rng.choice(["", "this", "that"])),
            changed(*[SECOND] * rng.randint(3, 6), HOUR, HOUR - TICK),
            refusal(rng.choice([DAY, HOUR]), rng.choice(_needed(scene))),
        ]
    )
    profiles = list(scene.profiles)
    profiles[at] = replace(profiles[at], **fields)
    return replace(scene, profiles=tuple(profiles))


def shaken(scene: Scene, rng: Random) -> Scene:
    """The same with up to three things changed, most often one."""
    for _ in range(rng.choice([0, 0, 1, 1, 1, 2, 2, 3])):
        change: Change = rng.choice([_of_rules, _of_moment, _of_need, _of_need, *[_of_profile] * 2])
        scene = change(scene, rng)
    return scene


# --------------------------------------------------------------------- what forbids a write


def forbidden(
    need: Need, profile: ProfileFacts, grants: Iterable[Grant], scene: Scene
) -> list[str]:
    """Why these grants must not be written to a profile, or, where there are none, why it must not
    be attached."""
    gap = need.finding.kind is FindingKind.ASSOCIATION_GAP
    whats = {str(grant) for grant in grants} or {f"profile:{profile.id}"}
    of_grants = [] if gap else _of_grants(need, profile, tuple(grants), scene)
    return [*_of_both(need, profile, whats, scene), *of_grants]


def _true(reasons: dict[str, bool]) -> list[str]:
    return [name for name, holds in reasons.items() if holds]


def _of_both(need: Need, profile: ProfileFacts, whats: set[str], scene: Scene) -> list[str]:
    rules, moment, finding = scene.rules, scene.situation, need.finding
    tags, gap = profile.tags or {}, finding.kind is FindingKind.ASSOCIATION_GAP
    subjects = {AGENT.ai_agent_id, profile.id}
    ages = [NOW - one.verified_at for one in profile.history.changes if one.verified_at]
    stacks = {edit.actor.stack for edit in profile.history.edits if edit.actor.stack}
    approval = moment.approval
    return _true(
        {
            "only warns": rules.mode is Mode.WARN or (gap and rules.association is Mode.WARN),
            "not settled": finding.state is not FindingState.OPEN,
            "paused": moment.paused is not False,
            "mutes unread": moment.muted is None,
            "muted": bool({finding.id, *subjects} & (moment.muted or set())),
            "breaker": any(b.subject in subjects and b.what in whats for b in moment.breakers),
            "unread": None in (profile.type, profile.tags, profile.lists),
            "not ours": profile.type != "CUSTOMER_MANAGED",
            "no opt-in": tags.get("toolgrant:auto-fix") != rules.tag_value,
            "another stack": tags.get("toolgrant:stack", rules.stack) != rules.stack,
            "another toolgrant": bool(stacks - {rules.stack}),
            "cap": sum(age < HOUR for age in ages) >= rules.changes_per_hour,
            "old approval": bool(approval and NOW - approval.at > 7 * DAY),
        }
    )


def _of_grants(
    need: Need, profile: ProfileFacts, grants: tuple[Grant, ...], scene: Scene
) -> list[str]:
    rules, moment, finding = scene.rules, scene.situation, need.finding
    ranks = {Confidence.DOCUMENTED: 0, Confidence.OBSERVED: 1, Confidence.INFERRED: 2}
    swept, approval = moment.swept_at, moment.approval
    shown = approval.repair if approval else None
    return _true(
        {
            "kind": finding.kind is not FindingKind.INSUFFICIENT,
            "nothing": not grants,
            "confidence": finding.confidence is None
            or ranks[finding.confidence] > ranks[rules.least_confidence],
            "altered": need.altered,
            "form": bool({*grants} & {*BAD_FORM}),
            "people": profile.people is None or profile.people > rules.most_people,
            "agents": profile.others is None or len(profile.others) > rules.most_agents,
            "not swept": swept is None or not timedelta() <= NOW - swept <= DAY,
            "more than shown": shown is not None
            and (
                (profile.people or 0) > shown.people
                or bool({*(profile.others or ())} - {*shown.others})
            ),
            "refused before": not approval
            and any(
                write.reason
                and NOW - (write.ended_at or NOW) < DAY
                and set(write.grants) & {*grants}
                for change in profile.history.changes
                for write in change.lists
                if write.before == profile.held(write.kind)
            )
            and moment.basis == "now",
        }
    )


def unasked(grants: Iterable[Grant], need: Need, rules: FixRules) -> bool:
    """Whether nobody has to approve."""
    if need.finding.kind is FindingKind.ASSOCIATION_GAP:
        return rules.mode is Mode.FIX and rules.association is Mode.FIX
    risky = [one for one in grants if not str(one).endswith(".View")]
    return rules.mode is Mode.FIX and (not risky or rules.automatic_risk is Risk.WRITE)


def fits(profile: ProfileFacts, grants: Iterable[Grant]) -> bool:
    """Whether a profile has room for all of these: 500 permissions, 10 applications with 50 tools
    each, 10 flow modules, 100 AI agents."""
    lists = profile.lists or EMPTY
    values: dict[GrantKind, set[str]] = {kind: set() for kind in GrantKind}
    for grant in grants:
        values[grant.kind].add(grant.value)
    known = {one["Namespace"]: set(one["ApplicationPermissions"]) for one in lists[GrantKind.MCP]}
    for value in values[GrantKind.MCP]:
        namespace, _, tool = value.partition("/")
        known.setdefault(namespace, set()).add(tool)
    permissions = {*lists[GrantKind.PERMISSION]} | values[GrantKind.PERMISSION]
    return (
        len(permissions) <= 500
        and len(known) <= 10
        and all(len(names) <= 50 for names in known.values())
        and len(lists[GrantKind.FLOW_MODULE]) + len(values[GrantKind.FLOW_MODULE]) <= 10
        and len(lists[GrantKind.AI_AGENT]) + len(values[GrantKind.AI_AGENT]) <= 100
    )
