import pytest

from gridmend.formats.read import read
from gridmend.model.grid import Grid
from gridmend.runtime.day import Day, Fault, Restoration, run_day

FAULT = Fault(line="L52", at="17:30", repair_min=180)


@pytest.fixture(scope="session")
def ieee123() -> Grid:
    return read("ieee123")


@pytest.fixture(scope="session")
def quiet(ieee123: Grid) -> Day:
    return run_day(ieee123)


@pytest.fixture(scope="session")
def by_crew(ieee123: Grid) -> Day:
    return run_day(ieee123, fault=FAULT)


@pytest.fixture(scope="session")
def healed(ieee123: Grid) -> Day:
    return run_day(ieee123, fault=FAULT, restoration=Restoration())
