"""What a map colours, against a slow reading of the same flow, element by element."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.formats.read import read
from gridmend.model.errors import GridmendError
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.situation import Ground, Situation, Tag
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.powerflow.network import Network
from gridmend.powerflow.results import element_rows, node_rows
from gridmend.runtime.live import Flag, Mode, States
from gridmend.runtime.live.coding import Coder
from gridmend.runtime.live.geometry import Geometry
from gridmend.runtime.live.modes import HIGHEST, UNKNOWN
from gridmend.runtime.live.placing import Places, geometry_of

ENDS = ("bus1", "bus2")


@cache
def made(name: str) -> tuple[Grid, Network, Coder]:
    grid = read(name)
    places, network = Places.of(Topology.of(grid)), Network.of(grid)
    return grid, network, Coder.of(geometry_of(places), places, network)


def states(name: str, snapshot: Snapshot, **known: object) -> tuple[States, Flow]:
    grid, network, coder = made(name)
    situation = Situation.of(grid, snapshot)
    for key, value in known.items():
        object.__setattr__(situation, key, value)
    flow = network.solve(snapshot, controls="off")
    live = coder.places.topology.energised(snapshot)
    return States(coder, situation, flow, live, np.zeros(len(grid.switches), bool)), flow


def opened(grid: Grid, rows: set[int]) -> Snapshot:
    snapshot = Snapshot.normal(grid)
    for row in sorted(rows):
        name = str(grid.switches["name"][row])
        snapshot = snapshot.with_switch(grid, name, is_open=not snapshot.is_open(grid, name))
    return snapshot


some_switches = st.sets(st.integers(0, 10), max_size=4)


@settings(max_examples=25, deadline=None)
@given(some_switches)
def test_loading_is_that_of_the_most_loaded_conductor(rows: set[int]) -> None:
    grid, _, coder = made("ieee123")
    found, flow = states("ieee123", opened(grid, rows))
    value, _ = found.frame(Mode.LOADING)
    most: dict[str, float] = {}
    for element, _, _, _, _, _, _, pct in element_rows(grid, flow):
        if np.isfinite(pct):
            key = grid.key(element)
            most[key] = max(most.get(key, 0.0), pct)
    for k, name in enumerate(coder.geometry.names):
        if not flow.converged or name not in most:
            assert value[k] == UNKNOWN
        else:
            assert abs(0.8 * value[k] - min(most[name], 200.0)) <= 0.4 + 1e-9, name


@settings(max_examples=25, deadline=None)
@given(some_switches)
def test_voltage_is_that_furthest_from_nominal_at_either_end(rows: set[int]) -> None:
    grid, _, coder = made("ieee123")
    found, flow = states("ieee123", opened(grid, rows))
    value, _ = found.frame(Mode.VOLTAGE)
    g = coder.geometry
    w = coder.places.topology.wiring
    pairs = zip(w.node_bus.tolist(), w.node_phase.tolist(), found.live.tolist(), strict=True)
    fed = {(bus, phase) for bus, phase, live in pairs if live}
    at: dict[tuple[str, str], float] = {}
    for bus, phase, v_pu, _, _ in node_rows(grid, flow):
        if (grid.buses.row(bus), phase) in fed:
            at[bus.lower(), phase] = v_pu
    for k in np.flatnonzero(np.isin(g.table, ("lines", "switches"))).tolist():
        row = grid.table(str(g.table[k])).record(str(grid.table(str(g.table[k]))["name"][g.row[k]]))
        ends = [(str(row[e]).lower(), str(row[f"phases{e[-1]}"]).split()) for e in ENDS]
        seen = [at[bus, p] for bus, phases in ends for p in phases if (bus, p) in at]
        if not seen:
            assert value[k] == UNKNOWN
            continue
        worst = max(seen, key=lambda v: abs(v - 1))
        coded = min(max((worst - 0.80) / 0.0016, 0), HIGHEST)
        assert (
            abs(float(value[k]) - coded) <= 0.5 + 1e-6
            or abs(abs(0.80 + 0.0016 * float(value[k]) - 1) - abs(worst - 1)) < 0.001
        )


@settings(max_examples=25, deadline=None)
@given(some_switches)
def test_what_is_shown_live_has_voltage_and_what_is_dead_has_none_or_induced(
    rows: set[int],
) -> None:
    grid, _, coder = made("ieee123")
    # Sw8 has one phase: what it alone feeds has the others fed back through windings, at 0.1 pu.
    found, flow = states("ieee123", opened(grid, rows - {grid.switches.row("Sw8")}))
    value, flags = found.frame(Mode.ENERGISED)
    phases, _ = found.frame(Mode.PHASE)
    most_pu: dict[tuple[str, int], float] = {}
    at = flow.terminals
    for k in np.flatnonzero((at.node >= 0) & ~np.isin(at.phase, ("n", "g"))).tolist():
        place = str(at.table[k]), int(at.row[k])
        most_pu[place] = max(most_pu.get(place, 0.0), float(flow.v_pu[at.node[k]]))
    g = coder.geometry
    for k, place in enumerate(zip(g.table.tolist(), g.row.tolist(), strict=True)):
        if flow.converged and place in most_pu:
            assert (most_pu[place] > 0.5) == bool(value[k]), g.names[k]
        assert bool(phases[k]) == bool(value[k])
        assert bool(flags[k] & Flag.DEAD) == (value[k] == 0)
        assert bool(flags[k] & Flag.PARTLY) == (value[k] == 2)
        if value[k] == 1 and g.table[k] == "lines":
            assert phases[k] == g.phases[k]


def test_one_open_phase_is_partly_dead() -> None:
    grid, _, coder = made("ieee123")
    bits = Snapshot.normal(grid).open_phases.copy()
    bits[grid.switches.row("sw3")] = 1
    found, _ = states("ieee123", Snapshot.normal(grid).with_open_phases(bits))
    value, flags = found.frame(Mode.ENERGISED)
    behind = [k for k in range(len(value)) if value[k] == 2]
    assert behind
    at = coder.geometry.index["sw3"]
    assert flags[at] & Flag.OPEN
    assert flags[at] & Flag.NOT_NORMAL
    assert all(flags[k] & Flag.PARTLY for k in behind)


def test_tags_earths_faults_and_doubt_are_marked_where_they_are() -> None:
    grid, _, coder = made("ieee123")
    known = np.ones(len(grid.switches), bool)
    known[grid.switches.row("sw2")] = False
    found, _ = states(
        "ieee123", Snapshot.normal(grid), position_known=known,
        tags={"t1": Tag("t1", "sw4", "hold", "anna")}, faults=frozenset({"line.L52"}),
        grounds={"g1": Ground("g1", "60", "anna")},
    )  # fmt: skip
    _, flags = found.frame(Mode.VOLTAGE)
    index = coder.geometry.index

    def marked(flag: Flag) -> set[str]:
        return {coder.geometry.names[k] for k in np.flatnonzero(flags & flag).tolist()}

    assert marked(Flag.TAGGED) == {"sw4"}
    assert marked(Flag.FAULT) == {"line.l52"}
    assert marked(Flag.UNSURE) == {"sw2"}
    bus = grid.buses.row("60")
    g = coder.geometry
    at_bus = {g.names[k] for k in range(len(g)) if bus in (int(g.bus1[k]), int(g.bus2[k]))}
    assert marked(Flag.GROUNDED) == at_bus
    assert flags[index["sw7"]] & Flag.OPEN
    assert not flags[index["sw7"]] & Flag.NOT_NORMAL


def test_a_flow_that_did_not_converge_shows_no_figure() -> None:
    grid, _, _ = made("ieee123")
    found, flow = states("ieee123", Snapshot.normal(grid))
    object.__setattr__(flow, "converged", False)
    for mode in (Mode.VOLTAGE, Mode.LOADING):
        value, _ = States(found.coder, found.situation, flow, found.live, found.stale).frame(mode)
        assert (value == UNKNOWN).all()


def test_who_feeds_an_element_follows_the_switches() -> None:
    grid, _, coder = made("ieee8500x3")
    snapshot = Snapshot.normal(grid)
    normal, _ = states("ieee8500x3", snapshot)
    value, _ = normal.frame(Mode.FEEDER)
    g = coder.geometry
    known = g.feeder != UNKNOWN
    assert (value[known] == g.feeder[known]).mean() > 0.999
    head = grid.find(str(grid.feeders["head"][0]))[1]
    opened_head = snapshot.with_switch(grid, str(grid.switches["name"][head]), is_open=True)
    dark, _ = states("ieee8500x3", opened_head)
    after, _ = dark.frame(Mode.FEEDER)
    assert (after[g.feeder == 0] == UNKNOWN).mean() > 0.99
    assert (after[g.feeder == 1] == 1).all()


def test_a_mode_that_is_not_there_is_refused() -> None:
    grid, _, _ = made("ieee123")
    found, _ = states("ieee123", Snapshot.normal(grid))
    with pytest.raises(GridmendError, match="no mode 9"):
        found.frame(9)


@pytest.mark.parametrize("name", ["ieee13", "ieee123", "ieee8500"])
def test_every_element_is_named_as_the_grid_names_it(name: str) -> None:
    grid = read(name)
    geometry = geometry_of(Places.of(Topology.of(grid)))
    assert all(grid.key(key) == key for key in geometry.names)
    for table in ("lines", "switches", "sources"):
        shown = {int(r) for r in geometry.row[geometry.table == table]}
        one = "bus" if table == "sources" else "bus1"
        two = "bus" if table == "sources" else "bus2"
        rows = grid.table(table)
        apart = [a.lower() != b.lower() or table == "sources"
                 for a, b in zip(rows[one], rows[two], strict=True)]  # fmt: skip
        assert shown == set(np.flatnonzero(apart).tolist())
    same = geometry.bus1 == geometry.bus2
    assert (geometry.xy[same, :2] == geometry.xy[same, 2:]).all()
    assert np.isfinite(geometry.xy).all()
    assert 1 <= geometry.revision <= 65535


def test_the_revision_is_of_the_grid() -> None:
    grid = read("ieee13")

    def of(one: Grid) -> Geometry:
        return geometry_of(Places.of(Topology.of(one)))

    changed = grid.with_changed(f"line.{grid.lines['name'][0]}", length_m=1.0)
    less = grid.without(f"line.{grid.lines['name'][0]}")
    assert of(grid).revision == of(read("ieee13")).revision == of(changed).revision
    assert of(grid).revision != of(less).revision


def test_a_secondary_has_the_phase_of_its_primary() -> None:
    grid = read("ieee8500")
    g = geometry_of(Places.of(Topology.of(grid)))
    at_primary = {"a": 1, "b": 2, "c": 4}
    windings, checked = grid.windings, 0
    for name, phases, number in zip(
        windings["transformer"], windings["phases"], windings["number"], strict=True
    ):
        word = phases.split()[0]
        k = g.index.get(f"transformer.{name}".lower())
        if number == 1 and k is not None and word in at_primary and len(phases.split()) == 2:
            assert g.phases[k] == at_primary[word]
            checked += 1
    assert checked > 1000
    assert (g.phases[g.table == "lines"] > 0).all()
