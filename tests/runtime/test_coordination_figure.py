"""The time-current plot shows each curve where it operates, and the bands that fail."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gridmend.runtime.coordination_figure import coordination_figure
from gridmend.runtime.figure import save
from gridmend.twin.protection.coordination import Coordination, coordinate
from gridmend.twin.protection.curves import OPENDSS
from gridmend.twin.protection.fuse import FuseSettings
from gridmend.twin.protection.settings import RecloserSettings


def _found() -> Coordination:
    recloser = RecloserSettings("R", 200.0, OPENDSS["d"], OPENDSS["a"], fast_shots=2, open_s=0.04)
    fuse = FuseSettings("F", 40.0, OPENDSS["klink"])
    return coordinate([recloser, fuse], np.geomspace(100, 5000, 200))


def test_every_curve_is_drawn_where_its_device_operates() -> None:
    found = _found()
    (axes,) = coordination_figure(found, title="R and F").axes
    lines = {line.get_label(): line for line in axes.get_lines()}
    assert set(lines) == {"R, fast", "R, slow", "F, melt", "F, clear"}
    drawn = np.asarray(lines["R, slow"].get_xdata())
    assert drawn.min() >= 200
    assert len(drawn) == np.isfinite(found.times_s["R"]["slow"]).sum()
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")


def test_each_band_that_fails_is_shaded() -> None:
    found = _found()
    (axes,) = coordination_figure(found, title="R and F").axes
    assert found.misses
    assert len(axes.patches) == len(found.misses)


def test_the_same_chain_gives_the_same_bytes(tmp_path: Path) -> None:
    one, other = (
        save(coordination_figure(_found(), title="R and F"), tmp_path / f"{k}.svg").read_bytes()
        for k in range(2)
    )
    assert one == other
