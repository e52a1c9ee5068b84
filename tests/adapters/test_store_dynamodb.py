"""The table on a local DynamoDB: transactions, conflicts, edges, the outbox, sizes."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from tests.adapters.values import (
    NOON,
    REPAIR,
    SHOWN,
    alert,
    finding,
    new_key,
    profile_edges,
    record,
)

from toolgrant.adapters.dynamodb.store import KEEP_SHOWN, MOST_EDGES, DynamoDBStore, transaction
from toolgrant.adapters.dynamodb.store_items import sweep_to_item
from toolgrant.adapters.dynamodb.table import Table
from toolgrant.domain.catalog import packaged
from toolgrant.domain.evaluate import evaluate
from toolgrant.domain.fixing.rules import APPROVAL_LASTS
from toolgrant.domain.model import FindingState, QualifiedAgent, Tool
from toolgrant.domain.problems import JudgedQualifier, problems_of
from toolgrant.domain.record_budget import within_budget
from toolgrant.domain.records import (
    ANY,
    AgentKey,
    AgentRecord,
    Edge,
    EdgeKind,
    Failures,
    SweepProgress,
    Unproven,
)
from toolgrant.errors import Conflict, Misconfigured, OtherSchema
from toolgrant_local.clients import Clients

INSTANCE = Edge(EdgeKind.INSTANCE, "instance")


@pytest.fixture
def client(aws: Clients) -> Any:
    return aws.get("dynamodb")


@pytest.fixture
def store(client: Any, table: str) -> DynamoDBStore:
    return DynamoDBStore(client, table)


def first(store: DynamoDBStore, key: AgentKey, **changes: Any) -> AgentRecord:
    """Commit version 1."""
    after = record(key, 1, **changes)
    store.commit(after, AgentRecord(key), None)
    return after


def items(client: Any, table: str) -> list[dict[str, Any]]:
    plain = TypeDeserializer().deserialize
    return [
        {name: plain(value) for name, value in item.items()}
        for page in client.get_paginator("scan").paginate(TableName=table)
        for item in page["Items"]
    ]


# --------------------------------------------------------------------------------------- records


def test_a_record_never_written_is_version_0(store: DynamoDBStore) -> None:
    key = new_key()
    assert store.load(key) == AgentRecord(key)


def test_a_record_comes_back_as_it_was_written(store: DynamoDBStore) -> None:
    key = new_key()
    saved = NOON - timedelta(minutes=5)
    written = first(store, key, saved_at=saved)
    assert store.load(key) == written


def test_each_agent_has_its_own_record(store: DynamoDBStore) -> None:
    agent, other = new_key(), new_key()
    first(store, agent, name="one")
    first(store, other, name="other")
    assert (store.load(agent).name, store.load(other).name) == ("one", "other")


def test_a_deleted_agent_s_record_expires_and_a_living_one_s_does_not(
    store: DynamoDBStore, client: Any, table: str
) -> None:
    living, deleted = new_key(), new_key()
    first(store, living)
    first(store, deleted, qualifiers=(), edges=frozenset(), started_at=NOON)
    expiry = {item["pk"]: item.get("expiresAt") for item in items(client, table)}
    assert expiry[f"AGENT#{living.assistant_id}#{living.ai_agent_id}"] is None
    expires_at = expiry[f"AGENT#{deleted.assistant_id}#{deleted.ai_agent_id}"]
    assert datetime.fromtimestamp(int(expires_at), UTC) > NOON + timedelta(days=30)


# ------------------------------------------------------------------------------------- conflicts


@pytest.mark.parametrize("known", [0, 1])
def test_a_write_on_top_of_an_old_version_conflicts_and_leaves_no_trace(
    store: DynamoDBStore, known: int
) -> None:
    key = new_key()
    before = first(store, key)
    second = replace(before, version=2)
    store.commit(second, before, None)
    stale = before if known else AgentRecord(key)
    losing = record(key, known + 1, edges=profile_edges(3, "lost"), name="lost")
    with pytest.raises(Conflict):
        store.commit(losing, stale, alert("al-lost"), [REPAIR], SHOWN)
    assert store.load(key) == second
    assert store.agents_with(Edge(EdgeKind.PROFILE, "lost-0")) == ()
    assert store.agents_with(Edge(EdgeKind.PROFILE, "profile-0")) == (key,)
    assert (list(store.pending()), store.pending_fixes(), list(store.shown())) == ([], {}, [])


def in_threads(count: int, work: Callable[[int], None]) -> None:
    """Run `work(0) … work(count - 1)` at once; the first error is raised."""
    errors: list[BaseException] = []
    start = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            start.wait(10)
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if errors:
        raise errors[0]


def test_of_eight_writers_of_one_version_exactly_one_wins(store: DynamoDBStore) -> None:
    key, won = new_key(), []

    def write(number: int) -> None:
        mine = record(key, 1, name=f"writer {number}", edges=profile_edges(1, f"w{number}"))
        try:
            told = alert("al-1", str(number), key.ai_agent_id)
            store.commit(mine, AgentRecord(key), told)
        except Conflict:
            return
        won.append(number)

    in_threads(8, write)
    assert len(won) == 1
    assert store.load(key).name == f"writer {won[0]}"
    assert [alert.bodies["default"] for alert in store.pending(key.ai_agent_id)] == [str(won[0])]
    attached = {n for n in range(8) if store.agents_with(Edge(EdgeKind.PROFILE, f"w{n}-0"))}
    assert attached == set(won)


def test_when_all_retry_the_newest_evaluation_stays(store: DynamoDBStore) -> None:
    """As an evaluation does: read, give way to a later one, else write; again after a conflict."""
    key = new_key()

    def write(number: int) -> None:
        mine = NOON + timedelta(seconds=number)
        for _ in range(50):
            before = store.load(key)
            if before.started_at and before.started_at > mine:
                return None
            after = record(
                key,
                before.version + 1,
                started_at=mine,
                edges=profile_edges(1, f"w{number}"),
            )
            try:
                return store.commit(after, before, None)
            except Conflict:
                continue
        raise AssertionError("never got through")

    in_threads(8, write)
    assert store.load(key).started_at == NOON + timedelta(seconds=7)
    attached = {n for n in range(8) if store.agents_with(Edge(EdgeKind.PROFILE, f"w{n}-0"))}
    assert attached == {7}


# ----------------------------------------------------------------------------------------- edges


def test_edges_are_replaced(store: DynamoDBStore) -> None:
    key = new_key()
    before = first(store, key, edges=frozenset({INSTANCE, *profile_edges(2)}))
    store.commit(
        record(key, 2, edges=frozenset({INSTANCE, *profile_edges(3) - profile_edges(1)})),
        before,
        None,
    )
    found = {n: store.agents_with(Edge(EdgeKind.PROFILE, f"profile-{n}")) for n in range(3)}
    assert found == {0: (), 1: (key,), 2: (key,)}
    assert store.agents_with(INSTANCE) == (key,)


def test_one_edge_leads_to_all_its_agents_over_many_pages(
    store: DynamoDBStore, client: Any, table: str
) -> None:
    keys = [new_key() for _ in range(6)]
    for key in keys:
        first(store, key, edges=profile_edges(1, "shared"))
    paging = DynamoDBStore(_OnePerPage(client), table)
    found = paging.agents_with(Edge(EdgeKind.PROFILE, "shared-0"))
    assert sorted(found) == sorted(keys)


class _OnePerPage:
    """The same client, whose queries answer one item at a time."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def query(self, **asked: Any) -> Any:
        return self._client.query(**asked, Limit=1)


