"""What a scenario builds into its grid before it runs: PV systems."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gridmend.model.errors import GridError, nearest
from gridmend.model.grid import Grid


@dataclass(frozen=True, slots=True)
class PvAdded:
    """A PV system at a bus: panels, an inverter, and the phases that it feeds (between them and
    ground). Without a name it is `pv_<bus>`, or with fewer than three phases `pv_<bus>_<phases>`.
    """

    bus: str
    phases: tuple[str, ...]
    panel_kw: float
    rating_kva: float
    power_factor: float = 1.0
    name: str = ""

    @property
    def own_name(self) -> str:
        """Its name in the grid."""
        phases = "" if len(self.phases) >= 3 else "_" + "".join(self.phases)
        return self.name or f"pv_{self.bus}{phases}"


@dataclass(frozen=True, slots=True)
class GridChanges:
    """What is built into the grid of a scenario."""

    pv: tuple[PvAdded, ...] = ()


def with_pv(grid: Grid, added: tuple[PvAdded, ...]) -> Grid:
    """The grid with PV systems at its buses.

    The rated voltage is that of the bus: between phases for two or more, else to ground. Raises
    `GridError` for the first that cannot be; `wrong_with` gives all that is wrong.
    """
    for what, mend in (wrong for pv in added for wrong in wrong_with(grid, pv)):
        raise GridError(what, where="grid_changes.pv", mend=mend)
    names = [pv.own_name.lower() for pv in added]
    for name in names:
        if names.count(name) > 1:
            raise GridError(
                f"two PV systems are called '{name}'", where="grid_changes.pv", mend="name one"
            )
    return grid.with_rows("pv_systems", *(_row(grid, pv) for pv in added)) if added else grid


def wrong_with(grid: Grid, pv: PvAdded) -> Iterator[tuple[str, str]]:
    """What is wrong with a PV system in a grid, each with how to mend it."""
    if pv.own_name.lower() in grid.pv_systems.index:
        yield f"the grid has a PV system '{pv.own_name}' already", "give it another name"
    row = grid.buses.index.get(pv.bus.lower())
    if row is None:
        near = nearest(pv.bus, grid.buses)
        yield f"there is no bus '{pv.bus}'", near or "name a bus of the grid"
        return
    there = phases_at(grid, pv.bus)
    if missing := [phase for phase in pv.phases if phase not in there]:
        has = " ".join(sorted(there)) or "none"
        yield f"bus '{pv.bus}' has no phase {' '.join(missing)}", f"its phases are {has}"
    base_kv = float(grid.buses.numbers("base_kv")[row])
    if not (math.isfinite(base_kv) and base_kv > 0):
        yield f"bus '{pv.bus}' has no rated voltage", "give its base_kv in the grid"


def phases_at(grid: Grid, bus: str) -> set[str]:
    """The phases that lines, switches, transformers and sources bring to a bus."""
    found: set[str] = set()
    folded = bus.lower()
    for table in (grid.lines, grid.switches, grid.reactors):
        for end in ("1", "2"):
            buses = [b.lower() for b in table.texts(f"bus{end}")]
            phases = table.texts(f"phases{end}")
            found.update(*(p.split() for b, p in zip(buses, phases, strict=True) if b == folded))
    buses = [b.lower() for b in grid.windings.texts("bus")]
    phases = grid.windings.texts("phases")
    found.update(*(p.split() for b, p in zip(buses, phases, strict=True) if b == folded))
    if folded in (b.lower() for b in grid.sources.texts("bus")):
        found.update("abc")
    return found - {"n", "g"}


def _row(grid: Grid, pv: PvAdded) -> dict[str, Any]:
    row = grid.buses.row(pv.bus)
    base_kv = float(grid.buses.numbers("base_kv")[row])
    to_ground_kv = base_kv / math.sqrt(3)
    of_legs = set(pv.phases) == {"s1", "s2"}
    between_kv = 2 * to_ground_kv if of_legs else base_kv
    return {
        "name": pv.own_name,
        "bus": str(grid.buses["name"][row]),
        "phases": " ".join((*pv.phases, "g")),
        "kv": to_ground_kv if len(pv.phases) == 1 else between_kv,
        "panel_kw": pv.panel_kw,
        "rating_kva": pv.rating_kva,
        "power_factor": pv.power_factor,
    }
