"""Every feeder goes to the native form and comes back bit by bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gridmend.formats import native
from gridmend.formats.opendss import read
from gridmend.model.difference import difference
from gridmend.model.grid import Grid
from oracles.masters import MASTERS, master


def _same(one: Grid, other: Grid) -> bool:
    pairs = zip(one.tables(), other.tables(), strict=True)
    return all(
        len(a) == len(b) and all(_equal(a[c.name], b[c.name]) for c in a.schema.columns)
        for a, b in pairs
    )


def _equal(one: np.ndarray, other: np.ndarray) -> bool:
    if one.dtype == object:
        return all(
            np.array_equal(np.asarray(a), np.asarray(b)) for a, b in zip(one, other, strict=True)
        )
    return one.tobytes() == other.tobytes() or np.array_equal(one, other, equal_nan=True)


@pytest.mark.parametrize("name", sorted(MASTERS))
@pytest.mark.parametrize("form", ["folder", "folder.zip"])
def test_a_feeder_comes_back_as_it_went(name: str, form: str, tmp_path: Path) -> None:
    path = master(name)
    if path is None:
        pytest.skip("the feeders are not here: set GRIDMEND_DATA to their folder")
    grid = read(path)
    native.write(grid, tmp_path / form)
    back = native.read(tmp_path / form)
    assert _same(grid, back)
    assert difference(grid, back) == ()
    assert (back.name, back.frequency_hz) == (grid.name, grid.frequency_hz)


def test_one_changed_value_is_seen(tmp_path: Path) -> None:
    path = master("ieee13")
    if path is None:
        pytest.skip("the feeders are not here: set GRIDMEND_DATA to their folder")
    grid = read(path)
    changed = grid.with_changed("load.671", p_kw=1155.0000000000002)
    assert not _same(grid, changed)
    assert len(difference(grid, changed)) == 1
