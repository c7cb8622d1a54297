import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gridmend.ui.cli import main


@dataclass(frozen=True)
class Said:
    """What one command did: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out, parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


@pytest.fixture
def gridmend(capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    def run(*arguments: object) -> Said:
        capfd.readouterr()
        code = main([str(a) for a in arguments])
        said = capfd.readouterr()
        return Said(code, said.out, said.err)

    return run


@pytest.fixture
def day(tmp_path: Path) -> list[object]:
    """Options of a series in which every load of a feeder follows a day."""
    hours = np.arange(48)
    home = 0.7 + 0.3 * np.sin(2 * np.pi * hours / 24)
    shop = 0.6 + 0.3 * np.cos(2 * np.pi * hours / 24)
    rows = [f"{h},{a:.6f},{b:.6f}" for h, a, b in zip(hours, home, shop, strict=True)]
    shapes, who = tmp_path / "S.csv", tmp_path / "M.csv"
    shapes.write_text("\n".join(["hour,home,shop", *rows]))
    who.write_text("load,shape\n*,home\n671,shop\n")
    return ["series", "ieee13", "--shapes", shapes, "--map", who, "--step-min", 60]


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of sixteen steps, the least."""
    monkeypatch.setattr("gridmend.ui.series_run.BLOCK", 16)
