"""The voltages that the IEEE documents print come out at the taps that they print."""

from __future__ import annotations

import pytest

from oracles.masters import data_folder
from oracles.published import PUBLISHED, compare_published

COUNTS = [("ieee13", 32), ("ieee34", 3), ("ieee37", 6), ("ieee123", 53)]


@pytest.mark.skipif(data_folder() is None, reason="the data is not here: set GRIDMEND_DATA")
@pytest.mark.parametrize(
    ("name", "count"), [("ieee13", 32), ("ieee34", 3), ("ieee37", 6), ("ieee123", 53)]
)
def test_every_published_voltage_is_met_or_its_exception_explained(name: str, count: int) -> None:
    found = compare_published(name)
    assert found.count == count
    assert len(found.exceptions) == found.count - found.within
    assert len(found.exceptions) == len(PUBLISHED[name].known)
    assert not [e for e in found.exceptions if "unexplained" in e]
