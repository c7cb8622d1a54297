"""Time grids of 1, 10 and 100 copies of the 8500-node feeder, from the native form to a solve.

Every copy is the whole feeder with its substation transformer, its names prefixed; all hang on
one source at one bus.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.memory import peak_mb
from numpy.typing import NDArray

import gridmend
from gridmend.formats import native
from gridmend.model.columns import Column
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.model.table import Table
from gridmend.powerflow.network import Network

COPIES = (1, 10, 100)
SHARED = ("sources", "conductors", "geometries", "line_codes", "shapes")
"""Tables of which all copies use the same rows."""

RUNS = 3
"""Processes that measure each grid."""

HEAD = """
Copies of the 8500-node feeder, each with its substation transformer, on one source, in the native
form; each in a process of its own, one thread, seconds of the processor, the least of {runs} such
processes. *Compile* is the network made of the grid, *later* a solve of another demand on it,
controls off, the least of several; memory is the peak of the process.

| copies | nodes | read [s] | compile [s] | µs a node | first solve [s] | later [s] | µs a node |\
 peak memory [GB] |
|---:|---:|---:|---:|---:|---:|---:|---:|---:|
"""


def copies(grid: Grid, count: int) -> Grid:
    """So many copies of a grid on its one source."""
    bus = str(grid.sources["bus"][0])
    filled = {t.schema.name: t for t in grid.tables() if len(t)}
    tables: dict[str, Any] = {
        k: t if k in SHARED else _copied(t, bus, count) for k, t in filled.items()
    }
    return Grid(f"{count} × {grid.name}", frequency_hz=grid.frequency_hz, **tables)


def _copied(table: Table, source_bus: str, count: int) -> Table:
    columns = {
        c.name: np.concatenate([_renamed(c, table[c.name], source_bus, k) for k in range(count)])
        for c in table.schema.columns
    }
    if table.schema.name == "buses":
        # the bus of the source is one and the same
        again = (columns["name"] == source_bus) & (np.arange(len(columns["name"])) >= len(table))
        columns = {name: values[~again] for name, values in columns.items()}
    for values in columns.values():
        values.flags.writeable = False
    return Table(table.schema, columns)


def _renamed(column: Column, values: NDArray[Any], source_bus: str, copy: int) -> NDArray[Any]:
    shared = column.refers and column.refers in SHARED
    if shared or not (column.refers or column.name in ("name", "element")):
        return values
    renamed = np.empty(len(values), object)
    for at, value in enumerate(values):
        kind, dot, name = value.rpartition(".") if column.name == "element" else ("", "", value)
        kept = not name or name.lower() == source_bus.lower()
        renamed[at] = value if kept else f"{kind}{dot}f{copy}_{name}"
    return renamed


def measured(path: Path) -> dict[str, float]:
    """One grid, in this process, with its code already loaded: seconds, and the peak [MB]."""
    gridmend.solve(gridmend.read("ieee13"), controls="off")
    began = time.process_time()
    grid = gridmend.read(path)
    read = time.process_time()
    network = Network.of(grid)
    compiled = time.process_time()
    normal = Snapshot.normal(grid)
    flow = network.solve(normal, controls="off")
    first = time.process_time()
    later = float("inf")
    for by in (0.97, 0.94, 0.91):
        snapshot = normal.with_demand(by * normal.load_kw, by * normal.load_kvar)
        start = time.process_time()
        flow = network.solve(snapshot, controls="off")
        later = min(later, time.process_time() - start)
    if not flow.converged:
        raise RuntimeError(f"{path.name} did not converge")
    return {
        "nodes": len(network.nodes.bus),
        "read": read - began,
        "compile": compiled - read,
        "first": first - compiled,
        "later": later,
        "peak_mb": peak_mb(),
    }


def row(count: int, found: dict[str, float]) -> str:
    """A row of the table."""
    nodes = found["nodes"]
    load = (found["read"] + found["compile"]) / nodes * 1e6
    return (
        f"| {count} | {nodes:.0f} | {found['read']:.2f} | {found['compile']:.2f} | {load:.1f} |"
        f" {found['first']:.3f} | {found['later']:.3f} | {found['later'] / nodes * 1e6:.2f} |"
        f" {found['peak_mb'] / 1e3:.2f} |"
    )


def section(counts: tuple[int, ...] = COPIES) -> str:
    """The table, as the page has it; each grid is written and measured in processes of their own,
    for what one has taken of the memory slows down another."""
    rows = list[str]()
    with tempfile.TemporaryDirectory() as folder:
        for count in counts:
            path = Path(folder) / f"{count}"
            _alone("write", str(count), str(path))
            runs = [json.loads(_alone("measure", str(path))) for _ in range(RUNS)]
            rows.append(row(count, {name: min(run[name] for run in runs) for name in runs[0]}))
            print(rows[-1], file=sys.stderr)
    return HEAD.format(runs=RUNS) + "\n".join(rows) + "\n"


def _alone(*words: str) -> str:
    command = [sys.executable, __file__, *words]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write", count, path]:
            native.write(copies(gridmend.read("ieee8500"), int(count)), Path(path))
        case ["measure", path]:
            print(json.dumps(measured(Path(path))))
        case counts:
            print(section(tuple(int(n) for n in counts) or COPIES))
