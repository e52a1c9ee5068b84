"""Size budgets, so that the code stays readable in one sitting.

Runtime code is counted as lines of code: without blank lines, comments, docstrings and imports
(docs/decisions has the reason). A function's body is counted in lines, without its docstring.
"""

from __future__ import annotations

import ast
import io
import statistics
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNTIME = (ROOT / "layers" / "toolgrant" / "toolgrant", ROOT / "functions")
ALL = (*RUNTIME, ROOT / "local", ROOT / "cli")
RUNTIME_LINES = 7_600
FILE_LINES = 250
TEMPLATE_LINES = 1_500
README_LINES = 200
BODY_MEDIAN, BODY_P90, BODY_MAX = 4, 13, 25
_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def files(*folders: Path) -> list[Path]:
    """Python files below some folders."""
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def lines_of_code(text: str) -> int:
    """Lines with code on them, imports and docstrings left out."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    lines = {
        line
        for token in tokens
        if token.type not in _NO_CODE
        for line in range(token.start[0], token.end[0] + 1)
    }
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom) or _is_docstring(node):
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def bodies(path: Path) -> Iterator[tuple[int, str]]:
    """Body length and name of each function in a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if _is_docstring(node.body[0]) else node.body
            length = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
            yield length, f"{path.name}:{node.name}"


def test_lines_are_counted_as_said() -> None:
    text = '"""Doc."""\n\nimport os\nfrom a import (\n    b,\n)\n\n# why\nX = 1\nY = """a\nb"""\n'
    assert lines_of_code(text) == 3


def test_runtime_code_stays_small() -> None:
    total = sum(lines_of_code(path.read_text(encoding="utf-8")) for path in files(*RUNTIME))
    assert total <= RUNTIME_LINES


def test_no_file_is_long() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files(*ALL)}
    assert {str(path): length for path, length in lengths.items() if length > FILE_LINES} == {}


def test_the_template_stays_readable() -> None:
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= TEMPLATE_LINES


def test_the_readme_is_read_in_one_sitting() -> None:
    """Everything else has a page in docs/."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= README_LINES


def test_functions_are_short() -> None:
    for folders in (RUNTIME, (ROOT / "local",), (ROOT / "cli",)):
        lengths = sorted(length for path in files(*folders) for length, _ in bodies(path))
        assert statistics.median(lengths) <= BODY_MEDIAN
        assert lengths[int(len(lengths) * 0.9)] <= BODY_P90
    longest = max(body for path in files(*ALL) for body in bodies(path))
    assert longest[0] <= BODY_MAX, longest
