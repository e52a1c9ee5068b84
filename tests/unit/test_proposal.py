"""A dedicated security profile as a value and as texts, which are read back by their own rules."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from tests.strategies import SOME

from toolgrant.domain.fixing.proposal import (
    Proposal,
    cli_lines,
    cloudformation,
    proposal_json,
    propose,
    terraform,
)
from toolgrant.domain.fixing.rules import FixRules
from toolgrant.domain.model import Grant

VIEW, EDIT = Grant.parse("permission:Cases.View"), Grant.parse("permission:Cases.Edit")
ORDER, MODULE = Grant.parse("mcp:shop/GetOrder"), Grant.parse("flow-module:m1")
OTHER_AGENT = Grant.parse("ai-agent:arn:aws:app-integrations:us-east-1:111122223333:application/a1")
ALL = (VIEW, ORDER, MODULE, OTHER_AGENT, EDIT)
LISTS = {
    "Permissions": ["Cases.Edit", "Cases.View"],
    "Applications": [{"Namespace": "shop", "ApplicationPermissions": ["GetOrder"], "Type": "MCP"}],
    "AllowedFlowModules": [{"Type": "MCP", "FlowModuleId": "m1"}],
    "AllowedAIAgents": [{"Type": "THIRD_PARTY", "Arn": OTHER_AGENT.value}],
}
INSTANCE = "11111111-2222-3333-4444-555555555555"
AGENT_ID = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
ARN = f"arn:aws:wisdom:us-east-1:111122223333:ai-agent/a5515747/{AGENT_ID}"
RULES = FixRules(tag_value="yes", stack="stack-1")
HOSTILE = ["it's", 'a "b"', "$(echo x)", "${x}", "%{x}", "`x`", "a\\b", "$HOME", "a: b # c", "5%"]


def proposal(name: str = "Shop", arn: str = ARN) -> Proposal:
    return propose((VIEW, EDIT), INSTANCE, name, arn, ("$SAVED", "3"), RULES)


WHOLE = replace(proposal(), grants=ALL)
hostile = st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=4).map(" ".join)


@st.composite
def hostile_proposals(draw: st.DrawFn) -> Proposal:
    """ORDER last; any text where a person's text, or a tag that the operator chose, can stand."""
    permissions = draw(st.lists(hostile, unique=True, max_size=3))
    return replace(
        WHOLE,
        name=draw(hostile),
        grants=(*(Grant(VIEW.kind, text) for text in permissions), ORDER),
        tags=draw(st.dictionaries(hostile, hostile, min_size=1, max_size=3)),
    )


def test_a_proposal_has_the_missing_grants_and_the_tags_that_a_fix_asks_for() -> None:
    assert proposal() == Proposal(
        name="toolgrant Shop 0a1b2c3d",
        instance_id=INSTANCE,
        ai_agent_id=AGENT_ID,
        agent_arn=ARN,
        qualifiers=("$SAVED", "3"),
        grants=(VIEW, EDIT),
        tags={
            "toolgrant:auto-fix": "yes",
            "toolgrant:stack": "stack-1",
            "toolgrant:ai-agent": AGENT_ID,
        },
    )


@SOME
@given(st.text(st.characters(codec=None), max_size=200))
@example("注文")
@example("\ud800")
@example("²³½")
def test_a_name_is_one_that_the_service_takes(agent_name: str) -> None:
    name = proposal(agent_name).name
    assert re.fullmatch(r"[ a-zA-Z0-9_@-]{1,127}", name)
    assert name.endswith(f" {AGENT_ID[:8]}")


@pytest.mark.parametrize(
    ("agent_name", "name"),
    [
        ("注文", "toolgrant AI agent 0a1b2c3d"),
        ("🛒", "toolgrant AI agent 0a1b2c3d"),
        ("", "toolgrant AI agent 0a1b2c3d"),
        ("-- /", "toolgrant AI agent 0a1b2c3d"),
        ("注文 bot", "toolgrant bot 0a1b2c3d"),
        ("Café Olé", "toolgrant Cafe Ole 0a1b2c3d"),
        ("Ｓｈｏｐ", "toolgrant Shop 0a1b2c3d"),
        ("Orders, north (new)", "toolgrant Orders- north -new 0a1b2c3d"),
        ("a_b@c-d", "toolgrant a_b@c-d 0a1b2c3d"),
    ],
)
def test_a_name_can_be_said_whatever_the_agent_is_called(agent_name: str, name: str) -> None:
    assert proposal(agent_name).name == name


def test_names_for_two_agents_without_a_letter_of_ascii_differ() -> None:
    assert proposal("注文").name != proposal("注文", ARN.replace("0a1b2c3d", "99999999")).name


def test_a_second_name_is_not_longer_than_the_service_takes() -> None:
    assert len(proposal("S" * 300).name) + len(" 5") <= 127


def test_agents_of_one_name_have_profiles_of_their_own_however_long_it_is() -> None:
    assert len(proposal("S" * 300).name) >= 120
    for name in ("Shop", "S" * 300):
        assert proposal(name).name != proposal(name, ARN.replace("0a1b2c3d", "99999999")).name


def test_an_agent_has_one_profile_of_its_own_whatever_it_is_to_grant() -> None:
    other = propose((ORDER,), INSTANCE, "Shop", ARN, (), RULES)
    assert (other.name, other.grants) == (proposal().name, (ORDER,))


def test_the_lists_hold_exactly_the_grants() -> None:
    found = {name: list(entries) for name, entries in WHOLE.lists.items()}
    assert found == LISTS
    assert proposal().lists == {"Permissions": ("Cases.Edit", "Cases.View")}


