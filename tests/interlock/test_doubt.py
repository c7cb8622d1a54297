"""What is tagged but runs, what is pending, and what clocks say: taken for the worse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import gridmend as gm
from gridmend.interlock import electric
from gridmend.interlock.check import Bench
from gridmend.model.plan import Action, Step
from gridmend.model.snapshot import Snapshot
from tests.interlock.networks import network
from tests.interlock.test_rules import (
    CHECK,
    JOIN,
    RING,
    commanded,
    event,
    judged,
    rules,
    scan,
    step,
)

FEEDERS = ("source.north", "source.south", "generator.island", "storage.battery")
CLEAR_B = Step(Action.CLEAR, "b", "", mark="c1")


def test_a_tag_on_what_feeds_proves_nothing_dead_while_it_is_on() -> None:
    tags = [event("tag_placed", tag=f, device=f, kind="hold", holder="ann") for f in FEEDERS]
    assert rules(judged(RING, [*scan(RING), *tags], CLEAR_B)) == {"clearance"}
    off = [
        event("status", device="source.north", position="open"),
        event("status", device="source.south", position="open"),
        event("power", device="generator.island", p_kw=0.0),
    ]
    assert judged(RING, [*scan(RING), *off, *tags], CLEAR_B).allowed


def test_a_source_whose_closing_is_pending_may_be_on() -> None:
    off = [
        event("status", device="source.north", position="open"),
        event("power", device="generator.island", p_kw=0.0),
        event("tag_placed", tag="t", device="generator.island", kind="hold", holder="ann"),
    ]
    tie = step(Action.CLOSE, "S3")
    assert judged(RING, [*scan(RING), *off], tie).allowed
    pending = commanded(step(Action.CLOSE, "source.north"))
    assert rules(judged(RING, [*scan(RING), *off, pending], tie)) == {"radiality", "synchronism"}


def test_a_report_from_beyond_the_clock_is_no_proof_of_where_a_device_stands() -> None:
    ahead = scan(RING, 3600.0, S1="open", S2="open", S3="open")
    tags = [
        event("tag_placed", tag=d, device=d, kind="hold", holder="ann")
        for d in ("S1", "S2", "storage.battery")
    ]
    assert judged(RING, [*ahead, *tags], CLEAR_B, after_s=3601.0).allowed
    assert rules(judged(RING, [*ahead, *tags], CLEAR_B, after_s=1.0)) == {"clearance"}


def test_a_phase_whose_neighbours_are_live_is_neither_cleared_nor_earthed() -> None:
    side = {"bus1": "b", "phases1": "a", "bus2": "spur", "phases2": "a"}
    z = {"length_m": 100.0, "r_ohm_per_km": [[0.3]], "x_ohm_per_km": [[0.3]]}
    grid = network(switches={"S1": ("src", "b")}, sources={"north": "src"})
    grid = grid.with_rows("buses", {"name": "spur", "base_kv": 12.47})
    grid = grid.with_rows("lines", {"name": "L9", **side, **z})
    tag = event("tag_placed", tag="t", device="S1", kind="hold", holder="ann")
    clear = Step(Action.CLEAR, "spur", "", mark="c1")
    earth = Step(Action.GROUND, "spur", "", mark="g1")
    for bits, allowed in ((0b111, True), (0b001, False)):
        stands = event("status", device="S1", position="open", open_phases=bits)
        assert judged(grid, [stands, tag], clear).allowed is allowed
        assert judged(grid, [stands, tag], earth).allowed is allowed, "a load in delta feeds it"


def test_no_source_comes_on_that_leaves_a_breaker_with_more_than_it_breaks() -> None:
    grid = network(
        switches={"S1": ("src", "a")}, sources={"north": "src", "south": "src"},
        changes={"S1": {"interrupts": "fault", "interrupting_a": 20_000.0}},
    )  # fmt: skip
    close = step(Action.CLOSE, "source.south")
    known = [
        event("status", device="source.south", position="open"),
        event("sync_checked", **{**CHECK, "device": "source.south"}),
        event("loop_authorised", **{**JOIN, "device": "source.south"}),
    ]
    assert rules(judged(grid, [*scan(grid), *known], close)) == {"look-ahead"}
    able = grid.with_changed("S1", interrupting_a=40_000.0)
    assert judged(able, [*scan(able), *known], close).allowed


def test_a_hold_tag_on_a_transformer_binds_its_tap() -> None:
    grid = gm.read("ieee123")
    tap = Step(Action.SET_TAP, str(grid.tap_controls["name"][0]), "", value=1)
    unit = f"transformer.{grid.tap_controls['transformer'][0]}"
    tag = event("tag_placed", tag="t", device=unit, kind="hold", holder="ann")
    assert "tags" not in rules(judged(grid, [], tap))
    assert rules(judged(grid, [tag], tap)) == {"tags"}


def test_fault_levels_of_every_position_of_a_tap_are_not_all_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(electric, "KEPT_MOST", 3)
    levels = Bench.of(RING).levels
    for bits in range(8):
        snapshot = Snapshot.normal(RING)
        opened = np.array([bits, 0, 7], np.uint8)
        levels.largest_a(replace(snapshot, open_phases=opened), "b")
        assert len(levels._found) <= 3
