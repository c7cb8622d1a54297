"""`gridmend reconfigure`: the radial configuration with the least losses."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gridmend.operations.reconfiguration import Reconfiguration

PROVE_MOST_S = 86_400.0
QUIET_S = 2.0
"""Progress is told from here on."""
NAMES_MOST = 40
"""Open branches that a person is shown; --json has all."""


def reconfigure(
    path: Annotated[str, typer.Argument(help="Model file, *_branch.csv, folder or example.")],
    prove_s: Annotated[
        float | None,
        typer.Option("--prove-s", help="Go on proving that nothing loses less, so long [s]."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    root: Annotated[
        Path | None, typer.Option(help="Folder that files named inside the model must lie in.")
    ] = None,
) -> None:
    """Find the radial configuration with the least losses.

    Everybody stays supplied, no limit is kept less well than before, and the gap says how much
    better any other configuration could be.
    """
    from gridmend.model.errors import GridmendError
    from gridmend.ui import answer
    from gridmend.ui.model_input import read_solvable_grid

    if prove_s is not None and not (math.isfinite(prove_s) and 0 <= prove_s <= PROVE_MOST_S):
        raise GridmendError(
            f"a proof cannot go on for {prove_s:g} s",
            where="--prove-s",
            mend="give a number from 0 to a day, 86400",
        )
    grid = read_solvable_grid(path, root=root)

    from gridmend.operations.reconfiguration import prepare
    from gridmend.operations.reconfiguration import reconfigure as reconfigure_grid

    prepare()
    told = _Told()
    if prove_s is None:
        found = reconfigure_grid(grid, told=told)
    else:
        found = reconfigure_grid(grid, parts_most=2**62, seconds_limit=prove_s, told=told)
    if json:
        answer.say_json(found.as_json())
    else:
        _show(grid.name, found)
    if found.problem:
        raise typer.Exit(answer.UNUSABLE)


class _Told:
    """Lines of progress on standard error, one a second at most, and none for short work."""

    def __init__(self) -> None:
        from time import perf_counter

        self._clock = perf_counter
        self._begun = perf_counter()
        self._last_s = QUIET_S - 1

    def __call__(self, line: str) -> None:
        from gridmend.ui.screen import say

        gone_s = self._clock() - self._begun
        if gone_s > self._last_s + 1:
            self._last_s = gone_s
            say(f"{line}, {gone_s:.0f} s gone")


def _show(name: str, found: Reconfiguration) -> None:
    from gridmend.ui.screen import number, show, table

    if found.problem:
        show(f"NOT USABLE: {found.problem}")
        return
    saved = found.base_loss_kw and 100 * (1 - found.loss_kw / found.base_loss_kw)
    rows = [
        ("losses [kW]", number(found.base_loss_kw, ",.2f"), number(found.loss_kw, ",.2f")),
        (
            "lowest voltage [pu]",
            number(found.base_v_min_pu, ".4f"),
            number(found.v_min_pu, ".4f"),
        ),
    ]
    show(table(f"{name}: least losses", ("", "before", "after"), rows))
    shown = ", ".join(found.open_branches[:NAMES_MOST]) or "none"
    more = len(found.open_branches) - NAMES_MOST
    show(f"open: {shown}" + (f" and {more} more: see --json" if more > 0 else ""))
    if found.to_close or found.to_open:
        more_or_less = f"{saved:.1f} % of the losses saved; " if saved else ""
        show(more_or_less + _moves(found))
    if not found.radial:
        show("it has a loop that no switch opens")
    if found.steps:
        _show_steps(found)
    show(*_bound(found), *([found.steps_note] if found.steps_note else []))
    if found.beyond_limits:
        kw, opened = found.beyond_limits
        show(f"limits left aside, {kw:,.2f} kW: open {', '.join(opened)}")
    show(f"{found.method}; {found.seconds:.2f} s")


def _moves(found: Reconfiguration) -> str:
    return f"{len(found.to_close)} switches to close, {len(found.to_open)} to open"


def _show_steps(found: Reconfiguration) -> None:
    from gridmend.ui.screen import number, show, table

    rated = any(step.loading_max_pct is not None for step in found.steps)
    rows = [
        (
            f"{at}.",
            f"{step.action.value} {step.device}",
            number(step.v_min_pu, ".4f"),
            *([number(step.loading_max_pct, ".0f")] if rated else []),
            step.why,
        )
        for at, step in enumerate(found.steps, 1)
    ]
    show(table("", ("", "step", "min pu", *(["load %"] if rated else []), "why"), rows))


def _bound(found: Reconfiguration) -> list[str]:
    if found.gap_pct is None:
        return [f"how much better another could be is not proved: {found.bound_note}"]
    if found.gap_pct == 0:
        return ["gap 0 %: none loses less"]
    least = f"gap {found.gap_pct:.2f} %: none loses less than {found.bound_kw:,.2f} kW"
    note = found.bound_note.partition(", ")[2]
    return [", ".join(part for part in (least, note) if part) + " (--prove-s proves on)"]
