"""`gridmend restore`: the switching plan that heals a fault."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

REPAIR_MOST_MIN = 20_160.0


def restore(
    path: Annotated[str, typer.Argument(help="Model file, folder or example.")],
    fault: Annotated[str, typer.Option(help="Faulted element, for example line.l52.")],
    load_mult: Annotated[
        float | None, typer.Option("--load-mult", help="Demand as a multiple of the model's.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="Time of day, as 17:30: demand by the default daily shape.")
    ] = None,
    repair_min: Annotated[
        float, typer.Option("--repair-min", help="How long the crew takes [min].")
    ] = 180.0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    root: Annotated[
        Path | None, typer.Option(help="Folder that files named inside the model must lie in.")
    ] = None,
) -> None:
    """Plan the switching that heals a fault.

    It isolates the fault and restores around it, upstream and through ties, each step checked
    by power flow. SAIDI compares it with waiting for the crew.
    """
    from gridmend.model.errors import GridmendError
    from gridmend.ui import answer
    from gridmend.ui.model_input import find_faulted, read_solvable_grid

    if load_mult is not None and at is not None:
        raise GridmendError(
            "--load-mult and --at both say the demand", where="restore", mend="give one of them"
        )
    if load_mult is not None and not (math.isfinite(load_mult) and 0 <= load_mult <= 100):
        raise GridmendError(
            f"demand cannot be {load_mult:g} times the model's",
            where="--load-mult",
            mend="give a number from 0 to 100",
        )
    multiplier = 1.0 if load_mult is None else load_mult
    if at is not None:
        from gridmend.runtime.shape import demand_at, minute_of_day, residential_shape

        multiplier = demand_at(residential_shape(), minute_of_day(at, "--at"))
    if not 0 < repair_min <= REPAIR_MOST_MIN:
        raise GridmendError(
            f"a repair cannot take {repair_min:g} minutes",
            where="--repair-min",
            mend="give more than 0 and at most a fortnight, 20160",
        )
    grid = read_solvable_grid(path, root=root)
    find_faulted(grid, fault)

    from gridmend.ui.restore_study import show_study, study

    found = study(grid, fault, multiplier=multiplier, repair_min=repair_min)
    if json:
        answer.say_json(found.as_json())
    else:
        show_study(found)
    if found.problem:
        raise typer.Exit(answer.UNUSABLE)
