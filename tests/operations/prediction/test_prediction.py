"""Outages predicted from simulated reports, on the 123-bus feeder and on small grids."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridmend
from gridmend.model.errors import GridError
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.prediction.answer import Prediction
from gridmend.operations.prediction.hearing import heard, restored
from gridmend.operations.prediction.pings import pings, verification
from gridmend.operations.prediction.predict import Working, predict
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
def topology(grid: Grid) -> Topology:
    return Topology.of(grid)


@pytest.fixture(scope="module")
def tree(topology: Topology) -> Tree:
    return tree_of(topology, Snapshot.normal(topology.grid), laterals=True)


@pytest.fixture(scope="module")
def blank(tree: Tree, grid: Grid) -> Reports:
    """Nothing reported, and no device that reports by itself."""
    return Reports.of(tree, grid, reporting=())


def event(kind: str, at_s: float = 0.0, **payload: object) -> Event:
    return Event(START + timedelta(seconds=at_s), "field", "test", kind, payload)


def gasps(tree: Tree, rows: Iterable[int], at_s: float = 0.0) -> list[Event]:
    return [event("meter_gasped", at_s, meter=tree.loads[row]) for row in rows]


def told(tree: Tree, reports: Reports, events: list[Event], at_s: float) -> Prediction:
    return predict(tree, heard(tree, reports, events, NOW + at_s), NOW + at_s)[0]


def out_by_topology(topology: Topology, element: str) -> set[int]:
    """Loads that an element feeds, by the model's own tracing."""
    normal = Snapshot.normal(topology.grid)
    live = topology.energised(normal)
    lost, _ = topology.down(normal, element)
    out = topology.supplied(live) & ~topology.supplied(live & ~lost)
    return set(np.flatnonzero(out).tolist())


def test_the_tree_feeds_whom_the_topology_feeds(tree: Tree, topology: Topology) -> None:
    for row, name in enumerate(tree.heads):
        element = name if "." in name else f"switch.{name}"
        assert set(tree.below(row).tolist()) == out_by_topology(topology, element), name


def test_behind_a_transformer_that_couples_phases_all_go_dark_with_its_source() -> None:
    # The substation's transformer of this feeder is delta-wye: one phase alone darkens nobody.
    large = gridmend.read("ieee8500")
    topology = Topology.of(large)
    feeder = tree_of(topology, Snapshot.normal(large))
    row = feeder.rows["source.source"]
    below, takes = feeder.below_masks(row)
    assert set(below.tolist()) == out_by_topology(topology, "source.source")
    assert set(takes.tolist()) == {1 << 0b111}
    reports = restored(feeder, Reports.of(feeder, large), "source.source", NOW)
    assert not np.isnan(reports.returned_s).any()


@pytest.mark.parametrize(("lost", "least"), [(0.3, 0.95), (0.6, 0.85)])
def test_the_device_is_named_though_gasps_are_lost(
    tree: Tree, topology: Topology, blank: Reports, *, lost: float, least: float
) -> None:
    # Devices with several meters behind them, who is out by the topology, reports at random.
    rng = np.random.default_rng(3)
    several = [row for row in range(len(tree.heads)) if len(tree.below(row)) > 1]
    right = 0
    cases = 60
    for _ in range(cases):
        name = tree.heads[several[int(rng.integers(len(several)))]]
        element = name if "." in name else f"switch.{name}"
        dark = out_by_topology(topology, element)
        said = gasps(tree, [row for row in sorted(dark) if rng.random() >= lost])
        for row in sorted(dark):
            said += [
                event("customer_called", 60, customer=f"{tree.loads[row]}/{k}", text="no power")
                for k in range(1, int(tree.counts[row]) + 1)
                if rng.random() < 0.05
            ]
        reports, last = heard(tree, blank, said, NOW + 90), None
        for at_s in (90.0, 110.0):
            _, last = predict(tree, reports, NOW + at_s, last=last)
            asked = pings(tree, reports, last, NOW + at_s)
            replies = [
                event("meter_pinged", at_s + 5, meter=p.meter,
                      answered=tree.load_rows[p.meter] not in dark and rng.random() >= 0.05)
                for p in asked
            ]  # fmt: skip
            reports = heard(tree, reports, replies, NOW + at_s + 6)
        found, _ = predict(tree, reports, NOW + 120)
        held = np.concatenate([[], *(one.loads for one in found.outages)])
        assert len(set(held.tolist())) == len(held)
        right += any(name in (one.device, *one.same) for one in found.outages)
    assert right / cases >= least


