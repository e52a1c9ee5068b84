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
from tests.adapters.values import NOON, alert, finding, new_key, profile_edges, record

from toolgrant.adapters.dynamodb.store import MOST_EDGES, DynamoDBStore, transaction
from toolgrant.adapters.dynamodb.store_items import sweep_to_item
from toolgrant.domain.catalog import packaged
from toolgrant.domain.evaluate import evaluate
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
        store.commit(losing, stale, alert(f"{key.ai_agent_id}-{known + 1}"))
    assert store.load(key) == second
    assert store.agents_with(Edge(EdgeKind.PROFILE, "lost-0")) == ()
    assert store.agents_with(Edge(EdgeKind.PROFILE, "profile-0")) == (key,)
    assert list(store.pending()) == []


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
            store.commit(mine, AgentRecord(key), alert(f"{key.ai_agent_id}-1", str(number)))
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
    assert len(transaction(table, after, before, alert("a-1"))) <= 100
    store.commit(after, before, alert(f"{key.ai_agent_id}-2"))
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
    assert len(transaction(table, after, before, alert("a-1"))) <= 100
    store.commit(after, before, None)
    assert all(store.agents_with(Edge(kind, "399")) == (key,) for kind in kinds)
    assert store.load(key).edges == every
    assert ANY not in {edge.target for edge in store.load(key).edges}


# ---------------------------------------------------------------------------------------- outbox


def test_an_alert_waits_from_its_commit_until_it_is_published(store: DynamoDBStore) -> None:
    key = new_key()
    told = alert(f"{key.ai_agent_id}-1", '{"machine": "ü"}')
    store.commit(record(key), AgentRecord(key), told)
    assert list(store.pending(key.ai_agent_id)) == [told]
    assert list(store.pending()) == [told]
    for _ in range(2):
        store.drop_published(told.alert_id)
        assert list(store.pending()) == []


def test_pending_alerts_of_one_agent_come_oldest_first_and_without_the_others(
    store: DynamoDBStore,
) -> None:
    key, other = new_key(), new_key()
    before = AgentRecord(key)
    for version in range(1, 12):
        after = record(key, version)
        store.commit(after, before, alert(f"{key.ai_agent_id}-{version}"))
        before = after
    store.commit(record(other), AgentRecord(other), alert(f"{other.ai_agent_id}-1"))
    mine = [alert.alert_id for alert in store.pending(key.ai_agent_id)]
    assert mine == [f"{key.ai_agent_id}-{version}" for version in range(1, 12)]
    assert len(list(store.pending())) == 12


def test_pending_may_be_published_while_it_is_read(store: DynamoDBStore) -> None:
    keys = [new_key() for _ in range(4)]
    for key in keys:
        store.commit(record(key), AgentRecord(key), alert(f"{key.ai_agent_id}-1"))
    for waiting in store.pending():
        store.drop_published(waiting.alert_id)
    assert list(store.pending()) == []


def test_of_two_publishers_one_may_publish_until_its_claim_ends(store: DynamoDBStore) -> None:
    key = new_key()
    told = alert(f"{key.ai_agent_id}-1")
    store.commit(record(key), AgentRecord(key), told)
    until = NOON + timedelta(seconds=60)
    assert store.claim(told.alert_id, NOON, until)
    assert not store.claim(told.alert_id, until - timedelta(seconds=1), until)
    assert list(store.pending()) == [told], "claimed is not published"
    assert store.claim(told.alert_id, until + timedelta(seconds=1), until + timedelta(seconds=61))
    store.drop_published(told.alert_id)
    assert not store.claim(told.alert_id, until + timedelta(hours=1), until + timedelta(hours=2))
    assert list(store.pending()) == []


def test_eight_publishers_of_one_alert_agree_on_one(store: DynamoDBStore) -> None:
    key, won = new_key(), []
    told = alert(f"{key.ai_agent_id}-1")
    store.commit(record(key), AgentRecord(key), told)

    def claim(number: int) -> None:
        if store.claim(told.alert_id, NOON, NOON + timedelta(seconds=60)):
            won.append(number)

    in_threads(8, claim)
    assert len(won) == 1


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


def test_instances_are_remembered_and_overwritten(store: DynamoDBStore) -> None:
    assert store.instance_of("assistant") is None
    store.remember_instances({"assistant": "one", "other": "two"})
    store.remember_instances({"assistant": "three"})
    assert (store.instance_of("assistant"), store.instance_of("other")) == ("three", None)


# ---------------------------------------------------------------------------------- newer schema


def make_newer(client: Any, table: str) -> None:
    for item in items(client, table):
        client.update_item(
            TableName=table,
            Key={"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}},
            UpdateExpression="SET #schema = :newer",
            ExpressionAttributeNames={"#schema": "schema"},
            ExpressionAttributeValues={":newer": {"N": "99"}},
        )


@pytest.mark.parametrize(
    "read",
    [
        lambda store, key: store.load(key),
        lambda store, key: list(store.pending(key.ai_agent_id)),
        lambda store, _: list(store.pending()),
        lambda store, _: store.agents_with(Edge(EdgeKind.PROFILE, "profile-0")),
        lambda store, key: store.instance_of(key.assistant_id),
    ],
    ids=["load", "pending", "pending-all", "agents-with", "instance-of"],
)
def test_items_of_a_newer_schema_are_refused(
    store: DynamoDBStore, client: Any, table: str, read: Callable[[DynamoDBStore, AgentKey], Any]
) -> None:
    key = new_key()
    store.commit(record(key), AgentRecord(key), alert(f"{key.ai_agent_id}-1"))
    store.remember_instances({key.assistant_id: "instance"})
    read(store, key)
    make_newer(client, table)
    with pytest.raises(OtherSchema, match="schema 99"):
        read(store, key)


def test_every_item_carries_its_schema(store: DynamoDBStore, client: Any, table: str) -> None:
    key = new_key()
    store.commit(record(key), AgentRecord(key), alert(f"{key.ai_agent_id}-1"))
    store.remember_instances({key.assistant_id: "instance"})
    written = items(client, table)
    assert len(written) == 6  # record, three edges, alert, instance
    assert {item.get("schema") for item in written} == {1}


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
        lambda store, _: store.drop_published("alert"),
        lambda store, _: store.agents_with(INSTANCE),
        lambda store, _: store.instance_of("assistant"),
        lambda store, _: store.remember_instances({"assistant": "instance"}),
    ],
    ids=["load", "commit", "pending", "published", "agents-with", "instance-of", "remember"],
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
