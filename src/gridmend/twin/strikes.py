"""The faults that weather and ordinary rates bring, put on a plant."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from gridmend.model.errors import GridError
from gridmend.model.grid import SINGULAR
from gridmend.powerflow.network import Network
from gridmend.powerflow.shorts import FAULTED, Short, device_of
from gridmend.twin.plant import Fault, Plant
from gridmend.twin.weather.strikes import Strike


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


def bolted(network: Network, element: str) -> Short:
    """A short circuit of all phases without resistance: in the middle of a line, at the first end
    of anything else. Raises `GridError` where no fault can be on it, with what may be named."""
    grid = network.grid
    table, row = grid.find(element)
    rows = grid.table(table)
    name = str(rows["name"][row])
    if table not in FAULTED:
        raise GridError(
            f"a fault cannot be on {rows.schema.row} '{name}'",
            mend="name a line, a switch, a transformer or a reactor",
        )
    terminals = network.terminals
    here = (terminals.table == table) & (terminals.row == row) & (terminals.terminal == 1)
    phases = tuple(str(phase) for phase in terminals.phase[here] if phase not in ("n", "g"))
    if not phases:
        raise GridError(f"'{name}' is not in service, so that no fault can be on it")
    return Short(f"{SINGULAR[table]}.{name}".lower(), phases, share=0.5 * (table == "lines"))


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
