"""The change ledger on a local DynamoDB: histories, breakers, mutes, the pause, newer items."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from tests.adapters.values import NOON, new_key

from toolgrant.adapters.dynamodb.ledger import KEEP_EDITS, DynamoDBLedger
from toolgrant.domain.causes import Actor
from toolgrant.domain.fixing.ledger import (
    ChangeState,
    ForeignEdit,
    ProfileChange,
    ProfileHistory,
    change_id,
)
from toolgrant.domain.model import Grant, GrantKind
from toolgrant.errors import Misconfigured, OtherSchema
from toolgrant_local.clients import Clients

VIEW, EDIT = Grant.parse("permission:Wisdom.View"), Grant.parse("permission:Cases.Edit")
TOOL = Grant.parse("mcp:ns/a___b")
AGENT_APP = Grant.parse("ai-agent:arn:aws:connect:us-east-1:111122223333:agent/target")


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


def change(profile_id: str, fix: str = "fix", **changes: Any) -> ProfileChange:
    """A change with every field set."""
    full = ProfileChange(
        id=change_id(profile_id, fix, GrantKind.PERMISSION),
        instance_id="instance",
        profile_id=profile_id,
        agent=new_key(),
        finding_id="finding-注文",
        kind=GrantKind.PERMISSION,
        grants=(VIEW, EDIT),
        began_at=NOON,
        before=frozenset({Grant.parse("permission:Users.View")}),
        state=ChangeState.DONE,
        verified_at=NOON + timedelta(seconds=2),
        undone=frozenset({VIEW}),
        undoing=frozenset({EDIT}),
        approved_by="someone",
    )
    return replace(full, **changes)


def edit(profile_id: str, event_id: str = "event", **changes: Any) -> ForeignEdit:
    full = ForeignEdit(
        event_id=event_id,
        profile_id=profile_id,
        at=NOON,
        actor=Actor("AssumedRole", "Operator/someone", "CloudFormation"),
        kinds=frozenset({GrantKind.PERMISSION, GrantKind.MCP}),
    )
    return replace(full, **changes)


# --------------------------------------------------------------------------------- histories


def test_a_profile_nobody_wrote_to_has_an_empty_book(ledger: DynamoDBLedger, profile: str) -> None:
    assert ledger.history(profile) == ProfileHistory(profile)


@pytest.mark.parametrize("state", ChangeState)
def test_a_change_comes_back_as_it_was_saved(
    ledger: DynamoDBLedger, profile: str, state: ChangeState
) -> None:
    saved = change(profile, state=state)
    assert all(vars(saved).values()), "so that the round trip covers every field"
    ledger.save(saved)
    assert ledger.history(profile).changes == (saved,)
    assert ledger.history(profile).change(saved.id) == saved


@pytest.mark.parametrize("grant", [VIEW, TOOL, AGENT_APP, Grant.parse("flow-module:x_1")], ids=str)
def test_an_intent_of_each_kind_comes_back(
    ledger: DynamoDBLedger, profile: str, grant: Grant
) -> None:
    intent = ProfileChange(
        id=change_id(profile, "fix", grant.kind),
        instance_id="instance",
        profile_id=profile,
        agent=new_key(),
        finding_id="finding",
        kind=grant.kind,
        grants=(grant,),
        began_at=NOON,
    )
    ledger.save(intent)
    assert ledger.history(profile).changes == (intent,)


def test_a_change_is_saved_over_its_earlier_state(ledger: DynamoDBLedger, profile: str) -> None:
    intent = change(profile, state=ChangeState.INTENT, verified_at=None)
    done = replace(intent, state=ChangeState.DONE, verified_at=NOON)
    ledger.save(intent)
    ledger.save(done)
    assert ledger.history(profile).changes == (done,)


def test_changes_are_in_the_order_of_their_beginning(ledger: DynamoDBLedger, profile: str) -> None:
    late, early, same = (
        change(profile, fix, began_at=NOON + timedelta(seconds=seconds))
        for fix, seconds in (("late", 5), ("early", 1), ("same", 5))
    )
    for profile_change in (late, early, same):
        ledger.save(profile_change)
    order = [early, *sorted((late, same), key=lambda profile_change: profile_change.id)]
    assert ledger.history(profile).changes == tuple(order)


@pytest.mark.parametrize(
    "kinds", [None, frozenset(), frozenset(GrantKind)], ids=["unknown", "none", "all"]
)
def test_a_foreign_edit_comes_back_with_what_its_record_told(
    ledger: DynamoDBLedger, profile: str, kinds: frozenset[GrantKind] | None
) -> None:
    seen = edit(profile, kinds=kinds)
    for _ in range(2):
        ledger.remember(seen)
    assert ledger.history(profile).edits == (seen,)


def test_foreign_edits_expire_and_nothing_else_does(
    ledger: DynamoDBLedger, client: Any, table: str, profile: str
) -> None:
    ledger.save(change(profile))
    ledger.remember(edit(profile))
    ledger.open_breaker(profile, VIEW, "taken away", NOON)
    ledger.record_attachment(profile, "finding", NOON)
    ledger.mute("finding", None)
    ledger.pause(True, "someone", NOON)
    expiry = {item["sk"]: item["expiresAt"] for item in items(client, table) if "expiresAt" in item}
    assert set(expiry) == {"EDIT#event"}
    assert datetime.fromtimestamp(int(expiry["EDIT#event"]), UTC) == (NOON + KEEP_EDITS).replace(
        microsecond=0
    )


def test_a_history_is_of_one_profile(ledger: DynamoDBLedger, profile: str) -> None:
    other = f"{profile[:-1]}x"
    ledger.save(change(other))
    ledger.remember(edit(other))
    ledger.open_breaker(other, VIEW, "taken away", NOON)
    assert ledger.history(profile) == ProfileHistory(profile)


class _OnePerPage:
    """The same client, whose queries answer one item at a time."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.pages = 0

    def query(self, **asked: Any) -> Any:
        self.pages += 1
        assert asked["ConsistentRead"] is True
        return self._client.query(**asked, Limit=1)


