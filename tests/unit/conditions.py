"""Every condition of a write as a table: what is written, the one change that must refuse it, and
the sentence that people read.

Written from the design (Fail closed; repair, approval, breaker, counting, sizes) and from the page
that an administrator signs, never from the tables of the policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from toolgrant.domain.causes import Actor
from toolgrant.domain.fixing.history import Breaker, ForeignEdit, ProfileHistory
from toolgrant.domain.fixing.ledger import ListState, ListWrite, ProfileChange
from toolgrant.domain.fixing.policy import Plan, plan
from toolgrant.domain.fixing.recheck import still_allowed
from toolgrant.domain.fixing.repair import Approval, Repair, RepairItem
from toolgrant.domain.fixing.rules import FixRules, Mode, Need, ProfileFacts, Situation
from toolgrant.domain.model import (
    Confidence,
    Finding,
    FindingKind,
    FindingState,
    Grant,
    GrantKind,
    Risk,
    Severity,
    Verdict,
)
from toolgrant.domain.profile_lists import Entry
from toolgrant.domain.records import AgentKey

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
OPENED = NOW - timedelta(minutes=5)
TICK, SECOND, HOUR, DAY = (timedelta(0, 0, 1), timedelta(0, 1), timedelta(0, 3600), timedelta(1))
AGENT, BETA, GAMMA = (AgentKey("assistant", name) for name in ("agent", "beta", "gamma"))
QUALIFIERS = ("$SAVED", "3")
VIEW, EDIT = Grant.parse("permission:Wisdom.View"), Grant.parse("permission:Cases.Edit")
CASES_VIEW = Grant.parse("permission:Cases.View")
OPT_IN = {"toolgrant:auto-fix": "true"}
EMPTY: Mapping[GrantKind, tuple[Entry, ...]] = dict.fromkeys(GrantKind, ())

FINDING = Finding(
    id="f-retrieve0",
    kind=FindingKind.INSUFFICIENT,
    state=FindingState.OPEN,
    severity=Severity.HIGH,
    tool_name="Retrieve",
    tool_id="aws_service__qconnect_Retrieve",
    tool_type="MODEL_CONTEXT_PROTOCOL",
    verdict=Verdict.INSUFFICIENT,
    qualifiers=QUALIFIERS,
    required=(VIEW,),
    missing=(VIEW,),
    confidence=Confidence.OBSERVED,
    opened_at=OPENED,
)
GAP = replace(
    FINDING,
    id="f-gap0000000",
    kind=FindingKind.ASSOCIATION_GAP,
    tool_name="profile:p1",
    tool_id=None,
    qualifiers=("3",),
    required=(),
    missing=(),
    confidence=None,
)


def lacking(*grants: Grant, on: Iterable[str] = QUALIFIERS) -> dict[str, frozenset[Grant]]:
    """Every qualifier lacks these."""
    return dict.fromkeys(on, frozenset(grants))


def granting(*texts: str) -> Need:
    """What the tool lacks, written `permission:Wisdom.View`."""
    grants = tuple(map(Grant.parse, texts))
    return Need(replace(FINDING, required=grants, missing=grants), lacking(*grants))


PROFILE = ProfileFacts(
    id="p1",
    name="agents",
    type="CUSTOMER_MANAGED",
    tags=OPT_IN,
    people=0,
    others=frozenset(),
    lists=EMPTY,
    qualifiers=frozenset(QUALIFIERS),
    history=ProfileHistory("p1"),
)


RULES = FixRules(mode=Mode.FIX, stack="this")
SITUATION = Situation(NOW, swept_at=NOW - HOUR, paused=False, muted=frozenset(), basis="now")


@dataclass(frozen=True)
class Moment:
    """One need of one AI agent, the profiles attached to it, the rules, and what holds now."""

    need: Need = field(default_factory=lambda: Need(FINDING, lacking(VIEW)))
    profiles: tuple[ProfileFacts, ...] = (PROFILE,)
    rules: FixRules = RULES
    situation: Situation = SITUATION

    def but(
        self,
        finding: Mapping[str, Any] | None = None,
        need: Mapping[str, Any] | None = None,
        profile: Mapping[str, Any] | None = None,
        **others: Any,
    ) -> Moment:
        """The same with other fields; those that are not named are of the rules or the moment."""
        found = replace(self.need.finding, **(finding or {}))
        rules = {name: value for name, value in others.items() if hasattr(self.rules, name)}
        rest = {name: value for name, value in others.items() if name not in rules}
        return Moment(
            replace(self.need, **{"finding": found, **(need or {})}),
            tuple(replace(one, **(profile or {})) for one in self.profiles),
            replace(self.rules, **rules),
            replace(self.situation, **rest),
        )

    def planned(self) -> Plan:
        """What the policy decides."""
        return plan(AGENT, [self.need], self.profiles, self.rules, self.situation)

    def announced(self) -> Repair:
        """What was told: all that the need lacks, on every qualifier, from the first profile."""
        found, profile = self.need.finding, self.profiles[0]
        item = RepairItem(
            found.id,
            OPENED,
            found.tool_name,
            found.tool_id,
            found.qualifiers,
            tuple(sorted(frozenset().union(*self.need.lacks.values()))),
        )
        return Repair("fix-0", AGENT, profile.id, profile.name, (item,), OPENED)

    def asked_again(self, announced: Repair) -> tuple[Repair, list[str]]:
        """What is still written of what was announced, and what is said of the rest."""
        needs, profile = {self.need.finding.id: self.need}, self.profiles[0]
        kept, refused = still_allowed(announced, needs, profile, self.rules, self.situation)
        return kept, [reason.text.en for one in refused for reason in one.refusals]


BASE = Moment()
BASE_GAP = Moment(
    Need(GAP, lacking(on=("3",))),
    (replace(PROFILE, qualifiers=frozenset({"$SAVED"})),),
    replace(RULES, association=Mode.FIX),
)


@dataclass(frozen=True)
class Condition:
    """`name` is what the policy calls it. `allowed` is written; `refused` differs from it in one
    thing and must not be. `when` names the steps that know it: planning, asking again before the
    write. `offered`: an operator may allow it, so planning offers it instead of refusing.
    `silent`: asked again it is no refusal, because the need itself is gone."""

    name: str
    allowed: Moment
    refused: Moment
    sentence: str
    when: frozenset[str] = frozenset({"plan", "again"})
    offered: bool = False
    silent: bool = False

    @property
    def gap(self) -> bool:
        """Whether it is about attaching a profile."""
        return self.allowed.need.finding.kind is FindingKind.ASSOCIATION_GAP


def row(name: str, sentence: str, base: Moment = BASE, **changes: Any) -> Condition:
    """A condition that both steps know, by what has to change in its base."""
    return Condition(name, base, base.but(**changes), sentence)


def full(kind: GrantKind, *entries: Entry) -> dict[str, Any]:
    """A profile with one of its lists like this."""
    return {"lists": {**EMPTY, kind: entries}}


def tools(namespace: str, count: int) -> Entry:
    """An application of Type MCP with so many tools."""
    names = [f"T{number}" for number in range(count)]
    return {"Namespace": namespace, "ApplicationPermissions": names, "Type": "MCP"}


def apps(count: int) -> list[Entry]:
    """So many applications with one tool each."""
    return [tools(f"n{number}", 1) for number in range(count)]


def change(number: int, *lists: ListWrite, age: timedelta = SECOND) -> ProfileChange:
    """A change of ours to the profile; a verified one unless its list says otherwise."""
    done = ListWrite(
        *(GrantKind.PERMISSION, (EDIT,)),
        state=ListState.DONE,
        read_at=NOW - age - SECOND,
        sent_at=NOW - age - SECOND,
        ended_at=NOW - age,
    )
    began = NOW - age - SECOND
    return ProfileChange(
        f"c-{number}", f"fix-{number}", "i", "p1", AGENT, (), began, lists=lists or (done,)
    )


def changed(*ages: timedelta) -> dict[str, Any]:
    """A profile that was changed by us so long ago, time by time."""
    changes = tuple(change(number, age=age) for number, age in enumerate(ages))
    return {"history": ProfileHistory("p1", changes)}


def refusal(
    age: timedelta = DAY - TICK,
    grant: Grant = VIEW,
    before: Iterable[Grant] = (),
    basis: str = "now",
) -> dict[str, Any]:
    """A profile into which the service refused to take a grant so long ago."""
    write = ListWrite(
        *(grant.kind, (grant,), frozenset(before), ListState.REFUSED),
        ended_at=NOW - age,
        reason="AccessDenied",
        basis=basis,
    )
    return {"history": ProfileHistory("p1", (change(1, write, age=age),))}


def attach_refusal(age: timedelta = DAY - TICK, agent: AgentKey = AGENT) -> dict[str, Any]:
    """A profile that the service refused to attach to an AI agent so long ago."""
    began = NOW - age
    made = ProfileChange("c-1", "fix-1", "i", "p1", agent, (), began, attach_reason="AccessDenied")
    return {"history": ProfileHistory("p1", (made,))}


def edited(stack: str) -> dict[str, Any]:
    """A profile that a role of this toolgrant stack, or of none, changed."""
    actor = Actor("AssumedRole", "role", "API", stack=stack)
    return {"history": ProfileHistory("p1", (), (ForeignEdit("e", "p1", NOW - DAY, actor),))}


def approval(
    age: timedelta = HOUR, people: int = 0, others: Iterable[AgentKey] = ()
) -> dict[str, Any]:
    """An operator approved what was announced, so long ago, when so many would have gained."""
    shown = replace(BASE.announced(), people=people, others=tuple(others))
    return {"approval": Approval(shown, "ann", NOW - age)}


def broken(subject: str, what: str = str(VIEW)) -> dict[str, Any]:
    """The breaker of an AI agent or a profile is open."""
    return {"breakers": frozenset({Breaker(subject, what, "c-1", "taken away", NOW - DAY)})}


def views(count: int) -> Need:
    """A tool that needs so many permissions which only read."""
    return granting(*(f"permission:N{number:02}.View" for number in range(count)))


MODULES = [{"Type": "MCP", "FlowModuleId": f"m{number}"} for number in range(10)]
ARN = "arn:aws:app-integrations:us-east-1:111122223333:application/a"
AGENTS = [{"Arn": f"{ARN}{number}", "Type": "THIRD_PARTY"} for number in range(100)]
NAMES = [f"N{number}.View" for number in range(500)]
ANYTHING = BASE.but(automatic_risk=Risk.WRITE)


def room(grant: str, kind: GrantKind, fits: list[Entry], over: list[Entry], name: str) -> Condition:
    """Both sides of a limit of a list."""
    base = replace(ANYTHING, need=granting(grant))
    allowed = base.but(profile=full(kind, *fits))
    return Condition(
        "room", allowed, base.but(profile=full(kind, *over)), f"agents: no room left: {name}"
    )


def form(good: str, bad: str) -> Condition:
    """A grant that says all that an entry of its list must say, and one that does not."""
    allowed, refused = (replace(ANYTHING, need=granting(text)) for text in (good, bad))
    sentence = (
        f"Amazon Connect does not take it in the form that is known ({bad}): names have 1 to 128 "
        "characters, an AI agent is named by its whole ARN. Correct the tool id in the AI agent, "
        "or grant it by hand"
    )
    return Condition("form", allowed, refused, sentence)


UNKNOWN_AGENTS = "agents: the AI agents on it are not known: no full sweep within 24 hours"
NOT_READ = "agents: not everything about it could be read"
NO_STOP = (
    "the emergency stop is missing or cannot be read as true or false. To let writes begin, "
    "make it: aws ssm put-parameter --name /toolgrant/this/emergency-stop --type String "
    "--value false"
)
TAKEN = "the breaker is open: permission:Wisdom.View was added before and then taken away or undone"
TAKEN_HERE = (
    "agents: the breaker is open on this security profile: permission:Wisdom.View was given before "
    "and then taken away or undone"
)
MORE = "agents: more would gain than the alert showed (people: {}, other AI agents: {})"
REFUSED = "agents: the service refused it within the last 24 hours (AccessDenied)"
ANY_MOMENT = [  # of a grant and of an attachment
    ("mode", "the stack only warns (Mode)", {"mode": Mode.WARN}),
    *(
        ("state", "not settled yet", {"finding": {"state": state}})
        for state in FindingState
        if state is not FindingState.OPEN
    ),
    ("paused", "toolgrant is paused", {"paused": True}),
    ("pause-unreadable", NO_STOP, {"paused": None}),
    ("mutes-unreadable", "mutes cannot be read", {"muted": None}),
    ("muted", "the finding or the AI agent is muted", {"muted": frozenset({"agent"})}),
    ("facts", NOT_READ, {"profile": {"type": None}}),
    ("facts", NOT_READ, {"profile": {"lists": None}}),
    (
        "managed",
        "agents: not yours to edit (Type AWS_MANAGED)",
        {"profile": {"type": "AWS_MANAGED"}},
    ),
    *(
        (
            "opted-in",
            "agents: no opt-in: tag toolgrant:auto-fix is not true",
            {"profile": {"tags": t}},
        )
        for t in ({}, {"toolgrant:auto-fix": "True"}, {"Toolgrant:auto-fix": "true"})
    ),
    ("opted-in", "agents: no opt-in: tag toolgrant:auto-fix is not yes", {"tag_value": "yes"}),
    (
        "owned",
        "agents: another stack writes to it (toolgrant:stack = that)",
        {"profile": {"tags": {**OPT_IN, "toolgrant:stack": "that"}}},
    ),
    (
        "another-toolgrant",
        "agents: another toolgrant wrote to it: that",
        {"profile": edited("that")},
    ),
    ("profile-muted", "agents: muted", {"muted": frozenset({"p1"})}),
    ("cap", "agents: changed too often within an hour (at most 2)", {"changes_per_hour": 2}),
]
CHANGED_TWICE = changed(HOUR - TICK, SECOND)


def _any_moment(base: Moment) -> list[Condition]:
    base = base.but(profile=CHANGED_TWICE)
    rows = [row(name, sentence, base, **changes) for name, sentence, changes in ANY_MOMENT]
    muted = frozenset({base.need.finding.id})
    return [*rows, row("muted", "the finding or the AI agent is muted", base, muted=muted)]


def _old(base: Moment) -> Condition:
    allowed, refused = (base.but(**approval(age)) for age in (7 * DAY, 7 * DAY + TICK))
    return Condition("approval-old", allowed, refused, "the approval is older than 7 days")


def _pair(name: str, sentence: str, allowed: Moment, refused: Moment, **more: Any) -> Condition:
    return Condition(name, allowed, refused, sentence, **more)


CROWD = BASE.but(most_people=9, most_agents=9)
SHOWN = approval(people=2, others=(BETA,))
AGAIN = frozenset({"again"})
APPROVAL = "it needs an approval"

CONDITIONS: tuple[Condition, ...] = (
    *_any_moment(BASE),
    *_any_moment(BASE_GAP),
    _old(BASE),
    _old(BASE_GAP),
    row("kind", "not a missing grant", finding={"kind": FindingKind.UNKNOWN}),
    row("kind", "not a missing grant", finding={"kind": FindingKind.REFUSED_SAVE}),
    row(
        "confidence",
        "what the tool needs is inferred, at least observed is asked for",
        finding={"confidence": Confidence.INFERRED},
    ),
    row(
        "confidence",
        "what the tool needs is -, at least observed is asked for",
        finding={"confidence": None},
    ),
    row(
        "confidence",
        "what the tool needs is observed, at least documented is asked for",
        BASE.but(least_confidence=Confidence.OBSERVED),
        least_confidence=Confidence.DOCUMENTED,
    ),
    form(f"ai-agent:{ARN}", "ai-agent:bare-id"),
    form("mcp:shop/GetOrder", "mcp:shop"),
    form("mcp:shop/GetOrder", "mcp:shop/"),
    form("mcp:shop/GetOrder", "mcp:/GetOrder"),
    form(f"mcp:{'n' * 128}/GetOrder", f"mcp:{'n' * 129}/GetOrder"),
    form(f"mcp:shop/{'t' * 128}", f"mcp:shop/{'t' * 129}"),
    form(f"flow-module:{'m' * 128}", f"flow-module:{'m' * 129}"),
    form(f"permission:{'p' * 128}", f"permission:{'p' * 129}"),
    row(
        "altered",
        "a name or value of it had to be cleaned to be kept on record, and is not what the service "
        "has",
        need={"altered": True},
    ),
    replace(
        row(
            "gap",
            "permission:Wisdom.View comes with a security profile that the live version lacks: "
            "attach that one",
            need={"lacks": lacking(), "supplied": frozenset({VIEW})},
        ),
        silent=True,
    ),
    replace(
        row(
            "disputed",
            "sources disagree on whether the tool needs permission:Wisdom.View: only what they "
            "share is ever added",
            need={"lacks": lacking(), "disputed": frozenset({VIEW})},
        ),
        silent=True,
    ),
    row("breaker", TAKEN, BASE.but(**broken("beta")), **broken("agent")),
    row("breaker", TAKEN, BASE.but(**broken("agent", str(EDIT))), **broken("agent")),
    row("profile-breaker", TAKEN_HERE, BASE.but(**broken("p2")), **broken("p1")),
    row("profile-breaker", TAKEN_HERE, BASE.but(**broken("p1", str(EDIT))), **broken("p1")),
    row("attached", "agents: not attached to $SAVED, 3", profile={"qualifiers": frozenset({"7"})}),
    row("people-unknown", "agents: its holders could not be counted", profile={"people": None}),
    row("people", "agents: held by people: 1, allowed: 0", profile={"people": 1}),
    row(
        "people",
        "agents: held by people: 4, allowed: 3",
        BASE.but(most_people=3, profile={"people": 3}),
        profile={"people": 4},
    ),
    row(
        "agents-unknown",
        UNKNOWN_AGENTS,
        BASE.but(swept_at=NOW - DAY),
        swept_at=NOW - DAY - TICK,
    ),
    row("agents-unknown", UNKNOWN_AGENTS, BASE.but(swept_at=NOW), swept_at=NOW + TICK),
    row("agents-unknown", UNKNOWN_AGENTS, swept_at=None),
    row("agents-unknown", UNKNOWN_AGENTS, profile={"others": None}),
    row(
        "agents",
        "agents: attached to other AI agents: 1, allowed: 0",
        profile={"others": frozenset({BETA})},
    ),
    row(
        "agents",
        "agents: attached to other AI agents: 2, allowed: 1",
        BASE.but(most_agents=1, profile={"others": frozenset({BETA})}),
        profile={"others": frozenset({BETA, GAMMA})},
    ),
    *(
        row(
            "more-than-shown",
            MORE.format(people, len(others)),
            CROWD.but(**SHOWN, profile={"people": 2, "others": frozenset({BETA})}),
            profile={"people": people, "others": frozenset(others)},
        )
        for people, others in ((3, {BETA}), (2, {BETA, GAMMA}), (2, {GAMMA}))
    ),
    *(
        row("refused-before", REFUSED, BASE.but(profile=allowed), profile=refusal())
        for allowed in (
            refusal(age=DAY),
            refusal(grant=EDIT),
            refusal(before=(EDIT,)),
            refusal(basis="then"),
        )
    ),
    row(
        "refused-before",
        REFUSED,
        BASE.but(profile=refusal(), **approval()),
        approval=None,
    ),
    row("refused-before", REFUSED, BASE.but(profile=refusal(), basis=None), basis="now"),
    row(
        "cap",
        "agents: changed too often within an hour (at most 5)",
        BASE.but(profile=changed(HOUR, *[SECOND] * 4)),
        profile=changed(HOUR - TICK, *[SECOND] * 4),
    ),
    room("permission:X.View", GrantKind.PERMISSION, NAMES[:499], NAMES, "permission"),
    room("mcp:shop/T", GrantKind.MCP, apps(9), apps(10), "mcp"),
    room("mcp:shop/T", GrantKind.MCP, [tools("shop", 49)], [tools("shop", 50)], "shop"),
    room("mcp:n0/More", GrantKind.MCP, apps(10), [tools("n0", 50), *apps(10)[1:]], "n0"),
    room("flow-module:m", GrantKind.FLOW_MODULE, MODULES[:9], MODULES, "flow-module"),
    room(f"ai-agent:{ARN}", GrantKind.AI_AGENT, AGENTS[:99], AGENTS, "ai-agent"),
    # --- what an operator may allow
    _pair("approval", APPROVAL, BASE, BASE.but(mode=Mode.APPROVE), offered=True),
    _pair(
        "approval",
        APPROVAL,
        BASE.but(mode=Mode.APPROVE, **approval()),
        BASE.but(mode=Mode.APPROVE),
        offered=True,
    ),
    *(
        _pair(
            "approval",
            APPROVAL,
            replace(ANYTHING, need=granting(text)),
            replace(BASE, need=granting(text)),
            offered=True,
        )
        for text in (str(EDIT), "mcp:shop/T", "flow-module:m", f"ai-agent:{ARN}")
    ),
    _pair("approval", APPROVAL, BASE_GAP, BASE_GAP.but(mode=Mode.APPROVE), offered=True),
    _pair("approval", APPROVAL, BASE_GAP, BASE_GAP.but(association=Mode.APPROVE), offered=True),
    _pair(
        "many",
        "more than 20 grants at once need an approval",
        replace(BASE, need=views(20)),
        replace(BASE, need=views(21)),
        offered=True,
    ),
    _pair(
        "many",
        "more than 20 grants at once need an approval",
        replace(BASE, need=views(21)).but(**approval()),
        replace(BASE, need=views(21)),
        when=AGAIN,
    ),
    # --- what only planning, or only asking again, can know
    _pair(
        "no-profile",
        "no security profile is attached",
        BASE,
        replace(BASE, profiles=()),
        when=frozenset({"plan"}),
    ),
    *(
        _pair(
            "moved-on",
            "the finding is another one since: opened again, or with another tool id",
            BASE,
            BASE.but(finding=moved),
            when=AGAIN,
        )
        for moved in ({"opened_at": OPENED + TICK}, {"tool_id": "aws_service__other"})
    ),
    # --- of attachments
    row(
        "breaker",
        "the breaker is open: profile:p1 was added before and then taken away or undone",
        BASE_GAP.but(**broken("beta", "profile:p1")),
        **broken("agent", "profile:p1"),
    ),
    row(
        "profile-breaker",
        "agents: the breaker is open on this security profile: profile:p1 was given before and "
        "then taken away or undone",
        BASE_GAP.but(**broken("p2", "profile:p1")),
        **broken("p1", "profile:p1"),
    ),
    *(
        row("refused-before", REFUSED, BASE_GAP.but(profile=allowed), profile=attach_refusal())
        for allowed in (attach_refusal(age=DAY), attach_refusal(agent=BETA))
    ),
    row(
        "refused-before",
        REFUSED,
        BASE_GAP.but(profile=attach_refusal(), **approval()),
        approval=None,
    ),
    row(
        "association-off",
        "agents: association gaps are not fixed (AssociationGaps)",
        BASE_GAP,
        association=Mode.WARN,
    ),
)
