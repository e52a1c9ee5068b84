"""The change ledger on a local DynamoDB: histories, claims, breakers, approvals, mutes, pause."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from hypothesis import HealthCheck, assume, given, settings
from tests.adapters.values import (
    AGENT,
    APPROVAL,
    BREAKER,
    CHANGE,
    EDIT,
    FOREIGN_EDIT,
    LIST_WRITE,
    NOON,
    TOOL,
    VIEW,
)
from tests.strategies import changes

from toolgrant.adapters.dynamodb.ledger import (
    KEEP_APPROVALS,
    KEEP_CLAIMS,
    KEEP_EDITS,
    DynamoDBLedger,
)
from toolgrant.domain.causes import Actor
from toolgrant.domain.fixing.history import Breaker, ForeignEdit, ProfileHistory
from toolgrant.domain.fixing.ledger import ListState, ProfileChange
from toolgrant.domain.fixing.repair import attachment
from toolgrant.domain.fixing.rules import APPROVAL_LASTS
from toolgrant.domain.model import Grant, GrantKind
from toolgrant.domain.records import AgentKey
from toolgrant.errors import Conflict, Misconfigured, OtherSchema
from toolgrant_local.clients import Clients

OTHER_AGENT = AgentKey("assistant", "another agent")
OTHER_STACK = Actor("AssumedRole", "role", "API", "arn:role", "other-stack")
SOMEONE = Actor("AssumedRole", "Operator/someone", "API", "arn:role")


@pytest.fixture
def client(aws: Clients) -> Any:
    return aws.get("dynamodb")


@pytest.fixture
def ledger(client: Any, table: str) -> DynamoDBLedger:
    return DynamoDBLedger(client, table)


@pytest.fixture
def profile() -> str:
    return str(uuid.uuid4())


def items(client: Any, table: str) -> list[dict[str, Any]]:
    plain = TypeDeserializer().deserialize
    return [
        {name: plain(value) for name, value in item.items()}
        for page in client.get_paginator("scan").paginate(TableName=table)
        for item in page["Items"]
    ]


def held(client: Any, table: str) -> set[tuple[str, str]]:
    """The keys of all items."""
    return {(item["pk"], item["sk"]) for item in items(client, table)}


def change(profile_id: str, change_id: str = "c-1", **fields: Any) -> ProfileChange:
    """A change that has ended, with every field set that such a one has."""
    ended = replace(CHANGE, id=change_id, profile_id=profile_id, to_attach=(), approved_by="")
    return replace(ended, **fields)


def begun(profile_id: str, change_id: str = "c-1", **fields: Any) -> ProfileChange:
    """One that is open: planned, and nothing sent."""
    planned = replace(LIST_WRITE, state=ListState.PLANNED)
    return change(profile_id, change_id, lists=(planned,), **fields)


def edit(profile_id: str, event_id: str = "event", **fields: Any) -> ForeignEdit:
    return replace(FOREIGN_EDIT, profile_id=profile_id, event_id=event_id, **fields)


# --------------------------------------------------------------------------------- histories


def test_a_profile_nobody_wrote_to_has_an_empty_book(ledger: DynamoDBLedger, profile: str) -> None:
    assert ledger.history(profile) == ProfileHistory(profile)


@pytest.mark.parametrize("state", ListState)
def test_a_change_comes_back_as_it_was_saved(
    ledger: DynamoDBLedger, profile: str, state: ListState
) -> None:
    saved = replace(CHANGE, profile_id=profile, lists=(replace(LIST_WRITE, state=state),))
    ledger.save(saved)
    assert ledger.history(profile).changes == (saved,)
    assert ledger.history(profile).change(saved.id) == saved


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes())
def test_every_change_comes_back(ledger: DynamoDBLedger, saved: ProfileChange) -> None:
    saved = replace(saved, id="c-1", profile_id=str(uuid.uuid4()), agent=AGENT, approved_by="")
    assume("\\ud" not in repr(saved))  # no request can carry a lone surrogate
    ledger.save(saved)
    assert ledger.history(saved.profile_id).changes == (saved,)


def test_a_change_is_saved_over_its_earlier_state(ledger: DynamoDBLedger, profile: str) -> None:
    ledger.save(begun(profile))
    ledger.save(change(profile, version=1))
    assert ledger.history(profile).changes == (change(profile),)


def test_changes_are_in_the_order_of_their_beginning(ledger: DynamoDBLedger, profile: str) -> None:
    late, early, same = (
        change(profile, change_id, began_at=NOON + timedelta(seconds=seconds))
        for change_id, seconds in (("c-late", 5), ("c-early", 1), ("c-same", 5))
    )
    for saved in (late, same, early):
        ledger.save(saved)
    assert ledger.history(profile).changes == (early, late, same)


@pytest.mark.parametrize(
    "lists",
    [
        None,
        {},
        {GrantKind.PERMISSION: None, GrantKind.MCP: frozenset()},
        {kind: frozenset({Grant(kind, "x")}) for kind in GrantKind},
    ],
    ids=["no list named", "none", "masked and emptied", "all"],
)
def test_a_foreign_edit_comes_back_with_what_its_record_told(
    ledger: DynamoDBLedger, profile: str, lists: Any
) -> None:
    seen = edit(profile, lists=lists)
    for _ in range(2):
        ledger.remember(seen)
    assert ledger.history(profile).edits == (seen,)


def test_edits_of_another_toolgrant_are_forgotten_and_no_others(
    ledger: DynamoDBLedger, profile: str
) -> None:
    kept = edit(profile, "event-1", actor=SOMEONE)
    other = edit("another profile", "event-2", actor=OTHER_STACK)
    for seen in (kept, other, *(edit(profile, f"own-{n}", actor=OTHER_STACK) for n in range(2))):
        ledger.remember(seen)
    ledger.save(change(profile))
    for _ in range(2):
        ledger.forget_others(profile)
    assert ledger.history(profile) == ProfileHistory(profile, (change(profile),), (kept,))
    assert ledger.history("another profile").edits == (other,)


def test_what_is_kept_for_good_and_what_expires(
    ledger: DynamoDBLedger, client: Any, table: str, profile: str
) -> None:
    ledger.save(begun(profile))
    ledger.claim(begun(profile), [str(VIEW)])
    ledger.remember(edit(profile))
    ledger.open_breakers([BREAKER])
    ledger.approve(APPROVAL)
    ledger.mute("finding", None)
    ledger.pause(True, "someone", NOON)
    expiry = {
        item["pk"]: datetime.fromtimestamp(int(item["expiresAt"]), UTC)
        for item in items(client, table)
        if "expiresAt" in item
    }
    noon = NOON.replace(microsecond=0)
    assert expiry == {
        f"PROFILE#{profile}": noon + KEEP_EDITS,
        "CLAIM#agent": noon + KEEP_CLAIMS,
        "APPROVALS": noon + KEEP_APPROVALS,
    }
    assert KEEP_APPROVALS > 2 * APPROVAL_LASTS


def test_a_history_is_of_one_profile(ledger: DynamoDBLedger, profile: str) -> None:
    other = f"{profile[:-1]}x"
    ledger.save(change(other))
    ledger.remember(edit(other))
    assert ledger.history(profile) == ProfileHistory(profile)


class _OnePerPage:
    """The same client, whose queries answer one item at a time."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.pages = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def query(self, **asked: Any) -> Any:
        self.pages += 1
        assert asked["ConsistentRead"] is True
        return self._client.query(**asked, Limit=1)


