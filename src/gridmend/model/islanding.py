"""Island mode: sources that stand for a grid-forming generator or storage which holds a voltage.

Such a source is off until somebody connects it. While it is on, its resource gives what the source
gives, and nothing besides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.model.errors import Finding, GridError, nearest
from gridmend.model.grid import SINGULAR, Grid

FORMING = ("storages", "generators")
"""Tables with a column `grid_forming`."""

REACTANCE_PU = 0.01
"""Of the source that `with_island_sources` adds for an inverter, which holds its voltage: next to
nothing. Assumed."""


@dataclass(frozen=True, slots=True)
class Former:
    """A resource in island mode: the row of its source, where it is, and what it gives.

    `energy_kwh` is what it can give in all, from what is stored now to its reserve; inf for a
    generator. Powers that are not known are nan.
    """

    source: int
    table: str
    row: int
    rating_kva: float
    power_kw: float
    energy_kwh: float


def formers(grid: Grid) -> Iterator[Former]:
    """The resources in service that a source in service stands for, by the row of the source."""
    for source, (table, row) in places(grid).items():
        here, used = grid.table(table), grid.sources.flags("in_service")[source]
        used &= bool(grid.sources["phases"][source].split())
        if used and here.flags("in_service")[row] and here.flags("grid_forming")[row]:
            power_kw = rating_kva = float(here.numbers("rating_kva")[row])
            energy_kwh = inf
            if table == "storages":
                power_kw = float(here.numbers("rating_kw")[row])
                energy_kwh = float(deliverable_kwh(grid)[row])
            yield Former(source, table, row, rating_kva, power_kw, energy_kwh)


def places(grid: Grid) -> dict[int, tuple[str, int]]:
    """By the row of a source the table and row of the resource that it stands for; what is not
    there, and a second source of one resource, is left out."""
    found: dict[int, tuple[str, int]] = {}
    for source, resource in enumerate(grid.sources.texts("resource")):
        if not resource:
            continue
        try:
            place = grid.find(resource)
        except GridError:
            continue
        if place[0] in FORMING and place not in found.values():
            found[source] = place
    return found


def resources(grid: Grid) -> dict[int, str]:
    """The same by the key of the resource, as `Grid.key` writes it."""
    return {
        source: f"{SINGULAR[table]}.{grid.table(table)['name'][row]}".lower()
        for source, (table, row) in places(grid).items()
    }


def deliverable_kwh(grid: Grid) -> Floats:
    """[storages] energy that each can give, from what is stored at the instant to its reserve."""
    number = grid.storages.numbers
    kept_kwh = number("capacity_kwh") * number("reserve_pct") / 100
    stored_kwh = np.minimum(number("stored_kwh"), number("capacity_kwh"))
    above_kwh = np.maximum(stored_kwh - kept_kwh, 0.0)
    return above_kwh * number("discharge_efficiency_pct") / 100


def capacities_kva(grid: Grid) -> Floats:
    """[sources] what each can supply: its `capacity_kva`, or, where that is unset, the smaller of
    the ratings of the resource that it stands for; nan where that is not known either."""
    found = grid.sources.numbers("capacity_kva").astype(float)
    for one in formers(grid):
        if np.isnan(found[one.source]):
            found[one.source] = np.fmin(one.rating_kva, one.power_kw)
    return found


def source_of(grid: Grid, table: str, count: int) -> Ints:
    """[rows of a table] the source that stands for each in island mode, -1 where none does."""
    found = np.full(count, -1, np.int64)
    for source, (kind, row) in places(grid).items():
        if kind == table:
            found[row] = source
    return found


def with_island_sources(grid: Grid) -> Grid:
    """The grid with a source in island mode, off, for each grid-forming resource without one.

    Its name is that of the resource and `island`; it drives the phases that the resource has. One
    at a split-phase service, which has none of them, gets none. Raises `GridError` for a resource
    without a rating.
    """
    taken = set(places(grid).values())
    rows = [
        _source_for(grid, table, row)
        for table in FORMING
        for row in np.flatnonzero(grid.table(table).flags("grid_forming")).tolist()
        if (table, row) not in taken and _phases_of(grid, table, row)
    ]
    return grid.with_rows("sources", *rows) if rows else grid


def _source_for(grid: Grid, table: str, row: int) -> dict[str, object]:
    record = grid.table(table).record(str(grid.table(table)["name"][row]))
    kv, rating_kva = float(record["kv"]), float(record["rating_kva"])
    if not (kv > 0 and rating_kva > 0):
        raise GridError(
            f"{SINGULAR[table]} '{record['name']}' has no rating by which to hold a voltage",
            mend="give its kv and rating_kva",
        )
    x_ohm = REACTANCE_PU * 1000 * kv**2 / rating_kva
    return {
        "name": f"{record['name']} island", "bus": record["bus"], "base_kv": kv,
        "phases": _phases_of(grid, table, row), "x1_ohm": x_ohm, "x0_ohm": x_ohm,
        "normally_used": False, "resource": f"{SINGULAR[table]}.{record['name']}",
    }  # fmt: skip


def _phases_of(grid: Grid, table: str, row: int) -> str:
    """The phases among the conductors of a resource."""
    words = str(grid.table(table)["phases"][row]).lower().split()
    return " ".join(word for word in words if word in ("a", "b", "c"))


def check_islanding(grid: Grid) -> Iterator[Finding]:
    """Findings of sources in island mode that cannot be meant, and of grid-forming resources that
    none stands for."""
    table, seen = grid.sources, dict[tuple[str, int], str]()
    for row, resource in enumerate(table.texts("resource")):
        if resource:
            name = str(table["name"][row])
            for what, mend in _problems(grid, row, resource, seen):
                yield Finding("error", f"source '{name}': {what}", "sources, column resource", mend)
    yield from _stores(grid)
    for kind in FORMING:
        for row in np.flatnonzero(grid.table(kind).flags("grid_forming")).tolist():
            if (kind, row) not in seen:
                name = grid.table(kind)["name"][row]
                yield Finding(
                    "note",
                    f"{SINGULAR[kind]} '{name}' may hold an island, and no source stands for that",
                    f"{kind}, row '{name}'",
                    f"add a row to sources at its bus, with resource {SINGULAR[kind]}.{name} and "
                    "normally_used False; no plan forms an island without",
                )


def _stores(grid: Grid) -> Iterator[Finding]:
    """Storages that hold more than they can, or give nothing of it."""
    number, names = grid.storages.numbers, grid.storages["name"]
    for row in np.flatnonzero(number("stored_kwh") > number("capacity_kwh")).tolist():
        what = f"storage '{names[row]}': stored_kwh is above capacity_kwh"
        yield Finding("warning", what, "storages, column stored_kwh", "it is taken for full")
    for column in ("charge_efficiency_pct", "discharge_efficiency_pct"):
        share = number(column)
        for row in np.flatnonzero(~((share > 0) & (share <= 100))).tolist():
            what = f"storage '{names[row]}': {column} is not above 0 and at most 100"
            yield Finding("warning", what, f"storages, column {column}", "give it in per cent")


def _problems(
    grid: Grid, row: int, resource: str, seen: dict[tuple[str, int], str]
) -> Iterator[tuple[str, str]]:
    """What is wrong with one source in island mode, each with how to mend it."""
    sources = grid.sources
    try:
        kind, at = grid.find(resource)
    except GridError as problem:
        known = [f"{SINGULAR[t]}.{n}" for t in FORMING for n in grid.table(t)]
        yield problem.what, problem.mend or nearest(resource, known) or "name a storage"
        return
    if kind not in FORMING:
        yield f"'{resource}' is no generator or storage", "name one that may hold a voltage"
        return
    table = grid.table(kind)
    if (kind, at) in seen:
        yield f"'{seen[kind, at]}' stands for {resource} too", "leave one of them out"
    seen.setdefault((kind, at), str(sources["name"][row]))
    if not table.flags("grid_forming")[at]:
        yield f"{resource} does not hold a voltage", "set its grid_forming, or name another"
    if str(table["bus"][at]).lower() != str(sources["bus"][row]).lower():
        yield f"it is not at the bus of {resource}", f"give bus {table['bus'][at]}"
    if sources.flags("normally_used")[row]:
        yield "it is in island mode and normally used", "set normally_used to False"
    missing = set(str(sources["phases"][row]).split()) - set(str(table["phases"][at]).split())
    if missing - {"g", "n"}:
        named = " ".join(sorted(missing))
        yield f"{resource} has no phase {named}", f"give phases of {table['phases'][at]}"
