"""Security profiles as a write sees them, by a real client: all pages, nothing kept, one write."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.config import Config
from tests.adapters.gateways import ONCE, Gateways
from tests.emulator.world import ACCOUNT, REGION, UNCHECKED, Clock, World

from connect_emulator import Emulator, Server, seed
from toolgrant.adapters.aws import WRITER_CONFIG
from toolgrant.adapters.callers import actor_of
from toolgrant.adapters.connect_fresh import ConnectProfiles
from toolgrant.bootstrap import writer_client
from toolgrant.domain.fixing.proposal import Proposal
from toolgrant.domain.model import Grant, GrantKind
from toolgrant.domain.profile_lists import PROFILE_LISTS, granted, with_grants, without_grants
from toolgrant.errors import (
    AccessDenied,
    Conflict,
    NotFound,
    RequestRefused,
    ServiceUnavailable,
    Throttled,
    ToolgrantError,
)
from toolgrant_local.processes import wait_until

UNKNOWN = "00000000-0000-4000-8000-000000000000"
MODULE, OTHER_MODULE = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))
AGENT_APP = "arn:aws:connect:us-east-1:111122223333:agent/target"
ADDED = {
    GrantKind.PERMISSION: Grant.parse("permission:Cases.View"),
    GrantKind.MCP: Grant.parse("mcp:gw/added"),
    GrantKind.FLOW_MODULE: Grant.parse(f"flow-module:{OTHER_MODULE}"),
    GrantKind.AI_AGENT: Grant.parse(f"ai-agent:{AGENT_APP}2"),
}
LISTS: dict[str, list[Any]] = {
    "Permissions": ["Wisdom.View", "BasicAgentAccess"],
    "Applications": [
        {"Namespace": "third-party", "ApplicationPermissions": ["ACCESS"]},
        {"Namespace": "gw", "ApplicationPermissions": ["a___b", "c"], "Type": "MCP"},
        {
            "Namespace": "gw",
            "ApplicationPermissions": ["ACCESS"],
            "Type": "THIRD_PARTY_APPLICATION",
        },
    ],
    "AllowedFlowModules": [{"Type": "MCP", "FlowModuleId": MODULE}],
    "AllowedAIAgents": [{"Type": "THIRD_PARTY", "Arn": AGENT_APP}],
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(emulator_server: Server, clock: Clock) -> Iterator[World]:
    """The sample account under a clock that the test moves."""
    emulator = Emulator(REGION, ACCOUNT, now=clock, **UNCHECKED)
    emulator_server.emulator = emulator
    yield World(emulator, seed(emulator))
    emulator.closing.set()


class Sent:
    """A client that notes the parameters of each call."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**parameters: Any) -> Any:
            self.calls.append((operation, parameters))
            return getattr(self._client, operation)(**parameters)

        return call


def writer(gateways: Gateways, config: Config = ONCE) -> ConnectProfiles:
    """`config` is that of the client that writes."""
    api = gateways.api("connect")
    return ConnectProfiles(api, api if config is ONCE else gateways.api("connect", config))


def full_profile(world: World, **more: Any) -> str:
    return world.profile("full", **{**LISTS, **more})


def all_lists(world: World, profiles: ConnectProfiles, profile: str) -> dict[str, list[Any]]:
    return {
        PROFILE_LISTS[kind]: list(profiles.listed(world.instance_id, profile, kind).entries)
        for kind in GrantKind
    }


# ----------------------------------------------------------------------------------------- reading


def test_a_profile_is_described_with_its_tags(world: World, gateways: Gateways) -> None:
    tags = {"toolgrant:auto-fix": "true", "team": "注文"}
    profile = world.profile("AI agents – 注文", Tags=tags)
    described = writer(gateways).describe(world.instance_id, profile)
    assert (described.name, described.tags) == ("AI agents – 注文", tags)
    assert described.type == "CUSTOMER_MANAGED"
    assert gateways.sent() == {"connect:DescribeSecurityProfile": 1}


def test_a_profile_without_tags_has_none(world: World, gateways: Gateways) -> None:
    assert writer(gateways).describe(world.instance_id, world.profile("bare")).tags == {}


def test_an_aws_managed_profile_says_so(world: World, gateways: Gateways) -> None:
    profile = aws_managed(world)
    assert writer(gateways).describe(world.instance_id, profile).type == "AWS_MANAGED"


