from typing import Any

import numpy as np
import pytest

from gridmend.model.grid import Grid
from gridmend.model.plan import Action
from gridmend.model.snapshot import Snapshot
from gridmend.operations.switching_orders import Loops, Phase
from tests.interlock.networks import network
from tests.operations.switching_orders.sites import (
    SEEN,
    drafted,
    moves,
    said,
    two_feeders,
)


def test_load_beyond_the_zone_goes_over_before_its_way_is_opened() -> None:
    sheet = drafted(two_feeders(), "L1")
    assert sheet.feasible, sheet.problem
    there = ["close T", "open S1", "open B1"]
    assert moves(sheet) == [*there, "close B1", "close S1", "open T"]
    assert (sheet.customers_out, sheet.customers_interrupted) == (10, 0)
    assert [line.customers_out for line in sheet.lines[:3]] == [0, 0, 10]
    assert [line.device for line in sheet.lines if line.loop] == ["T", "S1"]


@pytest.mark.parametrize("sources", [1, 2])
def test_without_a_loop_it_is_interrupted_for_a_moment_and_the_sheet_says_so(sources: int) -> None:
    loops = Loops.NONE if sources == 1 else Loops.ONE_SOURCE
    sheet = drafted(two_feeders(sources=sources), "L1", loops=loops)
    there = ["open S1", "close T", "open B1"]
    assert moves(sheet) == [*there, "close B1", "open T", "close S1"]
    assert (sheet.customers_out, sheet.customers_interrupted) == (10, 10)
    assert not any(line.loop for line in sheet.lines)


def test_two_sources_are_joined_for_a_moment_only_where_that_is_asked_for() -> None:
    sheet = drafted(two_feeders(sources=2), "L1", loops=Loops.ANY)
    assert moves(sheet)[0] == "close T"
    assert sheet.customers_interrupted == 0
    assert any("synchronism" in note for note in sheet.notes)


def test_the_lines_follow_the_safety_rules_of_the_kernel() -> None:
    sheet = drafted(two_feeders(), "L1")
    order = [line.what for line in sheet.lines]
    assert order[3:] == [
        *["test dead"] * 2, *["tag"] * 2, *["ground"] * 2, "clear", "work",
        *["unground"] * 2, "release", *["untag"] * 2, "close", "close", "open",
    ]  # fmt: skip
    assert set(said(sheet, "tag")) == {"B1", "S1"} == set(sheet.points)
    assert set(said(sheet, "ground")) == {"a", "b"} == set(said(sheet, "test dead"))
    assert set(sheet.zone) == {"a", "b"}
    phases = list(dict.fromkeys(line.phase for line in sheet.lines))
    assert phases == list(Phase)
    assert [line.number for line in sheet.lines] == list(range(1, len(sheet.lines) + 1))


def test_each_line_has_its_customers_voltage_and_loading() -> None:
    grid = two_feeders()
    sheet = drafted(grid, "L1")
    shut = Snapshot.normal(grid).with_switches(grid, {"T": False, "S1": True, "B1": True})
    from gridmend.interlock.limits import Gauge, read_off
    from gridmend.model.topology import Topology
    from gridmend.powerflow.network import Network

    flow = Network.of(grid).solve(shut, controls="static")
    reading = read_off(Gauge.of(Topology.of(grid), flow.nodes, flow.terminals), flow)
    work = next(line for line in sheet.lines if line.phase is Phase.WORK)
    assert work.v_min_pu == pytest.approx(reading.v_min_pu, abs=1e-6)
    assert work.loading_max_pct == pytest.approx(reading.loading_max_pct, abs=1e-3)
    assert work.customers_out == 10