def test_a_history_is_read_to_its_last_page(
    ledger: DynamoDBLedger, client: Any, table: str, profile: str
) -> None:
    for number in range(5):
        ledger.save(change(profile, f"fix {number}"))
        ledger.remember(edit(profile, f"event-{number}"))
    for grant in (VIEW, EDIT, TOOL):
        ledger.open_breaker(profile, grant, "taken away", NOON)
    for number in range(4):
        ledger.record_attachment(profile, f"finding-{number}", NOON)
    paging = _OnePerPage(client)
    history = DynamoDBLedger(paging, table).history(profile)
    assert history == ledger.history(profile)
    sizes = len(history.changes), len(history.edits), len(history.broken), len(history.attached)
    assert sizes == (5, 5, 3, 4)
    assert paging.pages > 16


def test_mutes_are_read_to_their_last_page(ledger: DynamoDBLedger, client: Any, table: str) -> None:
    targets = {f"target-{number}" for number in range(7)}
    for target in targets:
        ledger.mute(target, None)
    assert DynamoDBLedger(_OnePerPage(client), table).muted(NOON) == targets


def test_a_history_larger_than_one_answer_of_dynamodb_is_whole(
    ledger: DynamoDBLedger, profile: str
) -> None:
    """A query answers at most 1 MB."""
    before = frozenset(Grant(GrantKind.PERMISSION, f"{n}-{'x' * 200}") for n in range(1000))
    for number in range(6):
        ledger.save(change(profile, f"fix {number}", before=before))
    history = ledger.history(profile)
    assert [change.before for change in history.changes] == [before] * 6


