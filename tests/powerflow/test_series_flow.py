"""A series solved step by step: what is summed up, what is carried, and OpenDSS beside it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.formats.opendss import read as read_dss
from gridmend.formats.read import read
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.profiles import Span, series_of
from gridmend.model.series import Series
from gridmend.model.shape_profiles import model_profiles
from gridmend.model.snapshot import Snapshot, controlled_winding, step_of_tap
from gridmend.powerflow.network import Network
from gridmend.powerflow.results import element_rows, summary
from gridmend.powerflow.series_flow import SeriesFlow, positioned, solve_series
from gridmend.powerflow.step_elements import element_flows
from gridmend.powerflow.step_summary import LIMITS, Gauge, Limits, summed_up
from gridmend.powerflow.waiting import Action, Waiting
from oracles.masters import master
from oracles.opendss import compiled, node_key
from oracles.year import Profiles, Settings, Year, recorded
from tests.powerflow.networks import ALL_MODELS, build, feeders

FOUR = 4


def _factors(steps: int, *, period: int, swing: float) -> np.ndarray:
    """Four profiles that swing enough to move every tap."""
    rng, t = np.random.default_rng(0), np.arange(steps)
    waves = [np.sin(2 * np.pi * (t / period + k / FOUR)) for k in range(FOUR)]
    return 0.7 + swing * np.array(waves) + 0.05 * rng.standard_normal((FOUR, steps))


def _series(
    grid: Grid, steps: int, *, step_s: float = 3600.0, period: int = 24, swing: float = 0.35
) -> Series:
    rows = np.arange(len(grid.loads)) % FOUR
    follows = {"load_kw": rows, "load_kvar": rows}
    factors = _factors(steps, period=period, swing=swing)
    return Series(Snapshot.normal(grid), factors, follows, step_s=step_s)


@pytest.mark.parametrize("controls", ["off", "static"])
def test_a_series_of_one_step_is_a_single_solve_exactly(controls: str) -> None:
    grid = read("ieee123")
    network, series = Network.of(grid), _series(grid, 1)
    found = solve_series(network, series, controls=controls, keep_voltages=True)
    flow = network.solve(series[0], controls=controls)
    assert found.v_v is not None
    np.testing.assert_array_equal(found.v_v[0], flow.v_v)
    np.testing.assert_array_equal(found.tap_pu[0], flow.snapshot.tap_pu)
    np.testing.assert_array_equal(found.end.steps_on, flow.snapshot.steps_on)
    single = summary(grid, flow)
    for name in ("v_min_pu", "v_max_pu"):
        assert getattr(found, name)[0] == single[name]
    for name in ("source_kw", "source_kvar", "loss_kw", "load_kw"):
        assert getattr(found, name)[0] == pytest.approx(single[name], abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(feeders(), st.integers(2, 5))
def test_at_every_step_sources_give_what_loads_and_losses_take(grid: Grid, steps: int) -> None:
    found = solve_series(Network.of(grid), _series(grid, steps))
    assert found.converged.all()
    np.testing.assert_allclose(found.source_kw, found.load_kw + found.loss_kw, atol=1e-4)
    assert (found.loss_kw > 0).all()


def test_generation_is_taken_off_the_load() -> None:
    grid = build(3, 5, ["constant_power"], meshed=False)
    row = {"name": "g", "bus": "b1", "phases": "a b c g", "kv": 12.47, "p_kw": 100.0}
    made = grid.with_rows("generators", row)
    plain, less = (
        solve_series(Network.of(g), Series(Snapshot.normal(g), np.ones((1, 1))))
        for g in (grid, made)
    )
    assert less.load_kw[0] == pytest.approx(plain.load_kw[0] - 100.0, abs=1e-6)


def test_cut_anywhere_the_blocks_are_the_uncut_series() -> None:
    grid = read("ieee123")
    network, series = Network.of(grid), _series(grid, 12)
    whole = solve_series(network, series)
    first = solve_series(network, series, last=5)
    rest = solve_series(network, series, first=5, begin=first.end)
    for name in ("v_min_pu", "source_kw", "loss_kw", "tap_pu", "tap_operations", "steps_on"):
        joined = np.concatenate([getattr(first, name), getattr(rest, name)])
        np.testing.assert_array_equal(joined, getattr(whole, name))


def test_operations_are_the_whole_steps_moved_since_the_step_before() -> None:
    grid = read("ieee123")
    network, series = Network.of(grid), _series(grid, 8)
    found = solve_series(network, series)
    step = (grid.windings["tap_max_pu"] - grid.windings["tap_min_pu"]) / np.maximum(
        grid.windings["tap_steps"], 1
    )
    path = np.vstack([series.start.tap_pu, found.tap_pu])
    moves = np.abs(np.diff(path, axis=0)) @ (1 / np.where(step > 0, step, np.inf))
    np.testing.assert_allclose(found.tap_operations, moves, atol=1e-9)
    assert found.tap_operations.sum() > 10
    off = solve_series(network, series, controls="off")
    assert not off.tap_operations.any()
    np.testing.assert_array_equal(off.tap_pu[-1], series.start.tap_pu)


def test_a_step_that_does_not_converge_says_so_and_leaves_the_rest_alone() -> None:
    grid = build(5, 6, ["constant_power"], meshed=False)
    for name in grid.loads:
        grid = grid.with_changed(f"load.{name}", v_min_pu=0.01, v_low_pu=0.01)
    start = Snapshot.normal(grid)
    network = Network.of(grid)
    series = Series.scaled(start, [1.0, 500.0, 1.0])
    found = solve_series(network, series, keep_voltages=True)
    assert found.converged.tolist() == [True, False, True]
    assert np.isnan(found.source_kw[1])
    assert found.v_min_node[1] == -1
    assert found.v_v is not None
    assert np.isnan(found.v_v[1]).all()
    assert found.source_kw[2] == found.source_kw[0]


def test_positions_stay_as_they_were_before_a_step_that_does_not_converge() -> None:
    grid = read("ieee13")
    for name in grid.loads:
        low = {"v_min_pu": 0.01, "v_low_pu": 0.01, "model": "constant_power"}
        grid = grid.with_changed(f"load.{name}", **low)
    # At two and a half times the load, regulators that lower the voltage bring it to collapse.
    for name in grid.tap_controls:
        controls = grid.tap_controls.changed(name, {"target_v": 80.0})
        grid = grid.with_tables(tap_controls=controls)
    taps = np.array(Snapshot.normal(grid).tap_pu)
    taps[[controlled_winding(grid, k) for k in range(3)]] = 1.1
    start = Snapshot.normal(grid).with_taps(taps)
    network, series = Network.of(grid), Series.scaled(start, [2.5, 0.1])
    assert network.solve(series[0], controls="off").converged
    assert (network.solve(series[0]).snapshot.tap_pu != taps).any()
    found = solve_series(network, series)
    assert found.converged.tolist() == [False, True]
    np.testing.assert_array_equal(found.tap_pu[0], taps)
    assert found.tap_operations[0] == 0
    assert found.tap_operations[1] > 0


def test_customers_are_counted_where_a_load_s_voltage_is_outside_the_limits() -> None:
    grid = read("ieee13")
    names = grid.loads["name"]
    grid = grid.with_changed(f"load.{names[0]}", customers=7)
    network = Network.of(grid)
    flow = network.solve(controls="off")
    gauge = Gauge.of(network)
    counts = grid.loads.counts("customers")
    wide = summed_up(network, gauge, flow, Limits(0.5, 2.0))
    assert wide["customers_outside"] == 0
    none_fit = summed_up(network, gauge, flow, Limits(1.9, 2.0))
    assert none_fit["customers_outside"] == counts.sum()
    served = grid.with_rows("customers", {"name": "c", "load": names[0], "count": 50})
    again = Network.of(served)
    only = summed_up(again, Gauge.of(again), again.solve(controls="off"), Limits(1.9, 2.0))
    assert only["customers_outside"] == 50
    assert LIMITS["ansi-a"] == Limits(0.95, 1.05)


def test_overloads_are_elements_above_their_rating_counted_once() -> None:
    grid = read("ieee123")
    network = Network.of(grid)
    flow = network.solve(controls="off")
    rows = list(element_rows(grid, flow))
    for rating in (30.0, 100.0):
        tight = grid
        for name in grid.lines:
            tight = tight.with_changed(f"line.{name}", rating_a=rating)
        other = Network.of(tight)
        over = {r[0] for r in element_rows(tight, other.solve(controls="off")) if r[7] > 100}
        found = summed_up(other, Gauge.of(other), other.solve(controls="off"), LIMITS["ansi-a"])
        assert found["overloads"] == len(over) > 0
    assert rows


def test_flows_of_elements_are_those_of_the_single_solves() -> None:
    grid = read("ieee13")
    network, series = Network.of(grid), _series(grid, 3)
    found = solve_series(network, series, keep_voltages=True)
    flows = element_flows(network, series, found, first=0, begin=series.start)
    begin = series.start
    for step in range(3):
        flow = network.solve(positioned(series[step], begin))
        begin = flow.snapshot
        rows = np.array([r[3:6] + r[7:8] for r in element_rows(grid, flow)])
        ours = np.stack([flows.p_kw, flows.q_kvar, flows.i_a, flows.loading_pct], 2)[step]
        np.testing.assert_allclose(ours, rows, rtol=1e-5, atol=1e-3)
    bare = solve_series(network, series)
    with pytest.raises(GridError, match="no voltages"):
        element_flows(network, series, bare, first=0, begin=series.start)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"first": 3, "last": 2}, "no steps 3 to 2"),
        ({"last": 9}, "no steps 0 to 9"),
        ({"controls": "wild"}, "controls cannot be 'wild'"),
        ({"threads": 0}, "0 threads"),
    ],
)
def test_what_cannot_be_asked_is_refused(options: dict, what: str) -> None:
    grid = read("ieee13")
    with pytest.raises(GridError, match=what):
        solve_series(Network.of(grid), _series(grid, 4), **options)


def test_a_series_of_another_grid_is_refused() -> None:
    series = _series(read("ieee123"), 2)
    with pytest.raises(GridError, match="the grid has"):
        solve_series(Network.of(read("ieee13")), series)


def _beside(
    path: Path, steps: int, controls: str, **shape: float
) -> tuple[Grid, Network, SeriesFlow, Year]:
    """The same series here and in OpenDSS, each load on one of four profiles."""
    grid = read_dss(path)
    network, series = Network.of(grid), _series(grid, steps, **shape)
    rows = series.follows["load_kw"].tolist()
    names = [f"load.{name}" for name in grid.loads["name"]]
    profiles = Profiles(series.factors, dict(zip(names, rows, strict=True)), series.step_s / 60)
    there = recorded(
        path,
        profiles,
        Settings(controls=controls, algorithm="newton", tolerance=1e-9),
        positions=series.start.positions(grid),
        voltages=True,
    )
    here = solve_series(network, series, controls=controls, keep_voltages=True)
    return grid, network, here, there


def _check_equal(grid: Grid, network: Network, here: SeriesFlow, there: Year) -> None:
    windings = [controlled_winding(grid, grid.tap_controls.row(c)) for c in there.controls]
    taps = [[step_of_tap(grid.windings, w, row[w]) for w in windings] for row in here.tap_pu]
    assert np.array(taps).reshape(there.taps.shape).tolist() == there.taps.tolist()
    banks = [grid.capacitors.row(c) for c in there.capacitors]
    assert here.steps_on[:, banks].tolist() == there.states.tolist()
    place = {name: k for k, name in enumerate(there.nodes)}
    nodes = network.nodes
    keys = [node_key(grid, int(b), str(p)) for b, p in zip(nodes.bus, nodes.phase, strict=True)]
    ours = [k for k, key in enumerate(keys) if key in place]
    assert here.v_v is not None
    assert there.v_v is not None
    apart = np.abs(here.v_v[:, ours]) - np.abs(there.v_v[:, [place[keys[k]] for k in ours]])
    assert np.abs(apart / nodes.base_v[ours]).max() < 1e-6
    np.testing.assert_allclose(here.loss_kw, there.loss_kw, rtol=1e-5)
    np.testing.assert_allclose(here.source_kw, there.source_kw, rtol=1e-6)
    np.testing.assert_allclose(here.v_min_pu, there.v_min_pu, atol=1e-6)


@pytest.mark.parametrize("controls", ["off", "static"])
@pytest.mark.parametrize("name", ["ieee13", "ieee123"])
def test_two_days_of_hours_are_those_of_opendss_in_yearly_mode(name: str, controls: str) -> None:
    path = master(name)
    if path is None:
        pytest.skip("the feeders are not here: set GRIDMEND_DATA to their folder")
    _check_equal(*_beside(path, 48, controls, step_s=3600.0))


@pytest.mark.parametrize(
    ("name", "step_s"),
    [("ieee13", 1.0), ("ieee13", 7.0), ("ieee123", 10.0), ("ieee123", 60.0), ("ieee34", 5.0)],
)
def test_controls_in_time_act_when_they_do_in_opendss(name: str, step_s: float) -> None:
    path = master(name)
    if path is None:
        pytest.skip("the feeders are not here: set GRIDMEND_DATA to their folder")
    grid, network, here, there = _beside(path, 150, "time", step_s=step_s)
    assert here.tap_operations.sum() > 5
    _check_equal(grid, network, here, there)


BANKS = """clear
new circuit.c basekv=12.47 bus1=src pu=1.0 mvasc3=100 mvasc1=90
new line.a bus1=src bus2=m length=5 units=km r1=0.3 x1=0.6 r0=0.6 x0=1.8 c1=0 c0=0
new line.b bus1=m bus2=e length=3 units=km r1=0.3 x1=0.6 r0=0.6 x0=1.8 c1=0 c0=0
new load.one bus1=m kv=12.47 kw=2000 kvar=900 vminpu=0.5 vmaxpu=1.5
new load.two bus1=e kv=12.47 kw=1500 kvar=800 vminpu=0.5 vmaxpu=1.5
new capacitor.k bus1=m kvar=600 kv=12.47
new capacitor.v bus1=e kvar=600 kv=12.47 numsteps=3 states=[1 0 0]
new capcontrol.k element=line.a terminal=1 capacitor=k type=kvar
~ onsetting=1200 offsetting=400 delay=30 delayoff=20 deadtime=200
new capcontrol.v element=line.b terminal=2 capacitor=v type=voltage ptratio=60
~ onsetting=112 offsetting=119 delay=25 delayoff=15 deadtime=120
set voltagebases=[12.47]
calcv
solve
"""


BY_KVAR = (
    "terminal=1 capacitor=v type=kvar onsetting=500 offsetting=100 delay=10 delayoff=10"
    " deadtime=120"
)
"""A control that moves all three steps of its bank, which has no dead time."""


@pytest.mark.parametrize(
    ("step_s", "steps", "period", "swing", "by_kvar"),
    [
        (1.0, 500, 167, 0.6, False), (5.0, 500, 167, 0.6, False), (30.0, 500, 167, 0.6, False),
        (5.0, 300, 30, 0.75, True), (10.0, 200, 25, 0.75, True),
    ],
)  # fmt: skip
def test_capacitors_in_time_wait_their_delays_and_dead_time_as_in_opendss(
    tmp_path: Path, step_s: float, steps: int, period: int, swing: float, by_kvar: bool
) -> None:
    text = BANKS
    if by_kvar:
        at = text.index("terminal=2 capacitor=v")
        text = text[:at] + BY_KVAR + text[text.index("\nset voltagebases") :]
    folder = tmp_path / "model"
    folder.mkdir()
    path = folder / "banks.dss"
    path.write_text(text)
    grid, network, here, there = _beside(
        path, steps, "time", step_s=step_s, period=period, swing=swing
    )
    assert here.capacitor_operations.sum() > (20 if by_kvar else 2)
    _check_equal(grid, network, here, there)


def test_in_time_what_waits_goes_from_block_to_block() -> None:
    grid = read("ieee123")
    network, series = Network.of(grid), _series(grid, 40, step_s=10.0)
    whole = solve_series(network, series, controls="time")
    first = solve_series(network, series, controls="time", last=3)
    assert first.waiting is not None
    assert first.waiting.taps
    kept = type(first.waiting).of_lists(first.waiting.as_lists())
    rest = solve_series(network, series, controls="time", first=3, begin=first.end, waiting=kept)
    joined = np.concatenate([first.tap_pu, rest.tap_pu])
    np.testing.assert_array_equal(joined, whole.tap_pu)


def test_what_waits_comes_back_from_its_lists_as_it_was() -> None:
    waiting = Waiting(
        taps=(Action(12.5, 1, True), Action(3.0, 0, False)),
        armed=np.array([False, True]),
        reverse=np.array([True, False]),
        turn_due_s=np.array([np.nan, 7.0]),
        bank_due_s=np.array([np.nan, 4.0]),
        opened_s=np.array([-np.inf, 2.0]),
    )
    again = Waiting.of_lists(json.loads(json.dumps(waiting.as_lists(), allow_nan=False)))
    assert again.taps == waiting.taps
    for name in ("armed", "reverse", "turn_due_s", "bank_due_s", "opened_s"):
        np.testing.assert_array_equal(getattr(again, name), getattr(waiting, name))


def test_a_setting_without_a_model_in_time_is_refused() -> None:
    grid = read("ieee13")
    name = grid.tap_controls["name"][0]
    grid = grid.with_tables(tap_controls=grid.tap_controls.changed(name, {"inverse_time": True}))
    with pytest.raises(GridError, match="no model in time mode"):
        solve_series(Network.of(grid), _series(grid, 1), controls="time")


def test_under_reverse_power_a_regulator_goes_to_neutral_after_its_delay_and_comes_back() -> None:
    grid = read("ieee13")
    for name in grid.tap_controls:
        changes = {"reverse_mode": "neutral", "reverse_delay_s": 60.0}
        grid = grid.with_tables(tap_controls=grid.tap_controls.changed(name, changes))
    plant = {"name": "g", "bus": "671", "phases": "a b c g", "kv": 4.16, "p_kw": 6000.0}
    grid = grid.with_rows("generators", plant)
    start, steps = Snapshot.normal(grid), 120
    runs = np.zeros(steps)
    runs[40:80] = 1.0
    factors = np.array([np.ones(steps), runs])
    follows = {"generator_kw": np.ones(1, int), "generator_kvar": np.ones(1, int)}
    network, series = Network.of(grid), Series(start, factors, follows, step_s=10.0)
    found = solve_series(network, series, controls="time")
    taps = found.tap_pu[:, [controlled_winding(grid, k) for k in range(3)]]
    assert (taps[39] > 1.01).all()
    np.testing.assert_allclose(taps[79], 1.0)
    # Reverse power is seen at step 40 and counts 60 s later, and so when it ends.
    for last, reverse in ((46, False), (47, True), (86, True), (87, False)):
        waiting = solve_series(network, series, controls="time", last=last).waiting
        assert waiting is not None
        assert (waiting.reverse == reverse).all(), last
    np.testing.assert_allclose(taps[119], taps[39], atol=0.0063)


SHAPES = """clear
new circuit.c basekv=12.47 bus1=src pu=1.0 mvasc3=20000 mvasc1=20000
new loadshape.d npts=24 interval=1 mult=({day})
new loadshape.y npts=48 interval=1 mult=({year})
new loadshape.pq npts=4 interval=1 mult=(1 2 3 4) qmult=(3 1 2 5)
new loadshape.act npts=4 interval=1 mult=(11 12 13 14) useactual=yes
new loadshape.actq npts=4 interval=1 mult=(11 12 13 14) qmult=(1 2 3 4) useactual=yes
new loadshape.half npts=48 minterval=30 mult=({year})
new loadshape.three npts=4 interval=3 mult=(1 2 3 4)
new loadshape.sun npts=4 interval=1 mult=(1 0.5 0.1 0)
{elements}
new pvsystem.pd bus1=src kv=12.47 kva=500 pmpp=600 irradiance=0.8 daily=sun
new pvsystem.py bus1=src kv=12.47 kva=500 pmpp=600 irradiance=0.8 yearly=sun pf=0.9
new pvsystem.cut bus1=src kv=12.47 kva=500 pmpp=600 irradiance=0.8 yearly=sun %cutin=60 %cutout=8
set voltagebases=[12.47]
calcv
"""
FOLLOWS = {
    "dailyonly": "daily=d", "yearlyonly": "yearly=y", "both": "daily=d yearly=y", "none": "",
    "pq": "yearly=pq", "act": "yearly=act", "actq": "yearly=actq", "half": "yearly=half",
    "three": "yearly=three", "fixed": "yearly=y status=fixed",
}  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "step_min", "steps", "hour"),
    [
        ("yearly", 60, 60, 0), ("daily", 60, 60, 0), ("yearly", 30, 60, 5),
        ("daily", 15, 200, 0), ("yearly", 10, 100, 23), ("yearly", 20, 100, 8758),
    ],
)  # fmt: skip
def test_elements_follow_their_shapes_as_in_opendss(
    tmp_path: Path, mode: str, step_min: int, steps: int, hour: int
) -> None:
    place = "bus1=src kv=12.47 kw=100 kvar=50 model=1 vminpu=0.1 vmaxpu=2"
    elements = [f"new load.{n} {place} {said}" for n, said in FOLLOWS.items()]
    elements.append(f"new load.exempt {place} yearly=y status=exempt")
    elements += [f"new generator.{n} {place} {said}" for n, said in FOLLOWS.items()]
    text = SHAPES.format(
        day=" ".join(str(k) for k in range(1, 25)),
        year=" ".join(str(k) for k in range(101, 149)),
        elements="\n".join(elements),
    )
    folder = tmp_path / "model"
    folder.mkdir()
    path = folder / "shapes.dss"
    path.write_text(text)
    grid = read_dss(path)
    span = Span(steps, step_min * 60.0, hour=float(hour))
    series = series_of(grid, span, model_profiles(grid, span, mode=mode)[0])
    with compiled(path) as dss:
        dss.Text.Command = f"set mode={mode} stepsize={step_min}m number=1 hour={hour} sec=0"
        dss.Text.Command = "set controlmode=off tolerance=1e-9"
        for snapshot in series:
            dss.ActiveCircuit.Solution.Solve()
            for table, field, sign in (
                ("load", "load", 1), ("generator", "generator", -1), ("pvsystem", "pv", -1),
            ):  # fmt: skip
                for k, name in enumerate(grid.table(grid.find(f"{table}.{_any(grid, table)}")[0])):
                    dss.ActiveCircuit.SetActiveElement(f"{table}.{name}")
                    power = np.array(dss.ActiveCircuit.ActiveCktElement.Powers)
                    wanted = (
                        getattr(snapshot, f"{field}_kw")[k],
                        getattr(snapshot, f"{field}_kvar")[k],
                    )
                    there = sign * power[0::2].sum(), sign * power[1::2].sum()
                    assert there == pytest.approx(wanted, rel=1e-5, abs=1e-4), name


def _any(grid: Grid, table: str) -> str:
    rows = {"load": grid.loads, "generator": grid.generators, "pvsystem": grid.pv_systems}
    return str(rows[table]["name"][0])


def test_every_model_of_load_is_solved_over_a_series() -> None:
    grid = build(11, 9, ALL_MODELS, meshed=True)
    found = solve_series(Network.of(grid), _series(grid, 6))
    assert found.converged.all()
