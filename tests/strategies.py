"""How many examples the property tests try, and values that several of them need.

TOOLGRANT_STRESS=1 tries 100,000 examples where it is 2,000 otherwise.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from toolgrant.domain.causes import Actor, Cause
from toolgrant.domain.fixing.history import Breaker, ForeignEdit
from toolgrant.domain.fixing.ledger import (
    ListState,
    ListWrite,
    ProfileChange,
    Removal,
    RemovalStep,
)
from toolgrant.domain.fixing.repair import Approval, Repair, RepairItem, Shown
from toolgrant.domain.model import Grant, GrantKind, QualifiedAgent, Tool
from toolgrant.domain.records import AgentKey
from toolgrant.domain.requests import AgentRequest, Observed, UndoRequest

STRESS = bool(os.environ.get("TOOLGRANT_STRESS"))
MANY = settings(
    max_examples=100_000 if STRESS else 2_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
SOME = settings(MANY, max_examples=5_000 if STRESS else 200)

HOSTILE = [
    "",
    " ",
    "\n",
    "line\nline",
    "\x00\x1b[31m",
    "<!channel>",
    "<https://evil.example|click>",
    "{agent} %s $(x) {0}",
    "\ud800",
    "\u202etxt",
    "😀" * 400,
    "名" * 4096,
    "a" * 4096,
    "***",
    "HIDDEN_DUE_TO_SECURITY_REASONS",
]
texts = st.text(max_size=40) | st.sampled_from(HOSTILE)
names = texts.filter(bool)
times = st.datetimes(
    min_value=datetime(2020, 1, 1),
    max_value=datetime(2090, 1, 1),
    timezones=st.just(UTC),
).map(lambda time: time - timedelta(microseconds=time.microsecond % 1000))
tools = st.builds(Tool, texts, texts, st.none() | names, st.frozensets(texts, max_size=3))


@st.composite
def agent_requests(draw: st.DrawFn) -> AgentRequest:
    """Requests as the use cases make them."""
    key = AgentKey(draw(names), draw(names))
    agents = st.builds(
        QualifiedAgent,
        st.just(key.assistant_id),
        st.just(key.ai_agent_id),
        texts,
        texts,
        texts,
        texts,
        st.lists(tools, max_size=4).map(tuple),
        st.none() | names,
        texts,
    )
    observed = st.builds(
        Observed, times, st.lists(agents, min_size=1, max_size=3).map(tuple), st.frozensets(texts)
    )
    actors = st.builds(Actor, texts, texts, texts)
    causes = st.builds(Cause, texts, texts, texts, st.none() | times, st.none() | actors)
    return AgentRequest(
        key,
        draw(causes),
        draw(texts),
        draw(st.none() | observed),
        draw(st.integers(0, 30)),
        draw(st.none() | times),
    )


# ----------------------------------------------------------------------------- values of fix mode

grants = st.builds(Grant, st.sampled_from(GrantKind), names)
few_grants = st.lists(grants, max_size=3).map(tuple)
grant_sets = st.frozensets(grants, max_size=3)
few_names = st.lists(texts, max_size=2).map(tuple)
some_time = st.none() | times
keys = st.builds(AgentKey, texts, texts)
actors = st.builds(Actor, texts, texts, texts, texts, texts)


def repair_items() -> st.SearchStrategy[RepairItem]:
    return st.builds(RepairItem, texts, times, texts, st.none() | texts, few_names, few_grants)


def repairs() -> st.SearchStrategy[Repair]:
    items = st.lists(repair_items(), max_size=2).map(tuple)
    others = st.lists(keys, max_size=2).map(tuple)
    people = st.integers(0, 10_000)
    return st.builds(Repair, texts, keys, texts, texts, items, times, people, others, texts)


def shown() -> st.SearchStrategy[Shown]:
    return st.builds(Shown, texts, times, st.lists(repairs(), max_size=2).map(tuple))


def approvals() -> st.SearchStrategy[Approval]:
    return st.builds(Approval, repairs(), texts, times, st.booleans())


def list_writes() -> st.SearchStrategy[ListWrite]:
    step, state = st.sampled_from(RemovalStep), st.sampled_from(ListState)
    removals = st.builds(Removal, texts, grant_sets, step, grant_sets, times, some_time, some_time)
    return st.builds(
        ListWrite,
        st.sampled_from(GrantKind),
        few_grants,
        grant_sets,
        state,
        *(some_time, some_time, some_time, some_time),
        grant_sets,
        st.none() | removals,
        texts,
        texts,
    )


def changes() -> st.SearchStrategy[ProfileChange]:
    return st.builds(
        ProfileChange,
        *(texts, texts, texts, texts),
        keys,
        st.lists(repair_items(), max_size=2).map(tuple),
        times,
        st.lists(list_writes(), max_size=2).map(tuple),
        *(few_names, few_names),
        some_time,
        st.frozensets(texts, max_size=2),
        *(texts, texts, texts),
    )


def foreign_edits() -> st.SearchStrategy[ForeignEdit]:
    lists = st.dictionaries(st.sampled_from(GrantKind), st.none() | grant_sets)
    return st.builds(ForeignEdit, texts, texts, times, actors, st.none() | lists)


def breakers() -> st.SearchStrategy[Breaker]:
    return st.builds(Breaker, texts, texts, texts, texts, times)


def undo_requests() -> st.SearchStrategy[UndoRequest]:
    return st.builds(UndoRequest, texts, texts, texts, few_grants, texts)
