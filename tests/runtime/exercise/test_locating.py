"""Where the room takes a fault to be: by a posterior where it has evidence, else as flags say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import gridmend
from gridmend.interlock.check import Bench
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.operations.suspects import Suspect, suspects
from gridmend.runtime.exercise.locating import Closing, Heard, closed_onto, located

NOON = datetime(2026, 7, 15, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench.of(gridmend.read("ieee123"))


def heard(*flags: str, phases: str = "abc") -> Heard:
    found = Heard()
    for device in flags:
        payload = {"device": device, "phases": list(phases)}
        found.hear(Event(NOON, "field", "indicator", "fault_indicated", payload), 0.0)
    return found


def equipped(grid: Grid) -> tuple[str, ...]:
    switches = grid.switches
    return tuple(
        name
        for name, is_open in zip(switches, switches.flags("normally_open"), strict=True)
        if not is_open
    )


def behind(found: tuple[Suspect, ...]) -> list[str]:
    return [one.behind for one in found]


def test_without_evidence_it_is_as_the_flags_say(bench: Bench) -> None:
    normal = Snapshot.normal(bench.site.grid)
    names = equipped(bench.site.grid)
    found, instead = located(bench, normal, "sw1", heard(), equipped=names)
    plain = suspects(bench.site.topology, normal, tripped="sw1", equipped=names)
    assert found == plain
    assert not instead


def test_flags_on_the_way_leave_one_section_with_its_likeliest_line_first(bench: Bench) -> None:
    normal = Snapshot.normal(bench.site.grid)
    names = equipped(bench.site.grid)
    found, _ = located(bench, normal, "sw1", heard("sw2"), equipped=names)
    assert behind(found) == ["sw2"]
    assert "line.l52" in found[0].elements
    lengths = {
        f"line.{name}".lower(): float(m)
        for name, m in zip(
            bench.site.grid.lines, bench.site.grid.lines.numbers("length_m"), strict=True
        )
    }
    # Nothing but flags is known, so that a line is as likely as it is long.
    known = [lengths[key] for key in found[0].elements if key in lengths]
    assert known[0] == max(known)


def test_a_missed_flag_on_the_way_does_not_hide_what_flagged_beyond_it(bench: Bench) -> None:
    normal = Snapshot.normal(bench.site.grid)
    names = equipped(bench.site.grid)
    plain = suspects(bench.site.topology, normal, tripped="sw1", equipped=names, flagged=("sw4",))
    assert behind(plain) == ["sw1"], "by flags alone it is short of the one that is missing"
    found, _ = located(bench, normal, "sw1", heard("sw4"), equipped=names)
    assert behind(found) == ["sw4"]
    found, instead = located(bench, normal, "sw1", heard("sw4"), equipped=names, sure=0.95)
    assert set(behind(found)) == {"sw4", "sw1"}
    assert instead == {one.elements[0] for one in found}, "one of them, not both"
    sure, _ = located(
        bench, normal, "sw1", heard("sw4"), equipped=names, silent=("sw2",), sure=0.95
    )
    assert behind(sure) == ["sw4"], "an indicator that cannot be heard says nothing"


def test_flags_on_two_branches_may_be_two_faults(bench: Bench) -> None:
    normal = Snapshot.normal(bench.site.grid)
    names = equipped(bench.site.grid)
    found, instead = located(bench, normal, "sw1", heard("sw2", "sw3"), equipped=names)
    assert {"sw2", "sw3"} <= set(behind(found))
    first = {one.elements[0] for one in found if one.behind in ("sw2", "sw3")}
    assert not first & instead


def test_flags_all_over_the_feeder_leave_what_one_fault_explains_best(bench: Bench) -> None:
    normal = Snapshot.normal(bench.site.grid)
    names = equipped(bench.site.grid)
    flags = heard("sw2", "sw4")
    flags.flags["sw3"] = 0.0, frozenset("c")
    found, _ = located(bench, normal, "sw1", flags, equipped=names)
    assert behind(found) == ["sw4", "sw3"]
    few, instead = located(bench, normal, "sw1", flags, equipped=names, most=1)
    assert behind(few) == ["sw4"], "one flag of one phase is false sooner than two of three"
    assert instead == {few[0].elements[0]}


def test_more_sections_are_taken_together_the_surer_it_must_be(bench: Bench) -> None:
    normal = Snapshot.normal(bench.site.grid)
    names = equipped(bench.site.grid)
    one_phase = heard("sw3", phases="c")
    counts = [
        len(located(bench, normal, "sw1", one_phase, equipped=names, sure=sure)[0])
        for sure in (0.5, 0.85, 0.95, 0.999999)
    ]
    assert counts == sorted(counts)
    assert counts[0] == 1
    assert counts[-1] > counts[0]


def test_currents_and_sags_tell_the_place_where_no_indicator_stands(bench: Bench) -> None:
    normal = Snapshot.normal(bench.site.grid)
    found = Heard()
    payload = {
        "device": "sw1",
        "locked_out": False,
        "current_a": {"a": 2510.0, "b": 435.0, "c": 500.0},
        "before_a": {"a": 631.0, "b": 409.0, "c": 503.0},
    }
    found.hear(Event(NOON, "field", "protection", "tripped", payload), 0.0)
    for bus, v_pu in (("52", 0.83), ("67", 0.86), ("35", 0.93)):
        sag = {"bus": bus, "v_pu": {"a": v_pu}}
        found.hear(Event(NOON, "field", "meter", "voltage_sagged", sag), 0.0)
    assert len(found.currents) == 1
    assert len(found.sags) == 3
    here, _ = located(bench, normal, "sw1", found)
    assert "sw2" in behind(here), "the voltage is lowest there"
    assert not found.since(1.0).currents
    assert not found.since(1.0).sags


def test_what_tripped_on_a_closing_tells_what_was_closed_onto(bench: Bench) -> None:
    grid, topology = bench.site.grid, bench.site.topology
    apart = dict.fromkeys(equipped(grid), True)
    stood = Snapshot.normal(grid).with_switches(grid, apart)
    closing = Closing(100.0, "sw1", stood)
    found = closed_onto(topology, closing, "sw1", 101.0)
    assert behind(found) == ["sw1"]
    assert "line.l13" in found[0].elements
    assert "line.l52" not in found[0].elements, "it stayed apart"
    assert found == closed_onto(topology, closing, "source.source", 101.0), "which feeds it"
    assert not closed_onto(topology, closing, "source.neighbour_350", 101.0)
    assert not closed_onto(topology, closing, "sw11", 101.0)
    assert not closed_onto(topology, closing, "sw1", 200.0), "long after: another fault"
