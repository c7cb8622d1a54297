"""What a solve says where the network is awkward: floating, dead, overloaded, or no network."""

from __future__ import annotations

import numpy as np
import pytest

from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.iteration import iterate, prepare
from gridmend.powerflow.legs import powers
from gridmend.powerflow.network import Network
from gridmend.powerflow.results import losses, summary
from gridmend.powerflow.solve import solve
from tests.powerflow.networks import build


def _delta_delta(ppm: float) -> Grid:
    grid = build(3, 4, ["constant_power"], meshed=False).without("load.low", "transformer.t")
    grid = grid.with_rows(
        "transformers", {"name": "t", "x_pct": (5.0,), "anti_float_ppm": ppm}
    ).with_rows(
        "windings",
        *(
            {
                "name": f"t:{k}",
                "transformer": "t",
                "number": k,
                "bus": bus,
                "connection": "delta",
                "phases": "a b c",
                "kv": kv,
                "kva": 300.0,
                "r_pct": 0.6,
            }
            for k, bus, kv in ((1, "b3", 12.47), (2, "low", 0.48))
        ),
    )
    return grid.with_rows(
        "loads",
        {
            "name": "low",
            "bus": "low",
            "phases": "a b c",
            "connection": "delta",
            "kv": 0.48,
            "p_kw": 90.0,
            "q_kvar": 30.0,
        },
    )


def test_a_floating_delta_is_held_in_the_middle_and_the_result_says_so() -> None:
    flow = solve(_delta_delta(0.0))
    held = solve(_delta_delta(1.0))
    assert flow.converged
    assert [f.what for f in flow.findings] == [
        "1 floating parts have no path to ground and were anchored"
    ]
    assert not held.findings
    np.testing.assert_allclose(flow.v_pu, held.v_pu, atol=1e-4)


def test_an_island_without_a_source_is_dead_and_named_and_the_rest_is_solved() -> None:
    grid = build(5, 6, ["constant_power"], meshed=False)
    cut = grid.without("line.l1")
    flow = solve(cut)
    assert flow.converged
    assert not flow.energised.all()
    assert (flow.v_v[~flow.energised] == 0).all()
    assert any("de-energised" in f.what for f in flow.findings)
    assert flow.power_kva("loads").shape == (len(grid.loads),)


def test_a_grid_without_any_live_source_does_not_converge_and_does_not_raise() -> None:
    grid = build(5, 4, ["constant_power"], meshed=False)
    dark = Snapshot.normal(grid).with_source(grid, "s", is_on=False)
    flow = solve(grid, dark)
    assert not flow.converged
    assert summary(grid, flow)["v_min_pu"] is None


def _two_bus(p_kw: float, low: float) -> Grid:
    grid = Grid("two").with_rows(
        "buses", {"name": "a", "base_kv": 12.47}, {"name": "b", "base_kv": 12.47}
    )
    grid = grid.with_rows(
        "sources",
        {
            "name": "s",
            "bus": "a",
            "base_kv": 12.47,
            "x1_ohm": 1e-4,
            "x0_ohm": 1e-4,
        },
    )
    z = np.eye(3)
    grid = grid.with_rows(
        "lines",
        {
            "name": "l",
            "bus1": "a",
            "phases1": "a b c",
            "bus2": "b",
            "phases2": "a b c",
            "length_m": 1000.0,
            "r_ohm_per_km": 0.0 * z,
            "x_ohm_per_km": (5.0 - 1e-4) * z,
        },
    )
    return grid.with_rows(
        "loads",
        {
            "name": "d",
            "bus": "b",
            "phases": "a b c g",
            "kv": 12.47,
            "p_kw": p_kw,
            "v_min_pu": low,
            "v_low_pu": low / 2,
            "v_max_pu": 1.5,
        },
    )


def test_a_load_near_the_nose_of_its_curve_is_found() -> None:
    most_kw = 12.47**2 / (2 * 5.0) * 1e3
    grid = _two_bus(0.998 * most_kw, 0.1)
    flow = solve(grid)
    assert flow.converged
    ratio = 0.998
    expected = np.sqrt((1 + np.sqrt(1 - ratio**2)) / 2)
    at_b = flow.v_pu[flow.nodes.bus == 1]
    np.testing.assert_allclose(at_b, expected, atol=1e-4)


def test_a_load_beyond_what_the_line_can_carry_is_a_result_that_says_where() -> None:
    most_kw = 12.47**2 / (2 * 5.0) * 1e3
    flow = solve(_two_bus(1.3 * most_kw, 1e-4))
    assert not flow.converged
    assert flow.mismatch_pu > 1e-6
    assert flow.worst_bus == "b"
    assert summary(_two_bus(1.0, 0.5), flow)["converged"] is False


