"""Whatever the package raises on purpose belongs to the tree in `errors.py`."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from toolgrant import errors
from toolgrant.adapters.aws import ERRORS
from toolgrant.errors import ToolgrantError

PACKAGE = Path(errors.__file__).parent
TREE = {
    name
    for name, value in inspect.getmembers(errors, inspect.isclass)
    if issubclass(value, ToolgrantError)
}
RAISABLE = TREE - {"ToolgrantError"}

OTHERS = {
    # Converters and parsers that do not know the field: their callers name it, in an error of ours.
    ("settings.py", "ValueError"),
    ("domain/model.py", "ValueError"),
    ("domain/catalog/source.py", "ValueError"),
    # A CatalogError that names its place.
    ("domain/catalog/fields.py", "self.fault"),
    ("domain/catalog/source.py", "table.fault"),
    ("domain/catalog/vocabulary.py", "entry.fault"),
    # Errors of ours that were kept: an answer for whoever asks again, the first failure of many.
    ("adapters/aws.py", "known"),
    ("usecases/outbox.py", "failure"),
    # AWS errors on their way into the tree: the table ERRORS, and `translated` around the commit.
    ("adapters/aws.py", "kind"),
    ("adapters/dynamodb/table.py", "_cancelled"),
}
"""What else is raised, by file: each leads into the tree."""


def raised(text: str) -> Iterator[str]:
    """What each `raise` of a module names; a bare one raises again what was caught."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Raise) and node.exc:
            called = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            yield ast.unparse(called)


def test_raises_are_found_in_every_form() -> None:
    text = "def f():\n    raise A('x') from None\n    raise b\n    raise c.d(1)\n    raise\n"
    assert list(raised(text)) == ["A", "b", "c.d"]


def test_only_the_tree_is_raised_and_never_its_base() -> None:
    found = {
        (path.relative_to(PACKAGE).as_posix(), name)
        for path in PACKAGE.rglob("*.py")
        for name in raised(path.read_text(encoding="utf-8"))
    }
    assert {(path, name) for path, name in found if name not in RAISABLE} == OTHERS


def test_aws_errors_become_a_class_of_the_tree_that_says_more_than_the_base() -> None:
    assert {kind.__name__ for kind in ERRORS.values()} <= RAISABLE


def test_no_error_class_is_defined_outside_of_the_tree() -> None:
    """Or a class of another module could pass under a name of the tree."""
    errors_of_python = {
        name
        for name, value in inspect.getmembers(builtins, inspect.isclass)
        if issubclass(value, BaseException)
    }
    found = [
        f"{path.name}: {node.name}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and path.name != "errors.py"
        if {node.name, *map(ast.unparse, node.bases)} & (TREE | errors_of_python)
    ]
    assert found == []


def test_the_docstring_draws_the_whole_tree() -> None:
    drawn = re.findall(r"^    (?:[├└]── )?(\w+)", errors.__doc__ or "", re.MULTILINE)
    assert len(drawn) == len(set(drawn))
    assert set(drawn) == TREE
