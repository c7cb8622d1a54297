"""Islands with and without the DER inside: these trip as the network is lost, and return later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gridmend.model.islanding import places
from gridmend.model.snapshot import DEMANDS, Snapshot
from gridmend.model.topology import Topology


def formed(topology: Topology, before: Snapshot, after: Snapshot) -> list[int]:
    """The rows of the sources in island mode that are connected since, or feed more than before.
    What an island does that stood and stays as it was is held against nobody."""
    rows = [row for row in places(topology.grid) if after.source_on[row]]
    if not rows:
        return []
    was, now = topology.fed_by(before), topology.fed_by(after)
    return [row for row in rows if ((now == row) & (was != row)).any()]


def with_and_without_der(
    topology: Topology, snapshot: Snapshot, islands: list[int]
) -> Iterator[Snapshot]:
    """A snapshot, and where DER give or take power in some islands [rows of sources], the same
    without them."""
    yield snapshot
    if not islands:
        return
    grid = topology.grid
    inside = np.isin(topology.fed_by(snapshot), islands)
    w, fields = topology.wiring, dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]()
    islanded = np.unique(w.node_bus[inside])
    for table, p_name, q_name in DEMANDS[1:]:
        rows = [grid.buses.row(str(bus)) for bus in grid.table(table)["bus"]]
        here = np.isin(np.array(rows, np.int64), islanded)
        for name in (p_name, q_name):
            powers = getattr(snapshot, name)
            if powers[here].any():
                fields[name] = np.where(here, 0.0, powers)
    if fields:
        yield replace(snapshot, **fields)