def test_what_is_unknown_in_a_history_is_left_alone(
    ledger: DynamoDBLedger, client: Any, profile: str, table: str
) -> None:
    item = {"pk": {"S": f"PROFILE#{profile}"}, "sk": {"S": "NOTE#1"}, "schema": {"N": "1"}}
    client.put_item(TableName=table, Item=item)
    assert ledger.history(profile) == ProfileHistory(profile)
    assert len(items(client, table)) == 1


# ------------------------------------------------------------------------- breakers, attachments


@pytest.mark.parametrize("grant", [VIEW, TOOL, AGENT_APP], ids=str)
def test_a_breaker_is_open_until_it_is_reset(
    ledger: DynamoDBLedger, profile: str, grant: Grant
) -> None:
    ledger.open_breaker(profile, EDIT, "taken away", NOON)
    for _ in range(2):
        ledger.open_breaker(profile, grant, "taken away", NOON)
    assert ledger.history(profile).broken == {grant, EDIT}
    for _ in range(2):
        ledger.close_breaker(profile, grant)
    assert ledger.history(profile).broken == {EDIT}


def test_an_attachment_keeps_its_newest_time(ledger: DynamoDBLedger, profile: str) -> None:
    later = NOON + timedelta(days=1)
    for at in (NOON, later):
        ledger.record_attachment(profile, "agent-gap#1-注文", at)
    assert ledger.history(profile).attached == {"agent-gap#1-注文": later}


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


# ------------------------------------------------------------------------- newer schema, no table

READS: dict[str, Callable[[DynamoDBLedger, str], Any]] = {
    "history": lambda ledger, profile: ledger.history(profile),
    "muted": lambda ledger, _: ledger.muted(NOON),
    "paused": lambda ledger, _: ledger.paused(),
}
WRITES: dict[str, Callable[[DynamoDBLedger, str], Any]] = {
    "save": lambda ledger, profile: ledger.save(change(profile)),
    "remember": lambda ledger, profile: ledger.remember(edit(profile)),
    "trip": lambda ledger, profile: ledger.open_breaker(profile, VIEW, "taken away", NOON),
    "reset": lambda ledger, profile: ledger.close_breaker(profile, VIEW),
    "attached": lambda ledger, profile: ledger.record_attachment(profile, "finding", NOON),
    "mute": lambda ledger, profile: ledger.mute(profile, None),
    "unmute": lambda ledger, profile: ledger.unmute(profile),
    "pause": lambda ledger, _: ledger.pause(True, "someone", NOON),
}


def test_every_item_carries_its_schema(
    ledger: DynamoDBLedger, client: Any, table: str, profile: str
) -> None:
    for write in WRITES.values():
        write(ledger, profile)
    for name in ("trip", "mute"):
        WRITES[name](ledger, profile)
    written = items(client, table)
    assert len(written) == 6
    assert {item.get("schema") for item in written} == {1}


@pytest.mark.parametrize(
    ("write", "read"),
    [
        ("save", "history"),
        ("remember", "history"),
        ("trip", "history"),
        ("attached", "history"),
        ("mute", "muted"),
        ("pause", "paused"),
    ],
)
def test_items_of_a_newer_schema_are_refused(
    ledger: DynamoDBLedger, client: Any, table: str, profile: str, write: str, read: str
) -> None:
    WRITES[write](ledger, profile)
    READS[read](ledger, profile)
    for item in items(client, table):
        client.update_item(
            TableName=table,
            Key={"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}},
            UpdateExpression="SET #schema = :newer",
            ExpressionAttributeNames={"#schema": "schema"},
            ExpressionAttributeValues={":newer": {"N": "99"}},
        )
    with pytest.raises(OtherSchema, match="schema 99"):
        READS[read](ledger, profile)


@pytest.mark.parametrize("use", [*READS.values(), *WRITES.values()], ids=[*READS, *WRITES])
def test_a_missing_table_is_a_misconfiguration(
    client: Any, use: Callable[[DynamoDBLedger, str], Any]
) -> None:
    with pytest.raises(Misconfigured, match=r"^table \w+: ResourceNotFoundException$"):
        use(DynamoDBLedger(client, "no-such-table"), "profile")