@pytest.mark.parametrize("seed", range(6))
def test_where_it_starts_does_not_matter(seed: int) -> None:
    models = ["constant_power", "constant_current", "exponential", "motor"]
    grid = build(seed, 8, models, meshed=seed % 2 == 0)
    network, snapshot = Network.of(grid), Snapshot.normal(grid)
    state, s_va = prepare(network, snapshot), powers(network.legs, snapshot)
    flat = iterate(state, s_va)
    start = network.nodes.base_v * np.exp(1j * np.angle(flat.v_v)) * 0.9
    again = iterate(state, s_va, start)
    assert flat.converged
    assert again.converged
    assert max(flat.iterations, again.iterations) < 12
    np.testing.assert_allclose(again.v_v, flat.v_v, rtol=1e-7, atol=1e-6)


def test_losses_are_what_sources_give_beyond_the_loads() -> None:
    grid = build(11, 7, ["constant_power"], meshed=True)
    flow = solve(grid)
    answer = summary(grid, flow)
    assert losses(grid, flow).kw > 0
    assert answer["source_kw"] == pytest.approx(answer["load_kw"] + answer["loss_kw"], rel=1e-9)


@pytest.mark.parametrize(
    ("element", "change", "says"),
    [
        ("line.l1", {"bus2": "nowhere"}, "line 'l1' has no bus 'nowhere'"),
        ("line.l1", {"length_m": 0.0}, "'l1' has no length"),
        ("line.l1", {"x_ohm_per_km": ()}, "'l1' has no impedance"),
        ("line.l1", {"phases2": "a b"}, "different numbers of conductors"),
        ("line.l1", {"phases1": "a b", "phases2": "a b"}, "impedance is 3 × 3"),
        ("load.d0", {"kv": 0.0}, "'d0' has no rated voltage"),
        ("source.s", {"r1_ohm": 0.0, "x1_ohm": 0.0}, "'s' has no impedance"),
    ],
)
def test_what_is_no_network_is_refused_by_name(
    element: str, change: dict[str, object], says: str
) -> None:
    grid = build(5, 4, ["constant_power"], meshed=False).with_changed(element, **change)
    with pytest.raises(GridError, match=says):
        solve(grid)


def test_controls_that_are_neither_static_nor_off_are_refused() -> None:
    with pytest.raises(GridError, match="cannot be 'fast'"):
        solve(build(1, 3, ["constant_power"], meshed=False), controls="fast")


def test_a_snapshot_of_another_grid_is_refused() -> None:
    small, large = (build(1, n, ["constant_power"], meshed=False) for n in (3, 6))
    with pytest.raises(GridError, match="the snapshot has 4 loads, the grid has 7"):
        solve(large, Snapshot.normal(small))


def test_a_delta_load_may_be_all_that_joins_two_phases() -> None:
    kv, kw = 12.47, 100.0
    source = {"name": "s", "bus": "a", "base_kv": kv, "v_pu": 1.0}
    stiff = {"r1_ohm": 1e-6, "x1_ohm": 1e-6, "r0_ohm": 1e-6, "x0_ohm": 1e-6}
    ohm = {"r_ohm_per_km": np.array([[2.0]]), "x_ohm_per_km": np.array([[1.0]])}
    lines = (
        {
            "name": f"l{p}",
            "bus1": "a",
            "bus2": "b",
            "phases1": p,
            "phases2": p,
            "length_m": 1e3,
            **ohm,
        }
        for p in "ab"
    )
    grid = Grid("two wires")
    grid = grid.with_rows("buses", *({"name": name, "base_kv": kv} for name in "ab"))
    grid = grid.with_rows("sources", source | stiff).with_rows("lines", *lines)
    load = {"name": "d", "bus": "b", "phases": "a b", "connection": "delta", "kv": kv, "p_kw": kw}
    grid = grid.with_rows("loads", load | {"q_kvar": 0.0, "model": "constant_impedance"})
    flow = Network.of(grid).solve(controls="off")
    assert flow.converged
    # one loop: the voltage between the phases over the load and both wires
    between = kv * 1e3 * np.exp(1j * np.pi / 6)
    ohms = (kv * 1e3) ** 2 / (kw * 1e3)
    wanted = between * ohms / (ohms + 2 * (2.0 + 1.0j))
    nodes = [n for n in range(len(flow.nodes.bus)) if flow.nodes.bus[n] == 1]
    found = {flow.nodes.phase[n]: flow.v_v[n] for n in nodes}
    assert found["a"] - found["b"] == pytest.approx(wanted, rel=1e-6)
