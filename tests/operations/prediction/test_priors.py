"""Rates of the grid's own failure data, critical customers, single services, and who is named."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridmend
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.prediction.answer import Prediction
from gridmend.operations.prediction.carried import carried
from gridmend.operations.prediction.hearing import heard
from gridmend.operations.prediction.pings import RECENT_S, pings
from gridmend.operations.prediction.predict import BELIEVED, predict
from gridmend.operations.prediction.priors import chance_of
from gridmend.operations.prediction.rates import failure_rates
from gridmend.operations.prediction.reports import Reports
from gridmend.operations.prediction.settings import Assumptions
from gridmend.operations.prediction.tree import Tree
from gridmend.operations.prediction.zones import tree_of

START = datetime(2024, 6, 1, 12, tzinfo=UTC)
NOW = START.timestamp()


@pytest.fixture(scope="module")
def grid() -> Grid:
    return gridmend.read("ieee123")


@pytest.fixture(scope="module")
def tree(grid: Grid) -> Tree:
    return made(grid, laterals=True)


@pytest.fixture(scope="module")
def blank(tree: Tree, grid: Grid) -> Reports:
    return Reports.of(tree, grid, reporting=())


def made(grid: Grid, *, laterals: bool = False, assumed: Assumptions | None = None) -> Tree:
    return tree_of(Topology.of(grid), Snapshot.normal(grid), laterals=laterals, assumed=assumed)


def event(kind: str, at_s: float = 0.0, **payload: object) -> Event:
    return Event(START + timedelta(seconds=at_s), "field", "test", kind, payload)


def gasps(tree: Tree, rows: Iterable[int], at_s: float = 0.0) -> list[Event]:
    return [event("meter_gasped", at_s, meter=tree.loads[row]) for row in rows]


def told(tree: Tree, reports: Reports, events: list[Event], at_s: float) -> Prediction:
    return predict(tree, heard(tree, reports, events, NOW + at_s), NOW + at_s)[0]


def failing(grid: Grid, *rows: dict[str, object]) -> Grid:
    return grid.with_rows(
        "failures", *({"name": f"f{k}", "repair_h": 2.0, **row} for k, row in enumerate(rows))
    )


def test_a_row_for_an_element_goes_before_one_for_its_kind_and_that_before_its_class(
    grid: Grid,
) -> None:
    data = failing(
        grid,
        {"elements": "switches", "failures_per_year": 0.1},
        {"elements": "switches", "kind": "breaker", "failures_per_year": 0.2, "cause": "wear"},
        {"elements": "switches", "kind": "breaker", "failures_per_year": 0.3, "cause": "animal"},
        {"element": "switch.sw2", "failures_per_year": 0.7},
        {"elements": "lines", "failures_per_year": 0.01, "failures_per_km_year": 0.5},
    )
    found = failure_rates(data)
    switches = data.switches
    assert found["switches"][switches.row("sw3")] == pytest.approx(0.1)
    assert found["switches"][switches.row("sw1")] == pytest.approx(0.5), "causes add"
    assert found["switches"][switches.row("sw2")] == pytest.approx(0.7)
    row = data.lines.row("L52")
    km = float(data.lines.numbers("length_m")[row]) / 1000
    assert found["lines"][row] == pytest.approx(0.01 + 0.5 * km)
    assert np.isnan(found["transformers"]).all(), "no row is for them"


def test_the_prior_of_a_device_is_its_own_rate_and_that_of_what_its_zone_holds(grid: Grid) -> None:
    data = failing(
        grid,
        {"elements": "lines", "failures_per_km_year": 2.0},
        {"element": "switch.sw3", "failures_per_year": 0.4},
    )
    feeder, assumed = made(data), Assumptions()
    topology, normal = Topology.of(data), Snapshot.normal(data)
    row = feeder.rows["sw3"]
    nodes, _ = topology.down(normal, "switch.sw3")
    beyond = np.zeros(len(nodes), bool)
    for name in feeder.heads:
        lost, _ = topology.down(normal, name if "." in name else f"switch.{name}")
        if not (lost & ~nodes).any() and lost.sum() < nodes.sum():
            beyond |= lost
    w = topology.wiring
    own = set[int]()
    for edge in np.flatnonzero(topology.closed(normal) & (w.edge_branch >= 0)).tolist():
        ends = w.edge_from[edge], w.edge_to[edge]
        inside = all(nodes[end] and not beyond[end] for end in ends)
        if inside and w.branch_table[w.edge_branch[edge]] == "lines":
            own.add(int(w.branch_row[w.edge_branch[edge]]))
    km = float(data.lines.numbers("length_m")[sorted(own)].sum()) / 1000
    assert km > 0
    expected = chance_of(0.4 + 2.0 * km, assumed)
    assert 1 - feeder.prior[row, 0] == pytest.approx(expected, rel=1e-9)
    other = made(grid)
    plain = chance_of(assumed.device_rate + assumed.line_per_km * km, assumed)
    assert 1 - other.prior[other.rows["sw3"], 0] == pytest.approx(plain, rel=1e-9)
    ours = made(data, assumed=Assumptions(rates={"sw3": 9.0}))
    assert 1 - ours.prior[row, 0] == pytest.approx(chance_of(9.0, assumed), rel=1e-9)


def test_of_two_devices_that_explain_as_much_the_one_that_fails_more_often_is_named() -> None:
    grid = gridmend.read("ieee123")
    feeder = made(grid)
    behind = feeder.below(feeder.rows["sw5"])
    for often, other in (("sw5", "sw4"), ("sw4", "sw5")):
        data = failing(
            grid,
            {"element": f"switch.{often}", "failures_per_year": 50.0},
            {"element": f"switch.{other}", "failures_per_year": 1e-6},
            {"elements": "lines", "failures_per_year": 1e-9},
        )
        tree = made(data)
        # A few calls from behind both, and nobody between them has a meter.
        reports = Reports.of(tree, data, reporting=(), metered=())
        said = [event("customer_called", customer=f"{tree.loads[row]}/1", text="no power")
                for row in behind.tolist()]  # fmt: skip
        assert told(tree, reports, said, 60.0).outages[0].device == often


def test_bad_failure_data_is_passed_over(grid: Grid) -> None:
    data = failing(
        grid,
        {"element": "switch.nowhere", "failures_per_year": 0.5},
        {"elements": "lines", "failures_per_year": float("nan")},
        {"elements": "transformers", "failures_per_year": -1.0},
        {"elements": "cables", "failures_per_year": 0.3},
        {"elements": "overhead", "failures_per_year": 0.2},
    )
    found = failure_rates(data)
    assert (found["lines"] == 0.2).all()
    assert np.isnan(found["transformers"]).all() and np.isnan(found["switches"]).all()
    np.testing.assert_allclose(made(data).prior.sum(1), 1.0)


def test_critical_customers_of_an_outage_are_counted_where_they_are_out(grid: Grid) -> None:
    counts = dict(zip(grid.loads.texts("name"), made(grid).counts.tolist(), strict=True))
    data = grid.with_rows(
        "customers",
        {"name": "ward", "load": "S76a", "count": 1, "priority": "critical"},
        {"name": "pump", "load": "S83c", "count": 2, "priority": "critical"},
        {"name": "homes", "load": "S83c", "count": counts["S83c"] - 2, "priority": "normal"},
        {"name": "far", "load": "S1a", "count": 1, "priority": "critical"},
    )
    tree = made(data)
    reports = Reports.of(tree, data, reporting=())
    behind = tree.below(tree.rows["sw4"]).tolist()
    assert {tree.load_rows["s76a"], tree.load_rows["s83c"]} <= set(behind)
    outage = told(tree, reports, gasps(tree, behind), 60.0).outages[0]
    assert outage.device == "sw4" and outage.critical == 3
    every = told(tree, reports, gasps(tree, range(len(tree.loads))), 60.0).outages[0]
    assert every.critical == 4


def test_a_customer_whose_own_service_failed_is_an_outage_of_one(tree: Tree, grid: Grid) -> None:
    row = int(np.flatnonzero(tree.counts > 1)[0])
    name = tree.loads[row].lower()
    meters = [*tree.loads, f"{name}/2"]
    blank = Reports.of(tree, grid, reporting=(), metered=meters)
    said = [event("customer_called", customer=f"{name}/2", text="no power"),
            event("meter_gasped", meter=f"{name}/2")]  # fmt: skip
    # The load's meter, and its neighbours, have supply.
    zone = np.flatnonzero(tree.load_zone == tree.load_zone[row]).tolist()
    said += [event("meter_pinged", 30.0, meter=tree.loads[k], answered=True) for k in zone]
    found = told(tree, blank, said, 60.0)
    (outage,) = found.outages
    assert (outage.device, outage.kind) == (f"customer.{name}/2", "service")
    assert (outage.customers, outage.phases) == (1, ())
    assert outage.loads.tolist() == [row] and found.dark[row] < BELIEVED
    assert outage.start_s == NOW and outage.probability >= BELIEVED
    assert not told(tree, blank, said[2:], 60.0).outages, "it rests on what the customer said"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_everybody_who_is_believed_to_be_out_is_behind_one_device_that_is_named_and_no_other(
    tree: Tree, blank: Reports, data: st.DataObject
) -> None:
    heads = st.integers(0, len(tree.heads) - 1)
    dark = set[int]()
    for _ in range(data.draw(st.integers(1, 3))):
        below, takes = tree.below_masks(data.draw(heads))
        mask = data.draw(st.integers(1, 7))
        dark |= set(below[(takes >> mask & 1) != 0].tolist())
    dark |= set(data.draw(st.lists(st.integers(0, len(tree.loads) - 1), max_size=3)))
    heard_of = [row for row in sorted(dark) if data.draw(st.booleans()) or data.draw(st.booleans())]
    found = told(tree, blank, gasps(tree, heard_of), 120.0)
    named = np.zeros(len(tree.loads), np.int64)
    for outage in found.outages:
        if not outage.device.startswith("customer."):
            named[outage.loads] += 1
    assert named.max(initial=0) <= 1, "nobody is counted with two outages"
    believed = tree.is_fed & (found.dark >= BELIEVED)
    assert not (believed & (named == 0)).any(), np.array(tree.loads)[believed & (named == 0)]


def test_who_was_asked_a_moment_ago_is_not_asked_again(tree: Tree, blank: Reports) -> None:
    said = gasps(tree, [int(tree.below(tree.rows["sw4"])[0])])
    reports = heard(tree, blank, said, NOW + 60)
    _, working = predict(tree, reports, NOW + 60)
    first = [ping.meter for ping in pings(tree, reports, working, NOW + 60, most=3)]
    unheard = [event("meter_pinged", 60, meter=name, answered=False) for name in first]
    reports = heard(tree, reports, unheard, NOW + 61)
    for later_s, again in ((61.0, False), (61.0 + RECENT_S, True)):
        _, working = predict(tree, reports, NOW + later_s)
        asked = {p.meter for p in pings(tree, reports, working, NOW + later_s, most=500)}
        assert bool(asked & set(first)) == again


def test_reports_are_carried_to_the_tree_of_other_positions(grid: Grid) -> None:
    topology, normal = Topology.of(grid), Snapshot.normal(grid)
    other = normal.with_switch(grid, "Sw4", is_open=True).with_switch(grid, "Sw7", is_open=False)
    old, new = tree_of(topology, normal), tree_of(topology, other)
    assert set(new.rows) != set(old.rows)
    said = [*gasps(old, [3, 5]), event("status", device="Sw2", position="open"),
            event("fault_indicated", device="Sw3", phases=["a"])]  # fmt: skip
    reports = heard(old, Reports.of(old, grid), said, NOW + 30)
    names = [name.lower() for name in grid.switches.texts("name")]
    moved = carried(reports, old, new, grid, reporting=names, equipped=["sw3"])
    assert (moved.lost_s[[3, 5]] == NOW).all()
    for name, row in new.rows.items():
        before = old.rows.get(name)
        for column in ("position", "flagged", "said_closed_s"):
            values = getattr(moved, column)[row], getattr(reports, column)[before or 0]
            if before is not None:
                np.testing.assert_array_equal(*values)
        if before is None:
            assert moved.position[row] == -1 and not moved.flagged[row]
        assert moved.reporting[row] == (name in names) and moved.equipped[row] == (name == "sw3")
    assert len(moved.conductors) == len(new.heads)
