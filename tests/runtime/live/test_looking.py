"""What a page asks of single devices, against the topology and the tables."""

import numpy as np
import pytest

from gridmend.model.customers import customer_counts
from gridmend.model.errors import GridmendError
from gridmend.model.snapshot import Snapshot
from gridmend.runtime.live import Live
from tests.runtime.live.conftest import Rooms


@pytest.fixture
def live(rooms: Rooms) -> Live:
    return rooms.open()


def test_what_is_behind_a_switch_is_what_goes_dark_without_it(live: Live) -> None:
    grid = live.grid
    topology = live._course.room.kernel.bench.site.topology
    for name in grid.switches:
        shown = live.ask(lambda desk, name=name: desk.element(name))
        normal = Snapshot.normal(grid)
        was = topology.supplied(topology.energised(normal))
        opened = normal.with_switch(grid, name, is_open=True)
        out = was & ~topology.supplied(topology.energised(opened))
        assert shown["customers_downstream"] == customer_counts(grid)[out].sum()
        assert shown["position"] == ("open" if normal.is_open(grid, name) else "closed")
        traced = live.ask(lambda desk, name=name: desk.trace(name, "down"))
        assert traced["customers"] == shown["customers_downstream"]


def test_a_trace_upward_leads_to_a_source_and_is_connected(live: Live) -> None:
    found = live.ask(lambda desk: desk.trace("line.l52", "up"))["elements"]
    g = live.geometry
    assert "source.source" in [g.names[k] for k in found]
    reached = {int(g.bus1[g.index["source.source"]])}
    for _ in found:
        for k in found:
            ends = {int(g.bus1[k]), int(g.bus2[k])}
            reached |= ends if ends & reached else set()
    assert (
        int(g.bus1[g.index["line.l52"]]) in reached or int(g.bus2[g.index["line.l52"]]) in reached
    )
    with pytest.raises(GridmendError, match="no direction"):
        live.ask(lambda desk: desk.trace("line.l52", "sideways"))


def test_every_element_and_bus_can_be_looked_at(live: Live) -> None:
    needed = {"key", "kind", "index", "bus1", "bus2", "tags", "grounds", "v_pu", "converged"}
    for key in [*live.geometry.names, "bus.60", "load.s1a"]:
        assert needed <= live.ask(lambda desk, key=key: desk.element(key)).keys()
    with pytest.raises(GridmendError, match="no element"):
        live.ask(lambda desk: desk.element("line.nowhere"))


def test_names_are_found_the_nearest_first_and_not_too_many(live: Live) -> None:
    found = live.ask(lambda desk: desk.search("SW1", 3))
    assert [one["key"] for one in found] == ["sw1", "sw10", "sw11"]
    assert {one["kind"] for one in live.ask(lambda desk: desk.search("bus.6", 5))} == {"bus"}
    assert live.ask(lambda desk: desk.search("   ", 5)) == ()
    assert len(live.ask(lambda desk: desk.search("l", 10_000))) == 100


def test_trends_have_a_sample_a_minute_of_what_views_showed(rooms: Rooms, live: Live) -> None:
    rooms.run(live, 600, every_s=20)
    found = live.ask(lambda desk: desk.trend(["load_kw", "sw1.i_a"]))
    assert 9 <= len(found["times"]) <= 11
    assert found["units"] == {"load_kw": "kW", "sw1.i_a": "A"}
    assert all(value > 0 for value in found["series"]["sw1.i_a"])
    shown = live.ask(lambda desk: desk.element("sw1"))["i_a"]
    assert found["series"]["sw1.i_a"][-1] == pytest.approx(max(shown.values()), rel=0.05)
    start = found["times"][5]
    part = live.ask(lambda desk: desk.trend(["load_kw"], start))
    assert part["times"] == found["times"][5:]
    with pytest.raises(GridmendError, match="no trend"):
        live.ask(lambda desk: desk.trend(["load_kwh"]))


def test_a_trend_breaks_where_nobody_sampled_and_not_where_time_runs_fast(
    rooms: Rooms, live: Live
) -> None:
    rooms.run(live, 600, every_s=20)
    trends = live.ask(lambda desk: desk.trends)
    first = trends.between(["load_kw"], None, None)["times"][0].timestamp()
    for step_s in (60.0, 600.0):
        past = first - 86400.0 + step_s * np.arange(12)
        trends.remember(past, np.ones((12, len(trends.units))))
        found = trends.between(["load_kw"], None, None)
        assert found["times"] == sorted(found["times"])
        assert np.flatnonzero(np.isnan(found["series"]["load_kw"])).tolist() == [12]
