"""A textbook chain, its margins by hand: a recloser that saves a fuse, and two links."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gridmend.model.errors import GridmendError
from gridmend.twin.protection.coordination import (
    Rules,
    coordinate,
    energy_a2s,
    operating_times_s,
)
from gridmend.twin.protection.curves import OPENDSS, through
from gridmend.twin.protection.fuse import Fuse, FuseSettings
from gridmend.twin.protection.recloser import Recloser
from gridmend.twin.protection.sectionaliser import SectionaliserSettings
from gridmend.twin.protection.settings import RecloserSettings, RelaySettings

# Links that melt at 120 times the square of their rating [A²s] and are clear a fifth later.
MELT = through("melt", multiple=(2, 20, 200), points_s=(30, 0.3, 0.003))
CLEAR = through("clear", multiple=(2, 20, 200), points_s=(36, 0.36, 0.0036))


def _link(name: str, rated_a: float) -> FuseSettings:
    return FuseSettings(name, rated_a, MELT, CLEAR)


RECLOSER = RecloserSettings(
    "R", 200.0, OPENDSS["d"].set_to(dial=2), OPENDSS["a"], fast_shots=2, open_s=0.04
)
FUSE = _link("F", 40.0)


def test_the_times_and_margins_of_fuse_saving_are_those_worked_by_hand() -> None:
    found = coordinate([RECLOSER, FUSE], [900.0, 1600.0])
    # 900 A are 4.5 times 200 A: 0.05 + 0.04 and 2 · 0.2 + 0.04; 120 · 40² / 900² and a fifth.
    assert found.times_s["R"]["fast"] == pytest.approx([0.09, 0.085])
    assert found.times_s["R"]["slow"] == pytest.approx([0.44, 0.16])
    assert found.times_s["F"]["melt"] == pytest.approx([0.237037, 0.075], abs=1e-6)
    assert found.times_s["F"]["clear"] == pytest.approx([0.284444, 0.09], abs=1e-6)
    saved, waited = found.margins
    assert saved.margin_s == pytest.approx([0.147037, -0.01], abs=1e-6)
    assert waited.margin_s == pytest.approx([0.155556, 0.07], abs=1e-6)
    assert saved.kept.tolist() == [True, False]
    assert "fails by 0.01 s at 1600 A" in found.findings[0].what


def test_saving_ends_at_the_current_worked_by_hand() -> None:
    found = coordinate([RECLOSER, FUSE], np.arange(500.0, 2001.0))
    (miss,) = found.misses
    # At 1498 A the link melts in 85.561 ms and the recloser takes 85.546 ms; at 1499 A no more.
    assert (miss.from_a, miss.to_a) == (1499.0, 2000.0)


def test_what_the_table_says_the_devices_do() -> None:
    for i_a, blown in ((900.0, False), (1600.0, True)):
        fuse, recloser = Fuse(FUSE), Recloser(RECLOSER)
        for device in (fuse, recloser):
            device.see(0.0, [i_a, 0.0, 0.0])
        recloser_s = recloser.due_s() + RECLOSER.open_s
        assert (fuse.due_s() < recloser_s) == blown


def test_two_links_keep_three_quarters_of_melting_between_them() -> None:
    found = coordinate([_link("up", 65.0), FUSE], [1000.0])
    # 0.75 · 120 · 65² / 1000² - 1.2 · 120 · 40² / 1000² = 0.38025 - 0.2304.
    assert found.margins[0].margin_s == pytest.approx([0.14985])
    near = coordinate([_link("up", 45.0), FUSE], [1000.0])
    assert near.margins[0].margin_s == pytest.approx([0.18225 - 0.2304])
    assert len(near.findings) == 1


def test_two_relays_keep_an_interval_between_them() -> None:
    upper = RelaySettings("up", 400.0, OPENDSS["d"].set_to(dial=3), open_s=0.04)
    lower = RelaySettings("down", 200.0, OPENDSS["d"], open_s=0.04)
    found = coordinate([upper, lower], [900.0], rules=Rules(relay_margin_s=0.25))
    # 900 A are 2.25 and 4.5 times pickup: 3 · 6 · 2.25^-2.344708 = 2.688483, and 0.2.
    assert found.margins[0].margin_s == pytest.approx([2.688483 - 0.2 - 0.25], abs=1e-5)


def test_more_fast_shots_than_a_link_stands_are_found_by_the_factor() -> None:
    twice = coordinate([RECLOSER, FUSE], [1100.0], rules=Rules(saving_factor=2))
    once = coordinate([RECLOSER, FUSE], [1100.0])
    assert (len(twice.findings), len(once.findings)) == (1, 0)
    # And so does a link that does not cool, shown both shots.
    fuse = Fuse(FuseSettings("F", 40.0, MELT, CLEAR, cooling_s=math.inf, conductors=1))
    fast_s = float(once.times_s["R"]["fast"][0])
    for k in range(2):
        fuse.see(10.0 * k, [1100.0])
        if fuse.due_s() <= 10 * k + fast_s:
            assert k == 1
            return
        fuse.see(10.0 * k + fast_s, [0.0])
        fuse.act(10.0 * k + fast_s)
    raise AssertionError("the link stood both shots")


def test_a_sectionaliser_with_as_many_counts_as_shots_is_found() -> None:
    def counts(n: int) -> int:
        between = SectionaliserSettings("S", 300.0, counts=n)
        return len(coordinate([RECLOSER, between, FUSE], [900.0]).findings)

    assert (counts(3), counts(4)) == (0, 1)


def test_where_the_downstream_device_never_operates_nothing_is_asked() -> None:
    found = coordinate([RECLOSER, FUSE], [50.0, 70.0])
    assert np.isnan(found.margins[1].margin_s).all()
    assert not found.findings
    sensitive = RelaySettings("up", 50.0, OPENDSS["d"])
    assert not coordinate([sensitive, FUSE], [70.0]).findings


def test_ground_elements_are_judged_by_their_own_curves() -> None:
    both = RecloserSettings(
        "R", 200.0, OPENDSS["d"], ground_pickup_a=100.0, ground_slow_curve=OPENDSS["d"]
    )
    assert operating_times_s(both, [250.0], part="ground")["slow"] == pytest.approx([0.7])
    assert math.isinf(operating_times_s(RECLOSER, [250.0], part="ground")["slow"][0])


def test_energy_is_the_square_of_current_by_time() -> None:
    assert energy_a2s([2250.0, 240.0], [0.09, 0.45]) == pytest.approx([455_625, 25_920])


def test_a_chain_that_cannot_be_judged_is_refused() -> None:
    for chain, currents in (
        ([RECLOSER], [900.0]),
        ([RECLOSER, RECLOSER], [900.0]),
        ([RECLOSER, FUSE], []),
        ([RECLOSER, FUSE], [900.0, 800.0]),
        ([RECLOSER, FUSE], [0.0, 800.0]),
        ([RECLOSER, FUSE], [math.nan]),
    ):
        with pytest.raises(GridmendError):
            coordinate(chain, currents)