def test_kinds_of_edges_are_apart(store: DynamoDBStore) -> None:
    key = new_key()
    first(store, key, edges=frozenset({Edge(EdgeKind.FLOW_MODULE, "same")}))
    assert store.agents_with(Edge(EdgeKind.FLOW_MODULE, "same")) == (key,)
    assert store.agents_with(Edge(EdgeKind.PROFILE, "same")) == ()


@pytest.mark.parametrize("kind", [EdgeKind.FLOW_MODULE, EdgeKind.APPLICATION, EdgeKind.PROFILE])
def test_too_many_edges_of_a_kind_match_every_target_and_lose_nothing(
    store: DynamoDBStore, kind: EdgeKind
) -> None:
    key = new_key()
    many = frozenset(Edge(kind, f"target-{number}") for number in range(MOST_EDGES + 15))
    before = first(store, key, edges=many | {INSTANCE})
    assert all(store.agents_with(edge) == (key,) for edge in [*sorted(many)[:5], INSTANCE])
    assert store.agents_with(Edge(kind, "never seen")) == (key,)
    few = frozenset({Edge(kind, "target-0"), INSTANCE})
    store.commit(record(key, 2, edges=few), before, None)
    assert store.agents_with(Edge(kind, "target-0")) == (key,)
    assert store.agents_with(Edge(kind, "never seen")) == ()