def test_every_partition_is_read_to_its_last_page(
    ledger: DynamoDBLedger, client: Any, table: str, profile: str
) -> None:
    for number in range(5):
        ledger.save(begun(profile, f"c-{number}"))
        ledger.save(begun(f"profile-{number}", f"c-other-{number}"))
        ledger.claim(begun(profile, f"c-{number}"), [f"what-{number}"])
        ledger.remember(edit(profile, f"event-{number}"))
        ledger.open_breakers([replace(BREAKER, what=f"what-{number}")])
        ledger.mute(f"target-{number}", None)
    paging = _OnePerPage(client)
    by_one = DynamoDBLedger(paging, table)
    history = by_one.history(profile)
    assert (len(history.changes), len(history.edits)) == (5, 5)
    assert history == ledger.history(profile)
    assert len(by_one.changes()) == len(by_one.open_changes()) == 10
    assert len(by_one.profiles_of(AGENT)) == 6
    assert len(by_one.breakers()) == len(by_one.muted(NOON)) == 5
    assert by_one.claimed([AGENT.ai_agent_id], ["what-4"], "c-0")
    assert paging.pages > 50


def test_a_history_larger_than_one_answer_of_dynamodb_is_whole(
    ledger: DynamoDBLedger, profile: str
) -> None:
    """A query answers at most 1 MB."""
    before = frozenset(Grant(GrantKind.PERMISSION, f"{n}-{'x' * 200}") for n in range(1000))
    for number in range(6):
        write = replace(LIST_WRITE, before=before)
        ledger.save(change(profile, f"c-{number}", lists=(write,)))
    history = ledger.history(profile)
    assert [change.lists[0].before for change in history.changes] == [before] * 6


