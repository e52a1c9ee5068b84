"""How many examples the property tests try, and values that several of them need.

TOOLGRANT_STRESS=1 tries 100,000 examples where it is 2,000 otherwise.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from toolgrant.domain.causes import Actor, Cause
from toolgrant.domain.model import QualifiedAgent, Tool
from toolgrant.domain.records import AgentKey
from toolgrant.domain.requests import AgentRequest, Observed

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
