"""The shared feeders, each read into a grid and compiled by OpenDSS."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from gridmend.formats.opendss import read
from gridmend.model.grid import Grid

IEEE = [
    "4Bus-DY-Bal/4Bus-DY-Bal.DSS",
    "4Bus-GrdYD-Bal/4Bus-GrdYD-Bal.DSS",
    "4Bus-OYOD-Bal/4Bus-OYOD-Bal.DSS",
    "4Bus-OYOD-UnBal/4bus-OYOD-UnBal.dss",
    "4Bus-YD-Bal/4Bus-YD-Bal.DSS",
    "4Bus-YY-Bal/4Bus-YY-Bal.DSS",
    "4Bus-YYD/YYD-Master.DSS",
    "13Bus/IEEE13Nodeckt.dss",
    "34Bus/ieee34Mod1.dss",
    "37Bus/ieee37.dss",
    "123Bus/IEEE123Master.dss",
    "123Bus/IEEE123Switches.dss",
    "8500-Node/Master.dss",
    "8500-Node/Master-unbal.dss",
    "LVTestCase/Master.dss",
]
ENWL = [
    f"network_{network}/Feeder_{feeder}/Master.dss"
    for network, feeders in ((1, 4), (2, 5), (3, 6))
    for feeder in range(1, feeders + 1)
]
MASTERS = [
    *(f"ieee/{name}" for name in IEEE),
    "epri/ckt5/Master_ckt5.dss",
    "epri/J1/Master_noPV.dss",
    "epri/J1/Master_withPV.dss",
    "iowa240/network.iowa240.dss",
    *(f"enwl/{name}" for name in ENWL),
]


@lru_cache(maxsize=1)
def _grid_of(path: Path) -> Grid:
    return read(path)


@pytest.fixture(params=MASTERS, scope="module")
def master(request: pytest.FixtureRequest) -> str:
    """A master below the folder of feeders; all tests of a module on one, then on the next."""
    return request.param


@pytest.fixture
def pair(data_dir: Path, oracle_circuit: Callable[[Path], Any], master: str) -> tuple[Grid, Any]:
    """The grid of a feeder, and OpenDSS with the same feeder compiled."""
    path = data_dir / "feeders" / master
    if not path.is_file():
        pytest.skip(f"no feeder {path}")
    dss = oracle_circuit(path)
    return _grid_of(path), dss
