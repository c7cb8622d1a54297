"""The most memory that this process has held, without that of the process that started it."""

from __future__ import annotations

import re
import resource
import sys
from pathlib import Path


def peak_mb() -> float:
    """Peak resident memory [MB].

    Linux counts into `ru_maxrss` what the parent held when it started this process; the
    high-water mark of its status begins anew with the program.
    """
    status = Path("/proc/self/status")
    held = re.search(r"^VmHWM:\s+(\d+) kB", status.read_text(), re.M) if status.exists() else None
    if held:
        return int(held[1]) * 1024 / 1e6
    # bytes on macOS, kilobytes elsewhere
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
