from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import gridmend
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.network import Network
from gridmend.powerflow.shorts import LEAST_OHM, Short, fault_currents
from gridmend.powerflow.standing import Standing, stand
from gridmend.powerflow.update import resolve

KINDS = (
    (("a",), True),
    (("b", "c"), False),
    (("a", "c"), True),
    (("a", "b", "c"), True),
)


def row_of(grid: Grid, line: str) -> dict[str, Any]:
    return {str(k): v for k, v in grid.lines.record(line).items()}


def with_fault(grid: Grid, bus: str, short: Short) -> Grid:
    """The grid with the same fault as elements of the model at a bus."""
    r_ohm, pairs = max(short.r_ohm, LEAST_OHM), [(p, "g") for p in short.phases]
    if not short.to_ground:
        pairs = [(p, q) for p in short.phases for q in short.phases if p < q]
    rows = [
        {"name": f"f{k}", "bus1": bus, "phases1": p, "bus2": bus, "phases2": q, "r_ohm": r_ohm}
        for k, (p, q) in enumerate(pairs)
    ]
    return grid.with_rows("faults", *rows)


def cut(grid: Grid, line: str, share: float) -> Grid:
    """The grid with a line cut in two by a bus at a share of its length; charging at its ends."""
    was = row_of(grid, line)
    parts = [
        {**was, "name": "one", "bus2": "cut", "phases2": was["phases1"]},
        {**was, "name": "two", "bus1": "cut"},
    ]
    base_kv = float(grid.buses["base_kv"][grid.buses.row(was["bus1"])])
    for part, length in zip(parts, (share, 1 - share), strict=True):
        part["length_m"] = was["length_m"] * length
    whole = grid.without(f"line.{line}").with_rows("buses", {"name": "cut", "base_kv": base_kv})
    return whole.with_rows("lines", *parts)


def voltages(network: Network, v_v: Any) -> dict[tuple[str, str], complex]:
    names = network.grid.buses["name"]
    keys = zip(network.nodes.bus.tolist(), network.nodes.phase.tolist(), strict=True)
    return {(str(names[b]), str(p)): complex(v) for (b, p), v in zip(keys, v_v, strict=True)}


def no_charging(grid: Grid) -> Grid:
    """The grid whose lines take no charging current, which a cut would put elsewhere."""
    codes = grid.line_codes
    none = [np.zeros_like(np.asarray(c)) for c in codes["c_nf_per_km"]]
    return grid.with_tables(line_codes=codes.with_column("c_nf_per_km", none))


@pytest.fixture(scope="module")
def grid() -> Grid:
    return no_charging(gridmend.read("ieee123"))


def standing(grid: Grid) -> tuple[Standing, Snapshot]:
    snapshot = Snapshot.normal(grid)
    return stand(Network.of(grid), snapshot), snapshot


@pytest.mark.parametrize(("phases", "to_ground"), KINDS)
@pytest.mark.parametrize("share", (0.0, 0.3, 1.0))
@pytest.mark.parametrize("r_ohm", (0.0, 5.0))
def test_a_short_on_a_line_is_a_fault_at_a_bus_that_cuts_it(
    grid: Grid, phases: tuple[str, ...], to_ground: bool, share: float, r_ohm: float
) -> None:
    short = Short("line.l101", phases, r_ohm, to_ground, share)
    now, snapshot = standing(grid)
    resolve(now, snapshot)
    found = resolve(now, snapshot, shorts=(short,))
    was = row_of(grid, "l101")
    ends = {0.0: str(was["bus1"]), 1.0: str(was["bus2"])}
    bus = ends.get(share, "cut")
    faulted = with_fault(grid if share in ends else cut(grid, "l101", share), bus, short)
    peer = Network.of(faulted)
    alone = peer.solve(Snapshot.normal(faulted), controls="off")
    assert found.converged and alone.converged
    theirs = voltages(peer, alone.v_v)
    network = now.state.network
    base = dict(zip(voltages(network, found.v_v), network.nodes.base_v, strict=True))
    for node, v in voltages(network, found.v_v).items():
        assert abs(v - theirs[node]) < 1e-6 * base[node]
    into = fault_currents(network, short, found.v_v)
    r = max(r_ohm, LEAST_OHM)
    at = np.array([theirs[bus, p] for p in phases])
    expected = at / r if to_ground else np.array([at[0] - at[1], at[1] - at[0]]) / r
    np.testing.assert_allclose(into, expected, rtol=2e-5, atol=1e-3)


