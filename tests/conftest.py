"""Where the test data lie, and the oracle that reads the same models."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from oracles.masters import data_folder


@pytest.fixture(autouse=True)
def _same_folder() -> Iterator[None]:
    """OpenDSS moves to the folder of what it compiles; every test ends where it began."""
    here = Path.cwd()
    yield
    os.chdir(here)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of shared data; tests that need it are skipped where it is absent."""
    folder = data_folder()
    if folder is None:
        pytest.skip("the data is not here: set GRIDMEND_DATA to its folder")
    return folder


@pytest.fixture(scope="session")
def oracle_circuit(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[Path], Any]:
    """What compiles a master with OpenDSS, in a copy of its folder, for masters may write files."""
    dss = pytest.importorskip("dss", reason="OpenDSS is the oracle: install dss_python").DSS
    dss.AllowForms = False
    dss.AllowEditor = False
    copies: dict[Path, Path] = {}

    def compiled(master: Path) -> Any:
        folder = master.parent.parent
        if folder not in copies:
            copy = tmp_path_factory.mktemp("feeder") / folder.name
            shutil.copytree(folder, copy)
            for made in (copy, *copy.rglob("*")):
                made.chmod(0o755)
            copies[folder] = copy
        dss.Text.Command = "clear"
        dss.Text.Command = f'compile "{copies[folder] / master.relative_to(folder)}"'
        return dss

    return compiled