def aws_managed(world: World) -> str:
    """As AWS makes them; nobody can by the API."""
    profile = full_profile(world)

    def own(account: Any) -> None:
        account.resources.profiles[profile].type = "AWS_MANAGED"

    world.emulator.edit(own)
    return profile


@pytest.mark.parametrize("kind", GrantKind)
def test_a_list_is_read_as_the_service_has_it(
    world: World, gateways: Gateways, kind: GrantKind
) -> None:
    profile = full_profile(world)
    gateways.forget()
    entries = writer(gateways).listed(world.instance_id, profile, kind).entries
    assert list(entries) == LISTS[PROFILE_LISTS[kind]]
    assert sum(gateways.sent().values()) == 1


@pytest.mark.parametrize("kind", [GrantKind.PERMISSION, GrantKind.MCP, GrantKind.FLOW_MODULE])
def test_a_list_is_read_to_its_last_page(world: World, gateways: Gateways, kind: GrantKind) -> None:
    many = {
        "Permissions": [f"Permission{number}.View" for number in range(11)],
        "Applications": [
            {"Namespace": f"gw{n}", "ApplicationPermissions": ["x"], "Type": "MCP"}
            for n in range(7)
        ],
        "AllowedFlowModules": [
            {"Type": "MCP", "FlowModuleId": str(uuid.UUID(int=n))} for n in range(7)
        ],
    }
    profile = world.profile("long", **many)
    world.emulator.settings.page_size = 2
    gateways.forget()
    entries = writer(gateways).listed(world.instance_id, profile, kind).entries
    assert list(entries) == many[PROFILE_LISTS[kind]]
    assert sum(gateways.sent().values()) == (len(entries) + 1) // 2


def test_a_page_that_fails_fails_the_whole_list(world: World, gateways: Gateways) -> None:
    profile = full_profile(world)
    world.emulator.settings.page_size = 1
    world.emulator.faults.error("connect:ListSecurityProfilePermissions", skip=1)
    with pytest.raises(ServiceUnavailable):
        writer(gateways).listed(world.instance_id, profile, GrantKind.PERMISSION)


def test_nothing_is_kept_between_reads(world: World, gateways: Gateways) -> None:
    profile, profiles = full_profile(world), writer(gateways)
    seen: list[Any] = []
    for permission in ("Cases.View", "Users.View"):
        world.emulator.apply(
            "connect:UpdateSecurityProfile",
            InstanceId=world.instance_id,
            SecurityProfileId=profile,
            Permissions=[permission],
            Description=permission,
        )
        seen += profiles.listed(world.instance_id, profile, GrantKind.PERMISSION).entries
        profiles.describe(world.instance_id, profile)
    assert seen == ["Cases.View", "Users.View"]
    assert gateways.sent()["connect:DescribeSecurityProfile"] == 2


# ------------------------------------------------------------------------------------------ stamps


def touch(world: World, profile: str, *lists: str) -> None:
    """Replace lists by what they hold already, which moves their stamps on."""
    for name in lists:
        world.emulator.apply(
            "connect:UpdateSecurityProfile",
            InstanceId=world.instance_id,
            SecurityProfileId=profile,
            **{name: LISTS[name]},
        )


def stamps(world: World, profiles: ConnectProfiles, profile: str) -> dict[str, datetime | None]:
    """What the service says of each list, and of the profile under `profile`."""
    described = profiles.describe(world.instance_id, profile).stamp
    of_lists = {
        PROFILE_LISTS[kind]: profiles.listed(world.instance_id, profile, kind).stamp
        for kind in GrantKind
    }
    return {"profile": described, **of_lists}


@pytest.mark.parametrize(
    ("setting", "renewed"),
    [
        ("shared", {"profile", *PROFILE_LISTS.values()}),
        ("per-list", {"profile", "Applications"}),
    ],
)
def test_profile_and_lists_tell_when_they_were_changed_last(
    world: World, clock: Clock, gateways: Gateways, setting: str, renewed: set[str]
) -> None:
    world.emulator.settings.profile_stamps = setting
    profile, profiles, made = full_profile(world), writer(gateways), clock.time
    clock.advance(60)
    touch(world, profile, "Applications")
    found = stamps(world, profiles, profile)
    assert {name for name, stamp in found.items() if stamp == clock.time} == renewed
    assert {stamp for name, stamp in found.items() if name not in renewed} <= {made}


