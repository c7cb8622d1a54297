from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

from gridmend.powerflow import compiled as compiler
from gridmend.powerflow.compiling import compilation_told

CALLEE = """
from .compiled import compiled

@compiled
def inner(x: float) -> float:
    return {inner}
"""
CONSTANT = "LIMIT = {limit}\n"
CALLER = """
from typing import NamedTuple
from .callee import inner
from .compiled import compiled
from .constant import LIMIT

class {kind}(NamedTuple):
    x: float

@compiled
def outer(given: {kind}) -> float:
    return inner(given.x) + LIMIT

def answer() -> float:
    return outer({kind}(3.0))
"""
RUN = """
from gridmend.powerflow.compiling import compilation_told
made = []
with compilation_told(made.append):
    from copied.caller import answer
    print(answer(), made.count(True))
"""


def run(
    folder: Path, *, inner: str = "2 * x", limit: str = "0.5", kind: str = "Given"
) -> tuple[float, int]:
    """The answer of a package of these files in a process of its own, and what that compiled."""
    package = folder / "copied"
    package.mkdir(exist_ok=True)
    files = {
        "__init__.py": "",
        "compiled.py": Path(str(compiler.__file__)).read_text(),
        "callee.py": CALLEE.format(inner=inner),
        "constant.py": CONSTANT.format(limit=limit),
        "caller.py": CALLER.format(kind=kind),
    }
    for name, text in files.items():
        (package / name).write_text(text)
    environment = {
        **os.environ,
        "NUMBA_CACHE_DIR": str(folder / "cache"),
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-c", RUN]
    answer = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    value, count = answer.stdout.split()
    return float(value), int(count)


def test_machine_code_is_kept_between_processes_and_made_anew_where_another_file_changed(
    tmp_path: Path,
) -> None:
    first, made = run(tmp_path)
    assert first == 6.5 and made >= 2
    assert run(tmp_path) == (6.5, 0)
    assert run(tmp_path, inner="3 * x")[0] == 9.5
    assert run(tmp_path, inner="3 * x", limit="0.25")[0] == 9.25
    assert run(tmp_path, inner="3 * x", limit="0.25") == (9.25, 0)


def test_machine_code_for_a_type_that_is_no_more_is_made_anew(tmp_path: Path) -> None:
    assert run(tmp_path)[0] == 6.5
    value, made = run(tmp_path, kind="Handed")
    assert value == 6.5 and made >= 1
    assert run(tmp_path, kind="Handed") == (6.5, 0)


def test_machine_code_that_cannot_be_read_is_made_anew(tmp_path: Path) -> None:
    assert run(tmp_path)[0] == 6.5
    indices = list((tmp_path / "cache").rglob("*.nbi"))
    assert indices
    for index in indices:
        index.write_bytes(index.read_bytes()[:-20])
    assert run(tmp_path)[0] == 6.5
    assert run(tmp_path) == (6.5, 0)


def test_only_what_depends_on_a_changed_file_is_made_anew() -> None:
    from gridmend.powerflow import chord, factor, legs

    before = {module: compiler.stamp(module) for module in (chord, factor)}
    digest_of = compiler._digest_of  # pyright: ignore[reportPrivateUsage]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            compiler,
            "_digest_of",
            lambda name: b"other" if name == legs.__name__ else digest_of(name),
        )
        assert compiler.stamp(chord) != before[chord]
        assert compiler.stamp(factor) == before[factor]


def test_who_asks_is_told_where_a_compilation_begins_and_ends_and_nobody_else() -> None:
    @numba.njit
    def twice(x: float) -> float:
        return 2 * x

    told: list[bool] = []
    with compilation_told(told.append):
        assert twice(1.0) == 2.0
        twice(1.0)
    twice(np.float32(1.0))
    assert told == [True, False]