def test_the_largest_change_of_edges_fits_one_transaction(store: DynamoDBStore, table: str) -> None:
    key = new_key()
    before = first(store, key, edges=profile_edges(MOST_EDGES, "old"))
    after = record(key, 2, edges=profile_edges(MOST_EDGES, "new"))
    assert len(transaction(Table(None, table), after, before, alert("a-1"))) <= 100
    store.commit(after, before, alert("al-2"))
    assert store.agents_with(Edge(EdgeKind.PROFILE, f"new-{MOST_EDGES - 1}")) == (key,)
    assert store.agents_with(Edge(EdgeKind.PROFILE, "old-0")) == ()


def test_a_thousand_edges_of_all_kinds_fit_one_transaction(
    store: DynamoDBStore, table: str
) -> None:
    key = new_key()
    kinds = (EdgeKind.FLOW_MODULE, EdgeKind.APPLICATION, EdgeKind.PROFILE)
    every = frozenset(Edge(kind, f"{n}") for kind in kinds for n in range(400)) | {INSTANCE}
    before = first(store, key, edges=profile_edges(MOST_EDGES, "old"))
    after = record(key, 2, edges=every)
    assert len(transaction(Table(None, table), after, before, alert("a-1"))) <= 100
    store.commit(after, before, None)
    assert all(store.agents_with(Edge(kind, "399")) == (key,) for kind in kinds)
    assert store.load(key).edges == every
    assert ANY not in {edge.target for edge in store.load(key).edges}


# ---------------------------------------------------------------------------------------- outbox


def test_an_alert_waits_from_its_commit_until_it_is_published(store: DynamoDBStore) -> None:
    key = new_key()
    told = alert("al-1", '{"machine": "ü"}', key.ai_agent_id)
    store.commit(record(key), AgentRecord(key), told)
    assert list(store.pending(key.ai_agent_id)) == [told]
    assert list(store.pending()) == [told]
    for _ in range(2):
        store.drop_published(told)
        assert list(store.pending()) == []


def test_an_alert_lies_beside_those_of_its_agent(
    store: DynamoDBStore, client: Any, table: str
) -> None:
    store.put_alert(alert("al-1", thread_id="agent"))
    (item,) = items(client, table)
    assert (item["pk"], item["sk"]) == ("OUTBOX", "agent#al-1")


def test_an_alert_without_a_record_waits_too_and_twice_is_once(store: DynamoDBStore) -> None:
    told = alert("al-1", thread_id="sweep")
    for body in ("old", "new"):
        told = replace(told, bodies={"default": body})
        store.put_alert(told)
    assert list(store.pending()) == [told]


def test_pending_alerts_of_one_agent_come_oldest_first_and_without_the_others(
    store: DynamoDBStore,
) -> None:
    """Ids are not in the order of time: `al-0` is the newest."""
    mine, other, longer = "agent", "other agent", "agent-2"
    for age in range(11):
        store.put_alert(alert(f"al-{age}", "", mine, NOON - timedelta(hours=age)))
    store.put_alert(alert("al-5", "", other, NOON - timedelta(minutes=270)))
    store.put_alert(alert("al-6", "", longer, NOON - timedelta(minutes=330)))
    ids = [(alert.thread_id, alert.alert_id) for alert in store.pending(mine)]
    assert ids == [(mine, f"al-{age}") for age in reversed(range(11))]
    all_ids = [(alert.thread_id, alert.alert_id) for alert in store.pending()]
    assert all_ids[5:8] == [(longer, "al-6"), (mine, "al-5"), (other, "al-5")]
    assert len(all_ids) == 13


def test_pending_may_be_published_while_it_is_read(store: DynamoDBStore) -> None:
    for number in range(4):
        store.put_alert(alert(f"al-{number}"))
    for waiting in store.pending():
        store.drop_published(waiting)
    assert list(store.pending()) == []


def test_of_two_publishers_one_may_publish_until_its_claim_ends(store: DynamoDBStore) -> None:
    told = alert("al-1")
    store.put_alert(told)
    until = NOON + timedelta(seconds=60)
    assert store.claim(told, NOON, until)
    assert not store.claim(told, until - timedelta(seconds=1), until)
    assert list(store.pending()) == [told], "claimed is not published"
    assert store.claim(told, until + timedelta(seconds=1), until + timedelta(seconds=61))
    store.drop_published(told)
    assert not store.claim(told, until + timedelta(hours=1), until + timedelta(hours=2))
    assert list(store.pending()) == []


