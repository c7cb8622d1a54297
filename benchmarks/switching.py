"""Time one operation of a device on the 8500-node feeder: the matrix, and the solve after it."""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

import gridmend
from gridmend.model.arrays import Floats
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot, conductor_mask
from gridmend.powerflow.network import Network
from gridmend.powerflow.standing import Standing, stand
from gridmend.powerflow.update import move, resolve

REPEATS = 5
SWEEPS = 3
"""How often all are gone through, so that a slow moment of the machine is not one kind's."""

TAPS = 60
"""How many transformers, taken at random, change their tap."""


def operations(grid: Grid, normal: Snapshot) -> Iterator[tuple[str, Snapshot]]:
    """Each switch, each capacitor, and the tap of some transformers, one by one."""
    for at, mask in enumerate(conductor_mask(grid.switches)):
        positions = normal.open_phases.copy()
        positions[at] = 0 if positions[at] else mask
        yield "switch", replace(normal, open_phases=positions)
    for at in np.random.default_rng(8500).permutation(len(grid.windings))[:TAPS].tolist():
        tap_pu = normal.tap_pu.copy()
        tap_pu[at] += 0.00625
        yield "tap", normal.with_taps(tap_pu)
    for at, on in enumerate(normal.steps_on.tolist()):
        steps_on = normal.steps_on.copy()
        steps_on[at] = 0 if on else 1
        yield "capacitor", normal.with_capacitors(steps_on)


def switching() -> list[tuple[str, int, float, float, float, float]]:
    """Kind, how many, and of the least of several runs each: median and worst of the matrix,
    median and worst of matrix and solve [ms]."""
    grid = gridmend.read("ieee8500")
    network = Network.of(grid)
    normal = network.solve().snapshot
    standing = stand(network, normal)
    resolve(standing, normal)
    found: dict[str, list[Floats]] = {}
    for kind, _ in operations(grid, normal):
        found.setdefault(kind, []).extend(np.full((2, 2), np.inf))
    for _ in range(SWEEPS):
        left = {kind: iter(bests) for kind, bests in found.items()}
        for kind, moved in operations(grid, normal):
            for snapshot, back in ((moved, normal), (normal, moved)):
                best = next(left[kind])
                np.minimum(best, _least(standing, snapshot, back), out=best)
    rows: list[tuple[str, int, float, float, float, float]] = []
    for kind, times in found.items():
        matrix, both = 1e3 * np.array(times).T
        rows.append(
            (
                kind,
                len(times),
                float(np.median(matrix)),
                float(matrix.max()),
                float(np.median(both)),
                float(both.max()),
            )
        )
    return rows


def _least(standing: Standing, snapshot: Snapshot, back: Snapshot) -> Floats:
    """The least of several runs of the matrix, and of it and the solve [s]."""
    best = np.full(2, np.inf)
    resolve(standing, back)
    for _ in range(REPEATS):
        began = time.process_time()
        move(standing, snapshot)
        matrix = time.process_time()
        resolve(standing, snapshot)
        best = np.minimum(best, [matrix - began, time.process_time() - began])
        resolve(standing, back)
    resolve(standing, snapshot)
    return best


HEAD = """
One operation on the 8500-node feeder at its settled positions, there and back; least of several
runs of each, milliseconds. *Matrix* is all until the solve goes on.

| operation | how many | matrix: median | worst | with the solve: median | worst |
|---|---:|---:|---:|---:|---:|
"""


def section() -> str:
    """The table, as the page has it."""
    return HEAD + "".join(
        f"| {kind} | {count} | {a:.3f} | {b:.3f} | {c:.2f} | {d:.2f} |\n"
        for kind, count, a, b, c, d in switching()
    )


if __name__ == "__main__":
    print(section())
