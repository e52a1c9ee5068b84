"""Never a false SUFFICIENT: the promise that everything else stands on."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import MANY

from toolgrant.domain.catalog import packaged
from toolgrant.domain.evaluate import evaluate, grant_kinds
from toolgrant.domain.model import (
    Grant,
    GrantKind,
    QualifiedAgent,
    SecurityProfile,
    Tool,
    ToolResult,
    ToolType,
    Verdict,
)
from toolgrant.domain.texts import CLIP
from toolgrant_cli.snapshot import evaluate_snapshot, parse_snapshot

CATALOG = packaged()
MCP_IDS = [row.key for row in CATALOG.rows if row.requires]
UUIDS = ["0a1b2c3d-0000-4000-8000-00000000000a", "0a1b2c3d-0000-4000-8000-00000000000b"]
APPLICATION = "arn:aws:app-integrations:us-east-1:111122223333:application/Abc"


def made_up_ids(count: int) -> Iterator[str]:
    """Ids of gateway tools and flow modules, of words that differ from themselves in other case.
    Made once: to draw a letter at a time costs more than all that is tested."""
    random = Random(1)
    words = (
        "".join(random.choices("abcXYZ09-", k=random.randint(1, 8))) for _ in itertools.count()
    )
    telling = (word for word in words if word.swapcase() != word)
    for _ in range(count):
        yield f"gateway_gw-{next(telling)}__{next(telling)}___{next(telling)}"
    yield from (f"aws_custom_flows__{one}_{version}" for one in UUIDS for version in range(1, 10))


tool_ids = st.sampled_from(MCP_IDS) | st.sampled_from(list(made_up_ids(20_000)))
OTHERS: list[dict[str, Any]] = [{"toolType": "RETURN_TO_CONTROL"}, {"toolType": "CONSTANT"}]
entries = st.sampled_from(OTHERS) | tool_ids.map(
    lambda tool_id: {"toolType": "MODEL_CONTEXT_PROTOCOL", "toolId": tool_id}
)


def configured(entry: dict[str, Any], number: int) -> dict[str, Any]:
    return {"toolName": f"tool{number}", **entry}


def snapshot_of(tools: list[dict[str, Any]], targets: list[str]) -> dict[str, Any]:
    """An agent with these tools and one profile that holds exactly what they need."""
    multi = [{"handoffAgentConfiguration": {"agentTarget": {"applicationId": t}}} for t in targets]
    inner = {
        "toolConfigurations": [configured(tool, n) for n, tool in enumerate(tools)],
        "multiAgentConfigurations": multi,
    }
    agent = {"name": "a", "configuration": {"orchestrationAIAgentConfiguration": inner}}
    profile = {"SecurityProfile": {"Id": "p", "SecurityProfileName": "Agents"}}
    data = {"aiAgent": agent, "securityProfiles": [profile]}
    needed = {
        grant
        for tool in parse_snapshot(data).agent.tools
        for grant in CATALOG.requirement(tool).every
    }
    return {**data, "securityProfiles": [{**profile, **held(needed)}]}


def held(grants: set[Grant]) -> dict[str, Any]:
    """The four lists of a profile that holds exactly these grants, an entry for each."""
    values = {kind: sorted(g.value for g in grants if g.kind is kind) for kind in GrantKind}
    return {
        "Permissions": values[GrantKind.PERMISSION],
        "Applications": [
            {
                "Namespace": value.partition("/")[0],
                "ApplicationPermissions": [value.partition("/")[2]],
                "Type": "MCP",
            }
            for value in values[GrantKind.MCP]
        ],
        "AllowedFlowModules": [
            {"Type": "MCP", "FlowModuleId": value} for value in values[GrantKind.FLOW_MODULE]
        ],
        "AllowedAIAgents": [
            {"Type": "THIRD_PARTY", "Arn": value} for value in values[GrantKind.AI_AGENT]
        ],
    }


def spoil(lists: dict[str, Any], name: str, number: int, how: str) -> dict[str, Any] | None:
    """The lists with one entry spoiled; None where that would change nothing."""
    lists = copy.deepcopy(lists)
    entry = lists[name][number]
    if how == "removed":
        del lists[name][number]
    elif isinstance(entry, str):
        other = {"case": entry.swapcase(), "space": f"{entry} ", "prefix": entry[:-1]}.get(how)
        if other is None:
            return None
        lists[name][number] = other
    else:
        changed = _spoiled(entry, how)
        if changed is None or changed == entry:
            return None
        lists[name][number] = changed
    return lists


def _spoiled(entry: dict[str, Any], how: str) -> dict[str, Any] | None:
    main = next(key for key in ("ApplicationPermissions", "FlowModuleId", "Arn") if key in entry)
    value = entry[main][0] if main == "ApplicationPermissions" else entry[main]

    def with_value(new: str) -> dict[str, Any]:
        return {**entry, main: [new] if main == "ApplicationPermissions" else new}

    return {
        "type": {**entry, "Type": "THIRD_PARTY" if entry["Type"] == "MCP" else "MCP"},
        "no-type": {key: item for key, item in entry.items() if key != "Type"}
        if "Namespace" in entry
        else None,  # elsewhere an absent Type is the only legal one
        "namespace": {**entry, "Namespace": "another"} if "Namespace" in entry else None,
        "namespace-case": {**entry, "Namespace": entry["Namespace"].swapcase()}
        if "Namespace" in entry
        else None,
        "module": with_value("ffffffff-0000-4000-8000-000000000000"),
        "case": with_value(value.swapcase()),
        "space": with_value(f"{value} "),
        "prefix": with_value(value[:-1]),
        "empty": {**entry, "ApplicationPermissions": []} if "Namespace" in entry else None,
    }[how]


WAYS = [
    "removed",
    "type",
    "no-type",
    "namespace",
    "namespace-case",
    "module",
    "case",
    "space",
    "prefix",
    "empty",
]


@MANY
@given(
    st.lists(entries, min_size=1, max_size=5),
    st.lists(st.just(APPLICATION), max_size=1),
    st.sampled_from(WAYS),
    st.data(),
)
def test_a_single_spoiled_grant_is_never_sufficient(
    tools: list[dict[str, Any]], targets: list[str], how: str, data: st.DataObject
) -> None:
    snapshot = snapshot_of(tools, targets)
    assert evaluate_snapshot(parse_snapshot(snapshot), CATALOG).status is Verdict.SUFFICIENT
    (profile,) = snapshot["securityProfiles"]
    places = [
        (name, number)
        for name, entries in profile.items()
        if isinstance(entries, list)
        for number in range(len(entries))
    ]
    if not places:
        return
    spoiled = spoil(profile, *data.draw(st.sampled_from(places)), how)
    if spoiled is None:
        return

    result = evaluate_snapshot(parse_snapshot({**snapshot, "securityProfiles": [spoiled]}), CATALOG)

    assert result.status in (Verdict.INSUFFICIENT, Verdict.UNKNOWN)
    unsure = [one for one in result.tools if one.verdict is Verdict.UNKNOWN]
    assert all(CATALOG.requirement(one.tool).claims for one in unsure)
    assert all((one.verdict is Verdict.INSUFFICIENT) == bool(one.missing) for one in result.tools)


grants = st.sampled_from(
    [
        Grant(kind, value)
        for kind in GrantKind
        for value in ("Wisdom.View", "gw/t", "m", "Cases.View")
    ]
)
any_tools = st.builds(
    Tool,
    st.text(max_size=5),
    st.sampled_from([*ToolType, "OTHER", ""]),
    st.none() | tool_ids | st.text(max_size=20),
)


@MANY
@given(st.lists(any_tools, max_size=6), st.frozensets(grants), st.frozensets(grants))
def test_sufficient_means_that_every_required_grant_is_held_and_nothing_else(
    tools: list[Tool], first: frozenset[Grant], second: frozenset[Grant]
) -> None:
    agent = QualifiedAgent("a", "b", "$SAVED", "arn", "n", "ORCHESTRATION", tuple(tools))
    profiles = [SecurityProfile("1", "One", first), SecurityProfile("2", "Two", second)]

    result = evaluate(agent, profiles, CATALOG)

    assert [one.tool for one in result.tools] == tools  # the order of the configuration
    for one in result.tools:
        needs = CATALOG.requirement(one.tool)
        union = first | second
        missing = {
            grant
            for grant in needs.grants
            if grant not in union
            and not any(held.value.rsplit("/", 1)[-1] == grant.value for held in union)
        }
        assert set(one.required) == set(needs.grants)
        assert not one.missing or one.verdict is Verdict.INSUFFICIENT
        if not needs.claims:
            assert (one.verdict is Verdict.UNKNOWN) == needs.unknown
            assert (one.verdict is Verdict.SUFFICIENT) == (not needs.unknown and not one.missing)
            assert set(one.missing) >= missing
            assert set(one.granted_by) | set(one.missing) == set(needs.grants)
        assert grant_kinds([agent], CATALOG) >= {grant.kind for grant in needs.grants}


# --- in words


def verdicts(*tools: Tool, grants: tuple[str, ...] = ()) -> list[str]:
    agent = QualifiedAgent("a", "b", "$SAVED", "arn", "n", "ORCHESTRATION", tools)
    profile = SecurityProfile("p", "Agents", frozenset(Grant.parse(text) for text in grants))
    return [str(one.verdict) for one in evaluate(agent, [profile], CATALOG).tools]


def mcp(tool_id: str | None, name: str = "x") -> Tool:
    return Tool(name, ToolType.MODEL_CONTEXT_PROTOCOL, tool_id)


@pytest.mark.parametrize(
    ("tool", "grants", "verdict"),
    [
        (mcp("aws_service__qconnect_Retrieve"), ("permission:Wisdom.View",), "SUFFICIENT"),
        (mcp("aws_service__qconnect_Retrieve"), ("permission:wisdom.view",), "INSUFFICIENT"),
        (mcp("aws_service__qconnect_retrieve"), ("permission:Wisdom.View",), "UNKNOWN"),
        (mcp("aws_service__connectcases_UpdateCase"), ("permission:Cases.View",), "INSUFFICIENT"),
        (mcp("aws_service__connectcases_UpdateCase"), ("permission:Cases.Edit",), "INSUFFICIENT"),
        (
            mcp("aws_service__connectcases_UpdateCase"),
            ("permission:Cases.Create", "permission:Cases.View"),
            "INSUFFICIENT",
        ),
        (
            mcp("aws_service__connectcases_UpdateCase"),
            ("permission:Cases.Edit", "permission:Cases.View"),
            "SUFFICIENT",
        ),
        (mcp("gateway_gw__t___op"), ("mcp:gw/t___op",), "SUFFICIENT"),
        (mcp("gateway_gw__t___op"), ("mcp:gw/t__op",), "INSUFFICIENT"),
        (mcp("gateway_gw__t___op"), ("permission:gw/t___op",), "INSUFFICIENT"),
        (mcp("aws_custom_flows__m_1"), ("flow-module:m",), "SUFFICIENT"),
        (mcp("aws_custom_flows__m_2"), ("flow-module:m",), "SUFFICIENT"),
        (mcp("aws_custom_flows__m_1"), ("flow-module:m_1",), "INSUFFICIENT"),
        (mcp("aws_custom_analytics__get_dashboard_configuration"), (), "UNKNOWN"),
        (mcp("aws_custom_other__x"), (), "UNKNOWN"),
        (mcp(None), ("permission:Wisdom.View",), "UNKNOWN"),
        (Tool("Retrieve", "RETURN_TO_CONTROL", None), (), "SUFFICIENT"),
        (Tool("t", "AI_AGENT", "arn:x/app"), ("ai-agent:arn:x/app",), "SUFFICIENT"),
        (Tool("t", "AI_AGENT", "arn:x/app"), ("ai-agent:arn:y/app",), "INSUFFICIENT"),
        (Tool("t", "AI_AGENT", "arn:x/app"), ("ai-agent:app",), "INSUFFICIENT"),
        (Tool("t", "AI_AGENT", "app"), ("ai-agent:arn:x/app",), "SUFFICIENT"),
        (Tool("t", "AI_AGENT", "app"), ("ai-agent:arn:x/my-app",), "INSUFFICIENT"),
        (Tool("t", "AI_AGENT", "app"), ("mcp:gw/app",), "INSUFFICIENT"),
        (Tool("t", "AI_AGENT", None), ("ai-agent:arn:x/app",), "UNKNOWN"),
    ],
)
def test_grants_are_compared_exactly(tool: Tool, grants: tuple[str, ...], verdict: str) -> None:
    assert verdicts(tool, grants=grants) == [verdict]


def test_tools_that_share_an_id_or_a_name_are_judged_each_in_its_place() -> None:
    tools = (
        mcp("aws_service__qconnect_Retrieve", "A"),
        mcp("aws_service__qconnect_Retrieve", "B"),
        mcp("aws_service__connect_DescribeContact", "A"),
        mcp("nobody-knows", "B"),
    )

    assert verdicts(*tools, grants=("permission:Wisdom.View",)) == [
        "SUFFICIENT",
        "SUFFICIENT",
        "INSUFFICIENT",
        "UNKNOWN",
    ]


def test_profiles_add_up_and_each_holder_is_named_once() -> None:
    agent = QualifiedAgent(
        *("a", "b", "$SAVED", "arn", "n", "ORCHESTRATION"),
        tools=(mcp("aws_service__connectcases_UpdateCase"),),
    )
    view, edit = Grant.parse("permission:Cases.View"), Grant.parse("permission:Cases.Edit")
    profiles = [
        SecurityProfile("1", "One", frozenset({view})),
        SecurityProfile("2", "Two", frozenset({edit, view})),
        SecurityProfile("3", "One", frozenset({view})),
    ]

    (result,) = evaluate(agent, profiles, CATALOG).tools

    assert result.verdict is Verdict.SUFFICIENT
    assert result.granted_by == {view: ("One", "Two"), edit: ("Two",)}


def test_an_agent_without_tools_is_sufficient() -> None:
    agent = QualifiedAgent("a", "b", "$SAVED", "arn", "n", "ORCHESTRATION")

    assert evaluate(agent, [], CATALOG).status is Verdict.SUFFICIENT


def test_a_restricting_permission_is_an_advisory_and_changes_no_verdict() -> None:
    tool = mcp("aws_service__connect_StartTaskContact")
    plain, restricted = (
        evaluate(
            QualifiedAgent("a", "b", "$SAVED", "arn", "n", "ORCHESTRATION", (tool,)),
            [SecurityProfile("p", "P", frozenset(Grant.parse(text) for text in texts))],
            CATALOG,
        ).tools[0]
        for texts in (
            ("permission:BasicAgentAccess",),
            ("permission:BasicAgentAccess", "permission:RestrictTaskCreation.Access"),
        )
    )

    assert plain.verdict is restricted.verdict is Verdict.SUFFICIENT
    assert len(restricted.advisories) == len(plain.advisories) + 1


CASES = [Grant.parse("permission:Cases.View"), Grant.parse("permission:Cases.Edit")]
READ, UNREAD = frozenset[GrantKind](), frozenset({GrantKind.PERMISSION})


@pytest.mark.parametrize(
    ("held", "unread", "verdict", "missing"),
    [
        (CASES, READ, "SUFFICIENT", []),
        (CASES, UNREAD, "SUFFICIENT", []),
        (CASES[:1], READ, "INSUFFICIENT", CASES[1:]),
        (CASES[:1], UNREAD, "UNKNOWN", []),
        ([], UNREAD, "UNKNOWN", []),
        ([], frozenset({GrantKind.MCP}), "INSUFFICIENT", CASES),
    ],
)
def test_a_list_that_could_not_be_read_makes_unknown_what_no_other_profile_grants(
    held: list[Grant], unread: frozenset[GrantKind], verdict: str, missing: list[Grant]
) -> None:
    tool = Tool("Cases", ToolType.MODEL_CONTEXT_PROTOCOL, "aws_service__connectcases_UpdateCase")
    agent = QualifiedAgent("a", "b", "$SAVED", "arn", "n", "ORCHESTRATION", (tool,))
    profiles = [
        SecurityProfile("p", "Held", frozenset(held)),
        SecurityProfile("q", "Odd", frozenset(), unread),
    ]

    (result,) = evaluate(agent, profiles, CATALOG).tools

    assert (result.verdict, list(result.missing)) == (verdict, missing)
    assert result.required == tuple(CASES)
    if verdict == "UNKNOWN":
        assert result.reason == "could not be read: Odd (permission)"
        assert "Odd (permission)" in result.advisories[0].ja
        assert result.console_path is None


# --- where sources disagree

VIEW, EDIT, CREATE = (Grant.parse(f"permission:Cases.{box}") for box in ("View", "Edit", "Create"))
PAGES = ("ai-agent-security-profile-permissions.html", "assign-security-profile-cases.html")


def create_case(*profiles: SecurityProfile) -> ToolResult:
    tool = mcp("aws_service__connectcases_CreateCase")
    agent = QualifiedAgent("a", "b", "$SAVED", "arn", "n", "ORCHESTRATION", (tool,))
    return evaluate(agent, profiles, CATALOG).tools[0]


def holding(*grants: Grant, unread: frozenset[GrantKind] = READ) -> SecurityProfile:
    return SecurityProfile("p", "Agents", frozenset(grants), unread)


@pytest.mark.parametrize(
    ("held", "verdict", "missing"),
    [
        ((), "INSUFFICIENT", [VIEW, EDIT]),
        ((VIEW,), "INSUFFICIENT", [EDIT]),
        ((EDIT,), "INSUFFICIENT", [VIEW]),
        ((CREATE,), "INSUFFICIENT", [VIEW, EDIT]),
        ((EDIT, CREATE), "INSUFFICIENT", [VIEW]),
        ((VIEW, EDIT), "UNKNOWN", []),
        ((VIEW, CREATE), "UNKNOWN", []),
        ((VIEW, EDIT, CREATE), "SUFFICIENT", []),
    ],
    ids=lambda value: "+".join(grant.value for grant in value) if isinstance(value, tuple) else "",
)
def test_all_claims_met_is_sufficient_none_insufficient_and_some_unknown(
    held: tuple[Grant, ...], verdict: str, missing: list[Grant]
) -> None:
    result = create_case(holding(*held))

    assert (result.verdict, list(result.missing)) == (verdict, missing)
    assert result.required == (VIEW, EDIT)  # the best-known claim's
    assert set(result.granted_by) == set(held)
    assert result.disputed == set(missing) - {VIEW}


@pytest.mark.parametrize("held", [(VIEW,), (VIEW, EDIT), (VIEW, CREATE)])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_disputed_verdict_names_each_source_and_what_would_satisfy_all(
    held: tuple[Grant, ...], language: str
) -> None:
    result = create_case(holding(*held))
    every, *claims = [note.say(language) for note in result.advisories]

    assert [grant for grant in (VIEW, EDIT, CREATE) if str(grant) not in every] == []
    assert [page in claim for page, claim in zip(PAGES, claims, strict=True)] == [True, True]
    for claim, box in zip(claims, (EDIT, CREATE), strict=True):
        lacks = {"en": f"Not held: {box}.", "ja": f"未付与: {box}。"}[language]
        assert (lacks in claim) == (box not in held)
    assert "AWS page on AI agents" in result.reason
    assert "AWS page on Cases" in result.reason
    assert all(len(note) <= CLIP for note in (every, *claims))


def test_a_disputed_unknown_sends_nobody_to_a_box() -> None:
    assert create_case(holding(VIEW, EDIT)).console_path is None
    assert create_case(holding(VIEW)).console_path


def test_what_satisfies_every_source_says_nothing_of_the_dispute() -> None:
    assert create_case(holding(VIEW, EDIT, CREATE)).advisories == ()


def test_a_list_that_could_not_be_read_is_not_taken_for_a_dispute() -> None:
    odd = SecurityProfile("q", "Odd", unread=UNREAD)

    for held in ((), (VIEW,), (VIEW, EDIT)):
        result = create_case(holding(*held), odd)
        assert (result.verdict, result.missing) == ("UNKNOWN", ())
        assert result.reason == "could not be read: Odd (permission)"
    assert create_case(holding(VIEW, EDIT, CREATE), odd).verdict is Verdict.SUFFICIENT


@given(st.frozensets(st.sampled_from([VIEW, EDIT, CREATE])), st.booleans())
def test_one_more_grant_never_makes_a_verdict_worse(held: frozenset[Grant], read: bool) -> None:
    order = list(Verdict)
    profile = holding(*held, unread=READ if read else UNREAD)
    before = order.index(create_case(profile).verdict)

    for grant in (VIEW, EDIT, CREATE):
        more = replace(profile, grants=profile.grants | {grant})
        assert order.index(create_case(more).verdict) >= before
