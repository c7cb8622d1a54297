"""Substations of small grids whose bays one can count, and of the examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

import gridmend
from gridmend.model.grid import Grid
from gridmend.model.topology import Topology
from gridmend.runtime.live.oneline.stations import Stations, stations
from gridmend.runtime.live.placing import Places, geometry_of

ABC = "a b c"
LINE = {"length_m": 100.0, "x_ohm_per_km": np.eye(3).tolist(), "r_ohm_per_km": np.eye(3).tolist()}


def joined(one: str, two: str, **more: Any) -> dict[str, Any]:
    return {"bus1": one, "phases1": ABC, "bus2": two, "phases2": ABC, **more}


def switch(name: str, one: str, two: str, kind: str = "breaker", **more: Any) -> dict[str, Any]:
    return {"name": name, **joined(one, two), "kind": kind, **more}


def grid_of(
    buses: str,
    switches: Sequence[Mapping[str, Any]],
    *,
    lines: Sequence[tuple[str, str]] = (),
    transformers: Mapping[str, tuple[str, str]] | None = None,
    sources: Sequence[str] = ("hv",),
    feeders: Sequence[tuple[str, str, str]] = (),
) -> Grid:
    made = Grid("small").with_rows("buses", *({"name": b, "base_kv": 12.47} for b in buses.split()))
    source = {"base_kv": 12.47, "x1_ohm": 1, "x0_ohm": 1, "phases": ABC}
    made = made.with_rows(
        "sources",
        *(
            {"name": f"s_{b}" + "x" * sources[:k].count(b), "bus": b, **source}
            for k, b in enumerate(sources)
        ),
    )
    made = made.with_rows("switches", *switches) if switches else made
    for one, two in lines:
        made = made.with_rows("lines", {"name": f"{one}_{two}", **joined(one, two), **LINE})
    for name, ends in (transformers or {}).items():
        made = made.with_rows("transformers", {"name": name, "x_pct": [5.0], "kind": "substation"})
        made = made.with_rows(
            "windings",
            *({"name": f"{name}:{k}", "transformer": name, "number": k, "bus": bus,
               "phases": f"{ABC} g", "kv": 12.47, "kva": 1000.0}
              for k, bus in enumerate(ends, 1)),
        )  # fmt: skip
    for _, _, station in {one[2]: one for one in feeders if one[2]}.values():
        made = made.with_rows("substations", {"name": station, "bus": sources[0]})
    rows = [{"name": n, "head": h, "substation": s} for n, h, s in feeders]
    return made.with_rows("feeders", *rows) if rows else made


def found(grid: Grid) -> tuple[Stations, dict[str, Any]]:
    """The substations, and of each in words: buses, bays as device and feeders."""
    places = Places.of(Topology.of(grid))
    geometry = geometry_of(places)
    told = stations(places, geometry)
    words = {
        one.name: (
            {geometry.buses[bus] for bus in one.buses},
            {geometry.names[bay.joint.element]: bay.feeders for bay in one.bays},
        )
        for one in told.each
    }
    return told, words


TWO = [switch("f1", "mv", "a1"), switch("f2", "mv", "b1"),
       switch("tie", "a2", "b2", "switch", normally_open=True)]  # fmt: skip
BEHIND = [("a1", "a2"), ("b1", "b2")]


def test_feeders_that_share_a_source_share_a_substation() -> None:
    grid = grid_of("hv mv a1 a2 b1 b2", TWO, lines=BEHIND, transformers={"t": ("hv", "mv")},
                   feeders=[("one", "switch.f1", ""), ("two", "switch.f2", "")])  # fmt: skip
    told, words = found(grid)
    assert words == {"s_hv": ({"hv", "mv"}, {"f1": ("one",), "f2": ("two",)})}
    assert told.of_feeder("two") == "s_hv" and told.of_feeder("three") == ""
    bay = {told.bays[k][1].feeders: k for k in told.bays}
    rows = [grid.buses.row(bus) for bus in ("a1", "a2", "b1", "b2", "hv")]
    one, two = bay["one",], bay["two",]
    assert told.owner[rows].tolist() == [one, one, two, two, -1]


def test_a_second_transformer_and_a_coupler_belong_to_the_substation() -> None:
    doubled = [*TWO[:1], switch("f2", "mv2", "b1"), switch("coupler", "mv", "mv2"),
               switch("hs1", "hv", "h1"), switch("hs2", "hv", "h2"),
               switch("stub", "mv", "dead_end", "disconnect")]  # fmt: skip
    grid = grid_of("hv h1 h2 mv mv2 a1 a2 b1 b2 dead_end", doubled, lines=BEHIND,
                   transformers={"t1": ("h1", "mv"), "t2": ("h2", "mv2")},
                   feeders=[("one", "switch.f1", "yard"),
                            ("two", "switch.f2", "yard")])  # fmt: skip
    _, words = found(grid)
    assert words["yard"][0] == {"hv", "h1", "h2", "mv", "mv2"}
    assert set(words["yard"][1]) == {"f1", "f2", "stub"}


def test_substations_on_one_line_part_where_their_ways_do() -> None:
    switches = [switch("f1", "mv1", "a1"), switch("f2", "mv2", "b1")]
    grid = grid_of("hv fork h1 h2 mv1 mv2 a1 b1", switches,
                   lines=[("hv", "fork"), ("fork", "h1"), ("fork", "h2")],
                   transformers={"t1": ("h1", "mv1"), "t2": ("h2", "mv2")},
                   feeders=[("one", "switch.f1", "west"),
                            ("two", "switch.f2", "east")])  # fmt: skip
    _, words = found(grid)
    assert words["west"][0] == {"fork", "h1", "mv1"}
    assert words["east"][0] == {"fork", "h2", "mv2"}
    assert words["west"][1]["f1"] == ("one",) and "f2" not in words["west"][1]


def test_without_named_heads_it_ends_behind_the_first_substation_transformer() -> None:
    grid = grid_of("hv mv a1 a2 lv", [], lines=[("mv", "a1"), ("a1", "a2")],
                   transformers={"t": ("hv", "mv"), "deep": ("a2", "lv")})  # fmt: skip
    _, words = found(grid)
    assert words["s_hv"][0] == {"hv", "mv"}
    assert list(words["s_hv"][1]) == ["line.mv_a1"]


def test_a_neighbour_behind_an_open_tie_is_a_substation_that_feeds_nothing() -> None:
    switches = [switch("f1", "hv", "a1"), switch("tie", "a2", "other", normally_open=True)]
    grid = grid_of("hv a1 a2 other", switches, lines=[("a1", "a2")], sources=("hv", "other"),
                   feeders=[("one", "switch.f1", "")])  # fmt: skip
    _, words = found(grid)
    assert words["s_other"] == ({"other"}, {"tie": ()})


def test_two_sources_at_one_busbar_feed_one_substation() -> None:
    grid = grid_of("hv a1", [switch("f1", "hv", "a1")], sources=("hv", "hv"))
    told, _ = found(grid)
    assert [(one.name, one.sources) for one in told.each] == [("s_hv", (0, 1))]


@pytest.mark.parametrize("name", ["ieee13", "ieee34", "ieee37", "ieee123", "ckt5", "ieee8500x3"])
def test_every_bus_that_is_fed_is_in_one_substation_or_behind_one_bay(name: str) -> None:
    grid = gridmend.read(name)
    places = Places.of(Topology.of(grid))
    told = stations(places, geometry_of(places))
    inside = [bus for one in told.each for bus in one.buses]
    assert len(inside) == len(set(inside))
    assert not (told.owner[inside] >= 0).any()
    live = places.topology.energised(places.normal)
    fed = np.zeros(len(grid.buses), bool)
    fed[places.topology.wiring.node_bus[live]] = True
    fed[inside] = False
    assert (told.owner[fed] >= 0).all()
    assert {s for one in told.each for s in one.sources} == set(range(len(grid.sources)))
