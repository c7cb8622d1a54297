"""What protection, switches and repair do, worked by hand and against operations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gridmend.formats.read import read
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.fault import isolate
from gridmend.operations.restoration import propose
from gridmend.planning.reliability.effects import Effects, effects
from gridmend.planning.reliability.modes import Modes, failure_modes
from gridmend.planning.reliability.prediction import Prediction, predict
from gridmend.planning.reliability.settings import Settings

ABC = {"phases1": "a b c", "phases2": "a b c"}


def chain(kind: str, **more: Any) -> Grid:
    """source, breaker, line A (10 customers), a device of a kind, line B (5 customers)."""
    switches = (
        {"name": "head", "bus1": "source", "bus2": "a0", "kind": "breaker"},
        {"name": "middle", "bus1": "a1", "bus2": "b0", "kind": kind} | more,
    )
    lines = (
        {"name": "A", "bus1": "a0", "bus2": "a1", "length_m": 1000.0},
        {"name": "B", "bus1": "b0", "bus2": "b1", "length_m": 2000.0},
    )
    loads = (
        {"name": "la", "bus": "a1", "customers": 10, "p_kw": 100.0},
        {"name": "lb", "bus": "b1", "customers": 5, "p_kw": 200.0},
    )
    rates = {"failures_per_km_year": 0.1, "repair_h": 5.0, "temporary_pct": 75.0}
    source = {"name": "s", "bus": "source", "base_kv": 11.0, "x1_ohm": 1.0, "x0_ohm": 1.0}
    return (
        Grid("chain")
        .with_rows("buses", *({"name": n} for n in ("source", "a0", "a1", "b0", "b1")))
        .with_rows("sources", source)
        .with_rows("switches", *({**ABC, **row} for row in switches))
        .with_rows("lines", *({**ABC, **row} for row in lines))
        .with_rows("loads", *({"phases": "a b c", "kv": 11.0, **row} for row in loads))
        .with_rows("failures", {"name": "lines", "elements": "lines", **rates})
    )


def of(found: Prediction) -> list[list[float]]:
    """Sustained interruptions, hours out and momentary ones of both loads."""
    return [found.per_year.tolist(), found.u_h.tolist(), found.momentary_per_year.tolist()]


# Permanent: A 0.1, B 0.2 a year; temporary: A 0.3, B 0.6.


def test_a_fuse_that_blows_turns_temporary_faults_into_interruptions() -> None:
    found = predict(chain("fuse"))
    # A's faults: both out, B cannot be fed; B's: the fuse alone, replaced in an hour.
    hours = [0.1 * 5, 0.1 * 5 + 0.2 * 5 + 0.6 * 1]
    assert of(found) == [pytest.approx([0.1, 0.9]), pytest.approx(hours), pytest.approx([0.3, 0.3])]
    assert found.saifi == pytest.approx((10 * 0.1 + 5 * 0.9) / 15)
    assert found.ens_mwh == pytest.approx((100 * hours[0] + 200 * hours[1]) / 1000)


def test_a_fuse_that_is_saved_turns_them_into_momentary_interruptions_of_all() -> None:
    found = predict(chain("fuse"), Settings(fuse_saving=True))
    # The breaker trips first on every fault behind the fuse: A sees all, B the temporary ones.
    assert of(found) == [
        pytest.approx([0.1, 0.3]),
        pytest.approx([0.5, 1.5]),
        pytest.approx([0.3 + 0.2 + 0.6, 0.3 + 0.6]),
    ]


def test_a_breaker_that_does_not_reclose_saves_no_fuse() -> None:
    once = chain("fuse").with_rows(
        "protections", {"name": "relay", "switch": "head", "kind": "relay", "shots": 1}
    )
    found = predict(once, Settings(fuse_saving=True))
    # Temporary faults of A lock the breaker out until it is closed by hand.
    assert of(found) == [
        pytest.approx([0.1 + 0.3, 0.9 + 0.3]),
        pytest.approx([0.5 + 0.3, 0.5 + 1.0 + 0.6 + 0.3]),
        pytest.approx([0.0, 0.0]),
    ]


def test_a_disconnect_gives_the_upstream_customers_back_by_hand() -> None:
    found = predict(chain("disconnect"), Settings(switching_h=0.5))
    assert of(found) == [
        pytest.approx([0.3, 0.3]),
        pytest.approx([0.1 * 5 + 0.2 * 0.5, 0.3 * 5]),
        pytest.approx([0.9, 0.9]),
    ]


def test_what_the_control_room_brings_back_in_time_is_momentary_alone() -> None:
    remote = chain("disconnect", remote=True).with_changed("switch.head", remote=True)
    found = predict(remote)
    assert of(found) == [
        pytest.approx([0.1, 0.3]),
        pytest.approx([0.1 * 5, 0.3 * 5]),
        pytest.approx([0.9 + 0.2, 0.9]),
    ]
    slow = predict(remote, Settings(remote_min=6))
    assert slow.per_year == pytest.approx([0.3, 0.3])
    assert slow.u_h == pytest.approx([0.1 * 5 + 0.2 * 0.1, 0.3 * 5])


def test_a_sectionaliser_opens_by_itself() -> None:
    found = predict(chain("sectionaliser"))
    assert of(found) == [
        pytest.approx([0.1, 0.3]),
        pytest.approx([0.1 * 5, 0.3 * 5]),
        pytest.approx([0.9 + 0.2, 0.9]),
    ]


def test_a_repair_quicker_than_switching_ends_the_wait() -> None:
    grid = chain("disconnect").with_changed("failure.lines", repair_h=0.5)
    assert predict(grid).u_h == pytest.approx([0.15, 0.15])


def test_a_row_for_an_element_goes_before_its_class_and_causes_add() -> None:
    grid = chain("disconnect").with_rows(
        "failures",
        {"name": "t", "element": "line.B", "cause": "tree", "failures_per_year": 1, "repair_h": 2},
        {"name": "d", "element": "B", "cause": "dig", "failures_per_year": 3, "repair_h": 4},
    )
    found = predict(grid)
    assert found.u_h[1] == pytest.approx(0.1 * 5 + 1 * 2 + 3 * 4)
    assert dict(zip(found.modes.causes, found.by_cause.saidi_h, strict=True)) == pytest.approx(
        {
            "all causes": 0.1 * 5,
            "tree": (10 * 1 + 5 * 2) / 15,
            "dig": (10 * 3 * 1 + 5 * 3 * 4) / 15,
        }
    )


def test_switches_sources_and_loads_fail_where_they_have_rates() -> None:
    rows = [
        {"name": f"of {n}", "element": n, "failures_per_year": 1.0, "repair_h": 3.0}
        for n in ("switch.middle", "source.s", "load.lb")
    ]
    remote = chain("disconnect", remote=True).with_changed("switch.head", remote=True)
    grid = remote.with_tables(failures=Grid("none").failures)
    alone = [predict(grid.with_rows("failures", row)) for row in rows]
    # The disconnect cannot part its own two sides; a load is cleared by its own fuse.
    assert [found.u_h.tolist() for found in alone] == [[3, 3], [3, 3], [0, 3]]


def test_a_transformers_own_fuse_clears_what_is_behind_it() -> None:
    grid = read("ieee8500")
    row = int(np.argmax(grid.loads.counts("customers") > 0))
    bus = grid.loads["bus"][row]
    line = next(n for n, b in zip(grid.lines, grid.lines["bus2"], strict=True) if b == bus)
    rate = {"name": "one", "element": f"line.{line}", "failures_per_year": 1.0, "repair_h": 2.0}
    found = predict(grid.with_rows("failures", rate))
    out = np.flatnonzero(found.u_h)
    assert row in out and len(out) <= 4
    assert found.u_h[out] == pytest.approx(2.0)
    upstream = predict(grid.with_rows("failures", rate), Settings(transformer_fuses=False))
    assert len(np.flatnonzero(upstream.u_h)) > 100


def test_what_was_dead_before_is_no_way_around() -> None:
    tie = {"kind": "switch", "normally_open": True, **ABC}
    other = {"name": "o", "bus": "other", "base_kv": 11.0, "x1_ohm": 1.0, "x0_ohm": 1.0}
    grid = (
        chain("disconnect")
        .with_rows("buses", {"name": "dead"}, {"name": "other"})
        .with_rows("sources", other)
        .with_rows("switches", {"name": "t1", "bus1": "b1", "bus2": "dead", **tie})
        .with_rows("switches", {"name": "t2", "bus1": "dead", "bus2": "other", **tie})
    )
    closed = grid.with_changed("switch.t2", normally_open=False)
    assert predict(grid).u_h[1] == pytest.approx(0.3 * 5)
    assert predict(closed).u_h[1] == pytest.approx(0.1 * 1 + 0.2 * 5)


def behind_a_transformer() -> Grid:
    """The chain with a transformer T before B, and a tie from B to a source of its own."""
    windings = [
        {"name": f"T:{k}", "transformer": "T", "number": k, "bus": bus, "phases": "a b c g",
         "kv": kv, "kva": 500.0}
        for k, bus, kv in ((1, "a1", 11.0), (2, "t1", 0.4))
    ]  # fmt: skip
    other = {"name": "o", "bus": "other", "base_kv": 0.4, "x1_ohm": 1.0, "x0_ohm": 1.0}
    tie = {"name": "tie", "bus1": "b1", "bus2": "other", "normally_open": True, **ABC}
    rate = {"failures_per_year": 0.2, "repair_h": 5.0, "temporary_pct": 50.0}
    return (
        chain("disconnect", bus1="t1")
        .with_rows("buses", {"name": "t1"}, {"name": "other"})
        .with_rows("transformers", {"name": "T"})
        .with_rows("windings", *windings)
        .with_rows("sources", other)
        .with_rows("switches", tie)
        .with_tables(failures=Grid("none").failures)
        .with_rows("failures", {"name": "T", "element": "transformer.T", **rate})
    )


def test_a_transformer_with_a_switch_behind_it_is_switched_around() -> None:
    found = predict(behind_a_transformer())
    # The breaker clears it. B is back through the tie in an hour; A, on its section, is not.
    assert of(found) == [
        pytest.approx([0.2, 0.2]),
        pytest.approx([0.2 * 5, 0.2 * 1]),
        pytest.approx([0.2, 0.2]),
    ]


def test_the_fuse_of_a_transformer_is_not_saved() -> None:
    grid = (
        behind_a_transformer()
        .without("switch.tie", "switch.middle")
        .with_rows("lines", {"name": "solid", "bus1": "t1", "bus2": "b0", "length_m": 0.0, **ABC})
    )
    for saving in (False, True):
        found = predict(grid, Settings(fuse_saving=saving))
        assert of(found) == [
            pytest.approx([0.0, 0.4]),
            pytest.approx([0.0, 0.2 * 5 + 0.2 * 1]),
            pytest.approx([0.0, 0.0]),
        ]


def _case(grid: Grid, how: Settings) -> tuple[Topology, Modes, Effects]:
    topology = Topology.of(grid)
    modes = failure_modes(grid, how)
    return topology, modes, effects(topology, Snapshot.normal(grid), modes, how)


def test_every_effect_is_what_operations_trace_element_by_element() -> None:
    grid = read("ieee123")
    for name, kind in (("Sw3", "fuse"), ("Sw5", "recloser"), ("Sw6", "fuse")):
        grid = grid.with_changed(f"switch.{name}", kind=kind)
    grid = grid.with_changed("Sw2", remote=False)
    before = Snapshot.normal(grid)
    topology, modes, found = _case(grid, Settings(transformer_fuses=False))
    supplied = topology.supplied(topology.energised(before))
    dense = [matrix.toarray() > 0 for matrix in found.back_by]
    for element, effect in zip(modes.elements, found.of_element.tolist(), strict=True):
        traced = isolate(grid, before, element, topology=topology)
        out = supplied & ~topology.supplied(topology.energised(traced.tripped))
        apart = np.array([matrix[effect] for matrix in dense])
        assert (apart.sum(axis=0) == out).all(), element
    assert len(set(found.of_element.tolist())) < len(modes.elements) / 5


@pytest.mark.parametrize("fault", ["L52", "L115", "L99", "L36"])
def test_as_many_come_back_as_restoration_calls_restorable(fault: str) -> None:
    grid = read("ieee123")
    topology, modes, found = _case(grid, Settings())
    effect = found.of_element[modes.elements.index(f"line.{fault}")]
    back = sum(matrix[effect].toarray().ravel() for matrix in found.back_by[:3])
    plan = propose(grid, Snapshot.normal(grid), fault, plans_most=1, topology=topology).plans[0]
    assert back @ grid.loads.counts("customers") == plan.customers_restorable


def test_transfers_within_limits_are_never_better_than_those_assumed() -> None:
    grid = read("ieee123")
    few = grid.with_rows(
        "failures",
        *(
            {"name": n, "element": f"line.{n}", "failures_per_year": 1.0, "repair_h": 5.0}
            for n in ("L115", "L52")
        ),
    )
    assumed, checked = predict(few), predict(few, Settings(transfers="checked"))
    none = predict(few, Settings(transfers="none"))
    assert assumed.saidi_h <= checked.saidi_h <= none.saidi_h
    best = propose(grid, Snapshot.normal(grid), "L115", plans_most=1).plans[0]
    other = propose(grid, Snapshot.normal(grid), "L52", plans_most=1).plans[0]
    waiting = sum(p.customers_out - p.customers_restored for p in (best, other))
    assert checked.saidi_h == pytest.approx(5.0 * waiting / 1158)
