"""`gridmend check`: every finding of a model, with where and how to mend."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from gridmend.model.errors import Finding
    from gridmend.model.grid import Grid

SHOWN = 200
"""Findings that are printed for a person; --json gives all."""


def check(
    path: Annotated[str, typer.Argument(help="Model file, folder or example.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    root: Annotated[
        Path | None, typer.Option(help="Folder that files named inside the model must lie in.")
    ] = None,
) -> None:
    """Validate a model: what is wrong and how to mend it."""
    from gridmend.model.check import check_grid
    from gridmend.ui import answer
    from gridmend.ui.model_input import read_grid

    grid = read_grid(path, root=root)
    findings = check_grid(grid)
    is_ok = not any(f.severity == "error" for f in findings)
    if json:
        answer.say_json(
            {
                "ok": is_ok,
                "findings": [
                    {"severity": f.severity, "what": f.what, "where": f.where, "mend": f.mend}
                    for f in findings
                ],
                "counts": counts(grid),
            }
        )
    else:
        _show(grid, findings, is_ok)
    if not is_ok:
        raise typer.Exit(answer.USER_ERROR)


def counts(grid: Grid) -> dict[str, Any]:
    """How many of each class there are, with nodes and customers."""
    found: dict[str, Any] = {"buses": len(grid.buses), "nodes": node_count(grid)}
    for table in grid.tables():
        found.setdefault(table.schema.name, len(table))
    found["customers"] = grid.customer_count()
    return found


def node_count(grid: Grid) -> int:
    """Phases at buses that some element uses, earth not counted."""
    ends = (("bus", "phases"), ("bus1", "phases1"), ("bus2", "phases2"))
    nodes: set[tuple[str, str]] = set()
    for table in grid.tables():
        columns = {column.name for column in table.schema.columns}
        for bus, phases in ends:
            if bus not in columns or phases not in columns:
                continue
            for at, words in zip(table[bus], table[phases], strict=True):
                nodes.update((at.lower(), phase) for phase in words.split() if phase != "g")
    return len(nodes)


def _show(grid: Grid, findings: tuple[Finding, ...], is_ok: bool) -> None:
    from gridmend.ui import screen

    for finding in findings[:SHOWN]:
        screen.show(str(finding))
    if len(findings) > SHOWN:
        screen.show(f"… and {len(findings) - SHOWN} more: use --json to see all")
    by_severity = {
        severity: sum(f.severity == severity for f in findings)
        for severity in ("error", "warning", "note")
    }
    numbered = {name: size for name, size in counts(grid).items() if size}
    screen.show(screen.table(grid.name, ("class", "count"), numbered.items()))
    said = ", ".join(f"{size} {severity}s" for severity, size in by_severity.items())
    screen.show(f"{'fit to solve' if is_ok else 'not fit to solve'}: {said}")