def test_eight_publishers_of_one_alert_agree_on_one(store: DynamoDBStore) -> None:
    told, won = alert("al-1"), []
    store.put_alert(told)

    def claim(number: int) -> None:
        if store.claim(told, NOON, NOON + timedelta(seconds=60)):
            won.append(number)

    in_threads(8, claim)
    assert len(won) == 1


# ------------------------------------------------------------------------------- repairs and offers


def test_repairs_wait_from_their_commit_until_they_are_sent(store: DynamoDBStore) -> None:
    key, other = new_key(), new_key()
    repairs = (REPAIR, replace(REPAIR, id="fix-2"))
    before = first(store, key)
    store.commit(replace(before, version=2), before, None, repairs)
    store.commit(record(other), AgentRecord(other), None, [REPAIR])
    mine = {f"{key.ai_agent_id}#2": repairs}
    assert store.pending_fixes(key.ai_agent_id) == mine
    assert store.pending_fixes() == {**mine, f"{other.ai_agent_id}#1": (REPAIR,)}
    for _ in range(2):
        store.drop_sent(f"{key.ai_agent_id}#2")
        assert set(store.pending_fixes()) == {f"{other.ai_agent_id}#1"}


def test_repairs_of_two_commits_wait_side_by_side(store: DynamoDBStore) -> None:
    key = new_key()
    before = AgentRecord(key)
    for version in (1, 2):
        after = record(key, version)
        store.commit(after, before, None, [replace(REPAIR, id=f"fix-{version}")])
        before = after
    waiting = store.pending_fixes(key.ai_agent_id)
    assert [repair.id for (repair,) in waiting.values()] == ["fix-1", "fix-2"]


def test_a_commit_without_repairs_or_offers_leaves_none(store: DynamoDBStore) -> None:
    first(store, new_key())
    assert (store.pending_fixes(), list(store.shown())) == ({}, [])


def test_what_an_alert_offered_is_kept_a_little_longer_than_it_may_be_approved(
    store: DynamoDBStore, client: Any, table: str
) -> None:
    key = new_key()
    store.commit(record(key), AgentRecord(key), alert("al-1"), (), SHOWN)
    assert list(store.shown()) == [SHOWN]
    (item,) = (item for item in items(client, table) if item["pk"] == "SHOWN")
    assert item["sk"] == SHOWN.alert_id
    expires = datetime.fromtimestamp(int(item["expiresAt"]), UTC)
    assert expires == (NOON + KEEP_SHOWN).replace(microsecond=0)
    assert APPROVAL_LASTS < KEEP_SHOWN < APPROVAL_LASTS + timedelta(days=2)


def test_a_commit_with_everything_fits_one_transaction(store: DynamoDBStore, table: str) -> None:
    key = new_key()
    before = first(store, key, edges=profile_edges(MOST_EDGES, "old"))
    after = record(key, 2, edges=profile_edges(MOST_EDGES, "new"))
    told = alert("al-1")
    assert len(transaction(Table(None, table), after, before, told, [REPAIR], SHOWN)) <= 100
    store.commit(after, before, told, [REPAIR], SHOWN)
    assert (list(store.pending()), list(store.shown())) == ([told], [SHOWN])
    assert list(store.pending_fixes().values()) == [(REPAIR,)]


# ----------------------------------------------------------------------------------------- sweep


def test_the_progress_of_a_sweep_is_kept(store: DynamoDBStore) -> None:
    assert store.sweep_progress() is None
    one, other, gone = new_key(), new_key(), new_key()
    progress = SweepProgress(
        NOON,
        ("one", "two"),
        "token",
        frozenset({one, other}),
        enqueued=3,
        skipped=4,
        waiting=frozenset({other}),
        failed=Failures(("assistant agent",), 5),
        assistants_failed=Failures(("assistant",), 6),
        proven_at=NOON - timedelta(hours=2),
        older=Unproven(NOON - timedelta(hours=1), frozenset({one, gone})),
    )
    store.save_sweep_progress(progress)
    assert store.sweep_progress() == progress
    done = SweepProgress(NOON, finished_at=NOON + timedelta(minutes=1))
    store.save_sweep_progress(done)
    assert store.sweep_progress() == done


def keys(count: int, prefix: str = "a") -> frozenset[AgentKey]:
    """So many AI agents of one assistant, with ids as long as the service's."""
    ids = (prefix + str(uuid.UUID(int=number))[1:] for number in range(count))
    return frozenset(AgentKey(str(uuid.UUID(int=0)), ai_agent_id) for ai_agent_id in ids)