def test_one_phase_of_a_three_phase_switch_is_told_from_all(tree: Tree, blank: Reports) -> None:
    row = tree.rows["sw2"]
    below, takes = tree.below_masks(row)
    on_b = below[takes >> 0b010 & 1 > 0]
    found = told(tree, blank, gasps(tree, on_b), 120)
    assert [(one.device, one.phases) for one in found.outages] == [("sw2", ("b",))]
    assert set(found.outages[0].loads.tolist()) == set(on_b.tolist())


def test_two_outages_at_once_are_both_named(tree: Tree, blank: Reports) -> None:
    both = [tree.below(tree.rows[name]) for name in ("sw4", "line.l42")]
    found = told(tree, blank, gasps(tree, np.concatenate(both)), 120)
    assert {one.device for one in found.outages} == {"sw4", "line.l42"}
    assert sum(one.customers for one in found.outages) == int(
        tree.counts[np.concatenate(both)].sum()
    )


def test_devices_without_a_customer_between_them_are_named_together(
    tree: Tree, blank: Reports
) -> None:
    # The source, the regulator and Sw1 feed the same loads.
    found = told(tree, blank, gasps(tree, tree.below(tree.rows["sw1"])), 120)
    (one,) = found.outages
    assert {"source.source", "sw1", "transformer.reg1a"} == {one.device, *one.same}
    assert one.probability > 0.99


def test_scada_tells_them_apart(tree: Tree, grid: Grid) -> None:
    reports = Reports.of(tree, grid)
    said = gasps(tree, tree.below(tree.rows["sw1"]))
    found = told(tree, reports, [*said, event("status", device="Sw1", position="open")], 120)
    assert found.outages[0].device == "sw1"
    assert "sw1 is reported open" in found.outages[0].known


def test_a_false_position_is_not_believed_against_its_customers(tree: Tree, grid: Grid) -> None:
    reports = Reports.of(tree, grid)
    below = tree.below(tree.rows["sw2"])
    lit = [event("meter_pinged", 30, meter=tree.loads[row], answered=True) for row in below]
    found = told(tree, reports, [event("status", device="Sw2", position="open"), *lit], 60)
    assert not found.outages
    assert any("sw2 is reported open, and what is behind it has supply" in n for n in found.notes)


def test_a_reported_opening_is_an_outage_before_anybody_calls(tree: Tree, grid: Grid) -> None:
    reports = Reports.of(tree, grid)
    found = told(tree, reports, [event("tripped", device="Sw2", locked_out=True)], 5)
    assert [one.device for one in found.outages] == ["sw2"]
    assert found.outages[0].start_s == NOW


def test_an_indicator_tells_the_fuse_below_from_the_breaker_above(tree: Tree, grid: Grid) -> None:
    # Few reports: one meter on the way. A flag at the switch puts the fault behind it.
    reports = Reports.of(tree, grid, reporting=(), equipped=["sw2"])
    behind = tree.below(tree.rows["sw2"])
    said = gasps(tree, behind[:2])
    flag = event("fault_indicated", device="Sw2", phases=["a", "b", "c"])
    chance = []
    for events in (said, [*said, flag]):
        working = predict(tree, heard(tree, reports, events, NOW + 2), NOW + 2)[1]
        chance.append(working.chances.opened[tree.rows["sw1"]])
    assert chance[1] < chance[0]


def nested_case(tree: Tree, blank: Reports, inner: str) -> tuple[Prediction, Working, Reports]:
    """All behind Sw2 was out, Sw2 is closed, and only those outside `inner` are back."""
    behind = tree.below(tree.rows["sw2"])
    dark = set(tree.below(tree.rows[inner]).tolist())
    reports = heard(tree, blank, gasps(tree, behind), NOW + 120)
    closed = event("switched", 1800, device="Sw2", action="close")
    back = [event("meter_returned", 1815, meter=tree.loads[row]) for row in behind
            if row not in dark and row % 3]  # fmt: skip
    reports = heard(tree, reports, [closed, *back], NOW + 1900)
    prediction, working = predict(tree, reports, NOW + 1900)
    return prediction, working, reports


