from __future__ import annotations

from dataclasses import replace

import pytest

import gridmend
from gridmend.model.errors import GridError
from gridmend.powerflow.network import Network
from gridmend.twin.streams import Streams
from gridmend.twin.strikes import expect, fault_of
from gridmend.twin.weather.assets import Assets
from gridmend.twin.weather.causes import Cause
from gridmend.twin.weather.rates import Rates
from gridmend.twin.weather.strikes import Hazards, Strike, strikes
from tests.twin.test_plant import plant_of

STRIKE = Strike(100.0, "line.L52", Cause.ANIMAL, "line_line", ("a", "b"), 0.5, False, 0.25)


@pytest.fixture(scope="module")
def network() -> Network:
    return Network.of(gridmend.read("ieee123"))


def test_every_kind_of_strike_is_the_short_circuit_that_it_says() -> None:
    short = fault_of(STRIKE).short
    assert (short.element, short.phases, short.r_ohm, short.share) == (
        "line.L52", ("a", "b"), 0.5, 0.25,
    )  # fmt: skip
    assert not short.to_ground
    for kind, phases in (("line_ground", ("a",)), ("line_line_ground", ("a", "b"))):
        assert fault_of(replace(STRIKE, kind=kind, phases=phases)).short.to_ground
    assert fault_of(STRIKE).cause == Cause.ANIMAL.value


def test_all_that_rates_bring_strikes_at_its_time(network: Network) -> None:
    assets, year_s = Assets.of(network.grid), 365 * 86400.0
    hazards = Hazards(rates=Rates().scaled(50.0))
    found = strikes(assets, hazards, Streams(11), start_s=0.0, end_s=year_s)[:40]
    assert len(found) > 5
    plant = plant_of(network)
    assert expect(plant, found) == len(found)
    plant.agenda.run_to(found[-1].time_s)
    struck = [h for h in plant.happened if h.kind == "fault_struck"]
    assert [(h.time_s, h.payload["element"]) for h in struck] == [
        (s.time_s, s.element) for s in found
    ]
    ended = [h for h in plant.happened if h.kind == "extinguished"]
    assert len(plant.faults) + len(ended) == len(found), "every fault stands or is out"


def test_nothing_is_expected_where_one_strike_cannot_be(network: Network) -> None:
    plant = plant_of(network)
    due_s = plant.agenda.next_s()
    with pytest.raises(GridError, match="l999"):
        expect(plant, (replace(STRIKE, time_s=1.0), replace(STRIKE, element="line.l999")))
    assert plant.agenda.next_s() == due_s