def test_where_the_service_leaves_stamps_out_there_are_none(
    world: World, gateways: Gateways
) -> None:
    world.emulator.settings.profile_stamps = "absent"
    profile, profiles = full_profile(world), writer(gateways)
    assert set(stamps(world, profiles, profile).values()) == {None}
    assert all_lists(world, profiles, profile) == LISTS


OLD, NEW = datetime(2026, 11, 23, 12, tzinfo=UTC), datetime(2026, 11, 23, 13, tzinfo=UTC)


class Paged:
    """A client whose pages have these stamps."""

    def __init__(self, *pages: datetime | None) -> None:
        self._pages = pages

    def list_security_profile_permissions(self, NextToken: str = "0", **_: object) -> Any:  # noqa: N803
        number = int(NextToken)
        stamp = self._pages[number]
        more = {"NextToken": str(number + 1)} if number + 1 < len(self._pages) else {}
        stamped = {"LastModifiedTime": stamp} if stamp else {}
        return {"Permissions": [f"P{number}.View"], **stamped, **more}


@pytest.mark.parametrize(
    ("pages", "stamp"),
    [
        ((OLD,), OLD),
        ((OLD, NEW), NEW),
        ((NEW, OLD), NEW),
        ((OLD, None, NEW, OLD), NEW),
        ((None, OLD), OLD),
        ((None, None), None),
    ],
)
def test_a_list_has_the_newest_stamp_of_its_pages(
    gateways: Gateways, pages: tuple[datetime | None, ...], stamp: datetime | None
) -> None:
    api = gateways.api("connect")
    api.client = Paged(*pages)
    listed = ConnectProfiles(api, api).listed("instance", "profile", GrantKind.PERMISSION)
    assert listed.entries == tuple(f"P{number}.View" for number in range(len(pages)))
    assert listed.stamp == stamp


# ------------------------------------------------------------------------------------------ people


@pytest.mark.parametrize("count", [0, 1, 3])
def test_people_are_those_who_hold_exactly_this_profile(
    world: World, gateways: Gateways, count: int
) -> None:
    profile, other = world.profile("held"), world.profile("other")
    for number in range(count):
        world.user(f"holder-{number}", other, profile)
    world.user("stranger", other)
    gateways.forget()
    assert writer(gateways).people(world.instance_id, profile) == count
    assert gateways.sent() == {"connect:SearchUsers": 1}


def test_people_beyond_one_page_are_counted_by_the_index(world: World, gateways: Gateways) -> None:
    profile = world.profile("held")
    for number in range(7):
        world.user(f"holder-{number}", profile)
    world.emulator.settings.page_size = 2
    gateways.forget()
    assert writer(gateways).people(world.instance_id, profile) == 7
    assert gateways.sent() == {"connect:SearchUsers": 1}


