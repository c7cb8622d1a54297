"""Faults as they are put on a plant: those that weather and rates bring, and plain ones."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from gridmend.model.errors import GridError
from gridmend.model.grid import SINGULAR, Grid
from gridmend.powerflow.shorts import FAULTED, Short, device_of
from gridmend.twin.plant import Fault, Plant
from gridmend.twin.weather.strikes import Strike

CONDUCTORS = ("a", "b", "c", "s1", "s2")
"""Conductors that a fault may be on."""


def fault_of(strike: Strike) -> Fault:
    """What a strike does to its element."""
    short = Short(
        strike.element,
        strike.phases,
        strike.r_ohm,
        to_ground=strike.kind != "line_line",
        share=strike.position_pu,
    )
    return Fault(short, strike.is_permanent, strike.cause.value)


def bolted(grid: Grid, element: str) -> Short:
    """A short circuit of all phases without resistance: in the middle of a line, at the first end
    of anything else. Raises `GridError` where no fault can be on it, with what may be named."""
    table, row = faulted(element, grid)
    name = f"{SINGULAR[table]}.{grid.table(table)['name'][row]}".lower()
    return Short(name, phases_of(grid, table, row), share=0.5 if table == "lines" else 0.0)


def faulted(element: str, grid: Grid) -> tuple[str, int]:
    """Table and row of an element on which a fault may be; `GridError` where none may."""
    table, row = grid.find(element)
    rows = grid.table(table)
    name = str(rows["name"][row])
    if table not in FAULTED:
        raise GridError(
            f"a fault cannot be on {rows.schema.row} '{name}'",
            mend="name a line, a switch, a transformer or a reactor",
        )
    if not bool(rows.flags("in_service")[row]):
        raise GridError(
            f"{rows.schema.row} '{name}' is not in service", mend="name one that is in service"
        )
    return table, row


def phases_of(grid: Grid, table: str, row: int) -> tuple[str, ...]:
    """The phases of an element at its first end, in its own order."""
    if table == "transformers":
        name = str(grid.transformers["name"][row])
        windings = grid.windings.where("transformer", name)
        first = min(windings.tolist(), key=lambda k: int(grid.windings["number"][k]))
        written = str(grid.windings["phases"][first])
    else:
        written = str(grid.table(table)["phases1"][row])
    return tuple(phase for phase in written.split() if phase in CONDUCTORS)


def expect(plant: Plant, strikes: Iterable[Strike]) -> int:
    """Have every strike happen at its time; how many.

    Raises `GridError` before any is expected where one cannot be, and `GridmendError` for one in
    the past.
    """
    expected = [(strike.time_s, fault_of(strike)) for strike in strikes]
    for _, fault in expected:
        device_of(plant.world.network, fault.short)
    for time_s, fault in expected:
        plant.agenda.at(time_s, partial(_strike, plant, fault))
    return len(expected)


def _strike(plant: Plant, fault: Fault) -> None:
    plant.strike(fault)
