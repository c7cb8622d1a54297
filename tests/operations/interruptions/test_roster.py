"""Who is served, numbered: by load, by the table of customers, apart where somebody spoke alone."""

from __future__ import annotations

from gridmend.model.table import Table
from gridmend.model.topology import Topology
from gridmend.operations.interruptions.roster import NO_FEEDER, roster_of
from tests.operations.interruptions.feeder import feeder, topology


def test_customers_behind_a_load_share_a_number_and_one_who_is_named_has_his_own() -> None:
    found = roster_of(topology(), ["Db/3", "nobody"])
    assert found.names == ("Da", "Db/3", "Db", "Dc2", "Dd")
    assert found.customers.tolist() == [10, 1, 9, 10, 10]
    assert found.kw.tolist() == [100.0, 10.0, 90.0, 100.0, 100.0]
    assert found.whole("db") == (1, 2)
    assert found.whole("DB/3") == (1,)
    assert found.whole("Db/4") == ()
    assert (found.near("Db/4"), found.near("Db/11"), found.near("x")) == (2, -1, -1)
    everybody = [name for own in found.members() for name in own]
    assert len(everybody) == len(set(everybody)) == 40
    assert found.feeders == ("north",) * 5


def test_the_table_of_customers_gives_names_meters_and_feeders() -> None:
    grid = feeder()
    customers = Table.from_rows(
        grid.customers.schema,
        [
            {"name": "ann", "load": "Db", "meter": "M7"},
            {"name": "row", "load": "Db", "count": 3},
            {"name": "eve", "load": "Dd"},
        ],
    )
    feeders = Table.from_rows(
        grid.feeders.schema,
        [
            {"name": "far", "substation": "", "head": "switch.S2"},
            {"name": "all", "substation": "", "head": "switch.R1"},
            {"name": "lost", "substation": "", "head": "switch.nowhere"},
        ],
    )
    found = roster_of(Topology.of(grid.with_tables(customers=customers, feeders=feeders)))
    assert found.names == ("ann", "row", "eve")
    assert found.customers.tolist() == [1, 3, 1]
    assert found.whole("m7") == found.whole("ann") == found.whole("db/1") == (0,)
    assert found.whole("Db") == (0, 1)
    assert found.near("Db/4") == 1
    assert found.feeders == ("all", "all", "far")
    assert found.kw.tolist() == [25.0, 75.0, 100.0]


def test_a_load_that_no_source_feeds_is_on_no_feeder() -> None:
    grid = feeder().with_changed("R1", normally_open=True)
    assert set(roster_of(Topology.of(grid)).feeders) == {NO_FEEDER}
