import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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
