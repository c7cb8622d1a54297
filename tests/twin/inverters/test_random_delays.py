from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from gridmend.twin.inverters.changes import Deed
from gridmend.twin.inverters.machine import RideThrough
from gridmend.twin.inverters.settings import EnterService, Settings
from gridmend.twin.streams import Streams


def _waits(names: list[str], seed: int = 3, trips: int = 1) -> dict[str, list[float]]:
    own = [replace(Settings.of("II"), enter_service=EnterService(ramp_s=0, random_s=300))]
    machine = RideThrough.of(own * len(names), names=names, streams=Streams(seed))
    for k in range(trips):
        machine.see(2000.0 * k, [0.2] * len(names), 60.0, True)
        machine.see(2000.0 * k + 1, [1.0] * len(names), 60.0, True)
    found: dict[str, list[float]] = {name: [] for name in names}
    for time_s, der, deed, _ in machine.act(2000.0 * trips).rows():
        if deed is Deed.ENTERED:
            found[names[der]].append(time_s % 2000.0 - 1.0)
    return found


def test_random_delays_are_spread_evenly_over_their_range() -> None:
    waits = np.array(list(_waits([f"d{k}" for k in range(2000)]).values())).ravel() - 300.0
    assert len(waits) == 2000
    assert 0 <= waits.min() <= 3
    assert 297 <= waits.max() <= 300
    # Five standard errors of the mean of 2000 even draws: 5 * 300 / sqrt(12 * 2000) = 9.7.
    assert abs(waits.mean() - 150) < 9.7


def test_a_random_delay_is_drawn_anew_at_each_trip_and_is_its_own() -> None:
    all_three = _waits(["a", "b", "c"], trips=3)
    assert _waits(["c", "a"], trips=3) == {name: all_three[name] for name in ("c", "a")}
    assert len({wait for waits in all_three.values() for wait in waits}) == 9
    assert _waits(["a"], seed=4) != _waits(["a"])


def test_the_delay_restarts_with_the_same_draw_when_the_window_is_left() -> None:
    own = replace(Settings.of("II"), enter_service=EnterService(ramp_s=0, random_s=300))
    machine = RideThrough.of([own], names=["a"], streams=Streams(3))
    machine.see(0.0, [0.2], 60.0, True)
    machine.see(1.0, [1.0], 60.0, True)
    wait_s = machine.due_s() - 1.0
    machine.see(100.0, [1.0], 60.2, True)
    assert machine.due_s() == math.inf
    machine.see(101.0, [1.0], 60.0, True)
    assert machine.due_s() == pytest.approx(101.0 + wait_s, abs=1e-6)
