"""Tracing, islands, loops and sections against a plain search."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.formats.read import read
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.schema import BUSES, LINES, SOURCES, SWITCHES
from gridmend.model.schema_resources import FEEDERS, LOADS
from gridmend.model.sections import feeders, loops, sections
from gridmend.model.snapshot import Snapshot
from gridmend.model.table import Table
from gridmend.model.topology import Topology
from tests.interlock.networks import network

SOURCE = {"base_kv": 4.16, "x1_ohm": 1.0, "x0_ohm": 1.0}
PHASES = ("a", "b", "c", "a b", "b c", "a b c")


@st.composite
def grids(draw: st.DrawFn) -> tuple[Grid, Snapshot]:
    """Small meshed grids of lines and switches, with any conductors open."""
    size = draw(st.integers(2, 9))
    bus = st.integers(0, size - 1)
    ends = st.tuples(bus, bus, st.sampled_from(PHASES)).filter(lambda e: e[0] != e[1])
    lines = draw(st.lists(ends, max_size=12))
    switches = draw(st.lists(ends, max_size=8))
    fed = draw(st.lists(bus, min_size=1, max_size=3, unique=True))
    grid = Grid(
        "random",
        buses=Table.of(BUSES, {"name": [f"b{k}" for k in range(size)]}),
        sources=Table.from_rows(
            SOURCES,
            [dict(SOURCE, name=f"s{k}", bus=f"B{k}") for k in fed],
        ),
        lines=Table.from_rows(LINES, [_ends(f"l{k}", *e) for k, e in enumerate(lines)]),
        switches=Table.from_rows(SWITCHES, [_ends(f"w{k}", *e) for k, e in enumerate(switches)]),
    )  # fmt: skip
    masks = draw(st.lists(st.integers(0, 7), min_size=len(switches), max_size=len(switches)))
    on = draw(st.lists(st.booleans(), min_size=len(fed), max_size=len(fed)))
    normal = Snapshot.normal(grid)
    fields = {
        **normal.__dict__,
        "open_phases": np.array(masks, np.uint8),
        "source_on": np.array(on),
    }
    return grid, Snapshot(**fields)


def _ends(name: str, one: int, two: int, phases: str) -> dict[str, object]:
    row = {"name": name, "bus1": f"b{one}", "phases1": phases, "bus2": f"b{two}", "phases2": phases}
    return row if name.startswith("w") else {**row, "length_m": 1.0}


def _conductors(grid: Grid, snapshot: Snapshot) -> list[tuple[str, str, tuple[str, str]]]:
    """Every closed conductor: its element and the (bus, phase) at both ends."""
    found = []
    for table in ("lines", "switches"):
        rows = grid.table(table)
        for at, name in enumerate(rows):
            for k, phase in enumerate(rows["phases1"][at].split()):
                if table == "switches" and snapshot.open_phases[at] >> k & 1:
                    continue
                one, two = rows["bus1"][at], rows["bus2"][at]
                found.append((name, (one, phase), (two, phase)))
    return found


def _reached(grid: Grid, snapshot: Snapshot, without: str = "") -> set[tuple[str, str]]:
    """The plainest search: go round until nothing is added."""
    live = {
        (grid.sources["bus"][k].lower(), phase)
        for k in np.flatnonzero(snapshot.source_on)
        for phase in "abc"
    }
    edges = [(a, b) for name, a, b in _conductors(grid, snapshot) if name != without]
    while True:
        more = {x for a, b in edges for x in (a, b) if a in live or b in live} - live
        if not more:
            return live
        live |= more


def _named(topology: Topology, nodes: np.ndarray) -> set[tuple[str, str]]:
    w = topology.wiring
    names = topology.grid.buses["name"]
    return {(names[w.node_bus[k]], w.node_phase[k]) for k in np.flatnonzero(nodes)}


@given(grids())
@settings(max_examples=200, deadline=None)
def test_what_is_energised_is_what_a_plain_search_reaches(case: tuple[Grid, Snapshot]) -> None:
    grid, snapshot = case
    topology = Topology.of(grid)
    expected = _reached(grid, snapshot)
    energised = topology.energised(snapshot)
    assert _named(topology, energised) == expected
    assert _named(topology, topology.fed_by(snapshot) >= 0) == expected
    buses = {grid.buses["name"][k] for k in np.flatnonzero(topology.energised_buses(snapshot))}
    assert buses == {bus for bus, _ in expected}


@given(grids(), st.integers(0, 99))
@settings(max_examples=200, deadline=None)
def test_what_no_switch_cuts_is_walked_as_one_to_the_same_end(
    case: tuple[Grid, Snapshot], at: int
) -> None:
    grid, snapshot = case
    topology, bits = Topology.of(grid), snapshot.open_phases
    usable, nodes = topology.conducting(bits), len(topology.wiring.node_bus)
    begin = np.array([at % nodes]) if nodes else np.empty(0, np.int64)
    assert (topology.reached_at(bits, begin) == topology.reached(usable, begin)).all()
    at_once, whole = topology.parts_at(bits), topology.parts(usable)
    same, expected = (x[:, None] == x[None, :] for x in (at_once, whole))
    assert (same == expected).all()
    reached, rows = topology.from_sources(usable, snapshot.source_on)
    fed_by = np.append(rows, -1)[reached.tree]
    np.testing.assert_array_equal(topology.fed_by(snapshot), fed_by)
    for found, plain in zip(topology.pieces_at(bits), topology.pieces(usable), strict=True):
        np.testing.assert_array_equal(found, plain)


@given(grids())
@settings(max_examples=100, deadline=None)
def test_what_lies_below_an_element_is_what_loses_supply_without_it(
    case: tuple[Grid, Snapshot],
) -> None:
    grid, snapshot = case
    topology = Topology.of(grid)
    for name in (*grid.lines, *grid.switches):
        lost, _ = topology.down(snapshot, name)
        expected = _reached(grid, snapshot) - _reached(grid, snapshot, without=name)
        assert _named(topology, lost) == expected


@given(grids())
@settings(max_examples=100, deadline=None)
def test_the_way_up_ends_at_a_source_and_every_branch_on_it_is_live(
    case: tuple[Grid, Snapshot],
) -> None:
    grid, snapshot = case
    topology = Topology.of(grid)
    live = topology.energised(snapshot)
    sources = {
        grid.buses.row(b)
        for b, on in zip(grid.sources["bus"], snapshot.source_on, strict=True)
        if on
    }
    for bus in grid.buses:
        nodes = topology.nodes_of(f"bus.{bus}")
        path = topology.up(snapshot, f"bus.{bus}")
        if not live[nodes].any() or grid.buses.row(bus) in sources:
            continue
        assert len(path)
        ends = {n for b in path for n in topology.nodes_of(topology.branch_names[b])}
        assert live[list(ends)].any()
        assert {topology.wiring.node_bus[n] for n in ends} & sources


@given(grids())
@settings(max_examples=100, deadline=None)
def test_islands_are_the_pieces_that_closed_elements_make(case: tuple[Grid, Snapshot]) -> None:
    grid, snapshot = case
    topology = Topology.of(grid)
    of_bus, sources = topology.islands(snapshot)
    joined = {frozenset((a[0], b[0])) for _, a, b in _conductors(grid, snapshot)}
    for one, two in combinations(range(len(grid.buses)), 2):
        pair = frozenset((grid.buses["name"][one], grid.buses["name"][two]))
        if pair in joined:
            assert of_bus[one] == of_bus[two]
    groups = {k: {k} for k in range(len(grid.buses)) if of_bus[k] >= 0}
    for pair in joined:
        a, b = (grid.buses.row(x) for x in pair)
        union = groups[a] | groups[b]
        for k in union:
            groups[k] = union
    assert len({frozenset(g) for g in groups.values()}) == len(sources)
    assert sources.sum() == snapshot.source_on.sum()


@given(grids())
@settings(max_examples=100, deadline=None)
def test_loops_are_counted_and_found_conductor_by_conductor(case: tuple[Grid, Snapshot]) -> None:
    grid, snapshot = case
    topology = Topology.of(grid)
    edges = _conductors(grid, snapshot)

    def pieces(kept: list[tuple[str, tuple[str, str], tuple[str, str]]]) -> int:
        label = {x: x for _, a, b in edges for x in (a, b)}
        for _, a, b in kept:
            old, new = label[b], label[a]
            label = {x: new if y == old else y for x, y in label.items()}
        return len(set(label.values()))

    found = loops(topology, snapshot)
    nodes = len({x for _, a, b in edges for x in (a, b)})
    assert found.conductor_count == len(edges) - nodes + pieces(edges)
    whole = pieces(edges)
    on_loop = {
        edge[0] for k, edge in enumerate(edges) if pieces(edges[:k] + edges[k + 1 :]) == whole
    }
    assert {topology.branch_names[k].partition(".")[2] for k in found.branches} == on_loop


@given(grids())
@settings(max_examples=100, deadline=None)
def test_sections_are_the_islands_of_a_grid_with_every_switch_open(
    case: tuple[Grid, Snapshot],
) -> None:
    grid, snapshot = case
    topology = Topology.of(grid)
    all_open = Snapshot(
        **{**snapshot.__dict__, "open_phases": np.full(len(grid.switches), 7, np.uint8)}
    )
    of_bus, counts = topology.islands(all_open)
    found = sections(topology)
    assert found.count == len(counts)
    assert (found.of_bus == of_bus).all()
    for row in range(len(grid.switches)):
        ends = [grid.buses.row(grid.switches[c][row]) for c in ("bus1", "bus2")]
        assert found.ends[row].tolist() == of_bus[ends].tolist()


def _string(size: int, *, switch_each: int = 10) -> Grid:
    """Lines in a row with a switch after each few, and a load at every bus."""
    buses = [f"b{k}" for k in range(size + 1)]
    is_switch = [k % switch_each == 0 for k in range(size)]
    lines = [k for k in range(size) if not is_switch[k]]
    switches = [k for k in range(size) if is_switch[k]]

    def ends(rows: list[int]) -> dict[str, list[str]]:
        return {
            "bus1": [f"b{k}" for k in rows], "phases1": ["a b c"] * len(rows),
            "bus2": [f"b{k + 1}" for k in rows], "phases2": ["a b c"] * len(rows),
        }  # fmt: skip

    return Grid(
        "string",
        buses=Table.of(BUSES, {"name": buses}),
        sources=Table.from_rows(
            SOURCES, [{"name": "s", "bus": "b0", "base_kv": 4.16, "x1_ohm": 1.0, "x0_ohm": 1.0}]
        ),
        lines=Table.of(
            LINES,
            {"name": [f"l{k}" for k in lines], "length_m": [1.0] * len(lines), **ends(lines)},
        ),
        switches=Table.of(SWITCHES, {"name": [f"w{k}" for k in switches], **ends(switches)}),
        loads=Table.of(
            LOADS,
            {"name": [f"d{k}" for k in range(size)], "bus": buses[1:], "phases": ["a g"] * size,
             "kv": [2.4] * size, "p_kw": [1.0] * size},
        ),
    )  # fmt: skip


def test_a_bus_may_be_energised_on_one_phase_only() -> None:
    grid = _string(4, switch_each=2)
    topology = Topology.of(grid)
    masks = np.array([0, 0b110], np.uint8)
    snapshot = Snapshot(**{**Snapshot.normal(grid).__dict__, "open_phases": masks})
    live = topology.energised(snapshot)
    assert live[topology.nodes_of("bus.b2")].tolist() == [True, True, True]
    assert live[topology.nodes_of("bus.b4")].tolist() == [True, False, False]
    assert topology.supplied(live).all()
    lost, branches = topology.down(snapshot, "w2")
    assert lost.sum() == 2
    assert [topology.branch_names[k] for k in branches] == ["line.l3"]


def test_the_head_of_a_feeder_is_what_the_grid_says_or_the_first_switch() -> None:
    grid = _string(30)
    found = feeders(Topology.of(grid), Snapshot.normal(grid))
    assert found.heads == ("switch.w0",)
    assert found.of_bus.tolist() == [-1] + [0] * 30
    two = grid.with_rows("feeders", {"name": "near", "head": "w0"}, {"name": "far", "head": "w20"})
    assert isinstance(two.feeders, Table)
    assert two.feeders.schema is FEEDERS
    found = feeders(Topology.of(two), Snapshot.normal(two))
    assert found.heads == ("switch.w0", "switch.w20")
    assert found.of_bus.tolist() == [-1] + [0] * 20 + [1] * 10


def test_each_bus_is_fed_by_the_nearest_source_that_reaches_it() -> None:
    grid = network(
        switches={"S1": ("a", "b"), "S2": ("b", "c"), "S3": ("c", "d"), "S4": ("d", "e")},
        sources={"west": "a", "east": "e", "spare": "f"},
        lines=[("f", "g")],
        normally_open=["S3"],
    )
    topology = Topology.of(grid)
    fed = topology.fed_by(Snapshot.normal(grid))
    buses = grid.buses["name"][topology.wiring.node_bus]
    found = {bus: {int(s) for s in fed[buses == bus]} for bus in buses}
    assert found == {"a": {0}, "b": {0}, "c": {0}, "d": {1}, "e": {1}, "f": {2}, "g": {2}}


def test_a_grid_without_switches_is_fed_by_its_source() -> None:
    grid = _string(5).without("w0").with_rows("lines", _ends("l0", 0, 1, "a b c"))
    found = feeders(Topology.of(grid), Snapshot.normal(grid))
    assert found.heads == ("source.s",)
    assert (found.of_bus == 0).all()


def test_an_unknown_element_is_named_with_its_neighbours() -> None:
    topology = Topology.of(_string(5))
    with pytest.raises(GridError, match="'l77'"):
        topology.up(Snapshot.normal(topology.grid), "l77")


def test_a_bus_that_is_not_there_is_named_with_the_element() -> None:
    grid = _string(3).with_changed("l1", bus2="b9")
    with pytest.raises(GridError, match=r"line 'l1' has no bus 'b9'"):
        Topology.of(grid)


def test_a_string_of_a_hundred_thousand_lines_is_traced_to_its_end() -> None:
    grid = _string(100_000)
    topology = Topology.of(grid)
    snapshot = Snapshot.normal(grid)
    assert topology.energised(snapshot).all()
    assert len(topology.up(snapshot, "bus.b100000")) == 100_000


def test_the_way_up_does_not_climb_back_through_a_delta() -> None:
    grid = read("ieee123")
    topology, snapshot = Topology.of(grid), Snapshot.normal(grid)
    ways = {
        element: [topology.branch_names[b] for b in topology.up(snapshot, element)]
        for element in ("line.L115", "line.L3", "transformer.reg1a")
    }
    assert ways["transformer.reg1a"] == []
    assert ways["line.L115"] == ["switch.Sw1", "transformer.reg1a"]
    assert ways["line.L3"] == ["line.L115", "switch.Sw1", "transformer.reg1a"]
