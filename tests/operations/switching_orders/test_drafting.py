from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from gridmend.model.grid import Grid
from gridmend.model.plan import Action
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.operations.cold_load import ColdLoad
from gridmend.operations.switching_orders import Durations, Kind, Loops, Phase, Sheet, draft
from tests.interlock.networks import network
from tests.operations.switching_orders.sites import (
    NINE,
    SEEN,
    drafted,
    moves,
    request,
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


def test_the_hardest_hour_of_the_window_decides() -> None:
    """T holds at 09:00 and would be overloaded at 12:00, so that nobody goes over to it."""
    grid = two_feeders().with_changed("switch.T", rating_a=6.0)
    normal = Snapshot.normal(grid)
    hours = [NINE + timedelta(hours=k) for k in range(6)]
    even = Series.scaled(normal, [1.0] * 6, hours)
    peaked = Series.scaled(normal, [1.0, 1.0, 1.0, 1.6, 1.0, 1.0], hours)
    assert draft(grid, even, request("L1")).customers_out == 10
    sheet = draft(grid, peaked, request("L1"))
    assert sheet.customers_out == 20
    assert any("switch.T would carry" in who for who in sheet.left_out)
    late = replace(request("L1"), begin=NINE + timedelta(hours=4))
    assert draft(grid, peaked, late).customers_out == 10


def test_a_way_that_does_not_hold_at_another_hour_than_the_hardest_is_given_up() -> None:
    """At 09:00 most is asked for, in the zone; at 11:00 less, but twice as much beyond the tie."""
    grid = two_feeders().with_changed("switch.T", rating_a=6.0)
    normal = Snapshot.normal(grid)
    hours = [NINE + timedelta(hours=k) for k in range(6)]
    zone, beyond = [3.0, 1, 0, 1, 1, 1], [1.0, 1, 2, 1, 1, 1]
    rows = np.array([["Db", "Dd", "Df"].index(name) > 0 for name in grid.loads], np.int64)
    follows = {"load_kw": rows, "load_kvar": rows}
    series = Series(normal, np.array([zone, beyond]), follows, hours)
    sheet = draft(grid, series, request("L1"))
    assert sheet.feasible, sheet.problem
    assert "close T" not in moves(sheet) and sheet.customers_out == 20
    mild = Series(normal, np.array([zone, [1.0] * 6]), follows, hours)
    assert draft(grid, mild, request("L1")).customers_out == 10


def test_what_stands_during_the_work_is_judged_at_every_hour() -> None:
    """Two lines in parallel: the one that stays holds at 09:00, when most is asked for in all."""
    grid = network(
        switches={"B": ("g", "s"), "P1": ("s", "a"), "P2": ("b", "r"), "Q1": ("s", "c"),
                  "Q2": ("d", "r")},
        lines=[("a", "b"), ("c", "d"), ("r", "u"), ("s", "v")], sources={"north": "g"},
        loads=["u", "v"], changes=dict.fromkeys(("B", "P1", "P2", "Q1", "Q2"), SEEN),
    ).with_changed("line.L2", rating_a=6.0)  # fmt: skip
    normal = Snapshot.normal(grid)
    hours = [NINE + timedelta(hours=k) for k in range(6)]
    rows = np.array([["Du", "Dv"].index(name) for name in grid.loads], np.int64)
    far, near = [1.0, 1, 2, 1, 1, 1], [5.0, 1, 1, 1, 1, 1]
    follows = {"load_kw": rows, "load_kvar": rows}
    series = Series(normal, np.array([far, near]), follows, hours)
    sheet = draft(grid, series, request("L1"))
    assert not sheet.feasible
    assert "line.L2 would carry" in sheet.problem


def test_what_comes_back_cold_is_judged_with_what_it_draws() -> None:
    """Loads of 4.8 A: b and d come back together after hours, at twice the usual."""
    current = np.hypot(100, 30) / (np.sqrt(3) * 12.47)
    cold = ColdLoad(share=0.5, undiversified_pu=3.0)
    grid = two_feeders(T={"normally_open": True, "interrupts": "nothing", **SEEN})
    grid = grid.with_changed("switch.T", in_service=False)
    asked, normal = request("L1"), Snapshot.normal(grid)

    def with_rating(rating_a: float) -> Sheet:
        rated = grid.with_changed("switch.B1", rating_a=rating_a)
        return draft(rated, normal, asked, cold=cold)

    warm = draft(grid.with_changed("switch.B1", rating_a=2.5 * current), normal, asked)
    assert warm.feasible, warm.problem
    refused = with_rating(2.5 * current)
    assert "switch.B1 would carry" in refused.problem
    at = [line.loading_max_pct for line in with_rating(5 * current).lines if line.what == "close"]
    back = next(pct for pct in at if pct)
    # What was carried before, 2 loads of 5 ratings, doubled; the voltage falls a little with it.
    assert back == pytest.approx(100 * 2 * 2 / 5, rel=0.03)


def test_a_tie_is_paired_with_the_switch_that_opens_its_loop() -> None:
    grid = network(
        switches={"B1": ("g", "a"), "S1": ("b", "c"), "T": ("d", "f"), "B2": ("g", "e"),
                  "X": ("k", "l")},
        lines=[("a", "b"), ("c", "d"), ("e", "f"), ("b", "j"), ("j", "k"), ("l", "m")],
        sources={"north": "g"}, following={"sun": "m"}, loads=["b", "d", "f"],
        normally_open=["T"], changes=dict.fromkeys(("B1", "S1", "T", "B2", "X"), SEEN),
    )  # fmt: skip
    sheet = drafted(grid, "L1")
    assert set(sheet.points) == {"B1", "S1", "X"}
    assert moves(sheet)[:2] == ["close T", "open S1"]


def test_the_zone_goes_on_beyond_a_device_that_nothing_can_unload() -> None:
    """D is fed from both of its far ways, Q and R, so that no one device takes its load off."""
    grid = network(
        switches={"P": ("g", "p"), "D": ("q", "m"), "Q": ("m", "g"), "R": ("m", "h")},
        lines=[("p", "q")], sources={"north": "g", "south": "h"}, loads=["q"],
        changes={"D": {**SEEN, "interrupts": "unknown"},
                 **dict.fromkeys(("P", "Q", "R"), SEEN)},
    )  # fmt: skip
    sheet = drafted(grid, "L1", loops=Loops.ANY)
    assert sheet.feasible, sheet.problem
    assert set(sheet.points) == {"P", "Q", "R"}
    assert any("D cannot be opened" in note for note in sheet.notes)


def test_the_sheet_names_the_hour_at_which_the_network_is_nearest_to_a_limit() -> None:
    grid = two_feeders().with_changed("line.L3", rating_a=12.0)
    normal = Snapshot.normal(grid)
    hours = [NINE + timedelta(hours=k) for k in range(6)]
    sheet = draft(grid, Series.scaled(normal, [0.8, 0.8, 0.9, 1.0, 0.7, 0.6], hours), request("L1"))
    assert sheet.hardest is not None
    assert sheet.hardest.at == hours[3]
    assert sheet.hardest.most_loaded == "line.L3"


def test_lines_are_timed_from_both_ends_of_the_window_and_crews_share_the_places() -> None:
    grid = two_feeders(S1={**SEEN, "remote": False})
    own = Durations(remote_min=1, by_hand_min=10, test_min=2, tag_min=3, ground_min=4,
                    clearance_min=5)  # fmt: skip
    sheet = draft(grid, Snapshot.normal(grid), request("L1"), durations=own)
    work = next(line for line in sheet.lines if line.phase is Phase.WORK)
    # Two remote moves and one by hand, two buses tested, two tags, two grounds, one clearance.
    before_min = 1 + 1 + 10 + 2 * 2 + 2 * 3 + 2 * 4 + 5
    assert work.at - NINE == timedelta(minutes=before_min)
    back = sheet.lines[work.number]
    assert NINE + timedelta(hours=6) - back.at == timedelta(minutes=before_min - 4)
    shared = draft(grid, Snapshot.normal(grid), request("L1", crews=("one", "two")), durations=own)
    again = next(line for line in shared.lines if line.phase is Phase.WORK)
    assert again.at - NINE == timedelta(minutes=1 + 1 + 10 + 2 + 3 + 4 + 5)
    assert {line.by for line in shared.lines if line.what == "tag"} == {"one", "two"}
    assert {line.by for line in sheet.lines if line.device == "S1"} == {"crew"}


def test_a_window_that_the_switching_fills_leaves_no_work() -> None:
    sheet = drafted(two_feeders(), "L1", hours=1)
    assert not sheet.feasible
    assert "nothing is left for work" in sheet.problem
    assert drafted(two_feeders(), "L1", hours=1, crews=tuple("abcdef")).feasible


def test_work_without_grounds_has_none() -> None:
    sheet = drafted(two_feeders(), "L1", grounds=False)
    assert sheet.feasible
    assert sheet.grounds == () and said(sheet, "ground") == [] == said(sheet, "unground")


def test_customer_minutes_are_those_of_the_planned_times() -> None:
    sheet = drafted(two_feeders(), "L1")
    opened = next(line.at for line in sheet.lines if line.what == "open" and line.device == "B1")
    closed = next(line.at for line in sheet.lines if line.what == "close" and line.device == "B1")
    assert sheet.customer_minutes == pytest.approx(10 * (closed - opened).total_seconds() / 60)


def test_an_emergency_order_is_judged_by_the_same_rules() -> None:
    plain = drafted(two_feeders(), "L1")
    urgent = drafted(two_feeders(), "L1", kind=Kind.EMERGENCY, reason="a tree on the line")
    assert [ln.step for ln in urgent.lines] == [ln.step for ln in plain.lines]


def test_the_digest_tells_models_demands_and_requests_apart() -> None:
    grid = two_feeders()
    normal = Snapshot.normal(grid)
    more = normal.with_demand(normal.load_kw * 1.01, normal.load_kvar)
    digests = {
        draft(g, d, r).digest
        for g, d, r in (
            (grid, normal, request("L1")), (grid, normal, request("L1", reason="x")),
            (grid, more, request("L1")),
            (grid.with_changed("line.L1", rating_a=401.0), normal, request("L1")),
        )
    }  # fmt: skip
    assert len(digests) == 4
    assert draft(grid, normal, request("L1")).digest in digests
