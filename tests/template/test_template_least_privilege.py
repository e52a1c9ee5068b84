"""The roles may call what the adapters call: nothing is missing, and nothing is left over."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import botocore.session
from botocore import xform_name
from tests.template.conftest import Deployed
from tests.template.reading import PROJECT
from tests.template.test_template_roles import EVERYTHING, granted, roles, writes

ADAPTERS = PROJECT / "layers" / "toolgrant" / "toolgrant" / "adapters"
# Q in Connect is still called wisdom in IAM.
IAM_PREFIX = {"connect": "connect", "qconnect": "wisdom"}
SERVICES = ("connect", "ds", "wisdom")
# IAM asks for these beside ListInstances and ListIntegrationAssociations.
DEPENDENT = {"connect:DescribeInstance", "ds:DescribeDirectories"}
# … and for these beside SearchUsers and a CreateSecurityProfile with tags.
OF_FIXING = {"connect:DescribeUser", "connect:ListUserProficiencies", "connect:TagResource"}
FLOWS = ("contact_flows", "connect")
READERS = (("connect_cached", "connect"), ("qconnect", "qconnect"), FLOWS)
WRITER = ("connect_fresh", "connect")


def called(module: str, service: str) -> Iterator[str]:
    """The IAM actions of the operations whose client methods an adapter names."""
    model = botocore.session.get_session().get_service_model(service)
    methods = {xform_name(name): name for name in model.operation_names}
    for node in ast.walk(ast.parse((ADAPTERS / f"{module}.py").read_text())):
        if isinstance(node, ast.Constant) and node.value in methods:
            yield f"{IAM_PREFIX[service]}:{methods[node.value]}"


def allowed(deployed: Deployed, *names: str, **parameters: str) -> set[str]:
    """What some or all roles of a stack may do in the services that are not ours."""
    every = roles(deployed(**parameters))
    actions = {action for name in names or every for action in granted(every[name])}
    return {action for action in actions if action.split(":")[0] in SERVICES}


def test_the_roles_read_what_the_adapters_read(deployed: Deployed) -> None:
    read = {action for adapter in READERS for action in called(*adapter)}
    assert allowed(deployed, Mode="warn") - DEPENDENT == read


def test_fixing_takes_what_the_writer_calls(deployed: Deployed) -> None:
    read = {action for adapter in READERS for action in called(*adapter)}
    found = allowed(deployed, Mode="fix", **EVERYTHING) - DEPENDENT - OF_FIXING
    assert found == read | set(called(*WRITER))


def test_no_flow_is_read_where_that_is_turned_off(deployed: Deployed) -> None:
    found = {mode: allowed(deployed, Mode=mode, ReadFlows="off") for mode in ("warn", "fix")}
    reading = allowed(deployed, Mode="warn")
    assert reading - found["warn"] == set(called(*FLOWS))
    assert not found["fix"] & set(called(*FLOWS))


def test_remediate_writes_what_the_writer_writes(deployed: Deployed) -> None:
    found = allowed(deployed, "RemediateRole", Mode="fix", **EVERYTHING) - OF_FIXING
    wrote = writes(dict.fromkeys(called(*WRITER)))
    assert writes(dict.fromkeys(found)) == wrote
    assert "connect:UpdateSecurityProfile" in wrote


def test_readers_write_nothing() -> None:
    for adapter in READERS:
        assert writes(dict.fromkeys(called(*adapter))) == set()


def test_operate_reads_for_a_dry_run_what_evaluate_reads(deployed: Deployed) -> None:
    """So that what it shows is what evaluate would plan; it writes nothing in Connect. What contact
    flows name it takes from the table."""
    operate = allowed(deployed, "OperateRole", Mode="fix", **EVERYTHING)
    evaluate = allowed(deployed, "EvaluateRole", Mode="fix", **EVERYTHING)
    assert operate == evaluate - set(called(*FLOWS))
    assert writes(dict.fromkeys(operate)) == set()