def test_the_progress_of_5000_agents_that_two_sweeps_wait_for_fits(store: DynamoDBStore) -> None:
    waiting = keys(5_000)
    progress = SweepProgress(NOON, seen=waiting, waiting=waiting, older=Unproven(NOON, waiting))
    assert item_size(sweep_to_item(progress)) < 400_000

    store.save_sweep_progress(progress)
    assert store.sweep_progress() == progress


def test_of_more_agents_than_fit_twice_only_the_newest_sweep_is_kept(store: DynamoDBStore) -> None:
    progress = SweepProgress(NOON, seen=keys(9_000), older=Unproven(NOON, keys(3_000, "b")))
    store.save_sweep_progress(progress)
    assert store.sweep_progress() == replace(progress, older=None)


def item_size(item: Mapping[str, Any]) -> int:
    """About what DynamoDB counts: UTF-8 bytes of names and values."""
    return len(json.dumps(item).encode())


# ------------------------------------------------------------------------------------- instances


def test_instances_are_remembered_overwritten_and_forgotten(store: DynamoDBStore) -> None:
    assert (store.instance_of("assistant"), store.assistants()) == (None, ())
    store.remember_instances({"assistant": "one", "other": "two"})
    assert store.assistants() == ("assistant", "other")
    store.remember_instances({"assistant": "three"})
    assert (store.instance_of("assistant"), store.instance_of("other")) == ("three", None)
    assert store.assistants() == ("assistant",)


# --------------------------------------------------------------------------------- another schema

READS: dict[str, Callable[[DynamoDBStore, AgentKey], Any]] = {
    "load": lambda store, key: store.load(key),
    "pending": lambda store, key: list(store.pending(key.ai_agent_id)),
    "pending-all": lambda store, _: list(store.pending()),
    "pending-fixes": lambda store, _: store.pending_fixes(),
    "shown": lambda store, _: list(store.shown()),
    "agents-with": lambda store, _: store.agents_with(Edge(EdgeKind.PROFILE, "profile-0")),
    "assistants": lambda store, _: store.assistants(),
    "instance-of": lambda store, key: store.instance_of(key.assistant_id),
    "sweep": lambda store, _: store.sweep_progress(),
}


def write_everything(store: DynamoDBStore, key: AgentKey) -> None:
    told = alert("al-1", thread_id=key.ai_agent_id)
    store.commit(record(key), AgentRecord(key), told, [REPAIR], SHOWN)
    store.remember_instances({key.assistant_id: "instance"})
    store.save_sweep_progress(SweepProgress(NOON))