def test_the_machine_form() -> None:
    assert json.loads(json.dumps(proposal_json(WHOLE))) == {
        "name": "toolgrant Shop 0a1b2c3d",
        "grants": [str(grant) for grant in ALL],
        "tags": dict(WHOLE.tags),
        "qualifiers": ["$SAVED", "3"],
        "cli": cli_lines(WHOLE),
        "cloudFormation": cloudformation(WHOLE),
        "terraform": terraform(WHOLE),
    }


OPTIONS = {
    "permissions": "Permissions",
    "applications": "Applications",
    "allowed-flow-modules": "AllowedFlowModules",
    "allowed-ai-agents": "AllowedAIAgents",
}


def options(words: list[str]) -> dict[str, str]:
    return dict(zip(words[::2], words[1::2], strict=True))


def created(line: str) -> tuple[list[str], dict[str, str]]:
    """The command, and its options, whose answer becomes $PROFILE."""
    found = re.fullmatch(r"PROFILE=\$\((.*)\)", line, re.DOTALL)
    assert found
    words = shlex.split(found[1])
    return words[:3], options(words[3:])


def test_the_cli_creates_the_profile_with_all_lists() -> None:
    command, given_options = created(cli_lines(WHOLE)[0])
    assert command == ["aws", "connect", "create-security-profile"]
    values = {name: given_options.pop(f"--{name}") for name in OPTIONS}
    assert {OPTIONS[name]: json.loads(value) for name, value in values.items()} == LISTS
    assert json.loads(given_options.pop("--tags")) == WHOLE.tags
    assert given_options == {
        "--instance-id": INSTANCE,
        "--security-profile-name": WHOLE.name,
        "--query": "SecurityProfileId",
        "--output": "text",
    }


@SOME
@given(hostile_proposals())
def test_no_text_gets_out_of_its_quotes_in_a_shell(odd: Proposal) -> None:
    _, given_options = created(cli_lines(odd)[0])
    assert given_options["--security-profile-name"] == odd.name
    assert json.loads(given_options["--tags"]) == odd.tags
    listed = json.loads(given_options.get("--permissions", "[]"))
    assert sorted(listed) == sorted(grant.value for grant in odd.grants[:-1])


def test_a_shell_runs_the_lines_as_they_are() -> None:
    odd = replace(WHOLE, name=" ".join(HOSTILE))
    aws = """aws() { printf '%s\\n' "$@" >&2; echo profile-1; }\n"""
    run = subprocess.run(
        ["sh", "-euc", aws + "\n".join(cli_lines(odd))], capture_output=True, text=True, check=True
    )
    _, create, *attach = run.stderr.split("connect\n")
    assert odd.name in create.splitlines()
    assert [options(words.splitlines()[1:]) for words in attach] == [
        {
            "--instance-id": INSTANCE,
            "--security-profiles": "Id=profile-1",
            "--entity-type": "AI_AGENT",
            "--entity-arn": f"{ARN}:{qualifier}",
        }
        for qualifier in ("$SAVED", "3")
    ]
    assert {words.splitlines()[0] for words in attach} == {"associate-security-profiles"}


class Loader(yaml.SafeLoader):
    """SafeLoader that knows `!Sub`."""


Loader.add_constructor("!Sub", lambda loader, node: {"Fn::Sub": loader.construct_scalar(node)})


def resource(text: str) -> dict[str, Any]:
    (found,) = yaml.load(text, Loader).values()  # noqa: S506 - a SafeLoader
    assert found.pop("Type") == "AWS::Connect::SecurityProfile"
    return dict(found.pop("Properties"), **found)


@SOME
@given(hostile_proposals())
def test_no_text_gets_out_of_its_quotes_in_yaml(odd: Proposal) -> None:
    found = resource(cloudformation(odd))
    arn = "arn:${AWS::Partition}:connect:${AWS::Region}:${AWS::AccountId}:instance/"
    assert found["InstanceArn"] == {"Fn::Sub": arn + INSTANCE}
    assert found["SecurityProfileName"] == odd.name
    assert found["Permissions"] == [grant.value for grant in odd.grants[:-1]]
    assert {tag["Key"]: tag["Value"] for tag in found["Tags"]} == odd.tags


STRING = r'"(?:[^"\\]|\\.)*"'


def plain(quoted: str) -> str:
    """What HCL makes of a quoted string; a template in it is an error."""
    text: str = json.loads(quoted)
    assert not re.search(r"(?<!\$)\$\{|(?<!%)%\{", text), text
    return text.replace("$${", "${").replace("%%{", "%{")


@SOME
@given(hostile_proposals())
def test_no_text_gets_out_of_its_quotes_in_hcl(odd: Proposal) -> None:
    lines = terraform(odd).splitlines()
    assert lines[0] == 'resource "aws_connect_security_profile" "dedicated" {'
    start = lines.index("  tags = {")
    assert lines[-2:] == ["  }", "}"]
    values = dict(re.split(r" += ", line.strip(), maxsplit=1) for line in lines[1:start])
    assert plain(values.pop("instance_id")) == INSTANCE
    assert plain(values.pop("name")) == odd.name
    permissions = values.pop("permissions")
    assert re.fullmatch(rf"\[({STRING}(, {STRING})*)?\]", permissions)
    found = [plain(one) for one in re.findall(STRING, permissions)]
    assert found == [grant.value for grant in odd.grants[:-1]]
    assert values == {}
    pairs = [re.fullmatch(rf"    ({STRING}) = ({STRING})", line) for line in lines[start + 1 : -2]]
    assert {plain(pair[1]): plain(pair[2]) for pair in pairs if pair} == odd.tags