def test_der_in_the_zone_is_switched_off_tagged_and_freed_and_beyond_it_is_kept_away() -> None:
    grid = network(
        switches={"B": ("g", "a"), "S": ("b", "c"), "F": ("b", "e")},
        lines=[("a", "b"), ("c", "d"), ("e", "f")],
        sources={"north": "g"}, following={"inside": "b", "beyond": "d"}, loads=["b", "d", "f"],
        changes={"B": SEEN, "S": SEEN, "F": SEEN},
    )  # fmt: skip
    grid = grid.with_changed("storage.inside", p_kw=40.0)
    sheet = drafted(grid, "L1")
    assert sheet.feasible, sheet.problem
    assert set(sheet.points) == {"B", "S"}, "nothing can feed through F"
    assert sheet.ders == ("storage.inside",)
    assert set(said(sheet, "tag")) == {"B", "S", "storage.inside"}
    off = [ln.step for ln in sheet.lines if ln.step and ln.step.action is Action.SET_POWER]
    assert [(step.device, step.value) for step in off] == [
        ("storage.inside", 0.0), ("storage.inside", 40.0)
    ]  # fmt: skip
    assert "f" in sheet.zone and "d" not in sheet.zone


def test_parallel_ways_are_all_isolated() -> None:
    grid = network(
        switches={"B": ("g", "a"), "P": ("a", "b"), "Q": ("a", "b"), "R": ("c", "d")},
        lines=[("b", "c"), ("d", "e")], sources={"north": "g"}, loads=["c", "e"],
        changes=dict.fromkeys("BPQR", SEEN),
    )  # fmt: skip
    sheet = drafted(grid, "L1")
    assert set(sheet.points) == {"P", "Q"}
    assert sheet.customers_out == 20


@pytest.mark.parametrize(
    ("element", "points", "zone"),
    [
        ("switch.S1", {"B1", "T"}, {"a", "b", "c", "d"}),
        ("bus.c", {"S1", "T"}, {"c", "d"}),
        ("load.Dd", {"S1", "T"}, {"c", "d"}),
        ("line.L3", {"T", "B2"}, {"e", "f"}),
    ],
)
def test_what_is_isolated_depends_on_what_is_worked_on(
    element: str, points: set[str], zone: set[str]
) -> None:
    sheet = drafted(two_feeders(), element)
    assert sheet.feasible, sheet.problem
    assert set(sheet.points) == points
    assert set(sheet.zone) == zone
    assert "T" not in points or "open T" not in moves(sheet), "a tie that is open is only tagged"


def test_a_transformer_is_isolated_with_both_its_sides() -> None:
    grid = two_feeders()
    grid = grid.with_rows("buses", {"name": "low", "base_kv": 0.48})
    grid = grid.with_rows("transformers", {"name": "X", "phase_count": 3, "x_pct": [5.0]})
    sides = [("b", 12.47), ("low", 0.48)]
    grid = grid.with_rows(
        "windings",
        *({"name": f"X:{k}", "transformer": "X", "number": k, "bus": bus, "phases": "a b c g",
           "kv": kv, "kva": 500.0, "r_pct": 0.5, "connection": "wye"}
          for k, (bus, kv) in enumerate(sides, 1)),
    )  # fmt: skip
    sheet = drafted(grid, "transformer.X")
    assert sheet.feasible, sheet.problem
    assert set(sheet.points) == {"B1", "S1"}
    assert {"a", "b", "low"} == set(sheet.zone)
    assert "low" in sheet.grounds, "nobody works beyond the last earth"


def test_what_no_switch_parts_from_its_source_is_said_and_not_drafted() -> None:
    sheet = drafted(two_feeders(sources=2), "bus.g")
    assert not sheet.feasible
    assert "no switch parts bus.g from source.north" in sheet.problem
    assert set(sheet.points) == {"B1"}, "what is known is in the sheet"
    assert sheet.lines == ()
    assert "is the supply itself" in drafted(two_feeders(), "source.north").problem


def test_an_element_that_is_dead_already_is_still_tagged_and_earthed() -> None:
    grid = two_feeders().with_changed("switch.B1", normally_open=True)
    grid = grid.with_changed("switch.S1", normally_open=True)
    sheet = drafted(grid, "L1")
    assert sheet.feasible, sheet.problem
    assert moves(sheet) == []
    assert set(said(sheet, "tag")) == {"B1", "S1"}
    assert sheet.customers_out == 0
    assert any("dead before the first line" in note for note in sheet.notes)


