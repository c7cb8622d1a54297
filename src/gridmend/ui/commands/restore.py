"""`gridmend restore`: the switching plan that heals a fault."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

REPAIR_MOST_MIN = 20_160.0
REPAIR_MIN = 180.0
STEP_MIN = 15.0
PIECES_MOST = 192
"""Steps of the forecast: two days of quarter-hours; after them the last holds."""


def restore(
    path: Annotated[str, typer.Argument(help="Model file, folder or example.")],
    fault: Annotated[str, typer.Option(help="Faulted element, for example line.l52.")],
    phases: Annotated[
        str, typer.Option(help="Faulted phases, as a or 'a b', where not all of them are.")
    ] = "",
    load_mult: Annotated[
        float | None, typer.Option("--load-mult", help="Demand as a multiple of the model's.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="Time of day, as 17:30: demand by the default daily shape.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Time of day at which the repair ends, as 21:00; with --at.")
    ] = None,
    repair_min: Annotated[
        float | None, typer.Option("--repair-min", help="How long the crew takes [min]: 180.")
    ] = None,
    cold_load: Annotated[
        bool,
        typer.Option(
            "--cold-load/--no-cold-load", help="Whether loads draw more when they come back."
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    root: Annotated[
        Path | None, typer.Option(help="Folder that files named inside the model must lie in.")
    ] = None,
) -> None:
    """Plan the switching that heals a fault.

    It isolates the fault and restores around it, upstream and through ties, each step checked
    by power flow, and at every time until the repair: by the default daily shape with --at,
    else at the same demand; --cold-load has loads draw more when they come back. SAIDI compares it
    with waiting for the crew.
    """
    from gridmend.ui import answer
    from gridmend.ui.model_input import find_faulted, read_solvable_grid

    _check_demand(load_mult, at)
    lasts_min = _repair_min(at, until, repair_min)
    grid = read_solvable_grid(path, root=root)
    find_faulted(grid, fault)

    from gridmend.operations.cold_load import ColdLoad
    from gridmend.ui.restore_study import show_study, study

    found = study(
        grid,
        fault,
        factors=[1.0 if load_mult is None else load_mult] if at is None else _shape(at, lasts_min),
        step_min=STEP_MIN,
        repair_min=lasts_min,
        cold=ColdLoad() if cold_load else None,
        begin=None if at is None else _today_at(at),
        phases=phases,
    )
    if json:
        answer.say_json(found.as_json())
    else:
        show_study(found)
    if found.problem:
        raise typer.Exit(answer.UNUSABLE)


def _check_demand(load_mult: float | None, at: str | None) -> None:
    """Raise `GridmendError` where the demand is said twice, or cannot be meant."""
    from gridmend.model.errors import GridmendError

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


def _repair_min(at: str | None, until: str | None, repair_min: float | None) -> float:
    """How long the repair takes, as either option says."""
    from gridmend.model.errors import GridmendError
    from gridmend.runtime.shape import MINUTES_A_DAY, minute_of_day

    if until is not None:
        if at is None or repair_min is not None:
            raise GridmendError(
                "--until says when a repair ends that begins with --at, in place of --repair-min",
                where="restore",
                mend="give --at and --until, or --repair-min alone",
            )
        lasts = (minute_of_day(until, "--until") - minute_of_day(at, "--at")) % MINUTES_A_DAY
        return float(lasts or MINUTES_A_DAY)
    if repair_min is None:
        return REPAIR_MIN
    if not 0 < repair_min <= REPAIR_MOST_MIN:
        raise GridmendError(
            f"a repair cannot take {repair_min:g} minutes",
            where="--repair-min",
            mend="give more than 0 and at most a fortnight, 20160",
        )
    return repair_min


def _shape(at: str, lasts_min: float) -> list[float]:
    """Multiples of the model's demand from a time of day on, by the default daily shape: then,
    and of each step from there the highest."""
    from gridmend.runtime.shape import demand_at, minute_of_day, residential_shape

    shape, begin = residential_shape(), minute_of_day(at, "--at")
    pieces = min(math.ceil(lasts_min / STEP_MIN), PIECES_MOST)
    starts = [begin + STEP_MIN * k for k in range(1, pieces)]
    later = [max(demand_at(shape, m), demand_at(shape, m + STEP_MIN - 1)) for m in starts]
    return [demand_at(shape, begin), *later]


def _today_at(at: str) -> datetime:
    """A moment with that time of day; the day says nothing."""
    from gridmend.runtime.shape import minute_of_day

    hour, minute = divmod(minute_of_day(at, "--at"), 60)
    return datetime(2000, 1, 1, hour, minute, tzinfo=UTC)
