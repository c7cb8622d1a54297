"""What a fresh process takes: from disk to a first solution, and the memory of a year."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from dataclasses import dataclass

from benchmarks.machine import REPEATS, feeder

HEAD = """
A fresh process each time, the machine code already cached; seconds by the clock on the wall from
starting Python to its end, of the first solutions the least of {repeats}; memory is the peak
resident memory of the process. The year is {steps} hours with the summary of every step, the
loads on 16 shapes. *Part* lines run within the same process; their memory is its peak so far.

| work on the 8500-node feeder | seconds | peak memory [MB] |
|---|---:|---:|
"""

_START = """
import json, sys, time
from benchmarks.memory import peak_mb
stages = []
def reached():
    stages.append((time.perf_counter(), peak_mb()))
reached()
"""
_FIRST = """
from gridmend.formats.read import read
from gridmend.powerflow.network import Network
reached()
network = Network.of(read({path!r}))
reached()
assert network.solve(controls="static").converged
reached()
"""
_YEAR = """
from benchmarks import solvers
from benchmarks.year import work_of
reached()
work = work_of("ieee8500-unbal", {steps}, controls={controls!r})
reached()
solvers.{solver}(work)
reached()
"""
_TOLD = """
json.dump(stages, sys.stdout)
"""


@dataclass(frozen=True)
class Run:
    """A process: seconds from its start to its end, and of each part seconds and peak so far."""

    seconds: float
    parts: tuple[tuple[float, float], ...]

    @property
    def peak_mb(self) -> float:
        """The most memory that it held [MB]."""
        return self.parts[-1][1]


def section(off: str, static: str, steps: int = 8760) -> str:
    """The table; `off` and `static` name solvers of `benchmarks.solvers`."""
    page = HEAD.format(repeats=REPEATS, steps=steps)
    for words, path in (
        ("from the OpenDSS master to a settled solution", str(feeder("ieee8500-unbal"))),
        ("from the native form to a settled solution", "ieee8500"),
    ):
        runs = [alone(_FIRST.format(path=path)) for _ in range(REPEATS + 1)][1:]
        best = min(runs, key=lambda run: run.seconds)
        page += rows(words, best, ("imports", "read and compile", "solve"), digits=2)
    for words, controls, solver in (
        ("the year in lanes, to 1e-5 pu, controls off", "off", off),
        ("the year by `solve_series`, to 1e-8 pu, controls off", "off", "series"),
        ("the year, controls static", "static", static),
    ):
        # a short run first, so that the machine code is kept
        for count in (min(steps, 48), steps):
            run = alone(_YEAR.format(controls=controls, solver=solver, steps=count))
        page += rows(words, run, ("imports", "read, compile and settle", "the year"), digits=1)
    return page


def rows(words: str, run: Run, names: tuple[str, ...], *, digits: int) -> str:
    """A process's line of the table, and those of its parts."""
    page = f"| {words} | {run.seconds:.{digits}f} | {run.peak_mb:.0f} |\n"
    for name, (seconds, peak_mb) in zip(names, run.parts, strict=True):
        page += f"| part: {name} | {seconds:.{digits}f} | {peak_mb:.0f} |\n"
    return page


def alone(code: str) -> Run:
    """Run this in a process of its own."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _START + code + _TOLD], check=True, stdout=subprocess.PIPE
    )
    seconds = time.perf_counter() - began
    stages: list[tuple[float, float]] = json.loads(done.stdout)
    ends = itertools.pairwise(stages)
    return Run(seconds, tuple((after - before, peak) for (before, _), (after, peak) in ends))
