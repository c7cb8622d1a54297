"""Where a fault must be, against positions worked by hand on the 123-bus feeder."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridmend
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.suspects import suspects


@pytest.fixture(scope="module")
def grid() -> Grid:
    return gridmend.read("ieee123")


@pytest.fixture(scope="module")
def topology(grid: Grid) -> Topology:
    return Topology.of(grid)


SWITCHES = ("Sw1", "Sw2", "Sw3", "Sw4", "Sw5", "Sw6", "Sw7", "Sw8", "Sw9", "Sw10", "Sw11")


def test_a_fault_is_beyond_what_flagged_and_short_of_what_did_not(topology: Topology) -> None:
    before = Snapshot.normal(topology.grid)
    found = suspects(
        topology, before, tripped="sw1", equipped=SWITCHES, flagged=["sw1", "sw2"]
    )  # fmt: skip
    assert [one.behind for one in found] == ["sw2"]
    assert {"line.l52", "line.l53"} <= set(found[0].elements)
    assert "line.l1" not in found[0].elements


def test_without_a_flag_it_is_in_the_first_section_behind_what_tripped(topology: Topology) -> None:
    found = suspects(topology, Snapshot.normal(topology.grid), tripped="Sw1", equipped=SWITCHES)
    assert [one.behind for one in found] == ["sw1"]
    assert "line.l1" in found[0].elements


def test_without_indicators_it_is_anywhere_behind_what_tripped(topology: Topology) -> None:
    found = suspects(topology, Snapshot.normal(topology.grid), tripped="Sw1")
    assert len(found) == 1
    assert {"line.l1", "line.l52", "line.l67"} <= set(found[0].elements)


def test_flags_on_two_branches_leave_two_sections(topology: Topology) -> None:
    found = suspects(
        topology, Snapshot.normal(topology.grid),
        tripped="Sw1", equipped=SWITCHES, flagged=["Sw1", "Sw2", "Sw3"],
    )  # fmt: skip
    assert [one.behind for one in found] == ["sw2", "sw3"]


def test_what_no_device_parts_is_behind_the_source(topology: Topology) -> None:
    found = suspects(topology, Snapshot.normal(topology.grid), tripped="source.source")
    assert len(found) == 1
    assert found[0].behind == ""
    assert "line.l52" in found[0].elements


def test_behind_a_device_that_fed_nothing_there_is_nothing(topology: Topology) -> None:
    before = Snapshot.normal(topology.grid).with_switch(topology.grid, "Sw1", is_open=True)
    assert suspects(topology, before, tripped="Sw2", equipped=SWITCHES) == ()


@settings(max_examples=60, deadline=None)
@given(st.sets(st.sampled_from(SWITCHES)), st.sampled_from(("Sw1", "Sw2", "Sw4")))
def test_whatever_flags_each_section_is_named_once_and_lies_behind_what_tripped(
    flagged: set[str], tripped: str
) -> None:
    topology = TOPOLOGY
    before = Snapshot.normal(topology.grid)
    found = suspects(topology, before, tripped=tripped, equipped=SWITCHES, flagged=flagged)
    everywhere = suspects(topology, before, tripped=tripped)
    assert len(found) >= 1
    elements = [element for one in found for element in one.elements]
    assert len(set(elements)) == len(elements)
    assert set(elements) <= set(everywhere[0].elements)


TOPOLOGY = Topology.of(gridmend.read("ieee123"))
