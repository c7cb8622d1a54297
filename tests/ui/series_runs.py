"""Runs of `gridmend series` as processes that a test may stop, what they answer and write."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

KEYS = {
    "steps", "converged_steps", "seconds", "us_per_step", "energy_kwh", "loss_kwh", "peak_kw",
    "v_min_pu", "v_max_pu", "tap_operations", "out",
}  # fmt: skip
"""What the answer of a series has at least, as JSON."""

TABLES = ("summary", "devices", "voltages", "elements")


def started(day: list[object], out: Path, *more: object) -> subprocess.Popen[str]:
    """The same command as a process of its own, in blocks of sixteen steps."""
    code = (
        "import sys, gridmend.ui.series_run as r; r.BLOCK = 16;"
        "from gridmend.ui.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    given = [str(a) for a in (*day, "--out", out, *more)]
    return subprocess.Popen(
        [sys.executable, "-c", code, *given],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def files_of(out: Path) -> dict[str, bytes]:
    """Every table that a run wrote, byte for byte."""
    return {name: (out / f"{name}.parquet").read_bytes() for name in TABLES}


def until_a_block_is_there(out: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a run that goes on has finished its first block."""
    state = out / "series.json"
    while not state.exists() or json.loads(state.read_text())["done"] == 0:
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