def test_after_a_restoration_those_who_stay_silent_are_asked_and_what_is_nested_found(
    tree: Tree, blank: Reports
) -> None:
    inner = "line.l66"
    dark = set(tree.below(tree.rows[inner]).tolist())
    assert dark < set(tree.below(tree.rows["sw2"]).tolist())
    prediction, working, reports = nested_case(tree, blank, inner)
    assert not any(one.device == "sw2" for one in prediction.outages)
    for at_s in (1900.0, 1930.0, 1960.0, 1990.0):
        checked = verification(tree, reports, working, "sw2", NOW + at_s)
        replies = [
            event("meter_pinged", at_s + 10, meter=p.meter,
                  answered=tree.load_rows[p.meter] not in dark)
            for p in checked.ask
        ]  # fmt: skip
        reports = heard(tree, reports, replies, NOW + at_s + 20)
        prediction, working = predict(tree, reports, NOW + at_s + 20, last=working)
    assert [inner in (one.device, *one.same) for one in prediction.outages] == [True]
    checked = verification(tree, reports, working, "sw2", NOW + 2010)
    counts = tree.counts[sorted(dark)]
    assert (checked.out, checked.open) == (int(counts.sum()), 0)
    assert checked.back == int(tree.counts[tree.below(tree.rows["sw2"])].sum() - counts.sum())


def test_who_does_not_say_to_be_back_is_likelier_to_be_dark_as_time_goes_by(
    tree: Tree, blank: Reports
) -> None:
    behind = tree.below(tree.rows["sw2"])
    silent = int(behind[0])
    reports = heard(tree, blank, gasps(tree, behind), NOW + 120)
    closed = event("switched", 1800, device="Sw2", action="close")
    back = [event("meter_returned", 1801, meter=tree.loads[row]) for row in behind[1:]]
    reports = heard(tree, reports, [closed, *back], NOW + 1802)
    chance = [predict(tree, reports, NOW + at)[0].dark[silent] for at in (1802, 1830, 1900)]
    assert chance[0] < chance[1] < chance[2]


@pytest.mark.parametrize(("behind_s", "is_out"), [(0.003, False), (4.0, False), (30.0, True)])
def test_a_meter_whose_clock_is_a_little_behind_says_that_it_is_back(
    tree: Tree, blank: Reports, behind_s: float, is_out: bool
) -> None:
    behind = tree.below(tree.rows["sw2"]).tolist()
    reports = heard(tree, blank, gasps(tree, behind), NOW + 60)
    closed = event("switched", 1800, device="Sw2", action="close")
    back = [event("meter_returned", 1800 - behind_s, meter=tree.loads[row]) for row in behind]
    found = told(tree, reports, [closed, *back], 1900)
    assert bool(found.outages) == is_out


def test_a_customer_counts_once_however_often_it_calls(tree: Tree, blank: Reports) -> None:
    once = [event("customer_called", 10, customer="S1a/3", text="no power")]
    more = [event("customer_called", 10 + k, customer="S1a/3", text="still no power")
            for k in range(5000)]  # fmt: skip
    one, flood = (told(tree, blank, said, 6000) for said in (once, once + more))
    assert flood.dark == pytest.approx(one.dark, abs=1e-12)
    assert any("each counts once" in note for note in flood.notes)
    assert [u.device for u in flood.unconfirmed] == ["s1a/3"]


def test_the_likely_device_is_pinged_first(tree: Tree, blank: Reports) -> None:
    said = gasps(tree, tree.below(tree.rows["line.l42"])[:1])
    reports = heard(tree, blank, said, NOW + 60)
    _, working = predict(tree, reports, NOW + 60)
    asked = pings(tree, reports, working, NOW + 60, most=3)
    assert asked
    assert asked[0].meter == str(said[0].payload["meter"]).lower()
    assert [p.information_bit for p in asked] == sorted(
        (p.information_bit for p in asked), reverse=True
    )