def test_a_short_that_goes_leaves_the_network_as_it_was(grid: Grid) -> None:
    now, snapshot = standing(grid)
    before = resolve(now, snapshot)
    for phases, to_ground in KINDS:
        resolve(now, snapshot, shorts=(Short("L52", phases, 0.0, to_ground, 0.5),))
        after = resolve(now, snapshot)
        base = now.state.network.nodes.base_v
        assert np.max(np.abs(after.v_v - before.v_v) / base) < 1e-8


def test_two_shorts_on_one_line_are_two_faults(grid: Grid) -> None:
    one = Short("line.l101", ("a",), 1.0, share=0.25)
    two = Short("line.l101", ("b",), 2.0, share=0.5)
    now, snapshot = standing(grid)
    found = resolve(now, snapshot, shorts=(one, two))
    faulted = with_fault(cut(grid, "l101", 0.5), "cut", two)
    peer = stand(Network.of(faulted), Snapshot.normal(faulted))
    other = resolve(
        peer, Snapshot.normal(faulted), shorts=(replace(one, element="line.one", share=0.5),)
    )
    theirs = voltages(peer.state.network, other.v_v)
    for node, v in voltages(now.state.network, found.v_v).items():
        assert abs(v - theirs[node]) < 1e-2


def test_a_transformer_is_shorted_at_its_first_bus(grid: Grid) -> None:
    row = grid.transformers.row("reg2a")
    winding = grid.windings.row("reg2a:1")
    bus, phases = str(grid.windings["bus"][winding]), str(grid.windings["phases"][winding]).split()
    assert row >= 0
    short = Short("transformer.reg2a", (phases[0],), 2.0)
    now, snapshot = standing(grid)
    found = resolve(now, snapshot, shorts=(short,))
    tapped = snapshot.tap_pu.copy()
    tapped[grid.windings.row("reg2a:2")] += 0.025
    found = resolve(now, snapshot.with_taps(tapped), shorts=(short,))
    faulted = with_fault(grid, bus, short)
    alone = Network.of(faulted).solve(Snapshot.normal(faulted).with_taps(tapped), controls="off")
    base = now.state.network.nodes.base_v
    assert np.max(np.abs(found.v_v - alone.v_v) / base) < 1e-7


def test_a_short_behind_an_open_switch_takes_nothing(grid: Grid) -> None:
    now, snapshot = standing(grid)
    behind = snapshot.with_switch(grid, "Sw2", is_open=True)
    before = resolve(now, behind)
    name = next(
        str(n)
        for n, bus in zip(grid.lines["name"], grid.lines["bus1"], strict=True)
        if bus == grid.switches["bus2"][grid.switches.row("Sw2")]
    )
    phase = str(grid.lines["phases1"][grid.lines.row(name)]).split()[0]
    short = Short(f"line.{name}", (phase,))
    after = resolve(now, behind, shorts=(short,))
    base = now.state.network.nodes.base_v
    assert np.max(np.abs(after.v_v - before.v_v) / base) < 1e-8
    assert np.all(fault_currents(now.state.network, short, after.v_v) == 0)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"r_ohm": -1.0}, "no resistance"),
        ({"r_ohm": float("nan")}, "no resistance"),
        ({"share": 1.5}, "no place"),
        ({"phases": ()}, "no current"),
        ({"phases": ("a", "a")}, "no current"),
        ({"phases": ("a",), "to_ground": False}, "no current"),
    ],
)
def test_what_is_no_short_circuit_is_refused(values: dict[str, Any], what: str) -> None:
    with pytest.raises(GridError, match=what):
        Short(**{"element": "line.l101", "phases": ("a",), **values})


def test_an_element_that_is_not_there_or_has_no_such_phase_is_refused(grid: Grid) -> None:
    now, snapshot = standing(grid)
    for element, phases, what in (
        ("line.l999", ("a",), "l999"),
        ("load.s1a", ("a",), "cannot be shorted"),
        ("line.l1", ("a",), "has no phase a"),
    ):
        with pytest.raises(GridError, match=what):
            resolve(now, snapshot, shorts=(Short(element, phases),))
    assert resolve(now, snapshot).converged
