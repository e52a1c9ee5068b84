"""The life of a finding: what is told, when, and that it is told once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.strategies import SOME

from toolgrant.domain.findings import (
    KEEP_RESOLVED,
    NOTICE_LASTS,
    Moment,
    Reconciled,
    Resolution,
    Scope,
    reconcile,
)
from toolgrant.domain.model import (
    Confidence,
    Finding,
    FindingKind,
    FindingState,
    Grant,
    Severity,
    Verdict,
)
from toolgrant.domain.record_budget import missing_digest

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SETTLE = timedelta(seconds=60)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
VIEW, EDIT = Grant.parse("permission:Cases.View"), Grant.parse("permission:Cases.Edit")
INSUFFICIENT = Finding(
    id="agent-1",
    kind=FindingKind.INSUFFICIENT,
    state=FindingState.OPEN,
    severity=Severity.MEDIUM,
    tool_name="CreateCase",
    tool_id="id",
    tool_type="MODEL_CONTEXT_PROTOCOL",
    verdict=Verdict.INSUFFICIENT,
    qualifiers=("$SAVED",),
    required=(VIEW, EDIT),
    missing=(VIEW, EDIT),
)
UNKNOWN = replace(
    INSUFFICIENT,
    id="agent-2",
    kind=FindingKind.UNKNOWN,
    verdict=Verdict.UNKNOWN,
    severity=Severity.LOW,
    required=(),
    missing=(),
)
GAP = replace(UNKNOWN, id="agent-3", kind=FindingKind.ASSOCIATION_GAP, tool_name="profile:p")
NOTICE = replace(UNKNOWN, id="agent-4", kind=FindingKind.REFUSED_SAVE, qualifiers=())
FINE = Scope(
    {("CreateCase", "id"): Verdict.SUFFICIENT}, frozenset({"$SAVED"}), frozenset({"profile:p"})
)
OPEN = replace(INSUFFICIENT, opened_at=NOW - DAY)
SUSPECTED = replace(
    INSUFFICIENT, state=FindingState.SUSPECTED, suspected_until=NOW + timedelta(seconds=30)
)
RESOLVED = replace(
    OPEN,
    state=FindingState.RESOLVED,
    verdict=Verdict.SUFFICIENT,
    missing=(),
    resolved_at=NOW - DAY,
    resolution=Resolution.GRANTED,
)
FRESH = Moment(NOW, NOW - SECOND, SETTLE)
SETTLED = Moment(NOW, NOW - SETTLE, SETTLE)
SWEPT = Moment(NOW, None, SETTLE)


def step(
    old: Finding | None,
    seen: Finding | None,
    moment: Moment = SWEPT,
    scope: Scope | Resolution = FINE,
) -> Reconciled:
    known = {old.id: old} if old else {}
    return reconcile(known, [seen] if seen else [], moment, scope)


@pytest.mark.parametrize(
    ("old", "seen", "moment", "state", "told"),
    [
        # nothing on record
        (None, None, SWEPT, None, None),
        (None, INSUFFICIENT, SWEPT, "open", "opened"),
        (None, INSUFFICIENT, SETTLED, "open", "opened"),
        (None, INSUFFICIENT, FRESH, "suspected", None),
        # suspected
        (SUSPECTED, INSUFFICIENT, FRESH, "suspected", None),
        (SUSPECTED, INSUFFICIENT, SWEPT, "suspected", None),
        (SUSPECTED, INSUFFICIENT, Moment(NOW + 29 * SECOND), "suspected", None),
        (SUSPECTED, INSUFFICIENT, Moment(NOW + 30 * SECOND), "open", "opened"),
        (SUSPECTED, INSUFFICIENT, Moment(NOW + 30 * SECOND, NOW, SETTLE), "open", "opened"),
        (SUSPECTED, None, FRESH, None, None),
        (SUSPECTED, None, SWEPT, None, None),
        # open
        (OPEN, INSUFFICIENT, SWEPT, "open", None),
        (OPEN, INSUFFICIENT, FRESH, "open", None),
        (OPEN, replace(INSUFFICIENT, missing=(EDIT, VIEW)), SWEPT, "open", None),
        (OPEN, replace(INSUFFICIENT, qualifiers=("1", "$SAVED")), SWEPT, "open", "changed"),
        (OPEN, replace(INSUFFICIENT, qualifiers=("1",)), FRESH, "open", "changed"),
        (replace(OPEN, qualifiers=("1", "$SAVED")), INSUFFICIENT, SWEPT, "open", None),
        (OPEN, replace(INSUFFICIENT, reason="else"), SWEPT, "open", None),
        (OPEN, replace(INSUFFICIENT, missing=(EDIT,)), SWEPT, "open", "changed"),
        (OPEN, replace(INSUFFICIENT, missing=(EDIT,)), FRESH, "open", "changed"),
        (OPEN, replace(INSUFFICIENT, severity=Severity.HIGH), SWEPT, "open", "changed"),
        (OPEN, replace(INSUFFICIENT, verdict=Verdict.UNKNOWN), SWEPT, "open", "changed"),
        (OPEN, None, SWEPT, "resolved", "resolved"),
        (OPEN, None, FRESH, "resolved", "resolved"),
        # resolved
        (RESOLVED, None, SWEPT, "resolved", None),
        (RESOLVED, INSUFFICIENT, SWEPT, "open", "reopened"),
        (RESOLVED, INSUFFICIENT, FRESH, "suspected", None),
    ],
)
def test_the_state_machine(
    old: Finding | None,
    seen: Finding | None,
    moment: Moment,
    state: str | None,
    told: str | None,
) -> None:
    result = step(old, seen, moment)

    assert [str(finding.state) for finding in result.findings] == ([state] if state else [])
    assert [str(change.status) for change in result.changes] == ([told] if told else [])
    assert [change.finding for change in result.changes] == list(result.findings)[: bool(told)]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (INSUFFICIENT, "changed"),
        (GAP, "changed"),
        (UNKNOWN, None),
        (replace(UNKNOWN, confidence=Confidence.DOCUMENTED), "changed"),  # sources disagree
    ],
    ids=lambda value: value.kind if isinstance(value, Finding) else None,
)
def test_what_spreads_to_another_qualifier_is_told_once_unless_nobody_knows_whether_it_fails(
    kind: Finding, told: str | None
) -> None:
    old = replace(kind, opened_at=NOW - DAY, qualifiers=("$LATEST",))
    both = replace(kind, qualifiers=("$SAVED", "$LATEST"))

    spread = step(old, both)

    assert [str(change.status) for change in spread.changes] == ([told] if told else [])
    assert step(spread.findings[0], both).changes == ()
    assert step(spread.findings[0], kind).changes == ()  # one qualifier less


def test_a_return_that_is_suspected_is_told_as_reopened_once_it_settled() -> None:
    (suspected,) = step(RESOLVED, INSUFFICIENT, FRESH).findings
    later = Moment(NOW + SETTLE)

    (change,) = step(suspected, INSUFFICIENT, later).changes

    assert (change.status, change.finding.state) == ("reopened", "open")


def test_a_return_that_is_only_suspected_and_settles_stays_resolved_in_silence() -> None:
    (suspected,) = step(RESOLVED, INSUFFICIENT, FRESH).findings

    result = step(suspected, None)

    assert [finding.state for finding in result.findings] == [FindingState.RESOLVED]
    assert result.changes == ()


@pytest.mark.parametrize(
    ("age", "kept"), [(KEEP_RESOLVED - SECOND, 1), (KEEP_RESOLVED, 0), (KEEP_RESOLVED + DAY, 0)]
)
def test_a_resolved_finding_is_forgotten_after_90_days(age: timedelta, kept: int) -> None:
    old = replace(RESOLVED, resolved_at=NOW - age)

    assert timedelta(days=90) == KEEP_RESOLVED
    assert len(step(old, None).findings) == kept


# --- why it is over


@pytest.mark.parametrize(
    ("old", "scope", "resolution"),
    [
        (OPEN, FINE, "granted"),
        (OPEN, Scope({}, FINE.qualifiers), "tool-removed"),
        (
            OPEN,
            Scope({("CreateCase", "other"): Verdict.SUFFICIENT}, FINE.qualifiers),
            "tool-removed",
        ),
        (OPEN, replace(FINE, tools={("CreateCase", "id"): Verdict.UNKNOWN}), "no-longer-known"),
        (OPEN, Scope(FINE.tools, frozenset({"1"})), "version-deleted"),
        (OPEN, Resolution.AGENT_DELETED, "agent-deleted"),
        (OPEN, Resolution.NOT_JUDGED, "not-judged"),
        (replace(UNKNOWN, opened_at=NOW), FINE, "now-known"),
        (replace(UNKNOWN, opened_at=NOW), Scope({}, FINE.qualifiers), "tool-removed"),
        (replace(GAP, opened_at=NOW), FINE, "associated"),
        (replace(GAP, opened_at=NOW), Scope(FINE.tools, FINE.qualifiers), "detached"),
        (replace(GAP, opened_at=NOW), Scope({}, frozenset({"2"})), "version-deleted"),
        (replace(NOTICE, opened_at=NOW), Resolution.AGENT_DELETED, "agent-deleted"),
    ],
)
def test_a_finding_is_over_for_a_reason(
    old: Finding, scope: Scope | Resolution, resolution: str
) -> None:
    (change,) = step(old, None, scope=scope).changes

    assert (change.status, change.finding.resolution) == ("resolved", resolution)
    assert (change.finding.resolved_at, change.finding.opened_at) == (NOW, old.opened_at)


@pytest.mark.parametrize("resolution", [r for r in Resolution if r is not Resolution.GRANTED])
def test_only_granted_says_sufficient(resolution: Resolution) -> None:
    (change,) = step(OPEN, None, scope=resolution).changes

    assert change.finding.verdict is Verdict.INSUFFICIENT
    assert change.finding.granted == ()


def test_granted_lists_everything_that_was_required() -> None:
    (change,) = step(OPEN, None).changes

    assert change.finding.verdict is Verdict.SUFFICIENT
    assert change.finding.granted == (VIEW, EDIT)


@pytest.mark.parametrize(
    ("now", "saved_at", "resolution"),
    [
        (NOW, None, None),
        (NOW, NOW - SECOND, None),
        (NOW, NOW, "saved"),
        (NOW, NOW + SECOND, "saved"),
        (NOW + NOTICE_LASTS, None, None),
        (NOW + NOTICE_LASTS + SECOND, None, "expired"),
    ],
)
def test_a_notice_ends_with_a_later_save_or_after_a_week(
    now: datetime, saved_at: datetime | None, resolution: str | None
) -> None:
    old = replace(NOTICE, opened_at=NOW, refused_at=NOW)

    result = step(old, None, Moment(now, saved_at=saved_at))

    assert [change.finding.resolution for change in result.changes] == (
        [resolution] if resolution else []
    )


# --- looking again


def test_a_newly_suspected_finding_is_looked_at_again_when_it_must_have_settled() -> None:
    assert step(None, INSUFFICIENT, FRESH).recheck_at == NOW - SECOND + SETTLE
    assert step(RESOLVED, INSUFFICIENT, FRESH).recheck_at == NOW - SECOND + SETTLE


@pytest.mark.parametrize(
    ("old", "seen", "moment"),
    [
        (SUSPECTED, INSUFFICIENT, FRESH),
        (OPEN, INSUFFICIENT, FRESH),
        (None, INSUFFICIENT, SWEPT),
        (SUSPECTED, None, FRESH),
    ],
)
def test_nothing_else_asks_for_another_look(
    old: Finding | None, seen: Finding | None, moment: Moment
) -> None:
    assert step(old, seen, moment).recheck_at is None


def second_look(early: timedelta) -> Reconciled:
    """What the look finds that was asked for when SUSPECTED was filed."""
    due = NOW + timedelta(seconds=30)
    moment = Moment(due - early, settle=SETTLE, recheck_of=due)
    return step(SUSPECTED, INSUFFICIENT, moment)


def test_a_second_look_that_comes_early_by_the_grain_of_a_clock_counts() -> None:
    result = second_look(timedelta(milliseconds=5))

    assert [change.status for change in result.changes] == ["opened"]
    assert result.recheck_at is None


def test_a_second_look_that_comes_far_too_early_is_asked_for_again() -> None:
    result = second_look(timedelta(seconds=30))

    assert [finding.state for finding in result.findings] == ["suspected"]
    assert result.recheck_at == SUSPECTED.suspected_until


def test_the_second_look_at_one_finding_asks_for_none_at_another_that_waits_for_its_own() -> None:
    moment = Moment(NOW, settle=SETTLE, recheck_of=NOW)

    assert step(SUSPECTED, INSUFFICIENT, moment).recheck_at is None


def test_an_event_that_comes_a_moment_before_the_end_does_not_end_a_suspicion() -> None:
    moment = Moment(NOW + 30 * SECOND - timedelta(milliseconds=5), NOW + 29 * SECOND, SETTLE)

    assert [f.state for f in step(SUSPECTED, INSUFFICIENT, moment).findings] == ["suspected"]


# --- more problems than are recorded


def problem(number: int, severity: Severity = Severity.MEDIUM) -> Finding:
    return replace(INSUFFICIENT, id=f"agent-{number}", tool_name=f"Tool{number}", severity=severity)


def on_record(*findings: Finding) -> dict[str, Finding]:
    return {finding.id: finding for finding in findings}


def looked(known: dict[str, Finding], seen: list[Finding]) -> Reconciled:
    tools: dict[tuple[str, str | None], Verdict] = {
        (finding.tool_name, finding.tool_id): finding.verdict for finding in seen
    }
    return reconcile(known, seen, SWEPT, Scope(tools, frozenset({"$SAVED"})))


def test_problems_beyond_three_hundred_are_counted() -> None:
    seen = [problem(n, Severity.HIGH if n >= 200 else Severity.LOW) for n in range(310)]

    result = looked({}, seen)

    told = {change.finding.id for change in result.changes}
    assert (len(told), result.omitted) == (300, 10)
    assert {finding.id for finding in seen[200:]} <= told


def test_what_is_on_record_is_never_resolved_because_others_became_worse() -> None:
    known = on_record(*looked({}, [problem(n) for n in range(301)]).findings)
    worse = [problem(n, Severity.HIGH if n in (7, 300) else Severity.MEDIUM) for n in range(301)]

    result = looked(known, worse[::-1])

    assert {(change.finding.id, str(change.status)) for change in result.changes} == {
        ("agent-7", "changed"),
        ("agent-300", "opened"),
    }
    assert (len(result.findings), result.omitted) == (301, 0)


def test_room_for_what_is_worse_ends_and_nothing_is_resolved_for_it() -> None:
    known = on_record(*looked({}, [problem(n, Severity.LOW) for n in range(300)]).findings)
    more = [problem(n, Severity.HIGH) for n in range(300, 400)]

    result = looked(known, [*(problem(n, Severity.LOW) for n in range(300)), *more])

    assert [str(change.status) for change in result.changes] == ["opened"] * 30
    assert (len(result.findings), result.omitted) == (330, 70)


def test_what_was_left_out_is_told_once_others_are_solved() -> None:
    known = on_record(*looked({}, [problem(n) for n in range(301)]).findings)

    result = looked(known, [problem(n) for n in range(1, 301)])

    assert {(change.finding.id, str(change.status)) for change in result.changes} == {
        ("agent-0", "resolved"),
        ("agent-300", "opened"),
    }
    assert result.omitted == 0


def test_a_missing_set_that_is_kept_as_a_digest_is_no_news_until_it_changes() -> None:
    old = replace(OPEN, required=(), missing=(), missing_digest=missing_digest((EDIT, VIEW)))

    assert step(old, INSUFFICIENT).changes == ()
    (change,) = step(old, replace(INSUFFICIENT, missing=(VIEW,))).changes
    assert (change.status, change.finding.missing) == ("changed", (VIEW,))


def test_an_event_from_the_future_settles_by_our_own_clock() -> None:
    moment = Moment(NOW, NOW + 400 * DAY, SETTLE)

    assert step(None, INSUFFICIENT, moment).recheck_at == NOW + SETTLE


# --- told once, against a simple model


class Lives(RuleBasedStateMachine):
    """Any sequence of looks at three tools, against what people must have heard by then."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.known: dict[str, Finding] = {}
        self.world: dict[str, Finding] = {}
        self.heard: dict[str, list[tuple[str, Finding]]] = {}

    @initialize()
    def begin(self) -> None:
        self.world = {}

    @rule(
        tool=st.sampled_from("ABC"),
        missing=st.sampled_from([(), (VIEW,), (EDIT,), (VIEW, EDIT), (EDIT, VIEW)]),
        severity=st.sampled_from([Severity.MEDIUM, Severity.HIGH]),
        qualifiers=st.sampled_from([("$SAVED",), ("$SAVED", "1")]),
    )
    def change(
        self,
        tool: str,
        missing: tuple[Grant, ...],
        severity: Severity,
        qualifiers: tuple[str, ...],
    ) -> None:
        """A tool needs other grants, or (nothing missing) is fine."""
        self.world.pop(tool, None)
        if missing:
            self.world[tool] = replace(
                INSUFFICIENT,
                id=tool,
                tool_name=tool,
                missing=missing,
                severity=severity,
                qualifiers=qualifiers,
            )

    @rule(seconds=st.sampled_from([0, 1, 30, 60, 86_400]))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(age=st.sampled_from([None, -5, 0, 1, 59, 60, 3600]))
    def look(self, age: int | None) -> None:
        event = None if age is None else self.now - timedelta(seconds=age)
        scope = Scope(
            {(tool, "id"): Verdict.SUFFICIENT for tool in "ABC"}, frozenset({"$SAVED", "1"})
        )
        result = reconcile(self.known, self.world.values(), Moment(self.now, event, SETTLE), scope)
        self.known = {finding.id: finding for finding in result.findings}
        for change in result.changes:
            self._hear(str(change.status), change.finding)
        waiting = [f for f in self.known.values() if f.state is FindingState.SUSPECTED]
        assert all(f.suspected_until and f.suspected_until <= self.now + SETTLE for f in waiting)

    def _hear(self, status: str, finding: Finding) -> None:
        heard = self.heard.setdefault(finding.id, [])
        last, before = heard[-1] if heard else ("", finding)
        allowed = {
            "": {"opened"},
            "opened": {"changed", "resolved"},
            "changed": {"changed", "resolved"},
            "reopened": {"changed", "resolved"},
            "resolved": {"reopened"},
        }[last]
        assert status in allowed, f"{status} after {last}"
        if status == "changed":
            same = (set(before.missing), before.severity) == (
                set(finding.missing),
                finding.severity,
            )
            assert not same or len(finding.qualifiers) == 2  # one qualifier less is no news
        heard.append((status, finding))

    @rule()
    def settle(self) -> None:
        """After the settle time without a change everybody knows exactly what is wrong."""
        self.look(0)
        self.now += SETTLE
        self.look(None)
        for tool in "ABC":
            status, finding = self.heard.get(tool, [("", INSUFFICIENT)])[-1]
            problem = self.world.get(tool)
            assert (status in ("opened", "changed", "reopened")) == (problem is not None)
            if problem:
                assert set(finding.missing) == set(problem.missing)
                assert finding.severity is problem.severity
                assert {*problem.qualifiers} <= {*finding.qualifiers}
        told = sum(map(len, self.heard.values()))
        self.look(0)
        self.look(None)
        assert sum(map(len, self.heard.values())) == told

    @invariant()
    def the_record_is_what_was_heard(self) -> None:
        for finding in self.known.values():
            last = self.heard.get(finding.id, [("", finding)])[-1][0]
            if finding.state is FindingState.OPEN:
                assert last in ("opened", "changed", "reopened")
            if finding.state is FindingState.RESOLVED:
                assert last == "resolved"


TestLives = Lives.TestCase
TestLives.settings = settings(SOME, stateful_step_count=30)
