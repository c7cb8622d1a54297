"""Who is served, numbered: customers who share all they have of supply go under one number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology

NO_CLASS, NO_FEEDER = "no class", "no feeder"


@dataclass(frozen=True, eq=False)
class Roster:
    """Customers by number. Arrays are [numbers].

    `customers` stand behind each number and `load` is the row of theirs, `kw` the demand of all of
    them as the model has it [kW]. `apart` tells which number is one customer of several behind a
    load or a meter.
    """

    names: tuple[str, ...]
    customers: Ints
    load: Ints
    kw: Floats
    classes: tuple[str, ...]
    feeders: tuple[str, ...]
    known: Mapping[str, tuple[int, ...]]
    """Numbers by the name, in lower case, of a load, a meter or a customer."""
    grouped: Mapping[str, int]
    """The number of a customer who is one of several under it."""

    def __len__(self) -> int:
        return len(self.names)

    def members(self) -> tuple[tuple[str, ...], ...]:
        """[numbers] every customer behind each number, by name."""
        found: list[list[str]] = [[] for _ in self.names]
        for name, number in self.grouped.items():
            found[number].append(name)
        return tuple(tuple(own) or (self.names[k],) for k, own in enumerate(found))

    def whole(self, name: str) -> tuple[int, ...]:
        """The numbers that stand for a load, meter or customer and nobody else; none where unknown
        or where it is one of several under a number."""
        return self.known.get(name.lower(), ())

    def near(self, name: str) -> int:
        """A number under which a customer is, -1 where nobody is called so."""
        folded = name.lower()
        numbers = self.known.get(folded, ())
        return numbers[0] if numbers else self.grouped.get(folded, -1)


def roster_of(topology: Topology, apart: Iterable[str] = ()) -> Roster:
    """The customers of a grid, one number a load or row of its table of customers.

    Who is named in `apart` has a number of its own. Customers behind a load are called
    `<load>/<k>` from 1, beside the names and meters of the table. Their feeder is that of the
    table of feeders in normal state, the innermost where one lies in another; without a table it is
    the source that feeds them.
    """
    grid, alone = topology.grid, {name.lower() for name in apart}
    names: list[str] = []
    customers: list[int] = []
    load: list[int] = []
    known: dict[str, list[int]] = {}
    grouped: dict[str, int] = {}
    served = grid.loads.flags("in_service")
    before = np.zeros(len(grid.loads), np.int64)
    for row, name, meter, count in _groups(grid):
        if not served[row] or count <= 0:
            continue
        of_load = str(grid.loads["name"][row])
        each = [f"{of_load}/{before[row] + k}" for k in range(1, count + 1)]
        before[row] += count
        own = [one for one in each if one.lower() in alone] if count > 1 else []
        numbers = list(range(len(names), len(names) + len(own) + (len(own) < count)))
        for one in own:
            known[one.lower()] = [numbers[own.index(one)]]
        names += own
        customers += [1] * len(own)
        load += [row] * len(numbers)
        if len(own) < count:
            names.append(name)
            customers.append(count - len(own))
            grouped |= {one.lower(): numbers[-1] for one in each if one not in own}
        for said in {name.lower(), meter.lower(), of_load.lower()} - {""}:
            known[said] = [*known.get(said, ()), *numbers]
        if count == 1:
            known.setdefault(each[0].lower(), numbers)
    rows, many = np.array(load, np.int64), np.array(customers, np.int64)
    behind = np.bincount(rows, many, len(grid.loads))
    demand = grid.loads.numbers("p_kw")[rows] * many / np.maximum(behind[rows], 1)
    classes = [text or NO_CLASS for text in grid.loads.texts("class")]
    feeders = feeders_of(topology)
    return Roster(
        names=tuple(names),
        customers=many,
        load=rows,
        kw=demand,
        classes=tuple(classes[row] for row in load),
        feeders=tuple(feeders[row] for row in load),
        known={name: tuple(dict.fromkeys(numbers)) for name, numbers in known.items()},
        grouped=grouped,
    )


def feeders_of(topology: Topology) -> tuple[str, ...]:
    """[loads] the feeder of each in normal state, as `roster_of` has it."""
    grid, normal = topology.grid, Snapshot.normal(topology.grid)
    rows, nodes = topology.wiring.load_nodes
    found = [NO_FEEDER] * len(grid.loads)
    if not len(grid.feeders):
        sources, fed = grid.sources.texts("name"), topology.fed_by(normal)[nodes]
        for row, source in zip(rows.tolist(), fed.tolist(), strict=True):
            if source >= 0:
                found[row] = sources[source]
        return tuple(found)
    smallest = np.full(len(grid.loads), np.inf)
    for name, head in zip(grid.feeders.texts("name"), grid.feeders.texts("head"), strict=True):
        try:
            below, _ = topology.down(normal, head)
        except GridError:
            continue  # the check of the grid tells of a head that is not there
        size = float(below.sum())
        for row in set(rows[below[nodes]].tolist()):
            if size < smallest[row]:
                smallest[row], found[row] = size, name
    return tuple(found)


def _groups(grid: Grid) -> list[tuple[int, str, str, int]]:
    """Row of the load, name, meter and count of each row of customers; of each load without any."""
    if not len(grid.customers):
        counts = grid.loads.counts("customers").tolist()
        return [(k, name, "", counts[k]) for k, name in enumerate(grid.loads.texts("name"))]
    table = grid.customers
    columns = (table.texts("load"), table.texts("name"), table.texts("meter"))
    counts = table.counts("count").tolist()
    return [
        (grid.loads.row(load), name, meter, counts[k])
        for k, (load, name, meter) in enumerate(zip(*columns, strict=True))
    ]
