"""What a command is given: a model by path or example, and files of positions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridmend.model.errors import GridmendError

if TYPE_CHECKING:
    from gridmend.model.grid import Grid
    from gridmend.model.snapshot import Snapshot

STEP_MOST = 1000
"""Beyond any tap changer or capacitor bank."""


def read_grid(path: str, *, root: Path | None) -> Grid:
    """The grid of a file, folder or example."""
    from gridmend.formats.read import read

    if not path.strip():
        raise GridmendError("the path is empty", mend="name a file, a folder or an example")
    return read(path, root=root)


def read_solvable_grid(path: str, *, root: Path | None) -> Grid:
    """The grid, refused where it has errors: what they would spoil is not worth solving."""
    from gridmend.model.check import check_grid

    grid = read_grid(path, root=root)
    errors = [f for f in check_grid(grid) if f.severity == "error"]
    if not errors:
        return grid
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    raise GridmendError(
        f"{path} cannot be solved: {first.what}{more}",
        where=first.where,
        mend=(first.mend + "; " if first.mend else "") + f"see all with: gridmend check {path}",
    )


def find_faulted(grid: Grid, element: str) -> None:
    """Refuse an element that is not there, with the option that names it."""
    try:
        grid.find(element)
    except GridmendError as problem:
        first = next((f"{t.schema.row}.{t['name'][0]}" for t in (grid.lines,) if len(t)), "line.l1")
        raise GridmendError(
            problem.what,
            where=f"--fault {element}",
            mend=problem.mend or f"name an element of the model, such as {first}",
        ) from None


def with_given(snapshot: Snapshot, grid: Grid, given: dict[str, Any], path: Path) -> Snapshot:
    """The snapshot with the positions of a file, which an error names."""
    try:
        return snapshot.with_positions(grid, given)
    except GridmendError as problem:
        where = f"--positions {path}" + (f", {problem.where}" if problem.where else "")
        mend = problem.mend or "see what there is with: gridmend solve PATH --json"
        raise GridmendError(problem.what, where=where, mend=mend) from None


def read_positions(path: Path) -> dict[str, Any]:
    """The positions of a JSON file, in the form that `solve --json` answers."""
    where = f"--positions {path}"
    form = 'write {"taps": {…}, "capacitors": {…}, "switches": {…}}, as `solve --json` answers'
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise GridmendError("there is no such file", where=where, mend="check its name") from None
    except IsADirectoryError:
        raise GridmendError("it is a folder, not a file", where=where, mend=form) from None
    except UnicodeDecodeError as problem:
        raise GridmendError(f"it is not text: {problem}", where=where, mend=form) from None
    try:
        found = json.loads(text)
    except json.JSONDecodeError as problem:
        raise GridmendError(
            f"it is not JSON: {problem.msg}",
            where=f"{where}, line {problem.lineno}, column {problem.colno}",
            mend=form,
        ) from None
    except RecursionError:
        raise GridmendError("it is nested too deeply", where=where, mend=form) from None
    if not isinstance(found, dict):
        raise GridmendError("it is not a JSON object", where=where, mend=form)
    # What `solve --json` answers may be handed back whole.
    kept = {key: value for key, value in found.items() if key in ("taps", "capacitors", "switches")}
    if "converged" not in found:
        kept = found
    for key, value in kept.items():
        if not isinstance(value, dict):
            raise GridmendError(f"'{key}' is not a JSON object", where=where, mend=form)
        for name, position in value.items():
            if isinstance(position, int | float) and not abs(position) <= STEP_MOST:
                raise GridmendError(
                    f"{key}, {name}: no device has so many steps", where=where, mend=form
                )
    return kept
