"""The distributed resources of a grid, with the settings of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gridmend.model.errors import Finding, GridError, nearest
from gridmend.model.grid import SINGULAR, Grid
from gridmend.model.islanding import FORMING, places
from gridmend.twin.inverters.machine import RideThrough
from gridmend.twin.inverters.settings import Settings, findings
from gridmend.twin.inverters.standard import NOMINAL_HZ, RANDOM_BELOW_KVA, Category
from gridmend.twin.streams import Streams

DEFAULT_CATEGORY: Mapping[str, Category] = {
    "generators": Category.I,
    "pv_systems": Category.III,
    "storages": Category.III,
}
"""Category of a resource that is given none. Assumed.

The standard assigns none: whoever governs interconnection does. Inverters get III, the category
meant for feeders with many of them; rows of `generators` may be rotating machines, and I is what
every technology attains.
"""


@dataclass(frozen=True, eq=False)
class Fleet:
    """Resources in service, in the order of generators, PV systems, storages; all [der].

    `names` bear their class (`pv_system.roof`), `phases` are the conductors as the grid says.
    """

    names: tuple[str, ...]
    buses: tuple[str, ...]
    phases: tuple[str, ...]
    rating_kva: NDArray[np.float64]
    forming: NDArray[np.bool_]
    settings: tuple[Settings, ...]

    def __len__(self) -> int:
        return len(self.names)

    def machine(self, streams: Streams | None = None) -> RideThrough:
        """The state machine of these resources."""
        return RideThrough.of(
            self.settings, names=self.names, forming=self.forming, streams=streams
        )

    def findings(self) -> tuple[Finding, ...]:
        """Settings outside the standard's ranges, resource by resource."""
        found: list[Finding] = []
        known: dict[Settings, tuple[Finding, ...]] = {}
        for name, kva, each in zip(
            self.names, self.rating_kva.tolist(), self.settings, strict=True
        ):
            if each not in known:
                known[each] = findings(each)
            found += (replace(f, where=f"{name}; {f.where}") for f in known[each])
            if each.enter_service.random_s > 0 and kva >= RANDOM_BELOW_KVA:
                found.append(
                    Finding(
                        "warning",
                        f"a randomised delay is for less than {RANDOM_BELOW_KVA:g} kVA, "
                        f"not for {kva:g} kVA",
                        f"{name}; IEEE Std 1547-2018, 4.10.3",
                        "set enter_service.random_s to 0 and ramp_s within its range",
                    )
                )
        return tuple(found)


def der_of(
    grid: Grid,
    settings: Mapping[str, Settings | Category | str] | None = None,
    *,
    default: Settings | Category | str | None = None,
) -> Fleet:
    """The generators, PV systems and storages of a grid that are in service.

    `settings` by name of the resource, with or without its class; a category stands for its
    defaults. Who is not named gets `default`, and without one the category of its table.
    Raises `GridError` for a name that is no such resource, and for defaults of the standard in
    a grid that does not run at 60 Hz.
    """
    named = _by_key(grid, settings or {})
    fallback = {table: _settings(default or DEFAULT_CATEGORY[table]) for table in DEFAULT_CATEGORY}
    rows = [
        (table, row)
        for table in DEFAULT_CATEGORY
        for row in np.flatnonzero(grid.table(table).flags("in_service")).tolist()
    ]
    chosen = tuple(named.get(place, fallback[place[0]]) for place in rows)
    names = tuple(f"{SINGULAR[table]}.{grid.table(table)['name'][row]}" for table, row in rows)
    if grid.frequency_hz != NOMINAL_HZ:
        for name, each in zip(names, chosen, strict=True):
            if not each.uf1.f_hz < grid.frequency_hz < each.of1.f_hz:
                raise GridError(
                    f"'{name}' would trip at {grid.frequency_hz:g} Hz: its settings are for "
                    f"{NOMINAL_HZ:g} Hz",
                    where=grid.name,
                    mend="give settings whose frequencies are those of the grid",
                )
    return Fleet(
        names=names,
        buses=tuple(str(grid.table(table)["bus"][row]) for table, row in rows),
        phases=tuple(str(grid.table(table)["phases"][row]) for table, row in rows),
        rating_kva=np.array([grid.table(t).numbers("rating_kva")[row] for t, row in rows], float),
        forming=np.array([_forms(grid, table, row) for table, row in rows], bool),
        settings=chosen,
    )


def _by_key(
    grid: Grid, settings: Mapping[str, Settings | Category | str]
) -> dict[tuple[str, int], Settings]:
    found: dict[tuple[str, int], Settings] = {}
    for name, given in settings.items():
        place = grid.find(name)
        if place[0] not in DEFAULT_CATEGORY:
            known = [n for table in DEFAULT_CATEGORY for n in grid.table(table)]
            raise GridError(
                f"'{name}' is a {SINGULAR[place[0]]}, which is no distributed resource",
                where="settings of ride-through",
                mend=nearest(name, known) or "name a generator, a PV system or a storage",
            )
        if place in found:
            raise GridError(f"'{name}' is given settings twice", mend="name it once")
        found[place] = _settings(given)
    return found


def _settings(given: Settings | Category | str) -> Settings:
    return given if isinstance(given, Settings) else Settings.of(given)


def _forms(grid: Grid, table: str, row: int) -> bool:
    """Whether it may hold the voltage of an island by itself, without a source that stands for it
    in island mode; PV systems have no such column."""
    forms = table in FORMING and bool(grid.table(table).flags("grid_forming")[row])
    return forms and (table, row) not in places(grid).values()
