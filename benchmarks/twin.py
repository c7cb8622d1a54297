"""The twin: a day with all its telemetry, a storm on a large feeder, and points a second."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from benchmarks.scale import copies

import gridmend
from gridmend.model.grid import Grid
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.network import Network
from gridmend.runtime.exercise.exercise import Exercise, rehearse
from gridmend.twin.communications.links import Link
from gridmend.twin.field import Equipment, Field
from gridmend.twin.people.crew import Crew
from gridmend.twin.places import Places
from gridmend.twin.scenario.reading import read_scenario
from gridmend.twin.scenario.scenario import People, Scenario, Sky
from gridmend.twin.streams import Streams
from gridmend.twin.telemetry.scan import Scanning
from gridmend.twin.weather.storms import Storm

COPIES = 90
"""Copies of the 123-bus feeder whose points are scanned every second."""
FAULTS = 200
TEXT = """
Seconds by the clock on the wall, one process. A run has the field (power flow, protection,
controls, scans, links, meters, customers, crews) and the control room above it, with its journal.

| | |
|---|---:|
| `ieee123`, a day, scans every 2 s, meters every 15 min, nothing happens [s] | {quiet:.1f} |
| the same in a wind storm, healed by switching: {storm_faults} faults [s] | {windy:.1f} |
| `ieee8500`, 24 h with a front of 45 m/s, its 43 switches reclosers, 10 crews [s] | {large:.1f} |
| of that: faults struck, devices opened | {faults}, {tripped} |
| of that: calls heard, messages lost | {calls:,}, {lost:,} |
| points scanned a second, {points:,} of them, in times real time | {times:.0f} |
"""


def section() -> str:
    """Measure, and say it as a table. What compiles is compiled before."""
    rehearse(replace(read_scenario("quiet-day"), hours=1.0))
    quiet_s, _ = _timed(read_scenario("quiet-day"))
    windy_s, windy = _timed(read_scenario("wind-storm"))
    grid = large_grid()
    large_s, large = _timed(large_storm(grid), grid)
    points, times = scanned()
    measures = large.measures
    return TEXT.format(
        quiet=quiet_s, windy=windy_s, storm_faults=_count(windy, "faults"), large=large_s,
        faults=_count(large, "faults"), tripped=_count(large, "tripped"),
        calls=measures["calls"], lost=measures["messages_lost"], points=points, times=times,
    )  # fmt: skip


def large_grid() -> Grid:
    """The 8500-node feeder with every switch that is closed a recloser: it has no other device."""
    grid = gridmend.read("ieee8500")
    for row, name in enumerate(grid.switches.texts("name")):
        if not grid.switches.flags("normally_open")[row]:
            grid = grid.with_changed(f"switch.{name}", kind="recloser", interrupts="fault")
    return grid


def large_storm(grid: Grid) -> Scenario:
    """A front of strong wind over the large feeder, with ten crews on two shifts."""
    x_m, y_m = Places.of(grid).middle_m
    front = Storm(
        name="front", start_s=6 * 3600.0, growth_s=3600.0, steady_s=4 * 3600.0, decay_s=3600.0,
        x_m=x_m, y_m=y_m, heading_deg=90.0, speed_m_per_s=10.0, radius_m=60_000.0,
        gust_m_per_s=45.0,
    )  # fmt: skip
    crews = tuple(
        Crew(f"c{k}", f"t{k}", x_m=x_m, y_m=y_m, shift_start_h=6.0 if k % 2 else 14.0,
             shift_end_h=18.0 if k % 2 else 26.0)
        for k in range(10)
    )  # fmt: skip
    return Scenario(
        name="storm", grid="ieee8500", start=datetime(2026, 11, 20, tzinfo=UTC), seed=1,
        weather=Sky(storms=(front,), faults_expected=float(FAULTS)), people=People(crews=crews),
    )  # fmt: skip


def scanned() -> tuple[int, float]:
    """How many points are scanned every second, and how much faster than real time that goes."""
    one = gridmend.read("ieee123")
    alone = one.with_tables(sources=one.sources.only(np.arange(len(one.sources)) == 0))
    grid = copies(alone, COPIES)
    series = Series.scaled(Snapshot.normal(grid), np.full(2, 0.7), step_s=3600.0)
    has = Equipment(
        scanning=Scanning(scan_s=1.0), indicating=None, links=(Link.of_kind("radio", "radio"),)
    )
    start = datetime(2026, 7, 15, tzinfo=UTC)
    field = Field.of(Network.of(grid), series, start, Streams(1), has)
    field.agenda.run_to(5.0)
    field.telecontrol.events()
    begun = time.perf_counter()
    for second in range(6, 66):
        field.agenda.run_to(float(second))
        field.telecontrol.events()
        field.telecontrol.values()
    return len(field.telecontrol.points), 60 / (time.perf_counter() - begun)


def _timed(scenario: Scenario, grid: Grid | None = None) -> tuple[float, Exercise]:
    begun = time.perf_counter()
    found = rehearse(scenario, grid=grid)
    return time.perf_counter() - begun, found


def _count(exercise: Exercise, measure: str) -> int:
    value = exercise.measures[measure]
    return int(value) if isinstance(value, int | float) else len(value)
