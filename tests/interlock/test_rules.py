"""Each rule on what it must refuse and on what it must allow, with a situation that ages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gridmend.interlock.check import Bench, judge
from gridmend.interlock.electric import FaultLevels
from gridmend.interlock.move import By
from gridmend.model.command import Command
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Plan, Step, Verdict
from gridmend.runtime.fold import fold
from tests.interlock.networks import network, ring

NOON = datetime(2026, 7, 15, 12, tzinfo=UTC)
ANN, APP = By("ann", "desk1"), By("flisr", "kernel", "flisr")
RING = ring()


def loop() -> Grid:
    """One source, a ring S1-S2-T that is open at T, and a spur behind S4."""
    return network(
        switches={"S1": ("src", "a"), "S2": ("b", "c"), "T": ("d", "src"), "S4": ("b", "e")},
        lines=[("a", "b"), ("c", "d")],
        sources={"north": "src"},
        loads=["b", "d", "e"],
        normally_open=["T"],
    )


LOOP = loop()
_BENCHES = {id(grid): Bench.of(grid) for grid in (RING, LOOP)}


def event(kind: str, after_s: float = 0.0, /, **payload: Any) -> Event:
    return Event(NOON + timedelta(seconds=after_s), "test", "test", kind, payload)


def status(device: str, position: str = "closed", after_s: float = 0.0, **more: Any) -> Event:
    return event("status", after_s, device=device, position=position, **more)


def scan(grid: Grid, after_s: float = 0.0, **positions: str) -> list[Event]:
    """Every switch says where it stands: as built unless told."""
    normal = zip(grid.switches["name"], grid.switches.flags("normally_open"), strict=True)
    return [
        status(name, positions.get(name, "open" if is_open else "closed"), after_s)
        for name, is_open in normal
    ]


def commanded(step: Step, after_s: float = 0.0, id_: str = "k1") -> Event:
    command = Command(id_, step, "ann", "desk1", "", 1, NOON + timedelta(seconds=after_s))
    return event("commanded", after_s, **command.as_json())


def judged(
    grid: Grid,
    events: Iterable[Event],
    *steps: Step,
    by: By = ANN,
    after_s: float = 1.0,
    **more: Any,
) -> Verdict:
    bench = _BENCHES.get(id(grid)) or Bench.of(grid)
    situation = fold(grid, events)
    now = NOON + timedelta(seconds=after_s)
    return judge(Plan("", steps, Verdict()), bench, situation, now, by=by).verdict


def rules(verdict: Verdict) -> set[str]:
    return {refusal.rule for refusal in verdict.refusals}


def step(action: Action, device: str, **more: Any) -> Step:
    return Step(action, device, "", **more)


OPEN, CLOSE = Action.OPEN, Action.CLOSE
LEAVE: dict[str, Any] = {
    "device": "T", "sources": ["north"], "by": "ann",
    "expires_utc": (NOON + timedelta(minutes=10)).isoformat(),
}  # fmt: skip
CHECK: dict[str, Any] = {
    "device": "S3", "dv_pu": 0.01, "dangle_deg": 2.0, "df_hz": 0.02, "phasing_known": True,
}  # fmt: skip
JOIN: dict[str, Any] = {
    "device": "S3", "sources": ["north", "south"], "by": "ann",
    "expires_utc": (NOON + timedelta(minutes=10)).isoformat(),
}  # fmt: skip


class TestRadiality:
    def test_a_loop_is_refused_without_a_leave_and_allowed_with_one(self) -> None:
        assert rules(judged(LOOP, scan(LOOP), step(CLOSE, "T"))) == {"radiality"}
        leave = event("loop_authorised", **LEAVE)
        assert judged(LOOP, [*scan(LOOP), leave], step(CLOSE, "T")).allowed

    @pytest.mark.parametrize(
        ("change", "after_s"),
        [
            ({"sources": ["elsewhere"]}, 1.0),
            ({"by": ""}, 1.0),
            ({}, 601.0),
            ({"expires_utc": (NOON + timedelta(minutes=20)).isoformat()}, 1.0),
            ({"device": "S2"}, 1.0),
        ],
    )
    def test_a_leave_holds_for_its_device_its_sources_and_its_time(
        self, change: dict[str, Any], after_s: float
    ) -> None:
        leave = event("loop_authorised", **{**LEAVE, **change})
        late = scan(LOOP, after_s - 1)
        found = judged(LOOP, [leave, *late], step(CLOSE, "T"), after_s=after_s)
        assert rules(found) == {"radiality"}

    def test_a_device_that_may_be_closed_counts_as_closed(self) -> None:
        doubt = [*scan(LOOP, S2="open"), status("S2", quality="bad")]
        assert "radiality" in rules(judged(LOOP, doubt, step(CLOSE, "T")))
        assert judged(LOOP, scan(LOOP, S2="open"), step(CLOSE, "T")).allowed

    def test_a_pending_command_may_have_closed_it(self) -> None:
        pending = [*scan(LOOP, S2="open"), commanded(step(CLOSE, "S2"))]
        assert "radiality" in rules(judged(LOOP, pending, step(CLOSE, "T")))

    def test_two_sources_are_a_loop_through_the_transmission(self) -> None:
        check = event("sync_checked", **CHECK)
        found = judged(RING, [*scan(RING), check], step(CLOSE, "S3"))
        assert rules(found) == {"radiality"}
        joined = [*scan(RING), check, event("loop_authorised", **JOIN)]
        assert judged(RING, joined, step(CLOSE, "S3")).allowed


class TestSynchronism:
    joins = (*scan(RING), event("loop_authorised", **JOIN))

    @pytest.mark.parametrize(
        ("change", "after_s"),
        [
            ({"dv_pu": 0.031}, 1.0),
            ({"dv_pu": -0.031}, 1.0),
            ({"dangle_deg": 10.1}, 1.0),
            ({"df_hz": -0.11}, 1.0),
            ({"dv_pu": float("inf")}, 1.0),
            ({"phasing_known": False}, 1.0),
            ({}, 5.5),
            ({"device": "S1"}, 1.0),
        ],
    )
    def test_a_check_is_young_within_limits_and_of_this_device(
        self, change: dict[str, Any], after_s: float
    ) -> None:
        check = event("sync_checked", **{**CHECK, **change})
        late = scan(RING, after_s - 1)
        found = judged(RING, [*self.joins, check, *late], step(CLOSE, "S3"), after_s=after_s)
        assert rules(found) == {"synchronism"}

    def test_an_island_that_a_battery_holds_is_live(self) -> None:
        apart = scan(RING, S2="open")
        assert rules(judged(RING, apart, step(CLOSE, "S2"))) == {"synchronism"}
        tagged = event("tag_placed", tag="t", device="generator.island", kind="hold", holder="x")
        assert not judged(RING, [*apart, tagged], step(CLOSE, "S2")).allowed, "it runs"
        stopped = event("power", device="generator.island", p_kw=0.0)
        assert judged(RING, [*apart, stopped, tagged], step(CLOSE, "S2")).allowed

    def test_a_source_that_comes_back_onto_a_live_bus_joins(self) -> None:
        off = [*scan(RING), event("status", device="source.south", position="open")]
        assert judged(RING, off, step(CLOSE, "source.south")).allowed
        tied = [*off, status("S3")]
        assert rules(judged(RING, tied, step(CLOSE, "source.south"))) >= {"synchronism"}

    def test_what_is_one_only_by_a_device_in_doubt_is_two(self) -> None:
        check = event("loop_authorised", **LEAVE)
        doubt = [*scan(LOOP), check, status("S2", quality="bad")]
        assert rules(judged(LOOP, doubt, step(CLOSE, "T"))) == {"synchronism"}


class TestCapability:
    def test_a_disconnect_opens_only_what_is_dead_or_known_to_carry_nothing(self) -> None:
        grid = loop().with_changed("S4", interrupts="nothing")
        assert rules(judged(grid, scan(grid), step(OPEN, "S4"))) == {"capability"}
        doubt = [*scan(grid, S4="open"), status("S4", quality="bad")]
        assert rules(judged(grid, doubt, step(OPEN, "S4"))) == {"capability"}
        dead = scan(grid, S1="open")
        assert judged(grid, dead, step(OPEN, "S4")).allowed

    def test_nothing_closes_onto_a_fault_even_where_a_device_in_doubt_may_feed_it(self) -> None:
        faulted = [*scan(LOOP, S2="open"), event("fault_suspected", element="line.L2")]
        assert rules(judged(LOOP, faulted, step(CLOSE, "T"))) == {"capability"}
        doubt = [*faulted, status("S2", "open", quality="bad")]
        assert "capability" in rules(judged(LOOP, doubt, step(CLOSE, "T")))
        mended = [*faulted, event("repaired", element="L2")]
        assert judged(LOOP, mended, step(CLOSE, "T")).allowed


class TestWear:
    def test_a_fourth_operation_waits_for_five_minutes(self) -> None:
        done = [
            entry
            for k in range(3)
            for entry in (
                commanded(step(OPEN, "S4"), k, f"k{k}"),
                event("outcome", k, command=f"k{k}", state="confirmed"),
            )
        ]
        assert rules(judged(LOOP, [*done, *scan(LOOP, 3)], step(OPEN, "S4"), after_s=4)) == {"wear"}
        later = [*done, *scan(LOOP, 301)]
        assert judged(LOOP, later, step(OPEN, "S4"), after_s=302).allowed

    def test_operations_within_one_plan_count_too(self) -> None:
        to_and_fro = [step(a, "S4") for a in (OPEN, CLOSE, OPEN, CLOSE)]
        found = judged(LOOP, scan(LOOP), *to_and_fro)
        assert [(r.rule, r.step) for r in found.refusals] == [("wear", 4)]

    def test_what_is_locked_out_closes_only_after_its_reset(self) -> None:
        out = [*scan(LOOP), event("tripped", device="S4", locked_out=True)]
        assert rules(judged(LOOP, out, step(CLOSE, "S4"))) == {"wear"}
        reset = [*out, event("lockout_reset", device="S4")]
        assert judged(LOOP, reset, step(CLOSE, "S4")).allowed

    def test_der_change_by_a_tenth_of_their_feeder_in_a_minute(self) -> None:
        def power(kw: float) -> Step:
            return step(Action.SET_POWER, "generator.island", value=kw)

        assert judged(RING, scan(RING), power(1099.0)).allowed
        assert rules(judged(RING, scan(RING), power(1101.0))) == {"wear"}
        given = event("power", device="island", p_kw=700.0)
        done = event("outcome", command="k1", state="confirmed")
        earlier = [*scan(RING), commanded(power(700.0)), given, done]
        assert rules(judged(RING, earlier, power(1200.0))) == {"wear"}
        assert judged(RING, [*earlier, *scan(RING, 61)], power(1200.0), after_s=62).allowed


class TestFreshData:
    def test_automation_waits_for_a_scan_where_a_person_need_not(self) -> None:
        old = scan(LOOP)
        assert judged(LOOP, old, step(OPEN, "S4"), by=APP, after_s=3.9).allowed
        found = judged(LOOP, old, step(OPEN, "S4"), by=APP, after_s=4.1)
        assert rules(found) == {"fresh data"}
        assert judged(LOOP, old, step(OPEN, "S4"), after_s=4.1).allowed

    @pytest.mark.parametrize("device", ["S1", "S2", "S4"])
    def test_the_neighbours_and_the_way_to_the_source_count(self, device: str) -> None:
        doubt = [*scan(LOOP), status(device, quality="bad")]
        assert rules(judged(LOOP, doubt, step(OPEN, "S4"), by=APP)) == {"fresh data"}

    def test_supply_does_not_rest_on_a_device_in_doubt(self) -> None:
        ringed = [*scan(LOOP, T="closed"), status("T", quality="bad")]
        found = judged(LOOP, ringed, step(OPEN, "S2"), by=APP)
        assert any("rests on a device" in refusal.why for refusal in found.refusals)

    def test_a_device_that_never_reported_is_in_doubt(self) -> None:
        assert rules(judged(LOOP, [], step(OPEN, "S4"), by=APP)) == {"fresh data"}
        by_hand = loop().with_changed("S4", remote=False)
        only = [e for e in scan(by_hand) if e.payload["device"] != "S4"]
        assert judged(by_hand, only, step(OPEN, "S4"), by=APP).allowed


class TestMakingSafe:
    def never_solves(self, grid: Grid) -> Bench:
        bench = Bench.of(grid)

        class Never:
            network = bench.solver.network

            def solve(self, snapshot: Any, *, controls: str = "static", near: Any = None) -> Any:
                flow = dict(bench.solver.solve(snapshot, controls=controls).__dict__)
                return type(bench.solver.solve(snapshot))(**{**flow, "converged": False})

        return Bench.of(grid, network=Never())

    def test_a_person_opens_without_a_solution_and_automation_does_not(self) -> None:
        bench = self.never_solves(LOOP)
        situation, now = fold(LOOP, scan(LOOP)), NOON + timedelta(seconds=1)
        plan = Plan("", (step(OPEN, "S4"),), Verdict())
        assert judge(plan, bench, situation, now, by=ANN).verdict.allowed
        assert not judge(plan, bench, situation, now, by=APP).verdict.allowed

    def test_opening_a_ring_shifts_load_and_is_not_only_making_safe(self) -> None:
        bench = self.never_solves(LOOP)
        situation, now = fold(LOOP, scan(LOOP, T="closed")), NOON + timedelta(seconds=1)
        plan = Plan("", (step(OPEN, "S2"),), Verdict())
        assert rules(judge(plan, bench, situation, now, by=ANN).verdict) == {"look-ahead"}

    def test_a_person_opens_by_old_positions(self) -> None:
        assert judged(LOOP, scan(LOOP), step(OPEN, "S4"), after_s=3600).allowed


class TestFaultLevels:
    """Against the fault currents of `short_circuit`, which OpenDSS checks."""

    grid = loop()
    levels = FaultLevels(grid, Bench.of(grid).solver)

    def at(self, bus: str, *, largest: bool = True) -> float:
        snapshot = fold(self.grid, scan(self.grid)).snapshot
        of = self.levels.largest_a if largest else self.levels.smallest_a
        return of(snapshot, bus)

    def test_nothing_closes_onto_more_than_it_makes(self) -> None:
        behind_a = self.at("e")
        for making_a, allowed in ((behind_a * 1.01, True), (behind_a * 0.99, False)):
            grid = self.grid.with_changed("S4", making_a=making_a)
            found = judged(grid, scan(grid, S4="open"), step(CLOSE, "S4"))
            assert found.allowed is allowed
            assert "making current of switch.S4" not in found.unknown
        unknown = judged(self.grid, scan(self.grid, S4="open"), step(CLOSE, "S4")).unknown
        assert "making current of switch.S4" in unknown

    def test_a_breaker_is_not_left_with_more_than_it_breaks(self) -> None:
        before_a = self.at("b")
        ringed = [*scan(self.grid), event("loop_authorised", **LEAVE)]
        for interrupting_a, allowed in ((before_a * 2.5, True), (before_a * 1.06, False)):
            grid = self.grid.with_changed(
                "S2", interrupts="fault", interrupting_a=interrupting_a, making_a=1e6
            )
            found = judged(grid, ringed, step(CLOSE, "T"))
            assert found.allowed is allowed
            assert allowed or "a fault at S2 would carry" in found.refusals[0].why

    def test_no_bus_is_supplied_beyond_the_reach_of_its_protection(self) -> None:
        least_a = self.at("e", largest=False)
        for pickup_a, allowed in ((least_a * 0.99, True), (least_a * 1.01, False)):
            grid = self.grid.with_changed("S1", pickup_a=pickup_a)
            found = judged(grid, scan(grid, S4="open"), step(CLOSE, "S4"))
            assert found.allowed is allowed
            assert allowed or "would not see a fault at e" in found.refusals[0].why
