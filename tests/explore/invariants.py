"""What must hold at each end, said about the account and the facts, not in the code's own words."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.explore.account import Account

from toolgrant.domain.model import FindingState, Grant

NEEDED = frozenset({Grant.parse("permission:Wisdom.View")})
"""What the tools of these scenarios need: all of them are Retrieve."""


@dataclass
class Excused:
    """Losses of which nothing in the world can tell, counted by kind."""

    counted: Counter[str] = field(default_factory=Counter)


def violations(account: Account, excused: Excused) -> list[str]:
    """Every invariant that does not hold, in words."""
    return [
        *_lost_edits(account, excused),
        *_writes(account),
        *_changes(account),
        *_undone(account),
        *_converged(account),
        *_told_once(account),
        *_approvals(account),
    ]


def _alerts(account: Account) -> list[dict[str, Any]]:
    """Everything published, each alert once."""
    return list({alert["alertId"]: alert for alert in account.notifier.alerts}.values())


# --- nothing a person set is lost silently


def _lost_edits(account: Account, excused: Excused) -> Iterator[str]:
    for (profile_id, grant), there in sorted(account.facts.wanted.items(), key=repr):
        held = grant in account.cloud.profiles[profile_id].grants
        if held is there or _told_critical(account, profile_id):
            continue
        why = _excuse(account, profile_id, grant)
        if why:
            excused.counted[why] += 1
        else:
            yield f"silently {'lost' if there else 'back'}: {grant}"


def _told_critical(account: Account, profile_id: str) -> bool:
    changes = {c.id for c in account.ledger.all_changes() if c.profile_id == profile_id}
    return any(
        alert["status"] == "integrity"
        and alert["changeId"] in changes
        and alert["severity"] == "CRITICAL"
        for alert in _alerts(account)
    )


def _excuse(account: Account, profile_id: str, grant: Grant) -> str:
    """Why nobody could know, if so: the record of the last edit of it was lost, and …"""
    edits = [
        edit
        for edit in account.facts.edits
        if edit.place == (profile_id, grant.kind) and grant in edit.added | edit.removed
    ]
    if not edits or not edits[-1].late:
        return ""
    last, writes = edits[-1], account.facts.writes
    if any(write.place == last.place and write.rested_on == last.left for write in writes):
        return "record late or lost, and the list was left as a write of ours had found it"
    if last.recorded:
        return ""
    if last.blind:
        return "record lost, old answer, no stamp"
    return "record lost, taken out before it was seen to be there" if last.unverified else ""


# --- each write of ours


def _writes(account: Account) -> Iterator[str]:
    for write in account.facts.writes:
        added = write.added
        if not write.on_record:
            yield f"a write that is not on record: {_words(write.sent)}"
        if added - write.announced:
            yield f"not announced: {_words(added - write.announced)}"
        if not added and not write.undoing:
            yield f"a write that adds nothing: {_words(write.sent)}"
        if added - NEEDED:
            yield f"nobody needs {_words(added - NEEDED)}"
        if write.broken:
            yield f"written though its breaker was open: {', '.join(sorted(write.broken))}"
        if write.rested_on - write.sent and not write.undoing:
            yield f"removed: {_words(write.rested_on - write.sent)}"


def _words(grants: frozenset[Grant]) -> str:
    return ", ".join(sorted(map(str, grants)))


def _changes(account: Account) -> Iterator[str]:
    counted = Counter(change.fix_id for change in account.ledger.all_changes())
    yield from (f"{n} changes of {fix_id}" for fix_id, n in counted.items() if n > 1)
    added = Counter((write.place, grant) for write in account.facts.writes for grant in write.added)
    changes = Counter(
        (change.profile_id, grant)
        for change in account.ledger.all_changes()
        for grant in change.grants
    )
    for (place, grant), times in added.items():
        if times and not changes[place[0], grant]:
            yield f"{grant} was written and is in no change"


def _undone(account: Account) -> Iterator[str]:
    yield from (f"given again after an undo: {what}" for what in account.facts.given_after_undo)


# --- everything converges


def _converged(account: Account) -> Iterator[str]:
    if account.messages or account.fixes.waiting or account.store.fixes:
        yield "requests are left"
    if account.store.outbox:
        yield "alerts are left in the outbox"
    yield from (f"open: {c.id}" for c in account.ledger.all_changes() if c.open)
    for key in {key for key, _ in account.cloud.agents}:
        yield from _finding_is_true(account, key.ai_agent_id)


def _finding_is_true(account: Account, agent_id: str) -> Iterator[str]:
    """The finding is what is true of the tool, and people know it."""
    lacking = [
        qualifier
        for (key, qualifier) in account.cloud.agents
        if key.ai_agent_id == agent_id and not _has_all(account, agent_id, qualifier)
    ]
    records = [account.store.record(key) for key, _ in account.cloud.agents]
    found = [f for r in records if r.key.ai_agent_id == agent_id for f in r.findings.values()]
    is_open = any(f.state is FindingState.OPEN and f.missing for f in found)
    if bool(lacking) is not is_open:
        yield f"lacking on {lacking}, and the finding is {'open' if is_open else 'over'}"
    if lacking and not _left_alone_for_a_reason(account):
        yield f"lacking on {lacking}, and neither written nor said why not"


def _has_all(account: Account, agent_id: str, qualifier: str) -> bool:
    arns = [arn for arn in account.cloud.attached if f"{agent_id}:{qualifier}" in arn]
    profiles = [p for arn in arns for p in account.cloud.attached[arn]]
    held = {grant for profile in profiles for grant in account.cloud.profiles[profile].grants}
    return held >= NEEDED


def _left_alone_for_a_reason(account: Account) -> bool:
    refused = any(alert["status"] == "refused" for alert in _alerts(account))
    return refused or bool(account.ledger.broken) or account.rules.mode == "approve"


# --- told once


def _told_once(account: Account) -> Iterator[str]:
    """What an alert says of one change of ours is said under one id; and a finding is not told
    twice in a row to be the same."""
    said = Counter(_fact(alert) for alert in _alerts(account) if alert["changeId"])
    yield from (f"{n} ids for {fact}" for fact, n in said.items() if n > 1)
    last: dict[str, tuple[Any, ...]] = {}
    for alert in _alerts(account):
        for finding in alert["findings"]:
            state = finding["status"], tuple(finding["missing"]), tuple(finding["qualifiers"])
            told = last.get(finding["findingId"])
            if told == state and state[0] in ("opened", "reopened", "resolved", "fixed"):
                yield f"told twice: {state[0]} {finding['toolName']}"
            last[finding["findingId"]] = state


def _fact(alert: dict[str, Any]) -> str:
    told = [
        (f["findingId"], f["status"], f["qualifiers"], f["advisories"]) for f in alert["findings"]
    ]
    return json.dumps([alert["status"], alert["changeId"], told])


def _approvals(account: Account) -> Iterator[str]:
    for text in account.ledger.approvals.values():
        approval = json.loads(text)
        made = [c for c in account.ledger.all_changes() if c.fix_id == approval["repair"]["id"]]
        if len(made) > 1:
            yield f"an approval was used {len(made)} times"
        if not approval["used"] and made and not made[0].open:
            yield "an approval that led to a change is not used up"
