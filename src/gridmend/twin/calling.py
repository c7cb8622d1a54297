"""Customers at the plant: who loses supply and has it back, and what they say by telephone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np

from gridmend.model.arrays import Flags, Ints
from gridmend.model.customers import customer_counts
from gridmend.model.errors import GridError, nearest
from gridmend.model.event import Event
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.twin.agenda import Due
from gridmend.twin.instants import Instants
from gridmend.twin.people.calls import Callers
from gridmend.twin.people.customers import Critical, Customers
from gridmend.twin.telecontrol import Telecontrol
from gridmend.twin.told import SOURCE

CAUSE = "customer"
"""What the events say of what brought them about."""


def customers_of(
    grid: Grid,
    *,
    kinds: Mapping[str, str] | None = None,
    backup_h: Mapping[str, float] | None = None,
) -> Customers:
    """The customers behind the loads in service, each `<load>/<number>`; neighbours share a bus.

    `kinds` are classes by load, residential unless given; `backup_h` the hours of own supply of
    critical customers by load, 0 unless given. Critical are those whom the table of customers calls
    so, in the order of its rows. Raises `GridError` for a load that is not there, and where nobody
    is behind any.
    """
    kinds = {name.lower(): kind for name, kind in (kinds or {}).items()}
    backup_h = {name.lower(): hours for name, hours in (backup_h or {}).items()}
    for name in (*kinds, *backup_h):
        if name not in grid.loads.index:
            raise GridError(f"there is no load '{name}'", mend=nearest(name, grid.loads.index))
    counts = np.where(grid.loads.flags("in_service"), customer_counts(grid), 0)
    rows = np.repeat(np.arange(len(counts)), counts).tolist()
    loads, buses = grid.loads.texts("name"), grid.loads.texts("bus")
    names = [f"{load}/{k}" for load, n in zip(loads, counts.tolist(), strict=True)
             for k in range(1, n + 1)]  # fmt: skip
    known = set(names)
    critical = [
        Critical(name, backup_h=backup_h.get(name.rpartition("/")[0].lower(), 0.0))
        for name in _critical(grid)
        if name in known
    ]
    return Customers.of(
        names,
        kinds=[kinds.get(loads[row].lower(), "residential") for row in rows],
        places=[buses[row].lower() for row in rows],
        critical=critical,
    )


def _critical(grid: Grid) -> list[str]:
    """The names of critical customers."""
    table, loads = grid.customers, grid.loads.texts("name")
    before = [0] * len(loads)
    found: list[str] = []
    columns = (table.texts("load"), table.counts("count").tolist(), table.texts("priority"))
    for load, count, priority in zip(*columns, strict=True):
        row = grid.loads.row(load)
        if priority == "critical":
            found += [f"{loads[row]}/{before[row] + k}" for k in range(1, count + 1)]
        before[row] += count
    return found


@dataclass(eq=False)
class Calling:
    """Customers who watch their own supply at the plant of a telecontrol, and call.

    `callers` are of `customers_of` the plant's grid. A customer has supply where every phase of its
    load has; what lasts no time at all nobody notices. Who has none at the beginning loses it then.
    A call is heard at once as `customer_called`, with what was said and nothing else: the line is
    not the utility's. `interrupted` less `restored`, which count since the beginning, are without
    supply.

    Raises `GridError` for a customer whose load is not there.
    """

    telecontrol: Telecontrol
    callers: Callers
    interrupted: int = 0
    restored: int = 0
    _load: Ints = field(init=False)
    """[customers] row of the load."""
    _never: Flags = field(init=False)
    """[loads] those that nothing could feed."""
    _stood: Snapshot | None = None
    _told_s: float = 0.0
    _next: Due | None = None

    def __post_init__(self) -> None:
        plant = self.telecontrol.plant
        topology, loads = plant.world.topology, plant.world.grid.loads
        rows = [loads.row(name.rpartition("/")[0]) for name in self.callers.customers.names]
        self._load = np.array(rows, np.int64)
        self._never = ~topology.supplied(np.ones(len(topology.wiring.node_bus), bool))
        self._see(plant.now_s, plant.world.flow)
        Instants(plant, self._see)

    def out(self) -> Flags:
        """[customers] who is without supply, as of the last instant that is over."""
        return self.callers.out

    def _see(self, now_s: float, flow: Flow) -> None:
        if self._stood is not None and _same(self._stood, flow.snapshot):
            return
        self._stood = flow.snapshot
        topology = self.telecontrol.plant.world.topology
        supplied = topology.supplied(topology.energised(flow.snapshot)) | self._never
        is_out, were_out = ~supplied[self._load], self.callers.out
        lost, back = is_out & ~were_out, were_out & ~is_out
        # A call of the same instant may have been made already.
        self._told_s = max(now_s, self._told_s)
        if lost.any():
            self.callers.interrupted(self._told_s, lost)
            self.interrupted += int(lost.sum())
        if back.any():
            self.callers.restored(self._told_s, back)
            self.restored += int(back.sum())
        self._wait()

    def _wait(self) -> None:
        if self._next is not None:
            self._next.call_off()
        agenda, due_s = self.telecontrol.plant.agenda, self.callers.due_s()
        due_s = max(due_s, agenda.now_s)
        self._next = agenda.at(due_s, self._call) if math.isfinite(due_s) else None

    def _call(self) -> None:
        self._told_s = self.telecontrol.plant.now_s
        for call in self.callers.act(self._told_s):
            heard = call.heard()
            time_utc = self.telecontrol.start_utc + timedelta(seconds=heard.time_s)
            said = {"customer": heard.customer, "text": heard.text}
            self.telecontrol.hear(Event(time_utc, SOURCE, CAUSE, "customer_called", said))
        self._wait()


def _same(one: Snapshot, two: Snapshot) -> bool:
    """Whether switches and sources stand alike: demand feeds nobody."""
    return np.array_equal(one.open_phases, two.open_phases) and np.array_equal(
        one.source_on, two.source_on
    )
