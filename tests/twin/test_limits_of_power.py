"""What a DER gives that is told a power or a limit, on a plant."""

from __future__ import annotations

import numpy as np
import pytest

from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, OutcomeState, Step
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.network import Network
from gridmend.twin.agenda import Agenda
from gridmend.twin.guards import Guards
from gridmend.twin.plant import Plant
from gridmend.twin.resources import Resources
from gridmend.twin.world import World

SUN = [1.0, 0.2, 0.8, 1.0]
"""Of each step of 900 s."""
CELL_KW = [-50.0, 40.0, -50.0, 40.0]
"""A battery that charges and gives by turns."""


@pytest.fixture
def plant(ring: Grid) -> Plant:
    place = {"bus": "c", "phases": "a b c g", "kv": 12.47, "rating_kva": 300.0}
    roof = {"name": "Roof", "panel_kw": 300.0, "irradiance_pu": 1.0, **place}
    cell = {"name": "Cell", "p_kw": 1.0, "rating_kw": 100.0, "capacity_kwh": 200.0,
            "stored_kwh": 100.0, **place}  # fmt: skip
    grid = ring.with_rows("pv_systems", roof).with_rows("storages", cell)
    follows = {"pv_kw": np.array([0]), "storage_kw": np.array([1])}
    series = Series(Snapshot.normal(grid), np.array([SUN, CELL_KW]), follows, step_s=900.0)
    network = Network.of(grid)
    world = World.of(network, series)
    guards = Guards.of(network, world.topology, world.flow)
    return Plant(Agenda(), world, guards, Resources.of(network))


def tell(plant: Plant, action: Action, device: str, value: float) -> None:
    assert plant.operate(Step(action, device, "", value=value)).state is OutcomeState.CONFIRMED


def gives_kw(plant: Plant, device: str) -> float:
    """What the flow says of a DER; the snapshot must say the same."""
    table = "pv_systems" if device == "Roof" else "storages"
    flows_kw = -float(plant.world.flow.power_kva(table).real.sum())
    assert plant.world.snapshot.power_kw(plant.world.grid, device) == pytest.approx(flows_kw)
    return flows_kw


def over_the_day(plant: Plant, device: str) -> list[float]:
    """What it gives in each step from now on."""
    found: list[float] = []
    for step in range(int(plant.now_s / 900.0), len(SUN)):
        plant.agenda.run_to(step * 900.0)
        found.append(round(gives_kw(plant, device), 2))
    return found


def test_a_limit_is_the_most_that_the_sun_may_give(plant: Plant) -> None:
    tell(plant, Action.LIMIT, "Roof", 150.0)
    assert over_the_day(plant, "Roof") == [150.0, 60.0, 150.0, 150.0]


def test_a_higher_limit_lets_it_give_more_again(plant: Plant) -> None:
    tell(plant, Action.LIMIT, "Roof", 50.0)
    assert gives_kw(plant, "Roof") == pytest.approx(50.0)
    tell(plant, Action.LIMIT, "Roof", 1000.0)
    assert over_the_day(plant, "Roof") == [300.0, 60.0, 240.0, 300.0]


def test_a_set_power_stays_whatever_the_sun_does(plant: Plant) -> None:
    tell(plant, Action.SET_POWER, "Roof", 100.0)
    assert over_the_day(plant, "Roof") == [100.0] * 4


def test_a_set_power_stands_beneath_a_limit_in_either_order(plant: Plant) -> None:
    tell(plant, Action.LIMIT, "Roof", 80.0)
    tell(plant, Action.SET_POWER, "Roof", 100.0)
    assert gives_kw(plant, "Roof") == pytest.approx(80.0)
    tell(plant, Action.LIMIT, "Roof", 30.0)
    assert gives_kw(plant, "Roof") == pytest.approx(30.0)
    tell(plant, Action.LIMIT, "Roof", 200.0)
    assert over_the_day(plant, "Roof") == [100.0] * 4


def test_a_battery_that_charges_goes_on_under_a_limit(plant: Plant) -> None:
    tell(plant, Action.LIMIT, "Cell", 10.0)
    assert over_the_day(plant, "Cell") == [-50.0, 10.0, -50.0, 10.0]


def test_a_battery_may_be_set_to_charge_under_a_limit_of_nothing(plant: Plant) -> None:
    tell(plant, Action.LIMIT, "Cell", 0.0)
    assert over_the_day(plant, "Cell")[:2] == [-50.0, 0.0]
    tell(plant, Action.SET_POWER, "Cell", -20.0)
    assert gives_kw(plant, "Cell") == pytest.approx(-20.0)


def test_a_limit_below_nothing_is_refused_and_changes_nothing(plant: Plant) -> None:
    for device in ("Roof", "Cell"):
        outcome = plant.operate(Step(Action.LIMIT, device, "", value=-5.0))
        assert outcome.state is OutcomeState.FAILED
        assert device.lower() in outcome.detail
        assert "charge" in outcome.detail
    assert not plant.happened
    assert over_the_day(plant, "Roof") == [300.0, 60.0, 240.0, 300.0]


def test_what_is_no_der_has_no_limit_and_no_power(plant: Plant) -> None:
    for call in (plant.world.cap, lambda name, _: plant.world.tell(name, plant.world.snapshot)):
        with pytest.raises(GridError, match="no DER"):
            call("load.Dc", 5.0)
    with pytest.raises(GridError, match="nan"):
        plant.world.cap("Roof", float("nan"))


def test_a_resource_out_of_service_gives_nothing_under_a_limit_or_a_set_power(
    plant: Plant,
) -> None:
    tell(plant, Action.SET_POWER, "Roof", 200.0)
    tell(plant, Action.LIMIT, "Roof", 120.0)
    tell(plant, Action.OPEN, "S1", 0.0)
    plant.agenda.run_to(10.0)
    tell(plant, Action.SET_POWER, "Roof", 150.0)
    assert gives_kw(plant, "Roof") == 0.0
    tell(plant, Action.CLOSE, "S1", 0.0)
    plant.agenda.run_to(10.0 + 300.0 + 150.0)
    assert gives_kw(plant, "Roof") == pytest.approx(60.0, abs=2.1), "half of the limit, by then"
    plant.agenda.run_to(700.0)
    assert gives_kw(plant, "Roof") == pytest.approx(120.0)
