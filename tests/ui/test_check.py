"""`gridmend check` tells everything that its reader and the tables' rules found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FEEDER = """clear
new circuit.small basekv=12.47 bus1=a
new line.l1 bus1=a bus2=b length=1 units=km r1=0.1 x1=0.3 r0=0.3 x0=0.9
new load.d bus1=b kv=12.47 kw=100 {}
{}
set voltagebases=[12.47]
calcvoltagebases
solve
"""


def _written(folder: Path, load: str = "", more: str = "") -> Path:
    master = folder / "small.dss"
    master.write_text(FEEDER.format(load, more))
    return master


def test_a_sound_model_is_fit_and_its_skipped_commands_are_noted(
    tmp_path: Path, gridmend: Callable[..., Any]
) -> None:
    said = gridmend("check", _written(tmp_path), "--json")
    assert said.code == 0
    assert said.json["ok"] is True
    assert any("recorded and skipped" in f["what"] for f in said.json["findings"])


@pytest.mark.parametrize(
    ("load", "more", "names"),
    [
        ("kww=3", "", "kww"),
        ("", "new windmill.w bus1=b kw=5", "windmill"),
        ("", "new line.l2 bus1=b bus2=c linecode=missing", "missing"),
        ("", "new generator.g bus1=b kv=12.47 kw=5 model=3", "model 3"),
    ],
)
def test_what_would_change_the_answer_is_an_error_with_its_line(
    tmp_path: Path, gridmend: Callable[..., Any], load: str, more: str, names: str
) -> None:
    said = gridmend("check", _written(tmp_path, load, more), "--json")
    assert said.code == 2
    assert said.json["ok"] is False
    findings = said.json["findings"]
    errors = [f for f in findings if f["severity"] == "error"]
    assert errors
    assert findings[: len(errors)] == errors
    assert any(names in f["what"] and "small.dss:" in f["where"] for f in errors)


def test_a_model_with_errors_is_not_solved(tmp_path: Path, gridmend: Callable[..., Any]) -> None:
    said = gridmend("solve", _written(tmp_path, "kww=3"), "--json")
    assert said.code == 2
    assert "kww" in said.json["error"]["what"]