class Counting:
    """A client whose index answers this."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self._answer = answer

    def search_users(self, **_: object) -> dict[str, Any]:
        return self._answer


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        ({}, 0),
        ({"Users": None, "ApproximateTotalCount": None}, 0),
        ({"Users": [{}, {}], "ApproximateTotalCount": 1}, 2),
        ({"Users": [{}]}, 1),
        ({"ApproximateTotalCount": 40}, 40),
    ],
)
def test_the_larger_of_the_two_counts_is_believed(
    gateways: Gateways, answer: dict[str, Any], count: int
) -> None:
    api = gateways.api("connect")
    api.client = Counting(answer)
    assert ConnectProfiles(api, api).people("instance", "profile") == count


# ----------------------------------------------------------------------------------------- writing


@pytest.mark.parametrize("kind", GrantKind)
def test_a_write_sends_one_list_and_nothing_else(
    world: World, gateways: Gateways, kind: GrantKind
) -> None:
    profile, writer_client = full_profile(world), gateways.api("connect")
    writer_client.client = sent = Sent(writer_client.client)
    entries = LISTS[PROFILE_LISTS[kind]]
    ConnectProfiles(gateways.api("connect"), writer_client).replace(
        world.instance_id, profile, kind, tuple(entries)
    )
    expected = {
        "InstanceId": world.instance_id,
        "SecurityProfileId": profile,
        PROFILE_LISTS[kind]: entries,
    }
    assert sent.calls == [("update_security_profile", expected)]


def extended(kind: GrantKind, world: World) -> Grant:
    """Something to add that exists in this account."""
    if kind is GrantKind.FLOW_MODULE:
        return Grant(kind, world.module())
    return ADDED[kind]


@pytest.mark.parametrize("kind", GrantKind)
def test_adding_keeps_all_that_was_there_type_and_order_included(
    world: World, gateways: Gateways, kind: GrantKind
) -> None:
    profile, profiles, grant = full_profile(world), writer(gateways), extended(kind, world)
    before = all_lists(world, profiles, profile)
    entries = profiles.listed(world.instance_id, profile, kind).entries
    profiles.replace(world.instance_id, profile, kind, with_grants(kind, entries, [grant]))
    after = all_lists(world, profiles, profile)
    changed = PROFILE_LISTS[kind]
    assert granted(kind, after[changed]) == granted(kind, before[changed]) | {grant}
    assert {name for name in after if after[name] != before[name]} == {changed}
    types = [entry.get("Type") for entry in before[changed] if isinstance(entry, dict)]
    kept = [entry.get("Type") for entry in after[changed] if isinstance(entry, dict)]
    assert kept[: len(types)] == types


@pytest.mark.parametrize("kind", GrantKind)
def test_taking_back_what_was_added_leaves_the_profile_as_it_was(
    world: World, gateways: Gateways, kind: GrantKind
) -> None:
    profile, profiles, grant = full_profile(world), writer(gateways), extended(kind, world)
    before = all_lists(world, profiles, profile)
    for edit in (with_grants, without_grants):
        entries = profiles.listed(world.instance_id, profile, kind).entries
        profiles.replace(world.instance_id, profile, kind, edit(kind, entries, [grant]))
    assert all_lists(world, profiles, profile) == before


@pytest.mark.parametrize("setting", ["as-sent", "filled"])
@pytest.mark.parametrize("kind", [GrantKind.FLOW_MODULE, GrantKind.AI_AGENT])
def test_entries_without_type_count_and_stay_as_the_service_has_them(
    world: World, gateways: Gateways, kind: GrantKind, setting: str
) -> None:
    world.emulator.settings.absent_types = setting
    name, profiles, grant = PROFILE_LISTS[kind], writer(gateways), extended(kind, world)
    bare = [{key: entry[key] for key in entry if key != "Type"} for entry in LISTS[name]]
    profile = full_profile(world, **{name: bare})
    before = profiles.listed(world.instance_id, profile, kind).entries
    assert granted(kind, before) == granted(kind, LISTS[name])
    assert with_grants(kind, before, granted(kind, LISTS[name])) == before
    more = with_grants(kind, before, [grant])
    profiles.replace(world.instance_id, profile, kind, more)
    after = profiles.listed(world.instance_id, profile, kind).entries
    assert (after[:-1], granted(kind, after)) == (before, granted(kind, before) | {grant})
    less = without_grants(kind, after, [grant])
    profiles.replace(world.instance_id, profile, kind, less)
    assert profiles.listed(world.instance_id, profile, kind).entries == before


def test_an_aws_managed_profile_is_not_written_to(world: World, gateways: Gateways) -> None:
    profile, profiles = aws_managed(world), writer(gateways)
    with pytest.raises(RequestRefused, match="InvalidRequestException"):
        profiles.replace(world.instance_id, profile, GrantKind.PERMISSION, ["Cases.View"])
    assert all_lists(world, profiles, profile) == LISTS


# -------------------------------------------------------------------------------- attach and create


def proposal(world: World, name: str = "toolgrant agent 12345678") -> Proposal:
    return Proposal(
        name=name,
        instance_id=world.instance_id,
        ai_agent_id="agent",
        agent_arn="arn:aws:wisdom:us-east-1:111122223333:ai-agent/x/agent",
        qualifiers=("$SAVED",),
        grants=(Grant.parse("permission:Wisdom.View"), Grant.parse("mcp:gw/a___b")),
        tags={"toolgrant:auto-fix": "true", "toolgrant:stack": "stack"},
    )


def test_a_dedicated_profile_has_exactly_what_was_proposed(
    world: World, gateways: Gateways
) -> None:
    profiles, wanted = writer(gateways), proposal(world)
    profile = profiles.create(wanted)
    described = profiles.describe(world.instance_id, profile)
    assert (described.name, described.tags) == (wanted.name, wanted.tags)
    assert all_lists(world, profiles, profile) == {
        "Permissions": ["Wisdom.View"],
        "Applications": [{"Namespace": "gw", "ApplicationPermissions": ["a___b"], "Type": "MCP"}],
        "AllowedFlowModules": [],
        "AllowedAIAgents": [],
    }


def test_a_name_that_is_taken_is_a_conflict_and_leads_to_its_profile(
    world: World, gateways: Gateways
) -> None:
    profiles, wanted = writer(gateways), proposal(world)
    profile = profiles.create(wanted)
    with pytest.raises(Conflict, match="DuplicateResourceException"):
        profiles.create(wanted)
    world.emulator.settings.page_size = 1
    assert profiles.named(world.instance_id, wanted.name) == profile
    assert profiles.named(world.instance_id, wanted.name[:-1]) is None


@pytest.mark.parametrize("name", ["注文", "a/b", "a" * 128, ""])
def test_what_the_service_does_not_take_is_refused_before_the_call(
    world: World, gateways: Gateways, name: str
) -> None:
    profiles = writer(gateways)
    gateways.forget()
    refusal = r"^connect create_security_profile: not taken: SecurityProfileName$"
    with pytest.raises(RequestRefused, match=refusal):
        profiles.create(proposal(world, name))
    assert gateways.sent() == {}


def test_attaching_sends_one_profile_and_may_be_repeated(world: World, gateways: Gateways) -> None:
    agent, profile, other = world.agent(), world.profile("one"), world.profile("other")
    arn = f"{agent['aiAgentArn']}:$SAVED"
    profiles = writer(gateways)
    for profile_id in (other, profile, profile):
        profiles.attach(world.instance_id, profile_id, arn)
    assert gateways.connect().attached(world.instance_id, arn) == (other, profile)


def test_detaching_takes_one_profile_off_and_may_be_repeated(
    world: World, gateways: Gateways
) -> None:
    agent, profile, other = world.agent(), world.profile("one"), world.profile("other")
    draft, version = f"{agent['aiAgentArn']}:$SAVED", f"{agent['aiAgentArn']}:$LATEST"
    profiles = writer(gateways)
    for arn in (draft, version):
        for profile_id in (other, profile):
            profiles.attach(world.instance_id, profile_id, arn)
    for _ in range(2):
        profiles.detach(world.instance_id, profile, draft)
    assert gateways.connect().attached(world.instance_id, draft) == (other,)
    assert set(gateways.connect().attached(world.instance_id, version)) == {other, profile}


def test_detaching_that_is_refused_for_another_reason_is_refused(
    world: World, gateways: Gateways
) -> None:
    operation = "connect:DisassociateSecurityProfiles"
    world.emulator.faults.error(operation, 400, code="InvalidParameterException")
    assert type(fail(world, gateways, operation)) is RequestRefused


# ------------------------------------------------------------------------------- who says it writes


def test_the_client_that_writes_says_which_stack_it_is_of(
    gateways: Gateways, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ENDPOINT_URL_CONNECT", gateways.server.url("connect"))
    sent: list[str] = []
    client = writer_client.__wrapped__("toolgrant-prod")
    gateways.cleanup.callback(client.close)
    client.meta.events.register(
        "before-send.connect", lambda request, **_: sent.append(request.headers["User-Agent"])
    )
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.describe_security_profile(InstanceId=UNKNOWN, SecurityProfileId=UNKNOWN)
    agents = [agent.decode() if isinstance(agent, bytes) else agent for agent in sent]
    assert ["toolgrant/toolgrant-prod" in agent.split() for agent in agents] == [True]
    assert actor_of({"userAgent": agents[0]}).stack == "toolgrant-prod"
    assert client.meta.config.retries["total_max_attempts"] == 1


# ------------------------------------------------------------------- a write that fails is one call

WRITES: dict[str, Callable[[ConnectProfiles, World, str, str], object]] = {
    "connect:UpdateSecurityProfile": lambda profiles, world, profile, _: profiles.replace(
        world.instance_id, profile, GrantKind.PERMISSION, ["Cases.View"]
    ),
    "connect:AssociateSecurityProfiles": lambda profiles, world, profile, arn: profiles.attach(
        world.instance_id, profile, arn
    ),
    "connect:DisassociateSecurityProfiles": lambda profiles, world, profile, arn: profiles.detach(
        world.instance_id, profile, arn
    ),
    "connect:CreateSecurityProfile": lambda profiles, world, _, __: profiles.create(
        proposal(world)
    ),
}


def fail(world: World, gateways: Gateways, operation: str, patience: float = 60) -> ToolgrantError:
    """The error of a write with the settings of the deployed client that writes, but for how many
    seconds it waits: no test may depend on how fast the machine is."""
    profile, arn = full_profile(world), f"{world.agent()['aiAgentArn']}:$SAVED"
    if operation == "connect:DisassociateSecurityProfiles":
        writer(gateways).attach(world.instance_id, profile, arn)
    gateways.forget()
    writer_client = WRITER_CONFIG.merge(Config(connect_timeout=60, read_timeout=patience))
    with pytest.raises(ToolgrantError) as raised:
        WRITES[operation](writer(gateways, writer_client), world, profile, arn)
    return raised.value


@pytest.mark.parametrize("operation", WRITES)
@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (500, None, ServiceUnavailable),
        (502, None, ServiceUnavailable),
        (503, None, ServiceUnavailable),
        (504, None, ServiceUnavailable),
        (403, "AccessDeniedException", AccessDenied),
        (404, "ResourceNotFoundException", NotFound),
        (400, "InvalidParameterException", RequestRefused),
        (400, "InvalidRequestException", RequestRefused),
        (429, "LimitExceededException", RequestRefused),
    ],
)
def test_an_error_is_not_tried_again(
    world: World,
    gateways: Gateways,
    operation: str,
    status: int,
    code: str | None,
    expected: type[ToolgrantError],
) -> None:
    world.emulator.faults.error(operation, status, times=None, code=code)
    assert type(fail(world, gateways, operation)) is expected
    writes = {name: count for name, count in gateways.sent().items() if ":List" not in name}
    assert writes == {operation: 1}


@pytest.mark.parametrize("operation", WRITES)
def test_throttling_is_not_tried_again(world: World, gateways: Gateways, operation: str) -> None:
    world.emulator.faults.throttle(operation, times=None)
    assert type(fail(world, gateways, operation)) is Throttled
    assert gateways.sent() == {operation: 1}


@pytest.mark.parametrize("operation", WRITES)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_dropped_connection_is_not_tried_again(
    world: World, gateways: Gateways, operation: str, after: bool
) -> None:
    world.emulator.faults.reset(operation, times=None, after=after)
    assert type(fail(world, gateways, operation)) is ServiceUnavailable
    assert gateways.sent() == {operation: 1}


@pytest.mark.parametrize("operation", WRITES)
@pytest.mark.parametrize("kind", ["late answer", "lost answer", "late effect"])
def test_an_answer_that_comes_too_late_is_not_asked_for_again(
    world: World, gateways: Gateways, operation: str, kind: str
) -> None:
    """Whether the write takes effect with its answer, before it, or after its caller gave up."""
    if kind == "late effect":
        world.emulator.faults.late(operation, seconds=None)
    world.emulator.faults.latency(operation, seconds=None, after=kind != "late answer")
    assert type(fail(world, gateways, operation, patience=0.3)) is ServiceUnavailable
    wait_until(lambda: bool(gateways.sent()), 60, "the request")
    assert gateways.sent() == {operation: 1}


@pytest.mark.parametrize("kind", GrantKind)
def test_a_deleted_profile_is_not_found(world: World, gateways: Gateways, kind: GrantKind) -> None:
    profiles = writer(gateways)
    with pytest.raises(NotFound):
        profiles.describe(world.instance_id, UNKNOWN)
    with pytest.raises(NotFound):
        profiles.listed(world.instance_id, UNKNOWN, kind)
    with pytest.raises(NotFound):
        profiles.replace(world.instance_id, UNKNOWN, kind, LISTS[PROFILE_LISTS[kind]])
