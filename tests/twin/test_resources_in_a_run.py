"""What DER at a plant cost, what they leave alone, and what holds of them in any run."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridmend
from gridmend.model.errors import GridmendError
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Step
from gridmend.powerflow.network import Network
from gridmend.powerflow.shorts import Short
from gridmend.twin.inverters.settings import EnterService, Settings
from gridmend.twin.plant import Fault, Plant
from gridmend.twin.resources import RAMP_STEP_S, Resources
from gridmend.twin.streams import Streams
from tests.twin.roofs import (
    NO_RAMP,
    PV_KW,
    deeds,
    do,
    of_category,
    plant_of,
    pv_kw,
    with_roof,
)


def test_a_ramp_costs_a_bounded_number_of_solves_however_many_climb(ring: Grid) -> None:
    buses = ("c", "a", "b", "d", "e", "f")
    grid = with_roof(ring, *buses, kv=12.47, kw=20.0)
    own = replace(Settings.of("III"), enter_service=EnterService(random_s=200.0))
    plant = plant_of(grid, partial(Resources.of, default=own, streams=Streams(1)))
    do(plant, 10.0, Action.OPEN, "CB")
    do(plant, 100.0, Action.CLOSE, "CB")
    plant.agenda.run_to(399.0)
    before = plant.world.solved
    plant.agenda.run_to(100.0 + 300.0 + 200.0 + 300.0)
    entered = [h.time_s for h in plant.happened if h.kind == "der_entered"]
    assert len(set(entered)) == 6
    assert plant.world.solved - before <= 500.0 / RAMP_STEP_S + 1 + 2 * len(buses)
    assert pv_kw(plant) == pytest.approx(6 * 20.0, rel=1e-4)


def test_other_steps_of_a_ramp_can_be_asked_for_and_nonsense_not(ring: Grid) -> None:
    grid = with_roof(ring, "c", kv=12.47)
    plant = plant_of(grid, partial(Resources.of, ramp_step_s=60.0))
    do(plant, 10.0, Action.OPEN, "S1")
    do(plant, 100.0, Action.CLOSE, "S1")
    plant.agenda.run_to(420.0)
    assert pv_kw(plant) == pytest.approx(PV_KW * 50 / 300, rel=1e-4), "the mean of 420 to 480 s"
    plant.agenda.run_to(479.0)
    assert pv_kw(plant) == pytest.approx(PV_KW * 50 / 300, rel=1e-4)
    for wrong in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(GridmendError, match="return_step_s"):
            Resources.of(Network.of(grid), return_step_s=wrong)


def test_a_resource_that_lifts_its_own_voltage_ceases_and_returns_but_not_without_end(
    ring: Grid,
) -> None:
    grid = with_roof(ring, "c", kv=12.47, kw=45_000.0).with_changed("source.grid", v_pu=1.08)
    plant = plant_of(grid)
    plant.agenda.run_to(5.0)
    kinds = [kind for _, kind in deeds(plant)]
    assert 5 < kinds.count("ceased") <= 5.0 / 0.083, "each time it has 0.083 s to do so"
    at_once = replace(Settings.of("III"), cease_s=0.0, restore_s=0.0)
    with pytest.raises(GridmendError, match="without end"):
        plant_of(grid, of_category(at_once)).agenda.run_to(5.0)


def test_where_nothing_disturbs_resources_change_nothing(ring: Grid) -> None:
    for grid in (with_roof(ring, "c", kv=12.47), ring):
        plain, joined = plant_of(grid, lambda _: None), plant_of(grid)
        for plant in (plain, joined):
            do(plant, 100.0, Action.OPEN, "S2")
            plant.agenda.run_to(3600.0)
        assert plain.world.flow.v_v.tobytes() == joined.world.flow.v_v.tobytes()
        assert plain.world.solved == joined.world.solved
        assert plain.happened == joined.happened


def test_who_is_out_of_service_in_the_grid_is_no_resource_and_gives_nothing(ring: Grid) -> None:
    grid = with_roof(ring, "c", kv=12.47)
    off = {"name": "Old", "bus": "c", "phases": "a b c g", "kv": 12.47, "panel_kw": 10.0,
           "irradiance_pu": 1.0, "rating_kva": 10.0, "in_service": False}  # fmt: skip
    plant = plant_of(grid.with_rows("pv_systems", off))
    assert plant.resources is not None
    assert plant.resources.keys == ("pv_system.roof",)
    assert plant.world.snapshot.pv_kw.tolist() == [PV_KW, 0.0]


def entries(grid: Grid, given: dict[str, Settings], seed: int = 3) -> dict[str, float]:
    plant = plant_of(grid, partial(Resources.of, settings=given, streams=Streams(seed)))
    do(plant, 10.0, Action.OPEN, "CB")
    do(plant, 100.0, Action.CLOSE, "CB")
    plant.agenda.run_to(1000.0)
    return {h.payload["device"]: h.time_s for h in plant.happened if h.kind == "der_entered"}


def test_random_delays_are_of_a_seed_and_of_each_alone(ring: Grid) -> None:
    grid = with_roof(ring, "c", "e", kv=12.47)
    late = replace(NO_RAMP, enter_service=EnterService(ramp_s=0.0, random_s=300.0))
    both = entries(grid, {"Roof": late, "Roof_e": late})
    assert both == entries(grid, {"Roof": late, "Roof_e": late})
    assert both != entries(grid, {"Roof": late, "Roof_e": late}, seed=4)
    alone = entries(grid, {"Roof": NO_RAMP, "Roof_e": late})
    assert alone["pv_system.roof_e"] == both["pv_system.roof_e"] > 400.0
    assert alone["pv_system.roof"] == 400.0


@settings(deadline=None, max_examples=15)
@given(
    st.lists(
        st.tuples(st.floats(0, 60), st.integers(0, 20), st.booleans(), st.floats(0, 2)),
        min_size=1, max_size=3,
    ),
    st.sampled_from(["I", "II", "III"]),
    st.lists(st.floats(0, 60), max_size=3),
)  # fmt: skip
def test_nobody_ever_gives_power_where_it_is_dead_or_out_of_service_and_all_come_back(
    faults: list[tuple[float, int, bool, float]], category: str, moves: list[float]
) -> None:
    grid = with_roof(gridmend.read("ieee13"), "680", "675", "633", kv=4.16, kw=100.0)
    plant = plant_of(grid, of_category(category))
    keys = plant.resources.keys if plant.resources else ()
    taps = plant.resources.taps if plant.resources else None
    assert taps is not None

    def look(now_s: float, flow: Flow) -> None:
        tripped = {"der_tripped": True, "der_entered": False}
        out = {h.payload["device"]: tripped[h.kind] for h in plant.happened if h.kind in tripped}
        gives_kw = -flow.power_kva("pv_systems").real
        live = taps.live(flow)
        for k, key in enumerate(keys):
            assert gives_kw[k] == 0 or (live[k] and not out.get(key, False)), f"{key}, {now_s}"
        share = plant.resources.share if plant.resources else live
        assert not share[~live].any()

    plant.watchers.append(look)
    lines = grid.lines
    for at_s, number, is_permanent, r_ohm in faults:
        row = number % len(lines)
        short = Short(f"line.{lines['name'][row]}", (str(lines["phases1"][row])[0],), r_ohm)
        plant.agenda.at(at_s, partial(_strike, plant, Fault(short, is_permanent)))
    for k, at_s in enumerate(sorted(moves)):
        step = Step(Action.CLOSE if k % 2 else Action.OPEN, "671692", "")
        plant.agenda.at(at_s, partial(_operate, plant, step))
    plant.agenda.run_to(400.0)
    for number in list(plant.faults):
        plant.repair(number)
    for device in ("source", "671692"):
        plant.operate(Step(Action.CLOSE, device, ""))
    plant.agenda.run_to(400.0 + 1500.0)
    assert plant.world.supplied().all()
    assert plant.resources is not None
    # Taps that moved while a fault burned may come to rest where the voltage keeps a DER out.
    window, v_pu = plant.resources.fleet.settings[0].enter_service, taps.v_pu(plant.world.flow)
    inside = (v_pu >= window.v_low_pu) & (v_pu <= window.v_high_pu)
    kept_out = ~np.all(inside | np.isnan(v_pu), axis=1)
    assert all(s == 1.0 or out for s, out in zip(plant.resources.share, kept_out, strict=True))
    assert kept_out.any() or pv_kw(plant) == pytest.approx(300.0, rel=1e-3)
    times = [h.time_s for h in plant.happened]
    assert times == sorted(times)


def _strike(plant: Plant, fault: Fault) -> None:
    plant.strike(fault)


def _operate(plant: Plant, step: Step) -> None:
    plant.operate(step)


def told(seed: int) -> str:
    """All that happens to two roofs with random delays, and the voltages at the end."""
    grid = with_roof(gridmend.read("ieee123"), "65", "47", kv=4.16)
    own = replace(Settings.of("II"), enter_service=EnterService(random_s=300.0))
    plant = plant_of(grid, partial(Resources.of, default=own, streams=Streams(seed)))
    fault = Fault(Short("line.L52", ("a", "b", "c"), 0.5, share=0.5), is_permanent=False)
    plant.agenda.at(10.0, partial(_strike, plant, fault))
    plant.agenda.run_to(500.0)
    happened = [(h.time_s, h.kind, dict(h.payload)) for h in plant.happened]
    return f"{happened} {plant.world.flow.v_v.tobytes().hex()}"


_TELL = """
import sys; sys.path.insert(0, sys.argv[1])
from tests.twin.test_resources_in_a_run import told
print(told(5), end="")
"""


def test_equal_seeds_give_equal_bytes_in_any_process() -> None:
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", _TELL, root], capture_output=True, check=True, cwd=root, text=True
    )
    here = told(5)
    assert done.stdout == here
    assert here.count("der_tripped") == 2
    assert here.count("der_entered") >= 1
    assert told(6) != here


def test_a_flow_without_a_solution_is_not_measured(ring: Grid) -> None:
    plant = plant_of(with_roof(ring, "c", kv=12.47))
    resources, flow = plant.resources, plant.world.flow
    assert resources is not None
    nothing = replace(flow, v_v=np.full_like(flow.v_v, np.nan), converged=False)
    resources.see(0.0, nothing)
    assert resources.due_s() == math.inf
    assert resources.act(100.0) == []
