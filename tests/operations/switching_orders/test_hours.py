from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

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
