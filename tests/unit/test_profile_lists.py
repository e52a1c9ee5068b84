"""The four lists of a security profile: what goes in and out, what stays, how long they may get.

Shapes, types and limits are those of the connect service model.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import SOME

from toolgrant.domain.model import Grant, GrantKind
from toolgrant.domain.profile_lists import full_lists, granted, with_grants, without_grants
from toolgrant.errors import InvalidInput

PERMISSION, MCP, MODULE, AI_AGENT = GrantKind
ARN = "arn:aws:app-integrations:us-east-1:111122223333:application/a1"
Entries = Sequence[Any]


def grants(*texts: str) -> list[Grant]:
    return [Grant.parse(text) for text in texts]


def app(namespace: str, *tools: str, kind: str | None = "MCP", **more: Any) -> dict[str, Any]:
    """An entry of Applications."""
    entry = {"Namespace": namespace, "ApplicationPermissions": list(tools), **more}
    return {**entry, "Type": kind} if kind else entry


def module(value: str, kind: str | None = "MCP", **more: Any) -> dict[str, Any]:
    return {"FlowModuleId": value, **more} | ({"Type": kind} if kind else {})


def agent(value: str, kind: str | None = "THIRD_PARTY", **more: Any) -> dict[str, Any]:
    return {"Arn": value, **more} | ({"Type": kind} if kind else {})


THIRD = app("shop", "ACCESS", kind="THIRD_PARTY_APPLICATION")

# kind, list before, grants, list with them
ADDED: list[tuple[GrantKind, Entries, list[str], Entries]] = [
    (PERMISSION, [], ["permission:A"], ["A"]),
    (PERMISSION, ["Z", "A"], ["permission:M"], ["Z", "A", "M"]),
    (MODULE, [module("m1")], ["flow-module:m2"], [module("m1"), module("m2")]),
    (MODULE, [module("m1", New=[1])], ["flow-module:m2"], [module("m1", New=[1]), module("m2")]),
    (AI_AGENT, [agent("x")], [f"ai-agent:{ARN}"], [agent("x"), agent(ARN)]),
    # an entry without Type stays so
    (MODULE, [module("m1", None)], ["flow-module:m2"], [module("m1", None), module("m2")]),
    (AI_AGENT, [agent("x", None)], [f"ai-agent:{ARN}"], [agent("x", None), agent(ARN)]),
    (MCP, [], ["mcp:shop/t"], [app("shop", "t")]),
    (MCP, [], ["mcp:shop/t___a-b/c"], [app("shop", "t___a-b/c")]),
    (MCP, [app("shop", "z")], ["mcp:shop/a"], [app("shop", "z", "a")]),
    (MCP, [app("shop", "z", New=1)], ["mcp:shop/a"], [app("shop", "z", "a", New=1)]),
    (
        MCP,
        [app("bank", "b"), app("shop", "z"), app("zoo", "c")],
        ["mcp:shop/a"],
        [app("bank", "b"), app("shop", "z", "a"), app("zoo", "c")],
    ),
    (MCP, [app("shop", "z")], ["mcp:Shop/z"], [app("shop", "z"), app("Shop", "z")]),
    # what is no MCP entry does not grant a tool and takes none: it is not ours to touch
    (MCP, [THIRD], ["mcp:shop/a"], [THIRD, app("shop", "a")]),
    (
        MCP,
        [app("shop", "a", kind=None)],
        ["mcp:shop/a"],
        [app("shop", "a", kind=None), app("shop", "a")],
    ),
]


@pytest.mark.parametrize(("kind", "entries", "texts", "after"), ADDED)
def test_grants_are_added_and_nothing_else_changes(
    kind: GrantKind, entries: Entries, texts: list[str], after: Entries
) -> None:
    kept = deepcopy(entries)
    assert with_grants(kind, entries, grants(*texts)) == tuple(after)
    assert entries == kept  # values in, values out
    assert without_grants(kind, after, grants(*texts)) == tuple(entries)


@pytest.mark.parametrize(
    ("kind", "entries", "text"),
    [
        (PERMISSION, ["B", "A"], "permission:A"),
        (MCP, [THIRD, app("shop", "b", "a")], "mcp:shop/a"),
        (MODULE, [module("m1")], "flow-module:m1"),
        (MODULE, [module("m1", None)], "flow-module:m1"),
        (AI_AGENT, [agent(ARN)], f"ai-agent:{ARN}"),
        (AI_AGENT, [agent(ARN, None)], f"ai-agent:{ARN}"),
    ],
)
def test_what_is_held_is_not_added_again(kind: GrantKind, entries: Entries, text: str) -> None:
    assert with_grants(kind, entries, grants(text, text)) == tuple(entries)


def test_a_grant_that_is_named_twice_is_added_once() -> None:
    assert with_grants(PERMISSION, (), grants("permission:A", "permission:A")) == ("A",)
    assert with_grants(MCP, (), grants("mcp:s/a", "mcp:s/a")) == (app("s", "a"),)


def test_tools_of_one_namespace_share_an_entry() -> None:
    (entry,) = with_grants(MCP, (), grants("mcp:shop/a", "mcp:shop/b"))
    assert sorted(entry["ApplicationPermissions"]) == ["a", "b"]


# kind, list before, grants, list without them
TAKEN: list[tuple[GrantKind, Entries, list[str], Entries]] = [
    (PERMISSION, ["Z", "A", "M"], ["permission:A"], ["Z", "M"]),
    (PERMISSION, ["A"], ["permission:a", "permission:B"], ["A"]),
    (MODULE, [module("m1"), module("m2")], ["flow-module:m1"], [module("m2")]),
    (AI_AGENT, [agent(ARN), agent("x", New=1)], [f"ai-agent:{ARN}"], [agent("x", New=1)]),
    (MODULE, [module("m1", None), module("m2")], ["flow-module:m2"], [module("m1", None)]),
    (MODULE, [module("m1", None), module("m2")], ["flow-module:m1"], [module("m2")]),
    (AI_AGENT, [agent(ARN, None), agent("x")], [f"ai-agent:{ARN}"], [agent("x")]),
    (MCP, [app("shop", "z", "a", "b", New=1)], ["mcp:shop/a"], [app("shop", "z", "b", New=1)]),
    # an application without a tool is not allowed: the whole entry goes
    (MCP, [app("bank", "a"), app("shop", "a")], ["mcp:shop/a"], [app("bank", "a")]),
    (MCP, [app("shop", "a", "b")], ["mcp:shop/a", "mcp:shop/b"], []),
    (MCP, [app("shop", "a")], ["mcp:shop/b", "mcp:bank/a"], [app("shop", "a")]),
    (MCP, [THIRD, app("shop", "a")], ["mcp:shop/ACCESS", "mcp:shop/a"], [THIRD]),
]


@pytest.mark.parametrize(("kind", "entries", "texts", "after"), TAKEN)
def test_grants_are_taken_and_nothing_else_changes(
    kind: GrantKind, entries: Entries, texts: list[str], after: Entries
) -> None:
    kept = deepcopy(entries)
    assert without_grants(kind, entries, grants(*texts)) == tuple(after)
    assert entries == kept


@pytest.mark.parametrize(
    ("kind", "entries", "held"),
    [
        (PERMISSION, ["A", "B"], ["permission:A", "permission:B"]),
        (MCP, [app("shop", "a", "b")], ["mcp:shop/a", "mcp:shop/b"]),
        (MCP, [THIRD, app("shop", "a", kind=None), app("shop", "a", kind="mcp")], []),
        (MODULE, [module("m1")], ["flow-module:m1"]),
        (
            MODULE,
            [module("m1", None), module("m2") | {"Type": None}],
            ["flow-module:m1", "flow-module:m2"],
        ),
        (
            MODULE,
            [module("m1", "mcp"), module("m2", "THIRD_PARTY"), module("m3") | {"Type": ""}],
            [],
        ),
        (
            AI_AGENT,
            [agent(ARN), agent("x", "FIRST_PARTY"), agent("y") | {"Type": ""}],
            [f"ai-agent:{ARN}"],
        ),
        (AI_AGENT, [agent(ARN, None)], [f"ai-agent:{ARN}"]),
    ],
)
def test_the_grants_of_one_list(kind: GrantKind, entries: Entries, held: list[str]) -> None:
    assert granted(kind, entries) == set(grants(*held))


@pytest.mark.parametrize(
    ("kind", "entries", "field"),
    [
        (PERMISSION, ["A", {}], "$.Permissions[1]"),
        (MCP, ["shop"], "$.Applications[0]"),
        (MCP, [app("s") | {"ApplicationPermissions": "a"}], "$.Applications[0]."),
        (MODULE, [module("m"), "m"], "$.AllowedFlowModules[1]"),
        (AI_AGENT, [agent("x") | {"Arn": 1}], "$.AllowedAIAgents[0].Arn"),
    ],
)
def test_entries_of_another_shape_are_refused_by_their_place(
    kind: GrantKind, entries: Entries, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        granted(kind, entries)
    assert refused.value.field.startswith(field)


# ------------------------------------------------------------------------------------ whatever list

WORDS = st.text("ab-_.", min_size=1, max_size=3)
MORE = st.dictionaries(st.sampled_from(["New", "Other"]), st.integers(), max_size=2)
KINDS = st.sampled_from(["MCP", "THIRD_PARTY_APPLICATION", None])
LISTED: dict[GrantKind, st.SearchStrategy[Any]] = {
    PERMISSION: WORDS,
    MCP: st.builds(
        lambda name, tools, kind, more: app(name, *tools, kind=kind, **more),
        WORDS,
        st.lists(WORDS, min_size=1, max_size=4),
        KINDS,
        MORE,
    ),
    MODULE: st.builds(lambda value, kind, more: module(value, kind, **more), WORDS, KINDS, MORE),
    AI_AGENT: st.builds(
        lambda value, kind, more: agent(value, kind, **more),
        WORDS,
        st.sampled_from(["THIRD_PARTY", "FIRST_PARTY", None]),
        MORE,
    ),
}


@st.composite
def lists_and_grants(draw: st.DrawFn) -> tuple[GrantKind, list[Any], set[Grant]]:
    kind = draw(st.sampled_from(GrantKind))
    values = st.builds("{}/{}".format, WORDS, WORDS) if kind is MCP else WORDS
    wanted = draw(st.lists(st.builds(Grant, st.just(kind), values), max_size=5))
    return kind, draw(st.lists(LISTED[kind], max_size=5)), set(wanted)


@SOME
@given(lists_and_grants())
def test_only_the_wanted_grants_go_in_and_out(
    case: tuple[GrantKind, list[Any], set[Grant]],
) -> None:
    kind, entries, wanted = case
    held = granted(kind, entries)
    more = with_grants(kind, entries, wanted)
    assert granted(kind, more) == held | wanted
    assert without_grants(kind, more, wanted - held) == tuple(entries)
    assert granted(kind, without_grants(kind, entries, wanted)) == held - wanted


# --------------------------------------------------------------------------------------------- room

FIFTY = [f"mcp:shop/{number}" for number in range(50)]


def permissions(count: int) -> dict[GrantKind, Entries]:
    return {PERMISSION: [f"Held{number}" for number in range(count)]}


def apps(count: int, **more: int) -> dict[GrantKind, Entries]:
    """So many applications of Type MCP; those that are named have so many tools."""
    named = [app(name, *map(str, range(tools))) for name, tools in more.items()]
    rest = [app(f"other{number}", "t") for number in range(count - len(named))]
    return {MCP: [*named, *rest]}


def modules(count: int) -> dict[GrantKind, Entries]:
    return {MODULE: [module(f"held{number}") for number in range(count)]}


def agents(count: int) -> dict[GrantKind, Entries]:
    return {AI_AGENT: [agent(f"held{number}") for number in range(count)]}


@pytest.mark.parametrize(
    ("lists", "texts", "full"),
    [
        (permissions(499), ["permission:A"], set()),
        (permissions(500), ["permission:A"], {"permission"}),
        (permissions(499), ["permission:A", "permission:B"], {"permission"}),
        (modules(9), ["flow-module:m"], set()),
        (modules(10), ["flow-module:m"], {"flow-module"}),
        (agents(99), [f"ai-agent:{ARN}"], set()),
        (agents(100), [f"ai-agent:{ARN}"], {"ai-agent"}),
        (apps(9), ["mcp:shop/a", "mcp:shop/b"], set()),
        (apps(9), ["mcp:shop/a", "mcp:bank/b"], {"mcp"}),
        (apps(10, shop=49), ["mcp:shop/a"], set()),
        (apps(10, shop=50), ["mcp:shop/a"], {"shop"}),
        (apps(10, shop=50), ["mcp:shop/a", "mcp:bank/a"], {"shop", "mcp"}),
        ({}, FIFTY, set()),
        ({}, [*FIFTY, "mcp:shop/more"], {"shop"}),
        (permissions(500) | modules(10), [f"ai-agent:{ARN}"], set()),
        (
            permissions(500) | modules(10),
            ["permission:A", "flow-module:m"],
            {"permission", "flow-module"},
        ),
        # what is held already needs no room
        (permissions(500), ["permission:Held7"], set()),
        (permissions(500), ["permission:Held7", "permission:A"], {"permission"}),
        (apps(10, shop=50), ["mcp:shop/7"], set()),
        (modules(10), ["flow-module:held3"], set()),
        # entries that grant no tool take room too, and share none
        ({MCP: [THIRD, *apps(8)[MCP]]}, ["mcp:shop/a"], set()),
        ({MCP: [THIRD, *apps(9)[MCP]]}, ["mcp:shop/a"], {"mcp"}),
    ],
)
def test_lists_that_have_no_room(
    lists: dict[GrantKind, Entries], texts: list[str], full: set[str]
) -> None:
    assert set(full_lists(grants(*texts), lists)) == full


@SOME
@given(lists_and_grants())
def test_what_has_room_is_within_the_limits_once_it_is_written(
    case: tuple[GrantKind, list[Any], set[Grant]],
) -> None:
    kind, entries, wanted = case
    crowded = [*entries, *permissions(496)[PERMISSION]] if kind is PERMISSION else entries
    new = wanted - granted(kind, crowded)
    if new and not full_lists(sorted(wanted), {kind: crowded}):
        limit = {PERMISSION: 500, MCP: 10, MODULE: 10, AI_AGENT: 100}[kind]
        assert len(with_grants(kind, crowded, wanted)) <= limit
