"""Edits that a write of ours may have met: read stale, told late, made under our role's name, or
overtaken by a write that took effect late. Each is kept or told."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import boto3
import pytest
from tests.e2e.conftest import RETRIEVE
from tests.e2e.fixing import (
    BOUND,
    OTHER,
    UPDATE,
    VIEW,
    Agent,
    Operator,
    operator,
    quiet,
    silent_gaps,
)
from tests.e2e.queue_messages import Changes, event

from toolgrant.domain.fixing.ledger import ListState

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("quiet")]
__all__ = ["operator", "quiet"]

ROUNDS = 3
AT_ONCE = 5
EDITED = ["BasicAgentAccess", OTHER]
STAMPS = pytest.mark.parametrize("stamps", ["shared", "per-list", "absent"])


def edit_unheard(operator: Operator, profile_id: str) -> dict[str, Any]:
    """A person adds a permission; the event that tells of it comes when it is sent."""
    where = {"InstanceId": operator.instance, "SecurityProfileId": profile_id}
    operator.stack.emulator.apply(UPDATE, **where, Permissions=EDITED)
    source = "connect.amazonaws.com"
    return event(
        "UpdateSecurityProfile", source, requestParameters={**where, "Permissions": EDITED}
    )


def read_stale(operator: Operator, profile_id: str, seed: random.Random) -> None:
    """Reads of a profile lag, but less than the bound, whatever they say of their age."""
    operations = ["connect:ListSecurityProfile*", "connect:DescribeSecurityProfile"]
    for operation in operations[: seed.choice([1, 2])]:
        operator.stack.emulator.faults.stale(
            operation,
            seconds=BOUND - 2,
            stamp=seed.choice(["old", "new", "absent"]),
            match={"SecurityProfileId": profile_id},
        )


def kept_or_told(operator: Operator, gaps: Iterable[tuple[Agent, str, Any]]) -> None:
    """Nothing that a person added is lost in silence, and nothing else is lost at all."""
    operator.stack.wait_idle()
    for agent, profile_id, _ in gaps:
        held, told = operator.permissions(profile_id), operator.statuses(agent)
        assert {"BasicAgentAccess", VIEW} <= set(held), told
        assert OTHER in held or "integrity" in told


def edits_read_stale(operator: Operator, stamps: str, rounds: int) -> None:
    """A person's edit right before a fix, of which our reads do not know, and its event only when
    all is done."""
    operator.stack.emulator.settings.profile_stamps = stamps
    gaps, seed = silent_gaps(operator, rounds), random.Random(str(time.time_ns()))
    records = []
    for _, profile_id, _ in gaps:
        read_stale(operator, profile_id, seed)
        records.append(edit_unheard(operator, profile_id))
    with ThreadPoolExecutor(rounds) as pool:
        list(pool.map(operator.deliver, [payload for _, _, payload in gaps]))
    operator.stack.emulator.faults.clear()
    for record in records:
        Changes(operator.stack).send(record)
    kept_or_told(operator, gaps)


@STAMPS
def test_an_edit_that_was_read_stale(operator: Operator, stamps: str) -> None:
    edits_read_stale(operator, stamps, ROUNDS)


@pytest.mark.stress
@STAMPS
def test_edits_that_were_read_stale_twenty_times(operator: Operator, stamps: str) -> None:
    for _ in range(20 // AT_ONCE):
        edits_read_stale(operator, stamps, AT_ONCE)


# -------------------------------------------------------------------------------- our role's name


def client_as(operator: Operator, key: str, **identity: str) -> Any:
    """A Connect client whose calls CloudTrail records under this identity."""
    operator.stack.emulator.settings.identities[key] = identity
    return boto3.client(
        "connect",
        endpoint_url=operator.stack.connect_endpoint,
        region_name=operator.stack.region,
        aws_access_key_id=key,
        aws_secret_access_key=key,
    )


def test_who_has_only_the_name_of_our_role_is_foreign(operator: Operator) -> None:
    role = operator.stack.resource("RemediateRole")
    others = [
        client_as(operator, "AKIAUSER", type="IAMUser", name=role),
        client_as(operator, "AKIAFEDERATED", type="FederatedUser", name=role),
        client_as(operator, "AKIAOTHER", type="AssumedRole", name=role, account="999988887777"),
    ]
    gaps = silent_gaps(operator, len(others))
    for other, (_, profile_id, _) in zip(others, gaps, strict=True):
        where = {"InstanceId": operator.instance, "SecurityProfileId": profile_id}
        edit = partial(other.update_security_profile, **where, Permissions=EDITED)
        operator.stack.emulator.faults.before(UPDATE, edit, match={"SecurityProfileId": profile_id})
    for agent, _, payload in gaps:
        operator.deliver(payload)
        operator.stack.wait_idle()
        told = [alert for alert in operator.new_alerts(agent) if alert["status"] == "integrity"]
        assert [alert["severity"] for alert in told] == ["CRITICAL"]
        assert any(role in note for note in told[0]["findings"][0]["advisories"])


# -------------------------------------------------------------------------------- unanswered writes


def hold_answer(operator: Operator, match: dict[str, str]) -> None:
    """The write takes effect at once, and its answer comes when nobody waits for it any more."""
    operator.stack.emulator.faults.latency(UPDATE, BOUND + 4, 1, after=True, match=match)


def land_late(operator: Operator, match: dict[str, str]) -> None:
    """The connection breaks, and the write takes effect while it may still do so."""
    operator.stack.emulator.faults.late(UPDATE, BOUND / 2, match=match)


def overtake(operator: Operator, match: dict[str, str]) -> None:
    """The same, and a person edits the list before it lands."""
    where = {"InstanceId": operator.instance, **match}

    def edit() -> None:
        operator.connect.update_security_profile(**where, Permissions=EDITED)

    operator.stack.emulator.faults.after(UPDATE, edit, match=match)
    land_late(operator, match)


@pytest.mark.parametrize("happens", [hold_answer, land_late, overtake])
def test_a_write_that_was_not_answered_ends_attributed_or_told(
    operator: Operator, happens: Any
) -> None:
    agent, profile_id = operator.agent(RETRIEVE), operator.opted_in()
    happens(operator, {"SecurityProfileId": profile_id})
    operator.attach(agent, profile_id)
    assert operator.alert(agent)["status"] == "opened"
    operator.stack.wait_idle()
    told, (change,) = operator.statuses(agent), operator.ledger.history(profile_id).changes
    assert VIEW in operator.permissions(profile_id)
    assert not change.open
    if happens is overtake:
        assert OTHER in operator.permissions(profile_id) or "integrity" in told
    else:
        assert change.lists[0].state is ListState.DONE
        # An evaluation before the change is verified can only say that it is resolved.
        assert told in (["fixed"], ["resolved"])