def test_a_change_that_somebody_saved_since_it_was_read_is_not_overwritten(
    ledger: DynamoDBLedger, profile: str
) -> None:
    read = ledger.save(begun(profile))
    ended = ledger.save(replace(read, lists=(replace(LIST_WRITE, removal=None),)))
    for stale in (begun(profile), read):
        with pytest.raises(Conflict):
            ledger.save(stale)
    assert ledger.history(profile).changes == (ended,)
    assert ledger.save(ended).version == 3


# ---------------------------------------------------------------------------------------- pointers


def test_an_open_change_is_found_by_its_id_its_agent_and_as_open(
    ledger: DynamoDBLedger, profile: str
) -> None:
    ledger.save(begun(profile, "c-open"))
    ledger.save(change("another profile", "c-done", agent=OTHER_AGENT))
    assert ledger.changes() == {"c-open": profile, "c-done": "another profile"}
    assert ledger.open_changes() == {"c-open": profile}
    assert ledger.profiles_of(AGENT) == (profile,)
    assert ledger.profiles_of(OTHER_AGENT) == ("another profile",)


def test_agents_of_one_id_in_two_assistants_are_two(ledger: DynamoDBLedger, profile: str) -> None:
    ledger.save(change(profile))
    assert ledger.profiles_of(replace(AGENT, assistant_id="another")) == ()


@pytest.mark.parametrize("state", ListState)
def test_a_change_is_open_as_long_as_a_list_of_it_is(
    ledger: DynamoDBLedger, profile: str, state: ListState
) -> None:
    ledger.save(begun(profile))
    ledger.save(change(profile, version=1, lists=(LIST_WRITE, replace(LIST_WRITE, state=state))))
    still = state in (ListState.PLANNED, ListState.SENT)
    assert ledger.open_changes() == ({"c-1": profile} if still else {})
    assert ledger.changes() == {"c-1": profile}
    assert ledger.profiles_of(AGENT) == (profile,)


def test_a_change_that_still_has_to_attach_is_open(ledger: DynamoDBLedger, profile: str) -> None:
    ledger.save(change(profile, lists=(), to_attach=("$SAVED",)))
    assert ledger.open_changes() == {"c-1": profile}
    ledger.save(change(profile, version=1, lists=(), attached=("$SAVED",)))
    assert ledger.open_changes() == {}


