"""`gridmend shortcircuit`: fault currents at one bus or at all."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

KEYS = ("three_phase_a", "line_ground_a", "line_line_a", "line_line_ground_a", "x_over_r")


def shortcircuit(
    path: Annotated[str, typer.Argument(help="Model file, folder or example.")],
    bus: Annotated[str | None, typer.Option(help="One bus; all where not given.")] = None,
    fault_ohm: Annotated[
        float, typer.Option("--fault-ohm", help="Resistance of the fault [ohm].")
    ] = 0.0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    root: Annotated[
        Path | None, typer.Option(help="Folder that files named inside the model must lie in.")
    ] = None,
) -> None:
    """Calculate fault currents at every bus, or at one."""
    import math

    from gridmend.model.errors import GridmendError
    from gridmend.ui import answer
    from gridmend.ui.model_input import read_solvable_grid

    if not (math.isfinite(fault_ohm) and fault_ohm >= 0):
        raise GridmendError(
            f"a fault cannot have {fault_ohm:g} ohm",
            where="--fault-ohm",
            mend="give a number that is 0 or more",
        )
    grid = read_solvable_grid(path, root=root)
    if bus is not None:
        grid.buses.row(bus)

    from gridmend.powerflow.short_circuit import short_circuit

    begun = perf_counter()
    found = short_circuit(grid, None, bus=bus, fault_ohm=fault_ohm)
    seconds = perf_counter() - begun
    if json:
        answer.say_json({"buses": found, "seconds": seconds})
    else:
        _show(grid.name, found, fault_ohm)


def _show(name: str, found: dict[str, Any], fault_ohm: float) -> None:
    from gridmend.ui import screen

    rows = [
        (bus, *(screen.number(values.get(key), ",.0f") for key in KEYS[:4]),
         screen.number(values.get("x_over_r"), ".2f"))
        for bus, values in found.items()
    ]  # fmt: skip
    headings = ("bus", "3-phase A", "L-G A", "L-L A", "L-L-G A", "X/R")
    screen.show(screen.table(f"{name}: fault currents at {fault_ohm:g} ohm", headings, rows))