def set_schema(client: Any, table: str, schema: int | None) -> None:
    """Make all items those of another version; None: of one that wrote no schema."""
    for item in items(client, table):
        number = {"Value": {"N": str(schema)}} if schema is not None else {}
        action = {"Action": "PUT" if number else "DELETE", **number}
        key = {"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}}
        client.update_item(TableName=table, Key=key, AttributeUpdates={"schema": action})


@pytest.mark.parametrize("schema", [1, None, 99])
@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_items_of_another_schema_are_refused_by_their_keys(
    store: DynamoDBStore,
    client: Any,
    table: str,
    read: Callable[[DynamoDBStore, AgentKey], Any],
    schema: int | None,
) -> None:
    key = new_key()
    write_everything(store, key)
    assert read(store, key)
    set_schema(client, table, schema)
    with pytest.raises(OtherSchema, match=f"has schema {schema}, this version knows 2") as raised:
        read(store, key)
    named = [f"item {item['pk']} {item['sk']} has" for item in items(client, table)]
    assert any(name in str(raised.value) for name in named)


def test_an_item_of_another_schema_is_not_overwritten_by_a_commit(
    store: DynamoDBStore, client: Any, table: str
) -> None:
    key = new_key()
    write_everything(store, key)
    set_schema(client, table, 1)
    with pytest.raises(Conflict):
        store.commit(record(key), AgentRecord(key), None)


def test_every_item_carries_its_schema(store: DynamoDBStore, client: Any, table: str) -> None:
    write_everything(store, new_key())
    written = items(client, table)
    assert len(written) == 9  # record, three edges, alert, repairs, offer, instance, sweep
    assert {item.get("schema") for item in written} == {2}


# ----------------------------------------------------------------------------------------- sizes


def without_texts(written: AgentRecord) -> AgentRecord:
    """As it comes back: the catalog has the texts."""
    bare = {
        key: replace(finding, advisories=(), console_path=None)
        for key, finding in written.findings.items()
    }
    return replace(written, findings=bare)


def judged_record(key: AgentKey, name: str, tool_id: str, tools: int = 200) -> AgentRecord:
    """The record of an agent whose every tool lacks its grant."""
    agents = [
        QualifiedAgent(
            assistant_id=key.assistant_id,
            ai_agent_id=key.ai_agent_id,
            qualifier=qualifier,
            arn="arn:aws:wisdom:us-east-1:111122223333:ai-agent/x/y",
            name="agent",
            type="ORCHESTRATION",
            tools=tuple(
                Tool(f"{n}{name}"[:4096], "MODEL_CONTEXT_PROTOCOL", f"{tool_id}{n}"[:4096])
                for n in range(tools)
            ),
        )
        for qualifier in ("$SAVED", "$LATEST", "7")
    ]
    judged = [JudgedQualifier(evaluate(agent, [], packaged()), live=True) for agent in agents]
    found = problems_of("instance", judged)
    return record(
        key, findings={finding.id: finding for finding in found}, edges=frozenset({INSTANCE})
    )


@pytest.mark.parametrize(
    ("name", "tool_id"),
    [
        ("Tool", "gateway_orders__tool"),
        ("n" * 4096, "gateway_orders__" + "t" * 4070),
        ("道" * 4096, "gateway_orders__" + "具" * 4070),
        ("\U0001f600" * 4096, "aws_unknown__" + "\U0001f600" * 4070),
    ],
    ids=["ordinary", "4096-ascii", "4096-japanese", "4096-emoji"],
)
def test_a_record_of_200_broken_tools_fits(store: DynamoDBStore, name: str, tool_id: str) -> None:
    key = new_key()
    written = judged_record(key, name, tool_id)
    assert len(written.findings) == 200
    store.commit(written, AgentRecord(key), None)
    assert store.load(key) == without_texts(within_budget(written))
    assert set(store.load(key).findings) == set(written.findings)


def test_a_record_with_many_resolved_findings_is_taken_without_the_oldest(
    store: DynamoDBStore,
) -> None:
    key = new_key()
    written = judged_record(key, "道" * 4096, "gateway_orders__" + "具" * 4070)
    hours = {name: NOON + timedelta(hours=n) for n, name in enumerate(written.findings)}
    over = [
        replace(one, id=f"{name}{n}", state=FindingState.RESOLVED, resolved_at=hours[name])
        for name, one in written.findings.items()
        for n in range(4)
    ]
    full = replace(written, findings={one.id: one for one in over})
    store.commit(full, AgentRecord(key), None)
    assert store.load(key) == without_texts(within_budget(full))
    assert 50 < len(store.load(key).findings) < 200


# ----------------------------------------------------------------------------------- no such table


@pytest.mark.parametrize(
    "use",
    [
        lambda store, key: store.load(key),
        lambda store, key: store.commit(record(key), AgentRecord(key), None),
        lambda store, _: list(store.pending()),
        lambda store, _: store.drop_published(alert("al-1")),
        lambda store, _: store.put_alert(alert("al-1")),
        lambda store, _: store.pending_fixes(),
        lambda store, _: store.drop_sent("commit"),
        lambda store, _: list(store.shown()),
        lambda store, _: store.assistants(),
        lambda store, _: store.agents_with(INSTANCE),
        lambda store, _: store.instance_of("assistant"),
        lambda store, _: store.remember_instances({"assistant": "instance"}),
    ],
    ids=[
        *("load", "commit", "pending", "published", "put-alert", "pending-fixes", "sent"),
        *("shown", "assistants", "agents-with", "instance-of", "remember"),
    ],
)
def test_a_missing_table_is_a_misconfiguration(
    client: Any, use: Callable[[DynamoDBStore, AgentKey], Any]
) -> None:
    with pytest.raises(Misconfigured, match=r"^table \w+: ResourceNotFoundException$"):
        use(DynamoDBStore(client, "no-such-table"), new_key())


def test_a_finding_s_fields_are_all_set_in_these_tests() -> None:
    """So that the round trip above covers a new field too."""
    empty = [name for name, value in vars(finding()).items() if value in (None, (), "")]
    assert empty == ["advisories", "console_path"]  # the catalog has these texts
    assert [n for n, v in vars(record(new_key(), saved_at=NOON)).items() if not v] == []
