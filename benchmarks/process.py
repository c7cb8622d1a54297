"""What a fresh process takes: from disk to a first solution, and the memory of a year."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

from benchmarks.machine import REPEATS, feeder

HEAD = """
A fresh process each time, the machine code already cached; seconds by the clock on the wall from
starting Python to its end, the least of {repeats}; memory is the peak of the process. The year is
8760 hours with the summary of every step. *Part* lines run within the same process.

| work on the 8500-node feeder | seconds | peak memory [MB] |
|---|---:|---:|
"""

_FIRST = """
import time; began = time.perf_counter()
from gridmend.formats.read import read
from gridmend.powerflow.network import Network
imported = time.perf_counter()
network = Network.of(read({path!r}))
made = time.perf_counter()
assert network.solve(controls="static").converged
"""
_TOLD = """
import json, resource, sys
json.dump({"parts": [imported - began, made - imported, time.perf_counter() - made],
           "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}, sys.stdout)
"""
_YEAR = """
import time; began = imported = made = time.perf_counter()
from benchmarks import solvers
from benchmarks.year import work_of
work = work_of("ieee8500-unbal", 8760, controls={controls!r})
imported = made = time.perf_counter()
solvers.{solver}(work)
"""


def section(off: str, static: str) -> str:
    """The table; `off` and `static` name solvers of `benchmarks.solvers`."""
    page = HEAD.format(repeats=REPEATS)
    for words, path in (
        ("from the OpenDSS master to a settled solution", str(feeder("ieee8500-unbal"))),
        ("from the native form, balanced loads, to a settled solution", "ieee8500"),
    ):
        runs = [alone(_FIRST.format(path=path)) for _ in range(REPEATS + 1)][1:]
        seconds, told = min(runs, key=lambda run: run[0])
        page += f"| {words} | {seconds:.2f} | {peak_mb(told):.0f} |\n"
        for part, taken in zip(
            ("imports", "read and compile", "solve"), told["parts"], strict=True
        ):
            page += f"| part: {part} | {taken:.2f} | |\n"
    for controls, solver in (("off", off), ("static", static)):
        code = _YEAR.format(controls=controls, solver=solver)
        seconds, told = alone(code)
        page += f"| the year, controls {controls} | {seconds:.1f} | {peak_mb(told):.0f} |\n"
        page += f"| part: the year itself | {told['parts'][2]:.1f} | |\n"
    return page


def alone(code: str) -> tuple[float, dict[str, Any]]:
    """Seconds from start to end of a process that runs this; its parts [s] and its peak memory."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code + _TOLD], check=True, capture_output=True, text=True
    )
    return time.perf_counter() - began, json.loads(done.stdout)


def peak_mb(told: dict[str, Any]) -> float:
    """Peak memory [MB]; the kernel counts in kilobytes on Linux, in bytes on macOS."""
    return told["peak"] * (1 if sys.platform == "darwin" else 1024) / 1e6
