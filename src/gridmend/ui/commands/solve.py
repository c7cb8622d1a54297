"""`gridmend solve`: the power flow of a model at an instant."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from gridmend.model.flow import Flow
    from gridmend.model.grid import Grid


class Controls(StrEnum):
    """Whether regulators and capacitors move."""

    OFF = "off"
    STATIC = "static"


def solve(
    path: Annotated[str, typer.Argument(help="Model file, folder or example.")],
    controls: Annotated[
        Controls, typer.Option(help="Leave taps and capacitors, or let them settle.")
    ] = Controls.STATIC,
    positions: Annotated[
        Path | None, typer.Option(help="JSON file of taps, capacitors and switches.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="CSV file of node voltages.")] = None,
    elements: Annotated[Path | None, typer.Option(help="CSV file of element flows.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    root: Annotated[
        Path | None, typer.Option(help="Folder that files named inside the model must lie in.")
    ] = None,
) -> None:
    """Solve the power flow: voltages, losses, loading, taps."""
    from gridmend.ui import answer
    from gridmend.ui.model_input import read_positions, read_solvable_grid, with_given

    _check_outputs(out, elements, inputs=[Path(path), *([positions] if positions else [])])
    given = read_positions(positions) if positions else {}
    grid = read_solvable_grid(path, root=root)

    from gridmend.model.snapshot import Snapshot
    from gridmend.powerflow.results import summary
    from gridmend.powerflow.solve import solve as solve_grid

    snapshot = Snapshot.normal(grid)
    if positions:
        snapshot = with_given(snapshot, grid, given, positions)
    begun = perf_counter()
    flow = solve_grid(grid, snapshot, controls=controls.value)
    seconds = perf_counter() - begun
    _write(grid, flow, out=out, elements=elements)
    found = {**summary(grid, flow), "seconds": seconds}
    if json:
        answer.say_json(found)
    else:
        _show(grid, flow, found)
    if not flow.converged:
        raise typer.Exit(answer.UNUSABLE)


def _check_outputs(out: Path | None, elements: Path | None, *, inputs: list[Path]) -> None:
    from gridmend.model.errors import GridmendError
    from gridmend.ui.output_file import check_output, same_file

    if out:
        check_output(out, "--out", inputs=inputs)
    if elements:
        check_output(elements, "--elements", inputs=inputs)
    if out and elements and same_file(out, elements):
        raise GridmendError(
            f"--out and --elements both name {out}", mend="give each a file of its own"
        )


def _write(grid: Grid, flow: Flow, *, out: Path | None, elements: Path | None) -> None:
    from gridmend.powerflow.results import element_rows, node_rows
    from gridmend.ui.output_file import write_csv

    if out:
        write_csv(out, ("bus", "phase", "v_pu", "angle_deg", "v_kv"), node_rows(grid, flow))
    if elements:
        headings = (
            "element", "terminal", "phase", "p_kw", "q_kvar", "i_a", "rating_a", "loading_pct",
        )  # fmt: skip
        write_csv(elements, headings, element_rows(grid, flow))


def _show(grid: Grid, flow: Flow, found: dict[str, Any]) -> None:
    from gridmend.ui.flow_tables import show_flow

    show_flow(grid, flow, found)
