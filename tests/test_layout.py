"""The layout of the code: short files, short functions, and each module says what it is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "src" / "gridmend").rglob("*.py"))
FILE_LINES = 300
FUNCTION_LINES = 70
NO_TERMS = {"utils", "util", "common", "helpers", "helper", "manager", "mixins", "misc"}


def shown(path: Path) -> str:
    """A path as an engineer says it."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_no_file_is_longer_than_three_hundred_lines(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= FILE_LINES, f"{shown(path)} has {lines} lines: divide it by what it is about"


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_no_function_is_longer_than_seventy_lines(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            lines = node.end_lineno - node.lineno + 1
            assert lines <= FUNCTION_LINES, f"{shown(path)}: {node.name} has {lines} lines"


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_every_module_opens_with_one_line_that_says_what_it_is(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring, f"{shown(path)} has no docstring"
    first = docstring.splitlines()[0]
    assert first.endswith((".", ";", ":")), f"{shown(path)}: its first line is not a sentence"


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_no_module_or_folder_is_named_for_nothing(path: Path) -> None:
    assert not NO_TERMS & {part.removesuffix(".py") for part in path.parts}
