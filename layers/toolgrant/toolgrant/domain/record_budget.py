"""How much is recorded of one AI agent: its record is one item of at most 400 KB.

Pure. What is open is never left out of a record to make it smaller, and problems that find no room
in it are counted, never told as resolved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from toolgrant.domain.model import Finding, FindingState, Grant
from toolgrant.domain.records import ANY, AgentRecord, Edge, EdgeKind

MOST_PROBLEMS = 300
"""Most problems of one AI agent that are recorded, worst first. Solving some brings up the rest."""

ROOM_FOR_WORSE = 30
"""How many more are recorded if they are worse: what is on record stays until it is solved."""

BUDGET = 200_000
"""Bytes of a record, beyond which it is made smaller."""

ITEM_LIMIT = 400_000
"""Bytes of a record that DynamoDB takes in any case."""

_RECORD_FIELDS = 700
_FINDING_FIELDS = 630
_EDGE_FIELDS = " " * 20
_ENTRY = 4
"""Upper bounds of what does not depend on free text: names of fields, fixed words, times, and what
DynamoDB adds for each list, map and entry. A test compares them with the real item."""

_MANY_TARGETS = (EdgeKind.FLOW_MODULE, EdgeKind.APPLICATION)


def recorded(seen: Iterable[Finding], known: Mapping[str, Finding]) -> tuple[Finding, ...]:
    """The problems to record of all that were seen: those on record, and the worst of the others
    as far as there is room."""

    def stands(problem: Finding) -> bool:
        old = known.get(problem.id)
        return old is not None and old.state is not FindingState.RESOLVED

    worst_first = sorted(seen, key=lambda problem: -problem.severity.rank)
    kept = {problem.id for problem in worst_first if stands(problem)}
    ranked = sorted(worst_first, key=lambda problem: (-problem.severity.rank, not stands(problem)))
    new = [problem.id for problem in ranked[:MOST_PROBLEMS] if not stands(problem)]
    chosen = kept.union(new[: max(0, MOST_PROBLEMS + ROOM_FOR_WORSE - len(kept))])
    return tuple(problem for problem in worst_first if problem.id in chosen)


def within_budget(record: AgentRecord) -> AgentRecord:
    """The record as it is stored: the oldest resolved findings go first, then details, and only if
    the item would not be taken, what is missing. No finding that is not resolved goes."""
    for limit, smaller in _MEASURES:
        excess = size_of(record) - limit
        if excess > 0:
            record = smaller(record, excess)
    return record


def size_of(record: AgentRecord) -> int:
    """An upper bound of the bytes of a record's item."""
    texts = (
        *(record.key.assistant_id, record.key.ai_agent_id, record.instance_id),
        *(record.name, record.arn, *record.qualifiers),
        *(f"{_EDGE_FIELDS}{edge.kind} {edge.target}" for edge in record.edges),
    )
    return _RECORD_FIELDS + _bytes(texts) + sum(map(_finding_size, record.findings.values()))


def missing_digest(missing: Iterable[Grant]) -> str:
    """Stands for a set of missing grants that a record has no room for."""
    texts = "\x1f".join(sorted({str(grant) for grant in missing}))
    return hashlib.sha256(texts.encode(errors="surrogatepass")).hexdigest()[:16]


def _finding_size(finding: Finding) -> int:
    words = (finding.id, finding.tool_name, finding.tool_id or "", finding.tool_type)
    more = (finding.reason, str(finding.resolution), finding.missing_digest, *finding.qualifiers)
    grants = map(str, (*finding.required, *finding.missing))
    return _FINDING_FIELDS + _bytes((*words, *more, *grants))


def _bytes(texts: Iterable[str]) -> int:
    return sum(len(text.encode(errors="surrogatepass")) + _ENTRY for text in texts)


def _forget_resolved(record: AgentRecord, excess: int) -> AgentRecord:
    """Resolved findings are only kept so that a return is told as `reopened`."""
    resolved = [f for f in record.findings.values() if f.state is FindingState.RESOLVED]
    gone: set[str] = set()
    for finding in sorted(resolved, key=_resolved_at):
        if excess <= 0:
            break
        gone.add(finding.id)
        excess -= _finding_size(finding)
    return _with(record, (f for f in record.findings.values() if f.id not in gone))


def _resolved_at(finding: Finding) -> float:
    return finding.resolved_at.timestamp() if finding.resolved_at else 0


def _without_details(record: AgentRecord, _excess: int) -> AgentRecord:
    """Without texts and lists that each evaluation makes anew."""
    return _with(record, (replace(f, reason="", required=()) for f in record.findings.values()))


def _with_any_target(record: AgentRecord, _excess: int) -> AgentRecord:
    """Looking too often is harmless."""
    many = {edge for edge in record.edges if edge.kind in _MANY_TARGETS}
    matching_all = {Edge(edge.kind, ANY) for edge in many}
    return replace(record, edges=record.edges - many | matching_all)


def _without_missing(record: AgentRecord, excess: int) -> AgentRecord:
    """The longest lists become digests, by which the next evaluation sees whether they changed."""
    smaller = dict(record.findings)
    for finding in sorted(smaller.values(), key=_finding_size, reverse=True):
        if excess <= 0:
            break
        digest = missing_digest(finding.missing) if finding.missing else finding.missing_digest
        smaller[finding.id] = replace(finding, missing=(), missing_digest=digest)
        excess -= _finding_size(finding) - _finding_size(smaller[finding.id])
    return replace(record, findings=smaller)


def _with(record: AgentRecord, findings: Iterable[Finding]) -> AgentRecord:
    return replace(record, findings={finding.id: finding for finding in findings})


_MEASURES: tuple[tuple[int, Callable[[AgentRecord, int], AgentRecord]], ...] = (
    (BUDGET, _forget_resolved),
    (BUDGET, _without_details),
    (BUDGET, _with_any_target),
    (ITEM_LIMIT, _without_missing),
)
