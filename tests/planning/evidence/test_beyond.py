"""What no switching can save: counted by hand on a fault, and never more than there is."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from gridmend.formats.read import read
from gridmend.model.arrays import Ints
from gridmend.model.customers import customer_counts
from gridmend.model.sections import sections
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.planning.evidence.beyond import beyond_min, unfed
from gridmend.planning.evidence.cases import Case, scenario_of
from gridmend.runtime.exercise.exercise import Exercise, rehearse


@pytest.fixture(scope="module")
def alone() -> Exercise:
    """A fault that crews alone mend, with whoever it puts out."""
    grid = read("ieee123")
    return rehearse(scenario_of(Case("fault", 0, 1), grid), "crew", grid=grid, parts=1)


def test_it_is_the_time_until_the_repair_of_those_in_or_behind_the_struck_section(
    alone: Exercise,
) -> None:
    grid = alone.grid
    (struck,) = (one for one in alone.happened if one.kind == "fault_struck")
    (mended,) = (one for one in alone.happened if one.kind == "repaired")
    topology, normal = Topology.of(grid), Snapshot.normal(grid)
    every = normal.with_switches(grid, dict.fromkeys(grid.switches.texts("name"), False))
    # By hand: the section's own switches opened, all others closed, and its element left dead.
    names = grid.switches.texts("name")
    reach = topology.energised(every)
    element = topology.nodes_of(str(struck.payload["element"]))
    border = [name for name in names if _touches(topology, every, name, element)]
    apart = every.with_switches(grid, dict.fromkeys(border, True))
    held = topology.energised(apart)
    lost = topology.supplied(reach) & ~topology.supplied(held)
    unsaved = {grid.loads.texts("name")[row].lower() for row in lost.nonzero()[0].tolist()}
    counts = customer_counts(grid)
    assert 0 < counts[lost].sum() < counts.sum()
    begin, end = (alone.scenario.start + timedelta(seconds=x.time_s) for x in (struck, mended))
    expected = sum(
        one.customers * max((min(one.end, end) - max(one.start, begin)).total_seconds(), 0.0) / 60
        for one in alone.interruptions
        if one.event.lower() in unsaved and one.duration_min > 5
    )
    assert beyond_min(alone) == pytest.approx(expected)
    assert expected > 0


def _touches(topology: Topology, stood: Snapshot, name: str, element: Ints) -> bool:
    """Whether a switch borders the section of an element: more is reached through it alone."""
    grid = topology.grid
    apart = stood.with_switches(grid, dict.fromkeys(grid.switches.texts("name"), True))
    near, alone = (
        topology.reached(topology.closed(at), element).sum()
        for at in (apart.with_switch(grid, name, is_open=False), apart)
    )
    return bool(near > alone)


def test_it_is_no_more_than_all_minutes(alone: Exercise) -> None:
    minutes = float(str(alone.measures["customer_minutes"]))
    assert 0 < beyond_min(alone) < minutes


@pytest.fixture(scope="module", params=["ieee123", "ieee8500"])
def feeder(request: pytest.FixtureRequest) -> Topology:
    return Topology.of(read(request.param))


@pytest.mark.parametrize("seed", range(10))
def test_whom_nothing_feeds_is_who_is_dark_with_the_struck_sections_switched_out(
    feeder: Topology, seed: int
) -> None:
    grid, w = feeder.grid, feeder.wiring
    names = grid.switches.texts("name")
    normal = Snapshot.normal(grid)
    cut = sections(feeder, snapshot=normal.with_switches(grid, dict.fromkeys(names, True)))
    rng = np.random.default_rng(seed)
    lines = [f"line.{name}" for name in grid.lines.texts("name")]
    struck = tuple(rng.choice(lines, size=int(rng.integers(0, 4)), replace=False).tolist())
    section = cut.of_bus[w.node_bus]
    bad = {int(section[node]) for one in struck for node in feeder.nodes_of(one)}
    # Switches at the border of a struck section are open, all others closed.
    at_border = [bool(bad & set(ends)) for ends in cut.ends.tolist()]
    stood = normal.with_switches(grid, dict(zip(names, at_border, strict=True)))
    live = feeder.energised(stood) & ~np.isin(section, list(bad))
    expected = ~feeder.supplied(live)
    np.testing.assert_array_equal(unfed(feeder, cut, struck), expected)
    assert expected.any() == bool(struck)