class _Noting:
    """The same client, whose writes are noted."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.written: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("put_", "update_", "delete_", "transact_")):
            self.written.append(name)
        return getattr(self._client, name)


def test_a_change_and_all_that_points_to_it_is_one_transaction(
    ledger: DynamoDBLedger, client: Any, table: str, profile: str
) -> None:
    noting = _Noting(client)
    ledger.approve(APPROVAL)
    by = {"approved_by": "someone"}
    for saved in (begun(profile, **by), change(profile, version=1, **by)):
        DynamoDBLedger(noting, table).save(saved)
    assert noting.written == ["transact_write_items"] * 2


# ------------------------------------------------------------------------------------------ claims


def test_a_thing_is_given_to_an_agent_by_one_open_change_at_a_time(
    ledger: DynamoDBLedger, profile: str
) -> None:
    first, second = begun(profile, "c-1"), begun("another profile", "c-2")
    for saved in (first, second):
        ledger.save(saved)
    for _ in range(2):
        assert ledger.claim(first, [str(VIEW), str(TOOL)])
    assert not ledger.claim(second, [str(EDIT), str(TOOL)])
    assert ledger.claim(second, [str(EDIT)])
    assert ledger.claim(replace(second, agent=OTHER_AGENT), [str(TOOL)])


def test_the_claim_of_a_change_that_ended_is_taken_over(
    ledger: DynamoDBLedger, profile: str
) -> None:
    first, second = begun(profile, "c-1"), begun("another profile", "c-2")
    ledger.save(first)
    assert ledger.claim(first, [str(VIEW)])
    ledger.save(change(profile, "c-1", version=1))
    assert ledger.claim(second, [str(VIEW)])
    ledger.save(second)
    assert not ledger.claim(first, [str(VIEW)])


def test_of_eight_changes_that_claim_at_once_exactly_one_has_it(
    ledger: DynamoDBLedger, profile: str
) -> None:
    saved = [begun(f"{profile}-{number}", f"c-{number}") for number in range(8)]
    for one in saved:
        ledger.save(one)
    won: list[str] = []
    start = threading.Barrier(len(saved))

    def claim(mine: ProfileChange) -> None:
        start.wait(60)
        if ledger.claim(mine, [str(VIEW)]):
            won.append(mine.id)

    threads = [threading.Thread(target=claim, args=(one,)) for one in saved]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(won) == 1
    others = [one for one in saved if one.id != won[0]]
    assert not any(ledger.claim(one, [str(VIEW)]) for one in others)


class _Overtaken:
    """The same client; while somebody reads a claim, another change takes it."""

    def __init__(self, client: Any, take: Callable[[], object]) -> None:
        self._client = client
        self._take = take

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_item(self, **asked: Any) -> Any:
        self._take()
        return self._client.put_item(**asked)


@pytest.mark.parametrize("ended", [False, True], ids=["a free claim", "the claim of an ended one"])
def test_a_claim_that_was_taken_since_it_was_read_is_lost(
    ledger: DynamoDBLedger, client: Any, table: str, profile: str, ended: bool
) -> None:
    old, mine, other = (begun(f"{profile}-{n}", f"c-{n}") for n in range(3))
    ledger.save(other)
    if ended:
        ledger.save(old)
        ledger.claim(old, [str(VIEW)])
        ledger.save(change(old.profile_id, old.id, version=1))
    overtaken = _Overtaken(client, lambda: ledger.claim(other, [str(VIEW)]))
    assert not DynamoDBLedger(overtaken, table).claim(mine, [str(VIEW)])
    assert ledger.claimed([AGENT.ai_agent_id], [str(VIEW)], mine.id)


def test_what_others_claim_is_seen_until_their_changes_end(
    ledger: DynamoDBLedger, profile: str
) -> None:
    attach = attachment(profile)
    ledger.save(begun(profile))
    ledger.claim(begun(profile), [str(VIEW), attach])
    mine, agents = "c-mine", [OTHER_AGENT.ai_agent_id, AGENT.ai_agent_id]
    assert ledger.claimed(agents, [str(EDIT), str(VIEW)], mine)
    assert ledger.claimed(agents, [attach], mine)
    assert not ledger.claimed(agents, [str(VIEW)], "c-1"), "its own"
    assert not ledger.claimed(agents, [str(EDIT)], mine)
    assert not ledger.claimed([OTHER_AGENT.ai_agent_id], [str(VIEW)], mine)
    assert not ledger.claimed([], [str(VIEW)], mine)
    ledger.save(change(profile, version=1))
    assert not ledger.claimed(agents, [str(VIEW), attach], mine)


# --------------------------------------------------------------------------------------- approvals


def approved(profile_id: str, make: Callable[..., ProfileChange]) -> ProfileChange:
    return make(profile_id, fix_id=APPROVAL.repair.id, approved_by=APPROVAL.by)


def test_an_approval_is_kept_by_its_repair(ledger: DynamoDBLedger) -> None:
    assert ledger.approval(APPROVAL.repair.id) is None
    ledger.approve(APPROVAL)
    assert ledger.approval(APPROVAL.repair.id) == APPROVAL
    assert ledger.approval("fix-9876543210") is None


def test_an_approval_is_used_up_by_the_change_that_ends_and_not_by_one_that_began(
    ledger: DynamoDBLedger, profile: str
) -> None:
    fresh = replace(APPROVAL, used=False)
    ledger.approve(fresh)
    ledger.save(approved(profile, begun))
    assert ledger.approval(APPROVAL.repair.id) == fresh
    for version in (1, 2):
        ledger.save(replace(approved(profile, change), version=version))
        assert ledger.approval(APPROVAL.repair.id) == replace(fresh, used=True)


def test_a_change_that_nobody_approved_uses_no_approval_up(
    ledger: DynamoDBLedger, profile: str
) -> None:
    fresh = replace(APPROVAL, used=False)
    ledger.approve(fresh)
    ledger.save(change(profile, fix_id=APPROVAL.repair.id))
    assert ledger.approval(APPROVAL.repair.id) == fresh


def test_a_change_whose_approval_expired_ends_all_the_same(
    ledger: DynamoDBLedger, client: Any, table: str, profile: str
) -> None:
    """The table forgets approvals by itself; a change is never held up by that."""
    ledger.save(approved(profile, begun))
    ledger.save(replace(approved(profile, change), version=1))
    assert ledger.open_changes() == {}
    assert not {key for key in held(client, table) if key[0] == "APPROVALS"}


# ---------------------------------------------------------------------------------------- breakers


def test_a_breaker_is_open_until_it_is_closed(ledger: DynamoDBLedger, profile: str) -> None:
    of_profile = replace(BREAKER, subject=profile)
    of_attachment = replace(BREAKER, what=attachment(profile))
    all_of_them = [BREAKER, of_profile, of_attachment]
    for _ in range(2):
        ledger.open_breakers(all_of_them)
    assert ledger.breakers() == frozenset(all_of_them)
    for _ in range(2):
        ledger.close_breakers([of_profile])
    assert ledger.breakers() == {BREAKER, of_attachment}
    ledger.close_breakers(all_of_them)
    assert ledger.breakers() == frozenset()


def test_a_breaker_that_opens_again_has_its_newest_reason(ledger: DynamoDBLedger) -> None:
    again = replace(BREAKER, change_id="c-2", reason="undone", at=NOON + timedelta(days=1))
    ledger.open_breakers([BREAKER])
    ledger.open_breakers([again])
    assert ledger.breakers() == {again}


def test_a_breaker_is_closed_whatever_reason_is_known_of_it(ledger: DynamoDBLedger) -> None:
    ledger.open_breakers([BREAKER])
    ledger.close_breakers([replace(BREAKER, reason="", change_id="c-2", at=NOON)])
    assert ledger.breakers() == frozenset()


def test_all_breakers_are_one_partition(ledger: DynamoDBLedger, client: Any, table: str) -> None:
    """One query tells whether a grant may be given to any agent, by any profile."""
    ledger.open_breakers([BREAKER, Breaker("profile", str(TOOL), "c-1", "undone", NOON)])
    assert held(client, table) == {("BREAKERS", f"agent {VIEW}"), ("BREAKERS", f"profile {TOOL}")}


# --------------------------------------------------------------------------------- mutes, the pause


def test_a_mute_lasts_until_its_end_or_until_taken_back(ledger: DynamoDBLedger) -> None:
    assert ledger.muted(NOON) == frozenset()
    hour = timedelta(hours=1)
    ledger.mute("for an hour", NOON + hour)
    ledger.mute("for good", None)
    assert ledger.muted(NOON) == {"for an hour", "for good"}
    assert ledger.muted(NOON + hour) == {"for good"}
    for _ in range(2):
        ledger.unmute("for good")
    assert ledger.muted(NOON) == {"for an hour"}


def test_a_mute_in_another_time_zone_ends_at_the_same_moment(ledger: DynamoDBLedger) -> None:
    ledger.mute("finding", datetime.fromisoformat("2026-11-23T22:00:00+09:00"))  # 13:00 UTC
    assert ledger.muted(NOON) == {"finding"}
    assert ledger.muted(NOON + timedelta(hours=1)) == frozenset()


def test_a_mute_is_replaced(ledger: DynamoDBLedger) -> None:
    ledger.mute("finding", None)
    ledger.mute("finding", NOON)
    assert ledger.muted(NOON + timedelta(seconds=1)) == frozenset()


def test_writes_go_on_until_paused_and_again_when_resumed(ledger: DynamoDBLedger) -> None:
    seen = [ledger.paused()]
    for paused in (True, True, False):
        ledger.pause(paused, "someone", NOON)
        seen.append(ledger.paused())
    assert seen == [False, True, True, False]


def test_a_pause_says_who_and_when(ledger: DynamoDBLedger, client: Any, table: str) -> None:
    ledger.pause(True, "someone", NOON)
    (item,) = items(client, table)
    assert (item["by"], item["at"]) == ("someone", NOON.isoformat())


# ----------------------------------------------------------------------- another schema, no table

READS: dict[str, Callable[[DynamoDBLedger, str], Any]] = {
    "history": lambda ledger, profile: ledger.history(profile).changes,
    "edits": lambda ledger, _: ledger.history("edited").edits,
    "profiles-of": lambda ledger, _: ledger.profiles_of(AGENT),
    "changes": lambda ledger, _: ledger.changes(),
    "open-changes": lambda ledger, _: ledger.open_changes(),
    "claimed": lambda ledger, _: ledger.claimed([AGENT.ai_agent_id], [str(VIEW)], "c-2"),
    "breakers": lambda ledger, _: ledger.breakers(),
    "approval": lambda ledger, _: ledger.approval(APPROVAL.repair.id),
    "muted": lambda ledger, _: ledger.muted(NOON),
    "paused": lambda ledger, _: ledger.paused(),
}
WRITES: dict[str, Callable[[DynamoDBLedger, str], Any]] = {
    "save": lambda ledger, profile: ledger.save(begun(profile)),
    "claim": lambda ledger, profile: ledger.claim(begun(profile), [str(VIEW)]),
    "remember": lambda ledger, _: ledger.remember(edit("edited")),
    "open-breakers": lambda ledger, _: ledger.open_breakers([BREAKER]),
    "approve": lambda ledger, _: ledger.approve(APPROVAL),
    "mute": lambda ledger, profile: ledger.mute(profile, None),
    "pause": lambda ledger, _: ledger.pause(True, "someone", NOON),
}
ENDS: dict[str, Callable[[DynamoDBLedger, str], Any]] = {
    "close-breakers": lambda ledger, _: ledger.close_breakers([BREAKER]),
    "forget-others": lambda ledger, profile: ledger.forget_others(profile),
    "unmute": lambda ledger, profile: ledger.unmute(profile),
}


def test_every_item_carries_its_schema(
    ledger: DynamoDBLedger, client: Any, table: str, profile: str
) -> None:
    for write in WRITES.values():
        write(ledger, profile)
    written = items(client, table)
    assert len(written) == 10  # the change and three pointers, and one of each other kind
    assert {item.get("schema") for item in written} == {2}


@pytest.mark.parametrize("schema", [1, None, 99])
@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_items_of_another_schema_are_refused_by_their_keys(
    ledger: DynamoDBLedger,
    client: Any,
    table: str,
    profile: str,
    read: Callable[[DynamoDBLedger, str], Any],
    schema: int | None,
) -> None:
    for write in WRITES.values():
        write(ledger, profile)
    assert read(ledger, profile)
    for item in items(client, table):
        number = {"Value": {"N": str(schema)}} if schema is not None else {}
        action = {"Action": "PUT" if number else "DELETE", **number}
        key = {"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}}
        client.update_item(TableName=table, Key=key, AttributeUpdates={"schema": action})
    with pytest.raises(OtherSchema, match=f"has schema {schema}, this version knows 2") as raised:
        read(ledger, profile)
    assert any(f"item {pk} {sk} has" in str(raised.value) for pk, sk in held(client, table))


USES = {**READS, **WRITES, **ENDS}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_missing_table_is_a_misconfiguration(
    client: Any, use: Callable[[DynamoDBLedger, str], Any]
) -> None:
    with pytest.raises(Misconfigured, match=r"^table \w+: ResourceNotFoundException$"):
        use(DynamoDBLedger(client, "no-such-table"), "profile")


class _Cancelling:
    """A client whose transactions meet another one."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **_: object) -> None:
        answer = {
            "Error": {"Code": "TransactionCanceledException", "Message": "secret"},
            "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}],
            "ResponseMetadata": {"HTTPStatusCode": 400},
        }
        raise self._client.exceptions.TransactionCanceledException(answer, "TransactWriteItems")


def test_a_save_that_meets_another_transaction_is_to_be_tried_again_and_quotes_nothing(
    client: Any, table: str, profile: str
) -> None:
    """It is no refusal: an undo would be told as refused after it took grants back."""
    with pytest.raises(Conflict, match=r"^the record changed since it was read$"):
        DynamoDBLedger(_Cancelling(client), table).save(begun(profile))
