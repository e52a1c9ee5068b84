"""The roles may call what the adapters call: nothing is missing, and nothing is left over."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import botocore.session
from botocore import xform_name
from tests.template.reading import PROJECT, Tree
from tests.template.test_template_roles import granted

ADAPTERS = PROJECT / "layers" / "toolgrant" / "toolgrant" / "adapters"
# Q in Connect is still called wisdom in IAM.
IAM_PREFIX = {"connect": "connect", "qconnect": "wisdom"}
# IAM asks for these beside ListInstances and ListIntegrationAssociations.
DEPENDENT = {"connect:DescribeInstance", "ds:DescribeDirectories"}


def called(service: str) -> Iterator[str]:
    """The IAM actions of the operations whose client methods an adapter names."""
    model = botocore.session.get_session().get_service_model(service)
    methods = {xform_name(name): name for name in model.operation_names}
    for node in ast.walk(ast.parse((ADAPTERS / f"{service}.py").read_text())):
        if isinstance(node, ast.Constant) and node.value in methods:
            yield f"{IAM_PREFIX[service]}:{methods[node.value]}"


def test_the_roles_read_what_the_adapters_read(resources: Tree) -> None:
    roles = (resources[name]["Properties"] for name in ("EvaluateRole", "SweepRole"))
    services = ("connect", "ds", "wisdom")
    allowed = {a for role in roles for a in granted(role) if a.split(":")[0] in services}
    assert allowed - DEPENDENT == {*called("connect"), *called("qconnect")}
