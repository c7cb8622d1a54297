"""Figures of the time until supply is back in a storm, fitted to storms on the twin.

Source: `benchmarks/storm_restoration.py --fit`, 15 storms on the 123-bus feeder, by crews alone.
"""

from __future__ import annotations

SHARES: tuple[float, ...] = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
"""Shares at which residuals stand."""

# fmt: off
MEAN: dict[str, tuple[float, ...]] = {
    "detected": (6.958, -0.233, -0.620, 0.090, 0.000, 0.000, -0.351, 0.189),
    "assigned": (6.323, 0.127, 0.127, 0.673, 0.000, 0.201, -0.334, 0.180),
    "arrived": (6.315, 0.129, 0.129, 0.676, 0.000, 0.196, -0.336, 0.181),
    "found": (6.277, 0.135, 0.135, 0.699, 0.000, 0.190, -0.337, 0.183),
    "repairing": (6.334, 0.000, 0.000, 0.702, 0.000, 0.216, 0.028, 0.283),
    "overdue": (9.049, 0.000, 0.000, 0.000, 0.000, -1.207, 0.000, 0.000),
}
"""By stage, of the logarithm of the time [min]: constant; logarithm of one and the outages ahead a
crew, and of all others a crew; storm; automation; logarithm of one and the hours since it began;
logarithm of the hours that the crew says; that it says nothing."""

RESIDUAL: dict[str, tuple[float, ...]] = {
    "detected": (-2.273, -2.273, -2.246, -1.205, 0.302, 0.705, 0.705),
    "assigned": (-2.582, -2.582, -0.641, 0.372, 0.628, 0.763, 0.763),
    "arrived": (-2.600, -2.600, -0.641, 0.373, 0.628, 0.768, 0.768),
    "found": (-2.701, -2.701, -0.633, 0.376, 0.641, 0.772, 0.772),
    "repairing": (-2.737, -2.737, -0.608, 0.562, 0.785, 0.846, 0.846),
    "overdue": (-3.551, -3.551, -1.726, 0.348, 1.795, 2.277, 2.277),
}
"""By stage, at `SHARES`: what the logarithm was above the mean in storms that the means have not
seen."""
# fmt: on
