from __future__ import annotations

import pytest

from gridmend.powerflow.compiling import tell
from gridmend.ui import compilation


def test_a_command_says_once_that_the_solver_is_compiled_and_in_the_end_how_long_it_took(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    instants = iter([10.0, 11.0, 12.0, 14.0, 20.0, 21.5])
    monkeypatch.setattr(compilation, "perf_counter", lambda: next(instants))
    with compilation.compilation_shown():
        for begins in (True, True, False, False, True, False):
            tell(begins)
    answer = capsys.readouterr()
    assert answer.out == ""
    assert answer.err.splitlines() == [
        "making machine code of the solver, for this processor and only once …",
        "machine code of the solver took 5.5 s and is kept for next time",
    ]


def test_a_command_that_compiles_nothing_says_nothing_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with compilation.compilation_shown():
        pass
    tell(True)
    tell(False)
    assert capsys.readouterr().err == ""