def test_two_elements_apart_are_two_zones_with_a_clearance_each() -> None:
    grid = network(
        switches={"B": ("g", "m"), "P": ("m", "a"), "Q": ("m", "c")},
        lines=[("a", "b"), ("c", "d")], sources={"north": "g"}, loads=["m", "b", "d"],
    )  # fmt: skip
    sheet = drafted(grid, "L1", "L2")
    assert sheet.feasible, sheet.problem
    assert len(said(sheet, "clear")) == len(said(sheet, "release")) == 2
    assert set(sheet.points) == {"P", "Q"}
    assert set(sheet.zone) == {"a", "b", "c", "d"}
    assert sheet.customers_out == 20


def test_what_can_be_fed_only_through_the_zones_goes_with_them_under_one_clearance() -> None:
    sheet = drafted(two_feeders(), "L1", "L3")
    assert set(sheet.points) == {"B1", "B2"}
    assert said(sheet, "clear") == ["a"]
    assert set(sheet.zone) == set("abcdef")


def chain(**changes: Any) -> Grid:
    """g - B - a=b - R - c - D - d=e: a recloser, then a disconnect, with nobody between."""
    return network(
        switches={"B": ("g", "a"), "R": ("b", "c"), "D": ("c", "d"), "K": ("e", "f")},
        lines=[("a", "b"), ("d", "e"), ("f", "h")], sources={"north": "g", "south": "h"},
        loads=["b", "e"], normally_open=["K"],
        changes={"R": {"kind": "recloser"}, "D": {"kind": "disconnect", "interrupts": "nothing"},
                 "K": SEEN, "B": SEEN} | changes,
    )  # fmt: skip


def test_the_zone_goes_on_to_a_visible_break_where_nobody_lies_between() -> None:
    sheet = drafted(chain(K={"kind": "breaker"}), "L1")
    assert sheet.feasible, sheet.problem
    assert set(sheet.points) == {"B", "D"}
    assert moves(sheet)[:2] == ["open R", "open D"], "the recloser breaks what D cannot"
    assert "R" not in said(sheet, "tag")


def test_a_disconnect_is_opened_while_a_device_before_it_is_open() -> None:
    sheet = drafted(chain(R={"interrupts": "load", "kind": "switch"}), "L2")
    assert sheet.feasible, sheet.problem
    assert set(sheet.points) == {"D", "K"}
    there = ["open R", "open D", "close R"]
    assert moves(sheet) == [*there, "open R", "close D", "close R"]
    assert any("takes the load off D" in line.why for line in sheet.lines)


def test_a_device_that_cannot_be_opened_is_passed_over_for_the_next() -> None:
    stuck = {"interrupts": "unknown", "kind": "switch"}
    sheet = drafted(two_feeders(S1=stuck, B1={"interrupts": "fault", **SEEN}), "L2")
    assert sheet.feasible, sheet.problem
    assert moves(sheet)[:3] == ["open B1", "open S1", "close B1"]
    nothing = drafted(two_feeders(S1=stuck, B1=stuck), "L2")
    assert not nothing.feasible
    assert "S1 cannot open: it is not known to break load" in nothing.problem
    assert "interrupts" in nothing.problem
    mesh = two_feeders(S1=stuck, B1=stuck, T={"normally_open": False, **SEEN})
    passed = drafted(mesh, "bus.d", loops=Loops.NONE)
    assert not passed.feasible and passed.refusal is not None


def test_work_that_would_overload_what_is_left_is_refused_with_the_figure() -> None:
    def twin(rating_a: float) -> Grid:
        grid = network(
            switches={k: (one, two) for k, one, two in (
                ("B", "g", "s"), ("P1", "s", "a"), ("P2", "b", "r"),
                ("Q1", "s", "c"), ("Q2", "d", "r"))},
            lines=[("a", "b"), ("c", "d"), ("r", "u")], sources={"north": "g"}, loads=["u"],
            changes=dict.fromkeys(("B", "P1", "P2", "Q1", "Q2"), SEEN),
        )  # fmt: skip
        return grid.with_changed("line.L2", rating_a=rating_a)

    current = 100 / (np.sqrt(3) * 12.47)
    assert drafted(twin(1.2 * current), "L1").feasible
    refused = drafted(twin(0.8 * current), "L1")
    assert not refused.feasible
    assert "line.L2 would carry" in refused.problem
    assert refused.zone, "what is known is told"