STRANGE = (
    event("meter_gasped", meter="no such meter"),
    event("meter_gasped", meter=7),
    event("meter_gasped"),
    event("meter_pinged", meter="S1a"),
    event("meter_pinged", meter="S1a", answered="yes"),
    event("customer_called", customer="nobody/1", text="no power"),
    event("customer_called", customer="/", text="no power"),
    event("customer_called", customer="S1a/999", text="no power"),
    event("fault_indicated", device="nothing", phases=["a"]),
    event("fault_indicated", device="Sw2", phases=["x", 3, None]),
    event("status", device="Sw99", position="open"),
    event("status", device="Sw2", position="ajar"),
    event("status", device="Sw2", position="open", open_phases=-5),
    event("tripped", device="Sw7"),
    event("switched", device="Sw3", action="close"),
    event("repaired", element="load.nowhere"),
    event("meter_gasped", 1e8, meter="S1a"),
    event("meter_gasped", -1e8, meter="S1a"),
    event("something_else", anything=1),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(STRANGE), max_size=25), st.lists(st.integers(0, 90), max_size=10),
    st.integers(0, 2**32),
)  # fmt: skip
def test_no_report_however_strange_breaks_it_and_order_does_not_matter(
    tree: Tree, blank: Reports, strange: list[Event], dark: list[int], seed: int
) -> None:
    events = [*strange, *gasps(tree, dark, at_s=-5)]
    found = told(tree, blank, events, 120)
    assert np.all((found.dark >= 0) & (found.dark <= 1 + 1e-12))
    assert all(0 < one.probability <= 1 for one in found.outages)
    shown = [one for one in events if one.kind not in ("switched", "status", "tripped")]
    if len(shown) == len(events):
        mixed = [events[int(k)] for k in np.random.default_rng(seed).permutation(len(events))]
        assert told(tree, blank, mixed, 120).dark == pytest.approx(found.dark, abs=1e-9)
    if dark:
        assert found.outages or found.unconfirmed


def test_what_cannot_be_used_is_said_with_its_reason(tree: Tree, blank: Reports) -> None:
    notes = "\n".join(told(tree, blank, list(STRANGE), 120).notes)
    for part in (
        "meter 'no such meter' is at no load", "customer 'nobody/1' is at no load",
        "no device 'Sw99' feeds anybody", "has 7 for 'meter'", "lacks 'meter'",
        "the clock of field is ahead", "more than a day old", "names no phase that is there",
        "lacks 'answered'", "has 'yes' for 'answered'",
    ):  # fmt: skip
        assert part in notes, part


def test_flags_that_contradict_the_customers_are_named(tree: Tree, grid: Grid) -> None:
    reports = Reports.of(tree, grid, equipped=["sw2", "sw4", "unheard of"])
    found = told(tree, reports, [event("fault_indicated", device="Sw4", phases=["a"])], 60)
    assert not found.outages
    assert any("indicator at sw4 saw a fault, and no outage is predicted" in n for n in found.notes)
    assert any("'unheard of' should have an indicator" in n for n in found.notes)


def test_devices_on_a_loop_are_left_out_and_named(grid: Grid, topology: Topology) -> None:
    ties = [name for name in grid.switches if grid.switches.record(name)["normally_open"]]
    closed = Snapshot.normal(grid).with_switches(grid, dict.fromkeys(ties, False))
    meshed = tree_of(topology, closed)
    assert any("on a loop" in note for note in meshed.notes)
    assert meshed.no_report
    reports = Reports.of(meshed, grid)
    name = sorted(meshed.no_report & set(grid.switches.index))[0]
    rows = np.flatnonzero(meshed.is_fed)[:4]
    events = [event("status", device=name, position="open"), *gasps(meshed, rows)]
    found = told(meshed, reports, events, 60)
    assert any("darkens nobody by itself" in note for note in found.notes)
    assert found.outages or found.unconfirmed


def test_a_dead_grid_is_known_to_be_dead(grid: Grid, topology: Topology) -> None:
    normal = Snapshot.normal(grid)
    dead = replace(normal, source_on=np.zeros_like(normal.source_on))
    bare = tree_of(topology, dead)
    found = told(bare, Reports.of(bare, grid), gasps(bare, [0, 1]), 60)
    assert not found.outages
    assert np.all(found.dark == 1)
    assert any("91 loads with 1158 customers have no supply" in note for note in found.notes)
    assert any("was without supply before" in note for note in found.notes)


def test_a_restoration_of_what_is_not_there_is_noted(tree: Tree, blank: Reports) -> None:
    after = restored(tree, blank, "sw99", NOW)
    assert any("no device 'sw99'" in why for why in after.unread)
    _, working = predict(tree, after, NOW)
    assert verification(tree, after, working, "sw99", NOW).ask == ()


def test_impossible_assumptions_are_refused() -> None:
    for wrong in ({"gasp_lost": 1.0}, {"calls": 0.0}, {"window_h": -1.0}, {"rates": {"x": -1.0}}):
        with pytest.raises(GridError):
            Assumptions(**wrong)


def test_silence_is_no_outage(tree: Tree, blank: Reports) -> None:
    found = told(tree, blank, [], 600)
    assert not found.outages
    assert not found.unconfirmed
    assert found.dark.max() < 0.01
