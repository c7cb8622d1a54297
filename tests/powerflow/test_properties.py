"""What holds for every network, whatever it looks like."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.solve import solve
from tests.powerflow.networks import PHASES, feeders

LIMITED = settings(max_examples=25, deadline=None)


def voltages(grid: Grid, flow: Flow) -> dict[tuple[str, str], complex]:
    names = grid.buses["name"]
    return {
        (str(names[b]), str(p)): complex(v)
        for b, p, v in zip(flow.nodes.bus, flow.nodes.phase, flow.v_v, strict=True)
    }


@LIMITED
@given(feeders())
def test_what_sources_give_is_what_the_network_and_its_loads_take(grid: Grid) -> None:
    flow = solve(grid)
    assert flow.converged
    assert abs(np.sum(flow.s_kva)) < 1e-8 * max(abs(np.sum(flow.power_kva("sources"))), 1.0)


@LIMITED
@given(feeders())
def test_currents_at_every_node_add_up_to_nothing(grid: Grid) -> None:
    flow = solve(grid)
    node = flow.terminals.node
    total = np.zeros(len(flow.v_v), complex)
    np.add.at(total, node[node >= 0], flow.i_a[node >= 0])
    assert np.abs(total).max() < 1e-6 * np.abs(flow.i_a).max()


_TURN = {"a": "b", "b": "c", "c": "a", "g": "g"}


def _turned(phases: str) -> str:
    return " ".join(_TURN[p] for p in phases.split())


@LIMITED
@given(feeders())
def test_turning_the_phases_turns_the_voltages_and_changes_nothing_else(grid: Grid) -> None:
    turned = grid
    for table, columns in (
        ("lines", ("phases1", "phases2")),
        ("loads", ("phases",)),
        ("windings", ("phases",)),
        ("capacitors", ("phases1", "phases2")),
        ("sources", ("phases",)),
    ):
        rows = turned.table(table)
        for column in columns:
            rows = rows.with_column(column, [_turned(p) for p in rows[column]])
        turned = turned.with_tables(**{table: rows})
    before, after = voltages(grid, solve(grid)), voltages(turned, solve(turned))
    for (bus, phase), v in before.items():
        assert abs(v - after[bus, _TURN[phase]]) < 1e-7 * abs(v)


@LIMITED
@given(feeders())
def test_names_and_the_order_of_rows_change_nothing(grid: Grid) -> None:
    order = np.arange(len(grid.lines))[::-1].copy()
    renamed = grid.with_tables(
        lines=grid.lines.only(order).with_column("name", [f"x{i}" for i in order]),
        loads=grid.loads.only(np.arange(len(grid.loads))[::-1].copy()),
    )
    before, after = voltages(grid, solve(grid)), voltages(renamed, solve(renamed))
    for key, v in before.items():
        assert abs(v - after[key]) < 1e-8 * abs(v)


@LIMITED
@given(feeders(models=("constant_impedance",)), st.floats(0.2, 3.0))
def test_a_network_of_impedances_scales_with_its_source(grid: Grid, by: float) -> None:
    scaled = grid.with_changed("source.s", v_pu=1.02 * by)
    before, after = solve(grid), solve(scaled)
    np.testing.assert_allclose(after.v_v, by * before.v_v, rtol=1e-8)


@LIMITED
@given(feeders(models=("constant_impedance",)))
def test_two_sources_on_impedances_superpose(grid: Grid) -> None:
    second = {
        "name": "s2",
        "bus": "b2",
        "base_kv": 12.47,
        "v_pu": 0.7,
        "angle_deg": 25.0,
        "r1_ohm": 0.4,
        "x1_ohm": 2.0,
        "r0_ohm": 0.5,
        "x0_ohm": 3.0,
    }
    both = grid.with_rows("sources", second)
    first_only = both.with_changed("source.s2", v_pu=0.0)
    second_only = both.with_changed("source.s", v_pu=0.0)
    total = solve(first_only).v_v + solve(second_only).v_v
    np.testing.assert_allclose(solve(both).v_v, total, rtol=1e-7, atol=1e-7)


@LIMITED
@given(feeders())
def test_an_open_switch_equals_its_absence(grid: Grid) -> None:
    switch = {
        "name": "tie",
        "bus1": "b0",
        "phases1": PHASES,
        "bus2": "b2",
        "phases2": PHASES,
        "normally_open": True,
    }
    tied = grid.with_rows("switches", switch)
    before, after = voltages(grid, solve(grid)), voltages(tied, solve(tied))
    for key, v in before.items():
        assert abs(v - after[key]) < 1e-9 * abs(v)


@LIMITED
@given(feeders())
def test_one_open_conductor_carries_nothing_and_the_others_carry_on(grid: Grid) -> None:
    switch = {
        "name": "sw",
        "bus1": "b1",
        "phases1": PHASES,
        "bus2": "end",
        "phases2": PHASES,
    }
    load = {
        "name": "end",
        "bus": "end",
        "phases": "a b c g",
        "kv": 12.47,
        "p_kw": 60.0,
        "model": "constant_power",
        "v_min_pu": 0.7,
        "v_max_pu": 1.3,
    }
    grid = grid.with_rows("buses", {"name": "end", "base_kv": 12.47})
    grid = grid.with_rows("switches", switch).with_rows("loads", load)
    normal = Snapshot.normal(grid)
    flow = solve(grid, replace(normal, open_phases=np.array([0b010], np.uint8)))
    i = np.abs(flow.i_a[flow.terminals.table == "switches"])
    assert flow.converged
    assert i[1] == i[4] == 0
    assert min(i[0], i[2]) > 1
    found = voltages(grid, flow)
    assert found["end", "b"] == 0


@LIMITED
@given(feeders(), st.floats(0.0, 2.0))
def test_compiling_once_serves_every_demand(grid: Grid, by: float) -> None:
    from gridmend.powerflow.network import Network

    snapshot = Snapshot.normal(grid)
    scaled = snapshot.with_demand(by * snapshot.load_kw, by * snapshot.load_kvar)
    again = grid.with_tables(
        loads=grid.loads.with_column("p_kw", by * snapshot.load_kw).with_column(
            "q_kvar", by * snapshot.load_kvar
        )
    )
    once = Network.of(grid).solve(scaled)
    np.testing.assert_allclose(once.v_v, solve(again).v_v, rtol=1e-9, atol=1e-9)
