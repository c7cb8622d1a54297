"""What a figure was measured on, and how: the machine, the versions, the least of several runs."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from oracles.masters import master

REPEATS = 5


def least_s(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """The shortest of several runs, processor time of this process [s].

    Processor time, for a shared machine takes the processor away; right for one thread only.
    """
    return _least(work, repeats, time.process_time)


def least_wall_s(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """The shortest of several runs by the clock on the wall [s]."""
    return _least(work, repeats, time.perf_counter)


def _least(work: Callable[[], object], repeats: int, clock: Callable[[], float]) -> float:
    best = float("inf")
    for _ in range(repeats):
        began = clock()
        work()
        best = min(best, clock() - began)
    return best


def times(theirs: float, ours: float) -> str:
    """How many times faster ours is, as a table says it."""
    return f"{theirs / ours:.0f}×" if theirs > 10 * ours else f"{theirs / ours:.2f}×"


def machine() -> str:
    """The processor, as the machine names it, and the versions of what ran."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    about = {key.strip(): value.strip() for key, _, value in (x.partition(":") for x in lines)}
    processor = about.get("model name") or platform.processor()
    wide = "AVX-512" if "avx512f" in about.get("flags", "") else "no AVX-512"
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "dss_python"))
    return (
        f"{processor} ({wide}), {os.cpu_count()} cores, shared;"
        f" Python {platform.python_version()}, {packages}"
    )


def busy() -> str:
    """How much else the machine had to do, where it tells."""
    return f"load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""


def feeder(name: str) -> Path:
    """The master of a feeder; `FileNotFoundError` where the data is absent."""
    path = master(name)
    if path is None:
        raise FileNotFoundError(f"{name}: set GRIDMEND_DATA to the folder of the data")
    return path
